"""Local search over (order, unit): small changes of a table, each built anew by list scheduling.

Threshold accepting after G. Dueck, T. Scheuer, Journal of Computational Physics 90, 1990: what is a little
worse is kept for a while, less and less so.  The number of steps is given by the jobs they place, and the
random numbers by the seed, never by a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from ._goals import Goal, values
from .jobs import JobId
from .problem import At, Choice, Problem
from .timetable import Table, decode

TOLERANCE = 0.05  # by how much of the best value a first step may be worse
RESTARTS = 3  # times that the search goes back to the best table


@dataclass
class Improvement:
    """The state of a search: what it changes next, and the best table so far."""

    problem: Problem
    goals: tuple[Goal, ...]
    best: Table
    seed: int
    random: Random = field(init=False)
    reached: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.reached = values(self.problem, self.goals, self.best)

    def run(self, work: int, bound: tuple[int, ...]) -> Table:
        """The best table found by placing about ``work`` jobs; stops where ``bound`` is reached."""
        steps = work // max(len(self.problem.jobs), 1)
        for restart in range(RESTARTS):
            self._descend(steps // RESTARTS, bound, TOLERANCE / (1 + restart))
        return self.best

    def _descend(self, steps: int, bound: tuple[int, ...], tolerance: float) -> None:
        choice, order = self.best.choice, _order_of(self.best)
        now = self.reached
        for step in range(steps):
            if self.reached <= bound:
                return
            seated, ordered = self._changed(choice, order)
            table = decode(self.problem, seated, ordered)
            if not isinstance(table, Table):
                continue
            value = values(self.problem, self.goals, table)
            slack = tolerance * (1 - step / steps) * self.reached[0]
            if value <= now or (value[0] <= self.reached[0] + slack and value[0] != now[0]):
                choice, order, now = seated, ordered, value
            if value < self.reached:
                self.best, self.reached = table, value

    def _changed(self, choice: Choice, order: Mapping[JobId, float]) -> tuple[Choice, Mapping[JobId, float]]:
        """One of: another seat, another operating point, two seats swapped, an entry's jobs moved in time."""
        kind = self.random.random()
        if kind < 0.4:
            return self._reseated(choice), order
        if kind < 0.5:
            return self._repaced(choice), order
        if kind < 0.6:
            return self._swapped(choice), order
        return choice, self._reordered(order)

    def _reseated(self, choice: Choice) -> Choice:
        component = self.random.choice(self.problem.components)
        seats = [
            (at.unit, core)
            for at in self.problem.options[component]
            if choice.points[at.unit] == at.point
            for core in range(self.problem.machines[at.unit].cores)
        ]
        return Choice({**choice.seats, component: self.random.choice(seats)}, choice.points)

    def _repaced(self, choice: Choice) -> Choice:
        """Another point of a unit at which all that runs there has a cost."""
        machine = self.random.choice(list(self.problem.machines.values()))
        here = [c for c, (unit, _) in choice.seats.items() if unit == machine.id]
        points = [
            p for p in machine.points if all(At(c, machine.id, p) in self.problem.options[c] for c in here)
        ]
        return Choice(choice.seats, {**choice.points, machine.id: self.random.choice(points)})

    def _swapped(self, choice: Choice) -> Choice:
        one, two = (self.random.choice(self.problem.components) for _ in range(2))
        seats = {**choice.seats, one: choice.seats[two], two: choice.seats[one]}
        for component in (one, two):
            unit = seats[component][0]
            if At(component, unit, choice.points[unit]) not in self.problem.options[component]:
                return choice
        return Choice(seats, choice.points)

    def _reordered(self, order: Mapping[JobId, float]) -> Mapping[JobId, float]:
        entry = self.random.choice(list(self.problem.tasks))
        reach = self.problem.hyperperiod / 4
        shift = self.random.uniform(-reach, reach) * self.random.random()
        count = len(self.problem.tasks[entry].ready)
        return {**order, **{JobId(entry, k): order[JobId(entry, k)] + shift for k in range(count)}}


def _order_of(table: Table) -> Mapping[JobId, float]:
    return {job: float(start) for job, start in table.starts.items()}
