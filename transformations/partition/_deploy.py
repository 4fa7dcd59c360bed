"""From a table in ticks to a deployment in nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator

from aicompiler.metamodels.deployment import (
    Deployment,
    JobSlot,
    Objective,
    Placement,
    Route,
    SolveStatus,
    TransferSlot,
    UnitSetting,
)

from .jobs import JobId
from .problem import On, Path, Problem, Stream, ends_in, keys_of
from .timetable import Table


def deployment(
    problem: Problem, table: Table, *, status: SolveStatus, objectives: tuple[Objective, ...], proposer: str
) -> Deployment:
    """The deployment a table stands for.

    Starts are whole ticks and slots in ticks are rounded up, so slots of their exact length do not overlap.
    """
    keys = frozenset(keys_of(problem, table.choice))
    return Deployment(
        system=problem.system.id,
        hyperperiod_ns=problem.line.hyperperiod_ns,
        status=status,
        proposer=proposer,
        objectives=objectives,
        placements=tuple(
            Placement(component=c, unit=unit, core=core)
            for c in problem.components
            for unit, core in (table.choice.seats[c],)
        ),
        settings=tuple(
            UnitSetting(unit=m, operating_point=table.choice.points[m], off=On(m) not in keys)
            for m in problem.machines
        ),
        routes=tuple(
            Route(channel=s.id, links=tuple(h.link for h in _path(problem, table, s).hops))
            for s in problem.streams
        ),
        jobs=tuple(_slot(problem, table, job) for job in problem.jobs),
        transfers=tuple(t for s in problem.streams for t in _transfers(problem, table, s)),
    )


def _slot(problem: Problem, table: Table, job: JobId) -> JobSlot:
    unit, core = table.choice.seats[problem.tasks[job.entry].component]
    start = table.starts[job] * problem.tick_ns
    end = start + problem.load(job.entry, table.choice).wcet_ns
    return JobSlot(entry=job.entry, job=job.number, unit=unit, core=core, start_ns=start, end_ns=end)


def _path(problem: Problem, table: Table, stream: Stream) -> Path:
    ends = ends_in(problem, stream, table.choice)
    assert ends is not None
    return Path(()) if ends[0] == ends[1] else stream.paths[ends]


def _transfers(problem: Problem, table: Table, stream: Stream) -> Iterator[TransferSlot]:
    path = _path(problem, table, stream)
    for value in range(stream.values):
        for number, hop in enumerate(path.hops):
            start = table.transfers[stream.id, value, number] * problem.tick_ns
            yield TransferSlot(
                channel=stream.id, job=value, link=hop.link, hop=number, start_ns=start, end_ns=start + hop.ns
            )
