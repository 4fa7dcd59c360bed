"""The front of two objectives: deployments none of which is at least as good as another in both.

By epsilon-constraint (Y. Haimes, L. Lasdon, D. Wismer, IEEE Trans. SMC 1(3), 1971): both ends of the front
first, then, between them, the least of the first objective with the second at most so much, and of those
the least of the second.  Bounds are those of each of these problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import hypot

from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.system import System

from ._build import build_problem
from ._chain import Chain
from ._decide import Found
from ._explain import check_necessary
from ._goals import Goal, capped, goals_of
from ._partition import PartitionOptions, first_found, minimised

NORMAL = PartitionOptions()
FEWEST = 2
MOST = 64


@dataclass(frozen=True)
class Point:
    """A deployment of the front; ``at_most`` is the second objective's limit under which it was sought.

    Its objectives carry values and bounds: nothing that keeps to the limit has less of the first, and nothing
    with so little of the first has less of the second.  The end of the front with the least of the second
    objective has no limit.
    """

    deployment: Deployment
    at_most: int | None


@dataclass(frozen=True)
class Front:
    """The points by growing first objective, and which of them is the balanced choice."""

    objectives: tuple[str, str]
    points: tuple[Point, ...]
    chosen: int

    @property
    def choice(self) -> Deployment:
        """The deployment of the chosen point."""
        return self.points[self.chosen].deployment


def pareto(
    system: System,
    costs: CostTable,
    objectives: tuple[str, str] = ("energy", "latency"),
    points: int = 8,
    options: PartitionOptions = NORMAL,
) -> Front:
    """At most ``points`` deployments that trade the first objective for the second.

    Raises ``ValueError`` for other than two different objectives or a number of points out of range,
    ``ModelError`` and ``Infeasible`` as ``partition`` does.  Each point gets the effort of a partitioning.
    """
    if not FEWEST <= points <= MOST:
        raise ValueError(f"a front has {FEWEST} to {MOST} points, not {points}")
    problem = build_problem(system, costs, horizon=None)
    check_necessary(problem)
    goals = goals_of(problem, ",".join(objectives), None)
    if len(goals) != FEWEST:
        raise ValueError(f"a front has two objectives, not {', '.join(objectives)}")
    search = _Search(Chain(system, costs, options.effort), goals)
    found = search.run(first_found(problem, goals, options), points)
    chosen = _balanced([point.found.values or () for point in found])
    return Front(objectives, tuple(Point(p.deployment(), p.at_most) for p in found), chosen)


@dataclass(frozen=True)
class _Found:
    """A table with what it reaches of both goals, and what was proved when it was found."""

    found: Found
    at_most: int | None

    @property
    def reached(self) -> tuple[int, ...]:
        return self.found.values or ()

    def deployment(self) -> Deployment:
        return self.found.deployment()


@dataclass(frozen=True)
class _Search:
    chain: Chain
    goals: tuple[Goal, ...]

    def run(self, start: Found, points: int) -> list[_Found]:
        cheap = _Found(minimised(self.chain, start), None)
        quick = self._quickest(replace(start, table=cheap.found.table, proposer=cheap.found.proposer))
        known = [cheap, quick]
        for ceiling in _grid(quick.reached[1], cheap.reached[1], points):
            known.append(self._under(start, ceiling, known))  # from the best of the points before
        return _undominated(known)

    def _quickest(self, start: Found) -> _Found:
        """The other end: the second goal first."""
        first, second = self.goals
        found = self.chain.minimised(replace(start, goals=(second, first)))
        least, below = found.bound or (0, 0)
        turned = replace(found, goals=self.goals, bound=(below, least))
        return _Found(turned, turned.values[1] if turned.values else None)

    def _under(self, start: Found, ceiling: int, known: list[_Found]) -> _Found:
        """The least of the first goal with the second at most ``ceiling``, from the best that is known."""
        second = self.goals[1]
        problem = capped(start.problem, second, ceiling)
        best = min((p for p in known if p.reached[1] <= ceiling), key=lambda p: p.reached)
        begin = replace(
            start,
            problem=problem,
            caps=((second, ceiling),),
            table=best.found.table,
            proposer=best.found.proposer,
        )
        return _Found(self.chain.minimised(begin), ceiling)


def _grid(least: int, most: int, points: int) -> Iterator[int]:
    """Limits between the ends, widest first."""
    for number in range(points - FEWEST, 0, -1):
        ceiling = least + (most - least) * number // (points - 1)
        if least < ceiling < most:
            yield ceiling


def _undominated(known: list[_Found]) -> list[_Found]:
    """One point each of those that no other is at least as good as, by growing first goal."""
    kept: list[_Found] = []
    for point in sorted(known, key=lambda p: (p.reached, not p.found.closed)):
        if not kept or point.reached[1] < kept[-1].reached[1]:
            kept.append(point)
    return kept


def _balanced(reached: list[tuple[int, ...]]) -> int:
    """The point nearest to the best of both, each goal in shares of its range over the front."""
    ranges = [(min(column), max(column)) for column in zip(*reached, strict=True)]

    def distance(index: int) -> float:
        pairs = zip(reached[index], ranges, strict=True)
        return hypot(*((value - low) / max(high - low, 1) for value, (low, high) in pairs))

    return min(range(len(reached)), key=distance, default=0)
