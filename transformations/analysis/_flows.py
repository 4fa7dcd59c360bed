"""End-to-end flows: reaction time and data age in the table, recomputed job by job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aicompiler.metamodels.deployment import Finding
from aicompiler.metamodels.system import Flow, FlowBound

from ._facts import Facts
from ._rules import RuleBook, failed, passed
from ._text import duration
from ._timing import Wire, sample_index

RULES = RuleBook("flows")

Step = Callable[[int], int]
"""From a job of one entry to a job of the next (or of the one before, for data age)."""


@RULES.rule(
    "flow-connected",
    holds="every flow follows channels from entry to entry",
    because="without a channel nothing of a stimulus reaches the next entry",
)
def flow_connected(facts: Facts) -> Iterator[Finding]:
    """Each two consecutive entries are joined by a channel, or share the state of one component."""
    for flow in facts.system.application.flows:
        if not flow.entries:
            yield failed(message=f"flow {flow.id!r} has no entry", elements=(flow.id,))
        for first, second in zip(flow.entries, flow.entries[1:], strict=False):
            known = first in facts.entries and second in facts.entries
            if known and not _wires(facts, first, second) and not _share_state(facts, first, second):
                text = f"flow {flow.id!r}: no channel leads from {first!r} to {second!r}"
                yield failed(message=text, elements=(flow.id, first, second))


@RULES.rule(
    "reaction-time",
    holds="no flow bounds its reaction time",
    because="a stimulus at the worst instant must be answered within the deadline of the flow",
)
def reaction(facts: Facts) -> Iterator[Finding]:
    """Largest time from just after a release to the first response that reflects a later job."""
    yield from _judge(facts, FlowBound.REACTION, reaction_time, "answers the worst-placed stimulus after")


@RULES.rule(
    "data-age",
    holds="no flow bounds its data age",
    because="a response must not rest on older data than the deadline of the flow allows",
)
def age(facts: Facts) -> Iterator[Finding]:
    """Largest time from the release that took the data to the end of a response made from it."""
    yield from _judge(facts, FlowBound.DATA_AGE, data_age, "responds with data as old as")


def reaction_time(facts: Facts, flow: Flow) -> int | None:
    """Worst reaction time of a flow in nanoseconds, or ``None`` if the table does not determine it.

    For job k of the first entry: from release(k-1), just after which the stimulus comes, to the end of the
    first job of the last entry that reflects job k or a later one; in the steady state over one hyperperiod.
    At the start, where a reader's first job may be late, the stimulus comes at time 0 or after release(0).
    """
    steps = _forward(facts, flow)
    if steps is None:
        return None
    first, last = facts.timing(flow.entries[0]), flow.entries[-1]
    steady = range(facts.jobs_of(flow.entries[0]))
    took = [_last_end(facts, last, _follow(steps, job)) - first.release(job - 1) for job in steady]
    for job in (0, 1):  # all later jobs either wait for the same response, or answer as in the steady state
        response = _last_end(facts, last, _follow(steps, job, from_start=True))
        took.append(response - max(first.release(job - 1), 0))
    return max(took)


def data_age(facts: Facts, flow: Flow) -> int | None:
    """Worst data age of a flow in nanoseconds, or ``None`` if the table does not determine it.

    For each job of the last entry: from the release of the job of the first entry whose value it reflects
    (the oldest one, where it consumes several) to its end.
    """
    steps = _backward(facts, flow)
    if steps is None:
        return None
    first, last = facts.timing(flow.entries[0]), flow.entries[-1]
    jobs = range(facts.jobs_of(last))
    return max(_last_end(facts, last, job) - first.release(_follow(steps, job)) for job in jobs)


def _judge(
    facts: Facts, bound: FlowBound, measure: Callable[[Facts, Flow], int | None], verb: str
) -> Iterator[Finding]:
    for flow in facts.system.application.flows:
        if flow.bound is not bound:
            continue
        value, limit = measure(facts, flow), flow.deadline_ns
        if value is None:
            text = f"flow {flow.id!r}: the table does not determine it, see the other findings"
            yield failed(message=text, elements=(flow.id,))
        elif limit is None:
            text = f"flow {flow.id!r} {verb} {duration(value)}; it has no deadline"
            yield passed(message=text, value=value, unit="ns", elements=(flow.id, *flow.entries))
        else:
            judge = passed if value <= limit else failed
            text = f"flow {flow.id!r} {verb} {duration(value)}, its deadline is {duration(limit)}"
            yield judge(message=text, value=value, limit=limit, unit="ns", elements=(flow.id, *flow.entries))


def _forward(facts: Facts, flow: Flow) -> list[Step] | None:
    """Per step of the flow: from a job to the first job of the next entry that reflects it."""
    return _steps(facts, flow, _first_reader, _first_after, max)


def _backward(facts: Facts, flow: Flow) -> list[Step] | None:
    """Per step, last first: from a job to the oldest job of the entry before that it reflects."""
    steps = _steps(facts, flow, _oldest_value, _last_before, min)
    return steps[::-1] if steps is not None else None


def _steps(
    facts: Facts,
    flow: Flow,
    over_wire: Callable[[Facts, Wire], Step],
    over_state: Callable[[Facts, str, str], Step],
    worst: Callable[[list[int]], int],
) -> list[Step] | None:
    """One step per two consecutive entries; the worst of them where several channels join the two."""
    known = all(e in facts.entries and _is_tabled(facts, e) for e in flow.entries)
    if not flow.entries or not known:
        return None
    steps: list[Step] = []
    for first, second in zip(flow.entries, flow.entries[1:], strict=False):
        ways = [over_wire(facts, w) for w in _wires(facts, first, second)]
        if not ways and _share_state(facts, first, second):
            ways = [over_state(facts, first, second)]
        if not ways:
            return None
        steps.append(_worst_of(ways, worst))
    return steps


def _follow(steps: list[Step], job: int, *, from_start: bool = False) -> int:
    """The job at the end of the steps; ``from_start``: there are none before number 0."""
    for step in steps:
        job = max(step(job), 0) if from_start else step(job)
    return job


def _first_reader(facts: Facts, wire: Wire) -> Step:
    """The consuming job; or the first one released when the value is due or later."""
    if wire.is_queue:
        return lambda job: job // wire.channel.consume
    producer, reader = facts.timing(wire.producer.id), facts.timing(wire.reader.id)
    return lambda job: -((reader.release_ns - producer.due(job)) // reader.period_ns)


def _oldest_value(facts: Facts, wire: Wire) -> Step:
    """The first value that a job consumes; or the one that the SAMPLE rule names."""
    if wire.is_queue:
        return lambda job: job * wire.channel.consume
    producer, reader = facts.timing(wire.producer.id), facts.timing(wire.reader.id)
    return lambda job: sample_index(producer, reader.release(job))


def _worst_of(ways: list[Step], worst: Callable[[list[int]], int]) -> Step:
    return lambda job: worst([way(job) for way in ways])


def _first_after(facts: Facts, first: str, second: str) -> Step:
    """The first job of ``second`` that starts when a job of ``first`` has ended: state passes through it."""
    count, period = facts.jobs_of(second), facts.hyperperiod
    starts = [_first_start(facts, second, job) for job in range(count)]

    def step(job: int) -> int:
        end = _last_end(facts, first, job)
        return min(-((start - end) // period) * count + number for number, start in enumerate(starts))

    return step


def _last_before(facts: Facts, first: str, second: str) -> Step:
    """The last job of ``first`` that has ended when a job of ``second`` starts."""
    count, period = facts.jobs_of(first), facts.hyperperiod
    ends = [_last_end(facts, first, job) for job in range(count)]

    def step(job: int) -> int:
        start = _first_start(facts, second, job)
        return max((start - end) // period * count + number for number, end in enumerate(ends))

    return step


def _last_end(facts: Facts, entry: str, job: int) -> int:
    """When a job has ended on every replica: a failure must not make the answer late."""
    return max(facts.span(entry, p.unit, job)[1] for p in facts.placed[facts.owner[entry].id])


def _first_start(facts: Facts, entry: str, job: int) -> int:
    return min(facts.span(entry, p.unit, job)[0] for p in facts.placed[facts.owner[entry].id])


def _is_tabled(facts: Facts, entry: str) -> bool:
    places = facts.placed.get(facts.owner[entry].id, [])
    return bool(places) and all(facts.has_all_slots(entry, p.unit) for p in places)


def _wires(facts: Facts, first: str, second: str) -> list[Wire]:
    wires = facts.joining.get((first, second), [])
    return [w for w in wires if w.is_sample or (w.is_queue and w.channel.consume >= 1)]


def _share_state(facts: Facts, first: str, second: str) -> bool:
    return first != second and facts.owner[first] is facts.owner[second]
