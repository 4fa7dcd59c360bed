"""Platform blocks to nodes, units and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from aicompiler.metamodels.system import Link, LinkKind, Node, Unit, UnitKind
from aicompiler.transformations.importers._quantities import COUNT, ENERGY, RATE, TIME, down, up
from aicompiler.transformations.importers._sayings import shown

from ._hosts import HOSTS, Host, Hosts
from ._resource import EObject
from ._structure import Instance, Structure, connectors
from ._units import UnitBuilder
from ._view import UmlModel, is_a

_LINK_KINDS = {
    "onchip": LinkKind.ON_CHIP,
    "on_chip": LinkKind.ON_CHIP,
    "bus": LinkKind.BUS,
    "network": LinkKind.NETWORK,
}
ASSUMED_BYTES_PER_S = Fraction(100_000_000)


class PlatformBuilder:
    """Nodes and links; ``ids`` records what became of which element, ``hosted`` the units that one means."""

    def __init__(self, model: UmlModel, structure: Structure, ids: dict[EObject, list[str]]) -> None:
        self.model = model
        self.structure = structure
        self.ids = ids
        self.hosts = Hosts(model)
        self.hosted: dict[EObject, list[str]] = {}
        self._units: dict[Instance, str] = {}
        self._node_of: dict[str, str] = {}
        self._name_of: dict[str, str] = {}
        self._cpus: set[str] = set()
        self._drawn: tuple[Node, ...] = ()

    def is_platform(self, root: Instance) -> bool:
        """Whether something below a root is a processing unit."""
        return any(self.structure.unit_stereotype(i) is not None for i in root.all())

    def nodes(self, roots: Iterable[Instance]) -> list[Node]:
        """A node for every block that directly has units, else for every box of a deployment diagram."""
        found: list[Node] = []
        for root in roots:
            for instance in root.all():
                units = [c for c in instance.children if self.structure.unit_stereotype(c) is not None]
                if units and self.structure.unit_stereotype(instance) is None:
                    found += self._nodes(instance, units)
        if found:
            # Hosts of an analysis context repeat what the design view draws: one view counts.
            self._alias()
            return found
        self._drawn = tuple(n for host in self.hosts.tops() for n in self._boxes(host))
        return list(self._drawn)

    def _nodes(self, instance: Instance, units: list[Instance]) -> Iterator[Node]:
        """The node that a block with units is; where one of them is a board with units, each is a node."""
        if not any(self._inside(u) for u in units):
            yield self._node(instance, instance.id, units)
            return
        for unit in units:
            yield self._node(unit, f"{unit.id}.node", [unit])

    def _node(self, instance: Instance, id_: str, units: list[Instance]) -> Node:
        element = instance.part if instance.part is not None else instance.type
        for bearer in (instance.part, instance.type):
            self._record(bearer, id_)
        made = tuple(self._unit(u) for u in units)
        node = Node(id=id_, name=instance.name, source=self.model.source(element), units=made)
        return self._known(node, instance.part, instance.type)

    def _inside(self, instance: Instance) -> list[Instance]:
        """The units inside a unit."""
        return [i for i in instance.all() if i is not instance and self.structure.unit_stereotype(i)]

    def _unit(self, instance: Instance) -> Unit:
        self._units[instance] = instance.id
        self._record(instance.part, instance.id)
        for inner in instance.all():
            self._host(instance.id, inner.part, inner.type)
        name = instance.part.name or instance.name
        unit = UnitBuilder(self.model, instance.id, name, (instance.part, instance.type)).build()
        inside = self._inside(instance)
        if unit.kind is UnitKind.CPU and unit.cores == 1 and inside:
            return replace(unit, cores=len(inside))
        return unit

    def _known(self, node: Node, *bearers: EObject) -> Node:
        for unit in node.units:
            self._node_of[unit.id], self._name_of[unit.id] = node.id, unit.name
            self._cpus |= {unit.id} if unit.kind is UnitKind.CPU else set()
            self._host(unit.id, *bearers)
        return node

    def _host(self, unit: str, *bearers: EObject) -> None:
        for bearer in bearers:
            if bearer is not None and unit not in (units := self.hosted.setdefault(bearer, [])):
                units.append(unit)

    def _record(self, element: EObject, id_: str) -> None:
        if element is not None:
            self.ids.setdefault(element, []).append(id_)

    # --- deployment diagrams ------------------------------------------------------------------------------

    def _boxes(self, host: Host) -> Iterator[Node]:
        """The nodes of a box: it is one with the units in it, else those in it are nodes by themselves."""
        units = [h for h in host.inside if not h.inside and self.hosts.is_unit(h)]
        alone = not host.inside or self.model.applied(host.element, *HOSTS) is not None
        made = [self._box_unit(h, self.model.id(h.element)) for h in units]
        if alone:
            own = self._box_unit(host, f"{self.model.id(host.element)}.unit")
            same = [u for u in made if u.kind is own.kind is UnitKind.CPU]
            if same and own.cores == 1:  # processors in a processor are its cores
                own = replace(own, cores=sum(u.cores for u in same))
            for unit, inner in zip(made, units, strict=True):
                if unit in same:
                    self.hosted[inner.element] = [own.id]
                    self._record(inner.element, own.id)
            made = [own, *(u for u in made if u not in same)]
        if made:
            id_ = self.model.id(host.element)
            node = Node(id=id_, name=host.name, source=self.model.source(host.element), units=tuple(made))
            yield self._known(node, host.element, host.type, *host.environments)
        for inner in host.inside:
            if inner not in units:
                yield from self._boxes(inner)
        for inner in host.all():
            for id_ in self.hosted.get(inner.element, ()):
                self._host(id_, host.element, host.type, *host.environments)

    def _box_unit(self, host: Host, id_: str) -> Unit:
        bearers = (host.element, *((host.type,) if host.type is not None else ()))
        self._record(host.element, id_)
        self._host(id_, *bearers)
        return UnitBuilder(self.model, id_, host.name, bearers).build()

    def _alias(self) -> None:
        """Boxes that repeat a unit of the design view: instances of its type, and hosts with its name."""
        names = {}
        for instance, unit in self._units.items():
            names[instance.part.name or instance.name] = unit
        for element in self.model.elements("Class", "InstanceSpecification"):
            if element in self.hosted or not self.hosts.is_host(element):
                continue
            types = [t for t in getattr(element, "classifier", ()) if t in self.hosted]
            known = list(dict.fromkeys(u for t in types for u in self.hosted[t]))
            called = [u for name, u in names.items() if is_called(element.name or "", name)]
            units = [u for u in called if u in known or not types] or known
            for unit in units[:1] if len(units) == 1 or not called else called[:1]:
                self._host(unit, element)

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
        if self._drawn:
            found = list(self._paths())
            yield from found
            yield from self._assumed(found)

    def _paths(self) -> Iterator[Link]:
        """Paths, associations and instances of them between boxes; a medium joins what it touches."""
        joined: dict[EObject, tuple[EObject, list[str]]] = {}
        for path in self.model.elements("Association", "InstanceSpecification"):
            ends = list(dict.fromkeys(_ends(path)))
            media = [e for e in ends if self.hosts.is_medium(e)]
            units = [self.primary(self.hosted[e]) for e in ends if e in self.hosted]
            if self.hosts.is_host(path) or len(media) + len(units) < 2:
                continue
            key = media[0] if media else path
            joined.setdefault(key, (path, []))[1].extend(units)
        for key, (path, units) in joined.items():
            types = tuple(getattr(key, "classifier", ()))
            bearers = dict.fromkeys((key, *types, path))
            yield from self._link(key, tuple(bearers), units, self.model.id(key))

    def primary(self, units: list[str]) -> str:
        """The unit that is meant where several are on offer: the first CPU, else the first."""
        return next((u for u in units if u in self._cpus), units[0])

    def _assumed(self, found: list[Link]) -> Iterator[Link]:
        """What nobody draws: what joins the units of one box, and boxes where no line joins any."""
        groups = [(n.id, tuple(u.id for u in n.units), n.name, LinkKind.BUS) for n in self._drawn]
        if not found:
            ends = tuple(self.primary([u.id for u in n.units]) for n in self._drawn)
            groups.append((f"{self._drawn[0].id}.network", ends, "network", LinkKind.NETWORK))
        for id_, ends, name, kind in groups:
            if len(ends) < 2 or any(len(set(ends) & set(link.ends)) > 1 for link in found):
                continue
            node = next(n for n in self._drawn if id_.startswith(n.id))
            element = self.model.resource.by_id.get(node.id)
            what = f"the units of '{shown(name)}'" if kind is LinkKind.BUS else "the nodes"
            message = f"nothing joins {what}; a {kind.value} of 100 MB/s is assumed"
            self.model.warn("assumed-link", message, "draw a CommunicationPath", element)
            yield Link(
                id=id_ if id_ != node.id else f"{id_}.memory",
                name=name if kind is LinkKind.NETWORK else f"{name} memory",
                source=node.source,
                kind=kind,
                ends=ends,
                bandwidth_bytes_per_s=down(ASSUMED_BYTES_PER_S),
            )

    def _link(
        self, element: EObject, bearers: tuple[EObject, ...], units: list[str], id_: str
    ) -> Iterator[Link]:
        def find(*names: str) -> EObject | None:
            return next((a for b in bearers if (a := self.model.applied(b, *names)) is not None), None)

        extra, media = find("Link"), find("HwMedia", "CommunicationMedia", "GaCommHost")
        tags = ((extra, "bandwidth"), (media, "bandWidth"), (media, "capacity"))
        bandwidth = next((b for a, t in tags if (b := self.model.quantity(a, t, RATE))), None)
        ends = tuple(dict.fromkeys(units))
        name = element.name or " - ".join(self._name_of.get(u, u) for u in ends)
        if len(ends) < 2:
            message = f"the link '{shown(name)}' is left out: it connects fewer than two units"
            self.model.warn("link-left-out", message, "connect two units", element)
            return
        if not bandwidth or down(bandwidth) < 1:
            message = f"the link '{shown(name)}' has no bandwidth; 100 MB/s is assumed"
            step = "apply HwBus with bandWidth, or state it in the side-car"
            self.model.warn("assumed-bandwidth", message, step, element)
            bandwidth = ASSUMED_BYTES_PER_S
        latencies = (self.model.quantity(a, t, TIME) for a, t in ((extra, "latency"), (media, "blockT")))
        latency = next((x for x in latencies if x is not None), None)
        energy = self.model.quantity(extra, "energyPerByte", ENERGY)
        failures = self.model.quantity(extra, "failureRate", COUNT)
        self._record(element, id_)
        yield Link(
            id=id_,
            name=name,
            source=self.model.source(element),
            kind=self._link_kind(extra, media, ends),
            ends=ends,
            latency_ns=up(latency) if latency is not None else 0,
            bandwidth_bytes_per_s=down(bandwidth),
            energy_fj_per_byte=up(energy) if energy is not None else 0,
            failure_rate_fit=up(failures) if failures is not None else 0,
        )

    def _link_kind(self, extra: EObject | None, media: EObject | None, ends: tuple[str, ...]) -> LinkKind:
        """As stated; else a HwMedia is a bus, and what joins several nodes a network."""
        text = self.model.text(extra, "kind")
        if text is None:
            nodes = {self._node_of.get(unit) for unit in ends}
            bus = is_a(media, "HwMedia") or (media is None and len(nodes) < 2)
            return LinkKind.BUS if bus else LinkKind.NETWORK
        if (found := _LINK_KINDS.get(text.lower())) is None:
            message = f"the link kind '{shown(text)}' is unknown; bus is assumed"
            self.model.warn("link-kind", message, "use onChip, bus or network", extra)
            return LinkKind.BUS
        return found


def _ends(path: EObject) -> Iterator[EObject]:
    """What an association (or an instance that stands for one) joins."""
    if is_a(path, "Association"):
        yield from (end.type for end in path.memberEnd if getattr(end, "type", None) is not None)
        return
    values = (getattr(v, "instance", None) for slot in path.slot for v in slot.value)
    yield from (v for v in values if v is not None)


def is_called(name: str, part: str) -> bool:
    """Whether a name is ``part``, or ends with it behind the names of what contains it."""
    return bool(part) and (name == part or name.endswith((f"_{part}", f".{part}")))
