"""The decision: the best table known so far, what is proved of it, and the two ways to a better one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

from aicompiler.metamodels.deployment import CostTable, Deployment, Objective, SolveStatus
from aicompiler.metamodels.system import System
from ortools.sat.python import cp_model

from . import _explain, _solve
from ._build import build_problem
from ._deploy import deployment
from ._goals import Goal, capped, values
from ._hints import hint
from ._relax import outline
from ._search import ROUNDS, Search
from ._strengthen import strengthen
from .cpsat import Model, build_model, coarse, sum_of
from .problem import Problem
from .timetable import Table

WHOLE_JOBS = 120  # up to so many jobs, placement and table can be one model
MOST = 1 << 40  # of a timed goal: as ppm or ns more than any deadline of a table
OUTLINE_ROUNDS = 3  # placements that are chosen without regard to data and links
MANY_OPTIONS = 200  # places that all components together may take: with fewer, data and links cost little


@dataclass(frozen=True)
class Found:
    """A table (in ticks of ``problem``) if there is one, who found it, and what no deployment is below."""

    problem: Problem
    goals: tuple[Goal, ...]
    table: Table | None
    proposer: str
    bound: tuple[int, ...] | None = None
    caps: tuple[tuple[Goal, int], ...] = ()  # what ``problem`` allows at most of other goals

    @property
    def values(self) -> tuple[int, ...] | None:
        """What the table reaches of each goal."""
        return values(self.problem, self.goals, self.table) if self.table is not None else None

    @property
    def closed(self) -> bool:
        """Whether nothing is left to look for."""
        return self.values is not None and self.values == self.bound

    def searched(self, options: _solve.SolverOptions) -> Found:
        """Placements first, tables second; raises ``Infeasible`` where no placement can have a table."""
        alone = replace(
            options, workers=1
        )  # these models are small: workers would only be in each other's way
        found = self
        steps = [(self.problem, ROUNDS)]
        if (
            sum(map(len, self.problem.options.values())) > MANY_OPTIONS
        ):  # much is decided without data and links
            steps.insert(0, (outline(self.problem), OUTLINE_ROUNDS))
        for relaxed, rounds in steps:
            search = Search(self.problem, self.goals, alone, found.table, relaxed, rounds)
            bound = search.run()
            if search.best is None and search.exhausted and search.floor is None:
                raise _explain.infeasible(self.problem, options, whole=len(self.problem.jobs) <= WHOLE_JOBS)
            proposer = found.proposer if search.best is found.table else "cp-sat"
            bound = max(bound, found.bound or bound)
            found = replace(found, table=search.best, proposer=proposer, bound=bound)
            if found.closed:
                break
        return found

    def whole(self, system: System, costs: CostTable, options: _solve.SolverOptions) -> Found:
        """Placement and table in one model, in ticks that the solver can handle."""
        problem = build_problem(system, costs)
        for goal, ceiling in self.caps:
            problem = capped(problem, goal, ceiling)
        model = build_model(problem)
        strengthen(model)
        if self.table is not None:
            hint(model, _in_ticks(self.table, self.problem, problem))
        best, reached = self, list[int]()
        for goal in self.goals:
            amount, unit = _amount(model, goal)
            model.cp.minimize(amount)
            answer = _solve.solve(model, options)
            if answer.outcome is _solve.Outcome.INFEASIBLE and self.table is None:
                raise _explain.infeasible(problem, options, whole=True)
            if answer.table is not None:
                other = replace(self, problem=problem, table=answer.table, proposer="cp-sat")
                best = min(best, other, key=lambda f: (f.values is None, f.values))
            reached.append(answer.bound * unit)
            if answer.outcome is not _solve.Outcome.OPTIMAL:
                break
            model.cp.add(amount <= answer.bound)
        proved = (*reached, *(0 for _ in self.goals[len(reached) :]))
        if problem.tick_ns != self.problem.tick_ns or self.bound is None:
            return best  # rounded times may exclude the best table: what is proved of them is no bound
        return replace(best, bound=max(self.bound, proved))

    def deployment(self) -> Deployment:
        """The deployment the table stands for, with its objectives."""
        assert self.table is not None and self.values is not None
        bounds: tuple[int | None, ...] = self.bound or (None,) * len(self.goals)
        objectives = tuple(
            Objective(name=goal.name, value=value, bound=bound, unit=goal.unit)
            for goal, value, bound in zip(self.goals, self.values, bounds, strict=True)
        )
        status = SolveStatus.OPTIMAL if self.closed else SolveStatus.FEASIBLE
        return deployment(
            self.problem, self.table, status=status, objectives=objectives, proposer=self.proposer
        )


def _amount(model: Model, goal: Goal) -> tuple[cp_model.LinearExprT, int]:
    """What is to be small of a goal, and the unit it is counted in."""
    if not goal.timed:
        terms, unit = coarse(goal.terms)
        return sum_of(model, terms), unit
    most = model.cp.new_int_var(0, MOST, goal.name)
    for span in goal.spans:
        shared = gcd(goal.scale, span.per_ns)
        ends = model.end(span.job) * model.problem.tick_ns - span.since_ns
        model.cp.add(ends * (goal.scale // shared) <= most * (span.per_ns // shared))
    return most, 1


def _in_ticks(table: Table, old: Problem, new: Problem) -> Table:
    """Nearly the same table in other ticks: a hint need not be a solution."""
    starts = {job: start * old.tick_ns // new.tick_ns for job, start in table.starts.items()}
    sends = {key: start * old.tick_ns // new.tick_ns for key, start in table.transfers.items()}
    return replace(table, starts=starts, transfers=sends)
