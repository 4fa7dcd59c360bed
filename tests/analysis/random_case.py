"""Random systems with a legal table, made by a greedy list scheduler on a coarse grid."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count, pairwise
from math import lcm

from aicompiler.metamodels.deployment import (
    Cost,
    CostTable,
    Deployment,
    JobSlot,
    Placement,
    Provenance,
    Route,
    SolveStatus,
    TransferSlot,
    UnitSetting,
)
from aicompiler.metamodels.system import (
    Application,
    Channel,
    ChannelProtocol,
    Component,
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
    System,
    Unit,
    UnitKind,
)
from small_case import Case

STEP = 250_000
"""Grid of the table in nanoseconds: a transfer takes two steps, a job one to four."""


@dataclass
class Part:
    """One entry of the chain and where it runs."""

    name: str
    unit: str
    core: int
    length: int
    period: int
    release: int
    due: int
    consume: int = 0  # 0: reads a SAMPLE
    on_data: bool = False
    starts: list[int] = field(default_factory=list)


@dataclass
class Chain:
    """A random chain of parts and the table that is being filled."""

    parts: list[Part]
    taken: dict[str, set[int]] = field(default_factory=dict)
    transfers: list[TransferSlot] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Length of the table in steps."""
        return lcm(*(p.period for p in self.parts))

    def take(self, resource: str, earliest: int, length: int) -> int:
        """Occupy the first free place from ``earliest`` on, in every round."""
        taken = self.taken.setdefault(resource, set())
        for start in count(earliest):
            if start > earliest + 4 * self.steps:
                raise NoRoom(resource)
            wanted = {t % self.steps for t in range(start, start + length)}
            if not wanted & taken:
                taken |= wanted
                return start
        raise AssertionError("count() does not end")


class NoRoom(Exception):
    """The greedy scheduler found no place or missed a deadline."""


def random_case(seed: int) -> Case | None:
    """A random chain with a legal table, or ``None`` where the greedy scheduler fails."""
    rng = random.Random(seed)
    chain = Chain(_parts(rng))
    try:
        _fill(chain)
    except NoRoom:
        return None
    return _case(chain)


def _parts(rng: random.Random) -> list[Part]:
    parts: list[Part] = []
    for position in range(rng.randint(2, 5)):
        unit = rng.choice(("cpu", "cpu", "gpu", "fpga"))
        part = Part(
            f"c{position}", unit, rng.randint(0, 1) if unit == "cpu" else 0, rng.randint(1, 4), 0, 0, 0
        )
        before = parts[-1] if parts else None
        if before is not None and rng.random() < 0.6 and before.period < 80:
            part.consume = rng.choice((1, 1, 2))
            part.on_data = True
            part.period = before.period * part.consume
            part.release = before.due + (part.consume - 1) * before.period
            part.due = part.release + before.due - before.release
        else:
            part.period = rng.choice((20, 40, 80))
            part.release = rng.choice((0, 0, 5, 60))
            part.due = part.release + part.period
        parts.append(part)
    return parts


