"""What every time table asks of a placement, without the table: a relaxation, so its optimum is a bound.

Per entry instead of per job: chains of data in time, the work on each core and link, and demand: the jobs
whose windows lie within an interval must fit into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

from ortools.sat.python import cp_model

from ._strengthen import strengthen
from ._windows import durations, windows
from .cpsat import Lit, Model, build_model, relaxed_span
from .jobs import JobId
from .problem import Machine, Problem, Stream, Via

MOST_WINDOWS = 150  # demand rows for each core: the tightest ones
LONGEST_WINDOW = 3  # in periods of the slowest entry: longer intervals say little more than the work does

Row = tuple[tuple[tuple[str, int], ...], int]  # (entry, number of jobs)..., length of the interval


def outline(problem: Problem) -> Problem:
    """The problem without data and links: what it excludes or bounds, the problem does too."""
    return replace(problem, streams=(), edges=())


@dataclass(frozen=True)
class Relaxation:
    """Windows of jobs and the demand rows that follow from them, computed once for a problem."""

    problem: Problem

    def model(self, *, guarded: bool = False) -> Model:
        """A new model of placements; guarded, each reason can be switched off, and demand is left out."""
        model = build_model(self.problem, guarded=guarded, timed=False)
        strengthen(model)
        self._meet_deadlines(model)
        self._share_links(model)
        for machine in self.problem.machines.values():
            for core in range(1 if machine.circuits else machine.cores):
                self._share_core(model, machine, core, guarded=guarded)
        return model

    @cached_property
    def windows(self) -> Mapping[JobId, tuple[int, int]]:
        """Earliest start and latest end of each job."""
        return windows(self.problem)

    # --- chains of data -------------------------------------------------------------------------------------

    def _meet_deadlines(self, model: Model) -> None:
        """One start for each entry, the earliest of its jobs relative to its period.

        It precedes the end that the tightest of its jobs allows, and follows the same instant of its writers.
        """
        problem = self.problem
        last = max(problem.latest.values(), default=0) + (relaxed_span(problem) if model.guarded else 0)
        starts = {
            t.id: model.cp.new_int_var(t.ready[0], max(last, t.ready[0]), f"{t.id} start")
            for t in problem.tasks.values()
        }
        for bound in problem.bounds:
            entry = bound.job.entry
            end = starts[entry] + model.amount(entry, "duration")
            posted = model.cp.add(end <= bound.latest - bound.job.number * self._period(entry))
            if model.guarded:
                posted.only_enforce_if(model.when(bound.reason))
        for stream in problem.streams:
            arrival = starts[stream.writer] + model.amount(stream.writer, "duration") + _way(model, stream)
            writes, reads = self._period(stream.writer), self._period(stream.reader)
            if stream.due:
                due = max(instant - k * writes for k, instant in enumerate(stream.due))
                for via in (lit for key, lit in model.via.items() if key.channel == stream.id):
                    model.cp.add(arrival <= due).only_enforce_if(via, *model.when(stream.reason))
            else:
                lag = max(use.value * writes - use.reader.number * reads for use in stream.uses)
                model.cp.add(starts[stream.reader] >= arrival + lag)

    def _period(self, entry: str) -> int:
        return self.problem.hyperperiod // len(self.problem.tasks[entry].ready)

    # --- resources ------------------------------------------------------------------------------------------

    def _share_links(self, model: Model) -> None:
        work: dict[str, list[tuple[Lit, int]]] = {}
        for stream in self.problem.streams:
            for ends, path in stream.paths.items():
                if (key := Via(stream.id, *ends)) in model.via:
                    for hop in path.hops:
                        work.setdefault(hop.link, []).append((model.via[key], stream.values * hop.duration))
        for terms in work.values():
            model.cp.add(_weighted(terms) <= self.problem.hyperperiod)

    def _share_core(self, model: Model, machine: Machine, core: int, *, guarded: bool) -> None:
        if machine.circuits:
            for (component, unit, _, point), lit in model.places.items():
                if unit == machine.id:
                    tasks = self.problem.tasks_of[component]
                    loads = [self.problem.loads[t.id, unit, point].occupancy * len(t.ready) for t in tasks]
                    if sum(loads) > self.problem.hyperperiod:
                        model.cp.add(lit == 0)
            return
        model.cp.add(load_of(model, machine.id, core) <= self.problem.hyperperiod)
        if guarded:
            return
        for row, length in self.demands:
            model.cp.add(_demand(model, machine.id, core, dict(row)) <= length)
        for point in machine.points:
            here = [t for t in self.problem.tasks.values() if (t.id, machine.id, point) in self.problem.loads]
            for long, short in permutations(here, 2):
                if long.component != short.component and self._blocks(long.id, short.id, machine.id, point):
                    keys = ((t.component, machine.id, core, point) for t in (long, short))
                    model.cp.add_at_most_one(model.places[key] for key in keys if key in model.places)

    def _blocks(self, long: str, short: str, unit: str, point: str) -> bool:
        """Whether a slot of ``long`` is longer than the longest pause between two jobs of ``short``."""
        slot, own = (self.problem.loads[task, unit, point].occupancy for task in (long, short))
        return slot > self._pauses[short] - 2 * own

    @cached_property
    def _pauses(self) -> Mapping[str, int]:
        """The longest time from the earliest start of a job to the latest end of the next one."""
        found: dict[str, int] = {}
        for job, (begin, _) in self.windows.items():
            rounds, number = divmod(job.number + 1, len(self.problem.tasks[job.entry].ready))
            last = self.windows[JobId(job.entry, number)][1] + rounds * self.problem.hyperperiod
            found[job.entry] = max(last - begin, found.get(job.entry, 0))
        return found

    @cached_property
    def demands(self) -> tuple[Row, ...]:
        """Numbers of jobs that have to run within an interval, and its length: the tightest intervals."""
        problem = self.problem
        most = LONGEST_WINDOW * max(self._period(t) for t in problem.tasks)
        spans = sorted(self._unrolled(most))
        longest = {t: max(durations(problem, t)) for t in problem.tasks}
        found: dict[tuple[tuple[str, int], ...], int] = {}
        begins = sorted({begin for begin, _, _ in spans if begin < problem.hyperperiod})
        for begin in begins:
            inside = sorted((e, t) for b, e, t in spans if b >= begin and e <= begin + most)
            counts: dict[str, int] = {}
            for number, (end, task) in enumerate(inside):
                counts[task] = counts.get(task, 0) + 1
                if number + 1 == len(inside) or inside[number + 1][0] > end:
                    row = tuple(sorted(counts.items()))
                    found[row] = min(end - begin, found.get(row, end - begin))
        work = {row: sum(number * longest[task] for task, number in row) for row in found}
        tight = [row for row, length in found.items() if work[row] > length and len(row) > 1]
        tight.sort(key=lambda row: (-work[row] / max(found[row], 1), row))
        return tuple((row, found[row]) for row in tight[:MOST_WINDOWS])

    def _unrolled(self, most: int) -> Iterator[tuple[int, int, str]]:
        """Windows (begin, end, entry) of all jobs that begin within a hyperperiod and ``most`` after it."""
        period = self.problem.hyperperiod
        for job, (begin, end) in self.windows.items():
            shift = -(begin // period) * period
            while begin + shift < period + most:
                yield begin + shift, end + shift, job.entry
                shift += period


def load_of(model: Model, unit: str, core: int) -> cp_model.LinearExpr:
    """The work on a core in a hyperperiod, in ticks."""
    counts = {t.id: len(t.ready) for t in model.problem.tasks.values()}
    return _demand(model, unit, core, counts)


def _demand(model: Model, unit: str, core: int, jobs: Mapping[str, int]) -> cp_model.LinearExpr:
    """The time that ``jobs`` of each entry take on a core where they are placed on it."""
    terms = []
    for (component, where, k, point), lit in model.places.items():
        if (where, k) == (unit, core):
            tasks = model.problem.tasks_of[component]
            need = sum(jobs.get(t.id, 0) * model.problem.loads[t.id, unit, point].occupancy for t in tasks)
            terms.append((lit, need))
    return _weighted(terms)


def _weighted(terms: list[tuple[Lit, int]]) -> cp_model.LinearExpr:
    return cp_model.LinearExpr.weighted_sum([lit for lit, _ in terms], [value for _, value in terms])


def _way(model: Model, stream: Stream) -> cp_model.LinearExpr:
    """The time that a value of a stream travels."""
    times = {ends: sum(h.duration for h in path.hops) for ends, path in stream.paths.items()}
    own = ((key, lit) for key, lit in model.via.items() if key.channel == stream.id)
    return _weighted([(lit, times[key.source, key.target]) for key, lit in own])
