"""When jobs are released and due, and which value a job reads (docs/reference/semantics.md), in integers.

Job ``k`` of an entry is released at ``release_ns + k * period_ns`` and due at ``due_ns + k * period_ns``.
For an ``OnData`` entry the static release is the latest deadline of the jobs that deliver its values: the
instant that the SAMPLE rule uses, since data may arrive earlier but never later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm

from aicompiler.metamodels.system import Channel, ChannelProtocol, Entry, OnData, Periodic, Sporadic

MOST_POLLS = 1_000_000
"""A table of more polls than that is not judged: looking for their number must end."""


@dataclass(frozen=True)
class Wire:
    """A channel with the entries at its ends and the size of a value."""

    channel: Channel
    producer: Entry
    reader: Entry
    size: int

    @property
    def is_queue(self) -> bool:
        """Whether each value is consumed, in order."""
        return self.channel.protocol is ChannelProtocol.QUEUE

    @property
    def is_sample(self) -> bool:
        """Whether jobs read the last value that is due."""
        return self.channel.protocol is ChannelProtocol.SAMPLE


@dataclass(frozen=True)
class Timing:
    """The static times of an entry, in nanoseconds; ``jitter_ns`` is how late a release may come."""

    period_ns: int
    release_ns: int
    due_ns: int
    jitter_ns: int = 0
    on_data: bool = False

    def release(self, job: int) -> int:
        """The static release of a job."""
        return self.release_ns + job * self.period_ns

    def due(self, job: int) -> int:
        """The absolute deadline of a job."""
        return self.due_ns + job * self.period_ns


@dataclass
class Timings:
    """The timing of each entry that has one, and what is wrong with the others (entry id, sentence)."""

    known: dict[str, Timing] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def hyperperiod_ns(self) -> int:
        """The least common multiple of the effective periods; 0 if no entry has one."""
        return lcm(*(t.period_ns for t in self.known.values())) if self.known else 0


def timings_of(entries: Sequence[Entry], wires: Iterable[Wire]) -> Timings:
    """Derive all timings along QUEUE channels: of periodic entries first, then of what is polled."""
    result = Timings()
    inputs: dict[str, list[Wire]] = {}
    outputs: dict[str, list[Wire]] = {}
    for wire in wires:
        if wire.is_queue:
            inputs.setdefault(wire.reader.id, []).append(wire)
            outputs.setdefault(wire.producer.id, []).append(wire)
    on_data = {e.id: e for e in entries if isinstance(e.activation, OnData)}
    sporadic = [e for e in entries if isinstance(e.activation, Sporadic)]
    ready = [e for e in entries if e.id not in on_data and e not in sporadic]
    pace = 0
    while ready or sporadic:
        if not ready:  # all that does not wait for a sporadic entry has its period
            pace, ready, sporadic = result.hyperperiod_ns, sporadic, []
        entry = ready.pop()
        if entry.id in on_data:
            _enter(result, entry, _on_data(entry, inputs.get(entry.id, []), result.known))
        else:
            _enter(result, entry, _timed(entry, pace))
        for reader in dict.fromkeys(w.reader.id for w in outputs.get(entry.id, [])):
            if reader in on_data and reader not in result.known and _is_ready(inputs[reader], result.known):
                ready.append(on_data[reader])
    told = {entry for entry, _ in result.problems}
    for id_ in on_data:
        if id_ not in result.known and id_ not in told:
            result.problems.append((id_, _why_never(inputs.get(id_, []))))
    return result


def sample_index(producer: Timing, release: int) -> int:
    """The number of the value that a SAMPLE reader released then reads; negative: the initial one."""
    return (release - producer.due_ns) // producer.period_ns


def _enter(result: Timings, entry: Entry, timing: Timing | str) -> None:
    if isinstance(timing, str):
        result.problems.append((entry.id, timing))
    else:
        result.known[entry.id] = timing


def _timed(entry: Entry, pace: int) -> Timing | str:
    """The timing of an entry that time releases; ``pace`` is the hyperperiod of what no event activates."""
    match entry.activation:
        case Periodic(period_ns=period, offset_ns=offset, jitter_ns=jitter):
            deadline = period if entry.deadline_ns is None else entry.deadline_ns
        case Sporadic(min_interarrival_ns=gap):
            within = gap if entry.deadline_ns is None else entry.deadline_ns
            period, offset, jitter = _poll(gap, within, pace), 0, 0
            if not period:
                return f"cannot be polled: min({gap}, {within} / 2) ns holds no whole part of {pace} ns"
            deadline = within - period
        case other:
            return f"has an activation of unknown kind {type(other).__name__}"
    if period <= 0:
        return f"has a period of {period} ns, which must be positive"
    if offset < 0 or jitter < 0:
        return f"has an offset of {offset} ns and a jitter of {jitter} ns, which must not be negative"
    if deadline <= 0:
        return f"has a deadline of {deadline} ns, which must be positive"
    return Timing(period, offset, offset + deadline, jitter)


def _poll(gap: int, within: int, pace: int) -> int:
    """The longest polling period that divides ``pace``, is no longer than ``gap`` and half of ``within``.

    Then an event that just misses a poll waits for one period, and the next poll has ``within`` less that
    period to answer.  0 if there is none; without a pace there is nothing to divide.
    """
    longest = min(gap, within // 2)
    if longest <= 0:
        return 0
    if pace == 0:
        return longest
    fewest = -(-pace // longest)
    parts = next((n for n in range(fewest, max(fewest, MOST_POLLS) + 1) if pace % n == 0), 0)
    return pace // parts if parts else 0


def _on_data(entry: Entry, inputs: list[Wire], known: Mapping[str, Timing]) -> Timing | str:
    """Rate, latest arrival and deadline follow from the producers (the tightest where several differ)."""
    if bad := [w for w in inputs if w.channel.consume < 1]:
        return f"consumes {bad[0].channel.consume} values a job from channel {bad[0].channel.id!r}"
    periods = {w.channel.id: known[w.producer.id].period_ns * w.channel.consume for w in inputs}
    if len(set(periods.values())) > 1:
        rates = ", ".join(f"{p} ns from {c!r}" for c, p in sorted(periods.items()))
        return f"gets data at different rates: {rates}"
    period = next(iter(periods.values()))
    producers = [known[w.producer.id] for w in inputs]
    release = max(p.due(w.channel.consume - 1) for p, w in zip(producers, inputs, strict=True))
    default = min(p.due_ns - p.release_ns for p in producers)
    deadline = default if entry.deadline_ns is None else entry.deadline_ns
    if deadline <= 0:
        return f"has a deadline of {deadline} ns, which must be positive"
    return Timing(period, release, release + deadline, on_data=True)


def _is_ready(inputs: list[Wire], known: Mapping[str, Timing]) -> bool:
    return bool(inputs) and all(w.producer.id in known for w in inputs)


def _why_never(inputs: list[Wire]) -> str:
    if not inputs:
        return "is activated by data but has no QUEUE input"
    return (
        "is activated by data that never comes: its QUEUE inputs form a cycle or come from an untimed entry"
    )
