"""Placements that the relaxation allows and no table holds are excluded, with a proof, and no others."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from aicompiler.metamodels.deployment import SolveStatus
from aicompiler.transformations.partition import Choice, PartitionOptions, build_problem, partition
from aicompiler.transformations.partition._decide import Found
from aicompiler.transformations.partition._goals import ENERGY, goals_of
from aicompiler.transformations.partition._relax import Relaxation
from aicompiler.transformations.partition._search import Search
from aicompiler.transformations.partition._solve import SolverOptions
from aicompiler.transformations.partition._tabulate import Culprits, tabulate
from aicompiler.transformations.partition._windows import windows


def tight(sketch: Any, seed: int) -> Any:
    """Seven components at three rates with short deadlines, on two frugal cores and three others."""
    dice = random.Random(seed)
    build = sketch()
    build.unit("a", cores=2, dynamic=100).unit("b", cores=3, dynamic=1000).link("bus", "a", "b")
    for n in range(7):
        period = dice.choice((10, 20, 40))
        time = dice.randint(2, max(3, period // 3))
        build.component(f"c{n}", {"a": time, "b": time}, period, dice.randint(time + 1, period))
    return build


@pytest.mark.parametrize("seed", [4, 20, 49])
def test_cuts_keep_the_optimum(sketch: Any, valid: Callable[..., None], seed: int) -> None:
    """Where placements had to be excluded, the least energy is that of placement and table in one model."""
    system, costs = tight(sketch, seed).both()
    problem = build_problem(system, costs, horizon=None)
    search = Search(problem, goals_of(problem, ENERGY, None), SolverOptions())
    search.run()
    assert search.apart and search.floor is None
    whole = Found(problem, search.goals, None, "", (0,)).whole(system, costs, SolverOptions())
    found = partition(system, costs)
    valid(system, costs, found)
    assert found.status is SolveStatus.OPTIMAL
    assert whole.closed and whole.values == (found.objectives[0].value,)


@pytest.mark.parametrize("seed", range(6))
def test_tables_satisfy_the_relaxation(sketch: Any, seed: int) -> None:
    """Every job of a table lies within its window, so that no demand row excludes a table."""
    problem = build_problem(*tight(sketch, seed).both(), horizon=None)
    search = Search(problem, goals_of(problem, ENERGY, None), SolverOptions())
    search.run()
    assert search.best is not None
    relaxed = Relaxation(problem)
    assert relaxed.demands
    for job, (begin, end) in windows(problem).items():
        start = search.best.starts[job]
        assert begin <= start <= end - problem.load(job.entry, search.best.choice).duration


def test_who_is_to_blame(sketch: Any) -> None:
    """Of a placement without a table, the components that share the core at fault are named."""
    build = sketch().unit("a", cores=2).component("x", {"a": 6}, 10).component("y", {"a": 6}, 10)
    problem = build_problem(*build.component("z", {"a": 1}, 10).both(), horizon=None)
    seats = {"x": ("a", 0), "y": ("a", 0), "z": ("a", 1)}
    choice = Choice(seats, {"a": "a.fast"})
    assert tabulate(problem, choice, SolverOptions()) == Culprits(("x", "y"), True)


def test_objectives(sketch: Any) -> None:
    """An unknown objective, and changes from nothing, are errors of the caller."""
    system, costs = sketch().unit("a").component("p", {"a": 5}, 100).both()
    for objective in ("speed", "changes"):
        with pytest.raises(ValueError, match=objective):
            partition(system, costs, options=PartitionOptions(objective=objective))
