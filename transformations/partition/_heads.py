"""Bounds of timed goals from chains of data: a dynamic program over jobs and the units they may run on.

The head of a job on a unit is the least time until it can end there, each of its writers on whichever unit
is best for it; the tail is the least time that what waits for it still takes.  No resource is ever busy, so
head plus tail is a bound, the same program as the longest path that H. Topcuoglu et al. (IEEE TPDS 13(3),
2002) rank tasks by, with the least instead of the average costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from ._goals import MAKESPAN, Goal
from .jobs import JobId
from .problem import Problem, Stream

Ways = Mapping[tuple[str, str], int]  # (unit, unit) -> ticks that a value travels; nothing where no way leads
_NEVER = 1 << 60


def time_bound(problem: Problem, goal: Goal) -> int:
    """What no table can be below in a timed goal; the problem's ticks have to be exact."""
    chains = _Chains(problem)
    by_share: dict[int, dict[JobId, int]] = {}
    for span in goal.spans:
        ends = by_share.setdefault(span.per_ns, {})
        ends[span.job] = max(-span.since_ns, ends.get(span.job, -span.since_ns))
    found = [0]
    for per_ns, ends in by_share.items():
        found.append(-(-chains.longest(ends) * goal.scale // per_ns))
    if goal.name == MAKESPAN:
        found.append(_work(problem) * problem.tick_ns)
    return max(found)


@dataclass(frozen=True)
class _Chains:
    problem: Problem

    @cached_property
    def _times(self) -> Mapping[str, Mapping[str, int]]:
        """By entry and unit, the length of a slot at the quickest point."""
        found: dict[str, dict[str, int]] = {}
        for (entry, unit, _), load in self.problem.loads.items():
            times = found.setdefault(entry, {})
            times[unit] = min(load.duration, times.get(unit, load.duration))
        return found

    @cached_property
    def _reads(self) -> Mapping[JobId, tuple[tuple[JobId, int, Ways], ...]]:
        """What a job waits for: a job, the lag after it, and how long its value travels."""
        found: dict[JobId, list[tuple[JobId, int, Ways]]] = {}
        for stream in self.problem.streams:
            ways = self._ways(stream)
            for use in stream.uses:
                if use.lag >= 0:
                    found.setdefault(use.reader, []).append((JobId(stream.writer, use.value), use.lag, ways))
        return {job: tuple(reads) for job, reads in found.items()}

    def _ways(self, stream: Stream) -> Ways:
        both = self._times[stream.writer].keys() & self._times[stream.reader].keys()
        ways = {(unit, unit): 0 for unit in both}
        return ways | {ends: sum(h.duration for h in path.hops) for ends, path in stream.paths.items()}

    @cached_property
    def _order(self) -> tuple[JobId, ...]:
        graph = {job: [w for w, _, _ in self._reads.get(job, ())] for job in self.problem.jobs}
        return tuple(TopologicalSorter(graph).static_order())

    @cached_property
    def heads(self) -> Mapping[JobId, Mapping[str, int]]:
        """The earliest end of each job on each unit."""
        found: dict[JobId, dict[str, int]] = {}
        for job in self._order:
            begins = dict.fromkeys(self._times[job.entry], self.problem.ready(job))
            for writer, lag, ways in self._reads.get(job, ()):
                for unit in begins:
                    came = (end + ways.get((u, unit), _NEVER) for u, end in found[writer].items())
                    begins[unit] = max(begins[unit], min(came) + lag)
            found[job] = {unit: begin + self._times[job.entry][unit] for unit, begin in begins.items()}
        return found

    def longest(self, ends: Mapping[JobId, int]) -> int:
        """The least that the largest of end plus ``ends[job]`` (ns) over these jobs can be, in ns."""
        tick = self.problem.tick_ns
        tails: dict[JobId, dict[str, int]] = {}
        found = -_NEVER
        for job in reversed(self._order):
            own = dict.fromkeys(self._times[job.entry], ends.get(job, -_NEVER))
            for unit, (reader, lag, ways) in ((u, r) for u in own for r in self._readers.get(job, ())):
                steps = (
                    (ways.get((unit, u), _NEVER) + lag + self._times[reader.entry][u]) * tick + tail
                    for u, tail in tails[reader].items()
                    if tail > -_NEVER
                )
                own[unit] = max(own[unit], min(steps, default=-_NEVER))
            tails[job] = own
            through = [self.heads[job][u] * tick + tail for u, tail in own.items() if tail > -_NEVER]
            found = max(found, min(through, default=-_NEVER))
        return found

    @cached_property
    def _readers(self) -> Mapping[JobId, tuple[tuple[JobId, int, Ways], ...]]:
        found: dict[JobId, list[tuple[JobId, int, Ways]]] = {}
        for reader, reads in self._reads.items():
            for writer, lag, ways in reads:
                found.setdefault(writer, []).append((reader, lag, ways))
        return {job: tuple(readers) for job, readers in found.items()}


def _work(problem: Problem) -> int:
    """The time in which all cores together do all jobs, each where it is quickest; 0 with circuits."""
    if any(machine.circuits for machine in problem.machines.values()):
        return 0
    least: dict[str, int] = {}
    for (entry, _, _), load in problem.loads.items():
        least[entry] = min(load.occupancy, least.get(entry, load.occupancy))
    work = sum(len(task.ready) * least[task.id] for task in problem.tasks.values())
    return -(-work // sum(machine.cores for machine in problem.machines.values()))
