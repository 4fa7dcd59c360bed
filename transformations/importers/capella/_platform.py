"""Node components to nodes and units, physical links to links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Link, LinkKind, Node, OperatingPoint, Platform, Unit, UnitKind

from ._view import CapellaModel, Obj, is_node, shown

ASSUMED_HZ = 1_000_000_000
ASSUMED_BYTES_PER_S = 100_000_000
_PROCESSOR = re.compile(r"processor|cpu", re.IGNORECASE)
_KINDS = (
    (re.compile(r"gpu|graphics", re.IGNORECASE), UnitKind.GPU),
    (re.compile(r"fpga", re.IGNORECASE), UnitKind.FPGA),
    (re.compile(r"npu|tpu", re.IGNORECASE), UnitKind.NPU),
)


class PlatformBuilder:
    """Builds the platform from the leaf NODE components that carry something, else from all of them."""

    def __init__(self, model: CapellaModel) -> None:
        self.model = model
        nodes = [c for c in model.project.pa.all_components if is_node(c)]
        self.leaves = [c for c in nodes if not any(is_node(i) for i in model.inside(c))]
        self.holder = {i.uuid: c for c in nodes for i in model.inside(c)}
        loaded = [c for c in self.leaves if any(p.deployment_links for p in model.parts(c))]
        self.hosts = loaded or self.leaves
        self.groups = self._groups()
        self.unit_of = {c.uuid: self._id(c) for group in self.groups.values() for c in group}

    def _id(self, component: Obj) -> str:
        return str((self.model.parts(component) or [component])[0].uuid)

    def build(self) -> Platform:
        """The platform; what carries nothing is reported."""
        for component in self.leaves:
            if component not in self.hosts:
                message = (
                    f"'{shown(component.name)}' carries no behaviour and is taken for no processing unit"
                )
                self.model.say(Severity.NOTE, "node-left-out", message, "", component)
        layer = self.model.project.pa
        nodes = tuple(self._node(key, members) for key, members in self.groups.items())
        return Platform(
            id=f"{layer.uuid}.platform",
            name="platform",
            source=self.model.source(layer),
            nodes=nodes,
            links=tuple(self._links(nodes)),
        )

    def allocations(self) -> None:
        """Say where the model deploys each part now; the partitioner may decide otherwise."""
        for component in self.hosts:
            for part in self.model.parts(component):
                for link in part.deployment_links:
                    if link.deployed_element is None:
                        continue
                    pair = f"'{shown(link.deployed_element.name)}' on '{shown(component.name)}'"
                    message = f"the model deploys {pair}; the partitioner may decide otherwise"
                    self.model.say(
                        Severity.NOTE,
                        "allocation-not-binding",
                        message,
                        "pin it in the side-car to keep it",
                        link,
                    )

    # --- nodes --------------------------------------------------------------------------------------------

    def _groups(self) -> dict[str, list[Obj]]:
        """Boards: hosts of one holder, unless it also holds boards; accelerators join a linked CPU."""
        groups: dict[str, list[Obj]] = {}
        alone = []
        for component in self.hosts:
            holder = self.holder.get(component.uuid)
            if holder is None or any(i not in self.leaves for i in self.model.inside(holder) if is_node(i)):
                alone.append(component)
            else:
                groups.setdefault(holder.uuid, []).append(component)
        for component in sorted(alone, key=lambda c: self._kind(c) is not UnitKind.CPU):
            host = self._linked_cpu(component, groups) if self._kind(component) is not UnitKind.CPU else None
            groups.setdefault(host or component.uuid, []).append(component)
        return groups

    def _linked_cpu(self, component: Obj, groups: dict[str, list[Obj]]) -> str | None:
        found: list[str] = []
        for link in self.model.project.pa.all_physical_links:
            owners = [e.parent for e in link.ends]
            if component in owners:
                found += [key for key, members in groups.items() if any(m in owners for m in members)]
        named = (key for key in found if any(_PROCESSOR.search(m.name) for m in groups[key]))
        return next(named, found[0] if found else None)

    def _node(self, key: str, members: list[Obj]) -> Node:
        holder = self.holder.get(members[0].uuid)
        element = holder if holder is not None and holder.uuid == key else members[0]
        units = tuple(self._unit(m) for m in members)
        return Node(id=f"{key}.node", name=element.name, source=self.model.source(element), units=units)

    def _kind(self, component: Obj) -> UnitKind:
        return next((kind for pattern, kind in _KINDS if pattern.search(component.name)), UnitKind.CPU)

    def _unit(self, component: Obj) -> Unit:
        id_, kind = self._id(component), self._kind(component)
        message = f"unit '{shown(component.name)}' is taken for a {kind.value}, judging by its name"
        step = "state kind in the side-car"
        self.model.say(Severity.WARNING, "kind-assumed", message, step, component)
        message = f"unit '{shown(component.name)}' has no clock frequency; 1 GHz is assumed"
        self.model.say(
            Severity.WARNING, "clock-assumed", message, "state frequency in the side-car", component
        )
        point = OperatingPoint(id=f"{id_}.clock", name="1000 MHz", frequency_hz=ASSUMED_HZ)
        source = self.model.source(component)
        return Unit(id=id_, name=component.name, source=source, kind=kind, operating_points=(point,))

    # --- links --------------------------------------------------------------------------------------------

    def _links(self, nodes: tuple[Node, ...]) -> Iterator[Link]:
        """Physical links; what they pass on the way (switches, buses, ports of boxes) joins them to one."""
        nets = _Nets()
        links = list(self.model.project.pa.all_physical_links)
        degree: dict[str, int] = {}
        for end in (e for link in links for e in link.ends):
            degree[end.uuid] = degree.get(end.uuid, 0) + 1
        carried: dict[str, tuple[Obj, dict[str, None]]] = {}
        for link in links:
            for end in link.ends:
                if not self._terminals(end, degree):
                    owner = end.parent
                    nets.join(link.uuid, owner.uuid if owner in self.leaves else end.uuid)
        for link in links:
            _, units = carried.setdefault(nets.find(link.uuid), (link, {}))
            for end in link.ends:
                units.update(dict.fromkeys(self._terminals(end, degree)))
        for link, units in carried.values():
            if len(units) > 1:
                yield self._link(link.uuid, link, tuple(units))
        joined = _Nets()
        for _, units in carried.values():
            for unit in units:
                joined.join(next(iter(units)), unit)
        for node in nodes:
            ends = tuple(u.id for u in node.units)
            if len({joined.find(end) for end in ends}) > 1:
                element = next(c for c in self.hosts if self.unit_of[c.uuid] == ends[0])
                yield self._link(f"{node.id}.memory", element, ends, f"{node.name} memory")

    def _terminals(self, end: Obj, degree: dict[str, int]) -> list[str]:
        """The units that a link reaches at one end: its owner, or what is in the box that ends it."""
        owner = end.parent
        if owner.uuid in self.unit_of:
            return [self.unit_of[owner.uuid]]
        if owner in self.leaves or degree[end.uuid] > 1:
            return []
        inside = [c for c in self.groups.get(owner.uuid, []) if c.uuid in self.unit_of]
        first = next((c for c in inside if _PROCESSOR.search(c.name)), None)
        return [self.unit_of[(first or inside[0]).uuid]] if inside else []

    def _link(self, id_: str, element: Obj, ends: tuple[str, ...], name: str = "") -> Link:
        name = name or element.name
        message = f"the link '{shown(name)}' has no bandwidth; 100 MB/s is assumed"
        self.model.say(Severity.WARNING, "assumed-bandwidth", message, "state it in the side-car", element)
        return Link(
            id=id_,
            name=name,
            source=self.model.source(element),
            kind=LinkKind.BUS,
            ends=ends,
            bandwidth_bytes_per_s=ASSUMED_BYTES_PER_S,
        )


class _Nets:
    """Union-find over links and what they pass."""

    def __init__(self) -> None:
        self.up: dict[str, str] = {}

    def find(self, item: str) -> str:
        while (above := self.up.setdefault(item, item)) != item:
            item = above
        return item

    def join(self, one: str, other: str) -> None:
        self.up[self.find(other)] = self.find(one)
