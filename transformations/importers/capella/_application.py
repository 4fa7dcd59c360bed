"""Parts of behaviour components to components, exchanges to channels, functional chains to flows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import (
    Activation,
    Application,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    ExecutionTime,
    Flow,
    OnData,
    Periodic,
    Port,
    PortDirection,
    UnitKind,
)
from aicompiler.transformations.importers._quantities import TIME, down, up

from ._view import CapellaModel, Obj, is_behaviour, shown

ASSUMED_TYPE, ASSUMED_SHAPE = ElementType.U8, (64,)
_TIME_NAMES = ("wcet", "exectime", "executiontime", "duration")
_PERIOD_NAMES = ("period",)
_DEADLINE_NAMES = ("deadline",)


@dataclass
class _Box:
    """A component in the making."""

    part: Obj
    component: Obj
    name: str
    ports: list[Port] = field(default_factory=list)


class ApplicationBuilder:
    """Builds the application of the physical layer, else of the logical one."""

    def __init__(self, model: CapellaModel) -> None:
        self.model = model
        physical = self._leaves(model.project.pa)
        self.layer = model.project.pa if physical else model.project.la
        self.boxes: dict[str, _Box] = {}
        for component in physical or self._logical():
            self._add(component)
        self.owners: dict[str, list[str]] = {}  # function id -> ids of the parts it is allocated to
        for id_, box in self.boxes.items():
            for function in box.component.allocated_functions:
                self.owners.setdefault(function.uuid, []).append(id_)

    # --- components ---------------------------------------------------------------------------------------

    def _leaves(self, layer: Obj) -> list[Obj]:
        left_out = self.model.catalogued()
        found = []
        for component in layer.all_components:
            if not is_behaviour(component) or component.is_actor:
                continue
            if any(is_behaviour(c) for c in self.model.inside(component)):
                continue
            if component.uuid in left_out:
                message = f"'{shown(component.name)}' belongs to a collection of replicable elements"
                self.model.say(Severity.NOTE, "template-left-out", message, "", component)
                continue
            found.append(component)
        return found

    def _logical(self) -> list[Obj]:
        components = [c for c in self.model.project.la.all_components if not c.is_actor]
        leaves = [c for c in components if not any(not i.is_actor for i in self.model.inside(c))]
        for component in leaves:
            message = f"no physical component is behaviour; the logical '{shown(component.name)}' stands in"
            step = "set the nature of physical components to BEHAVIOR"
            self.model.say(Severity.NOTE, "assumed-component", message, step, component)
        return leaves

    def _add(self, component: Obj) -> None:
        parts = self.model.parts(component) or [component]
        for number, part in enumerate(parts):
            name = component.name if len(parts) == 1 else f"{component.name}.{number + 1}"
            self.boxes[part.uuid] = _Box(part, component, name.strip())

    def build(self) -> Application:
        """The application; ports come from the exchanges, so channels are made first."""
        channels = tuple(self._channels())
        components = tuple(self._component(id_, box) for id_, box in self.boxes.items())
        return Application(
            id=f"{self.layer.uuid}.application",
            name="application",
            source=self.model.source(self.layer),
            components=components,
            channels=channels,
            flows=tuple(self._flows({(c.source_port, c.target_port) for c in channels}, components)),
        )

    def _component(self, id_: str, box: _Box) -> Component:
        source = self.model.source(box.part)
        entry = f"{id_}.step"
        period = self.model.quantity(box.component, _PERIOD_NAMES, TIME)
        deadline = self.model.quantity(box.component, _DEADLINE_NAMES, TIME)
        activation: Activation = Periodic(period_ns=down(period)) if period else OnData()
        return Component(
            id=id_,
            name=box.name,
            source=source,
            entries=(
                Entry(
                    id=entry,
                    name="step",
                    source=self.model.source(box.component),
                    activation=activation,
                    deadline_ns=None if deadline is None else down(deadline),
                    times=self._times(entry, box.component),
                ),
            ),
            ports=tuple(box.ports),
        )

    def _times(self, entry: str, component: Obj) -> tuple[ExecutionTime, ...]:
        """Its own time, else the sum of those of its functions; none if one of them has none."""
        time = self._time(component)
        if time is None and len(component.allocated_functions):
            times = [self._time(f) for f in component.allocated_functions]
            time = sum((t for t in times if t is not None), Fraction(0)) if all(times) else None
        if not time:
            return ()
        source, given = self.model.source(component), up(time)
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

    def _time(self, obj: Obj) -> Fraction | None:
        return self.model.quantity(obj, _TIME_NAMES, TIME) or self.model.duration(obj)

    # --- channels -----------------------------------------------------------------------------------------

    def _channels(self) -> Iterator[Channel]:
        used: set[str] = set()
        for exchange in self.layer.all_function_exchanges:
            sources, targets = (self._function_owners(e) for e in (exchange.source, exchange.target))
            yield from self._between(exchange, sources, targets, used)
        carried = {
            f.uuid for e in self.layer.all_component_exchanges for f in e.allocated_functional_exchanges
        }
        for exchange in self.layer.all_component_exchanges:
            if not any(f.uuid in carried for f in exchange.allocated_functional_exchanges):
                sources, targets = (self._component_owners(e) for e in (exchange.source, exchange.target))
                yield from self._between(exchange, sources, targets, used)

    def _function_owners(self, end: Obj) -> list[str]:
        function = end if end.uuid in self.owners else getattr(end, "parent", None)
        return self.owners.get(function.uuid, []) if function is not None else []

    def _component_owners(self, end: Obj) -> list[str]:
        owner = getattr(end, "parent", None)
        return [i for i, b in self.boxes.items() if owner is not None and owner.uuid in (b.component.uuid, i)]

    def _between(
        self, exchange: Obj, sources: list[str], targets: list[str], used: set[str]
    ) -> Iterator[Channel]:
        for source in sources:
            for target in targets:
                if source == target:
                    continue
                id_, number = exchange.uuid, 1
                while id_ in used:
                    number += 1
                    id_ = f"{exchange.uuid}.{number}"
                used.add(id_)
                yield self._channel(id_, exchange, source, target)

    def _channel(self, id_: str, exchange: Obj, source: str, target: str) -> Channel:
        kind = f"{ASSUMED_TYPE.value}[{ASSUMED_SHAPE[0]}]"
        message = (
            f"the exchange '{shown(exchange.name)}' has no element type; {kind} read by SAMPLE is assumed"
        )
        self.model.say(
            Severity.NOTE, "assumed-type", message, "state type, shape and protocol in the side-car", exchange
        )
        return Channel(
            id=id_,
            name=exchange.name,
            source=self.model.source(exchange),
            source_port=self._port(self.boxes[source], source, id_, exchange, PortDirection.OUT),
            target_port=self._port(self.boxes[target], target, id_, exchange, PortDirection.IN),
            # Capella does not say that a reader waits; exchanges often form cycles, where waiting never ends.
            protocol=ChannelProtocol.SAMPLE,
        )

    def _port(self, box: _Box, owner: str, channel: str, exchange: Obj, direction: PortDirection) -> str:
        base = re.sub(r"\W+", "_", exchange.name, flags=re.ASCII).strip("_").lower() or "exchange"
        base = f"{base}_{direction.value}"
        taken, name, number = {p.name for p in box.ports}, base, 1
        while name in taken:
            number += 1
            name = f"{base}{number}"
        port = Port(
            id=f"{owner}.{channel}.{direction.value}",
            name=name,
            source=self.model.source(exchange),
            direction=direction,
            element_type=ASSUMED_TYPE,
            shape=ASSUMED_SHAPE,
            extents=("",),
        )
        box.ports.append(port)
        return port.id

    # --- flows --------------------------------------------------------------------------------------------

    def _flows(self, connected: set[tuple[str, str]], components: tuple[Component, ...]) -> Iterator[Flow]:
        owner = {p.id: c.id for c in components for p in c.ports}
        edges = {(owner[s], owner[t]) for s, t in connected}
        for chain in self.layer.all_functional_chains:
            steps = [i.involved for i in chain.involvements if type(i.involved).__name__.endswith("Function")]
            owners = [self.owners.get(f.uuid, []) for f in steps]
            path: list[str] = []
            for one in (o[0] for o in owners if len(o) == 1):
                if not path or path[-1] != one:
                    path.append(one)
            joined = all(pair in edges for pair in pairwise(path))
            if len(path) < 2 or not joined or len(set(path)) < len(path):
                message = f"the functional chain '{shown(chain.name)}' is no path of components"
                step = 'state its entries in the side-car: [flow."NAME"] entries = ["A", "B"]'
                self.model.say(Severity.NOTE, "flow-left-out", message, step, chain)
                continue
            source = self.model.source(chain)
            yield Flow(
                id=chain.uuid, name=chain.name, source=source, entries=tuple(f"{i}.step" for i in path)
            )
