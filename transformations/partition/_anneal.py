"""Annealing of timed goals on a simplified table, many thousand steps while one real table is built.

Simplified: a core serves jobs in one order, links are never busy, and one hyperperiod stands for all.  Order
and seats change by simulated annealing (S. Kirkpatrick et al., Science 220, 1983); what comes out is only an
idea, which list scheduling then turns into a real table.  A job whose end already makes the goal too large
ends a step early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, log
from random import Random

from ._goals import MAKESPAN, Goal
from .jobs import JobId
from .problem import Choice, Problem, Stream
from .timetable import Table, in_order

FAR = 1 << 60
HOT, COLD = 0.001, 0.0003  # temperatures, in shares of the first value
CRITICAL = 0.5  # of the steps change a job of the critical chain, which is found again every so many steps
REVIEW = 40
RESEATED = 0.5  # of the steps change a seat, the others the order
EVERY = 16  # jobs between two states of the cores that are kept


@dataclass
class _Graph:
    """The jobs of one hyperperiod as numbers; units and cores as numbers too."""

    problem: Problem
    choice: Choice
    goal: Goal
    jobs: tuple[JobId, ...] = field(init=False)
    units: dict[str, int] = field(init=False)
    places: dict[tuple[str, int], int] = field(init=False)

    def __post_init__(self) -> None:
        problem = self.problem
        self.jobs = problem.jobs
        self.units = {unit: n for n, unit in enumerate(problem.machines)}
        cores = ((m.id, core) for m in problem.machines.values() for core in range(m.cores))
        self.places = {place: n for n, place in enumerate(cores)}
        self.index = {job: n for n, job in enumerate(self.jobs)}
        self.ready = [problem.ready(job) for job in self.jobs]
        self.component = [problem.components.index(problem.tasks[j.entry].component) for j in self.jobs]
        self.owned: list[list[int]] = [[] for _ in problem.components]
        for number, component in enumerate(self.component):
            self.owned[component].append(number)
        self.times = [self._times(job) for job in self.jobs]
        self.before: list[list[tuple[int, int, list[list[int]]]]] = [[] for _ in self.jobs]
        self.after: list[list[int]] = [[] for _ in self.jobs]
        for stream in problem.streams:
            self._connect(stream)
        for task in problem.tasks.values():  # jobs of one entry keep their order
            for number in range(1, len(task.ready)):
                one, two = (self.index[JobId(task.id, k)] for k in (number - 1, number))
                self.after[one].append(two)
                self.before[two].append((one, 0, [[0] * len(self.units)] * len(self.units)))
        self.counts = self._counts()

    def _times(self, job: JobId) -> list[tuple[int, int]]:
        """By unit: the length of a slot, and how long it keeps the core, at the chosen point."""
        found = [(FAR, FAR)] * len(self.units)
        for unit, number in self.units.items():
            load = self.problem.loads.get((job.entry, unit, self.choice.points[unit]))
            if load is not None:
                found[number] = (load.duration, load.occupancy)
        return found

    def _connect(self, stream: Stream) -> None:
        ways = [[0 if a == b else FAR for b in self.units] for a in self.units]
        for (source, target), path in stream.paths.items():
            ways[self.units[source]][self.units[target]] = sum(hop.duration for hop in path.hops)
        for use in stream.uses:
            if use.lag >= 0:
                one, two = self.index[JobId(stream.writer, use.value)], self.index[use.reader]
                self.before[two].append((one, use.lag, ways))
                self.after[one].append(two)

    def _counts(self) -> list[list[tuple[float, float]]]:
        """By job: what its end counts for, as (ticks to add, factor); of a makespan with what follows."""
        found: list[list[tuple[float, float]]] = [[] for _ in self.jobs]
        tails = self._tails() if self.goal.name == MAKESPAN else [0] * len(self.jobs)
        for span in self.goal.spans:
            number = self.index[span.job]
            add = tails[number] - span.since_ns / self.problem.tick_ns
            found[number].append((add, self.problem.tick_ns * self.goal.scale / span.per_ns))
        return found

    def _tails(self) -> list[int]:
        """The least time from each job's end to the end of all that waits for it."""
        tails = [0] * len(self.jobs)
        shortest = [min(time for time, _ in times) for times in self.times]
        order = [self.index[j] for j in in_order(self.problem, dict.fromkeys(self.jobs, 0.0))]
        for number in reversed(order):
            tails[number] = max((tails[n] + shortest[n] for n in self.after[number]), default=0)
        return tails

    def seats(self, component: str) -> Iterator[tuple[str, int]]:
        """Where a component may be at the chosen points."""
        for at in self.problem.options[component]:
            if at.point == self.choice.points[at.unit]:
                yield from ((at.unit, core) for core in range(self.problem.machines[at.unit].cores))


@dataclass(frozen=True)
class _Undo:
    """The first position that a step changed, and how to take it back."""

    since: int
    back: Callable[[], None]


