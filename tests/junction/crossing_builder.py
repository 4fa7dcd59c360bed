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
MS, US = 1_000_000, 1_000
I32, F32, U8 = ElementType.I32, ElementType.F32, ElementType.U8
IN, OUT = PortDirection.IN, PortDirection.OUT

COUNT_WHEELS = """\
/* A train of AXLES axles, SPACING dm apart, runs over two coils that are GAP dm apart, again and again.
   pulses: wheels that passed the coil where the section begins, and where it ends, since power-up. */
for (int c = 0; c < 2; c++) {
  int wheels = passed[c];
  for (int a = 0; a < AXLES; a++) {
    int before = position - a * SPACING - c * GAP;
    wheels = wheels + (before < 0 && before + SPEED >= 0 ? 1 : 0);
  }
  passed[c] = wheels;
  pulses[c] = wheels;
}
position = position + SPEED > AXLES * SPACING + GAP + PAUSE ? -PAUSE : position + SPEED;"""

COUNT_AXLES = """\
/* What entered and has not left is in the section. */
axles = pulses[0] - pulses[1];"""

ESTIMATE_SPEED = """\
/* Wheels per job over the last sixteen jobs. */
int slot = next;
int oldest = history[slot];
history[slot] = pulses[0];
next = (slot + 1) % 16;
speed = (float)(pulses[0] - oldest) / 16.0f;"""

PROTECT = """\
/* command: 0 open, 1 warn, 2 close.  An occupied section warns for WARNING jobs, then closes; a free one
   opens after CLEARANCE jobs, once the barrier is down.  A fast train shortens the warning. */
int occupied = axles != 0;
clear_for = occupied ? 0 : (clear_for < 1000 ? clear_for + 1 : clear_for);
int hurry = speed > 0.2f ? 2 : 1;
if (phase == 0) {
  phase = occupied ? 1 : 0;
  timer = 0;
} else if (phase == 1) {
  timer = timer + hurry;
  phase = timer >= WARNING ? 2 : 1;
} else {
  phase = clear_for >= CLEARANCE && angle <= 0 ? 0 : 2;
}
command = phase;"""

MOVE_BARRIER = """\
/* Degrees above the road: 85 is open; a motor step a job. */
int wanted = command == 2 ? 0 : 85;
position = position < wanted ? position + 1 : (position > wanted ? position - 1 : position);
angle = position;"""

SWITCH_LAMPS = """\
/* Two red lamps blink by turns while it warns or is closed, the third says open; the last tells the driver
   that it is closed. */
tick = (tick + 1) % 16;
int first = tick < 8;
lamps[0] = (uint8_t)(command != 0 && first ? 1 : 0);
lamps[1] = (uint8_t)(command != 0 && !first ? 1 : 0);
lamps[2] = (uint8_t)(command == 0 ? 1 : 0);
lamps[3] = (uint8_t)(command == 2 ? 1 : 0);"""

DIAGNOSE = """\
/* report: axles, angle, lamps, number, and Fletcher-16 over these fourteen bytes. */
for (int b = 0; b < 4; b++) {
  report[b] = (uint8_t)(((uint32_t)axles >> (8 * b)) & 0xffu);
  report[4 + b] = (uint8_t)(((uint32_t)angle >> (8 * b)) & 0xffu);
  report[8 + b] = lamps[b];
}
report[12] = (uint8_t)(number & 0xffu);
report[13] = (uint8_t)((number >> 8) & 0xffu);
uint32_t low = 0u;
uint32_t high = 0u;
for (int i = 0; i < 14; i++) {
  low = (low + report[i]) % 255u;
  high = (high + low) % 255u;
}
report[14] = (uint8_t)low;
report[15] = (uint8_t)high;
number = number + 1u;"""


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
    body: str,
    parts: tuple[Port | Attribute, ...],
    criticality: int = 0,
    **constants: int,
) -> Component:
    entry = f"{name}.step"
    time = ExecutionTime(
        id=f"{entry}.cpu", unit_kind=UnitKind.CPU, bcet_ns=wcet // 2, acet_ns=wcet * 2 // 3, wcet_ns=wcet
    )
    behaviour = Behaviour(id=f"{entry}.body", name="step", language="C", body=body)
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
            COUNT_WHEELS,
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
            COUNT_AXLES,
            (_port(counter, "pulses", IN, I32, 2), _port(counter, "axles", OUT, I32)),
            2,
        ),
        _component(
            estimator,
            OnData(),
            5 * MS,
            150 * US,
            ESTIMATE_SPEED,
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
            PROTECT,
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
            MOVE_BARRIER,
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
            SWITCH_LAMPS,
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
            DIAGNOSE,
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
