"""The level crossing as an architect draws it in Capella, written in our own format.

Logical components with functions become components with entries, functional exchanges channels, the
functional chain a flow, physical nodes with their links the platform.
Run this file as a script to write the model anew.
"""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels import xmi
from aicompiler.metamodels.system import (
    Activation,
    Application,
    Attribute,
    AveragePower,
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    Constant,
    ElementType,
    Entry,
    ExecutionTime,
    Flow,
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
    Requirement,
    Separate,
    Source,
    System,
    Unit,
    UnitKind,
)

FILE = "level_crossing.system.xmi"
FOLDER = Path(__file__).resolve().parents[2] / "models" / "capella_junction"
BODIES = Path(__file__).parent / "crossing_bodies"
MS, US = 1_000_000, 1_000
I32, F32, U8 = ElementType.I32, ElementType.F32, ElementType.U8
IN, OUT = PortDirection.IN, PortDirection.OUT


def _source(*names: str) -> Source:
    return Source(qualified_name="::".join(("LevelCrossing", *names)))


def _port(owner: str, name: str, direction: PortDirection, kind: ElementType, *shape: int) -> Port:
    return Port(
        id=f"{owner}.{name}",
        name=name,
        source=_source("Logical Architecture", owner, name),
        direction=direction,
        element_type=kind,
        shape=shape,
        extents=("",) * len(shape),
    )


def _state(owner: str, name: str, kind: ElementType, default: str, *shape: int) -> Attribute:
    return Attribute(
        id=f"{owner}.{name}",
        name=name,
        element_type=kind,
        shape=shape,
        extents=("",) * len(shape),
        default=(default,),
    )


def _component(  # a table row of the model
    name: str,
    activation: Activation,
    deadline: int,
    wcet: int,
    parts: tuple[Port | Attribute, ...],
    criticality: int = 0,
    **constants: int,
) -> Component:
    entry = f"{name}.step"
    time = ExecutionTime(
        id=f"{entry}.cpu", unit_kind=UnitKind.CPU, bcet_ns=wcet // 2, acet_ns=wcet * 2 // 3, wcet_ns=wcet
    )
    behaviour = Behaviour(
        id=f"{entry}.body", name="step", language="C", body=(BODIES / f"{name}.c").read_text("utf-8")
    )
    return Component(
        id=name,
        name=name,
        source=_source("Logical Architecture", name),
        entries=(
            Entry(
                id=entry,
                name="step",
                source=_source("Logical Architecture", name, "step"),
                activation=activation,
                deadline_ns=deadline,
                behaviours=(behaviour,),
                times=(time,),
            ),
        ),
        ports=tuple(p for p in parts if isinstance(p, Port)),
        attributes=tuple(p for p in parts if isinstance(p, Attribute)),
        constants=tuple(
            Constant(id=f"{name}.{k}", name=k, element_type=I32, value=str(v)) for k, v in constants.items()
        ),
        criticality=criticality,
    )


def components() -> tuple[Component, ...]:
    """Logical components, from the rail to the road."""
    sensor, counter, estimator = "wheel_sensor", "axle_counter", "speed_estimator"
    protection, drive, lamps, diagnosis = "protection", "barrier_drive", "lamp_driver", "diagnosis"
    return (
        _component(
            sensor,
            Periodic(period_ns=20 * MS),
            5 * MS,
            400 * US,
            (
                _port(sensor, "pulses", OUT, I32, 2),
                _state(sensor, "passed", I32, "0", 2),
                _state(sensor, "position", I32, "-300"),
            ),
            2,
            AXLES=8,
            SPACING=60,
            GAP=500,
            SPEED=6,
            PAUSE=900,
        ),
        _component(
            counter,
            OnData(),
            5 * MS,
            100 * US,
            (_port(counter, "pulses", IN, I32, 2), _port(counter, "axles", OUT, I32)),
            2,
        ),
        _component(
            estimator,
            OnData(),
            5 * MS,
            150 * US,
            (
                _port(estimator, "pulses", IN, I32, 2),
                _port(estimator, "speed", OUT, F32),
                _state(estimator, "history", I32, "0", 16),
                _state(estimator, "next", I32, "0"),
            ),
            1,
        ),
        _component(
            protection,
            Periodic(period_ns=40 * MS),
            10 * MS,
            300 * US,
            (
                _port(protection, "axles", IN, I32),
                _port(protection, "speed", IN, F32),
                _port(protection, "angle", IN, I32),
                _port(protection, "command", OUT, I32),
                _state(protection, "phase", I32, "0"),
                _state(protection, "timer", I32, "0"),
                _state(protection, "clear_for", I32, "0"),
            ),
            2,
            WARNING=75,
            CLEARANCE=50,
        ),
        _component(
            drive,
            OnData(),
            10 * MS,
            200 * US,
            (
                _port(drive, "command", IN, I32),
                _port(drive, "angle", OUT, I32),
                _state(drive, "position", I32, "85"),
            ),
            2,
        ),
        _component(
            lamps,
            OnData(),
            10 * MS,
            100 * US,
            (
                _port(lamps, "command", IN, I32),
                _port(lamps, "lamps", OUT, U8, 4),
                _state(lamps, "tick", I32, "0"),
            ),
            2,
        ),
        _component(
            diagnosis,
            Periodic(period_ns=80 * MS),
            40 * MS,
            500 * US,
            (
                _port(diagnosis, "axles", IN, I32),
                _port(diagnosis, "angle", IN, I32),
                _port(diagnosis, "lamps", IN, U8, 4),
                _port(diagnosis, "report", OUT, U8, 16),
                _state(diagnosis, "number", ElementType.U32, "0"),
            ),
        ),
    )


