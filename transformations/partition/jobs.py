"""When jobs run: effective periods, the hyperperiod, releases and deadlines, and what precedes what.

Everything here is in nanoseconds and follows from the model alone, never from a placement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import lcm
from typing import NamedTuple

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Element,
    Entry,
    OnData,
    Periodic,
    Port,
    Sporadic,
    System,
)

from ._text import ns

MAX_JOBS = 2000  # a longer table is no table any more


def problem_with(element: Element, rule: str, message: str, next_step: str) -> Diagnostic:
    """An error that points at ``element``."""
    return Diagnostic(
        severity=Severity.ERROR, rule=rule, message=message, next_step=next_step, source=element.source
    )


class JobId(NamedTuple):
    """Job number ``number`` (from 0) of an entry in the hyperperiod.

    A tuple, because tables of jobs are looked up so often that hashing is what a list scheduler spends most
    of its time on.
    """

    entry: str
    number: int


@dataclass(frozen=True)
class Timing:
    """When jobs of an entry are due: job k adds k * period to each instant of job 0.

    ``release_ns`` is the static activation that SAMPLE rules use, ``ready_ns`` the earliest start,
    ``deadline_ns`` the absolute deadline.  ``relative_ns`` is the deadline in the user's terms: counted from
    the release, or, for a sporadic entry, from an event just after the poll before (a period earlier).
    """

    entry: Entry
    component: str
    period_ns: int
    release_ns: int
    ready_ns: int
    deadline_ns: int
    relative_ns: int

    @property
    def span_ns(self) -> int:
        """From static release to absolute deadline: the default deadline of what this entry activates."""
        return self.deadline_ns - self.release_ns


@dataclass(frozen=True)
class Precedence:
    """``after`` starts (or commits) at least ``lag`` after ``before`` ends.

    A job commits at its end, which may come as early as its best-case execution time allows.
    """

    before: JobId
    after: JobId
    after_commit: bool
    lag: int


@dataclass(frozen=True)
class Use:
    """Job ``reader`` starts at least ``lag`` after value number ``value`` of a channel has arrived."""

    value: int
    reader: JobId
    lag: int


@dataclass(frozen=True)
class Timeline:
    """The jobs of one hyperperiod."""

    system: System
    hyperperiod_ns: int
    timings: Mapping[str, Timing]

    def count(self, entry: str) -> int:
        """Jobs of an entry in one hyperperiod."""
        return self.hyperperiod_ns // self.timings[entry].period_ns

    @property
    def jobs(self) -> Iterator[JobId]:
        """All jobs, by entry in model order, then by number."""
        return (JobId(e, k) for e in self.timings for k in range(self.count(e)))

    def wrap(self, entry: str, index: int) -> tuple[JobId, int]:
        """The table's job that stands for job ``index``, and the time to add to it."""
        rounds, number = divmod(index, self.count(entry))
        return JobId(entry, number), rounds * self.hyperperiod_ns

    @cached_property
    def streams(self) -> tuple[tuple[Channel, str, str], ...]:
        """All channels with the entries that write and read them."""
        return tuple((c, *ends_of(self.system, c)) for c in self.system.application.channels)


def timeline(system: System) -> Timeline:
    """Periods, releases and deadlines of all entries.

    Raises ``ModelError`` for inconsistent rates, cyclic queues and what a table cannot express.
    """
    for check in (_check_elements, _check_queues):
        check(system)
    timings: dict[str, Timing] = {}
    polled: list[Entry] = []  # sporadic entries and what these activate: their periods follow from the others
    for entry in _activation_order(system):
        if isinstance(entry.activation, Sporadic) or any(w in polled for w in _activators(system, entry)):
            polled.append(entry)
        else:
            timings[entry.id] = _timing(system, entry, timings, None)
    base = lcm(*(t.period_ns for t in timings.values())) if timings else None
    for entry in polled:
        timings[entry.id] = _timing(system, entry, timings, base)
    _check_rates(system, timings)
    hyperperiod = lcm(*(t.period_ns for t in timings.values())) if timings else 1
    line = Timeline(system, hyperperiod, {e.id: timings[e.id] for e in system.entries})
    _check_size(line)
    return line


def precedences(line: Timeline) -> Iterator[Precedence]:
    """What holds between jobs on every placement: data before use, queue capacity.

    That jobs of one entry keep their order depends on the unit (circuits are pipelined) and is not in here.
    """
    for channel, writer, reader in line.streams:
        for use in uses(line, channel, writer, reader):
            yield Precedence(JobId(writer, use.value), use.reader, False, use.lag)
            if channel.protocol is ChannelProtocol.QUEUE:
                later, shift = line.wrap(writer, use.value + channel.capacity)
                yield Precedence(use.reader, later, True, -shift)


