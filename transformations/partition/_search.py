"""Placements first, tables second: the least energy that the relaxation allows, until one has a table.

Logic-based Benders decomposition after J. Hooker, G. Ottosson, Mathematical Programming 96, 2003: the master
problem chooses placement and operating points, on which alone every objective depends; the table is sought
for that choice.  Where there is none, the components at odds are kept apart from then on.  The master's
optimum is a bound as long as nothing was excluded without a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import _solve
from ._goals import Goal, floors, values
from ._hints import hint
from ._relax import Relaxation, load_of
from ._tabulate import Culprits, tabulate
from .cpsat import Lit, Model, coarse, sum_of
from .problem import Choice, Problem
from .timetable import Table

ROUNDS = 40  # placements that are tried, fewer where a table has many jobs
FEWEST_ROUNDS = 8
BALANCING = 20  # part of the solver's budget for finding the best balanced of equals
WORK = 8000  # jobs in the placements that are tried


@dataclass
class Search:
    """The state of the search: the best table, and per goal what no deployment can be below."""

    problem: Problem
    goals: tuple[Goal, ...]
    options: _solve.SolverOptions
    best: Table | None = None
    relaxed: Problem | None = None  # placements are chosen from this one, which asks no more
    rounds: int = ROUNDS
    floor: tuple[int, ...] | None = None  # the least values excluded without a proof
    exhausted: bool = False  # nothing better than ``best`` is left
    apart: list[tuple[Choice, tuple[str, ...]]] = field(default_factory=list)

    def run(self) -> tuple[int, ...]:
        """Look for better tables; the proved bounds of the goals, the first of which decides."""
        relaxation = Relaxation(self.relaxed or self.problem)
        bound = floors(self.problem, self.goals)
        for _ in range(min(self.rounds, max(FEWEST_ROUNDS, WORK // max(len(self.problem.jobs), 1)))):
            answer = _Master(self, relaxation.model()).solve()
            if answer is None:
                self.exhausted = True
                break
            choice, least, proved = answer
            bound = max(bound, least)
            if choice is None:
                break
            found = tabulate(self.problem, choice, self.options)
            if isinstance(found, Culprits):
                self._exclude(choice, found, bound)
            else:
                self.best = found
                self.exhausted = self.values(found) <= bound
                if self.exhausted or not proved:
                    break
        own = self.values(self.best) if self.best is not None else None
        if self.exhausted and own is not None:
            bound = own
        return min(bound, self.floor) if self.floor is not None else bound

    def values(self, table: Table) -> tuple[int, ...]:
        """What a table reaches of each goal."""
        return values(self.problem, self.goals, table)

    def _exclude(self, choice: Choice, culprits: Culprits, bound: tuple[int, ...]) -> None:
        self.apart.append((choice, culprits.components))
        if not culprits.proved:
            self.floor = bound if self.floor is None else min(bound, self.floor)


@dataclass
class _Master:
    """One round: the best placement that the relaxation and what was learnt allow."""

    search: Search
    model: Model

    def solve(self) -> tuple[Choice | None, tuple[int, ...], bool] | None:
        """A placement if one was found in time, bounds of the goals, whether they are met; None: none exists.

        Among equals, the one whose busiest core has the least work: it is the likeliest to have a table.
        """
        model, best = self.model, self.search.best
        for placement, components in self.search.apart:
            self._keep_apart(placement, components)
        if best is not None:
            hint(model, best)
        reached: list[int] = []
        choice: Choice | None = None
        for goal in self.search.goals:
            terms, unit = coarse(goal.terms)
            value = sum_of(model, terms)
            if best is not None and self._ties(reached):
                ceiling = self.search.values(best)[len(reached)]
                last = len(reached) + 1 == len(self.search.goals)
                model.cp.add(sum_of(model, goal.terms) <= ceiling - (1 if last else 0))
            model.cp.minimize(value)
            outcome, choice, bound = _solve.place(model, self.search.options)
            if outcome is _solve.Outcome.INFEASIBLE:
                return None
            reached.append(bound * unit)
            if outcome is not _solve.Outcome.OPTIMAL:
                rest = [0] * (len(self.search.goals) - len(reached))
                return choice, tuple(reached + rest), False
            model.cp.add(value <= bound)
        return self._balanced(choice), tuple(reached), True

    def _ties(self, reached: list[int]) -> bool:
        """Whether the best table is no worse in the goals so far."""
        best = self.search.best
        return best is not None and list(self.search.values(best)[: len(reached)]) == reached

    def _balanced(self, choice: Choice | None) -> Choice | None:
        model = self.model
        most = model.cp.new_int_var(0, model.problem.hyperperiod, "most work")
        for machine in model.problem.machines.values():
            for core in range(0 if machine.circuits else machine.cores):
                model.cp.add(load_of(model, machine.id, core) <= most)
        model.cp.minimize(most)
        options = self.search.options
        brief = replace(options, deterministic_time=options.deterministic_time / BALANCING)
        _, balanced, _ = _solve.place(model, brief)
        return balanced or choice

    def _keep_apart(self, choice: Choice, components: tuple[str, ...]) -> None:
        """Not all of ``components`` where they are, nor in the same way on other cores of the same unit."""
        seats = {choice.seats[c] for c in components}
        if len(seats) > 1:
            self.model.cp.add_bool_or([~lit for c in components for lit in self._here(choice, c)])
            return
        ((unit, core),) = seats
        machine = self.model.problem.machines[unit]
        for other in range(machine.cores) if machine.interchangeable else (core,):
            seated = Choice(dict.fromkeys(components, (unit, other)), choice.points)
            self.model.cp.add_bool_or([~lit for c in components for lit in self._here(seated, c)])

    def _here(self, choice: Choice, component: str) -> Iterator[Lit]:
        unit, core = choice.seats[component]
        yield self.model.places[component, unit, core, choice.points[unit]]
