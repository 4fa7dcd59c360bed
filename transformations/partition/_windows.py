"""When each job can run at all: on its fastest unit, with no resource ever busy."""

from __future__ import annotations

from collections.abc import Mapping

from .jobs import JobId
from .problem import Problem


def units_of(problem: Problem, entry: str) -> frozenset[str]:
    """The units a task can run on."""
    return frozenset(at.unit for at in problem.options[problem.tasks[entry].component])


def durations(problem: Problem, task: str) -> list[int]:
    """The lengths of a slot of a task wherever it can run."""
    options = problem.options[problem.tasks[task].component]
    return [problem.loads[task, at.unit, at.point].duration for at in options]


def shortest_ends(problem: Problem) -> Mapping[JobId, int]:
    """When each job ends at the earliest, every component on its fastest unit and no resource ever busy."""
    quickest = {t: min(durations(problem, t)) for t in problem.tasks}
    ways: dict[tuple[JobId, JobId], int] = {}
    for stream in problem.streams:
        shared = units_of(problem, stream.writer) & units_of(problem, stream.reader)
        least = min((sum(h.duration for h in p.hops) for p in stream.paths.values()), default=0)
        for use in stream.uses:
            ways[JobId(stream.writer, use.value), use.reader] = 0 if shared else least
    ends = {job: problem.ready(job) + quickest[job.entry] for job in problem.jobs}
    edges = [
        (e.before, e.after, e.lag + ways.get((e.before, e.after), 0) + quickest[e.after.entry])
        for e in problem.edges
        if not e.after_commit
    ]
    for _ in problem.tasks:  # a path of precedences visits an entry once
        moved = False
        for before, after, distance in edges:
            if ends[before] + distance > ends[after]:
                ends[after] = ends[before] + distance
                moved = True
        if not moved:
            break
    return ends


def windows(problem: Problem) -> Mapping[JobId, tuple[int, int]]:
    """Earliest start and latest end of each job that the jobs before and after it allow."""
    shortest = {t: min(durations(problem, t)) for t in problem.tasks}
    ends, latest = shortest_ends(problem), dict(problem.latest)
    edges = [
        (e.before, e.after, shortest[e.after.entry] + e.lag) for e in problem.edges if not e.after_commit
    ]
    for _ in problem.tasks:  # a path of precedences visits an entry once
        moved = False
        for before, after, distance in edges:
            if latest[after] - distance < latest[before]:
                latest[before] = latest[after] - distance
                moved = True
        if not moved:
            break
    return {job: (ends[job] - shortest[job.entry], latest[job]) for job in problem.jobs}
