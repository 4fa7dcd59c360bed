"""End-to-end flows as deadlines of single jobs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import Channel, ChannelProtocol, Flow, FlowBound

from .jobs import JobId, Timeline, problem_with, value_read
from .turns import Turns


@dataclass(frozen=True)
class Response:
    """Flow ``flow`` asks that ``job`` ends by ``latest_end_ns``; the stimulus is at ``since_ns``."""

    flow: Flow
    job: JobId
    since_ns: int
    latest_end_ns: int


def responses(line: Timeline) -> Iterator[Response]:
    """What the deadlines of flows ask of single jobs.

    Which job reflects which stimulus is static, so every end-to-end deadline is a deadline of
    jobs of the flow's last entry.
    """
    turns = Turns(line)
    for flow in line.system.application.flows:
        if flow.deadline_ns is None or not flow.entries:
            continue
        instants = _reactions(turns, flow) if flow.bound is FlowBound.REACTION else _ages(turns, flow)
        for index, since in instants:
            job, shift = line.wrap(flow.entries[-1], index)
            yield Response(flow, job, since - shift, since - shift + flow.deadline_ns)


def _reactions(turns: Turns, flow: Flow) -> Iterator[tuple[int, int]]:
    """(index of the response, instant of the stimulus) for each job of the flow's first entry.

    Before job 0 of a reader there is none: at the start a stimulus waits for that one, where in the steady
    state an earlier one would have answered.
    """
    first = turns.line.timings[flow.entries[0]]
    for number in range(turns.line.count(flow.entries[0])):
        index = number
        for writer, reader in itertools.pairwise(flow.entries):
            index = _first_reflecting(turns, flow, writer, reader, index)
        yield index, first.release_ns + (number - 1) * first.period_ns
    for number in (0, 1):  # later stimuli wait for the same response or are answered as in the steady state
        index = number
        for writer, reader in itertools.pairwise(flow.entries):
            index = max(_first_reflecting(turns, flow, writer, reader, index), 0)
        yield index, max(first.release_ns + (number - 1) * first.period_ns, 0)


def _ages(turns: Turns, flow: Flow) -> Iterator[tuple[int, int]]:
    """(index of the response, release of the oldest job it reflects) for each job of the last entry."""
    first = turns.line.timings[flow.entries[0]]
    backwards = list(reversed(flow.entries))
    for number in range(turns.line.count(flow.entries[-1])):
        index = number
        for reader, writer in itertools.pairwise(backwards):
            index = _oldest_reflected(turns, flow, writer, reader, index)
        yield number, first.release_ns + index * first.period_ns


def _first_reflecting(turns: Turns, flow: Flow, writer: str, reader: str, index: int) -> int:
    """The first job of ``reader`` that reflects job ``index`` of ``writer`` by all channels, or by state."""
    if channels := _between(turns, flow, writer, reader):
        return max(_next_reader(turns.line, c, writer, reader, index) for c in channels)
    return turns.before(reader, turns.turn(writer, index)) + 1


def _oldest_reflected(turns: Turns, flow: Flow, writer: str, reader: str, index: int) -> int:
    """The oldest job of ``writer`` that job ``index`` of ``reader`` reflects, by a channel or by state."""
    if channels := _between(turns, flow, writer, reader):
        return min(value_read(turns.line, c, writer, reader, index) for c in channels)
    return turns.before(writer, turns.turn(reader, index))


def _next_reader(line: Timeline, channel: Channel, writer: str, reader: str, index: int) -> int:
    """The first job of ``reader`` that reflects job ``index`` of ``writer``."""
    if channel.protocol is ChannelProtocol.QUEUE:
        return index // channel.consume
    source, target = line.timings[writer], line.timings[reader]
    ready = source.deadline_ns + index * source.period_ns
    return -((target.release_ns - ready) // target.period_ns)


def _between(turns: Turns, flow: Flow, writer: str, reader: str) -> list[Channel]:
    """The channels from one entry to the other; none where both share state, which the flow then takes."""
    line = turns.line
    found = [c for c, a, b in line.streams if (a, b) == (writer, reader)]
    if not found and (writer == reader or writer not in turns.partners(reader)):
        text = (
            f"flow {flow.name or flow.id!r} goes from {writer!r} to {reader!r}, but no channel connects them"
        )
        raise ModelError(
            problem_with(flow, "flow-path", text, "connect the two components or correct the flow")
        )
    return found