def uses(line: Timeline, channel: Channel, writer: str, reader: str) -> Iterator[Use]:
    """Which values the reader's jobs wait for.

    A sample is there at the static release by its producer's deadline; only a reader that may start before
    that, as soon as its queues are full, has to wait for it.
    """
    if channel.protocol is ChannelProtocol.QUEUE:
        for number in range(line.count(writer)):
            yield Use(number, JobId(reader, number // channel.consume), 0)
    elif line.timings[reader].ready_ns < line.timings[reader].release_ns:
        for number in range(line.count(reader)):
            job, shift = line.wrap(writer, value_read(line, channel, writer, reader, number))
            yield Use(job.number, JobId(reader, number), shift)


def value_read(line: Timeline, channel: Channel, writer: str, reader: str, index: int) -> int:
    """The oldest value that job ``index`` of ``reader`` reads (below 0: one of an earlier round)."""
    if channel.protocol is ChannelProtocol.QUEUE:
        return index * channel.consume
    source, target = line.timings[writer], line.timings[reader]
    return (target.release_ns + index * target.period_ns - source.deadline_ns) // source.period_ns


# --- entries and channels -----------------------------------------------------------------------------------


def ends_of(system: System, channel: Channel) -> tuple[str, str]:
    """The entries that write and read a channel."""
    return _user(system, channel.source_port), _user(system, channel.target_port)


def _user(system: System, port: str) -> str:
    component = system.component_of(port)
    users = component.users_of(port)
    if len(users) != 1:
        element = system.element(Port, port)
        text = f"port {element.name!r} of {component.name!r} is used by {len(users)} of its"
        advice = "let exactly one entry name it in its ports"
        raise ModelError(
            problem_with(element, "port-user", f"{text} {len(component.entries)} entries", advice)
        )
    return users[0].id


def _check_elements(system: System) -> None:
    found: list[Diagnostic] = []
    for component in system.components:
        if component.replicas != 1:
            text = (
                f"component {component.name!r} asks for {component.replicas} replicas; a time table holds one"
            )
            found.append(problem_with(component, "replicas", text, "set replicas to 1"))
    for channel in system.application.channels:
        if channel.protocol is ChannelProtocol.CALL:
            text = f"channel {channel.name!r} is a CALL, which a time table cannot hold"
            found.append(problem_with(channel, "call-channel", text, "make it a QUEUE or a SAMPLE channel"))
        if channel.protocol is ChannelProtocol.QUEUE and channel.initial:
            text = f"queue {channel.name!r} starts with {len(channel.initial)} values; it has to start empty"
            found.append(
                problem_with(channel, "queue-initial", text, "remove them or make it a SAMPLE channel")
            )
        capacity, taken = channel.capacity, channel.consume
        if not 1 <= taken <= capacity:
            text = f"channel {channel.name!r} holds {capacity} values, its reader takes {taken}"
            found.append(problem_with(channel, "queue-capacity", text, "let capacity >= consume >= 1"))
    for entry in system.entries:
        period = _own_period(entry)
        if period is not None and period <= 0:
            text = f"entry {entry.name!r} has a period of {ns(period)}"
            found.append(problem_with(entry, "period", text, "give it a period above 0"))
    if found:
        raise ModelError(found)


def _own_period(entry: Entry) -> int | None:
    match entry.activation:
        case Periodic(period_ns=period) | Sporadic(min_interarrival_ns=period):
            return period
    return None


def _queue_inputs(system: System, entry: Entry) -> list[tuple[Channel, str]]:
    """The queues that ``entry`` reads, with the entries that fill them."""
    pairs = []
    for channel in system.application.channels:
        if channel.protocol is ChannelProtocol.QUEUE:
            writer, reader = ends_of(system, channel)
            if reader == entry.id:
                pairs.append((channel, writer))
    return pairs


def _activators(system: System, entry: Entry) -> list[Entry]:
    return [system.element(Entry, writer) for _, writer in _queue_inputs(system, entry)]


def _check_queues(system: System) -> None:
    missing = [
        problem_with(
            e,
            "activation",
            f"entry {e.name!r} is activated by data but reads no queue",
            "connect a QUEUE channel to it or give it a period",
        )
        for e in system.entries
        if isinstance(e.activation, OnData) and not _queue_inputs(system, e)
    ]
    if missing:
        raise ModelError(missing)


def _activation_order(system: System) -> list[Entry]:
    """Entries such that the writers of a queue come before its reader."""
    graph = {e.id: [writer.id for writer in _activators(system, e)] for e in system.entries}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle: list[str] = list(reversed(error.args[1]))
        names = " -> ".join(system.element(Entry, i).name or i for i in cycle)
        text = f"QUEUE channels form a cycle, so no job can ever start: {names}"
        where = system.element(Entry, cycle[0])
        raise ModelError(
            problem_with(where, "queue-cycle", text, "make one of them a SAMPLE channel")
        ) from None
    return [system.element(Entry, i) for i in order]


def _timing(system: System, entry: Entry, known: Mapping[str, Timing], base: int | None) -> Timing:
    owner = system.component_of(entry.id).id
    match entry.activation:
        case Periodic(period_ns=period, offset_ns=offset, jitter_ns=jitter):
            relative = period if entry.deadline_ns is None else entry.deadline_ns
            return Timing(entry, owner, period, offset, offset + jitter, offset + relative, relative)
        case Sporadic(min_interarrival_ns=gap):
            relative = gap if entry.deadline_ns is None else entry.deadline_ns
            period = _polling_period(entry, base, min(gap, relative // 2))
            return Timing(entry, owner, period, 0, 0, relative - period, relative)
        case OnData():
            return _data_driven(system, entry, owner, known)
    raise AssertionError(f"unknown activation {entry.activation!r}")


def _data_driven(system: System, entry: Entry, owner: str, known: Mapping[str, Timing]) -> Timing:
    inputs = [(c, known[writer]) for c, writer in _queue_inputs(system, entry)]
    periods = {t.period_ns * c.consume for c, t in inputs}
    if len(periods) != 1:
        rates = ", ".join(f"{c.name!r} every {ns(t.period_ns * c.consume)}" for c, t in inputs)
        text = f"the queues of entry {entry.name!r} are filled at different rates: {rates}"
        raise ModelError(problem_with(entry, "rates", text, "make period x consume the same for all of them"))
    complete = [(c.consume - 1) * t.period_ns for c, t in inputs]
    release = max(t.deadline_ns + last for (_, t), last in zip(inputs, complete, strict=True))
    ready = max(t.ready_ns + last for (_, t), last in zip(inputs, complete, strict=True))
    relative = min(t.span_ns for _, t in inputs) if entry.deadline_ns is None else entry.deadline_ns
    return Timing(entry, owner, periods.pop(), release, ready, release + relative, relative)


def _check_rates(system: System, timings: Mapping[str, Timing]) -> None:
    found = []
    for channel in system.application.channels:
        if channel.protocol is not ChannelProtocol.QUEUE:
            continue
        writer, reader = (timings[e] for e in ends_of(system, channel))
        offered = writer.period_ns * channel.consume
        if offered != reader.period_ns:
            text = (
                f"queue {channel.name!r} gets {channel.consume} values every {ns(offered)} from"
                f" {writer.entry.name!r}, but {reader.entry.name!r} takes them every {ns(reader.period_ns)}"
            )
            advice = "make the rates equal, set `consume`, or make it a SAMPLE channel"
            found.append(problem_with(channel, "rates", text, advice))
    if found:
        raise ModelError(found)


def _check_size(line: Timeline) -> None:
    total = sum(line.count(e) for e in line.timings)
    if total > MAX_JOBS:
        text = f"the hyperperiod of {ns(line.hyperperiod_ns)} has {total} jobs; a time table holds {MAX_JOBS}"
        raise ModelError(
            problem_with(line.system, "table-size", text, "make the periods multiples of each other")
        )


# --- sporadic entries ---------------------------------------------------------------------------------------


def _polling_period(entry: Entry, base: int | None, limit: int) -> int:
    """The largest period up to ``limit`` that divides ``base``, the hyperperiod of what no event activates.

    ``limit`` is half the deadline, or the least time between events: a poll is due the deadline less one
    period after its release, so an event just after a poll is answered in time by the next.
    """
    if limit > 0:
        if base is None:
            return limit
        for polls in range(-(-base // limit), MAX_JOBS + 1):
            if base % polls == 0:
                return base // polls
    text = f"sporadic entry {entry.name!r} has to be polled every {ns(max(limit, 0))} or more often"
    if base is not None:
        text += f", which no division of {ns(base)} into at most {MAX_JOBS} equal parts gives"
    raise ModelError(problem_with(entry, "polling", text, "lengthen its deadline"))
