"""A builder of small systems with costs, so that a test shows only what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import Cost, CostTable, Deployment, JobSlot, Provenance
from aicompiler.metamodels.system import (
    Activation,
    Application,
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
from aicompiler.transformations.analysis import check


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
        self, name: str, kind: UnitKind = UnitKind.CPU, cores: int = 1, static: int = 0, **more: Any
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
        **more: Any,
    ) -> Sketch:
        """A component `name` with entry `name.run`, `times` = wcet per unit at its fastest point."""
        activation = Periodic(period_ns=activation) if isinstance(activation, int) else activation
        interval, bcet = more.pop("interval", None), more.pop("bcet", 1000)
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
                            bcet_ns=wcet * bcet // 1000,
                            acet_ns=wcet,
                            wcet_ns=wcet,
                            interval_ns=interval if interval and unit.kind is UnitKind.FPGA else wcet,
                            energy_fj=wcet * point.dynamic_power_uw,
                            provenance=Provenance.ANNOTATED,
                            **(area if unit.kind is UnitKind.FPGA else {}),
                        )
                    )
        return self

    def reader(self, name: str, times: Mapping[str, int], **more: Any) -> Sketch:
        """A component that runs when its queues hold values."""
        return self.component(name, times, OnData(), **more)

    def channel(
        self, a: str, b: str, size: int = 1, protocol: ChannelProtocol = ChannelProtocol.QUEUE, **more: Any
    ) -> Sketch:
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


def assert_valid(system: System, costs: CostTable, found: Deployment) -> None:
    """The table of a deployment holds what the model asks of times, resources and data."""
    assert [f.message for f in check(system, costs, found).failures] == []
    period = found.hyperperiod_ns
    slots = {(j.entry, j.job): j for j in found.jobs}
    uses: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for slot in found.jobs:
        component = system.component_of(slot.entry).id
        placement = found.placement(component)
        cost = costs.get(slot.entry, slot.unit, found.setting(slot.unit).operating_point)
        assert cost is not None and (placement.unit, placement.core) == (slot.unit, slot.core)
        assert slot.end_ns - slot.start_ns == cost.wcet_ns and not found.setting(slot.unit).off
        circuit = system.element(Unit, slot.unit).kind is UnitKind.FPGA
        key = (slot.unit, component if circuit else str(slot.core))
        length = cost.interval_ns if circuit else cost.wcet_ns
        uses.setdefault(key, []).append((slot.start_ns, slot.start_ns + length))
    for transfer in found.transfers:
        uses.setdefault((transfer.link,), []).append((transfer.start_ns, transfer.end_ns))
    for key, spans in uses.items():
        for i, (start, end) in enumerate(spans):
            for other, until in spans[:i]:
                distance = (other - start) % period
                assert distance >= end - start and distance + until - other <= period, f"overlap on {key}"
    for channel in system.application.channels:
        _assert_channel(system, found, slots, channel)


def _assert_channel(
    system: System, found: Deployment, slots: Mapping[tuple[str, int], JobSlot], channel: Channel
) -> None:
    writer, reader = (system.component_of(p) for p in (channel.source_port, channel.target_port))
    count = sum(1 for entry, _ in slots if entry == writer.entries[0].id)
    size = system.element(Port, channel.source_port).bytes
    for value in range(count):
        arrival = slots[writer.entries[0].id, value].end_ns
        hops = sorted(
            (t for t in found.transfers if (t.channel, t.job) == (channel.id, value)), key=lambda t: t.hop
        )
        assert bool(hops) == (found.placement(writer.id).unit != found.placement(reader.id).unit)
        for hop in hops:
            assert hop.start_ns >= arrival
            assert hop.end_ns - hop.start_ns == system.element(Link, hop.link).transfer_ns(size)
            arrival = hop.end_ns
        if channel.protocol is ChannelProtocol.QUEUE:
            assert slots[reader.entries[0].id, value // channel.consume].start_ns >= arrival


@pytest.fixture
def valid() -> Callable[[System, CostTable, Deployment], None]:
    """Assert that a deployment's table is one."""
    return assert_valid
