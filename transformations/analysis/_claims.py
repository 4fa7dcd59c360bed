"""What the deployment claims of itself, and what its numbers rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aicompiler.metamodels.deployment import Cost, CostKind, Finding, Objective, Provenance, SolveStatus
from aicompiler.metamodels.system import FlowBound

from ._budgets import energy_fj, peak_uw
from ._facts import Facts
from ._flows import data_age, reaction_time
from ._rules import RuleBook, assumed, failed, passed
from ._text import duration, energy, listed, power

RULES = RuleBook("claims")


def _energy(facts: Facts) -> int:
    return energy_fj(facts)


def _peak(facts: Facts) -> int:
    return peak_uw(facts, facts.units)


def _average(facts: Facts) -> int:
    return -(-energy_fj(facts) // facts.hyperperiod) if facts.hyperperiod else 0


def _latency(facts: Facts) -> int:
    """The largest share of its deadline that a flow takes, in parts per million, rounded up."""
    found = [0]
    for flow in facts.system.application.flows:
        measure = reaction_time if flow.bound is FlowBound.REACTION else data_age
        if flow.deadline_ns and (took := measure(facts, flow)) is not None:
            found.append(-(-took * 1_000_000 // flow.deadline_ns))
    return max(found)


def _makespan(facts: Facts) -> int:
    """From the begin of a hyperperiod to the end of the last job released in it."""
    return max((slot.end_ns for jobs in facts.slots.values() for slot in jobs.values()), default=0)


def _share(value: int) -> str:
    return f"{value} ppm of the deadline"


_OBJECTIVES: dict[str, tuple[Callable[[Facts], int], Callable[[int], str], str]] = {
    "energy": (_energy, energy, "fJ"),
    "peak_power": (_peak, power, "uW"),
    "average_power": (_average, power, "uW"),
    "latency": (_latency, _share, "ppm"),
    "makespan": (_makespan, duration, "ns"),
}
"""Objectives that are recomputed: name -> (value, its text, its unit)."""


@RULES.rule(
    "objective-value",
    holds="the deployment claims no objective value",
    because="a claimed optimum is worth nothing if the value itself is wrong",
)
def objective_value(facts: Facts) -> Iterator[Finding]:
    """Each claimed value equals the recomputed one; one that is not known here is told as assumed."""
    for claim in facts.deployment.objectives:
        known = _OBJECTIVES.get(claim.name.replace("-", "_").replace(" ", "_"))
        if known is None:
            text = f"objective {claim.name!r} is not one that can be recomputed ({listed(_OBJECTIVES)})"
            yield assumed(message=text, value=claim.value, unit=claim.unit)
            continue
        compute, text_of, unit = known
        value = compute(facts)
        judge = passed if value == claim.value else failed
        text = f"{claim.name} is {text_of(value)}, claimed is {text_of(claim.value)}"
        yield judge(message=text, value=claim.value, limit=value, unit=unit)


@RULES.rule(
    "objective-bound",
    holds="no claimed bound is above its value",
    because="no solution can be better than what was proved to be the best possible",
)
def objective_bound(facts: Facts) -> Iterator[Finding]:
    """bound <= value for every objective: all are minimised."""
    for claim in facts.deployment.objectives:
        if claim.bound is not None and claim.bound > claim.value:
            text = (
                f"{claim.name} is {claim.value} {claim.unit}, below its claimed lower bound of {claim.bound}"
            )
            yield failed(message=text, value=claim.value, limit=claim.bound, unit=claim.unit)


@RULES.rule(
    "optimality",
    holds="the deployment does not claim to be optimal",
    because="optimal means that the value was proved to be the lower bound",
)
def optimality(facts: Facts) -> Iterator[Finding]:
    """Status OPTIMAL: the first objective has a bound, and every bound equals its value."""
    if facts.deployment.status is not SolveStatus.OPTIMAL:
        return
    claims = facts.deployment.objectives
    if not claims:
        yield failed(message="the deployment claims to be optimal, but names no objective")
    for position, claim in enumerate(claims):
        if claim.bound is not None or position == 0:
            yield _proved(claim)


def _proved(claim: Objective) -> Finding:
    judge = passed if claim.bound == claim.value else failed
    bound = "without a bound" if claim.bound is None else f"with the bound {claim.bound} {claim.unit}"
    text = f"the deployment claims to be optimal, with {claim.name} {claim.value} {claim.unit} {bound}"
    return judge(message=text, value=claim.value, limit=claim.bound, unit=claim.unit)


@RULES.rule(
    "provenance",
    holds="every cost in use is annotated or measured, as a bound",
    because="a deadline proved with a guessed time is not proved",
)
def provenance(facts: Facts) -> Iterator[Finding]:
    """Each cost in use that is observed, estimated or assumed is told, so that the verdict says so."""
    for entry, p, cost in facts.used:
        if reason := _weakness(cost):
            note = f" ({cost.note})" if cost.note else ""
            text = f"the cost of {entry.id!r} on {p.unit!r}, {cost.wcet_ns} ns, {reason}{note}"
            yield assumed(message=text, value=cost.wcet_ns, unit="ns", elements=(entry.id, p.unit))


def _weakness(cost: Cost) -> str:
    match cost.provenance, cost.kind:
        case Provenance.ASSUMED, _:
            return "is assumed"
        case Provenance.ESTIMATED, _:
            return "is an estimate"
        case _, CostKind.OBSERVED:
            return "was observed, which is no bound"
    return ""
