"""Parts of leaf behaviour components to components, exchanges between them to channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import (
    Activation,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    ExecutionTime,
    OnData,
    Periodic,
    Port,
    PortDirection,
    Source,
    Sporadic,
    UnitKind,
)
from aicompiler.transformations.importers._quantities import COUNT, SIZE, TIME, Dimension, down, up
from aicompiler.transformations.importers._sayings import shown

from ._project import Obj, Project, kind_of
from ._scope import Scope, Scopes, is_actor, is_behaviour
from ._structure import Structure
from ._values import Values

ASSUMED_TYPE, ASSUMED_SHAPE = ElementType.U8, (64,)
_TIME_NAMES = ("wcet", "exectime", "executiontime", "duration")
_PERIOD_NAMES = ("period",)
_INTERVAL_NAMES = ("mininterarrival",)
_DEADLINE_NAMES = ("deadline",)


_TYPES = frozenset(t.value for t in ElementType)


@dataclass(frozen=True)
class _Carried:
    """Element type and shape of the values of an exchange."""

    type: ElementType
    shape: tuple[int, ...]


@dataclass
class Box:
    """A component in the making."""

    part: Obj
    component: Obj
    name: str
    functions: list[Obj] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    port_names: set[str] = field(default_factory=set)


class ComponentBuilder:
    """Builds the components of a system and the channels between them; a box for each part of a leaf."""

    def __init__(self, project: Project, values: Values, structure: Structure, scopes: Scopes) -> None:
        self.project, self.values, self.structure, self.scopes = project, values, structure, scopes
        self.boxes: dict[str, Box] = {}
        self.owners: dict[Obj, list[str]] = {}  # of a function: the ids of the boxes that it is allocated to
        self._of_component: dict[Obj, list[str]] = {}

    def collect(self, scope: Scope) -> None:
        """Make the boxes of a system."""
        for component in self._leaves(scope):
            self._add(component)
        for component, ids in self._of_component.items():
            for function in self.structure.functions(component):
                self.owners.setdefault(function, []).extend(ids)
                for id_ in ids:
                    self.boxes[id_].functions.append(function)

    def _leaves(self, scope: Scope) -> Iterator[Obj]:
        templates = self.structure.templates()
        for component in self.scopes.components(scope):
            inside = self.structure.inside(component)
            if scope.physical and not is_behaviour(component):
                continue
            if any(is_behaviour(c) if scope.physical else not is_actor(c) for c in inside):
                continue
            name = shown(component.get("name"))
            if component.get("id") in templates:
                message = f"'{name}' belongs to a collection of replicable elements"
                self.project.say(Severity.NOTE, "template-left-out", message, "", component)
                continue
            if not scope.physical:
                message = f"no physical component is behaviour; the logical '{name}' stands in"
                step = "set the nature of physical components to BEHAVIOR"
                self.project.say(Severity.NOTE, "assumed-component", message, step, component)
            yield component

    def _add(self, component: Obj) -> None:
        parts = self.structure.parts(component) or [component]
        base = component.get("name", "").strip() or component.get("id", "")
        for number, part in enumerate(parts):
            name = base if len(parts) == 1 else f"{base}.{number + 1}"
            self.boxes[part.get("id", "")] = Box(part, component, name)
        self._of_component[component] = [part.get("id", "") for part in parts]

    # --- components ---------------------------------------------------------------------------------------

    def components(self) -> tuple[Component, ...]:
        """The components; their ports come from the channels, so these are made first."""
        return tuple(self._component(id_, box) for id_, box in self.boxes.items())

    def _component(self, id_: str, box: Box) -> Component:
        project, entry = self.project, f"{id_}.step"
        project.use(box.part, box.component)
        deadline = self._own(box, _DEADLINE_NAMES)
        memory = self._own(box, ("memory",), SIZE) or Fraction(0)
        level = self._own(box, ("criticality",), COUNT) or Fraction(0)
        return Component(
            id=id_,
            name=box.name,
            source=project.source(box.part),
            entries=(
                Entry(
                    id=entry,
                    name="step",
                    source=project.source(box.component),
                    activation=self._activation(box),
                    deadline_ns=down(deadline) if deadline else None,  # Capella writes no absent value: 0
                    times=self._times(entry, box),
                ),
            ),
            ports=tuple(box.ports),
            memory_bytes=up(memory),
            criticality=up(level),
        )

    def _own(self, box: Box, names: tuple[str, ...], dimension: Dimension = TIME) -> Fraction | None:
        """A quantity of the part, else of its component."""
        found = self.values.quantity(box.part, names, dimension)
        return self.values.quantity(box.component, names, dimension) if found is None else found

    def _activation(self, box: Box) -> Activation:
        if period := self._own(box, _PERIOD_NAMES):
            return Periodic(period_ns=down(period))
        if interval := self._own(box, _INTERVAL_NAMES):
            return Sporadic(min_interarrival_ns=down(interval))
        return OnData()

    def _times(self, entry: str, box: Box) -> tuple[ExecutionTime, ...]:
        time = self._own(box, _TIME_NAMES) or self.values.consumption(box.component) or self._sum(box)
        if not time:
            return ()
        source, given = self.project.source(box.component), up(time)
        return (
            ExecutionTime(
                id=f"{entry}.cpu",
                name="annotated",
                source=source,
                unit_kind=UnitKind.CPU,
                wcet_ns=given,
                acet_ns=given,
            ),
        )

    def _sum(self, box: Box) -> Fraction | None:
        """The times of all functions of a component; none if one of them has none."""
        times = [
            self.values.quantity(f, _TIME_NAMES, TIME) or self.values.consumption(f) for f in box.functions
        ]
        known = [t for t in times if t]
        if known and len(known) < len(times):
            lacking = ", ".join(
                f"'{shown(f.get('name'))}'" for f, t in zip(box.functions, times, strict=True) if not t
            )
            message = f"the functions of '{shown(box.name)}' do not add up: {lacking} has no time"
            step = "give each function a time, or its component one"
            self.project.say(Severity.WARNING, "time-incomplete", message, step, box.component)
            return None
        return sum(known, Fraction(0)) if known else None

    # --- channels -----------------------------------------------------------------------------------------

    def channels(self) -> tuple[Channel, ...]:
        """A channel for each functional exchange, and for each component exchange that carries none."""
        return tuple(self._channels())

    def _channels(self) -> Iterator[Channel]:
        used: set[str] = set()
        for exchange in self.project.of("FunctionalExchange"):
            sources, targets = (self._ends_of_function(exchange, end) for end in ("source", "target"))
            yield from self._between(exchange, sources, targets, used)
        carrying = {
            self.project.parent(a) for a in self.project.of("ComponentExchangeFunctionalExchangeAllocation")
        }
        for exchange in self.project.of("ComponentExchange"):
            if exchange not in carrying:
                sources, targets = (self._ends_of_component(exchange, end) for end in ("source", "target"))
                yield from self._between(exchange, sources, targets, used)

    def _ends_of_function(self, exchange: Obj, end: str) -> list[str]:
        for one in self.project.refs(exchange, end):
            for function in (one, self.project.parent(one)):
                if function in self.owners:
                    return self.owners[function]
        return []

    def _ends_of_component(self, exchange: Obj, end: str) -> list[str]:
        found = []
        for one in self.structure.exchange_ends(exchange, end):
            if one.get("id") in self.boxes:
                found.append(one.get("id", ""))
            else:
                owner = one if kind_of(one).endswith("Component") else self.project.parent(one)
                found += self._of_component.get(owner, [])
        return list(dict.fromkeys(found))

    def _between(
        self, exchange: Obj, sources: list[str], targets: list[str], used: set[str]
    ) -> Iterator[Channel]:
        for source in sources:
            for target in self._partners(source, targets):
                id_, number = exchange.get("id", ""), 1
                while id_ in used:
                    number += 1
                    id_ = f"{exchange.get('id')}.{number}"
                used.add(id_)
                yield self._channel(id_, exchange, source, target)

    def _partners(self, source: str, targets: list[str]) -> Iterator[str]:
        """Which parts one exchanges with: of a component with several, those of the same holder, if any."""
        box = self.boxes[source]
        holder = self.structure.holder(box.part)
        near: dict[Obj, list[str]] = {}
        for target in targets:
            if self.structure.holder(self.boxes[target].part) is holder:
                near.setdefault(self.boxes[target].component, []).append(target)
        for target in targets:
            component = self.boxes[target].component
            if component is not box.component and target in near.get(component, (target,)):
                yield target

    def _channel(self, id_: str, exchange: Obj, source: str, target: str) -> Channel:
        name, place = exchange.get("name", ""), self.project.source(exchange)
        self.project.use(exchange, *self.structure.exchange_parts(exchange))
        carried, protocol = self._carried(exchange), self.values.word(exchange, ("protocol",)).lower()
        ends = ((source, PortDirection.OUT), (target, PortDirection.IN))
        ports = [self._port(self.boxes[o], f"{o}.{id_}", name, carried, place, way) for o, way in ends]
        return Channel(
            id=id_,
            name=name,
            source=place,
            source_port=ports[0],
            target_port=ports[1],
            # Capella does not say that a reader waits; exchanges often form cycles, where waiting never ends.
            protocol=ChannelProtocol.QUEUE if protocol == "queue" else ChannelProtocol.SAMPLE,
        )

    def _carried(self, exchange: Obj) -> _Carried:
        """What a value of an exchange is: its property values ``element_type`` and ``shape``, or assumed."""
        type_ = self.values.word(exchange, ("elementtype",)).lower()
        shape = self.values.word(exchange, ("shape",)).split()
        if type_ in _TYPES and all(re.fullmatch(r"[1-9]\d{0,8}", n) for n in shape):
            return _Carried(ElementType(type_), tuple(int(n) for n in shape))
        kind = f"{ASSUMED_TYPE.value}[{ASSUMED_SHAPE[0]}]"
        name = shown(exchange.get("name"))
        message = f"the exchange '{name}' has no element type; {kind} read by SAMPLE is assumed"
        step = "state type, shape and protocol in the side-car"
        self.project.say(Severity.NOTE, "assumed-type", message, step, exchange)
        return _Carried(ASSUMED_TYPE, ASSUMED_SHAPE)

    def _port(
        self, box: Box, id_: str, exchange: str, carried: _Carried, place: Source, direction: PortDirection
    ) -> str:
        base = re.sub(r"\W+", "_", exchange, flags=re.ASCII).strip("_").lower() or "exchange"
        base = name = f"{base}_{direction.value}"
        number = 1
        while name in box.port_names:
            number += 1
            name = f"{base}{number}"
        box.port_names.add(name)
        port = Port(
            id=f"{id_}.{direction.value}",
            name=name,
            source=place,
            direction=direction,
            element_type=carried.type,
            shape=carried.shape,
            extents=("",) * len(carried.shape),
        )
        box.ports.append(port)
        return port.id
