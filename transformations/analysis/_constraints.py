"""The placement constraints of the model, isolation between criticality levels, and reliability goals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_FLOOR, Context, Decimal
from itertools import combinations

from aicompiler.metamodels.deployment import Finding
from aicompiler.metamodels.system import CoLocate, Forbid, Isolate, Pin, ReliabilityGoal, Separate, Unit

from ._facts import Facts, Resource
from ._rules import RuleBook, failed, passed
from ._text import duration, listed, share

RULES = RuleBook("constraints")

_HOURS = 1_000_000_000
_NS_PER_HOUR = 3_600_000_000_000
_EXACT = Context(prec=60)
_MARGIN = Decimal(10) ** -50
"""Added to each failure probability: far above the rounding of 60 digits, far below a part in 10^9."""


@RULES.rule(
    "pin",
    holds="every pinned component is on its unit and core",
    because="the model says where the component runs",
)
def pin(facts: Facts) -> Iterator[Finding]:
    """A replica of the component is on the unit (and core, if one is named)."""
    for constraint in facts.system.constraints:
        if not isinstance(constraint, Pin) or not (places := facts.placed.get(constraint.component)):
            continue
        if not any(p.unit == constraint.unit and constraint.core in (None, p.core) for p in places):
            want = f"{constraint.unit!r}" + (
                f" core {constraint.core}" if constraint.core is not None else ""
            )
            have = listed(f"{p.unit} core {p.core}" for p in places)
            text = f"{constraint.component!r} is pinned to {want}, but placed on {have}"
            yield failed(message=text, elements=(constraint.id, constraint.component, constraint.unit))


@RULES.rule(
    "forbid",
    holds="no component is on a unit forbidden to it",
    because="the model says where the component must not run",
)
def forbid(facts: Facts) -> Iterator[Finding]:
    """No replica of the component is on the unit."""
    for constraint in facts.system.constraints:
        if isinstance(constraint, Forbid) and constraint.unit in _units(facts, constraint.component):
            text = f"{constraint.component!r} is placed on {constraint.unit!r}, which is forbidden to it"
            yield failed(message=text, elements=(constraint.id, constraint.component, constraint.unit))


@RULES.rule(
    "separate",
    holds="no two components that are to be separate share a unit",
    because="separate components must not fail together",
)
def separate(facts: Facts) -> Iterator[Finding]:
    """No two of the components on one unit."""
    for constraint in facts.system.constraints:
        if isinstance(constraint, Separate):
            for a, b in combinations(dict.fromkeys(constraint.components), 2):
                for unit in sorted(_units(facts, a) & _units(facts, b)):
                    text = f"{a!r} and {b!r} are to be on separate units, but both are on {unit!r}"
                    yield failed(message=text, elements=(constraint.id, a, b, unit))


@RULES.rule(
    "co-locate",
    holds="components that belong together are on the same unit",
    because="the model wants them in one memory and one failure domain",
)
def co_locate(facts: Facts) -> Iterator[Finding]:
    """All of the components have the same units."""
    for constraint in facts.system.constraints:
        if isinstance(constraint, CoLocate):
            units = {c: _units(facts, c) for c in constraint.components if c in facts.placed}
            if len(set(map(frozenset, units.values()))) > 1:
                where = listed(f"{c} on {' and '.join(sorted(u))}" for c, u in units.items())
                text = f"components to be on one unit are apart: {where}"
                yield failed(message=text, elements=(constraint.id, *units))


@RULES.rule(
    "isolate",
    holds="no two components that are to be isolated share a core or a device queue",
    because="what runs on another core cannot be delayed by a job that overruns",
)
def isolate(facts: Facts) -> Iterator[Finding]:
    """No two of the components on one core; a GPU's queue counts as a core, FPGA circuits are apart."""
    for constraint in facts.system.constraints:
        if isinstance(constraint, Isolate):
            for a, b in combinations(dict.fromkeys(constraint.components), 2):
                for unit, core in sorted(_cores(facts, a) & _cores(facts, b)):
                    text = f"{a!r} and {b!r} are to be isolated, but share {unit!r} core {core}"
                    yield failed(message=text, elements=(constraint.id, a, b, unit))


