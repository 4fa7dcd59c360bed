"""Connections, connection handlers, memories and access paths to links between units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from aicompiler.metamodels.system import Link, LinkKind, Node
from aicompiler.transformations.importers._quantities import down, up
from aicompiler.transformations.importers._sayings import shown

from ._values import Values
from ._view import AmaltheaModel, Xml, child, children, identity, kind, name_of

ASSUMED_BYTES_PER_S = 100_000_000
_BUSES = ("CAN", "Flexray", "LIN", "MOST", "SPI", "I2C")
_NETWORKS = ("Ethernet",)
_NS = 10**9


@dataclass
class _Net:
    """What one connected piece of hardware says: the units it joins, its rates, latencies and interfaces."""

    parts: list[Xml] = field(default_factory=list)
    units: dict[str, None] = field(default_factory=dict)
    rates: list[Fraction] = field(default_factory=list)
    latency: Fraction = Fraction(0)
    interfaces: set[str] = field(default_factory=set)


class Links:
    """Joins ports by connections; handlers and memories join all that is connected to them."""

    def __init__(self, model: AmaltheaModel, values: Values, units: dict[Xml, str]) -> None:
        self.model = model
        self.values = values
        self.units = units
        self._above: dict[Xml, Xml] = {}

    def build(self, nodes: tuple[Node, ...]) -> Iterator[Link]:
        """A link for each piece of hardware that joins several units; units of a node always share one."""
        joined: set[frozenset[str]] = set()
        for net in self._nets():
            if len(net.units) > 1:
                joined.add(frozenset(net.units))
                yield self._link(net, nodes)
        for node in nodes:
            ends = [u.id for u in node.units]
            if len(ends) > 1 and not _reachable(ends, joined):
                yield self._shared(node, ends)

    # --- nets ---------------------------------------------------------------------------------------------

    def _find(self, item: Xml) -> Xml:
        path = []
        while (above := self._above.setdefault(item, item)) is not item:
            path.append(item)
            item = above
        self._above.update(dict.fromkeys(path, item))
        return item

    def _join(self, one: Xml, other: Xml) -> None:
        self._above[self._find(other)] = self._find(one)

    def _nets(self) -> list[_Net]:
        connections = [e for e in self.model.elements if kind(e) == "HwConnection"]
        accesses = [e for p in self.units for e in children(p, "accessElements")]
        terminals: list[tuple[Xml, Xml]] = []  # what joins, and the processing unit at it
        for connection in connections:
            for end in ("port1", "port2"):
                if (port := self.model.ref(connection, end)) is not None:
                    terminals += self._connect(connection, port)
        for access in accesses:
            if (target := self.model.ref(access, "destination")) is not None:
                self._join(access, target)
                terminals.append((access, access.getparent()))
        nets: dict[Xml, _Net] = {}
        for part in (*connections, *accesses, *self.model.of_kind("ConnectionHandler")):
            nets.setdefault(self._find(part), _Net()).parts.append(part)
        for at, processor in terminals:
            if processor in self.units:
                nets.setdefault(self._find(at), _Net()).units[self.units[processor]] = None
        for net in nets.values():
            if len(net.units) > 1:
                for part in net.parts:
                    self._figures(net, part)
        return list(nets.values())

    def _connect(self, connection: Xml, port: Xml) -> list[tuple[Xml, Xml]]:
        """A connection reaches a port: of a core it ends there, of a structure it goes on by that port."""
        owner = port.getparent()
        if kind(owner) == "ProcessingUnit":
            return [(connection, owner)]
        self._join(connection, port if kind(owner) == "HwStructure" else owner)
        return []

    def _figures(self, net: _Net, part: Xml) -> None:
        self.model.use(part)
        definition = self.model.ref(part, "definition")
        for holder in (part, definition):
            if holder is None:
                continue
            rate = self.values.quantity(child(holder, "dataRate"), "rate")
            net.rates += [rate] if rate else []
            net.latency += self._latency(part, holder)
        for port in self._ports(part):
            net.interfaces.add(port.get("portInterface", ""))
            self.model.use(port)

    def _ports(self, part: Xml) -> list[Xml]:
        named = [self.model.ref(part, end) for end in ("port1", "port2")]
        return [p for p in (*named, *children(part, "ports")) if p is not None]

    def _latency(self, part: Xml, holder: Xml) -> Fraction:
        """The greater of read and write latency, in cycles of the clock of the part."""
        read = [self.values.spread(child(holder, f)) for f in ("readLatency", "writeLatency")]
        cycles = max((s.worst for s in read if s is not None), default=Fraction(0))
        domain = self.model.ref(part, "frequencyDomain")
        clock = self.values.quantity(child(domain, "defaultValue"), "frequency")
        if not cycles:
            return Fraction(0)
        if not clock:
            message = f"the latency of '{shown(name_of(part))}' is in cycles of a clock that is not stated"
            self.model.warn("latency-left-out", message, "state latency in the side-car", part)
            return Fraction(0)
        self.model.use(domain)
        return cycles / clock * _NS

    # --- links --------------------------------------------------------------------------------------------

    def _link(self, net: _Net, nodes: tuple[Node, ...]) -> Link:
        handlers = [p for p in net.parts if kind(p) == "ConnectionHandler"]
        place = (handlers or [p for p in net.parts if name_of(p)] or net.parts)[0]
        name = name_of(place) or f"{name_of(place.getparent())} access"
        if not net.rates:
            message = f"the link '{shown(name)}' has no data rate; 100 MB/s is assumed"
            self.model.warn("assumed-bandwidth", message, "state bandwidth in the side-car", place)
        within = any(set(net.units) <= {u.id for u in node.units} for node in nodes)
        return Link(
            id=identity("Link", *(name_of(e) for e in reversed(list(place.iterancestors()))), name),
            name=name,
            source=self.model.source(place),
            kind=_kind(net.interfaces, within),
            ends=tuple(net.units),
            latency_ns=up(net.latency),
            bandwidth_bytes_per_s=max(1, down(min(net.rates))) if net.rates else ASSUMED_BYTES_PER_S,
        )

    def _shared(self, node: Node, ends: list[str]) -> Link:
        place = next(p for p, u in self.units.items() if u == ends[0])
        name = f"{node.name} memory"
        message = (
            f"no connection joins the units of '{shown(node.name)}'; shared memory of 100 MB/s is assumed"
        )
        self.model.warn("assumed-bandwidth", message, f"state bandwidth of '{shown(name)}'", place)
        return Link(
            id=f"{node.id}.memory",
            name=name,
            source=self.model.source(place),
            kind=LinkKind.ON_CHIP,
            ends=tuple(ends),
            bandwidth_bytes_per_s=ASSUMED_BYTES_PER_S,
        )


def _kind(interfaces: set[str], within: bool) -> LinkKind:
    if interfaces & set(_NETWORKS):
        return LinkKind.NETWORK
    if interfaces & set(_BUSES) or not within:
        return LinkKind.BUS
    return LinkKind.ON_CHIP


def _reachable(ends: list[str], joined: set[frozenset[str]]) -> bool:
    """Whether every unit is reached from the first over what joins them."""
    found, changed = {ends[0]}, True
    while changed:
        grown = found.union(*(units for units in joined if units & found))
        found, changed = grown, grown != found
    return set(ends) <= found
