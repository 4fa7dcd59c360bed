"""Time tables: a list scheduler with insertion, modulo the hyperperiod, and what a finished table holds."""

from __future__ import annotations

import heapq
from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .jobs import JobId, Precedence
from .problem import Choice, Load, Path, Problem, Reason, Stream, broken_limits, ends_in, keys_of, total

Resource = tuple[str, str]  # (unit, core), (unit, component) for circuits, ("", link)
Transfer = tuple[str, int, int]  # stream, number of the value, hop


@dataclass(frozen=True)
class Table:
    """A complete time table in ticks: the start of every job and of every transfer."""

    choice: Choice
    starts: Mapping[JobId, int]
    transfers: Mapping[Transfer, int]
    energy_fj: int


@dataclass(frozen=True)
class Miss:
    """Why a placement gives no table: ``job`` ends at ``end`` (None: it has no place) against ``latest``."""

    reason: Reason | None
    job: JobId | None = None
    end: int | None = None
    latest: int | None = None


class Calendar:
    """Busy intervals of one resource, modulo ``period``."""

    def __init__(self, period: int) -> None:
        self.period = period
        self._busy: list[tuple[int, int]] = []  # disjoint, sorted, within [0, period)

    def fit(self, earliest: int, duration: int) -> int | None:
        """The first start from ``earliest`` on at which the resource is free for ``duration``."""
        start = earliest
        while duration <= self.period and start < earliest + self.period:
            clear = self._clash(start % self.period, duration)
            if clear == 0:
                return start
            start += clear
        return None

    def _clash(self, at: int, duration: int) -> int:
        """0 where [at, at + duration) is free, else the distance to the end of what is in the way."""
        index = bisect_right(self._busy, (at, self.period + 1))
        if index and self._busy[index - 1][1] > at:
            return self._busy[index - 1][1] - at
        if index < len(self._busy) and self._busy[index][0] < at + duration:
            return self._busy[index][1] - at
        if self._busy and at + duration > self.period and self._busy[0][0] < at + duration - self.period:
            return self._busy[0][1] + self.period - at
        return 0

    def book(self, start: int, duration: int) -> None:
        """Mark [start, start + duration) busy."""
        for piece in self._pieces(start, duration):
            insort(self._busy, piece)

    def cancel(self, start: int, duration: int) -> None:
        """Undo ``book``."""
        for piece in self._pieces(start, duration):
            self._busy.remove(piece)

    def _pieces(self, start: int, duration: int) -> Iterator[tuple[int, int]]:
        at = start % self.period
        if at + duration > self.period:
            yield 0, at + duration - self.period
        if duration:
            yield at, min(at + duration, self.period)


