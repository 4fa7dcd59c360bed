"""Rows that follow from a model of placements but that its linear relaxation does not know.

A unit that is off holds nothing, so whatever bounds what is placed on it bounds it by nothing at all: the
rows of facility location, where a facility costs as much to open as a unit costs to keep on.  They exclude
no placement.
"""

from __future__ import annotations

from ortools.sat.python import cp_model

from .cpsat import Lit, Model, sum_of
from .problem import At, Limit, Machine, Seat


def strengthen(model: Model) -> None:
    """Add the rows: for each component and unit, for the work of a unit, for limits of one unit alone."""
    placed: dict[tuple[str, str], list[Lit]] = {}
    for (component, unit, _, _), lit in model.places.items():
        placed.setdefault((component, unit), []).append(lit)
    for (_, unit), lits in placed.items():
        model.cp.add(sum(lits) <= model.on[unit])
    for machine in model.problem.machines.values():
        if not machine.circuits:
            _bound_work(model, machine)
    for limit in model.problem.limits:
        alone = _only_unit(limit)
        if alone is not None and not model.guarded and sum(v for _, v in limit.terms) > limit.bound:
            model.cp.add(sum_of(model, limit.terms) <= limit.bound * model.on[alone])


def _bound_work(model: Model, machine: Machine) -> None:
    """The work on all cores of a unit together is none while it is off."""
    lits, work = [], []
    for (component, unit, _, point), lit in model.places.items():
        if unit == machine.id:
            tasks = model.problem.tasks_of[component]
            lits.append(lit)
            work.append(sum(len(t.ready) * model.problem.loads[t.id, unit, point].occupancy for t in tasks))
    room = machine.cores * model.problem.hyperperiod
    model.cp.add(cp_model.LinearExpr.weighted_sum(lits, work) <= room * model.on[machine.id])


def _only_unit(limit: Limit) -> str | None:
    """The unit that all terms of a limit place components on, if it is one and no term lowers the sum."""
    units = {key.unit if isinstance(key, At | Seat) and value >= 0 else None for key, value in limit.terms}
    return units.pop() if len(units) == 1 else None
