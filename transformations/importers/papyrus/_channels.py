"""Connectors to channels: through composites to the leaves, with the protocols that are stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    PortDirection,
)
from aicompiler.transformations.importers._sayings import shown

from ._components import ComponentBuilder
from ._resource import EObject
from ._structure import Connection, End, Instance, connectors
from ._view import UmlModel, is_a


@dataclass(frozen=True)
class _Edge:
    end: End
    connector: EObject


def connections(root: Instance, leaves: Iterable[Instance], builder: ComponentBuilder) -> list[Connection]:
    """Every way from an out-port of a leaf to an in-port of another, through the ports of composites."""
    model = builder.model
    edges: dict[End, list[_Edge]] = {}
    pairs: list[list[End]] = []
    for _, connector, ends in connectors(root, model):
        if len(ends) != 2 or not all(is_a(port, "Port") for _, port in ends):
            message = f"{model.label(connector)} does not connect two ports and carries nothing"
            model.warn("connector-left-out", message, "connect an out-port to an in-port", connector)
            continue
        pairs.append(ends)
        for near, far in (ends, ends[::-1]):
            edges.setdefault(near, []).append(_Edge(far, connector))
    solid = set(leaves)
    builder.calls.update(_calls(pairs, builder))
    found: list[Connection] = []
    for end in list(edges):
        if end[0] in solid and builder.direction(end[1]) is PortDirection.OUT:
            found += _reach(end, edges, solid, builder)
    return found


def _calls(pairs: Iterable[list[End]], builder: ComponentBuilder) -> dict[EObject, PortDirection]:
    """Directions of ports without a flow: where one of two is conjugated, that one calls the other."""
    found = {}
    for pair in pairs:
        ports = [port for _, port in pair]
        if ports[0].isConjugated == ports[1].isConjugated or any(builder.stated(p) for p in ports):
            continue
        for port in ports:
            found[port] = PortDirection.OUT if port.isConjugated else PortDirection.IN
    return found


def _reach(
    source: End, edges: Mapping[End, list[_Edge]], solid: set[Instance], builder: ComponentBuilder
) -> list[Connection]:
    found, seen, pending = [], {source}, [source]
    while pending:
        for edge in edges.get(pending.pop(), ()):
            if edge.end in seen:
                continue
            seen.add(edge.end)
            if edge.end[0] not in solid:
                pending.append(edge.end)
            elif builder.direction(edge.end[1]) is PortDirection.IN:
                found.append(Connection(source, edge.end, edge.connector))
            else:
                message = f"{builder.model.label(edge.connector)} connects two outputs"
                builder.model.error(
                    "two-outputs", message, "turn one of its ports into an input", edge.connector
                )
    return found


class ChannelBuilder:
    """Channels of the components that could be built."""

    def __init__(self, model: UmlModel, components: Iterable[Component]) -> None:
        self.model = model
        self.components = {c.id: c for c in components}
        self.ports = {p.id for c in self.components.values() for p in c.ports}

    def build(self, found: Iterable[Connection], ids: dict[EObject, list[str]]) -> tuple[Channel, ...]:
        """One channel a connection, in model order of the connectors."""
        order = {obj: number for number, obj in enumerate(self.model.resource.by_id.values())}
        usable = [
            c for c in found if self._port(c.source) in self.ports and self._port(c.target) in self.ports
        ]
        usable.sort(key=lambda c: (order.get(c.connector, 0), self._port(c.source), self._port(c.target)))
        channels: list[Channel] = []
        for connection in usable:
            taken = [c.id for c in channels]
            id_ = base = self.model.id(connection.connector)
            number = 2
            while id_ in taken:
                id_, number = f"{base}.{number}", number + 1
            channels.append(self._channel(id_, connection))
            ids.setdefault(connection.connector, []).append(id_)
        return tuple(channels)

    def _port(self, end: End) -> str:
        return f"{end[0].id}.{self.model.id(end[1])}"

    def _channel(self, id_: str, connection: Connection) -> Channel:
        tags = self.model.applied(connection.connector, "Channel")
        initial = self.model.text(tags, "initial")
        protocol = self._explicit(connection)
        return Channel(
            id=id_,
            name=connection.connector.name or "",
            source=self.model.source(connection.connector),
            source_port=self._port(connection.source),
            target_port=self._port(connection.target),
            protocol=protocol or ChannelProtocol.SAMPLE,
            protocol_assumed=protocol is None,
            capacity=self._at_least_one(tags, "capacity", 2),
            consume=self._at_least_one(tags, "consume", 1),
            initial=tuple(p.strip() for p in initial.strip("{}").split(",")) if initial else (),
        )

    def _at_least_one(self, tags: EObject | None, tag: str, default: int) -> int:
        value = self.model.count(tags, tag)
        if value is not None and value < 1:
            self.model.error("bad-channel", f"{tag} of a channel is {value}", "give 1 or more", tags)
            return default
        return default if value is None else value

    def _explicit(self, connection: Connection) -> ChannelProtocol | None:
        tags = self.model.applied(connection.connector, "Channel")
        if (text := self.model.text(tags, "protocol")) is None:
            return None
        if text.lower() in [p.value for p in ChannelProtocol]:
            return ChannelProtocol(text.lower())
        message = f"{self.model.label(connection.connector)} has the protocol '{shown(text)}'"
        self.model.error("bad-channel", message, "use QUEUE, SAMPLE or CALL", connection.connector)
        return None
