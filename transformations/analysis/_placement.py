"""Who runs where, at which clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from aicompiler.metamodels.deployment import Cost, Finding
from aicompiler.metamodels.system import UnitKind

from ._facts import Facts
from ._references import region_of
from ._rules import RuleBook, failed
from ._text import listed

RULES = RuleBook("placement")


@RULES.rule(
    "placed-once",
    holds="every component is placed once per replica",
    because="a component without a place never runs, one with two places runs twice",
)
def placed_once(facts: Facts) -> Iterator[Finding]:
    """Component with k replicas: exactly the replicas 0 to k-1."""
    for component in facts.system.components:
        found = sorted(p.replica for p in facts.placed.get(component.id, []))
        if component.replicas < 1:
            yield failed(
                message=f"component {component.id!r} asks for {component.replicas} replicas, below 1",
                elements=(component.id,),
            )
        elif len(found) != component.replicas or found != list(range(len(found))):
            text = f"component {component.id!r} needs replicas 0 to {component.replicas - 1}, placed: "
            yield failed(
                message=text + (listed(map(str, found)) or "none"),
                value=len(found),
                limit=component.replicas,
                elements=(component.id,),
            )


@RULES.rule(
    "replicas-apart",
    holds="no two replicas of a component share a unit",
    because="replicas on one unit fail together",
)
def replicas_apart(facts: Facts) -> Iterator[Finding]:
    """k replicas are on k different units."""
    for component, places in facts.placed.items():
        for unit, count in Counter(p.unit for p in places).items():
            if count > 1:
                yield failed(
                    message=f"{count} replicas of {component!r} are on unit {unit!r}",
                    value=count,
                    limit=1,
                    elements=(component, unit),
                )


@RULES.rule(
    "core-exists",
    holds="every placement names a core that its unit has, and a region only of its own FPGA",
    because="a core or region that is not there executes nothing",
)
def core_exists(facts: Facts) -> Iterator[Finding]:
    """0 <= core < cores on a CPU; 0 elsewhere; a region belongs to the unit, which is an FPGA."""
    for p in facts.placements:
        unit = facts.units[p.unit]
        cores = unit.cores if unit.kind is UnitKind.CPU else 1
        if not 0 <= p.core < cores:
            yield failed(
                message=f"{p.component!r} is on core {p.core} of {p.unit!r}, which has {cores} core(s)",
                value=p.core,
                limit=cores - 1,
                elements=(p.component, p.unit),
            )
        if p.region is not None and region_of(facts, p.unit, p.region) is None:
            yield failed(
                message=f"{p.component!r} is in region {p.region!r}, which unit {p.unit!r} does not have",
                elements=(p.component, p.unit),
            )


@RULES.rule(
    "possible-placement",
    holds="every entry has a cost row for its unit at the chosen operating point",
    because="what has no cost row cannot run there, so nothing is known about its time",
)
def possible_placement(facts: Facts) -> Iterator[Finding]:
    """The cost table has a row for each (entry, unit, operating point, variant) in use."""
    for p in facts.placements:
        for entry in facts.components[p.component].entries:
            if facts.cost(entry.id, p) is not None:
                continue
            reason = facts.costs.refusal(entry.id, p.unit)
            point = facts.point(p.unit)
            text = f"entry {entry.id!r} cannot run on {p.unit!r}"
            at = f" at {point.id!r}" if point else ""
            variant = f" as {p.variant!r}" if p.variant else ""
            yield failed(
                message=f"{text}: {reason}"
                if reason
                else f"{text}{at}{variant}: there is no cost row for it",
                elements=(entry.id, p.unit),
            )


@RULES.rule(
    "variant-owned",
    holds="every chosen variant is a behaviour of the component it is chosen for",
    because="a component cannot run the body of another",
)
def variant_owned(facts: Facts) -> Iterator[Finding]:
    """``Placement.variant`` is a behaviour of one of the component's entries."""
    for p in facts.placements:
        own = {b.id for e in facts.components[p.component].entries for b in e.behaviours}
        if p.variant is not None and p.variant not in own:
            yield failed(
                message=f"{p.component!r} is to run variant {p.variant!r}, no behaviour of its own",
                elements=(p.component, p.variant),
            )


