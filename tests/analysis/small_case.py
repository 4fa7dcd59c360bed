"""A small correct system with its costs and deployment, written by hand: the base of all mutations.

Times in the sketch are milliseconds, the table repeats after 20:

    cam   (10) cpu core 0   [0,2) [10,12)            --image QUEUE, bus-->  blur
    blur  data gpu          [3,5) [13,15)            --soft QUEUE, bus-->   stats
    stats data fpga         [6,9) [16,19)            --blobs SAMPLE, bus--> ctl; --log QUEUE x2, eth--> rec
    ctl   (20) cpu core 1   [12,15)                  --state SAMPLE, eth--> show
    rec   data remote       [22,26)
    show  (20) remote       [7,10)
    dog   (20) cpu core 0 [4,5), remote [10,11)      two replicas
"""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.deployment import (
    Cost,
    CostTable,
    Deployment,
    JobSlot,
    Objective,
    Placement,
    Provenance,
    Route,
    SolveStatus,
    TransferSlot,
    UnitSetting,
)
from aicompiler.metamodels.system import (
    Application,
    Area,
    AveragePower,
    Behaviour,
    Channel,
    ChannelProtocol,
    CoLocate,
    Component,
    ElementType,
    EnergyBudget,
    Entry,
    Flow,
    FlowBound,
    Forbid,
    Isolate,
    Link,
    LinkKind,
    Node,
    OnData,
    OperatingPoint,
    PeakPower,
    Periodic,
    Pin,
    Platform,
    Port,
    PortDirection,
    ReliabilityGoal,
    Separate,
    System,
    Unit,
    UnitKind,
)

MS = 1_000_000
IMAGE = (500_000,)


@dataclass(frozen=True)
class Case:
    """What a check takes."""

    system: System
    costs: CostTable
    deployment: Deployment


def _component(
    name: str,
    activation: Periodic | OnData,
    ports: str = "",
    shape: tuple[int, ...] = IMAGE,
    **more: int,
) -> Component:
    """A component with the entry ``NAME.step``; ports such as ``<a >b`` (in, out)."""
    made = tuple(
        Port(
            id=f"{name}.{text[1:]}",
            direction=PortDirection.IN if text[0] == "<" else PortDirection.OUT,
            element_type=ElementType.U8,
            shape=shape,
        )
        for text in ports.split()
    )
    body = Behaviour(id=f"{name}.c", language="C", body="")
    entry = Entry(id=f"{name}.step", activation=activation, behaviours=(body,))
    return Component(id=name, entries=(entry,), ports=made, **more)


def _channel(id_: str, source: str, target: str, protocol: ChannelProtocol, consume: int = 1) -> Channel:
    return Channel(
        id=id_,
        source_port=f"{source}.{id_}",
        target_port=f"{target}.{id_}",
        protocol=protocol,
        consume=consume,
    )


def _application() -> Application:
    every10, every20, data = Periodic(period_ns=10 * MS), Periodic(period_ns=20 * MS), OnData()
    queue, sample = ChannelProtocol.QUEUE, ChannelProtocol.SAMPLE
    return Application(
        id="app",
        components=(
            _component("cam", every10, ">image", memory_bytes=1000),
            _component("blur", data, "<image >soft"),
            _component("stats", data, "<soft >blobs >log"),
            _component("ctl", every20, "<blobs >state", criticality=1),
            _component("rec", data, "<log"),
            _component("show", every20, "<state"),
            _component("dog", every20, replicas=2),
        ),
        channels=(
            _channel("image", "cam", "blur", queue),
            _channel("soft", "blur", "stats", queue),
            _channel("blobs", "stats", "ctl", sample),
            _channel("log", "stats", "rec", queue, consume=2),
            _channel("state", "ctl", "show", sample),
        ),
        flows=(
            Flow(
                id="brake", entries=("cam.step", "blur.step", "stats.step", "ctl.step"), deadline_ns=65 * MS
            ),
            Flow(
                id="fresh",
                entries=("cam.step", "blur.step", "stats.step", "ctl.step", "show.step"),
                deadline_ns=69 * MS,
                bound=FlowBound.DATA_AGE,
            ),
            Flow(id="alive", entries=("dog.step",)),
        ),
    )


