"""What the running system does in each condition: the configurations, what moves, what is given up."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.plan import Condition, Configuration, ReconfigurationPlan

from ._format import quantity
from ._index import Index, Ref


@dataclass(frozen=True)
class Move:
    """A component that runs elsewhere than in the normal deployment."""

    component: Ref
    unit: Ref


@dataclass(frozen=True)
class PlanRow:
    """One condition and what serves it; ``state``: pass, assumed (something is shed), fail (uncovered)."""

    condition: str
    failed: tuple[Ref, ...]
    state: str
    kind: str
    moves: tuple[Move, ...]
    shed: tuple[Ref, ...]
    worst: str
    remark: str


def plan_rows(index: Index, plan: ReconfigurationPlan) -> tuple[PlanRow, ...]:
    """One row a condition, in the plan's order."""
    served = {c.condition: c for c in plan.configurations if c.condition is not None}
    reasons = {u.condition: u.reason for u in plan.uncovered}
    worst = {t.destination: t.worst_ns for t in plan.transitions}
    rows = []
    for condition in plan.conditions:
        configuration = served.get(condition.id)
        if configuration is None:
            reason = reasons.get(condition.id, "the plan does not say why")
            rows.append(_row(index, condition, None, "", reason))
        else:
            time = worst.get(configuration.id, 0)
            rows.append(_row(index, condition, configuration, quantity(time, "ns") if time else "", ""))
    return tuple(rows)


def _row(
    index: Index, condition: Condition, configuration: Configuration | None, worst: str, remark: str
) -> PlanRow:
    failed = tuple(index.ref(e) for e in (*condition.failed_units, *condition.failed_links))
    name = condition.name or condition.id
    if configuration is None:
        return PlanRow(name, failed, "fail", "not covered", (), (), worst, remark)
    shed = tuple(index.ref(c) for c in configuration.shed)
    moves = tuple(
        Move(index.ref(p.component), index.ref(p.unit))
        for p in configuration.deployment.placements
        if p.component in index.placements and index.placements[p.component].unit != p.unit
    )
    kind = configuration.kind.value.replace("_", " ")
    return PlanRow(name, failed, "assumed" if shed else "pass", kind, moves, shed, worst, remark)
