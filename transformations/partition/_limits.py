"""Constraints of the model as sums over placement keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import floor, log

from aicompiler.metamodels.deployment import CostTable
from aicompiler.metamodels.system import (
    AveragePower,
    CoLocate,
    Component,
    Constraint,
    Element,
    EnergyBudget,
    Flow,
    Forbid,
    Isolate,
    Link,
    PeakPower,
    Pin,
    ReliabilityGoal,
    Separate,
    System,
    Unit,
    UnitKind,
)

from ._text import ns, quantity
from .jobs import Timeline
from .problem import At, Busy, Key, Limit, Machine, On, Path, Reason, Seat, Stream, Terms, Via

NS_IN_1E9_HOURS = 3600 * 10**18  # failure rates are in FIT: failures in 10^9 hours


@dataclass(frozen=True)
class Options:
    """What the sums range over: the possible placements, and what they cost."""

    system: System
    costs: CostTable
    line: Timeline
    machines: Mapping[str, Machine]
    options: Mapping[str, tuple[At, ...]]
    streams: tuple[Stream, ...]

    @property
    def all(self) -> Iterator[At]:
        """Every (component, unit, point)."""
        return (at for options in self.options.values() for at in options)

    def on(self, component: str, unit: str) -> Terms:
        """1 where ``component`` is on ``unit``."""
        return tuple((at, 1) for at in self.options[component] if at.unit == unit)

    def seat(self, component: str, unit: str, core: int) -> Terms:
        """1 where ``component`` is on that core."""
        return ((Seat(component, unit, core), 1),) if self.on(component, unit) else ()


def label(element: Element) -> str:
    """How a message calls an element."""
    return repr(element.name or element.id)


def energy_terms(given: Options, units: frozenset[str] | None = None) -> Terms:
    """Energy of a hyperperiod in fJ (contract of ``Cost.energy_fj``: acet), of ``units`` or of everything.

    Transfers count for every unit that their link touches.
    """
    terms: list[tuple[Key, int]] = []
    for at in given.all:
        if units is None or at.unit in units:
            entries = given.system.element(Component, at.component).entries
            terms.append((at, sum(given.line.count(e.id) * _energy(given, e.id, at) for e in entries)))
    for machine in given.machines:
        if units is None or machine in units:
            static = given.system.element(Unit, machine).static_power_uw
            terms.append((On(machine), static * given.line.hyperperiod_ns))
    for stream in given.streams:
        for ends, path in stream.paths.items():
            terms.append((Via(stream.id, *ends), _transfer_energy(given, stream, path, units)))
    return tuple((key, value) for key, value in terms if value)


def _energy(given: Options, entry: str, at: At) -> int:
    cost = given.costs.get(entry, at.unit, at.point)
    assert cost is not None
    return cost.energy_fj


def _transfer_energy(given: Options, stream: Stream, path: Path, units: frozenset[str] | None) -> int:
    links = [given.system.element(Link, hop.link) for hop in path.hops]
    counted = [k for k in links if units is None or units & set(k.ends)]
    return stream.values * stream.bytes * sum(k.energy_fj_per_byte for k in counted)


def limits_of(given: Options) -> Iterator[Limit]:
    """Everything the model demands of a placement."""
    for constraint in given.system.constraints:
        yield from _limits(given, constraint)
    yield from _criticality(given)
    for machine in given.machines.values():
        yield from _capacities(given, given.system.element(Unit, machine.id))


def _limits(given: Options, constraint: Constraint) -> Iterator[Limit]:
    match constraint:
        case Pin():
            yield _pin(given, constraint)
        case Forbid(component=component, unit=unit):
            text = f"component {_name(given, component)} is forbidden on unit {_name(given, unit)}"
            yield Limit(_because(constraint, text, "remove this constraint"), given.on(component, unit), 0)
        case Separate(components=components):
            text = f"components {_names(given, components)} must be on different units"
            yield from _apart_units(given, _because(constraint, text, "separate fewer of them"), components)
        case Isolate(components=components):
            text = f"components {_names(given, components)} must be on different cores"
            reason = _because(constraint, text, "isolate fewer of them")
            for pair in combinations(components, 2):
                yield from _apart_cores(given, reason, pair)
        case CoLocate(components=components):
            yield from _together(given, constraint, components)
        case AveragePower() | PeakPower() | EnergyBudget():
            yield _budget(given, constraint)
        case ReliabilityGoal():
            yield _reliability(given, constraint)
        case _:
            raise AssertionError(f"unknown constraint {constraint!r}")


def _pin(given: Options, pin: Pin) -> Limit:
    where = f"unit {_name(given, pin.unit)}" + ("" if pin.core is None else f", core {pin.core}")
    reason = _because(pin, f"component {_name(given, pin.component)} is pinned to {where}", "remove this pin")
    terms: Terms = tuple((at, 1) for at in given.options[pin.component] if at.unit != pin.unit)
    cores = given.machines[pin.unit].cores if pin.unit in given.machines else 0
    if pin.core is not None:
        for core in range(cores):
            terms += given.seat(pin.component, pin.unit, core) if core != pin.core else ()
    return Limit(reason, terms, 0)


def _apart_units(given: Options, reason: Reason, components: Iterable[str]) -> Iterator[Limit]:
    members = tuple(components)
    for unit in given.machines:
        terms: Terms = tuple(t for c in members for t in given.on(c, unit))
        yield Limit(reason, terms, 1)


def _apart_cores(given: Options, reason: Reason, pair: tuple[str, str]) -> Iterator[Limit]:
    """Circuits are apart by construction; the queue of a GPU counts as one core."""
    for machine in given.machines.values():
        for core in range(0 if machine.circuits else machine.cores):
            terms = given.seat(pair[0], machine.id, core) + given.seat(pair[1], machine.id, core)
            if len(terms) == 2:
                yield Limit(reason, terms, 1)


def _together(given: Options, constraint: Constraint, components: tuple[str, ...]) -> Iterator[Limit]:
    text = f"components {_names(given, components)} must be on one unit"
    reason = _because(constraint, text, "co-locate fewer of them")
    for unit in given.machines:
        for first, second in zip(components, components[1:] + components[:1], strict=True):
            away: Terms = tuple((key, -1) for key, _ in given.on(second, unit))
            yield Limit(reason, given.on(first, unit) + away, 0)


def _criticality(given: Options) -> Iterator[Limit]:
    """Components of different criticality never share a core."""
    for one, two in combinations(given.system.components, 2):
        if one.criticality != two.criticality:
            text = (
                f"components {label(one)} (criticality {one.criticality}) and {label(two)}"
                f" (criticality {two.criticality}) must be on different cores"
            )
            reason = Reason(one.id, text, "give them the same criticality or add a core")
            yield from _apart_cores(given, reason, (one.id, two.id))


def _budget(given: Options, constraint: AveragePower | PeakPower | EnergyBudget) -> Limit:
    if isinstance(constraint, EnergyBudget):
        text = f"the energy of a hyperperiod is at most {quantity(constraint.limit_fj, 'fJ')}"
        return Limit(_because(constraint, text, "raise it"), energy_terms(given), constraint.limit_fj, "fJ")
    scope = f"node {_name(given, constraint.node)}" if constraint.node else "the platform"
    inside = frozenset(u for u in given.machines if constraint.node in (None, given.system.node_of(u).id))
    if isinstance(constraint, AveragePower):
        text = f"the average power of {scope} is at most {quantity(constraint.limit_uw, 'uW')}"
        terms = energy_terms(given, inside if constraint.node else None)
        limit = constraint.limit_uw * given.line.hyperperiod_ns
        return Limit(_because(constraint, text, "raise it"), terms, limit, "uW", given.line.hyperperiod_ns)
    text = f"the peak power of {scope} is at most {quantity(constraint.limit_uw, 'uW')}"
    return Limit(
        _because(constraint, text, "raise it"), _peak_terms(given, inside), constraint.limit_uw, "uW"
    )


def _peak_terms(given: Options, units: frozenset[str]) -> Terms:
    """Static power plus the dynamic power of all that may be busy at once (an FPGA counts once)."""
    terms: list[tuple[Key, int]] = []
    for machine in given.machines.values():
        if machine.id in units:
            unit = given.system.element(Unit, machine.id)
            terms.append((On(unit.id), unit.static_power_uw))
            for point in unit.operating_points:
                cores = range(machine.cores)
                terms.extend((Busy(unit.id, core, point.id), point.dynamic_power_uw) for core in cores)
    return tuple((key, value) for key, value in terms if value)


def _reliability(given: Options, goal: ReliabilityGoal) -> Limit:
    """R = product of e^(-lambda T) over the stages of the flow, so the sum of their rates is bounded."""
    flow = given.system.element(Flow, goal.flow)
    text = f"flow {label(flow)} survives {ns(goal.mission_ns)} with at least {goal.minimum_ppb} in 10^9"
    reason = _because(goal, text, "lower the goal or use more reliable units")
    if goal.minimum_ppb <= 0 or goal.mission_ns <= 0:
        return Limit(reason, (), 0, "FIT")
    owners = [given.system.component_of(e).id for e in flow.entries]
    terms = tuple((at, rate) for c in owners for at in given.options[c] if (rate := _rate(given, at.unit)))
    merged: dict[Key, int] = {}
    for key, rate in terms:
        merged[key] = merged.get(key, 0) + rate
    bound = floor(-log(goal.minimum_ppb / 10**9) * NS_IN_1E9_HOURS / goal.mission_ns)
    return Limit(reason, tuple(merged.items()), max(bound, 0), "FIT")


def _rate(given: Options, unit: str) -> int:
    element = given.system.element(Unit, unit)
    return element.failure_rate_fit if element.can_fail else 0


def _capacities(given: Options, unit: Unit) -> Iterator[Limit]:
    """Memory of any unit; area of an FPGA."""
    name = label(unit)
    placed = [at for at in given.all if at.unit == unit.id]
    if unit.memory_bytes is not None:
        terms = tuple((at, _memory(given, at)) for at in placed)
        text = f"unit {name} has {unit.memory_bytes} bytes of memory"
        yield Limit(Reason(unit.id, text, "give it more memory"), terms, unit.memory_bytes, "bytes")
    if unit.kind is not UnitKind.FPGA or unit.area is None:
        return
    for resource in ("lut", "ff", "bram", "dsp"):
        usable: int = getattr(unit.area, resource) * unit.fill_permille // 1000
        terms = tuple((at, _amount(given, at, resource)) for at in placed)
        text = f"unit {name} has {usable} usable {resource.upper()}"
        yield Limit(
            Reason(unit.id, text, "use a larger device or fill it more"), terms, usable, resource.upper()
        )


def _memory(given: Options, at: At) -> int:
    return given.system.element(Component, at.component).memory_bytes + _amount(given, at, "memory_bytes")


def _amount(given: Options, at: At, resource: str) -> int:
    entries = given.system.element(Component, at.component).entries
    return sum(getattr(given.costs.get(e.id, at.unit, at.point), resource) for e in entries)


def _because(element: Element, text: str, advice: str) -> Reason:
    return Reason(element.id, text, advice)


def _name(given: Options, id_: str) -> str:
    return label(given.system.element(Element, id_))


def _names(given: Options, ids: Iterable[str]) -> str:
    return ", ".join(_name(given, i) for i in ids)
