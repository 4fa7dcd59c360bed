"""The time table of jobs: complete, in time, in order, and free of conflicts in every round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from aicompiler.metamodels.deployment import Finding, JobSlot, Placement
from aicompiler.metamodels.system import Entry, Sporadic, UnitKind

from ._facts import Facts
from ._rules import RuleBook, failed, passed
from ._text import duration

RULES = RuleBook("time table")

T = TypeVar("T")


@RULES.rule(
    "activation",
    holds="every entry has a period, given or derived from its data, and a positive deadline",
    because="without it there is no number of jobs, no deadline and no table",
)
def activation(facts: Facts) -> Iterator[Finding]:
    """Every entry's releases and deadlines follow from the model."""
    for entry, reason in facts.timings.problems:
        yield failed(message=f"entry {entry!r} {reason}", elements=(entry,))


@RULES.rule(
    "hyperperiod",
    holds="nothing has a period, and the table has no length",
    because="the table repeats only after a common multiple of all periods",
)
def hyperperiod(facts: Facts) -> Iterator[Finding]:
    """The table is as long as the least common multiple of the effective periods."""
    claimed, right = facts.deployment.hyperperiod_ns, facts.hyperperiod
    if claimed != right:
        text = (
            f"the table is {duration(claimed)} long, the periods' least common multiple is {duration(right)}"
        )
        yield failed(message=text, value=claimed, limit=right, unit="ns")
    elif right:
        yield passed(
            message=f"the table repeats after {duration(right)}", value=right, limit=right, unit="ns"
        )


@RULES.rule(
    "one-slot-per-job",
    holds="every job of the hyperperiod has exactly one slot on each unit its component is placed on",
    because="a job without a slot never runs, a job with two runs twice",
)
def one_slot_per_job(facts: Facts) -> Iterator[Finding]:
    """Jobs 0 to H/P-1 of each entry and replica, once each, and no others."""
    counts = Counter((s.entry, s.unit, s.job) for s in facts.deployment.jobs)
    for (entry, unit, job), count in sorted(counts.items()):
        if count > 1:
            text = f"job {job} of {entry!r} has {count} slots on {unit!r}"
            yield failed(message=text, value=count, limit=1, elements=(entry, unit))
        if entry in facts.timings.known and not 0 <= job < facts.jobs_of(entry):
            limit = facts.jobs_of(entry)
            text = (
                f"there is a slot for job {job} of {entry!r}, which has {limit} job(s) a hyperperiod, from 0"
            )
            yield failed(message=text, value=job, limit=limit, elements=(entry,))
    for p, entry in _replica_entries(facts):
        have, need = facts.slots.get((entry, p.unit), {}), facts.jobs_of(entry)
        if len(have) < need:
            first = next(job for job in range(need) if job not in have)
            text = (
                f"{need - len(have)} of {need} jobs of {entry!r} lack a slot on {p.unit!r}, first job {first}"
            )
            yield failed(message=text, value=len(have), limit=need, elements=(entry, p.unit))


@RULES.rule(
    "slot-where-placed",
    holds="every slot is on the unit and core of its component",
    because="a job runs where its component's code and state are",
)
def slot_where_placed(facts: Facts) -> Iterator[Finding]:
    """Unit and core of each slot are those of a placement of its component."""
    for s in facts.deployment.jobs:
        if s.entry not in facts.entries:
            continue
        places = facts.placed.get(facts.owner[s.entry].id, [])
        if not any((p.unit, p.core) == (s.unit, s.core) for p in places):
            text = (
                f"job {s.job} of {s.entry!r} has its slot on {s.unit!r} core {s.core}, where it is not placed"
            )
            yield failed(message=text, elements=(s.entry, s.unit))


@RULES.rule(
    "slot-length",
    holds="every slot is as long as the worst-case execution time at the chosen operating point",
    because="a shorter slot may end before its job does, a longer one claims time that nobody measured",
)
def slot_length(facts: Facts) -> Iterator[Finding]:
    """end - start = WCET of the cost row in use."""
    for entry, p, cost in facts.used:
        for job, s in facts.slots.get((entry.id, p.unit), {}).items():
            length = s.end_ns - s.start_ns
            if length != cost.wcet_ns:
                text = f"job {job} of {entry.id!r} has {duration(length)} on {p.unit!r}, its WCET is "
                yield failed(
                    message=text + duration(cost.wcet_ns),
                    value=length,
                    limit=cost.wcet_ns,
                    unit="ns",
                    elements=(entry.id, p.unit),
                )