@dataclass
class Scheduler:
    """A table in the making; ``place`` adds a job at its earliest start, ``undo`` takes the last one back."""

    problem: Problem
    choice: Choice
    starts: dict[JobId, int] = field(default_factory=dict)
    transfers: dict[Transfer, int] = field(default_factory=dict)
    _calendars: dict[Resource, Calendar] = field(default_factory=dict)
    _log: list[tuple[JobId, list[tuple[Transfer, Resource, int]], Resource, int]] = field(
        default_factory=list
    )

    def end(self, job: JobId) -> int:
        """The end of a placed job."""
        return self.starts[job] + self.problem.load(job.entry, self.choice).duration

    def place(self, job: JobId) -> Miss | None:
        """Book ``job`` and the transfers it needs; where that fails, nothing is booked."""
        load = self.problem.load(job.entry, self.choice)
        sent: list[tuple[Transfer, Resource, int]] = []
        arrival = self._receive(job, sent)
        miss: Miss | None = Miss(None, job)
        if arrival is not None:
            lower, upper = self._window(job, load)
            resource = self._resource(job)
            start = self._calendar(resource).fit(max(lower, arrival), load.occupancy)
            miss = self._judge(job, start, upper, load.duration)
            if start is not None and miss is None:
                self.starts[job] = start
                self._calendar(resource).book(start, load.occupancy)
                self._log.append((job, sent, resource, load.occupancy))
                miss = self._send(job, sent)
                if miss is not None:
                    self.undo()
                return miss
        self._cancel(sent)
        return miss

    def undo(self) -> None:
        """Take back the last job placed."""
        job, sent, resource, occupancy = self._log.pop()
        self._calendar(resource).cancel(self.starts.pop(job), occupancy)
        self._cancel(sent)

    def _judge(self, job: JobId, start: int | None, upper: int | None, duration: int) -> Miss | None:
        if start is None or (upper is not None and start > upper):
            return Miss(None, job)
        latest = self.problem.latest[job]
        if start + duration <= latest:
            return None
        reason = next(b.reason for b in self.problem.bounds if b.job == job and b.latest == latest)
        return Miss(reason, job, start + duration, latest)

    def _window(self, job: JobId, load: Load) -> tuple[int, int | None]:
        """Earliest and latest start as the jobs placed so far leave it."""
        lower, uppers = self.problem.ready(job), []
        for edge in self.problem.edges_of.get(job, ()):
            if edge.after == job and edge.before in self.starts:
                own = load.shortest if edge.after_commit else 0
                lower = max(lower, self.end(edge.before) + edge.lag - own)
            elif edge.before == job and edge.after in self.starts:
                uppers.append(self._reached(edge) - edge.lag - load.duration)
        for step, other in self._neighbours(job):
            if step < 0:
                lower = max(lower, other + load.occupancy)
            else:
                uppers.append(other - load.occupancy)
        return lower, min(uppers, default=None)

    def _neighbours(self, job: JobId) -> Iterator[tuple[int, int]]:
        """Starts of the jobs before (-1) and after (1) in the entry's order, where they are placed."""
        count = len(self.problem.tasks[job.entry].ready)
        for step in (-1, 1):
            rounds, number = divmod(job.number + step, count)
            other = self.starts.get(JobId(job.entry, number))
            if number != job.number and other is not None:
                yield step, other + rounds * self.problem.hyperperiod

    def _reached(self, edge: Precedence) -> int:
        shortest = self.problem.load(edge.after.entry, self.choice).shortest
        return self.starts[edge.after] + (shortest if edge.after_commit else 0)

    def _receive(self, job: JobId, sent: list[tuple[Transfer, Resource, int]]) -> int | None:
        """Book what brings the job's queue values; when all its values are there, None if there is no way."""
        earliest = 0
        for stream, use in self.problem.inputs_of.get(job, ()):
            if JobId(stream.writer, use.value) in self.starts:
                came = (
                    self._arrival(stream, use.value) if stream.due else self._carry(stream, use.value, sent)
                )
                if came is None:
                    return None
                earliest = max(earliest, came + use.lag)
        return earliest

    def _send(self, job: JobId, sent: list[tuple[Transfer, Resource, int]]) -> Miss | None:
        """Book what brings the job's samples to readers elsewhere before they may be read."""
        for stream in self.problem.samples_of.get(job.entry, ()):
            if self._known(stream):
                came = self._carry(stream, job.number, sent)
                if came is None or came > stream.due[job.number]:
                    return Miss(stream.reason, job, came, stream.due[job.number])
                for use in stream.uses:
                    start = self.starts.get(use.reader)
                    if use.value == job.number and start is not None and came + use.lag > start:
                        return Miss(None, use.reader)
        return None

    def _arrival(self, stream: Stream, value: int) -> int:
        """When a value that was sent earlier arrives; its producer's end where it stays on the unit."""
        path = self._path(stream)
        last = len(path.hops) - 1 if path else -1
        start = self.transfers.get((stream.id, value, last))
        end = self.end(JobId(stream.writer, value))
        return end if start is None or path is None else start + path.hops[last].duration

    def _known(self, stream: Stream) -> bool:
        return ends_in(self.problem, stream, self.choice) is not None

    def _carry(self, stream: Stream, value: int, sent: list[tuple[Transfer, Resource, int]]) -> int | None:
        instant = self.end(JobId(stream.writer, value))
        path = self._path(stream)
        if path is None:
            return None
        for number, hop in enumerate(path.hops):
            link = ("", hop.link)
            earliest, latest = self._between((stream.id, value, number), stream.values, hop.duration)
            start = self._calendar(link).fit(max(instant, earliest), hop.duration)
            if start is None or (latest is not None and start > latest):
                return None
            self._calendar(link).book(start, hop.duration)
            self.transfers[stream.id, value, number] = start
            sent.append(((stream.id, value, number), link, hop.duration))
            instant = start + hop.duration
        return instant

    def _between(self, transfer: Transfer, values: int, duration: int) -> tuple[int, int | None]:
        """Earliest and latest start of a transfer that keep a channel's values in order on the link."""
        stream, value, hop = transfer
        earliest, latest = 0, None
        for step in (-1, 1):
            rounds, number = divmod(value + step, values)
            other = self.transfers.get((stream, number, hop))
            if number != value and other is not None:
                shifted = other + rounds * self.problem.hyperperiod
                if step < 0:
                    earliest = shifted + duration
                else:
                    latest = shifted - duration
        return earliest, latest

    def _path(self, stream: Stream) -> Path | None:
        ends = ends_in(self.problem, stream, self.choice)
        assert ends is not None
        return Path(()) if ends[0] == ends[1] else stream.paths.get(ends)

    def _cancel(self, sent: list[tuple[Transfer, Resource, int]]) -> None:
        for transfer, link, duration in sent:
            self._calendar(link).cancel(self.transfers.pop(transfer), duration)

    def _resource(self, job: JobId) -> Resource:
        component = self.problem.tasks[job.entry].component
        unit, core = self.choice.seats[component]
        return (unit, component if self.problem.machines[unit].circuits else str(core))

    def _calendar(self, resource: Resource) -> Calendar:
        return self._calendars.setdefault(resource, Calendar(self.problem.hyperperiod))


def decode(problem: Problem, choice: Choice, priority: Mapping[JobId, float]) -> Table | Miss:
    """The table of a complete placement, jobs taken in the order of ``priority`` (least first)."""
    for broken in broken_limits(problem, choice):
        return Miss(broken.reason)
    scheduler = Scheduler(problem, choice)
    for job in in_order(problem, priority):
        miss = scheduler.place(job)
        if miss is not None:
            return miss
    return Table(choice, scheduler.starts, scheduler.transfers, energy_of(problem, choice))


def energy_of(problem: Problem, choice: Choice) -> int:
    """Energy of one hyperperiod in fJ."""
    return total(problem.energy, frozenset(keys_of(problem, choice)))


def in_order(problem: Problem, priority: Mapping[JobId, float]) -> Iterator[JobId]:
    """All jobs, each after those it depends on, else the least priority first (ties by id)."""
    after = problem.successors
    waiting = dict.fromkeys(problem.jobs, 0)
    for job in (s for jobs in after.values() for s in jobs):
        waiting[job] += 1
    heap = [(priority[job], job) for job, count in waiting.items() if count == 0]
    heapq.heapify(heap)
    while heap:
        _, job = heapq.heappop(heap)
        yield job
        for successor in after[job]:
            waiting[successor] -= 1
            if waiting[successor] == 0:
                heapq.heappush(heap, (priority[successor], successor))