@RULES.rule(
    "criticality",
    holds="no core or device queue is shared by components of different criticality",
    because="a less critical component must not be able to delay a more critical one",
)
def criticality(facts: Facts) -> Iterator[Finding]:
    """Components on one core have one criticality level."""
    residents: dict[Resource, dict[int, str]] = {}
    for p in facts.placements:
        if (resource := facts.resource(p)) is not None:
            residents.setdefault(resource, {}).setdefault(
                facts.components[p.component].criticality, p.component
            )
    for (unit, core), levels in residents.items():
        if len(levels) > 1:
            who = listed(f"{component} (level {level})" for level, component in sorted(levels.items()))
            text = f"{unit!r} core {core} is shared by components of different criticality: {who}"
            yield failed(message=text, value=len(levels), limit=1, elements=(unit, *levels.values()))


@RULES.rule(
    "reliability",
    holds="no reliability goal is given",
    because="the flow must survive the mission: each of its stages must keep a replica",
)
def reliability(facts: Facts) -> Iterator[Finding]:
    """Survival probability of each flow with a goal, rounded down, is at least the goal."""
    flows = {f.id: f for f in facts.system.application.flows}
    for goal in facts.system.constraints:
        if not isinstance(goal, ReliabilityGoal) or goal.flow not in flows:
            continue
        stages = [facts.owner[e].id for e in flows[goal.flow].entries if e in facts.owner]
        value = survival_ppb((_placed_on(facts, c) for c in stages), goal.mission_ns)
        text = f"flow {goal.flow!r} survives {duration(goal.mission_ns)} with probability {share(value)}, "
        judge = passed if value >= goal.minimum_ppb else failed
        yield judge(
            message=text
            + f"the goal is {share(goal.minimum_ppb)} (units only: failures of links are not in the formula)",
            value=value,
            limit=goal.minimum_ppb,
            unit="ppb",
            elements=(goal.id, goal.flow),
        )


def survival_ppb(stages: Iterable[Iterable[Unit]], mission_ns: int) -> int:
    """Probability that each stage keeps a replica for ``mission_ns``, in parts per 10^9, rounded down.

    R = product over stages of 1 - product over replicas of (1 - exp(-lambda T)), with lambda in failures per
    10^9 hours.  Computed with 60 digits; each failure probability is rounded up by 10^-50.
    """
    survival = Decimal(1)
    for replicas in stages:
        all_fail = Decimal(1)
        for unit in replicas:
            all_fail = _EXACT.multiply(all_fail, _failure(unit, mission_ns))
        survival = _EXACT.multiply(survival, max(_EXACT.subtract(1, all_fail) - _MARGIN, Decimal(0)))
    return int((survival * 1_000_000_000).to_integral_value(rounding=ROUND_FLOOR))


def _failure(unit: Unit, mission_ns: int) -> Decimal:
    """Probability, rounded up, that a unit fails in the mission; 0 if it is assumed not to fail."""
    if not unit.can_fail or unit.failure_rate_fit == 0:
        return Decimal(0)
    expected = _EXACT.divide(Decimal(unit.failure_rate_fit * mission_ns), Decimal(_HOURS * _NS_PER_HOUR))
    return min(_EXACT.subtract(1, _EXACT.exp(-expected)) + _MARGIN, Decimal(1))


def _placed_on(facts: Facts, component: str) -> list[Unit]:
    return [facts.units[p.unit] for p in facts.placed.get(component, [])]


def _units(facts: Facts, component: str) -> set[str]:
    return {p.unit for p in facts.placed.get(component, [])}


def _cores(facts: Facts, component: str) -> set[Resource]:
    return {r for p in facts.placed.get(component, []) if (r := facts.resource(p)) is not None}