EXCHANGES = (
    ("wheel_sensor.pulses", "axle_counter.pulses", "QUEUE"),
    ("wheel_sensor.pulses", "speed_estimator.pulses", "QUEUE"),
    ("axle_counter.axles", "protection.axles", "SAMPLE"),
    ("speed_estimator.speed", "protection.speed", "SAMPLE"),
    ("barrier_drive.angle", "protection.angle", "SAMPLE"),
    ("protection.command", "barrier_drive.command", "QUEUE"),
    ("protection.command", "lamp_driver.command", "QUEUE"),
    ("axle_counter.axles", "diagnosis.axles", "SAMPLE"),
    ("barrier_drive.angle", "diagnosis.angle", "SAMPLE"),
    ("lamp_driver.lamps", "diagnosis.lamps", "SAMPLE"),
)


def _channels() -> tuple[Channel, ...]:
    return tuple(
        Channel(
            id=f"exchange{number}",
            name=f"{source.partition('.')[2]} to {target.partition('.')[0]}",
            source=_source("Logical Architecture", f"exchange{number}"),
            source_port=source,
            target_port=target,
            protocol=ChannelProtocol[protocol],
            initial=("85",) if source == "barrier_drive.angle" else (),
        )
        for number, (source, target, protocol) in enumerate(EXCHANGES, 1)
    )


def _cpu(name: str, cores: int, static_uw: int, *points: tuple[int, int]) -> Unit:
    return Unit(
        id=name,
        name=name,
        source=_source("Physical Architecture", name),
        kind=UnitKind.CPU,
        cores=cores,
        ops_per_cycle=2,
        static_power_uw=static_uw,
        memory_bytes=1 << 20,
        memory_bandwidth_bytes_per_s=400_000_000,
        operating_points=tuple(
            OperatingPoint(
                id=f"{name}.{mhz}", name=f"{mhz} MHz", frequency_hz=mhz * 1_000_000, dynamic_power_uw=power
            )
            for mhz, power in points
        ),
    )


def _platform() -> Platform:
    trackside = _cpu("trackside_cpu", 2, 15_000, (80, 20_000), (160, 55_000))
    cabinet = _cpu("cabinet_cpu", 4, 60_000, (200, 60_000), (400, 170_000))
    return Platform(
        id="physical",
        name="Physical Architecture",
        nodes=(
            Node(id="trackside", name="trackside", units=(trackside,)),
            Node(id="cabinet", name="cabinet", units=(cabinet,)),
        ),
        links=(
            Link(
                id="ethernet",
                name="ethernet",
                source=_source("Physical Architecture", "ethernet"),
                kind=LinkKind.NETWORK,
                ends=("trackside_cpu", "cabinet_cpu"),
                latency_ns=200 * US,
                bandwidth_bytes_per_s=12_500_000,
                energy_fj_per_byte=5_000_000,
            ),
        ),
    )


def level_crossing() -> System:
    """The whole model."""
    chain = ("wheel_sensor.step", "axle_counter.step", "protection.step", "barrier_drive.step")
    return System(
        id="level_crossing",
        name="LevelCrossing",
        source=Source(qualified_name="LevelCrossing"),
        application=Application(
            id="logical",
            name="Logical Architecture",
            components=components(),
            channels=_channels(),
            flows=(Flow(id="protect_road", name="ProtectRoad", entries=chain, deadline_ns=130 * MS),),
        ),
        platform=_platform(),
        constraints=(
            Pin(id="coils", name="coils", component="wheel_sensor", unit="trackside_cpu"),
            Pin(id="motor", name="motor", component="barrier_drive", unit="cabinet_cpu"),
            Separate(id="watchdog", name="watchdog", components=("wheel_sensor", "diagnosis")),
            AveragePower(id="solar", name="solar panel", limit_uw=400_000),
        ),
        requirements=(
            Requirement(
                id="r1",
                name="Reaction",
                identifier="LC-1",
                text="The barrier shall react to a wheel within 130 ms.",
                satisfied_by=("protect_road",),
            ),
            Requirement(
                id="r2",
                name="Supply",
                identifier="LC-2",
                text="The crossing shall run from a solar panel of 400 mW.",
                satisfied_by=("solar",),
            ),
        ),
    )


def document() -> bytes:
    """The file's content."""
    return xmi.save({FILE: level_crossing()})[FILE]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / FILE).write_bytes(document())
