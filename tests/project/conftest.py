"""A small hand-made system with every kind of channel, and deployments of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from aicompiler.codegen import GeneratedProject
from aicompiler.codegen.project import generate_project
from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.system import (
    Application,
    Area,
    Attribute,
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    ExecutionTime,
    Link,
    LinkKind,
    Node,
    OnData,
    OperatingPoint,
    Periodic,
    Pin,
    Platform,
    Port,
    PortDirection,
    System,
    Unit,
    UnitKind,
)
from aicompiler.transformations.costs import estimate_costs
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import default_schedule, schedule
from aicompiler.transformations.partition import partition

MS = 1_000_000
I32, F64 = ElementType.I32, ElementType.F64
IN, OUT = PortDirection.IN, PortDirection.OUT


def port(owner: str, name: str, direction: PortDirection, dtype: ElementType, *shape: int) -> Port:
    return Port(id=f"{owner}.{name}", name=name, direction=direction, element_type=dtype, shape=shape)


def state(owner: str, name: str, dtype: ElementType, *default: str) -> Attribute:
    return Attribute(id=f"{owner}.{name}", name=name, element_type=dtype, default=default)


def component(name: str, activation: object, body: str, *features: Port | Attribute) -> Component:
    entry = Entry(
        id=f"{name}.step",
        name="step",
        activation=activation,  # type: ignore[arg-type]
        behaviours=(Behaviour(id=f"{name}.body", language="C", body=body),) if body else (),
        times=tuple(
            ExecutionTime(id=f"{name}.time.{kind.value}", unit_kind=kind, wcet_ns=wcet)
            for kind, wcet in ((UnitKind.CPU, 200_000), (UnitKind.GPU, 60_000), (UnitKind.FPGA, 30_000))
        ),
    )
    return Component(
        id=name,
        name=name,
        entries=(entry,),
        ports=tuple(f for f in features if isinstance(f, Port)),
        attributes=tuple(f for f in features if isinstance(f, Attribute)),
    )


SOURCE = component(
    "source",
    Periodic(period_ns=10 * MS),
    "for (int i = 0; i < 4; i++) { x[i] = n * 4 + i; }\nn = n + 1;",
    port("source", "x", OUT, I32, 4),
    state("source", "n", I32, "5"),
)
SLOW = component(
    "slow",
    Periodic(period_ns=40 * MS, offset_ns=5 * MS),
    "for (int i = 0; i < 4; i++) { y[i] = x[i] * 2 + calls; }\ncalls = calls + 1;",
    port("slow", "x", IN, I32, 4),
    port("slow", "y", OUT, I32, 4),
    state("slow", "calls", I32),
)
PAIR = component(
    "pair",
    OnData(),
    "int sum = 0;\nfor (int i = 0; i < 8; i++) { sum += xs[i]; }\n*s = sum;",
    port("pair", "xs", IN, I32, 8),
    port("pair", "s", OUT, I32),
)
FAST = component(
    "fast",
    Periodic(period_ns=5 * MS),
    "z[0] = y[0] + y[3];\nz[1] = s;",
    port("fast", "y", IN, I32, 4),
    port("fast", "s", IN, I32),
    port("fast", "z", OUT, I32, 2),
)
SINK = component(
    "sink",
    OnData(),
    "total = total * 0.5 + (double)s + (double)x[1] * 0.125;\n*log = total;",
    port("sink", "s", IN, I32),
    port("sink", "x", IN, I32, 4),
    port("sink", "log", OUT, F64),
    state("sink", "total", F64, "0.25"),
)


def channel(source: str, target: str, protocol: ChannelProtocol, **more: object) -> Channel:
    return Channel(
        id=f"{source}->{target}",
        source_port=source,
        target_port=target,
        protocol=protocol,
        **more,  # type: ignore[arg-type]
    )


CHANNELS = (
    channel("source.x", "slow.x", ChannelProtocol.SAMPLE),
    channel("source.x", "pair.xs", ChannelProtocol.QUEUE, capacity=6, consume=2),
    channel("source.x", "sink.x", ChannelProtocol.SAMPLE),
    channel("slow.y", "fast.y", ChannelProtocol.SAMPLE, initial=("-1", "-2", "-3", "-4")),
    channel("pair.s", "fast.s", ChannelProtocol.SAMPLE, initial=("77",)),
    channel("pair.s", "sink.s", ChannelProtocol.QUEUE),
)


def unit(name: str, kind: UnitKind, **more: object) -> Unit:
    return Unit(
        id=name,
        name=name,
        kind=kind,
        operating_points=(
            OperatingPoint(id=f"{name}.op", frequency_hz=1_000_000_000, dynamic_power_uw=1000),
        ),
        memory_bytes=1 << 30,
        memory_bandwidth_bytes_per_s=10**10,
        **more,  # type: ignore[arg-type]
    )


AREA = Area(id="fpga.area", lut=100_000, ff=200_000, bram=500, dsp=500)
UNITS = (
    unit("cpu", UnitKind.CPU, cores=3),
    unit("gpu", UnitKind.GPU, ops_per_cycle=256, launch_overhead_ns=10_000),
    unit("fpga", UnitKind.FPGA, area=AREA),
)
SYSTEM = System(
    id="small",
    name="small",
    application=Application(id="app", components=(SOURCE, SLOW, PAIR, FAST, SINK), channels=CHANNELS),
    platform=Platform(
        id="platform",
        nodes=(Node(id="board", name="board", units=UNITS),),
        links=(
            Link(
                id="bus",
                kind=LinkKind.BUS,
                ends=("cpu", "gpu", "fpga"),
                bandwidth_bytes_per_s=10**9,
                latency_ns=1000,
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Case:
    """A system with a decision, ready to generate."""

    system: System
    costs: CostTable
    deployment: Deployment
    kernels: dict[str, Kernel]

    def generate(self, **more: object) -> GeneratedProject:
        """The project."""
        return generate_project(self.system, self.deployment, self.kernels, **more)  # type: ignore[arg-type]


def decided(system: System, **pins: str) -> Case:
    """``system`` partitioned with each component named in ``pins`` on the unit given."""
    pinned = tuple(Pin(id=f"pin.{c}", component=c, unit=u) for c, u in pins.items())
    system = replace(system, constraints=system.constraints + pinned)
    kernels = {e.id: parse_entry(c, e) for c in system.components for e in c.entries if e.behaviours}
    costs = estimate_costs(system, schedule(system, kernels))
    deployment = partition(system, costs)
    placed = {e: deployment.placement(system.component_of(e).id).unit for e in kernels}
    scheduled = {e: default_schedule(k, system.element(Unit, placed[e])) for e, k in kernels.items()}
    return Case(system, costs, deployment, scheduled)


@pytest.fixture(scope="session")
def small() -> System:
    """Five components at four rates: queues with consume 1 and 2, samples up and down, state, offsets."""
    return SYSTEM


@pytest.fixture(scope="session")
def decide() -> Callable[..., Case]:
    """``decided``."""
    return decided


@pytest.fixture(scope="session")
def all_cpu(small: System) -> Case:
    """Everything on the CPU."""
    return decided(small, **dict.fromkeys([c.id for c in small.components], "cpu"))


@pytest.fixture(scope="session")
def spread(small: System) -> Case:
    """The CPU, the GPU and the FPGA each have something."""
    return decided(small, source="cpu", slow="gpu", pair="fpga", fast="cpu", sink="gpu")
