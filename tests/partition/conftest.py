"""A builder of small systems with costs, so that a test shows only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from aicompiler.metamodels.deployment import Cost, CostTable, Provenance
from aicompiler.metamodels.system import (
    Activation,
    Application,
    Area,
    Channel,
    ChannelProtocol,
    Component,
    Constraint,
    ElementType,
    Entry,
    Flow,
    FlowBound,
    Link,
    LinkKind,
    Node,
    OnData,
    OperatingPoint,
    Periodic,
    Platform,
    Port,
    PortDirection,
    Source,
    System,
    Unit,
    UnitKind,
)


def source(name: str) -> Source:
    """A place in the file that the sketch pretends to come from."""
    return Source(file="sketch.uml", qualified_name=f"Sketch::{name}", line=1)


@dataclass
class Sketch:
    """A system in the making; times in ns, powers in uW."""

    components: list[Component] = field(default_factory=list)
    ports: dict[str, list[Port]] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)

    def unit(
        self, name: str, kind: UnitKind = UnitKind.CPU, cores: int = 1, static: int = 0, **more: object
    ) -> Sketch:
        """A unit with points `fast` (2 GHz) and, if `slow` (its dynamic power) is given, `slow` (1 GHz)."""
        slow, dynamic = more.pop("slow", None), more.pop("dynamic", 1000)
        points = [OperatingPoint(id=f"{name}.fast", frequency_hz=2_000_000_000, dynamic_power_uw=dynamic)]
        if slow is not None:
            points.append(
                OperatingPoint(id=f"{name}.slow", frequency_hz=1_000_000_000, dynamic_power_uw=slow)
            )
        unit = Unit(
            id=name,
            name=name,
            kind=kind,
            cores=cores,
            static_power_uw=static,
            operating_points=tuple(points),
            **more,
        )
        self.units.append(unit)
        return self

    def component(
        self,
        name: str,
        times: Mapping[str, int],
        activation: Activation | int,
        deadline: int | None = None,
        **more,
    ) -> Sketch:
        """A component `name` with entry `name.run`, `times` = wcet per unit at its fastest point."""
        activation = Periodic(period_ns=activation) if isinstance(activation, int) else activation
        interval = more.pop("interval", None)
        area = more.pop("area", {})
        entry = Entry(
            id=f"{name}.run",
            name=f"{name}.run",
            source=source(name),
            activation=activation,
            deadline_ns=deadline,
        )
        self.components.append(Component(id=name, name=name, source=source(name), entries=(entry,), **more))
        self.ports[name] = []
        for unit in self.units:
            if unit.id in times:
                for point in unit.operating_points:
                    wcet = times[unit.id] * unit.fastest.frequency_hz // point.frequency_hz
                    self.costs.append(
                        Cost(
                            entry=entry.id,
                            unit=unit.id,
                            operating_point=point.id,
                            bcet_ns=wcet,
                            acet_ns=wcet,
                            wcet_ns=wcet,
                            interval_ns=interval or wcet,
                            energy_fj=wcet * point.dynamic_power_uw,
                            provenance=Provenance.ANNOTATED,
                            **(area if unit.kind is UnitKind.FPGA else {}),
                        )
                    )
        return self

    def reader(self, name: str, times: Mapping[str, int], **more) -> Sketch:
        """A component that runs when its queues hold values."""
        return self.component(name, times, OnData(), **more)

    def channel(self, a: str, b: str, size: int = 1, protocol=ChannelProtocol.QUEUE, **more) -> Sketch:
        """A channel `a>b` whose values have `size` bytes."""
        name = f"{a}>{b}"
        for owner, direction in ((a, PortDirection.OUT), (b, PortDirection.IN)):
            port = Port(
                id=f"{name}@{owner}",
                name=name,
                direction=direction,
                element_type=ElementType.U8,
                shape=(size,),
            )
            self.ports[owner].append(port)
        self.channels.append(
            Channel(
                id=name,
                name=name,
                source=source(name),
                source_port=f"{name}@{a}",
                target_port=f"{name}@{b}",
                protocol=protocol,
                **more,
            )
        )
        return self

    def sample(self, a: str, b: str, size: int = 1) -> Sketch:
        """A SAMPLE channel."""
        return self.channel(a, b, size, ChannelProtocol.SAMPLE)

    def link(
        self, name: str, *ends: str, latency: int = 0, rate: int = 1_000_000_000, energy: int = 0
    ) -> Sketch:
        """A link; at the default rate one byte takes 1 ns."""
        self.links.append(
            Link(
                id=name,
                name=name,
                kind=LinkKind.BUS,
                ends=ends,
                latency_ns=latency,
                bandwidth_bytes_per_s=rate,
                energy_fj_per_byte=energy,
            )
        )
        return self

    def flow(
        self, name: str, deadline: int, *components: str, bound: FlowBound = FlowBound.REACTION
    ) -> Sketch:
        """A flow along the entries of `components`."""
        path = tuple(f"{c}.run" for c in components)
        self.flows.append(
            Flow(id=name, name=name, source=source(name), entries=path, deadline_ns=deadline, bound=bound)
        )
        return self

    def given(self, *constraints: Constraint) -> Sketch:
        """Constraints."""
        self.constraints.extend(constraints)
        return self

    def system(self) -> System:
        """The system so far."""
        from dataclasses import replace

        components = tuple(replace(c, ports=tuple(self.ports[c.id])) for c in self.components)
        return System(
            id="sketch",
            name="sketch",
            source=source("sketch"),
            application=Application(
                id="app", components=components, channels=tuple(self.channels), flows=tuple(self.flows)
            ),
            platform=Platform(
                id="platform",
                nodes=(Node(id="node", name="node", units=tuple(self.units)),),
                links=tuple(self.links),
            ),
            constraints=tuple(self.constraints),
        )

    def both(self) -> tuple[System, CostTable]:
        """What `partition` takes."""
        return self.system(), CostTable(costs=tuple(self.costs))


@pytest.fixture
def sketch() -> type[Sketch]:
    """The builder; call it for an empty system."""
    return Sketch


__all__ = ["Sketch", "Area"]
