"""For each unit that may fail: a checked configuration on the rest, a fail-safe, or why there is neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from aicompiler.metamodels.deployment import Deployment, Evidence
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.plan import (
    Comparison,
    Condition,
    Configuration,
    ConfigurationKind,
    ReconfigurationPlan,
    Transition,
    Trigger,
    Uncovered,
)
from aicompiler.metamodels.system import Pin, System, Unit

from ._reduced import shedding, with_components, without_unit
from ._transitions import too_silent, transition

Decide = Callable[[System], Deployment]
Check = Callable[[System, Deployment], Evidence]


def plan_single_failures(
    system: System, normal: Deployment, decide: Decide, check: Check
) -> ReconfigurationPlan:
    """The normal configuration, and for each unit that may fail what replaces it and how to get there.

    ``decide`` gives a deployment of a system that lacks the unit, with as few changes from ``normal`` as it
    can, or raises ``Infeasible``; nothing it says is believed before ``check`` accepted it.  Where the whole
    application has no place, the least critical components are given up.
    """
    usual = Configuration(
        id="configuration.normal", name="normal", kind=ConfigurationKind.NORMAL, deployment=normal
    )
    planner = _Planner(system, usual, decide, check)
    units = [u for u in system.units if u.can_fail]
    conditions = [_condition(u) for u in units]
    found = [planner.replacement(u, c) for u, c in zip(units, conditions, strict=True)]
    served = [pair for pair in found if not isinstance(pair, Uncovered)]
    return ReconfigurationPlan(
        system=system.id,
        conditions=tuple(conditions),
        triggers=tuple(_trigger(u, c) for u, c in zip(units, conditions, strict=True)),
        configurations=(usual, *(configuration for configuration, _ in served)),
        transitions=tuple(change for _, change in served),
        uncovered=tuple(x for x in found if isinstance(x, Uncovered)),
    )


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


@dataclass(frozen=True)
class _Planner:
    system: System
    usual: Configuration
    decide: Decide
    check: Check

    def replacement(self, unit: Unit, condition: Condition) -> tuple[Configuration, Transition] | Uncovered:
        """The first that holds: nothing changes, all components elsewhere, fewer and fewer of them."""
        whole = frozenset(c.id for c in self.system.components)
        reasons: list[str] = []
        for kept in (whole, *shedding(self.system)):
            found = self._without(unit, condition, kept)
            if not isinstance(found, str):
                return found
            given_up = f"without {self._names(whole - kept)}: " if kept != whole else ""
            reasons.append(given_up + found)
        if len(reasons) == 1:
            reasons.append(
                "nothing can be given up: all are of one criticality, or needed by the most critical"
            )
        return Uncovered(condition=condition.id, reason="; ".join(reasons))

    def _without(
        self, unit: Unit, condition: Condition, kept: frozenset[str]
    ) -> tuple[Configuration, Transition] | str:
        """A configuration of the kept components and the way there, or why there is none."""
        pins = (c for c in self.system.constraints if isinstance(c, Pin) and c.unit == unit.id)
        if pinned := [p for p in pins if p.component in kept]:
            names = self._names(frozenset(p.component for p in pinned))
            return f"{names} must run on {unit.name} ({pinned[0].place})"
        rest = with_components(without_unit(self.system, unit.id), kept)
        reason = ""
        for deployment in self._deployments(unit, rest):
            if isinstance(deployment, str):
                return deployment
            evidence = self.check(rest, deployment)
            if evidence.failures:
                reason = "the deployment found was refused: " + "; ".join(
                    f.message for f in evidence.failures
                )
                continue
            configuration = self._configuration(unit, condition, deployment, kept)
            change = transition(self.system, rest, self.usual, configuration, evidence)
            silent = "; ".join(too_silent(self.system, change))
            return silent or (configuration, change)
        return reason

    def _deployments(self, unit: Unit, rest: System) -> Iterator[Deployment | str]:
        """What may be checked: the normal deployment, if nothing runs on the unit; else what is decided."""
        normal = self.usual.deployment
        if all(p.unit != unit.id for p in normal.placements) and len(rest.components) == len(
            normal.placements
        ):
            settings = tuple(s for s in normal.settings if s.unit != unit.id)
            yield replace(normal, settings=settings)
        try:
            yield self.decide(rest)
        except Infeasible as none:
            yield "; ".join(d.message for d in none.diagnostics)

    def _configuration(
        self, unit: Unit, condition: Condition, deployment: Deployment, kept: frozenset[str]
    ) -> Configuration:
        shed = tuple(c.id for c in self.system.components if c.id not in kept)
        identifier = f"configuration.without.{unit.id}"
        return Configuration(
            id=identifier,
            name=f"without {unit.name}",
            kind=ConfigurationKind.FAIL_SAFE if shed else ConfigurationKind.DEGRADED,
            condition=condition.id,
            deployment=replace(deployment, id=f"{identifier}.deployment"),
            shed=shed,
        )

    def _names(self, components: frozenset[str]) -> str:
        return ", ".join(repr(c.name) for c in self.system.components if c.id in components)
