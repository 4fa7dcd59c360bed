"""Random systems of every feature: each deployment passes the independent check."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.system import (
    Area,
    AveragePower,
    ChannelProtocol,
    CoLocate,
    Constraint,
    FlowBound,
    Forbid,
    Isolate,
    Periodic,
    Pin,
    ReliabilityGoal,
    Separate,
    Sporadic,
    System,
    UnitKind,
)
from aicompiler.transformations.partition import PartitionOptions, partition

QUICK = PartitionOptions(deterministic_time=2.0)
TICK = 1_009  # a prime number of ns, so that no instant is a whole number of solver ticks


def random_system(sketch: Any, seed: int) -> tuple[System, CostTable]:
    """Chains and lone components at different rates on CPU, GPU and FPGA, multi-hop links, constraints."""
    dice = random.Random(seed)
    build = sketch()
    build.unit(
        "cpu", cores=dice.choice((1, 2, 3)), static=dice.randint(0, 200), slow=400, failure_rate_fit=100
    )
    build.unit("gpu", UnitKind.GPU, static=dice.randint(0, 500), dynamic=3000, failure_rate_fit=900)
    area = Area(id="area", lut=100, ff=100, bram=9, dsp=9)
    build.unit("fpga", UnitKind.FPGA, static=dice.randint(0, 500), dynamic=2000, area=area)
    build.link("bus", "cpu", "gpu", latency=dice.randint(0, 900), energy=dice.randint(0, 900))
    build.link("axi", "cpu", "fpga", latency=dice.randint(0, 900), energy=dice.randint(0, 900))
    names = [f"c{i}" for i in range(dice.randint(3, 6))]
    consumers: dict[str, int] = {}
    for i, name in enumerate(names):
        times = {
            "cpu": dice.randint(2, 20) * TICK,
            "gpu": dice.randint(1, 9) * TICK,
            "fpga": dice.randint(5, 60) * TICK,
        }
        if dice.random() < 0.4:
            del times[dice.choice(("gpu", "fpga"))]
        more = {"interval": dice.randint(3, 20) * TICK, "area": {"lut": dice.randint(10, 60)}}
        more |= {"bcet": dice.choice((300, 1000)), "criticality": dice.choice((0, 0, 1))}
        if i and dice.random() < 0.6:
            consume = dice.choice((1, 1, 2))
            writer = dice.choice(names[:i])
            build.reader(name, times, **more)
            build.channel(
                writer, name, dice.randint(1, 3000), consume=consume, capacity=consume + dice.randint(0, 1)
            )
            consumers[writer] = i
        else:
            period = dice.choice((60, 120)) * TICK
            kind = Sporadic(min_interarrival_ns=period) if dice.random() < 0.25 else None
            more |= {"deadline": dice.choice((None, 2 * period, period * 3 // 2))} if kind else {}
            offset = dice.choice((0, 7 * TICK))
            build.component(
                name, times, kind or Periodic(period_ns=period, offset_ns=offset, jitter_ns=offset), **more
            )
    for _ in range(dice.randint(0, 2)):
        a, b = dice.sample(names, 2)
        if f"{a}>{b}" not in {c.id for c in build.channels}:
            build.channel(a, b, dice.randint(1, 3000), ChannelProtocol.SAMPLE)
    for k, channel in enumerate(build.channels[:2]):
        a, _, b = channel.id.partition(">")
        bound = FlowBound.REACTION if dice.random() < 0.7 else FlowBound.DATA_AGE
        build.flow(f"flow{k}", dice.randint(150, 900) * TICK, a, b, bound=bound)
    return build.given(*constraints(dice, names, bool(build.flows))).both()


def constraints(dice: random.Random, names: list[str], flows: bool) -> list[Constraint]:
    """At most two constraints on distinct components."""
    a, b = dice.sample(names, 2)
    kinds: list[Constraint] = [
        Pin(id="pin", component=a, unit="cpu", core=0),
        Forbid(id="forbid", component=a, unit="gpu"),
        Separate(id="separate", components=(a, b)),
        Isolate(id="isolate", components=(a, b)),
        CoLocate(id="together", components=(a, b)),
        AveragePower(id="average", limit_uw=dice.randint(1500, 4000)),
    ]
    if flows:
        mission = 3_600_000_000_000 * 10_000
        kinds.append(
            ReliabilityGoal(
                id="goal", flow="flow0", mission_ns=mission, minimum_ppb=dice.randint(985, 998) * 10**6
            )
        )
    return dice.sample(kinds, dice.randint(0, 2))


def outcome(system: System, costs: CostTable) -> Deployment | None:
    """The deployment, if there is one."""
    try:
        return partition(system, costs, options=QUICK)
    except Infeasible:
        return None


@pytest.mark.parametrize("seed", range(40))
def test_deployments_pass_the_check(sketch: Any, valid: Callable[..., None], seed: int) -> None:
    """Whatever is found for a random system, the independent check accepts."""
    system, costs = random_system(sketch, seed)
    found = outcome(system, costs)
    if found is not None:
        valid(system, costs, found)


def test_most_random_systems_are_feasible(sketch: Any) -> None:
    """The test above is not idle: most of its systems have a deployment."""
    found = [outcome(*random_system(sketch, seed)) for seed in range(12)]
    assert sum(d is not None for d in found) >= 6


@pytest.mark.parametrize("seed", range(6))
def test_same_input_same_deployment(sketch: Any, seed: int) -> None:
    """Two runs give the same deployment, also with two interleaved workers."""
    system, costs = random_system(sketch, seed)
    assert outcome(system, costs) == outcome(system, costs)
    two = replace(QUICK, workers=2)
    if outcome(system, costs) is not None:
        assert partition(system, costs, options=two) == partition(system, costs, options=two)
