"""Values between units: a route for each channel, a slot on each of its links for each value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aicompiler.metamodels.deployment import Finding, TransferSlot
from aicompiler.metamodels.system import Link

from ._facts import Facts, transfer_ns
from ._jobs import overlaps
from ._rules import RuleBook, failed
from ._text import duration, listed
from ._timing import Wire

RULES = RuleBook("transfers")


@RULES.rule(
    "routes",
    holds="every channel between two units has one route, and its links lead from the producer to the reader",
    because="a value reaches another unit only over links that are connected",
)
def routes(facts: Facts) -> Iterator[Finding]:
    """One route per crossing channel, connected end to end; none, or an empty one, for the others."""
    counts = Counter(r.channel for r in facts.deployment.routes)
    for channel in facts.wires:
        links = facts.routes.get(channel, ())
        if counts[channel] > 1:
            text = f"channel {channel!r} has {counts[channel]} routes instead of one"
            yield failed(message=text, value=counts[channel], limit=1, elements=(channel,))
        elif channel not in facts.crossings and links:
            text = f"channel {channel!r} has a route over {listed(links)}, but both its ends are on one unit"
            yield failed(message=text, elements=(channel, *links))
        elif channel in facts.crossings:
            _, origin, destination = facts.crossings[channel]
            if not _leads(facts, links, origin, destination):
                over = listed(links) or "no link"
                text = f"route of {channel!r} over {over} does not lead from {origin!r} to {destination!r}"
                yield failed(message=text, elements=(channel, *links))


@RULES.rule(
    "transfer-per-value",
    holds="every value of a channel between two units has one transfer on each link of its route",
    because="a value that is not transferred is never read",
)
def transfer_per_value(facts: Facts) -> Iterator[Finding]:
    """Values 0 to H/P-1 of each crossing channel, hops 0 to n-1, on the links of the route."""
    for channel, (wire, _, _) in facts.crossings.items():
        links = facts.routes.get(channel, ())
        if wire.producer.id not in facts.timings.known:
            continue
        count = facts.jobs_of(wire.producer.id)
        have = {v: hops for v, hops in facts.hops.get(channel, {}).items() if 0 <= v < count}
        if len(have) < count:
            first = next(value for value in range(count) if value not in have)
            text = (
                f"{count - len(have)} of {count} values of {channel!r} have no transfer, first value {first}"
            )
            yield failed(message=text, value=len(have), limit=count, elements=(channel,))
        for value, hops in have.items():
            found = tuple(hops[h].link if h in hops else "no link" for h in range(len(links)))
            if found != links:
                over = listed(found) or "nothing"
                text = f"value {value} of {channel!r} crosses {over}, its route is "
                yield failed(message=text + (listed(links) or "empty"), elements=(channel, *links))


@RULES.rule(
    "no-superfluous-transfer",
    holds="no transfer is without a value that needs it",
    because="a transfer that nothing needs takes a link's time and energy, and hints at a wrong table",
)
def no_superfluous_transfer(facts: Facts) -> Iterator[Finding]:
    """No transfer of a local channel, of an unknown value or hop, and none twice."""
    counts = Counter((t.channel, t.job, t.hop) for t in facts.deployment.transfers)
    for (channel, value, hop), count in sorted(counts.items()):
        reason = ""
        if channel in facts.wires and channel not in facts.crossings:
            reason = "both ends of the channel are on one unit"
        elif channel in facts.crossings and not _is_needed(facts, channel, value, hop):
            reason = "the table has no such value or the route no such hop"
        elif count > 1:
            reason = f"there are {count} of it"
        if reason:
            text = f"transfer of value {value} of channel {channel!r}, hop {hop}: {reason}"
            yield failed(message=text, value=count, limit=1, elements=(channel,))


@RULES.rule(
    "transfer-length",
    holds="every transfer is as long as its link needs for the value",
    because="latency plus bytes over bandwidth is the time the link is taken",
)
def transfer_length(facts: Facts) -> Iterator[Finding]:
    """end - start = latency + bytes / bandwidth, rounded up."""
    for t in facts.deployment.transfers:
        if t.channel not in facts.wires or t.link not in facts.links:
            continue
        need, have = transfer_ns(facts.links[t.link], facts.wires[t.channel].size), t.end_ns - t.start_ns
        if need is None:
            yield failed(message=f"link {t.link!r} has no bandwidth and carries nothing", elements=(t.link,))
        elif need != have:
            text = f"{_told(t)} takes {duration(have)}, link {t.link!r} needs {duration(need)}"
            yield failed(message=text, value=have, limit=need, unit="ns", elements=(t.channel, t.link))


@RULES.rule(
    "transfer-order",
    holds="every transfer starts after its value is committed and has crossed the links before",
    because="a value cannot travel before it is there",
)
def transfer_order(facts: Facts) -> Iterator[Finding]:
    """start of hop 0 >= producer's end; start of hop h >= end of hop h-1; values stay in order."""
    for t, wire, home in _of_crossings(facts):
        ready = facts.span(wire.producer.id, home, t.job)[1]
        if t.hop > 0 and (before := facts.transfer(t.channel, t.job, t.hop - 1)):
            ready = before.end_ns
        if t.start_ns < ready:
            text = f"{_told(t)} starts at {duration(t.start_ns)}, the value is there at {duration(ready)}"
            yield failed(message=text, value=t.start_ns, limit=ready, unit="ns", elements=(t.channel, t.link))
        rounds, number = divmod(t.job + 1, facts.jobs_of(wire.producer.id))
        if following := facts.transfer(t.channel, number, t.hop):
            start = following.start_ns + rounds * facts.hyperperiod
            if start < t.start_ns:
                text = f"{_told(t)} starts at {duration(t.start_ns)}, the next one at {duration(start)}"
                yield failed(
                    message=text, value=t.start_ns, limit=start, unit="ns", elements=(t.channel, t.link)
                )


