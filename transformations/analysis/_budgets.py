"""Energy, power, memory and area, added up from the model and the cost table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from aicompiler.metamodels.deployment import Cost, Finding, Placement
from aicompiler.metamodels.system import Area, AveragePower, Constraint, EnergyBudget, PeakPower, UnitKind

from ._facts import Facts
from ._references import region_of
from ._rules import RuleBook, assumed, at_most, failed
from ._text import energy, power, size

RULES = RuleBook("budgets")

C = TypeVar("C", bound=Constraint)

_RESOURCES = ("lut", "ff", "bram", "dsp")


def energy_fj(facts: Facts, units: Iterable[str] | None = None) -> int:
    """Energy of one hyperperiod in fJ: busy, static and transfers.

    Of ``units`` only, if given; a transfer then counts if its link ends at one of them, so that the energy of
    a node is never told too low.
    """
    chosen = set(facts.units if units is None else units)
    timed = facts.timings.known
    busy = sum(
        c.energy_fj * facts.jobs_of(e.id) for e, p, c in facts.used if p.unit in chosen and e.id in timed
    )
    static = sum(facts.units[u].static_power_uw for u in chosen if facts.is_on(u)) * facts.hyperperiod
    return busy + static + sum(_transfer_energies(facts, chosen))


def _transfer_energies(facts: Facts, units: set[str]) -> Iterator[int]:
    """Per channel: its values of a hyperperiod over each link of its route that touches ``units``."""
    for channel, (wire, _, _) in facts.crossings.items():
        links = [facts.links[link] for link in facts.routes.get(channel, ()) if link in facts.links]
        per_byte = sum(link.energy_fj_per_byte for link in links if units & set(link.ends))
        if wire.producer.id in facts.timings.known:
            yield facts.jobs_of(wire.producer.id) * wire.size * per_byte


def peak_uw(facts: Facts, units: Iterable[str]) -> int:
    """Static power of the units that are on plus the dynamic power of all that may be busy at once, in µW."""
    return sum(_peak_of(facts, unit) for unit in units if facts.is_on(unit))


def _peak_of(facts: Facts, unit: str) -> int:
    cores = {
        p.core if facts.units[unit].kind is UnitKind.CPU else 0 for p in facts.placements if p.unit == unit
    }
    point = facts.point(unit)
    return facts.units[unit].static_power_uw + len(cores) * (point.dynamic_power_uw if point else 0)


@RULES.rule(
    "average-power",
    holds="no budget of average power is given",
    because="supply and cooling are made for the mean: energy of a hyperperiod over its length",
)
def average_power(facts: Facts) -> Iterator[Finding]:
    """energy / hyperperiod <= limit; the value told is rounded up."""
    for budget in _constraints(facts, AveragePower):
        scope, units = _scope(facts, budget.node)
        if facts.hyperperiod and units is not None:
            value = -(-energy_fj(facts, units) // facts.hyperperiod)
            text = f"{scope} draws {power(value)} on average, its budget is {power(budget.limit_uw)}"
            yield at_most(text, value, budget.limit_uw, "uW", (budget.id,))


@RULES.rule(
    "peak-power",
    holds="no budget of peak power is given",
    because="a supply that is overloaded for an instant fails in that instant",
)
def peak_power(facts: Facts) -> Iterator[Finding]:
    """Static power of what is on plus dynamic power of every core, GPU and FPGA in use <= limit."""
    for budget in _constraints(facts, PeakPower):
        scope, units = _scope(facts, budget.node)
        if units is not None:
            value = peak_uw(facts, units)
            text = f"{scope} may draw {power(value)} at once, its budget is {power(budget.limit_uw)}"
            yield at_most(text, value, budget.limit_uw, "uW", (budget.id,))


@RULES.rule(
    "energy-budget",
    holds="no energy budget is given",
    because="the energy of a hyperperiod is what a battery pays for each round",
)
def energy_budget(facts: Facts) -> Iterator[Finding]:
    """Energy of one hyperperiod <= limit."""
    for budget in _constraints(facts, EnergyBudget):
        value = energy_fj(facts)
        text = f"a hyperperiod takes {energy(value)}, the budget is {energy(budget.limit_fj)}"
        yield at_most(text, value, budget.limit_fj, "fJ", (budget.id,))


@RULES.rule(
    "memory",
    holds="no unit in use has a limited memory",
    because="code and data that do not fit cannot be loaded",
)
def memory(facts: Facts) -> Iterator[Finding]:
    """Memory of the components on a unit <= its memory: what they declare plus what their cost rows need."""
    for unit in sorted({p.unit for p in facts.placements}):
        limit = facts.units[unit].memory_bytes
        declared = sum(facts.components[p.component].memory_bytes for p in facts.placements if p.unit == unit)
        value = declared + sum(c.memory_bytes for _, p, c in facts.used if p.unit == unit)
        if limit is not None:
            text = f"unit {unit!r} holds {size(value)}, it has {size(limit)}"
            yield at_most(text, value, limit, "bytes", (unit,))


@RULES.rule(
    "area",
    holds="no FPGA is used",
    because="circuits that do not fit cannot be placed and routed",
)
def area(facts: Facts) -> Iterator[Finding]:
    """LUT, FF, BRAM, DSP of the circuits outside regions <= fill limit x area not taken by the regions."""
    for unit in _fpgas(facts):
        fpga = facts.units[unit]
        if fpga.area is None:
            text = f"FPGA {unit!r} declares no area: that its circuits fit is assumed"
            yield assumed(message=text, elements=(unit,))
            continue
        rows = [(p, c) for _, p, c in facts.used if p.unit == unit and p.region is None]
        for resource in _RESOURCES:
            free = getattr(fpga.area, resource) - sum(getattr(r.area, resource) for r in fpga.regions)
            yield _fits(f"FPGA {unit!r}", unit, resource, rows, free * fpga.fill_permille // 1000)


@RULES.rule(
    "region-area",
    holds="no region for partial reconfiguration is used",
    because="a circuit must fit into the region it is loaded into",
)
def region_area(facts: Facts) -> Iterator[Finding]:
    """LUT, FF, BRAM, DSP of the component in a region <= area of the region."""
    for unit, region in _regions(facts):
        found = region_of(facts, unit, region)
        rows = [(p, c) for _, p, c in facts.used if (p.unit, p.region) == (unit, region)]
        have = found.area if found is not None else Area(id="")
        for resource in _RESOURCES:
            yield _fits(f"region {region!r} of {unit!r}", unit, resource, rows, getattr(have, resource))


@RULES.rule(
    "one-module-per-region",
    holds="no region holds two components",
    because="a region for partial reconfiguration has one module loaded at a time",
)
def one_module_per_region(facts: Facts) -> Iterator[Finding]:
    """At most one component is placed in each region."""
    for unit, region in _regions(facts):
        components = [p.component for p in facts.placements if (p.unit, p.region) == (unit, region)]
        if len(components) > 1:
            yield failed(
                message=f"region {region!r} of {unit!r} is to hold {len(components)} components at once",
                value=len(components),
                limit=1,
                elements=(unit, *components),
            )


def _fits(
    where: str, unit: str, resource: str, rows: Sequence[tuple[Placement, Cost]], limit: int
) -> Finding:
    value = sum(getattr(cost, resource) for _, cost in rows)
    text = f"circuits on {where} take {value} {resource.upper()}, the limit is {limit}"
    return at_most(text, value, limit, resource, (unit, *dict.fromkeys(p.component for p, _ in rows)))


def _fpgas(facts: Facts) -> list[str]:
    return sorted({p.unit for p in facts.placements if facts.units[p.unit].kind is UnitKind.FPGA})


def _regions(facts: Facts) -> list[tuple[str, str]]:
    return sorted({(p.unit, p.region) for p in facts.placements if p.region is not None})


def _constraints(facts: Facts, cls: type[C]) -> list[C]:
    return [c for c in facts.system.constraints if isinstance(c, cls)]


def _scope(facts: Facts, node: str | None) -> tuple[str, list[str] | None]:
    """What a power budget speaks of and its units; ``None`` for a node that the model does not have."""
    if node is None:
        return "the platform", list(facts.units)
    if node not in {n.id for n in facts.system.platform.nodes}:
        return "", None
    return f"node {node!r}", [u for u, n in facts.nodes.items() if n.id == node]