def _fill(chain: Chain) -> None:
    there: list[int] = []
    for position, part in enumerate(chain.parts):
        before = -1
        for job in range(chain.steps // part.period):
            earliest = max(0 if part.on_data else part.release + job * part.period, before)
            if part.consume:
                earliest = max(earliest, *there[job * part.consume : (job + 1) * part.consume])
            shared = f"{part.unit}{part.core}" if part.unit != "fpga" else part.name
            start = chain.take(shared, earliest, part.length)
            part.starts.append(start)
            before = start + part.length
            if before > part.due + job * part.period:
                raise NoRoom(part.name)
        there = _send(chain, position)


def _send(chain: Chain, position: int) -> list[int]:
    part = chain.parts[position]
    ends = [s + part.length for s in part.starts]
    if position + 1 == len(chain.parts) or chain.parts[position + 1].unit == part.unit:
        return ends
    result, before = [], 0
    for job, end in enumerate(ends):
        start = chain.take("bus", max(end, before), 2)
        before = start
        is_sample = not chain.parts[position + 1].consume
        if is_sample and start + 2 > part.due + job * part.period:
            raise NoRoom("bus")
        chain.transfers.append(
            TransferSlot(
                channel=f"{part.name}.out",
                job=job,
                link="bus",
                start_ns=start * STEP,
                end_ns=(start + 2) * STEP,
            )
        )
        result.append(start + 2)
    return result


def _case(chain: Chain) -> Case:
    parts = chain.parts
    crossing = [a for a, b in pairwise(parts) if a.unit != b.unit]
    deployment = Deployment(
        system="random",
        hyperperiod_ns=chain.steps * STEP,
        status=SolveStatus.FEASIBLE,
        placements=tuple(Placement(component=p.name, unit=p.unit, core=p.core) for p in parts),
        settings=tuple(UnitSetting(unit=u, operating_point=f"{u}.fast") for u in ("cpu", "gpu", "fpga")),
        routes=tuple(Route(channel=f"{p.name}.out", links=("bus",)) for p in crossing),
        jobs=tuple(
            JobSlot(
                entry=f"{p.name}.step",
                job=job,
                unit=p.unit,
                core=p.core,
                start_ns=start * STEP,
                end_ns=(start + p.length) * STEP,
            )
            for p in parts
            for job, start in enumerate(p.starts)
        ),
        transfers=tuple(chain.transfers),
    )
    return Case(_system(parts), CostTable(costs=tuple(map(_cost, parts))), deployment)


def _cost(part: Part) -> Cost:
    return Cost(
        entry=f"{part.name}.step",
        unit=part.unit,
        operating_point=f"{part.unit}.fast",
        bcet_ns=part.length * STEP,
        acet_ns=part.length * STEP,
        wcet_ns=part.length * STEP,
        interval_ns=part.length * STEP,
        energy_fj=0,
        provenance=Provenance.ANNOTATED,
    )


def _system(parts: list[Part]) -> System:
    entries = tuple(f"{p.name}.step" for p in parts)
    channels = tuple(
        Channel(
            id=f"{a.name}.out",
            source_port=f"{a.name}.to",
            target_port=f"{b.name}.from",
            protocol=ChannelProtocol.QUEUE if b.consume else ChannelProtocol.SAMPLE,
            capacity=3,
            consume=max(b.consume, 1),
        )
        for a, b in pairwise(parts)
    )
    application = Application(
        id="app",
        components=tuple(map(_component, parts)),
        channels=channels,
        flows=(
            Flow(id="reaction", entries=entries),
            Flow(id="age", entries=entries, bound=FlowBound.DATA_AGE),
        ),
    )
    units = tuple(
        Unit(
            id=name,
            kind=UnitKind(name.upper()),
            cores=2 if name == "cpu" else 1,
            operating_points=(OperatingPoint(id=f"{name}.fast", frequency_hz=1),),
        )
        for name in ("cpu", "gpu", "fpga")
    )
    bus = Link(
        id="bus",
        kind=LinkKind.BUS,
        ends=("cpu", "gpu", "fpga"),
        latency_ns=2 * STEP - 1,
        bandwidth_bytes_per_s=1_000_000_000,
    )
    platform = Platform(id="platform", nodes=(Node(id="node", units=units),), links=(bus,))
    return System(id="random", application=application, platform=platform)


def _component(part: Part) -> Component:
    activation = (
        OnData() if part.on_data else Periodic(period_ns=part.period * STEP, offset_ns=part.release * STEP)
    )
    ports = (
        Port(id=f"{part.name}.from", direction=PortDirection.IN, element_type=ElementType.U8),
        Port(id=f"{part.name}.to", direction=PortDirection.OUT, element_type=ElementType.U8),
    )
    return Component(
        id=part.name, entries=(Entry(id=f"{part.name}.step", activation=activation),), ports=ports
    )
