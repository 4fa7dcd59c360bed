"""Whose turn it is: the order of the jobs of entries that share state.

State passes from job to job, so what a system computes would depend on speed if the jobs of two entries that
share it could run in either order.  They run in the order of their *turns*: the instant at which a job and
all jobs that feed it through queues are released; of equal instants in the model's order of the entries, each
after those that feed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import NamedTuple

from aicompiler.metamodels.system import ChannelProtocol

from .jobs import JobId, Precedence, Timeline


class Turn(NamedTuple):
    """Turns of entries that share state compare as tuples; no two are equal."""

    instant_ns: int
    place: int


@dataclass(frozen=True)
class Turns:
    """The order of the jobs of each component whose entries share state."""

    line: Timeline

    @cached_property
    def sharing(self) -> tuple[tuple[str, ...], ...]:
        """The entries of each component with state, or through which a flow goes without a channel."""
        system = self.line.system
        joined = {(writer, reader) for _, writer, reader in self.line.streams}
        steps = {step for flow in system.application.flows for step in pairwise(flow.entries)} - joined
        found = []
        for component in system.components:
            entries = tuple(e.id for e in component.entries)
            passed = any(a in entries and b in entries for a, b in steps)
            if len(entries) > 1 and (component.attributes or passed):
                found.append(entries)
        return tuple(found)

    def partners(self, entry: str) -> tuple[str, ...]:
        """The entries that ``entry`` takes turns with, itself among them; none where nothing is shared."""
        return next((entries for entries in self.sharing if entry in entries), ())

    def turn(self, entry: str, index: int) -> Turn:
        """The turn of job ``index``, counted through all rounds."""
        first = self._first[entry]
        return first._replace(instant_ns=first.instant_ns + index * self.line.timings[entry].period_ns)

    def before(self, entry: str, turn: Turn) -> int:
        """The number of the last job of ``entry`` whose turn is before ``turn``."""
        first = self._first[entry]
        index = (turn.instant_ns - first.instant_ns) // self.line.timings[entry].period_ns
        return index if self.turn(entry, index) < turn else index - 1

    def edges(self) -> Iterator[Precedence]:
        """Each job starts after the end of the one before it, also from round to round."""
        period = self.line.hyperperiod_ns
        for entries in self.sharing:
            order = []
            for job in (JobId(e, k) for e in entries for k in range(self.line.count(e))):
                rounds, instant = divmod(self.turn(*job).instant_ns, period)
                order.append((self.turn(*job)._replace(instant_ns=instant), job, rounds))
            order.sort()
            first, last = order[0], order[-1]
            for (_, before, earlier), (_, after, later) in pairwise(order):
                yield Precedence(before, after, False, (later - earlier) * period)
            yield Precedence(last[1], first[1], False, (first[2] - last[2] - 1) * period)

    @cached_property
    def _first(self) -> Mapping[str, Turn]:
        """The turn of job 0 of each entry."""
        timings = self.line.timings
        instants: dict[str, int] = {}
        for entry in TopologicalSorter({e: tuple(fed) for e, fed in self._fed.items()}).static_order():
            fed = (instants[writer] + later for writer, later in self._fed[entry].items())
            instants[entry] = max([timings[entry].release_ns, *fed])
        places = {e: number for entries in self.sharing for number, e in enumerate(self._ranked(entries))}
        return {e: Turn(instant, places.get(e, 0)) for e, instant in instants.items()}

    @cached_property
    def _fed(self) -> Mapping[str, Mapping[str, int]]:
        """By entry: who fills its queues, and how long after its first value a job has the last one."""
        found: dict[str, dict[str, int]] = {e: {} for e in self.line.timings}
        for channel, writer, reader in self.line.streams:
            if channel.protocol is ChannelProtocol.QUEUE:
                found[reader][writer] = (channel.consume - 1) * self.line.timings[writer].period_ns
        return found

    def _ranked(self, entries: tuple[str, ...]) -> list[str]:
        """Entries in model order, each right after those that feed it, of which the least fed come first."""
        reached = {e: self._feeders(e) for e in entries}
        feeders = {e: [f for f in entries if f in reached[e]] for e in entries}
        ranked: dict[str, None] = {}
        for entry in entries:
            ranked.update(dict.fromkeys(sorted(feeders[entry], key=lambda f: len(feeders[f]))))
            ranked[entry] = None
        return list(ranked)

    def _feeders(self, entry: str) -> set[str]:
        """Who fills the queues of an entry, directly or through others."""
        found: set[str] = set()
        waiting = [entry]
        while waiting:
            fresh = self._fed[waiting.pop()].keys() - found
            found |= fresh
            waiting += fresh
        return found
