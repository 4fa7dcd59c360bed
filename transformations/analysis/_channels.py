"""Values between jobs on time: precedences, room in the queues, samples that are there when they are read."""

from __future__ import annotations

from collections.abc import Iterator

from aicompiler.metamodels.deployment import Finding

from ._facts import Facts
from ._rules import RuleBook, assumed, failed
from ._text import duration
from ._timing import Wire, sample_index

RULES = RuleBook("channels")


@RULES.rule(
    "queue-rates",
    holds="every QUEUE is emptied as fast as it is filled",
    because="at different rates a queue overflows or starves, whatever its capacity",
)
def queue_rates(facts: Facts) -> Iterator[Finding]:
    """Reader's period = producer's period x consume."""
    for wire in _timed(facts, queue=True):
        need = facts.timing(wire.producer.id).period_ns * wire.channel.consume
        have = facts.timing(wire.reader.id).period_ns
        if need != have or wire.channel.consume < 1:
            text = f"channel {wire.channel.id!r} delivers the values of a job every {duration(need)}, "
            yield failed(
                message=text + f"but its reader has a job every {duration(have)}",
                value=have,
                limit=need,
                unit="ns",
                elements=(wire.channel.id,),
            )


@RULES.rule(
    "queue-precedence",
    holds="every job starts after all values it consumes are committed and at its unit",
    because="a job that reads a QUEUE starts only when its values are there",
)
def queue_precedence(facts: Facts) -> Iterator[Finding]:
    """start of reader's job j >= arrival of values j*consume ... (j+1)*consume - 1."""
    for wire, _, unit in _tabled_queues(facts):
        consume = wire.channel.consume
        for job in range(facts.jobs_of(wire.reader.id)):
            start = facts.span(wire.reader.id, unit, job)[0]
            for value in range(job * consume, (job + 1) * consume):
                there = facts.arrival(wire, value)
                if there is not None and start < there:
                    yield _too_early(wire, job, start, value, there)


@RULES.rule(
    "queue-capacity",
    holds="no QUEUE ever holds more values than its capacity",
    because="an overflow at run time loses a value",
)
def queue_capacity(facts: Facts) -> Iterator[Finding]:
    """end of producer's job k + capacity >= end of the reader's job that consumes value k."""
    for wire, home, unit in _tabled_queues(facts):
        capacity, consume = wire.channel.capacity, wire.channel.consume
        for value in range(facts.jobs_of(wire.producer.id)):
            commit, done = _capacity_times(facts, wire, (home, unit), value)
            if capacity < max(consume, 1) or commit < done:
                text = f"channel {wire.channel.id!r} (capacity {capacity}) overflows: "
                ready = f"value {value + capacity} is committed at {duration(commit)}"
                yield failed(
                    message=f"{text}{ready}, value {value} is consumed at {duration(done)}",
                    value=commit,
                    limit=done,
                    unit="ns",
                    elements=(wire.channel.id,),
                )


@RULES.rule(
    "queue-early-commit",
    holds="no QUEUE overflows even if every job ends after its best-case execution time",
    because="a job may end before its slot does, and then commits its value early",
)
def queue_early_commit(facts: Facts) -> Iterator[Finding]:
    """The same with start + BCET for the producer's end: what breaks it must wait for room at run time."""
    best = {(e.id, p.unit): c.bcet_ns for e, p, c in facts.used}
    for wire, home, unit in _tabled_queues(facts):
        if (wire.producer.id, home) not in best:
            continue
        for value in range(facts.jobs_of(wire.producer.id)):
            commit, done = _capacity_times(facts, wire, (home, unit), value)
            start = facts.span(wire.producer.id, home, value + wire.channel.capacity)[0]
            early = start + best[wire.producer.id, home]
            if early < done <= commit:
                text = f"channel {wire.channel.id!r} overflows unless {wire.producer.id!r} waits for room: "
                yield assumed(
                    message=text
                    + f"value {value + wire.channel.capacity} can be ready at {duration(early)}, "
                    f"value {value} is consumed at {duration(done)}",
                    value=early,
                    unit="ns",
                    elements=(wire.channel.id,),
                )
                break


@RULES.rule(
    "sample-ready",
    holds="every job that reads a SAMPLE starts after the value the rule names is at its unit",
    because="the value read is the last one due at the reader's release, never an older one",
)
def sample_ready(facts: Facts) -> Iterator[Finding]:
    """start of a job released at r >= arrival of value floor((r - deadline of value 0) / period)."""
    for wire in _timed(facts, queue=False):
        unit = facts.home(wire.reader.id)
        if unit is None or not facts.has_all_slots(wire.reader.id, unit):
            continue
        producer, reader = facts.timing(wire.producer.id), facts.timing(wire.reader.id)
        for job in range(facts.jobs_of(wire.reader.id)):
            value = sample_index(producer, reader.release(job))
            start, there = facts.span(wire.reader.id, unit, job)[0], facts.arrival(wire, value)
            if there is not None and start < there:
                yield _too_early(wire, job, start, value, there)


def _capacity_times(facts: Facts, wire: Wire, units: tuple[str, str], value: int) -> tuple[int, int]:
    """When value + capacity is committed, and when ``value`` has been consumed."""
    commit = facts.span(wire.producer.id, units[0], value + wire.channel.capacity)[1]
    return commit, facts.span(wire.reader.id, units[1], value // wire.channel.consume)[1]


def _timed(facts: Facts, *, queue: bool) -> Iterator[Wire]:
    """The QUEUE or SAMPLE wires between entries with known timing."""
    for wire in facts.wires.values():
        both = wire.producer.id in facts.timings.known and wire.reader.id in facts.timings.known
        if both and (wire.is_queue if queue else wire.is_sample):
            yield wire


def _tabled_queues(facts: Facts) -> Iterator[tuple[Wire, str, str]]:
    """QUEUE wires at equal rates whose jobs all have slots, with the units of producer and reader."""
    for wire in _timed(facts, queue=True):
        home, unit, consume = facts.home(wire.producer.id), facts.home(wire.reader.id), wire.channel.consume
        if home is None or unit is None or consume < 1:
            continue
        same = facts.timing(wire.producer.id).period_ns * consume == facts.timing(wire.reader.id).period_ns
        if same and facts.has_all_slots(wire.producer.id, home) and facts.has_all_slots(wire.reader.id, unit):
            yield wire, home, unit


def _too_early(wire: Wire, job: int, start: int, value: int, there: int) -> Finding:
    text = f"job {job} of {wire.reader.id!r} starts at {duration(start)}, but value {value} of channel "
    return failed(
        message=text + f"{wire.channel.id!r} is there only at {duration(there)}",
        value=start,
        limit=there,
        unit="ns",
        elements=(wire.channel.id, wire.reader.id),
    )
