"""Fronts of two objectives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aicompiler.metamodels.deployment import CostTable
from aicompiler.metamodels.exact import to_data
from aicompiler.metamodels.system import System
from aicompiler.transformations.partition import Front, PartitionOptions, pareto, partition

Pair = tuple[System, CostTable]
EFFORT = PartitionOptions(deterministic_time=0.1, work=1000)


def reached(front: Front) -> list[tuple[int, ...]]:
    """What each point reaches of both objectives."""
    return [tuple(o.value for o in point.deployment.objectives) for point in front.points]


@pytest.mark.parametrize("seed", range(3))
def test_no_point_is_dominated(seed: int, random_pair: Callable[[int], Pair], valid: Any) -> None:
    """Every point is a checked deployment with bounds below its values, and none makes another needless."""
    pair: Pair = random_pair(seed)
    front = pareto(*pair, points=5, options=EFFORT)
    points = reached(front)
    assert 1 <= len(points) <= 5 and front.choice is front.points[front.chosen].deployment
    for one in points:
        assert not any(all(a <= b for a, b in zip(o, one, strict=True)) for o in points if o is not one)
    assert points == sorted(points)
    for point in front.points:
        valid(*pair, point.deployment)
        assert all(o.bound is not None and o.bound <= o.value for o in point.deployment.objectives)
        assert point.at_most is None or point.deployment.objectives[1].value <= point.at_most


@pytest.mark.parametrize("seed", range(2))
def test_ends_are_those_of_each_objective(seed: int, random_pair: Callable[[int], Pair]) -> None:
    """The ends of a front are no worse than what each objective reaches by itself."""
    front = pareto(*random_pair(seed), points=5, options=EFFORT)
    for number, name in enumerate(("energy", "latency")):
        alone = partition(
            *random_pair(seed),
            options=PartitionOptions(objective=name, deterministic_time=0.1, work=1000),
        )
        assert min(point[number] for point in reached(front)) <= alone.objectives[0].value


def test_bounds_hold_within_the_front(random_pair: Callable[[int], Pair]) -> None:
    """No point that keeps to another's limit has less of the first objective than was proved for that one."""
    front = pareto(*random_pair(2), points=5, options=EFFORT)
    for point in front.points:
        bound = point.deployment.objectives[0].bound or 0
        for first, second in reached(front):
            assert point.at_most is None or second > point.at_most or first >= bound


def test_same_input_same_front(random_pair: Callable[[int], Pair]) -> None:
    """Two runs give the same points."""
    one, two = (pareto(*random_pair(0), points=4, options=EFFORT) for _ in range(2))
    assert [to_data(p.deployment) for p in one.points] == [to_data(p.deployment) for p in two.points]


@pytest.mark.parametrize(
    ("objectives", "points"), [(("energy", "energy"), 4), (("energy", "latency"), 1), (("energy", "x"), 4)]
)
def test_what_is_no_front(
    objectives: tuple[str, str], points: int, random_pair: Callable[[int], Pair]
) -> None:
    """A front needs two different objectives and two points at least."""
    with pytest.raises(ValueError, match=r"front|objective"):
        pareto(*random_pair(0), objectives, points, EFFORT)
