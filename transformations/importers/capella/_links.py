"""Physical links to links: what they pass on the way joins them to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Link, LinkKind, Node
from aicompiler.transformations.importers._quantities import RATE, TIME, down, up
from aicompiler.transformations.importers._sayings import shown

from ._naming import is_processor
from ._project import Obj

if TYPE_CHECKING:
    from ._platform import PlatformBuilder

ASSUMED_BYTES_PER_S = 100_000_000


class LinkBuilder:
    """Builds the links between the units of a platform."""

    def __init__(self, platform: PlatformBuilder) -> None:
        self.platform = platform
        self.project, self.structure = platform.project, platform.structure
        physical = [] if platform.layer is None else self.project.of("PhysicalLink")
        self.ends = {link: self.structure.link_ends(link) for link in physical}
        self.degree: dict[Obj, int] = {}
        for ends in self.ends.values():
            for end in ends:
                self.degree[end] = self.degree.get(end, 0) + 1

    def build(self, nodes: tuple[Node, ...]) -> tuple[Link, ...]:
        """Physical links through switches, buses and ports of boxes, then the memory of each board."""
        return tuple(self._links(nodes))

    def _links(self, nodes: tuple[Node, ...]) -> Iterator[Link]:
        carried = self._carried()
        for link, units in carried:
            if len(units) > 1:
                yield self._link(link.get("id", ""), link, tuple(units))
        joined = _Nets()
        for _, units in carried:
            for unit in units:
                joined.join(next(iter(units)), unit)
        for node in nodes:
            ends = tuple(u.id for u in node.units)
            if len({joined.find(end) for end in ends}) > 1:
                element = next(c for c in self.platform.hosts if self.platform.unit_of[c] == ends[0])
                yield self._link(f"{node.id}.memory", element, ends, f"{node.name} memory")

    def _carried(self) -> list[tuple[Obj, dict[str, None]]]:
        """The first link of each net, and the units that the net reaches."""
        nets = _Nets()
        for link, ends in self.ends.items():
            for end in ends:
                if not self._terminals(end):
                    owner = self.project.parent(end)
                    passed: Obj = owner if owner in self.platform.leaves else end
                    nets.join(link.get("id", ""), passed.get("id", ""))
        found: dict[str, tuple[Obj, dict[str, None]]] = {}
        for link, ends in self.ends.items():
            _, units = found.setdefault(nets.find(link.get("id", "")), (link, {}))
            for end in ends:
                units.update(dict.fromkeys(self._terminals(end)))
        for link, ends in self.ends.items():
            if len(found[nets.find(link.get("id", ""))][1]) > 1:
                self.project.use(link, *ends)
        return list(found.values())

    def _terminals(self, end: Obj) -> list[str]:
        """The units that a link reaches at one end: its owner, or what is in the box that ends it."""
        owner, platform = self.project.parent(end), self.platform
        if owner in platform.unit_of:
            return [platform.unit_of[owner]]
        if owner in platform.leaves or self.degree[end] > 1:
            return []
        inside = [c for c in platform.groups.get(owner, []) if c in platform.unit_of]
        first = next((c for c in inside if is_processor(c.get("name", ""))), None)
        return [platform.unit_of[inside[0] if first is None else first]] if inside else []

    def _link(self, id_: str, element: Obj, ends: tuple[str, ...], name: str = "") -> Link:
        name, values = name or element.get("name", ""), self.platform.values
        rate = None if element in self.platform.unit_of else values.quantity(element, ("bandwidth",), RATE)
        latency = None if element in self.platform.unit_of else values.quantity(element, ("latency",), TIME)
        if not rate:
            message = f"the link '{shown(name)}' has no bandwidth; 100 MB/s is assumed"
            step = "state it in the side-car"
            self.project.say(Severity.WARNING, "assumed-bandwidth", message, step, element)
        return Link(
            id=id_,
            name=name,
            source=self.project.source(element),
            kind=LinkKind.BUS,
            ends=ends,
            latency_ns=up(latency) if latency else 0,
            bandwidth_bytes_per_s=down(rate) if rate else ASSUMED_BYTES_PER_S,
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
