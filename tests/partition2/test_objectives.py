"""Objectives beside energy: latency, makespan, and several in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations, product
from typing import Any

import pytest
from aicompiler.metamodels.deployment import CostTable, Deployment, SolveStatus, Verdict
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.exact import to_data
from aicompiler.metamodels.system import ChannelProtocol, Periodic, Separate, System
from aicompiler.transformations.analysis import check
from aicompiler.transformations.partition import PartitionOptions, build_problem, decode, partition
from aicompiler.transformations.partition._goals import goals_of, values
from aicompiler.transformations.partition._heads import time_bound
from aicompiler.transformations.partition.problem import Choice, Problem
from aicompiler.transformations.partition.timetable import Table

Pair = tuple[System, CostTable]
SEEDS = range(4)


def options(objective: str, **more: Any) -> PartitionOptions:
    """Little effort: the systems here are small."""
    return PartitionOptions(objective=objective, **{"deterministic_time": 0.25, "work": 1500} | more)


def reached(deployment: Deployment) -> dict[str, int]:
    """The values of the objectives by name."""
    return {o.name: o.value for o in deployment.objectives}


def proved(deployment: Deployment) -> dict[str, int]:
    """The bounds of the objectives by name."""
    return {o.name: o.bound or 0 for o in deployment.objectives}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("objective", ["latency", "makespan", "latency,energy", "energy,latency,makespan"])
def test_checks_find_the_same_values(
    seed: int, objective: str, random_pair: Callable[[int], Pair], valid: Any
) -> None:
    """Whatever is asked for, the checks accept the table, recompute each value, and no bound is above it."""
    system, costs = random_pair(seed)
    found = partition(system, costs, options=options(objective))
    valid(system, costs, found)
    assert [o.name for o in found.objectives] == objective.split(",")
    told = [f for f in check(system, costs, found).findings if f.check == "objective-value"]
    assert len(told) == len(found.objectives) and all(f.verdict is Verdict.PASS for f in told)
    assert all(o.bound is not None and o.bound <= o.value for o in found.objectives)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_objective_matters_most(seed: int, random_pair: Callable[[int], Pair]) -> None:
    """A list keeps the first objective at what it reaches alone, and then improves the second."""
    pair: Pair = random_pair(seed)
    energy, latency, both, turned = (
        partition(*pair, options=options(o))
        for o in ("energy", "latency", "energy,latency", "latency,energy")
    )
    assert reached(both)["energy"] == reached(energy)["energy"]
    assert reached(turned)["latency"] == reached(latency)["latency"]
    assert reached(turned)["energy"] >= reached(both)["energy"]
    assert reached(both)["latency"] >= reached(turned)["latency"]


@pytest.mark.parametrize("objective", ["latency", "makespan", "latency,energy"])
def test_never_worse_than_the_heuristic(objective: str, random_pair: Callable[[int], Pair]) -> None:
    """Search starts from what the heuristic found and only ever improves it."""
    for seed in SEEDS:
        quick = partition(*random_pair(seed), options=options(objective, deterministic_time=0.0))
        found = partition(*random_pair(seed), options=options(objective))
        values_of = [[o.value for o in d.objectives] for d in (found, quick)]
        assert values_of[0] <= values_of[1]


def test_same_input_same_bytes(random_pair: Callable[[int], Pair]) -> None:
    """Two runs give the same deployment, slot by slot."""
    one, two = (partition(*random_pair(3), options=options("latency,energy")) for _ in range(2))
    assert to_data(one) == to_data(two)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("objective", ["latency", "makespan"])
def test_the_bound_holds_for_every_table(
    seed: int, objective: str, random_pair: Callable[[int], Pair]
) -> None:
    """No list schedule of any placement and order is below the bound from chains of data."""
    problem = build_problem(*random_pair(seed), horizon=None)
    (goal,) = goals_of(problem, objective, None)
    bound = time_bound(problem, goal)
    tables = [t for t in _all_tables(problem, 150) if isinstance(t, Table)]
    assert tables and bound > 0
    assert min(values(problem, (goal,), table)[0] for table in tables) >= bound


def _all_tables(problem: Problem, most: int) -> Iterator[Any]:
    """Tables of placements at the fastest points, for a few orders each."""
    points = {m.id: m.points[0] for m in problem.machines.values()}
    seats = product(
        *([(at.unit, 0) for at in ats if at.point == points[at.unit]] for ats in problem.options.values())
    )
    for seated, _ in zip(seats, range(most), strict=False):
        choice = Choice(dict(zip(problem.components, seated, strict=True)), points)
        for step in (1, -1):
            yield decode(problem, choice, {j: float(step * n) for n, j in enumerate(problem.jobs)})


def test_least_latency_of_all(sketch: Any, valid: Any) -> None:
    """The latency of a small system is that of the best of all placements and orders."""
    system = sketch().unit("a").unit("b").link("bus", "a", "b", latency=7)
    for name, times in (("p", {"a": 30, "b": 50}), ("q", {"a": 60, "b": 20})):
        system.component(name, times, 1000).reader(f"{name}2", {"a": 40, "b": 25}).channel(name, f"{name}2")
        system.flow(f"flow {name}", 2000, name, f"{name}2")
    pair: Pair = system.both()
    found = partition(*pair, options=options("latency"))
    valid(*pair, found)
    problem = build_problem(*pair, horizon=None)
    (goal,) = goals_of(problem, "latency", None)
    points = {m.id: m.points[0] for m in problem.machines.values()}
    best = min(
        values(problem, (goal,), table)[0]
        for seated in product("ab", repeat=4)
        for order in permutations(problem.jobs)
        for choice in [Choice({c: (u, 0) for c, u in zip(problem.components, seated, strict=True)}, points)]
        for table in [decode(problem, choice, {j: float(n) for n, j in enumerate(order)})]
        if isinstance(table, Table)
    )
    assert reached(found)["latency"] == best == proved(found)["latency"]
    assert found.status is SolveStatus.OPTIMAL


def test_latency_counts_the_start_of_the_system(sketch: Any, valid: Any) -> None:
    """A stimulus before a late first reader waits for it: deadlines and latency hold at the start too."""
    system = sketch().unit("a").component("w", {"a": 10}, 100)
    system.component("r", {"a": 10}, Periodic(period_ns=100, offset_ns=350)).sample("w", "r")
    pair: Pair = system.flow("f", 450, "w", "r").both()
    found = partition(*pair, options=options("latency"))
    valid(*pair, found)
    assert reached(found)["latency"] >= 800_000  # 360 ns of 450 from the start, 260 in the steady state


def test_latency_needs_a_deadline(sketch: Any) -> None:
    """Without a flow that has a deadline there is no share of one, and the message says what to do."""
    pair: Pair = sketch().unit("a").component("w", {"a": 10}, 100).both()
    with pytest.raises(ModelError, match=r"no flow of the model has a deadline.*energy or makespan"):
        partition(*pair, options=options("latency"))


@pytest.mark.parametrize("objective", ["speed", "", "energy,energy", "energy,,latency"])
def test_unknown_objectives(objective: str, sketch: Any) -> None:
    """A name that is none, or is said twice, is refused."""
    pair: Pair = sketch().unit("a").component("w", {"a": 10}, 100).flow("f", 400, "w").both()
    with pytest.raises(ValueError, match="objective"):
        partition(*pair, options=options(objective))


def test_a_false_claim_is_refused(random_pair: Callable[[int], Pair]) -> None:
    """A latency or makespan that the table does not have fails the check."""
    system, costs = random_pair(1)
    found = partition(system, costs, options=options("latency,makespan"))
    for number, objective in enumerate(found.objectives):
        claimed = replace(objective, value=objective.value - 1, bound=None)
        others = tuple(claimed if n == number else o for n, o in enumerate(found.objectives))
        evidence = check(system, costs, replace(found, objectives=others, status=SolveStatus.FEASIBLE))
        assert [f.check for f in evidence.failures] == ["objective-value"]


def test_units_that_cost_much_are_proved_needless(sketch: Any) -> None:
    """Twelve equal units, two components apart: that two units are on is proved with little effort."""
    system = sketch()
    names = [f"u{n:02}" for n in range(12)]
    for name in names:
        system.unit(name, static=5000, cores=2)
    system.link("net", *names, latency=5)
    for n in range(14):
        system.component(f"c{n:02}", dict.fromkeys(names, 20), 1000)
    for n in range(13):
        system.channel(f"c{n:02}", f"c{n + 1:02}", protocol=ChannelProtocol.SAMPLE)
    pair: Pair = system.given(Separate(id="s", components=("c00", "c01"))).both()
    found = partition(*pair, options=options("energy", deterministic_time=1.0))
    assert found.status is SolveStatus.OPTIMAL
    assert sum(not s.off for s in found.settings) == 2