class Annealing:
    """A walk over orders and seats that begins at ``table``."""

    def __init__(self, problem: Problem, goal: Goal, table: Table, seed: int) -> None:
        self.graph = _Graph(problem, table.choice, goal)
        self.random = Random(seed)
        graph = self.graph
        self.seat = [table.choice.seats[c] for c in problem.components]
        self.options = [list(graph.seats(c)) for c in problem.components]
        priority = {job: float(start) for job, start in table.starts.items()}
        self.order = [graph.index[job] for job in in_order(problem, priority)]
        self.place = [0] * len(self.order)
        for position, number in enumerate(self.order):
            self.place[number] = position
        self.unit = [graph.units[self.seat[c][0]] for c in graph.component]
        self.core = [self._core(c) for c in graph.component]
        self.ends = [0] * len(self.order)
        self.critical: list[int] = []
        self.states: list[tuple[list[int], float]] = []  # when cores are free, what the goal has come to

    def _core(self, component: int) -> int:
        unit, core = self.seat[component]
        if self.graph.problem.machines[unit].circuits:
            return len(self.graph.places) + component
        return self.graph.places[unit, core]

    def run(self, steps: int) -> tuple[Choice, Mapping[JobId, float]]:
        """The best placement and order of so many steps."""
        now = self._evaluate(0, inf)
        best, kept = now, (list(self.seat), list(self.order))
        first = max(now, 1.0)
        for step in range(steps):
            if step % REVIEW == 0:
                self.critical = self._chain()
            heat = first * HOT * (COLD / HOT) ** (step / steps)
            limit = now - heat * log(1.0 - self.random.random())
            states, ends = self.states, self.ends
            undo = self._reseat() if self.random.random() < RESEATED else self._move()
            if undo is None:
                continue
            value = self._evaluate(undo.since, limit)
            if value > limit:
                self.states, self.ends = states, ends
                undo.back()
                continue
            now = value
            if value < best:
                best, kept = value, (list(self.seat), list(self.order))
        return self._idea(*kept)

    def _picked(self) -> int:
        """A job, as often as not one of those that make the goal what it is."""
        if self.critical and self.random.random() < CRITICAL:
            return self.random.choice(self.critical)
        return self.random.randrange(len(self.order))

    def _chain(self) -> list[int]:
        """The jobs that end at the worst instant or make such a job wait, along one chain."""
        graph, unit, ends = self.graph, self.unit, self.ends
        last: dict[int, int] = {}
        earlier: dict[int, int] = {}
        for number in self.order:
            if self.core[number] in last:
                earlier[number] = last[self.core[number]]
            last[self.core[number]] = number
        counted = [(ends[n] + add) * factor for n, costs in enumerate(graph.counts) for add, factor in costs]
        owners = [n for n, costs in enumerate(graph.counts) for _ in costs]
        found, number = list[int](), owners[counted.index(max(counted))]
        while True:
            found.append(number)
            here = unit[number]
            begin = ends[number] - graph.times[number][here][0]
            comes = ((w, ends[w] + lag + ways[unit[w]][here]) for w, lag, ways in graph.before[number])
            waits = [writer for writer, instant in comes if instant == begin]
            if not waits and number in earlier:
                before = earlier[number]
                busy = graph.times[before][unit[before]]
                waits = [before] if ends[before] - busy[0] + busy[1] == begin else []
            if not waits:
                return found
            number = waits[0]

    def _reseat(self) -> _Undo | None:
        """Another seat for a component."""
        component = self.graph.component[self._picked()]
        old, new = self.seat[component], self.random.choice(self.options[component])
        if new == old:
            return None

        def put(seat: tuple[str, int]) -> None:
            self.seat[component] = seat
            core, unit = self._core(component), self.graph.units[seat[0]]
            for number in self.graph.owned[component]:
                self.unit[number], self.core[number] = unit, core

        put(new)
        return _Undo(min(self.place[n] for n in self.graph.owned[component]), lambda: put(old))

    def _move(self) -> _Undo | None:
        """Another position for a job, after all it waits for and before all that waits for it."""
        number = self._picked()
        here = self.place[number]
        low = max((self.place[n] for n, _, _ in self.graph.before[number]), default=-1) + 1
        high = min((self.place[n] for n in self.graph.after[number]), default=len(self.order)) - 1
        there = self.random.randint(low, high) if low < high else here
        if there == here:
            return None
        self._shift(here, there)
        return _Undo(min(here, there), lambda: self._shift(there, here))

    def _shift(self, here: int, there: int) -> None:
        self.order.insert(there, self.order.pop(here))
        for position in range(min(here, there), max(here, there) + 1):
            self.place[self.order[position]] = position

    def _evaluate(self, since: int, limit: float) -> float:
        """What the goal comes to, from position ``since`` on; soon infinite where that is above ``limit``."""
        graph, unit, core = self.graph, self.unit, self.core
        kept = since // EVERY
        if self.states:
            states = self.states[: kept + 1]
            free, worst = list(states[-1][0]), states[-1][1]
        else:
            kept, worst, free = 0, 0.0, [0] * (len(graph.places) + len(self.seat))
            states = [(list(free), worst)]
        ends = self.ends[:]
        for position in range(kept * EVERY, len(self.order)):
            if position % EVERY == 0 and position > kept * EVERY:
                states.append((list(free), worst))
            number = self.order[position]
            here = unit[number]
            begin = graph.ready[number]
            for writer, lag, ways in graph.before[number]:
                came = ends[writer] + lag + ways[unit[writer]][here]
                begin = came if came > begin else begin  # a call of max() takes twice as long
            start = free[core[number]]
            begin = start if start > begin else begin
            time, busy = graph.times[number][here]
            free[core[number]] = begin + busy
            ends[number] = begin + time
            for add, factor in graph.counts[number]:
                value = (begin + time + add) * factor
                if value > worst:
                    worst = value
                    if value > limit:
                        return inf
        self.states, self.ends = states, ends
        return worst

    def _idea(self, seats: list[tuple[str, int]], order: list[int]) -> tuple[Choice, Mapping[JobId, float]]:
        graph = self.graph
        choice = Choice(dict(zip(graph.problem.components, seats, strict=True)), graph.choice.points)
        return choice, {graph.jobs[number]: float(n) for n, number in enumerate(order)}