@RULES.rule(
    "one-setting-per-unit",
    holds="every unit has exactly one operating point, and it is one of its own",
    because="times, energy and power follow from the clock of a unit",
)
def one_setting_per_unit(facts: Facts) -> Iterator[Finding]:
    """One setting per unit, with an operating point that the unit has."""
    counts = Counter(s.unit for s in facts.deployment.settings)
    for unit in facts.units:
        if counts[unit] != 1:
            text = f"unit {unit!r} has {counts[unit]} settings instead of one"
            yield failed(message=text, value=counts[unit], limit=1, elements=(unit,))
        elif facts.point(unit) is None:
            point = facts.settings[unit].operating_point
            own = listed(p.id for p in facts.units[unit].operating_points) or "none"
            text = f"unit {unit!r} is set to {point!r}, which is not one of its operating points ({own})"
            yield failed(message=text, elements=(unit, point))


@RULES.rule(
    "off-means-unused",
    holds="nothing is placed on a unit that is switched off, and no value passes through its memory",
    because="a unit without power executes and stores nothing",
)
def off_means_unused(facts: Facts) -> Iterator[Finding]:
    """No placement, no slot and no forwarded value on a unit that is off."""
    for p in facts.placements:
        if not facts.is_on(p.unit):
            text = f"{p.component!r} is placed on {p.unit!r}, which is off"
            yield failed(message=text, elements=(p.component, p.unit))
    for (entry, unit), slots in facts.slots.items():
        if unit in facts.units and not facts.is_on(unit):
            text = f"{len(slots)} job(s) of {entry!r} have a slot on {unit!r}, which is off"
            yield failed(message=text, elements=(entry, unit))
    for channel in facts.crossings:
        yield from _forwarded_by_off(facts, channel)


def _forwarded_by_off(facts: Facts, channel: str) -> Iterator[Finding]:
    links = [facts.links[link] for link in facts.routes.get(channel, ()) if link in facts.links]
    for before, after in pairwise(links):
        between = [unit for unit in before.ends if unit in after.ends]
        if between and not any(facts.is_on(unit) for unit in between):
            text = (
                f"channel {channel!r} is routed from {before.id!r} to {after.id!r} through {listed(between)}"
            )
            yield failed(message=text + ", which is off", elements=(channel, *between))


@RULES.rule(
    "host-time-zero",
    holds="no job needs time on a host CPU beside its own slot",
    because="the table has no slot for such time: launch overhead belongs into the device's latency",
)
def host_time_zero(facts: Facts) -> Iterator[Finding]:
    """``host_pre_ns`` and ``host_post_ns`` of the rows in use are 0."""
    for entry, p, cost in facts.used:
        if cost.host_pre_ns or cost.host_post_ns:
            total = cost.host_pre_ns + cost.host_post_ns
            yield failed(
                message=f"entry {entry.id!r} on {p.unit!r} needs {total} ns of a host CPU, without a slot",
                value=total,
                limit=0,
                unit="ns",
                elements=(entry.id, p.unit),
            )


@RULES.rule(
    "sound-costs",
    holds="every cost in use has 0 <= bcet <= acet <= wcet, a positive interval, and no negative amount",
    because="a row that contradicts itself proves nothing",
)
def sound_costs(facts: Facts) -> Iterator[Finding]:
    """Order and sign of the numbers of each row in use."""
    for entry, p, cost in facts.used:
        if reason := _unsound(cost):
            yield failed(message=f"cost of {entry.id!r} on {p.unit!r}: {reason}", elements=(entry.id, p.unit))


def _unsound(cost: Cost) -> str:
    if not 0 <= cost.bcet_ns <= cost.acet_ns <= cost.wcet_ns:
        return f"bcet {cost.bcet_ns}, acet {cost.acet_ns}, wcet {cost.wcet_ns} ns are out of order"
    if cost.wcet_ns < 1 or cost.interval_ns < 1:
        return f"a WCET of {cost.wcet_ns} ns and an interval of {cost.interval_ns} ns must both be positive"
    amounts = (cost.energy_fj, cost.memory_bytes, cost.lut, cost.ff, cost.bram, cost.dsp)
    return f"it has a negative amount among {amounts}" if min(amounts) < 0 else ""
