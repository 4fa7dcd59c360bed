"""A decided system made by hand: small, complete, and with one of everything a report can show."""

from __future__ import annotations

from typing import Any

from aicompiler.metamodels.deployment import (
    Cost,
    CostKind,
    CostTable,
    Deployment,
    Evidence,
    Finding,
    JobSlot,
    Objective,
    Placement,
    Provenance,
    Refusal,
    Route,
    SolveStatus,
    TransferSlot,
    UnitSetting,
    Verdict,
)
from aicompiler.metamodels.system import (
    Application,
    Area,
    AveragePower,
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    Flow,
    Forbid,
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
    Source,
    System,
    Unit,
    UnitKind,
)

MS, US = 1_000_000, 1_000
FRAME = (240, 320)


def source_of(id_: str, line: int) -> Source:
    return Source(file="crossing.uml", xml_id=id_, qualified_name=f"Crossing::{id_}", line=line)


def _component(
    name: str, line: int, activation: Periodic | OnData, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Component:
    ports = [(PortDirection.IN, p) for p in inputs] + [(PortDirection.OUT, p) for p in outputs]
    return Component(
        id=f"c_{name}",
        name=name,
        source=source_of(f"c_{name}", line),
        entries=(
            Entry(
                id=f"e_{name}",
                name="step",
                activation=activation,
                source=source_of(f"e_{name}", line + 1),
                behaviours=(Behaviour(id=f"b_{name}", language="C", body=";"),),
            ),
        ),
        ports=tuple(
            Port(id=f"{name}.{p}", name=p, direction=d, element_type=ElementType.U8, shape=FRAME)
            for d, p in ports
        ),
    )


def _channel(source: str, target: str, protocol: ChannelProtocol = ChannelProtocol.QUEUE) -> Channel:
    id_ = f"{source}-{target}".replace(".", "_")
    return Channel(
        id=id_, source_port=source, target_port=target, protocol=protocol, source=source_of(id_, 90)
    )


COMPONENTS = (
    _component("camera", 10, Periodic(period_ns=50 * MS), (), ("frame",)),
    _component("blur", 20, OnData(), ("frame",), ("smooth",)),
    _component("edges", 30, OnData(), ("smooth",), ("edges",)),
    _component("signals", 40, Periodic(period_ns=100 * MS), ("edges", "feedback"), ("state",)),
    _component("telemetry", 50, Periodic(period_ns=25 * MS), ("state",), ("status",)),
)
CHANNELS = (
    _channel("camera.frame", "blur.frame"),
    _channel("blur.smooth", "edges.smooth"),
    _channel("edges.edges", "signals.edges", ChannelProtocol.SAMPLE),
    _channel("signals.state", "telemetry.state", ChannelProtocol.SAMPLE),
    _channel("telemetry.status", "signals.feedback", ChannelProtocol.SAMPLE),
)
UNITS = (
    Unit(
        id="cpu",
        name="Main CPU",
        kind=UnitKind.CPU,
        cores=4,
        static_power_uw=800_000,
        operating_points=tuple(
            OperatingPoint(
                id=f"cpu_{mhz}", name=f"{mhz} MHz", frequency_hz=mhz * 10**6, dynamic_power_uw=mhz * 900
            )
            for mhz in (600, 1200, 1800)
        ),
        source=source_of("cpu", 101),
    ),
    Unit(
        id="mcu",
        name="Small CPU",
        kind=UnitKind.CPU,
        static_power_uw=30_000,
        operating_points=(OperatingPoint(id="mcu_400", frequency_hz=400 * 10**6, dynamic_power_uw=90_000),),
        source=source_of("mcu", 110),
    ),
    Unit(
        id="gpu",
        name="Embedded GPU",
        kind=UnitKind.GPU,
        static_power_uw=600_000,
        operating_points=(OperatingPoint(id="gpu_1000", frequency_hz=10**9, dynamic_power_uw=6_000_000),),
        source=source_of("gpu", 120),
    ),
    Unit(
        id="fpga",
        name="Fabric",
        kind=UnitKind.FPGA,
        static_power_uw=350_000,
        operating_points=(
            OperatingPoint(id="fpga_200", frequency_hz=200 * 10**6, dynamic_power_uw=1_500_000),
        ),
        area=Area(id="fpga_area", lut=50_000, ff=100_000, bram=140, dsp=220),
        fill_permille=800,
        source=source_of("fpga", 130),
    ),
)
LINKS = (
    Link(id="bus", name="AXI", kind=LinkKind.ON_CHIP, ends=("cpu", "mcu", "fpga"), latency_ns=2000,
         bandwidth_bytes_per_s=2 * 10**9, energy_fj_per_byte=40_000, source=source_of("bus", 140)),
    Link(id="pcie", name="PCIe", kind=LinkKind.BUS, ends=("cpu", "gpu"), latency_ns=5000,
         bandwidth_bytes_per_s=4 * 10**9, energy_fj_per_byte=90_000, source=source_of("pcie", 141)),
)  # fmt: skip
CONSTRAINTS = (
    Pin(id="pin_telemetry", name="telemetry stays on the main CPU", component="c_telemetry", unit="cpu"),
    Forbid(id="forbid_camera", component="c_camera", unit="mcu"),
    AveragePower(id="power", name="power budget", limit_uw=9_000_000, node=None),
)
SYSTEM = System(
    id="crossing",
    name="Crossing",
    application=Application(
        id="application",
        components=COMPONENTS,
        channels=CHANNELS,
        flows=(
            Flow(id="see", name="see and signal", deadline_ns=250 * MS, source=source_of("see", 95),
                 entries=("e_camera", "e_blur", "e_edges", "e_signals")),
            Flow(id="tell", name="tell", entries=("e_signals", "e_telemetry")),
        ),
    ),
    platform=Platform(id="platform", nodes=(Node(id="board", name="Board", units=UNITS),), links=LINKS),
    constraints=CONSTRAINTS,
    requirements=(
        Requirement(id="r1", name="Reaction", identifier="R-1", satisfied_by=("see",),
                    text="A vehicle that appears is reflected in the signals within 250 ms."),
        Requirement(id="r2", name="Colour", identifier="R-2", text="The housing is yellow."),
    ),
)  # fmt: skip


def _cost(entry: str, unit: str, point: str, wcet: int, energy: int, how: Provenance, **more: Any) -> Cost:
    fields = {"bcet_ns": wcet // 2, "acet_ns": wcet * 3 // 4, "interval_ns": wcet, **more}
    return Cost(
        entry=f"e_{entry}",
        unit=unit,
        operating_point=point,
        wcet_ns=wcet,
        energy_fj=energy,
        provenance=how,
        **fields,
    )


_EST = Provenance.ESTIMATED
COSTS = CostTable(
    costs=(
        _cost("camera", "cpu", "cpu_1200", 4 * MS, 4 * 10**12, Provenance.ANNOTATED),
        _cost("blur", "cpu", "cpu_1200", 22 * MS, 24 * 10**12, _EST, note="9 loads, 9 multiply-adds a pixel"),
        _cost("blur", "gpu", "gpu_1000", 800 * US, 5 * 10**12, _EST, note="2 launches; 76,800 work-items"),
        _cost("blur", "fpga", "fpga_200", 390 * US, 6 * 10**11, _EST, interval_ns=385 * US,
              lut=4200, ff=6100, bram=6, dsp=9, note="one pixel a cycle"),
        _cost("edges", "cpu", "cpu_1200", 18 * MS, 20 * 10**12, _EST),
        _cost("edges", "gpu", "gpu_1000", 2 * MS, 12 * 10**12, Provenance.MEASURED, kind=CostKind.OBSERVED),
        _cost("signals", "cpu", "cpu_1200", 300 * US, 3 * 10**11, Provenance.ANNOTATED),
        _cost("signals", "mcu", "mcu_400", 900 * US, 8 * 10**10, Provenance.ASSUMED, note="3 x main CPU"),
        _cost("telemetry", "cpu", "cpu_1200", 2 * MS, 2 * 10**12, Provenance.ANNOTATED),
        _cost("telemetry", "mcu", "mcu_400", 60 * MS, 5 * 10**12, _EST),
    ),
    refusals=(
        Refusal(entry="e_camera", unit="gpu", reason="its loop carries a dependence"),
        Refusal(entry="e_signals", unit="fpga", reason="recursion has no circuit"),
    ),
)  # fmt: skip


def _jobs(entry: str, unit: str, core: int, starts: tuple[int, ...], length: int) -> tuple[JobSlot, ...]:
    slots = enumerate(starts)
    return tuple(
        JobSlot(entry=f"e_{entry}", job=n, unit=unit, core=core, start_ns=s, end_ns=s + length)
        for n, s in slots
    )


DEPLOYMENT = Deployment(
    system="crossing",
    hyperperiod_ns=100 * MS,
    status=SolveStatus.OPTIMAL,
    proposer="heft",
    objectives=(Objective(name="energy", value=262 * 10**12, bound=250 * 10**12, unit="fj"),),
    placements=tuple(
        Placement(component=f"c_{c}", unit=u, core=k)
        for c, u, k in (("camera", "cpu", 0), ("blur", "fpga", 0), ("edges", "gpu", 0), ("signals", "cpu", 1),
                        ("telemetry", "cpu", 1))
    ),
    settings=tuple(
        UnitSetting(unit=u, operating_point=p, off=u == "mcu")
        for u, p in (("cpu", "cpu_1200"), ("mcu", "mcu_400"), ("gpu", "gpu_1000"), ("fpga", "fpga_200"))
    ),
    routes=(
        Route(channel=CHANNELS[0].id, links=("bus",)),
        Route(channel=CHANNELS[1].id, links=("bus", "pcie")),
        Route(channel=CHANNELS[2].id, links=("pcie",)),
    ),
    jobs=(
        *_jobs("camera", "cpu", 0, (0, 50 * MS), 4 * MS),
        *_jobs("blur", "fpga", 0, (4200 * US, 54200 * US), 390 * US),
        *_jobs("edges", "gpu", 0, (5 * MS, 55 * MS), 2 * MS),
        *_jobs("signals", "cpu", 1, (99_800 * US,), 300 * US),
        *_jobs("telemetry", "cpu", 1, (200 * US, 25 * MS, 50 * MS, 75 * MS), 2 * MS),
    ),
    transfers=tuple(
        TransferSlot(channel=CHANNELS[c].id, job=job, link=link, hop=hop, start_ns=at + job * 50 * MS,
                     end_ns=at + length + job * 50 * MS)
        for c, link, hop, at, length in (
            (0, "bus", 0, 4000 * US, 41 * US), (1, "bus", 0, 4600 * US, 41 * US),
            (1, "pcie", 1, 4700 * US, 25 * US), (2, "pcie", 0, 7000 * US, 25 * US),
        )
        for job in (0, 1)
    ),
)  # fmt: skip
EVIDENCE = Evidence(
    findings=(
        Finding(check="reaction-times", verdict=Verdict.PASS, value=201_300 * US, limit=250 * MS, unit="ns",
                message="flow 'see and signal' reacts within 201.3 ms", elements=("see",)),
        Finding(check="average-power", verdict=Verdict.PASS, value=2_620_000, limit=9_000_000, unit="uw",
                message="the platform uses 2.62 W on average", elements=("power",)),
        Finding(check="area", verdict=Verdict.PASS, value=4200, limit=40_000, unit="LUT",
                message="4200 of 40000 LUT of Fabric are used", elements=("fpga",)),
        Finding(check="provenance", verdict=Verdict.ASSUMED, elements=("e_edges",),
                message="the time of edges on Embedded GPU was only observed"),
        Finding(check="no-overlap", verdict=Verdict.PASS, message="no two jobs run on one core at once"),
    )
)  # fmt: skip