@RULES.rule(
    "slot-after-release",
    holds="no job starts before it is surely released",
    because="a job cannot run before it exists; with jitter, not before its latest release",
)
def slot_after_release(facts: Facts) -> Iterator[Finding]:
    """start >= release + jitter; data-driven jobs are released by their data (``queue-precedence``)."""
    for (entry, _), slots in facts.slots.items():
        timing = facts.timing(entry)
        for job, s in slots.items():
            earliest = 0 if timing.on_data else timing.release(job) + timing.jitter_ns
            if s.start_ns < earliest:
                text = f"job {job} of {entry!r} starts at {duration(s.start_ns)}, its latest release is "
                yield failed(
                    message=text + duration(earliest),
                    value=s.start_ns,
                    limit=earliest,
                    unit="ns",
                    elements=(entry,),
                )


@RULES.rule(
    "deadline",
    holds="there is no job that could miss a deadline",
    because="this is what the deadline of an entry means",
)
def deadline(facts: Facts) -> Iterator[Finding]:
    """end <= absolute deadline for every job; the tightest job of each entry is told."""
    for (entry, unit), slots in facts.slots.items():
        timing = facts.timing(entry)
        late = [s for s in slots.values() if s.end_ns > timing.due(s.job)]
        for s in late:
            due = timing.due(s.job)
            text = (
                f"job {s.job} of {entry!r} on {unit!r} ends at {duration(s.end_ns)}, due at {duration(due)}"
            )
            yield failed(message=text, value=s.end_ns, limit=due, unit="ns", elements=(entry, unit))
        if slots and not late:
            tight = min(slots.values(), key=lambda s: timing.due(s.job) - s.end_ns)
            due = timing.due(tight.job)
            text = f"{entry!r} on {unit!r}: the tightest job, {tight.job}, ends at {duration(tight.end_ns)}"
            yield passed(
                message=f"{text} and is due at {duration(due)}",
                value=tight.end_ns,
                limit=due,
                unit="ns",
                elements=(entry, unit),
            )


@RULES.rule(
    "sporadic-polling",
    holds="there is no sporadic entry",
    because="an event just after a poll waits a period P and leaves the next poll D - P of its deadline",
)
def sporadic_polling(facts: Facts) -> Iterator[Finding]:
    """Polls come no further apart than events, and the slots answer an event that just missed its poll."""
    for (entry, unit), slots in facts.slots.items():
        match facts.entries[entry]:
            case Entry(activation=Sporadic(min_interarrival_ns=gap), deadline_ns=given):
                yield _polled(facts, (entry, unit), slots, gap, gap if given is None else given)


