"""Why each component is where it is: the chosen place beside every other one, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicompiler.metamodels.deployment import Cost
from aicompiler.metamodels.system import (
    CoLocate,
    Component,
    Constraint,
    Forbid,
    Isolate,
    Pin,
    Separate,
    Unit,
)
from aicompiler.transformations.kernels import Kernel

from ._format import percent, quantity
from ._index import Index, Ref


@dataclass(frozen=True)
class Alternative:
    """One unit a component could (or could not) run on; sums over its entries, at the unit's clock."""

    unit: Ref
    chosen: bool
    point: str
    wcet_ns: int | None
    energy_fj: int | None  # busy energy of one hyperperiod
    provenance: str
    remark: str


@dataclass(frozen=True)
class Decision:
    """A component, its place, a sentence why, and all alternatives in model order."""

    component: Ref
    place: str
    reason: str
    schedule: str
    rules: tuple[Ref, ...]
    alternatives: tuple[Alternative, ...]


def decisions(index: Index) -> tuple[Decision, ...]:
    """One decision a component, in model order."""
    rules = _rules_by_component(index)
    return tuple(_decision(index, c, rules.get(c.id, [])) for c in index.system.components)


def _decision(index: Index, component: Component, rules: Sequence[Constraint]) -> Decision:
    placement = index.placements.get(component.id)
    chosen = placement.unit if placement else ""
    options = tuple(_alternative(index, component, u, chosen, rules) for u in index.system.units)
    return Decision(
        component=index.ref(component.id),
        place=index.where(placement) if placement else "not placed",
        reason=_reason(options, rules) if placement else "No deployment was found.",
        schedule="; ".join(
            schedule_text(index.record.kernels[e.id])
            for e in component.entries
            if e.id in index.record.kernels
        ),
        rules=tuple(index.ref(r.id) for r in rules),
        alternatives=options,
    )


def _alternative(
    index: Index, component: Component, unit: Unit, chosen: str, rules: Sequence[Constraint]
) -> Alternative:
    costs = [index.cost(e.id, unit) for e in component.entries]
    known = [c for c in costs if c is not None]
    complete = len(known) == len(costs)
    point = index.point(unit)
    return Alternative(
        unit=index.ref(unit.id),
        chosen=unit.id == chosen,
        point=quantity(point.frequency_hz, "hz") if point else "",
        wcet_ns=sum(c.wcet_ns for c in known) if complete else None,
        energy_fj=sum(c.energy_fj * index.jobs.get(c.entry, 1) for c in known) if complete else None,
        provenance=", ".join(dict.fromkeys(c.provenance.value for c in known)) if complete else "",
        remark=_remark(index, component, unit, known, rules) if unit.id != chosen else "chosen",
    )


def _remark(
    index: Index, component: Component, unit: Unit, costs: Sequence[Cost], rules: Sequence[Constraint]
) -> str:
    for entry in component.entries:
        if refusal := index.record.costs.refusal(entry.id, unit.id):
            return f"cannot run here: {refusal}"
    if len(costs) < len(component.entries):
        return "no cost is known: not a possible placement"
    if any(isinstance(r, Forbid) and r.unit == unit.id for r in rules):
        return "forbidden by a constraint"
    if any(isinstance(r, Pin) and r.unit != unit.id for r in rules):
        return "pinned elsewhere by a constraint"
    for cost in costs:
        window = index.window(cost.entry)
        if window is not None and cost.wcet_ns > window:
            return f"too slow: its jobs have {quantity(window, 'ns')}"
    return "possible"


def _reason(options: Sequence[Alternative], rules: Sequence[Constraint]) -> str:
    chosen = next((o for o in options if o.chosen), None)
    if chosen is None:
        return "Placed on a unit that the model does not know."
    if any(isinstance(r, Pin) for r in rules):
        return "Pinned there by a constraint."
    others = [o for o in options if o.remark == "possible" and o.energy_fj is not None]
    if not others:
        return "The only unit on which it can run in time."
    if chosen.energy_fj is None:
        return "Its energy there is not known."
    best = min(others, key=lambda o: o.energy_fj or 0)
    assert best.energy_fj is not None
    difference = quantity(abs(best.energy_fj - chosen.energy_fj), "fj")
    if chosen.energy_fj <= best.energy_fj:
        share = percent(chosen.energy_fj, best.energy_fj) if best.energy_fj else "all"
        return f"Least busy energy of {len(others) + 1} possible units: {share} of that on {best.unit.label}."
    return (
        f"By itself it would use {difference} less per hyperperiod on {best.unit.label}; transfers, standby "
        "power, deadlines or capacities of the whole system decided otherwise."
    )


def _rules_by_component(index: Index) -> dict[str, list[Constraint]]:
    found: dict[str, list[Constraint]] = {}
    for rule in index.system.constraints:
        match rule:
            case Pin(component=component) | Forbid(component=component):
                subjects: tuple[str, ...] = (component,)
            case (
                Separate(components=components)
                | Isolate(components=components)
                | CoLocate(components=components)
            ):
                subjects = components
            case _:
                subjects = ()
        for subject in subjects:
            found.setdefault(subject, []).append(rule)
    return found


def schedule_text(kernel: Kernel) -> str:
    """The schedule of a kernel in words."""
    schedule = kernel.schedule
    parts = []
    if schedule.phases:
        grids = [f"({', '.join(p.grid)})" if p.grid else "one work-item" for p in schedule.phases]
        parts.append(f"{len(grids)} launch{'es' * (len(grids) > 1)} over {', '.join(grids)}")
        if not any(p.grid for p in schedule.phases):
            parts.append("sequential: no loop was proved parallel")
    parts += [f"loop {p.loop} pipelined every {p.interval} cycles" for p in schedule.pipelines]
    parts += [f"loop {u.loop} unrolled {f'by {u.factor}' if u.factor else 'away'}" for u in schedule.unrolls]
    parts += [
        f"array {p.array} split in dimension {p.dimension} "
        + (f"into {p.factor} banks" if p.factor else "completely")
        for p in schedule.partitions
    ]
    return f"{kernel.name}: {', '.join(parts) or 'plain sequential code'}"
