"""The system without parallelism: all jobs of a short run in one order that the channels allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aicompiler.metamodels.system import Channel, ChannelProtocol, UnitKind

from ._timing import Rhythm
from ._views import ComponentView, LaneView, NodeView, SlotView, UnitView

PERIODS = 2
"""Hyperperiods of the whole-system self-check: enough for values to cross from one to the next."""


def reference_node(rhythm: Rhythm, components: tuple[ComponentView, ...]) -> NodeView:
    """One core that runs every component in C."""
    numbers = {e.id: i for i, e in enumerate(e for c in components for e in c.entries)}
    slots = tuple(SlotView(numbers[entry], entry, job, 0, 0) for entry, job in sequence(rhythm, PERIODS))
    unit = UnitView("reference", UnitKind.CPU, (LaneView(0, slots, once=True),))
    period = rhythm.line.hyperperiod_ns
    return NodeView("reference", "reference", period, (unit,), components, 1, "the system in sequence")


def sequence(rhythm: Rhythm, periods: int) -> list[tuple[str, int]]:
    """All jobs of ``periods`` hyperperiods as (entry, number), such that none waits for a later one.

    Of the jobs whose inputs are there and whose outputs have room, the one with the earliest deadline is
    next.  Running one never takes from another what it needs, so this finds an order wherever there is one.
    """
    run = _Run(
        rhythm, {e: rhythm.line.count(e) * periods + rhythm.extra_jobs[e] for e in rhythm.line.timings}
    )
    order: list[tuple[str, int]] = []
    while ready := [e for e in run.limits if run.is_ready(e)]:
        chosen = min(ready, key=run.deadline)
        order.append((chosen, run.done[chosen]))
        run.done[chosen] += 1
    assert len(order) == sum(run.limits.values()), "a deployment was found, so its jobs have an order"
    return order


@dataclass(frozen=True)
class _Run:
    """How far each entry is."""

    rhythm: Rhythm
    limits: Mapping[str, int]
    done: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.done.update(dict.fromkeys(self.limits, 0))

    def deadline(self, entry: str) -> int:
        """The absolute deadline of the next job."""
        timing = self.rhythm.timing(entry)
        return timing.deadline_ns + self.done[entry] * timing.period_ns

    def is_ready(self, entry: str) -> bool:
        """Whether the next job of ``entry`` would wait for nothing."""
        if self.done[entry] == self.limits[entry]:
            return False
        streams = self.rhythm.line.streams
        fed = all(self._newest(c) < self.done[w] for c, w, r in streams if r == entry)
        room = all(self._has_room(c, r) for c, w, r in streams if w == entry)
        return fed and room and self._has_turn(entry)

    def _has_turn(self, entry: str) -> bool:
        """Whether the jobs that share its state and come before it are done, as far as there are any."""
        turns = self.rhythm.turns
        turn = turns.turn(entry, self.done[entry])
        others = [e for e in turns.partners(entry) if e != entry]
        return all(self.done[e] >= min(turns.before(e, turn) + 1, self.limits[e]) for e in others)

    def _newest(self, channel: Channel) -> int:
        """The number of the last value that the reader's next job needs; negative: none."""
        reader = self.rhythm.readers[channel.id]
        if channel.protocol is ChannelProtocol.QUEUE:
            return (self.done[reader] + 1) * channel.consume - 1
        return self.rhythm.sample_number(channel, self.done[reader])

    def _has_room(self, channel: Channel, reader: str) -> bool:
        if self.done[reader] == self.limits[reader]:
            return True  # the reader has ended and holds nobody up
        written = self.done[self.rhythm.writers[channel.id]]
        if channel.protocol is ChannelProtocol.QUEUE:
            return written - self.done[reader] * channel.consume < channel.capacity
        return written - max(0, self._newest(channel)) < self.rhythm.slots(channel)
