"""The solver against exhaustive search on small random systems."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from aicompiler.metamodels.deployment import CostTable, SolveStatus
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.system import OnData, System, UnitKind
from aicompiler.transformations.partition import partition

PERIOD = 60
# Deadlines keep every table within one hyperperiod, so that exhaustive search need not think modulo.


def random_system(sketch: Any, seed: int) -> tuple[System, CostTable]:
    """Two or three components on a CPU of two points, a GPU and perhaps a second core."""
    dice = random.Random(seed)
    build = sketch()
    build.unit(
        "cpu",
        cores=dice.choice((1, 2)),
        static=dice.randint(0, 200),
        dynamic=900,
        slow=dice.randint(200, 600),
    )
    build.unit("gpu", UnitKind.GPU, static=dice.randint(0, 300), dynamic=dice.randint(500, 3000))
    build.link("bus", "cpu", "gpu", latency=dice.randint(0, 3), energy=dice.randint(0, 900))
    half = PERIOD // 2

    def times() -> dict[str, int]:
        found = {"cpu": dice.randint(4, 16)}
        if dice.random() < 0.7:
            found["gpu"] = dice.randint(2, 10)
        return found

    build.component("a", times(), PERIOD, half)
    queue = dice.random() < 0.6
    if queue:
        build.component("b", times(), OnData(), half).channel("a", "b", dice.randint(1, 12))
    else:
        build.component("b", times(), PERIOD, dice.randint(half, PERIOD)).sample(
            "a", "b", dice.randint(1, 12)
        )
    build.component("c", times(), dice.choice((half, PERIOD)), None)
    if dice.random() < 0.5:
        build.flow("f", (1 if queue else 2) * PERIOD + dice.randint(5, 40), "a", "b")
    return build.both()


# --- exhaustive search: written from the rules alone --------------------------------------------------------

Choice = dict[str, tuple[str, int]]


def placements(system: System, costs: CostTable) -> Iterator[tuple[int, Choice, dict[str, str]]]:
    """(energy, seats, points) of every placement."""
    seats = [(u.id, core) for u in system.units for core in range(u.cores)]
    for chosen in product(seats, repeat=len(system.components)):
        where = dict(zip((c.id for c in system.components), chosen, strict=True))
        for points in product(*(u.operating_points for u in system.units)):
            at = dict(zip((u.id for u in system.units), points, strict=True))
            rows = [costs.get(f"{c}.run", unit, at[unit].id) for c, (unit, _) in where.items()]
            if all(rows):
                energy = sum(jobs(system, r.entry) * r.energy_fj for r in rows if r)
                energy += sum(
                    u.static_power_uw * PERIOD for u in system.units if u.id in {s for s, _ in chosen}
                )
                for channel in system.application.channels:
                    a, b = ends(channel.id)
                    if where[a][0] != where[b][0]:
                        size = next(
                            p.bytes for c in system.components for p in c.ports if p.id == f"{channel.id}@{a}"
                        )
                        energy += (
                            jobs(system, f"{a}.run") * size * system.platform.links[0].energy_fj_per_byte
                        )
                yield energy, where, {u: p.id for u, p in at.items()}


def ends(channel: str) -> tuple[str, str]:
    a, _, b = channel.partition(">")
    return a, b


def size_of(system: System, channel: str) -> int:
    return next(p.bytes for c in system.components for p in c.ports if p.id.startswith(f"{channel}@"))


def jobs(system: System, entry: str) -> int:
    activation = next(e for e in system.entries if e.id == entry).activation
    return PERIOD // getattr(activation, "period_ns", PERIOD)


def schedulable(system: System, costs: CostTable, where: Choice, points: dict[str, str]) -> bool:
    """Whether some order of jobs and transfers, each as early as possible, meets all deadlines."""
    tasks: dict[str, tuple[str, int, int, list[str]]] = {}  # resource, release, length, after
    deadlines: dict[str, int] = {}
    for component in system.components:
        entry = component.entries[0]
        unit, core = where[component.id]
        cost = costs.get(entry.id, unit, points[unit])
        assert cost is not None
        period = getattr(entry.activation, "period_ns", PERIOD)
        relative = period if entry.deadline_ns is None else entry.deadline_ns
        base = PERIOD // 2 if isinstance(entry.activation, OnData) else 0  # the deadline of `a`
        for k in range(PERIOD // period):
            after = [f"{component.id}#{k - 1}"] if k else []
            deadlines[f"{component.id}#{k}"] = base + k * period + relative
            tasks[f"{component.id}#{k}"] = (f"{unit}{core}", k * period, cost.wcet_ns, after)
    for flow in system.application.flows:
        queue = system.application.channels[0].protocol.value == "queue"
        # a queue hands job 0 of `a` to job 0 of `b`; a sample waits for the next round of `b`
        latest = flow.deadline_ns - PERIOD if queue else flow.deadline_ns - 2 * PERIOD
        deadlines["b#0"] = min(deadlines["b#0"], latest)
    for channel in system.application.channels:
        a, b = ends(channel.id)
        last = f"{a}#0"
        if where[a][0] != where[b][0]:
            last = channel.id
            length = system.platform.links[0].transfer_ns(size_of(system, channel.id))
            tasks[last] = ("bus", 0, length, [f"{a}#0"])
            deadlines[last] = PERIOD // 2 if channel.protocol.value == "sample" else PERIOD
        if channel.protocol.value == "queue":
            tasks[f"{b}#0"][3].append(last)
    return search(tasks, deadlines, {}, {})


def search(tasks: Any, deadlines: dict[str, int], done: dict[str, int], free: dict[str, int]) -> bool:
    if len(done) == len(tasks):
        return True
    for name, (resource, release, length, after) in tasks.items():
        if name in done or any(a not in done for a in after):
            continue
        end = max([release, free.get(resource, 0), *(done[a] for a in after)]) + length
        if end <= deadlines[name] and search(tasks, deadlines, {**done, name: end}, {**free, resource: end}):
            return True
    return False


def optimum(system: System, costs: CostTable) -> int | None:
    for energy, where, points in sorted(placements(system, costs), key=lambda p: p[0]):
        if schedulable(system, costs, where, points):
            return energy
    return None


@pytest.mark.parametrize("seed", range(24))
def test_optimum_is_found(sketch: Any, valid: Callable[..., None], seed: int) -> None:
    """The solver's energy is the least of all placements that some order of jobs can schedule."""
    system, costs = random_system(sketch, seed)
    least = optimum(system, costs)
    if least is None:
        with pytest.raises(Infeasible):
            partition(system, costs)
        return
    found = partition(system, costs)
    valid(system, costs, found)
    assert found.status is SolveStatus.OPTIMAL
    assert (found.objectives[0].value, found.objectives[0].bound) == (least, least)


def test_random_systems_cover_both_outcomes(sketch: Any) -> None:
    """The seeds above contain feasible and infeasible systems, so neither branch is idle."""
    outcomes = {optimum(*random_system(sketch, seed)) is None for seed in range(24)}
    assert outcomes == {True, False}
