"""Goals in turn: each as small as it gets given what those before it reached, with a bound of its own.

Sums over placements are left to the search for placements; a time of the table gets a bound from chains of
data, is shortened by local search and, where jobs are few, by the solver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from aicompiler.metamodels.deployment import CostTable
from aicompiler.metamodels.system import System

from ._anneal import Annealing
from ._decide import WHOLE_JOBS, Found
from ._goals import CHANGES, ENERGY, Goal, capped, values
from ._heads import time_bound
from ._improve import Improvement
from ._solve import SolverOptions
from .problem import Problem
from .timetable import Table, decode

ANNEALED = 40  # jobs of the simplified table for each job that local search places in a real one


@dataclass(frozen=True)
class Effort:
    """How hard to look: the solver's budget, and the jobs that local search places for each goal."""

    solver: SolverOptions
    work: int


@dataclass(frozen=True)
class Chain:
    """A system with its costs, and the effort that each goal is worth."""

    system: System
    costs: CostTable
    effort: Effort

    def minimised(self, found: Found) -> Found:
        """``found`` with all its goals as small as they get in turn.

        Raises ``Infeasible`` where there is no deployment; the result has no table where none was found.
        """
        part, bounds = found, list[int]()
        for group in _groups(found.goals):
            part = self._group(replace(part, goals=group, bound=None))
            bounds += part.bound or (0,) * len(group)
            if part.table is None or part.values is None:
                return replace(found, bound=(*bounds, *(0 for _ in found.goals[len(bounds) :])))
            for goal, value in zip(group, part.values, strict=True):
                caps = (*part.caps, (goal, value))
                part = replace(part, problem=capped(part.problem, goal, value), caps=caps)
        return replace(found, table=part.table, proposer=part.proposer, bound=tuple(bounds))

    def _group(self, found: Found) -> Found:
        if found.goals[0].timed:
            return self._timed(found)
        found = found.searched(self.effort.solver)
        return self._completed(found)

    def _timed(self, found: Found) -> Found:
        if found.table is None:  # any table will do to begin with
            energy = Goal(ENERGY, "fJ", found.problem.energy)
            first = replace(found, goals=(energy,)).searched(self.effort.solver)
            first = self._completed(replace(first, bound=first.bound))
            found = replace(found, table=first.table, proposer=first.proposer)
        found = replace(found, bound=(time_bound(found.problem, found.goals[0]),))
        return self._completed(self._annealed(found))

    def _annealed(self, found: Found) -> Found:
        """What annealing has in mind, where list scheduling makes a better table of it."""
        if found.table is None or found.closed:
            return found
        annealing = Annealing(found.problem, found.goals[0], found.table, self.effort.solver.seed)
        idea = annealing.run(ANNEALED * self.effort.work // max(len(found.problem.jobs), 1))
        table = decode(found.problem, *idea)
        if not isinstance(table, Table):
            return found
        other = replace(found, table=table, proposer="annealing")
        return other if (other.values or ()) < (found.values or ()) else found

    def _completed(self, found: Found) -> Found:
        """What local search adds and, where jobs are few, one model of placement and table."""
        few_changes = found.goals[0].name == CHANGES  # proved already, and what else is small matters less
        if found.table is not None and not found.closed and not few_changes:
            found = self._improved(found)
        if not found.closed and len(found.problem.jobs) <= WHOLE_JOBS:
            whole = found.whole(self.system, self.costs, self.effort.solver)
            found = _exact(found, whole)
        return found

    def _improved(self, found: Found) -> Found:
        assert found.table is not None and found.bound is not None
        search = Improvement(found.problem, found.goals, found.table, self.effort.solver.seed)
        table = search.run(self.effort.work, found.bound)
        if table is found.table:
            return found
        return replace(found, table=table, proposer="local-search")


def _groups(goals: tuple[Goal, ...]) -> Iterator[tuple[Goal, ...]]:
    """Runs of goals that depend on placements alone; each time of the table by itself."""
    numbered = ((n if goal.timed else -1, goal) for n, goal in enumerate(goals))
    return (tuple(goal for _, goal in run) for _, run in groupby(numbered, key=lambda pair: pair[0]))


def _exact(found: Found, whole: Found) -> Found:
    """What the solver found, in the ticks of ``found``: its order and placement, scheduled anew."""
    if whole.table is None:
        return replace(found, bound=whole.bound)
    if whole.problem.tick_ns == found.problem.tick_ns:
        packed = _packed(found.problem, whole.table) or whole.table
        best = min((packed, whole.table), key=lambda table: values(found.problem, found.goals, table))
        return replace(whole, problem=found.problem, table=best)
    repacked = _packed(found.problem, whole.table)
    if repacked is None:
        return replace(found, bound=whole.bound)
    other = replace(found, table=repacked, proposer=whole.proposer, bound=whole.bound)
    return other if found.values is None or (other.values or ()) < found.values else found


def _packed(problem: Problem, table: Table) -> Table | None:
    """The same placement and order, every job as early as list scheduling puts it."""
    found = decode(problem, table.choice, {job: float(start) for job, start in table.starts.items()})
    return found if isinstance(found, Table) else None
