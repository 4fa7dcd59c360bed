"""Entries that share state: their jobs run in the order of docs/reference/semantics.md, derived again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from aicompiler.metamodels.deployment import Finding
from aicompiler.metamodels.system import Component, Entry

from ._facts import Facts
from ._rules import RuleBook, failed
from ._text import duration

RULES = RuleBook("shared state")


@RULES.rule(
    "own-ports",
    holds="every entry reads and writes ports of its own component alone",
    because="a component hands values over through its own ports",
)
def own_ports(facts: Facts) -> Iterator[Finding]:
    """``Entry.ports`` are ports of the component that owns the entry."""
    for component in facts.system.components:
        own = {p.id for p in component.ports}
        for entry in component.entries:
            for port in (p for p in entry.ports if p not in own):
                text = f"entry {entry.id!r} uses port {port!r}, which its component does not have"
                yield failed(message=text, elements=(entry.id, port))


@RULES.rule(
    "turns",
    holds="no entries share state, or their jobs run in the order of their turns",
    because="state passes from job to job: in another order the same inputs give other outputs",
)
def turns(facts: Facts) -> Iterator[Finding]:
    """For each two entries that share state: the job whose turn is next starts after the end of the other."""
    places = [p for p in facts.placements if _shares(facts, facts.components[p.component])]
    order = _order(facts) if places else {}
    for p in places:
        entries = [e for e in facts.components[p.component].entries if facts.has_all_slots(e.id, p.unit)]
        for first, second in permutations(entries, 2):
            yield from _out_of_turn(facts, p.unit, order, first, second)


@dataclass(frozen=True)
class _Rank:
    """The place of job 0 of an entry: when it is fed, through how many queues, and as which of the model."""

    fed_ns: int
    queues: int
    number: int


def _out_of_turn(
    facts: Facts, unit: str, order: dict[str, _Rank], first: Entry, second: Entry
) -> Iterator[Finding]:
    one, two = order[first.id], order[second.id]
    period = facts.timing(second.id).period_ns
    wins_tie = (one.queues, one.number) < (two.queues, two.number)
    for job in range(facts.jobs_of(first.id)):
        instant = one.fed_ns + job * facts.timing(first.id).period_ns
        follower = -((two.fed_ns - instant) // period)  # the first that is fed at the instant or later
        if two.fed_ns + follower * period == instant and not wins_tie:
            follower += 1
        end, start = facts.span(first.id, unit, job)[1], facts.span(second.id, unit, follower)[0]
        if start < end:
            text = f"job {follower} of {second.id!r} starts at {duration(start)} on {unit!r}, "
            yield failed(
                message=f"{text}job {job} of {first.id!r}, whose turn is before, ends at {duration(end)}",
                value=start,
                limit=end,
                unit="ns",
                elements=(second.id, first.id),
            )


def _shares(facts: Facts, component: Component) -> bool:
    """Whether something passes between entries: attributes, or what a flow says that no channel carries."""
    own = {e.id for e in component.entries}
    if len(own) < 2 or component.attributes:
        return len(own) > 1
    flows = facts.system.application.flows
    steps = (step for f in flows for step in zip(f.entries, f.entries[1:], strict=False))
    return any(a != b and own >= {a, b} and (a, b) not in facts.joining for a, b in steps)


def _order(facts: Facts) -> dict[str, _Rank]:
    """Ranks, passed on along queues until nothing changes; where queues form a cycle, other checks speak."""
    known = facts.timings.known
    ranks = {
        e.id: _Rank(known[e.id].release_ns, 0, number)
        for number, e in enumerate(facts.system.entries)
        if e.id in known
    }
    queues = [w for w in facts.wires.values() if w.is_queue and {w.producer.id, w.reader.id} <= set(ranks)]
    for _ in ranks:
        before = dict(ranks)
        for wire in queues:
            source, own = ranks[wire.producer.id], ranks[wire.reader.id]
            last = source.fed_ns + (wire.channel.consume - 1) * known[wire.producer.id].period_ns
            ranks[wire.reader.id] = _Rank(
                max(own.fed_ns, last), max(own.queues, source.queues + 1), own.number
            )
        if ranks == before:
            break
    return ranks
