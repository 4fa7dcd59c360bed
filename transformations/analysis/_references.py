"""Whether the deployment speaks of this system, of nothing else, and of nothing the analysis cannot judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from aicompiler.metamodels.deployment import Finding
from aicompiler.metamodels.system import (
    ChannelProtocol,
    CoLocate,
    Forbid,
    Isolate,
    Pin,
    Region,
    ReliabilityGoal,
    SchedulingPolicy,
    Separate,
    UnitKind,
)

from ._facts import Facts
from ._rules import RuleBook, failed
from ._text import listed

RULES = RuleBook("scope")


@RULES.rule(
    "known-references",
    holds="every id in the deployment and in the constraints names an element of the model",
    because="a decision about an element that the model does not have cannot be judged",
)
def known_references(facts: Facts) -> Iterator[Finding]:
    """Each reference of the deployment and of the constraints resolves to an element of the right class."""
    tables = _ids(facts)
    for kind, owner, reference in (*_of_deployment(facts), *_of_model(facts)):
        if reference not in tables[kind]:
            yield failed(
                message=f"{owner} refers to {kind} {reference!r}, which the model does not have",
                elements=(reference,),
            )


@RULES.rule(
    "unique-ids",
    holds="no two elements of the model have the same id",
    because="with two elements of one id, a decision does not say which of them it means",
)
def unique_ids(facts: Facts) -> Iterator[Finding]:
    """Ids of components, entries, ports, channels, flows, nodes, units, points and links are unique."""
    app, platform = facts.system.application, facts.system.platform
    ids = [x.id for group in (app.components, app.channels, app.flows, platform.links) for x in group]
    ids += [x.id for c in app.components for x in (*c.entries, *c.ports)]
    ids += [
        x.id for n in platform.nodes for x in (n, *n.units, *(p for u in n.units for p in u.operating_points))
    ]
    for id_, count in Counter(ids).items():
        if count > 1:
            yield failed(
                message=f"{count} elements of the model have the id {id_!r}", value=count, elements=(id_,)
            )


@RULES.rule(
    "supported",
    holds="the model uses only what this analysis can judge",
    because="a property that no check understands must not pass in silence",
)
def supported(facts: Facts) -> Iterator[Finding]:
    """Scheduling policies, unit kinds, channels, modes and replicas are within what the checks cover."""
    for mode in facts.system.application.modes:
        yield failed(message=f"mode {mode.id!r}: modes are not analysed; remove it", elements=(mode.id,))
    for unit in sorted({p.unit for p in facts.placements}):
        yield from _unit_supported(facts, unit)
    for channel in facts.system.application.channels:
        if reason := _channel_refused(facts, channel.id):
            yield failed(message=f"channel {channel.id!r} {reason}", elements=(channel.id,))


def _unit_supported(facts: Facts, unit: str) -> Iterator[Finding]:
    policy = facts.units[unit].policy
    if policy not in (None, SchedulingPolicy.TIME_TABLE):
        text = f"unit {unit!r} is scheduled by {policy.value}; only time tables are analysed"
        yield failed(message=text, elements=(unit,))
    if facts.units[unit].kind is UnitKind.NPU:
        yield failed(message=f"unit {unit!r} is an NPU, for which no code can be generated", elements=(unit,))


def _channel_refused(facts: Facts, id_: str) -> str:
    """Why a channel cannot be judged; empty if it can."""
    channel, wire = facts.channels[id_], facts.wires.get(id_)
    if channel.protocol is ChannelProtocol.CALL:
        return "is a CALL, which is not analysed; use QUEUE or SAMPLE"
    if channel.protocol is ChannelProtocol.QUEUE and channel.initial:
        return "is a QUEUE with initial values, which is not analysed"
    for port in (channel.source_port, channel.target_port):
        if (users := facts.users.get(port)) is not None and len(users) != 1:
            return f"ends at port {port!r}, which {len(users)} entries use instead of one"
    if wire is None:
        return "does not join an out-port to an in-port, so it is not analysed"
    ends = (facts.owner[wire.producer.id], facts.owner[wire.reader.id])
    if replicated := [c.id for c in ends if c.replicas > 1]:
        return f"ends at {listed(replicated)}: a deployment cannot state the transfers of replicas"
    return ""


def _ids(facts: Facts) -> dict[str, Iterable[str]]:
    app, platform = facts.system.application, facts.system.platform
    return {
        "system": {facts.system.id},
        "component": facts.components,
        "entry": facts.entries,
        "variant": {b.id for e in facts.system.entries for b in e.behaviours},
        "port": {p.id for c in facts.system.components for p in c.ports},
        "channel": facts.channels,
        "flow": {f.id for f in app.flows},
        "node": {n.id for n in platform.nodes},
        "unit": facts.units,
        "region": {r.id for u in facts.units.values() for r in u.regions},
        "operating point": {p.id for u in facts.units.values() for p in u.operating_points},
        "link": facts.links,
    }


def _of_deployment(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Kind, owner and id of each reference that the deployment holds."""
    deployment = facts.deployment
    yield "system", "the deployment", deployment.system
    for p in deployment.placements:
        owner = f"a placement of {p.component!r}"
        yield from (("component", owner, p.component), ("unit", owner, p.unit))
        if p.region is not None:
            yield "region", owner, p.region
        if p.variant is not None:
            yield "variant", owner, p.variant
    for s in deployment.settings:
        yield from (("unit", "a setting", s.unit), ("operating point", "a setting", s.operating_point))
    for j in deployment.jobs:
        owner = f"a slot of {j.entry!r}"
        yield from (("entry", owner, j.entry), ("unit", owner, j.unit))
    for r in deployment.routes:
        yield "channel", "a route", r.channel
        yield from (("link", f"the route of {r.channel!r}", link) for link in r.links)
    for t in deployment.transfers:
        owner = f"a transfer of {t.channel!r}"
        yield from (("channel", owner, t.channel), ("link", owner, t.link))


def _of_model(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """The same for constraints, channels, flows, links and modes of the model."""
    app = facts.system.application
    for channel in app.channels:
        owner = f"channel {channel.id!r}"
        yield from (("port", owner, channel.source_port), ("port", owner, channel.target_port))
    for entry in facts.system.entries:
        yield from (("port", f"entry {entry.id!r}", p) for p in entry.ports)
    for flow in app.flows:
        yield from (("entry", f"flow {flow.id!r}", e) for e in flow.entries)
    for link in facts.links.values():
        yield from (("unit", f"link {link.id!r}", end) for end in link.ends)
    for constraint in facts.system.constraints:
        owner = f"constraint {constraint.id!r}"
        match constraint:
            case Pin(component=component, unit=unit) | Forbid(component=component, unit=unit):
                yield from (("component", owner, component), ("unit", owner, unit))
            case Separate(components=many) | Isolate(components=many) | CoLocate(components=many):
                yield from (("component", owner, c) for c in many)
            case ReliabilityGoal(flow=goal):
                yield "flow", owner, goal
            case _:
                if (node := getattr(constraint, "node", None)) is not None:
                    yield "node", owner, node


def region_of(facts: Facts, unit: str, region: str) -> Region | None:
    """The region of that id on the unit."""
    return next((r for r in facts.units[unit].regions if r.id == region), None)
