"""Executes a time table for many rounds, naively: an oracle for the checks that shares no code with them.

Every job and transfer of every round is an instance with absolute times; rules are read off
docs/reference/semantics.md by looking at all pairs and all values, never by arithmetic on one round.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations, pairwise
from math import lcm
from typing import Any

from aicompiler.metamodels.system import ChannelProtocol, FlowBound, Periodic, UnitKind


@dataclass(frozen=True)
class Instance:
    """One job on one unit, or one transfer over one link, in one round."""

    what: str
    number: int
    where: Any
    start: int
    end: int


@dataclass(eq=False)
class Execution:
    """What ``rounds`` of a deployment's table do."""

    case: Any
    rounds: int = 14
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        system = self.case.system
        self.entry = {e.id: e for c in system.components for e in c.entries}
        of_port = {p.id: c.entries[0].id for c in system.components for p in c.ports}
        self.wires = [
            (c, of_port[c.source_port], of_port[c.target_port]) for c in system.application.channels
        ]
        self.home = {self.owner(p.component): p.unit for p in reversed(self.case.deployment.placements)}
        self._look()

    def owner(self, component: str) -> str:
        """The entry of a component."""
        return next(c.entries[0].id for c in self.case.system.components if c.id == component)

    # --- static times ---

    @cache  # noqa: B019  (one execution is short-lived)
    def times(self, entry: str) -> tuple[int, int, int]:
        """Period, first release, first deadline."""
        activation, deadline = self.entry[entry].activation, self.entry[entry].deadline_ns
        if isinstance(activation, Periodic):
            relative = activation.period_ns if deadline is None else deadline
            return activation.period_ns, activation.offset_ns, activation.offset_ns + relative
        sources = [(self.times(p), c.consume) for c, p, r in self.wires if r == entry and self.is_queue(c)]
        period = sources[0][0][0] * sources[0][1]
        release = max(due + (consume - 1) * p for (p, _, due), consume in sources)
        relative = min(due - first for (_, first, due), _ in sources) if deadline is None else deadline
        return period, release, release + relative

    def release(self, entry: str, number: int) -> int:
        """Static release of a job."""
        return self.times(entry)[1] + number * self.times(entry)[0]

    def due(self, entry: str, number: int) -> int:
        """Absolute deadline of a job."""
        return self.times(entry)[2] + number * self.times(entry)[0]

    @staticmethod
    def is_queue(channel: Any) -> bool:
        """Whether values are consumed."""
        return channel.protocol is ChannelProtocol.QUEUE

    @cached_property
    def length(self) -> int:
        """The hyperperiod."""
        return lcm(*(self.times(e)[0] for e in self.entry))

    # --- instances ---

    @cached_property
    def jobs(self) -> list[Instance]:
        """Every job of every round."""
        result = []
        for turn in range(self.rounds):
            for s in self.case.deployment.jobs:
                number = s.job + turn * (self.length // self.times(s.entry)[0])
                result.append(self._shifted(s.entry, number, (s.unit, s.core), s, turn))
        return sorted(result, key=lambda i: (i.what, i.where, i.number))

    @cached_property
    def transfers(self) -> list[Instance]:
        """Every transfer of every round."""
        result = []
        producer = {c.id: p for c, p, _ in self.wires}
        for turn in range(self.rounds):
            for t in self.case.deployment.transfers:
                number = t.job + turn * (self.length // self.times(producer[t.channel])[0])
                result.append(self._shifted(t.channel, number, (t.hop, t.link), t, turn))
        return result

    def _shifted(self, what: str, number: int, where: Any, slot: Any, turn: int) -> Instance:
        shift = turn * self.length
        return Instance(what, number, where, slot.start_ns + shift, slot.end_ns + shift)

    @cached_property
    def at(self) -> dict[tuple[str, int], Instance]:
        """Jobs on the first replica's unit."""
        return {(i.what, i.number): i for i in self.jobs if i.where[0] == self.home[i.what]}

    @cached_property
    def there(self) -> dict[tuple[str, int], int]:
        """When each value is at its reader."""
        arrivals = {(c.id, n): i.end for c, p, _ in self.wires for (e, n), i in self.at.items() if e == p}
        for i in self.transfers:
            arrivals[i.what, i.number] = max(arrivals[i.what, i.number], i.end)
        return arrivals

    # --- looking for violations ---

    def _look(self) -> None:
        self._windows()
        self._exclusion()
        self._order()
        for channel, producer, reader in self.wires:
            if self.is_queue(channel):
                self._queue(channel, producer, reader)
            else:
                self._sample(channel, producer, reader)
        for flow in self.case.system.application.flows:
            value = self.observed(flow)
            if flow.deadline_ns is not None and value > flow.deadline_ns:
                self.violations.append(f"flow {flow.id}: {value}")

    def _windows(self) -> None:
        for i in self.jobs:
            on_data = not isinstance(self.entry[i.what].activation, Periodic)
            earliest = 0 if on_data else self.release(i.what, i.number)
            if i.start < earliest or i.end > self.due(i.what, i.number):
                self.violations.append(f"window of {i}")

    def _exclusion(self) -> None:
        kinds = {u.id: u.kind for u in self.case.system.units}
        shared = [i for i in self.jobs if kinds[i.where[0]] is not UnitKind.FPGA]
        by_place: dict[Any, list[Instance]] = {}
        for i in shared:
            by_place.setdefault(i.where, []).append(i)
        for i in self.transfers:
            by_place.setdefault(i.where[1], []).append(i)
        for instances in by_place.values():
            for a, b in combinations(instances, 2):
                if a.start < b.end and b.start < a.end:
                    self.violations.append(f"{a} and {b} at once")

    def _order(self) -> None:
        kinds = {u.id: u.kind for u in self.case.system.units}
        rows = {(c.entry, c.unit): c for c in self.case.costs.costs if c.operating_point.endswith("fast")}
        for a, b in pairwise(self.jobs):
            if (a.what, a.where) == (b.what, b.where):
                interval = rows[a.what, a.where[0]].interval_ns
                free = a.start + interval if kinds[a.where[0]] is UnitKind.FPGA else a.end
                if b.start < free:
                    self.violations.append(f"{b} too soon after {a}")
        crossing: dict[Any, list[Instance]] = {}
        for i in self.transfers:
            crossing.setdefault((i.what, i.number), []).append(i)
            if i.where[0] == 0:
                producer = next(p for c, p, _ in self.wires if c.id == i.what)
                if i.start < self.at[producer, i.number].end:
                    self.violations.append(f"{i} before its value")
        for hops in crossing.values():
            ordered = sorted(hops, key=lambda i: i.where)
            if any(b.start < a.end for a, b in pairwise(ordered)):
                self.violations.append(f"hops of {ordered}")
        for a in self.transfers:
            for b in self.transfers:
                if (a.what, a.where, a.number + 1) == (b.what, b.where, b.number) and b.start < a.start:
                    self.violations.append(f"{b} overtakes {a}")

    def _queue(self, channel: Any, producer: str, reader: str) -> None:
        consumed = {}
        for (entry, number), i in self.at.items():
            if entry == reader:
                for value in range(number * channel.consume, (number + 1) * channel.consume):
                    consumed[value] = i.end
                    if i.start < self.there[channel.id, value]:
                        self.violations.append(f"{i} before value {value}")
        commits = {n: i.end for (entry, n), i in self.at.items() if entry == producer}
        for now in commits.values():
            held = [n for n, at in commits.items() if at <= now and consumed[n] > now]
            if len(held) > channel.capacity:
                self.violations.append(f"{channel.id} holds {held}")

    def _sample(self, channel: Any, producer: str, reader: str) -> None:
        for (what, number), arrival in self.there.items():
            if what == channel.id and arrival > self.due(producer, number):
                self.violations.append(f"value {number} of {what} is late")
        for (entry, number), i in self.at.items():
            value = self.sampled(producer, self.release(reader, number)) if entry == reader else None
            beyond = (channel.id, value) not in self.there  # of a round that is not executed
            if value is not None and not beyond and self.there[channel.id, value] > i.start:
                self.violations.append(f"{i} before sample {value}")

    def sampled(self, producer: str, instant: int) -> int | None:
        """The last job of the producer that is due by then, found by looking at one after the other."""
        found = None
        while self.due(producer, 0 if found is None else found + 1) <= instant:
            found = 0 if found is None else found + 1
        return found

    # --- flows: which job of the first entry does a job of the last one reflect? ---

    def token(self, path: tuple[str, ...], number: int) -> tuple[int, int] | None:
        """The newest and the oldest job of the first entry that this job of the last one rests on."""
        if len(path) == 1:
            return number, number
        producer, reader = path[-2:]
        channel = next(c for c, p, r in self.wires if (p, r) == (producer, reader))
        if self.is_queue(channel):
            values = range(number * channel.consume, (number + 1) * channel.consume)
            tokens = [self.token(path[:-1], v) for v in values]
        else:
            value = self.sampled(producer, self.release(reader, number))
            tokens = [None if value is None else self.token(path[:-1], value)]
        known = [t for t in tokens if t is not None]
        return (max(t[0] for t in known), min(t[1] for t in known)) if known else None

    def observed(self, flow: Any) -> int:
        """Largest reaction time or data age that the execution shows."""
        first, last = flow.entries[0], flow.entries[-1]
        ends: dict[int, int] = {}
        for i in self.jobs:
            if i.what == last:
                ends[i.number] = max(ends.get(i.number, 0), i.end)
        tokens = {n: self.token(flow.entries, n) for n in ends}
        if flow.bound is FlowBound.DATA_AGE:
            return max(ends[n] - self.release(first, t[1]) for n, t in tokens.items() if t is not None)
        newest = max(t[0] for t in tokens.values() if t is not None)
        reactions = []
        for job in range(newest + 1):
            response = min(ends[n] for n, t in tokens.items() if t is not None and t[0] >= job)
            reactions.append(response - max(self.release(first, job - 1), 0))
        return max(reactions)
