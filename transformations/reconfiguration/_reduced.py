"""What is left of a system: without a unit, without components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    CoLocate,
    Constraint,
    Forbid,
    Isolate,
    Pin,
    ReliabilityGoal,
    Separate,
    System,
)


def without_unit(system: System, unit: str) -> System:
    """The same system on a platform that lacks ``unit``; what was pinned to it is no longer pinned."""
    nodes = tuple(replace(n, units=tuple(u for u in n.units if u.id != unit)) for n in system.platform.nodes)
    cut = (replace(link, ends=tuple(e for e in link.ends if e != unit)) for link in system.platform.links)
    platform = replace(system.platform, nodes=nodes, links=tuple(link for link in cut if len(link.ends) > 1))
    kept = tuple(c for c in system.constraints if getattr(c, "unit", None) != unit)
    return replace(system, platform=platform, constraints=kept)


def with_components(system: System, kept: frozenset[str]) -> System:
    """The same system with no other components; flows and constraints that need others are gone.

    A SAMPLE port whose writer is gone reads the channel's initial value.
    """
    app = system.application
    components = tuple(c for c in app.components if c.id in kept)
    channels = tuple(c for c in app.channels if set(_owners(system, c)) <= kept)
    flows = tuple(f for f in app.flows if all(system.component_of(e).id in kept for e in f.entries))
    reduced = replace(app, components=components, channels=channels, flows=flows, modes=())
    names = {f.id for f in flows}
    constraints = tuple(k for c in system.constraints if (k := _kept(c, kept, names)) is not None)
    return replace(system, application=reduced, constraints=constraints)


def shedding(system: System) -> Iterator[frozenset[str]]:
    """The components that are kept, the lowest criticality given up first, then the lowest two, and so on.

    What a kept component needs is kept whatever its criticality: all before it on its flows, and what fills
    its queues.
    """
    told: set[frozenset[str]] = {frozenset(c.id for c in system.components)}
    for level in sorted({c.criticality for c in system.components})[:-1]:
        kept = {c.id for c in system.components if c.criticality > level}
        while more := set(_needed(system, kept)) - kept:
            kept |= more
        if frozenset(kept) not in told:
            told.add(frozenset(kept))
            yield frozenset(kept)


def _needed(system: System, kept: set[str]) -> Iterator[str]:
    for flow in system.application.flows:
        path = [system.component_of(e).id for e in flow.entries]
        last = max((n for n, component in enumerate(path) if component in kept), default=-1)
        yield from path[: last + 1]
    for channel in system.application.channels:
        writer, reader = _owners(system, channel)
        if channel.protocol is ChannelProtocol.QUEUE and reader in kept:
            yield writer


def _owners(system: System, channel: Channel) -> tuple[str, str]:
    return system.component_of(channel.source_port).id, system.component_of(channel.target_port).id


def _kept(constraint: Constraint, components: frozenset[str], flows: set[str]) -> Constraint | None:
    match constraint:
        case Pin(component=one) | Forbid(component=one):
            return constraint if one in components else None
        case Separate() | Isolate() | CoLocate():
            left = tuple(c for c in constraint.components if c in components)
            return replace(constraint, components=left) if len(left) > 1 else None
        case ReliabilityGoal(flow=flow):
            return constraint if flow in flows else None
    return constraint