@RULES.rule(
    "sample-arrival",
    holds="every SAMPLE value is at its reader's unit by the absolute deadline of the job that made it",
    because="from that deadline on, readers are to see this value and no older one",
)
def sample_arrival(facts: Facts) -> Iterator[Finding]:
    """End of the last hop <= absolute deadline of the producer's job."""
    for t, wire, _ in _of_crossings(facts):
        due = facts.timing(wire.producer.id).due(t.job)
        if wire.is_sample and t.end_ns > due:
            text = f"{_told(t)} ends at {duration(t.end_ns)}, readers may ask for it from {duration(due)}"
            yield failed(message=text, value=t.end_ns, limit=due, unit="ns", elements=(t.channel, t.link))


@RULES.rule(
    "link-overlap",
    holds="no link carries two values at the same time, in any round of the table",
    because="a link is an exclusive resource",
)
def link_overlap(facts: Facts) -> Iterator[Finding]:
    """Transfers on one link do not overlap, modulo the hyperperiod."""
    by_link: dict[str, list[tuple[int, int, TransferSlot]]] = {}
    for t in facts.deployment.transfers:
        by_link.setdefault(t.link, []).append((t.start_ns, t.end_ns, t))
    for link, spans in by_link.items():
        for a, b in overlaps(spans, facts.hyperperiod) if facts.hyperperiod else ():
            text = f"link {link!r}: {_told(a)} until {duration(a.end_ns)} and {_told(b)} from "
            yield failed(
                message=f"{text}{duration(b.start_ns)} overlap (period {duration(facts.hyperperiod)})",
                value=b.start_ns,
                limit=a.end_ns,
                unit="ns",
                elements=(link, a.channel, b.channel),
            )


def _leads(facts: Facts, route: tuple[str, ...], origin: str, destination: str) -> bool:
    """Whether the links, in order and each once, connect both units."""
    links: list[Link] = [facts.links[link] for link in route if link in facts.links]
    if not links or len(links) < len(route) or len(set(route)) < len(route):
        return False
    reached = {origin}
    for link in links:
        if not reached & set(link.ends):
            return False
        reached = set(link.ends) - reached
    return destination in reached


def _is_needed(facts: Facts, channel: str, value: int, hop: int) -> bool:
    producer = facts.wires[channel].producer.id
    count = facts.jobs_of(producer) if producer in facts.timings.known else 0
    return 0 <= value < count and 0 <= hop < len(facts.routes.get(channel, ()))


def _of_crossings(facts: Facts) -> Iterator[tuple[TransferSlot, Wire, str]]:
    """Transfers that a crossing channel needs, with the producer's unit, where its jobs all have slots."""
    for t in facts.deployment.transfers:
        if t.channel in facts.crossings and _is_needed(facts, t.channel, t.job, t.hop):
            wire, home, _ = facts.crossings[t.channel]
            if facts.has_all_slots(wire.producer.id, home):
                yield t, wire, home


def _told(t: TransferSlot) -> str:
    return f"transfer of value {t.job} of channel {t.channel!r}, hop {t.hop},"
