"""Platform blocks to nodes, units and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from aicompiler.metamodels.system import Link, LinkKind, Node, Unit, UnitKind
from aicompiler.transformations.importers._quantities import COUNT, ENERGY, RATE, TIME, down, up

from ._resource import EObject
from ._structure import Instance, Structure, connectors
from ._units import UnitBuilder
from ._view import UmlModel, is_a, shown

_LINK_KINDS = {
    "onchip": LinkKind.ON_CHIP,
    "on_chip": LinkKind.ON_CHIP,
    "bus": LinkKind.BUS,
    "network": LinkKind.NETWORK,
}
ASSUMED_BYTES_PER_S = Fraction(100_000_000)
_HOSTS = ("ComputingResource", "HwPLD", "HwASIC", "GaExecHost", "ProcessingUnit")


class PlatformBuilder:
    """Nodes and links; ``ids`` records what became of which element."""

    def __init__(self, model: UmlModel, structure: Structure, ids: dict[EObject, list[str]]) -> None:
        self.model = model
        self.structure = structure
        self.ids = ids
        self._units: dict[Instance, str] = {}

    def is_platform(self, root: Instance) -> bool:
        """Whether something below a root is a processing unit."""
        return any(self.structure.unit_stereotype(i) is not None for i in root.all())

    def nodes(self, roots: Iterable[Instance]) -> list[Node]:
        """A node for every block that directly has units, else for every lone host."""
        found = []
        for root in roots:
            for instance in root.all():
                units = [c for c in instance.children if self.structure.unit_stereotype(c) is not None]
                if units and self.structure.unit_stereotype(instance) is None:
                    found.append(self._node(instance, units))
        # Hosts of an analysis context repeat what the design view draws: one view counts.
        return found or list(self._lone_hosts())

    def _node(self, instance: Instance, units: list[Instance]) -> Node:
        element = instance.part if instance.part is not None else instance.type
        for bearer in (instance.part, instance.type):
            self._record(bearer, instance.id)
        return Node(
            id=instance.id,
            name=instance.name,
            source=self.model.source(element),
            units=tuple(self._unit(u) for u in units),
        )

    def _unit(self, instance: Instance) -> Unit:
        self._units[instance] = instance.id
        self._record(instance.part, instance.id)
        name = instance.part.name or instance.name
        unit = UnitBuilder(self.model, instance.id, name, (instance.part, instance.type)).build()
        inside = [i for i in instance.all() if i is not instance and self.structure.unit_stereotype(i)]
        if unit.kind is UnitKind.CPU and unit.cores == 1 and inside:
            return replace(unit, cores=len(inside))
        return unit

    def _lone_hosts(self) -> Iterator[Node]:
        """Hosts that are no part of a block: a node with one unit each (UML deployment diagrams)."""
        used = {a for i in self._units for a in (i.part, i.type)}
        for host in self.model.elements("Class", "InstanceSpecification"):
            if host in used or self.model.applied(host, *_HOSTS) is None:
                continue
            id_ = self.model.id(host)
            unit = UnitBuilder(self.model, f"{id_}.unit", host.name or "", (host,)).build()
            self._record(host, unit.id)
            yield Node(id=id_, name=host.name or "", source=self.model.source(host), units=(unit,))

    def _record(self, element: EObject, id_: str) -> None:
        if element is not None:
            self.ids.setdefault(element, []).append(id_)

    # --- links --------------------------------------------------------------------------------------------

    def links(self, roots: Iterable[Instance]) -> Iterator[Link]:
        """Connectors between units, and parts that are buses with what is connected to them."""
        for root in roots:
            buses: dict[Instance, list[str]] = {}
            for _, connector, ends in connectors(root, self.model):
                instances = [i for i, _ in ends]
                media = [i for i in instances if self.structure.media_stereotype(i) is not None]
                units = [self._units[i] for i in instances if i in self._units]
                if media:
                    buses.setdefault(media[0], []).extend(units)
                elif len(units) > 1:
                    yield from self._link(connector, (connector,), units, self.model.id(connector))
            for bus, units in buses.items():
                yield from self._link(bus.part, (bus.part, bus.type), units, bus.id)

    def _link(
        self, element: EObject, bearers: tuple[EObject, ...], units: list[str], id_: str
    ) -> Iterator[Link]:
        def find(*names: str) -> EObject | None:
            return next((a for b in bearers if (a := self.model.applied(b, *names)) is not None), None)

        extra, media = find("Link"), find("HwMedia", "CommunicationMedia", "GaCommHost")
        tags = ((extra, "bandwidth"), (media, "bandWidth"), (media, "capacity"))
        bandwidth = next((b for a, t in tags if (b := self.model.quantity(a, t, RATE))), None)
        ends = tuple(dict.fromkeys(units))
        if len(ends) < 2:
            message = f"the link '{shown(element.name)}' is left out: it connects fewer than two units"
            self.model.warn("link-left-out", message, "connect two units", element)
            return
        if not bandwidth or down(bandwidth) < 1:
            message = f"the link '{shown(element.name)}' has no bandwidth; 100 MB/s is assumed"
            step = "apply HwBus with bandWidth, or state it in the side-car"
            self.model.warn("assumed-bandwidth", message, step, element)
            bandwidth = ASSUMED_BYTES_PER_S
        latency = self.model.quantity(extra, "latency", TIME)
        energy = self.model.quantity(extra, "energyPerByte", ENERGY)
        failures = self.model.quantity(extra, "failureRate", COUNT)
        self._record(element, id_)
        yield Link(
            id=id_,
            name=element.name or "",
            source=self.model.source(element),
            kind=self._link_kind(extra, media),
            ends=ends,
            latency_ns=up(latency) if latency is not None else 0,
            bandwidth_bytes_per_s=down(bandwidth),
            energy_fj_per_byte=up(energy) if energy is not None else 0,
            failure_rate_fit=up(failures) if failures is not None else 0,
        )

    def _link_kind(self, extra: EObject | None, media: EObject | None) -> LinkKind:
        text = self.model.text(extra, "kind")
        if text is None:
            return LinkKind.BUS if media is None or is_a(media, "HwMedia") else LinkKind.NETWORK
        if (found := _LINK_KINDS.get(text.lower())) is None:
            message = f"the link kind '{shown(text)}' is unknown; bus is assumed"
            self.model.warn("link-kind", message, "use onChip, bus or network", extra)
            return LinkKind.BUS
        return found
