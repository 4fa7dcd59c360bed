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
from aicompiler.transformations.kernels import Kernel, Schedule

from ._architecture import is_off
from ._format import count, quantity
from ._index import Index, Ref

POSSIBLE = "possible"
UNKNOWN = "no cost is known"


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
    """A component, its place, a sentence why, and the alternatives in model order."""

    component: Ref
    place: str
    reason: str
    schedule: str
    rules: tuple[Ref, ...]
    alternatives: tuple[Alternative, ...]
    unknown: tuple[Ref, ...]  # units for which nothing is known, not even a refusal


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
        reason=_reason(index, options, rules) if placement else "No deployment was found.",
        schedule="; ".join(
            schedule_text(index.record.kernels[e.id])
            for e in component.entries
            if e.id in index.record.kernels
        ),
        rules=tuple(index.ref(r.id) for r in rules),
        alternatives=tuple(o for o in options if o.remark != UNKNOWN),
        unknown=tuple(o.unit for o in options if o.remark == UNKNOWN),
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
        return UNKNOWN
    return _ruled_out(index, component, unit, rules) or _too_slow(index, costs) or POSSIBLE


def _ruled_out(index: Index, component: Component, unit: Unit, rules: Sequence[Constraint]) -> str:
    if any(isinstance(r, Forbid) and r.unit == unit.id for r in rules):
        return "forbidden by a constraint"
    if any(isinstance(r, Pin) and r.unit != unit.id for r in rules):
        return "pinned elsewhere by a constraint"
    return _kept_apart(index, component, unit, rules)


def _too_slow(index: Index, costs: Sequence[Cost]) -> str:
    windows = [(c, w) for c in costs if (w := index.window(c.entry)) is not None]
    return next((f"too slow: its jobs have {quantity(w, 'ns')}" for c, w in windows if c.wcet_ns > w), "")


def _kept_apart(index: Index, component: Component, unit: Unit, rules: Sequence[Constraint]) -> str:
    """Whom a rule keeps away from here: off the unit, or off its only core."""
    for rule in rules:
        if isinstance(rule, Separate) or (isinstance(rule, Isolate) and unit.cores == 1):
            there = (
                c for c in rule.components if c in index.placements and index.placements[c].unit == unit.id
            )
            if others := [index.label(c) for c in there if c != component.id]:
                return f"to be kept apart from {', '.join(others)}, which is there"
    return ""


def _reason(index: Index, options: Sequence[Alternative], rules: Sequence[Constraint]) -> str:
    chosen = next((o for o in options if o.chosen), None)
    if chosen is None:
        return "Placed on a unit that the model does not know."
    if any(isinstance(r, Pin) for r in rules):
        return "Pinned there by a constraint."
    others = [o for o in options if o.remark == POSSIBLE and o.energy_fj is not None]
    if not others:
        return "The only unit on which it can run."
    return _energy_reason(index, chosen, others)


def _energy_reason(index: Index, chosen: Alternative, others: Sequence[Alternative]) -> str:
    used = chosen.energy_fj
    if used is None:
        return "Its energy there is not known."
    rivals = [(o, used - o.energy_fj) for o in others if o.energy_fj is not None and o.energy_fj < used]
    if not rivals:
        return f"Least busy energy of {len(others) + 1} possible units."
    saved = {o.unit.id: difference for o, difference in rivals}
    standby = {unit: cost for unit in saved if (cost := _switching_on(index, unit)) > saved[unit]}
    best, difference = max(((o, d) for o, d in rivals), key=lambda r: (r[0].unit.id not in standby, r[1]))
    words = quantity(difference, "fj")
    if best.unit.id in standby:
        return (
            f"Least busy energy of the units that are on. It would use {words} less on {best.unit.label}, "
            f"which is switched off: its standby power alone takes {quantity(standby[best.unit.id], 'fj')}."
        )
    return (
        f"By itself it would use {words} less on {best.unit.label}; transfers, standby power, deadlines or "
        "capacities of the whole system decided otherwise."
    )


def _switching_on(index: Index, unit: str) -> int:
    """Standby energy of one hyperperiod that using a switched-off unit would add; 0 if it is on."""
    deployment = index.record.deployment
    if deployment is None or not is_off(index, unit):
        return 0
    return index.units[unit].static_power_uw * deployment.hyperperiod_ns


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
    words: dict[str, list[str]] = {}  # what is done -> to which loops or arrays
    for pipeline in schedule.pipelines:
        every = "every cycle" if pipeline.interval == 1 else f"every {pipeline.interval} cycles"
        words.setdefault(f"iterations start {every} in", []).append(pipeline.loop)
    for unroll in schedule.unrolls:
        words.setdefault(f"unrolled by {unroll.factor}:" if unroll.factor else "unrolled:", []).append(
            unroll.loop
        )
    for split in schedule.partitions:
        how = f"split into {split.factor} banks:" if split.factor else "split into registers:"
        dimension = f" (dimension {split.dimension})" if split.dimension else ""
        words.setdefault(how, []).append(split.array + dimension)
    parts = [_launches(schedule)] if schedule.phases else []
    parts += [f"{what} {', '.join(names)}" for what, names in words.items()]
    return f"{kernel.name}: {'; '.join(parts) or 'plain sequential code'}"


def _launches(schedule: Schedule) -> str:
    if not any(p.grid for p in schedule.phases):
        return "one work-item, because no loop was proved parallel"
    grids = ", then ".join(" by ".join(p.grid) or "one work-item" for p in schedule.phases)
    return f"{count(len(schedule.phases), 'launch', 'launches')} over {grids}"
