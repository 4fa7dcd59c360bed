"""Entries that share state: their jobs run in the order of docs/reference/semantics.md, derived again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

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
    fed, feeding = _fed(facts) if places else ({}, {})
    for p in places:
        entries = _in_order(facts.components[p.component], feeding)
        tabled = [e for e in entries if facts.has_all_slots(e.id, p.unit)]
        for one, other in combinations(tabled, 2):  # at one instant, ``one`` is first
            yield from _out_of_turn(facts, p.unit, fed, (one, other), 0)
            yield from _out_of_turn(facts, p.unit, fed, (other, one), 1)


def _out_of_turn(
    facts: Facts, unit: str, fed: dict[str, int], pair: tuple[Entry, Entry], more: int
) -> Iterator[Finding]:
    """For each job of the first: the next of the second is fed at least ``more`` ns later."""
    first, second = pair[0].id, pair[1].id
    for job in range(facts.jobs_of(first)):
        instant = fed[first] + job * facts.timing(first).period_ns + more
        follower = -((fed[second] - instant) // facts.timing(second).period_ns)
        end, start = facts.span(first, unit, job)[1], facts.span(second, unit, follower)[0]
        if start < end:
            text = f"job {follower} of {second!r} starts at {duration(start)} on {unit!r}, "
            yield failed(
                message=f"{text}job {job} of {first!r}, whose turn is before, ends at {duration(end)}",
                value=start,
                limit=end,
                unit="ns",
                elements=(second, first),
            )


def _shares(facts: Facts, component: Component) -> bool:
    """Whether something passes between entries: attributes, or what a flow says that no channel carries."""
    own = {e.id for e in component.entries}
    if len(own) < 2 or component.attributes:
        return len(own) > 1
    flows = facts.system.application.flows
    steps = (step for f in flows for step in zip(f.entries, f.entries[1:], strict=False))
    return any(a != b and own >= {a, b} and (a, b) not in facts.joining for a, b in steps)


def _fed(facts: Facts) -> tuple[dict[str, int], dict[str, set[str]]]:
    """When job 0 of each entry and all that feed it are released, and who these are: passed on along queues.

    Where queues form a cycle the passing stops; other checks speak of that.
    """
    known = facts.timings.known
    instants = {e: timing.release_ns for e, timing in known.items()}
    feeding: dict[str, set[str]] = {e: set() for e in known}
    queues = [w for w in facts.wires.values() if w.is_queue and {w.producer.id, w.reader.id} <= set(known)]
    for _ in known:
        changed = False
        for wire in queues:
            source, reader = wire.producer.id, wire.reader.id
            last = instants[source] + (wire.channel.consume - 1) * known[source].period_ns
            more = {source, *feeding[source]} - feeding[reader]
            if last > instants[reader] or more:
                instants[reader] = max(instants[reader], last)
                feeding[reader] |= more
                changed = True
        if not changed:
            break
    return instants, feeding


def _in_order(component: Component, feeding: dict[str, set[str]]) -> list[Entry]:
    """Entries as the model has them, each with those that feed it before it, the least fed of these first."""
    own = {e.id: e for e in component.entries}
    behind = {e: [f for f in own if f in feeding.get(e, ())] for e in own}
    order: list[Entry] = []
    for id_, entry in own.items():
        feeders = [own[f] for f in sorted(behind[id_], key=lambda f: len(behind[f]))]
        order += [e for e in (*feeders, entry) if e not in order]
    return order
