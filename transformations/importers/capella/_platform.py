"""Node components to nodes and units, deployment links to allocations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import (
    Allocation,
    Area,
    Node,
    OperatingPoint,
    Platform,
    Unit,
    UnitKind,
)
from aicompiler.transformations.importers._quantities import COUNT, FREQUENCY, POWER, SIZE, down, up
from aicompiler.transformations.importers._sayings import shown

from ._links import LinkBuilder
from ._naming import is_processor, kind_by_name, speaks_of_kind
from ._project import Obj, Project, kind_of
from ._scope import is_behaviour, is_node
from ._structure import Structure
from ._values import Values

ASSUMED_HZ = 1_000_000_000


class PlatformBuilder:
    """Builds the platform from the NODE components that carry something, else from all leaves of them."""

    def __init__(self, project: Project, values: Values, structure: Structure, layer: Obj | None) -> None:
        self.project, self.values, self.structure, self.layer = project, values, structure, layer
        found = project.of("PhysicalComponent") if layer is not None else ()
        self.nodes = [c for c in found if is_node(c) and layer in project.above(c)]
        self.leaves = [c for c in self.nodes if not any(is_node(i) for i in structure.inside(c))]
        self.holder = {i: c for c in self.nodes for i in structure.inside(c)}
        loaded = [c for c in self.nodes if self._carries(c)]
        self.hosts = loaded or self.leaves
        self.groups = self._groups()
        self.unit_of = {c: self._id(c) for group in self.groups.values() for c in group}

    def _id(self, component: Obj) -> str:
        return str((self.structure.parts(component) or [component])[0].get("id", ""))

    def _carries(self, component: Obj) -> bool:
        """Whether behaviour is deployed on a node."""
        deployed = [d for p in self.structure.parts(component) for d, _ in self.structure.deployments(p)]
        types = [self.project.ref(d, "abstractType") for d in deployed]
        return any(t is not None and is_behaviour(t) for t in types)

    def build(self, system: Obj) -> Platform:
        """The platform; what carries nothing is reported."""
        for component in self.leaves:
            if component not in self.hosts:
                name = shown(component.get("name"))
                message = f"'{name}' carries no behaviour and is taken for no processing unit"
                self.project.say(Severity.NOTE, "node-left-out", message, "", component)
        element = self.layer if self.layer is not None else system
        nodes = tuple(self._node(key, members) for key, members in self.groups.items())
        return Platform(
            id=f"{element.get('id')}.platform",
            name="platform",
            source=self.project.source(element),
            nodes=nodes,
            links=LinkBuilder(self).build(nodes),
        )

    # --- allocations --------------------------------------------------------------------------------------

    def allocations(self, parts: Iterable[str]) -> tuple[Allocation, ...]:
        """Where the model deploys each of these parts now: on a node, or on what is deployed on one."""
        wanted = set(parts)
        found: dict[str, Allocation] = {}
        for component in self.hosts:
            for part in self.structure.parts(component):
                for deployed, link in self._carried(part):
                    id_ = deployed.get("id", "")
                    if id_ in wanted and id_ not in found:
                        found[id_] = self._allocation(deployed, component, link)
                    elif id_ in wanted:
                        self._deployed_twice(deployed, link)
        return tuple(found[id_] for id_ in parts if id_ in found)

    def _carried(self, part: Obj) -> Iterator[tuple[Obj, Obj]]:
        """All that runs on a part, through behaviour that carries behaviour or contains it."""
        waiting, seen = self.structure.deployments(part), set[Obj]()
        while waiting:
            one, link = waiting.pop(0)
            type_ = self.project.ref(one, "abstractType")
            if one in seen or type_ is None or not is_behaviour(type_):
                continue
            seen.add(one)
            yield one, link
            waiting += self.structure.deployments(one)
            waiting += [(inner, link) for inner in self.project.children(type_, "Part")]

    def _allocation(self, deployed: Obj, component: Obj, link: Obj) -> Allocation:
        self.project.use(link, deployed)
        return Allocation(
            id=f"{link.get('id')}.{deployed.get('id')}",
            name=f"{deployed.get('name', '')} on {component.get('name', '')}",
            source=self.project.source(link),
            component=deployed.get("id", ""),
            unit=self.unit_of[component],
            by=kind_of(link),
        )

    def _deployed_twice(self, deployed: Obj, link: Obj) -> None:
        message = f"'{shown(deployed.get('name'))}' is deployed twice; the first place counts"
        self.project.say(Severity.WARNING, "deployed-twice", message, "keep one deployment link", link)

    # --- nodes --------------------------------------------------------------------------------------------

    def _groups(self) -> dict[Obj, list[Obj]]:
        """Boards: hosts of one holder, unless it also holds boards; accelerators join a linked CPU."""
        groups: dict[Obj, list[Obj]] = {}
        alone = []
        for component in self.hosts:
            holder = self.holder.get(component)
            inside = self.structure.inside(holder) if holder is not None else []
            if holder is None or any(i not in self.leaves for i in inside if is_node(i)):
                alone.append(component)
            else:
                groups.setdefault(holder, []).append(component)
        for component in sorted(alone, key=lambda c: self._kind(c) is not UnitKind.CPU):
            host = self._linked_cpu(component, groups) if self._kind(component) is not UnitKind.CPU else None
            groups.setdefault(component if host is None else host, []).append(component)
        return groups

    def _linked_cpu(self, component: Obj, groups: dict[Obj, list[Obj]]) -> Obj | None:
        found: list[Obj] = []
        for link in self.project.of("PhysicalLink"):
            owners = [self.project.parent(e) for e in self.structure.link_ends(link)]
            if component in owners:
                found += [key for key, members in groups.items() if any(m in owners for m in members)]
        named = (key for key in found if any(is_processor(m.get("name", "")) for m in groups[key]))
        return next(named, found[0] if found else None)

    def _node(self, key: Obj, members: list[Obj]) -> Node:
        self.project.use(key)
        units = tuple(self._unit(m) for m in members)
        return Node(
            id=f"{key.get('id')}.node", name=key.get("name", ""), source=self.project.source(key), units=units
        )

    def _kind(self, component: Obj) -> UnitKind:
        stated = self.values.word(component, ("unitkind",)).upper()
        if stated in UnitKind.__members__:
            return UnitKind[stated]
        return kind_by_name(component.get("name", ""))

    def _unit(self, component: Obj) -> Unit:
        id_, kind, values = self._id(component), self._kind(component), self.values
        self.project.use(component, *self.structure.parts(component)[:1])
        if values.word(component, ("unitkind",)).upper() not in UnitKind.__members__:
            named = speaks_of_kind(component.get("name", ""))
            why = "judging by its name" if named else "because nothing says that it is anything else"
            message = f"unit '{shown(component.get('name'))}' is taken for a {kind.value}, {why}"
            step = "state kind in the side-car"
            self.project.say(Severity.WARNING, "kind-assumed", message, step, component)
        cores = values.quantity(component, ("cores",), COUNT)
        memory = values.quantity(component, ("memory",), SIZE)
        static = values.quantity(component, ("staticpower",), POWER)
        return Unit(
            id=id_,
            name=component.get("name", ""),
            source=self.project.source(component),
            kind=kind,
            cores=down(cores) if cores else 1,
            operating_points=(self._point(id_, component),),
            static_power_uw=up(static) if static else 0,
            memory_bytes=down(memory) if memory else None,
            area=self._area(id_, component) if kind is UnitKind.FPGA else None,
        )

    def _area(self, id_: str, component: Obj) -> Area:
        """The resources of an FPGA; what is not stated is none."""
        counts = {r: self.values.quantity(component, (r,), COUNT) for r in ("lut", "ff", "bram", "dsp")}
        return Area(
            id=f"{id_}.area",
            name="area",
            source=self.project.source(component),
            **{resource: down(count) if count else 0 for resource, count in counts.items()},
        )

    def _point(self, id_: str, component: Obj) -> OperatingPoint:
        clock = self.values.quantity(component, ("frequency",), FREQUENCY)
        power = self.values.quantity(component, ("dynamicpower",), POWER)
        if not clock:
            message = f"unit '{shown(component.get('name'))}' has no clock frequency; 1 GHz is assumed"
            step = "state frequency in the side-car"
            self.project.say(Severity.WARNING, "clock-assumed", message, step, component)
        hertz = down(clock) if clock else ASSUMED_HZ
        return OperatingPoint(
            id=f"{id_}.clock",
            name=f"{hertz // 10**6} MHz",
            frequency_hz=hertz,
            dynamic_power_uw=up(power) if power else 0,
        )
