"""What a deployment is to have little of: sums over placements, and times of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aicompiler.metamodels.deployment import Deployment
from aicompiler.metamodels.diagnostics import ModelError

from .jobs import JobId, problem_with
from .problem import Bound, Limit, On, Problem, Reason, Terms, keys_of, total
from .timetable import Table

ENERGY, CHANGES, LATENCY, MAKESPAN = "energy", "changes", "latency", "makespan"
OBJECTIVES = (ENERGY, LATENCY, MAKESPAN, CHANGES)
"""Names of what can be asked for; ``changes`` needs the deployment that is changed."""

PPM = 1_000_000


@dataclass(frozen=True)
class Span:
    """From ``since_ns`` to the end of ``job``; ``per_ns`` of it count as ``Goal.scale``."""

    job: JobId
    since_ns: int
    per_ns: int = 1


@dataclass(frozen=True)
class Goal:
    """A sum over placement keys, or, with ``spans``, the longest of them, that is to be small, in ``unit``.

    Of several goals the first matters most.
    """

    name: str
    unit: str
    terms: Terms = ()
    spans: tuple[Span, ...] = ()
    scale: int = 1

    @property
    def timed(self) -> bool:
        """Whether it depends on the table, not on placements and operating points alone."""
        return bool(self.spans)


def goals_of(problem: Problem, objective: str, previous: Deployment | None) -> tuple[Goal, ...]:
    """The goals of a list of names such as ``energy,latency``, the first of which matters most.

    ``changes`` alone stands for ``changes,energy``.  Raises ``ValueError`` for a name that is none, or that
    occurs twice, and ``ModelError`` where the model has no flow with a deadline to be quick about.
    """
    names = tuple(name.strip() for name in objective.split(","))
    if names == (CHANGES,):
        names = (CHANGES, ENERGY)
    if len(set(names)) != len(names):
        raise ValueError(f"objective {objective!r} names a goal twice")
    return tuple(_goal(problem, name, previous) for name in names)


def _goal(problem: Problem, name: str, previous: Deployment | None) -> Goal:
    match name:
        case "energy":
            return Goal(ENERGY, "fJ", problem.energy)
        case "changes":
            return _changes(problem, previous)
        case "latency":
            return _latency(problem)
        case "makespan":
            return Goal(MAKESPAN, "ns", spans=tuple(Span(job, 0) for job in problem.jobs))
    raise ValueError(f"objective {name!r} is none of {', '.join(OBJECTIVES)}")


def _changes(problem: Problem, previous: Deployment | None) -> Goal:
    """The number of components whose unit differs from that in ``previous``."""
    if previous is None:
        raise ValueError("the objective 'changes' needs the deployment that is changed")
    home = {p.component: p.unit for p in previous.placements}
    moved = tuple((at, 1) for c, ats in problem.options.items() for at in ats if home.get(c) != at.unit)
    return Goal(CHANGES, "", moved)


def _latency(problem: Problem) -> Goal:
    """The largest share of its deadline, in parts per million, that a flow takes."""
    flows = {flow.id for flow in problem.system.application.flows}
    found = (b for b in problem.bounds if b.reason.element in flows)
    spans = tuple(dict.fromkeys(Span(b.job, b.since_ns, b.limit_ns) for b in found))
    if not spans:
        text = "the objective is latency, but no flow of the model has a deadline to be measured by"
        advice = "give a flow a deadline, or choose energy or makespan"
        raise ModelError(problem_with(problem.system, "objective", text, advice))
    return Goal(LATENCY, "ppm", spans=spans, scale=PPM)


# --- what a table reaches -----------------------------------------------------------------------------------


def values(problem: Problem, goals: tuple[Goal, ...], table: Table) -> tuple[int, ...]:
    """What a table reaches of each goal."""
    keys = frozenset(keys_of(problem, table.choice))
    return tuple(_longest(problem, goal, table) if goal.timed else total(goal.terms, keys) for goal in goals)


def _longest(problem: Problem, goal: Goal, table: Table) -> int:
    return max(counted(goal, span, end_ns(problem, table, span.job)) for span in goal.spans)


def counted(goal: Goal, span: Span, end: int) -> int:
    """What a span counts for whose job ends at instant ``end`` (ns), rounded up."""
    return -((span.since_ns - end) * goal.scale // span.per_ns)


def end_ns(problem: Problem, table: Table, job: JobId) -> int:
    """The end of a job's slot."""
    return table.starts[job] * problem.tick_ns + problem.load(job.entry, table.choice).wcet_ns


def capped(problem: Problem, goal: Goal, ceiling: int) -> Problem:
    """The problem with one more demand: no more than ``ceiling`` of a goal."""
    text = f"{goal.name} is at most {ceiling} {goal.unit}".rstrip()
    reason = Reason(problem.system.id, text, f"allow more {goal.name}")
    if not goal.timed:
        return replace(problem, limits=(*problem.limits, Limit(reason, goal.terms, ceiling, goal.unit)))
    bounds = []
    for span in goal.spans:
        limit_ns = ceiling * span.per_ns // goal.scale
        latest = (span.since_ns + limit_ns) // problem.tick_ns
        bounds.append(Bound(reason, span.job, latest, span.since_ns, limit_ns))
    return replace(problem, bounds=(*problem.bounds, *bounds))


# --- what no table can be below -----------------------------------------------------------------------------


def floors(problem: Problem, goals: tuple[Goal, ...]) -> tuple[int, ...]:
    """What no placement can be below, without solving: each component where it adds least, one unit on.

    Of several goals only the first has a floor: the others are bounded given what the first reaches.
    """
    return tuple(_floor(problem, goal) if not n else 0 for n, goal in enumerate(goals))


def _floor(problem: Problem, goal: Goal) -> int:
    weight = dict(goal.terms)
    if any(value < 0 for value in weight.values()):
        return 0
    alone = sum(min(weight.get(at, 0) for at in ats) for ats in problem.options.values() if ats)
    switched_on = (min(weight.get(On(at.unit), 0) for at in ats) for ats in problem.options.values() if ats)
    return alone + max(switched_on, default=0)
