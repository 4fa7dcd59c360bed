"""A table for a placement that is decided, or a small part of it that has none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from . import _solve
from ._windows import windows
from .cpsat import build_model
from .heft import latest_starts
from .jobs import JobId
from .problem import At, Bound, Choice, Problem, Reason
from .timetable import Miss, Table, decode, energy_of

REPAIRS = 24  # list schedules that are tried, each with the job that was late moved forward
FEWEST_REPAIRS = 4
WORK = 6000  # jobs in the list schedules that are tried
MOST_JOBS = 400  # beyond that many jobs the solver is not asked for a table

_HERE = Reason("", "the placement is decided", "")


@dataclass(frozen=True)
class Culprits:
    """Components that, where they are, have no table (``proved``), or for which none was found."""

    components: tuple[str, ...]
    proved: bool


def tabulate(problem: Problem, choice: Choice, options: _solve.SolverOptions) -> Table | Culprits:
    """A table of a placement: by list scheduling, mended, else by the solver where jobs are few."""
    found = mended(problem, choice)
    if isinstance(found, Table):
        return found
    suspects = _neighbours(problem, choice, found)
    for components in dict.fromkeys((suspects, problem.components)):
        part = part_of(problem, choice, components)
        if len(part.jobs) > MOST_JOBS:
            continue
        answer = _solve.solve(build_model(part), options)
        if answer.outcome is _solve.Outcome.INFEASIBLE:
            return Culprits(components, True)
        if answer.table is not None and components == problem.components:
            return Table(choice, answer.table.starts, answer.table.transfers, energy_of(problem, choice))
    return Culprits(suspects, False)


def mended(problem: Problem, choice: Choice) -> Table | Miss:
    """List scheduling by latest start; what has no place or is late comes earlier in the next try.

    After D. Joslin, D. Clements, "Squeaky wheel optimization", JAIR 10, 1999.
    """
    priority = latest_starts(part_of(problem, choice, problem.components))
    step = problem.hyperperiod / max(len(t.ready) for t in problem.tasks.values()) / 4
    found: Table | Miss = Miss(None)
    for _ in range(max(FEWEST_REPAIRS, min(REPAIRS, WORK // max(len(problem.jobs), 1)))):
        found = decode(problem, choice, priority)
        if isinstance(found, Table) or found.job is None:
            return found
        for number in range(len(problem.tasks[found.job.entry].ready)):
            priority[JobId(found.job.entry, number)] -= step
    return found


def _neighbours(problem: Problem, choice: Choice, miss: Miss) -> tuple[str, ...]:
    """The components that share the core or queue on which a job was late."""
    if miss.job is None:
        return problem.components
    component = problem.tasks[miss.job.entry].component
    seat = choice.seats[component]
    if problem.machines[seat[0]].circuits:
        return problem.components
    return tuple(c for c in problem.components if choice.seats[c] == seat)


def part_of(problem: Problem, choice: Choice, components: Collection[str]) -> Problem:
    """The components alone, where they are placed: what has no table here has none with others either."""
    kept = frozenset(components)
    tasks = {t.id: t for t in problem.tasks.values() if t.component in kept}
    spans = windows(problem)
    streams = []
    for stream in problem.streams:
        if stream.writer in tasks and stream.reader in tasks:
            ends = tuple(choice.seats[tasks[e].component][0] for e in (stream.writer, stream.reader))
            paths = {pair: path for pair, path in stream.paths.items() if pair == ends}
            streams.append(replace(stream, paths=paths))
    return replace(
        problem,
        tasks={t.id: replace(t, ready=tuple(_begins(spans, t.id, len(t.ready)))) for t in tasks.values()},
        machines={m.id: replace(m, interchangeable=False) for m in problem.machines.values()},
        options={
            c: (At(c, choice.seats[c][0], choice.points[choice.seats[c][0]]),)
            for c in problem.components
            if c in kept
        },
        streams=tuple(streams),
        edges=tuple(e for e in problem.edges if e.before.entry in tasks and e.after.entry in tasks),
        bounds=tuple(
            Bound(_HERE, job, latest, 0, 0) for job, (_, latest) in spans.items() if job.entry in tasks
        ),
        limits=(),
        energy=(),
        cores={c: choice.seats[c][1] for c in kept},
    )


def _begins(spans: Mapping[JobId, tuple[int, int]], entry: str, count: int) -> Iterator[int]:
    return (spans[JobId(entry, number)][0] for number in range(count))