def _platform() -> Platform:
    def points(unit: str, power: int) -> tuple[OperatingPoint, ...]:
        slow = OperatingPoint(id=f"{unit}.slow", frequency_hz=500_000_000, dynamic_power_uw=power // 4)
        return slow, OperatingPoint(id=f"{unit}.fast", frequency_hz=1_000_000_000, dynamic_power_uw=power)

    cpu = Unit(
        id="cpu",
        kind=UnitKind.CPU,
        cores=3,
        operating_points=points("cpu", 1000),
        static_power_uw=100,
        memory_bytes=20_000,
        failure_rate_fit=100,
    )
    gpu = Unit(
        id="gpu",
        kind=UnitKind.GPU,
        operating_points=points("gpu", 4000),
        static_power_uw=300,
        memory_bytes=9_000,
        failure_rate_fit=200,
    )
    area = Area(id="fpga.area", lut=1000, ff=2000, bram=10, dsp=20)
    fpga = Unit(
        id="fpga",
        kind=UnitKind.FPGA,
        operating_points=points("fpga", 800),
        static_power_uw=200,
        area=area,
        fill_permille=800,
        failure_rate_fit=50,
    )
    remote = Unit(id="remote", kind=UnitKind.CPU, operating_points=points("remote", 500), static_power_uw=50)
    spare = Unit(id="spare", kind=UnitKind.CPU, operating_points=points("spare", 500), static_power_uw=70)
    bus = Link(
        id="bus",
        kind=LinkKind.ON_CHIP,
        ends=("cpu", "gpu", "fpga"),
        latency_ns=MS // 2,
        bandwidth_bytes_per_s=1_000_000_000,
        energy_fj_per_byte=3,
    )
    eth = Link(
        id="eth",
        kind=LinkKind.NETWORK,
        ends=("cpu", "remote", "spare"),
        bandwidth_bytes_per_s=500_000_000,
        energy_fj_per_byte=10,
    )
    nodes = (Node(id="board", units=(cpu, gpu, fpga)), Node(id="far", units=(remote, spare)))
    return Platform(id="platform", nodes=nodes, links=(bus, eth))


def _system() -> System:
    return System(
        id="sys",
        application=_application(),
        platform=_platform(),
        constraints=(
            Pin(id="k-pin", component="cam", unit="cpu", core=0),
            Forbid(id="k-forbid", component="ctl", unit="gpu"),
            Separate(id="k-separate", components=("blur", "stats", "ctl")),
            Isolate(id="k-isolate", components=("cam", "ctl")),
            CoLocate(id="k-locate", components=("rec", "show")),
            AveragePower(id="k-average", limit_uw=1940),
            AveragePower(id="k-average-far", limit_uw=500, node="far"),
            PeakPower(id="k-peak", limit_uw=8100),
            EnergyBudget(id="k-energy", limit_fj=60_000 * MS),
            ReliabilityGoal(
                id="k-reliable", flow="brake", mission_ns=3_600_000_000_000 * 1000, minimum_ppb=999_500_000
            ),
        ),
    )


def _cost(component: str, unit: str, wcet: int, power: int, **more: int) -> list[Cost]:
    """Rows at both operating points: four times the power and half the time at the fast one."""
    rows = []
    for point, factor, watts in (("fast", 1, power), ("slow", 2, power // 4)):
        time = wcet * MS * factor
        row = Cost(
            entry=f"{component}.step",
            unit=unit,
            operating_point=f"{unit}.{point}",
            bcet_ns=time // 2,
            acet_ns=time * 3 // 4,
            wcet_ns=time,
            interval_ns=more.get("interval", wcet) * MS * factor,
            energy_fj=watts * time * 3 // 4,
            provenance=Provenance.ANNOTATED,
            **{k: v for k, v in more.items() if k != "interval"},
        )
        rows.append(row)
    return rows


def _costs() -> CostTable:
    rows = [
        *_cost("cam", "cpu", 2, 1000, memory_bytes=4000),
        *_cost("cam", "remote", 4, 500),
        *_cost("blur", "gpu", 2, 4000, memory_bytes=8000),
        *_cost("blur", "cpu", 5, 1000),
        *_cost("stats", "fpga", 3, 800, interval=2, lut=700, ff=900, bram=4, dsp=16),
        *_cost("stats", "cpu", 4, 1000),
        *_cost("ctl", "cpu", 3, 1000, memory_bytes=6000),
        *_cost("ctl", "gpu", 3, 4000),
        *_cost("rec", "remote", 4, 500),
        *_cost("rec", "cpu", 4, 1000),
        *_cost("show", "remote", 3, 500),
        *_cost("dog", "cpu", 1, 1000),
        *_cost("dog", "remote", 1, 500),
        *_cost("dog", "spare", 1, 500),
    ]
    return CostTable(costs=tuple(rows))


def _slots() -> tuple[JobSlot, ...]:
    rows = [
        ("cam", "cpu", 0, 0, 2, 10),
        ("blur", "gpu", 0, 3, 2, 10),
        ("stats", "fpga", 0, 6, 3, 10),
        ("ctl", "cpu", 1, 12, 3, 20),
        ("rec", "remote", 0, 22, 4, 20),
        ("show", "remote", 0, 7, 3, 20),
        ("dog", "cpu", 0, 4, 1, 20),
        ("dog", "remote", 0, 10, 1, 20),
    ]
    return tuple(
        JobSlot(
            entry=f"{name}.step",
            job=job,
            unit=unit,
            core=core,
            start_ns=(start + job * period) * MS,
            end_ns=(start + job * period + length) * MS,
        )
        for name, unit, core, start, length, period in rows
        for job in range(20 // period)
    )


def _transfers() -> tuple[TransferSlot, ...]:
    rows = [
        ("image", "bus", 0, 2, 10),
        ("soft", "bus", 0, 5, 10),
        ("blobs", "bus", 0, 9, 10),
        ("log", "bus", 0, 10, 10),
        ("log", "eth", 1, 11, 10),
        ("state", "eth", 0, 16, 20),
    ]
    return tuple(
        TransferSlot(
            channel=channel,
            job=job,
            link=link,
            hop=hop,
            start_ns=(start + job * period) * MS,
            end_ns=(start + job * period + 1) * MS,
        )
        for channel, link, hop, start, period in rows
        for job in range(20 // period)
    )


ENERGY = (
    # busy: jobs x power x 3/4 of the WCET, in µW·ms
    2 * 1000 * 1.5
    + 2 * 4000 * 1.5
    + 2 * 800 * 2.25
    + 1000 * 2.25
    + 500 * 3
    + 500 * 2.25
    + 750
    + 375
    # static: all but the spare unit, 20 ms
    + (100 + 300 + 200 + 50) * 20
) * MS + (
    # transfers: values x bytes x energy a byte
    (2 + 2 + 2 + 2) * 500_000 * 3 + (2 + 1) * 500_000 * 10
)


def _deployment() -> Deployment:
    places = [
        ("cam", "cpu", 0, 0),
        ("blur", "gpu", 0, 0),
        ("stats", "fpga", 0, 0),
        ("ctl", "cpu", 1, 0),
        ("rec", "remote", 0, 0),
        ("show", "remote", 0, 0),
        ("dog", "cpu", 0, 0),
        ("dog", "remote", 0, 1),
    ]
    return Deployment(
        system="sys",
        hyperperiod_ns=20 * MS,
        status=SolveStatus.OPTIMAL,
        proposer="by hand",
        objectives=(Objective(name="energy", value=int(ENERGY), bound=int(ENERGY), unit="fJ"),),
        placements=tuple(Placement(component=c, unit=u, core=k, replica=r) for c, u, k, r in places),
        settings=tuple(
            UnitSetting(unit=u, operating_point=f"{u}.fast", off=u == "spare")
            for u in ("cpu", "gpu", "fpga", "remote", "spare")
        ),
        routes=(
            Route(channel="image", links=("bus",)),
            Route(channel="soft", links=("bus",)),
            Route(channel="blobs", links=("bus",)),
            Route(channel="log", links=("bus", "eth")),
            Route(channel="state", links=("eth",)),
        ),
        jobs=_slots(),
        transfers=_transfers(),
    )


def small_case() -> Case:
    """The correct system of the sketch above."""
    return Case(_system(), _costs(), _deployment())
