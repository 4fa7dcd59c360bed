"""For each unit that may fail: a checked configuration on the rest, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aicompiler.metamodels.deployment import Deployment, Evidence
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.plan import (
    Comparison,
    Condition,
    Configuration,
    ConfigurationKind,
    ReconfigurationPlan,
    Trigger,
    Uncovered,
)
from aicompiler.metamodels.system import Pin, System, Unit

Decide = Callable[[System], Deployment]
Check = Callable[[System, Deployment], Evidence]


def plan_single_failures(
    system: System, normal: Deployment, decide: Decide, check: Check
) -> ReconfigurationPlan:
    """The normal configuration, and for each unit that may fail what replaces it.

    ``decide`` gives a deployment of a system that lacks the unit or raises ``Infeasible``; nothing it says is
    believed before ``check`` accepted it.  A unit that nothing runs on needs no other configuration.
    """
    conditions: list[Condition] = []
    triggers: list[Trigger] = []
    uncovered: list[Uncovered] = []
    configurations = [
        Configuration(
            id="configuration.normal", name="normal", kind=ConfigurationKind.NORMAL, deployment=normal
        )
    ]
    for unit in (u for u in system.units if u.can_fail):
        condition = _condition(unit)
        conditions.append(condition)
        triggers.append(_trigger(unit, condition))
        found = _replacement(system, unit, condition, normal, decide, check)
        (configurations if isinstance(found, Configuration) else uncovered).append(found)  # type: ignore[arg-type]
    return ReconfigurationPlan(
        system=system.id,
        conditions=tuple(conditions),
        triggers=tuple(triggers),
        configurations=tuple(configurations),
        uncovered=tuple(uncovered),
    )


def without_unit(system: System, unit: str) -> System:
    """The same system on a platform that lacks ``unit``; what was pinned to it is no longer pinned."""
    nodes = tuple(replace(n, units=tuple(u for u in n.units if u.id != unit)) for n in system.platform.nodes)
    cut = (replace(link, ends=tuple(e for e in link.ends if e != unit)) for link in system.platform.links)
    platform = replace(system.platform, nodes=nodes, links=tuple(link for link in cut if len(link.ends) > 1))
    kept = tuple(c for c in system.constraints if getattr(c, "unit", None) != unit)
    return replace(system, platform=platform, constraints=kept)


def _condition(unit: Unit) -> Condition:
    return Condition(id=f"condition.{unit.id}.failed", name=f"{unit.name} failed", failed_units=(unit.id,))


def _trigger(unit: Unit, condition: Condition) -> Trigger:
    return Trigger(
        id=f"trigger.{unit.id}.silent",
        name=f"no heartbeat of {unit.name}",
        signal="missed_heartbeats",
        element=unit.id,
        comparison=Comparison.ABOVE,
        threshold=0,
        condition=condition.id,
    )


def _replacement(
    system: System, unit: Unit, condition: Condition, normal: Deployment, decide: Decide, check: Check
) -> Configuration | Uncovered:
    pins = [c for c in system.constraints if isinstance(c, Pin) and c.unit == unit.id]
    if pins:
        names = ", ".join(repr(system.component_of(p.component).name) for p in pins)
        return Uncovered(condition=condition.id, reason=f"{names} must run on {unit.name} ({pins[0].place})")
    if all(p.unit != unit.id for p in normal.placements):
        return _configuration(unit, condition, normal)
    rest = without_unit(system, unit.id)
    try:
        deployment = decide(rest)
    except Infeasible as none:
        return Uncovered(condition=condition.id, reason="; ".join(d.message for d in none.diagnostics))
    if failures := check(rest, deployment).failures:
        reasons = "; ".join(f.message for f in failures)
        return Uncovered(condition=condition.id, reason=f"the deployment found was refused: {reasons}")
    return _configuration(unit, condition, deployment)


def _configuration(unit: Unit, condition: Condition, deployment: Deployment) -> Configuration:
    identifier = f"configuration.without.{unit.id}"
    return Configuration(
        id=identifier,
        name=f"without {unit.name}",
        kind=ConfigurationKind.DEGRADED,
        condition=condition.id,
        deployment=replace(deployment, id=f"{identifier}.deployment"),
    )