def _polled(
    facts: Facts, place: tuple[str, str], slots: Mapping[int, JobSlot], gap: int, within: int
) -> Finding:
    """Poll k is released at k periods; the period is what the table has, not what it should have."""
    period = -(-facts.hyperperiod // len(slots))
    response = max(s.end_ns - s.job * period for s in slots.values())
    if period > gap:
        text = f"{place[0]!r} is polled every {duration(period)}, events come every {duration(gap)}"
        return failed(message=text, value=period, limit=gap, unit="ns", elements=place)
    text = (
        f"an event for {place[0]!r} just after a poll waits {duration(period)} and is answered after"
        f" {duration(period + response)}, due in {duration(within)} (a poll in {duration(within - period)})"
    )
    judge = passed if period + response <= within else failed
    return judge(message=text, value=period + response, limit=within, unit="ns", elements=place)


@RULES.rule(
    "jobs-in-order",
    holds="the jobs of every entry run in order, one after the other, also from round to round",
    because="state passes from each job to the next; a pipelined circuit starts them its interval apart",
)
def jobs_in_order(facts: Facts) -> Iterator[Finding]:
    """start(k+1) >= end(k), on an FPGA start(k+1) >= start(k) + interval; job H/P is job 0 a round later."""
    for entry, p, cost in facts.used:
        if not facts.has_all_slots(entry.id, p.unit):
            continue
        pipelined = facts.units[p.unit].kind is UnitKind.FPGA
        for job in range(facts.jobs_of(entry.id)):
            start, end = facts.span(entry.id, p.unit, job)
            earliest = start + cost.interval_ns if pipelined else end
            following = facts.span(entry.id, p.unit, job + 1)[0]
            if following < earliest:
                text = (
                    f"job {job + 1} of {entry.id!r} starts at {duration(following)} on {p.unit!r}, job {job} "
                )
                yield failed(
                    message=text + f"lets it start from {duration(earliest)}",
                    value=following,
                    limit=earliest,
                    unit="ns",
                    elements=(entry.id, p.unit),
                )


@RULES.rule(
    "entries-exclusive",
    holds="no two entries of one component run at the same time",
    because="the entries of a component share its state",
)
def entries_exclusive(facts: Facts) -> Iterator[Finding]:
    """Slots of different entries of one replica do not overlap, modulo the hyperperiod."""
    for p in facts.placements:
        entries = facts.components[p.component].entries
        if len(entries) < 2:
            continue
        slots = [s for e in entries for s in facts.slots.get((e.id, p.unit), {}).values()]
        for a, b in _conflicts(facts, slots):
            if a.entry != b.entry:
                yield _conflict(facts, a, b, f"component {p.component!r}")


@RULES.rule(
    "no-overlap",
    holds="no core and no device queue has two jobs at the same time, in any round of the table",
    because="a core, a GPU and an NPU execute one job at a time",
)
def no_overlap(facts: Facts) -> Iterator[Finding]:
    """Slots on one core or queue do not overlap, modulo the hyperperiod."""
    for (unit, core), slots in _by_resource(facts).items():
        for a, b in _conflicts(facts, slots):
            yield _conflict(facts, a, b, f"{unit!r} core {core}")


def overlaps(spans: Iterable[tuple[int, int, T]], period: int) -> Iterator[tuple[T, T]]:
    """Pairs of what is in [start, end) at the same time when each span repeats every ``period``.

    A span longer than the period overlaps itself.  Of many that overlap, each is paired with the one before
    it that ends last, so that every span in conflict is told and the work stays n log n.
    """
    folded = sorted(
        ((s % period, s % period + (e - s), index, x) for index, (s, e, x) in enumerate(spans) if e > s),
        key=lambda span: span[:3],
    )
    if not folded:
        return
    yield from ((x, x) for s, e, _, x in folded if e - s > period)
    last = max(folded, key=lambda span: span[1])
    before, until = last[3], last[1] - period
    carried = True
    for start, end, _, x in folded:
        if start < until and not (carried and x is before):
            yield before, x
        if end > until:
            before, until, carried = x, end, False


def _conflicts(facts: Facts, slots: Iterable[JobSlot]) -> Iterator[tuple[JobSlot, JobSlot]]:
    return overlaps(((s.start_ns, s.end_ns, s) for s in slots), facts.hyperperiod)


def _conflict(facts: Facts, a: JobSlot, b: JobSlot, where: str) -> Finding:
    def told(s: JobSlot) -> str:
        return f"job {s.job} of {s.entry!r} [{duration(s.start_ns)}, {duration(s.end_ns)})"

    text = (
        f"{where}: {told(a)} and {told(b)} overlap, the table repeating every {duration(facts.hyperperiod)}"
    )
    return failed(message=text, value=b.start_ns, limit=a.end_ns, unit="ns", elements=(a.entry, b.entry))


def _by_resource(facts: Facts) -> dict[tuple[str, int], list[JobSlot]]:
    """The slots on each core and queue, by where they say they are (not by where they should be)."""
    found: dict[tuple[str, int], list[JobSlot]] = {}
    for s in facts.deployment.jobs:
        if s.unit in facts.units and s.entry in facts.timings.known:
            kind = facts.units[s.unit].kind
            if kind is not UnitKind.FPGA:
                found.setdefault((s.unit, s.core if kind is UnitKind.CPU else 0), []).append(s)
    return found


def _replica_entries(facts: Facts) -> Iterator[tuple[Placement, str]]:
    for p in facts.placements:
        for entry in facts.components[p.component].entries:
            if entry.id in facts.timings.known:
                yield p, entry.id
