"""What the runtime must know of time: rates, the instants of the SAMPLE rule, ring sizes, extra jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

from aicompiler.metamodels.deployment import Deployment
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Channel, ChannelProtocol, System
from aicompiler.transformations.partition.jobs import Timeline, Timing, timeline
from aicompiler.transformations.partition.turns import Turns


@dataclass(frozen=True)
class Rhythm:
    """When jobs run and which values they need; this follows from the model, not from placements."""

    line: Timeline
    writers: Mapping[str, str]  # channel id -> entry id
    readers: Mapping[str, str]
    extra_jobs: Mapping[str, int]  # entry id -> jobs after the last hyperperiod that others still need
    turns: Turns

    def timing(self, entry: str) -> Timing:
        """Static times of an entry."""
        return self.line.timings[entry]

    def sample_number(self, channel: Channel, job: int) -> int:
        """The number of the value that the reader's job samples; negative: the initial value."""
        writer, reader = self.timing(self.writers[channel.id]), self.timing(self.readers[channel.id])
        release = reader.release_ns + job * reader.period_ns
        return (release - writer.deadline_ns) // writer.period_ns

    def slots(self, channel: Channel) -> int:
        """Values the ring of a channel holds."""
        if channel.protocol is ChannelProtocol.QUEUE:
            return -(-channel.capacity // channel.consume) * channel.consume
        writer, reader = self.timing(self.writers[channel.id]), self.timing(self.readers[channel.id])
        return sample_history(writer, reader)


def sample_history(writer: Timing, reader: Timing) -> int:
    """Values that a SAMPLE ring must keep so that a table never makes its writer wait.

    A reader's job released at r reads the value whose job is due at r or up to one period earlier and ends by
    r + D.  Until then the writer may commit every value whose job is ready by r + D.
    """
    span = (writer.deadline_ns - writer.ready_ns) + (reader.deadline_ns - reader.release_ns)
    return -(-span // writer.period_ns) + 2


def rhythm(system: System, deployment: Deployment) -> Rhythm:
    """The rhythm of a system; raises ``ModelError`` if the deployment's table is not a table of it."""
    line = timeline(system)
    if line.hyperperiod_ns != deployment.hyperperiod_ns:
        found, expected = deployment.hyperperiod_ns, line.hyperperiod_ns
        _refuse(f"its hyperperiod is {found} ns, that of the model {expected} ns")
    for entry in system.entries:
        jobs = sorted(slot.job for slot in deployment.jobs if slot.entry == entry.id)
        if jobs != list(range(line.count(entry.id))):
            _refuse(f"it does not have {line.count(entry.id)} slots of {entry.id!r}, one a job")
    writers = {channel.id: writer for channel, writer, _ in line.streams}
    readers = {channel.id: reader for channel, _, reader in line.streams}
    turns = Turns(line)
    return Rhythm(line, writers, readers, _extra_jobs(line, turns), turns)


def _extra_jobs(line: Timeline, turns: Turns) -> dict[str, int]:
    """Jobs past the last hyperperiod whose values or state are read by jobs of it, or by such extra jobs.

    A value read at r is due by r, and state comes from turns before, so each step goes back in time and the
    fixpoint is reached.
    """
    extra = dict.fromkeys(line.timings, 0)
    changed = True
    while changed:
        changed = False
        for channel, writer, reader in line.streams:
            if channel.protocol is ChannelProtocol.QUEUE:
                needed = extra[reader] * channel.consume
            else:  # the reader's last job, counted from the end of the last hyperperiod
                release = (
                    line.timings[reader].release_ns + (extra[reader] - 1) * line.timings[reader].period_ns
                )
                needed = (release - line.timings[writer].deadline_ns) // line.timings[writer].period_ns + 1
            if needed > extra[writer]:
                extra[writer] = needed
                changed = True
        for earlier, later in ((a, b) for group in turns.sharing for a, b in permutations(group, 2)):
            needed = turns.before(earlier, turns.turn(later, extra[later] - 1)) + 1
            if needed > extra[earlier]:
                extra[earlier] = needed
                changed = True
    return extra


def _refuse(message: str) -> None:
    raise ModelError(
        Diagnostic(
            severity=Severity.ERROR,
            rule="table",
            message=f"the deployment is not one of this model: {message}",
            next_step="partition the model again",
        )
    )
