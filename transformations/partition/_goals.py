"""What a deployment is to have little of; all of it depends on placements and operating points alone."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.deployment import Deployment

from .problem import Choice, On, Problem, Terms, keys_of, total

ENERGY = "energy"
CHANGES = "changes"


@dataclass(frozen=True)
class Goal:
    """A sum over placement keys that is to be small, in ``unit``; of several goals the first matters most."""

    name: str
    unit: str
    terms: Terms


def goals_of(problem: Problem, objective: str, previous: Deployment | None) -> tuple[Goal, ...]:
    """Energy; or first the number of components whose unit differs from ``previous``, then energy."""
    energy = Goal(ENERGY, "fJ", problem.energy)
    if objective == ENERGY:
        return (energy,)
    if objective != CHANGES:
        raise ValueError(f"objective {objective!r} is neither {ENERGY!r} nor {CHANGES!r}")
    if previous is None:
        raise ValueError("the objective 'changes' needs the deployment that is changed")
    home = {p.component: p.unit for p in previous.placements}
    moved = tuple((at, 1) for c, ats in problem.options.items() for at in ats if home.get(c) != at.unit)
    return Goal(CHANGES, "", moved), energy


def values(problem: Problem, goals: tuple[Goal, ...], choice: Choice) -> tuple[int, ...]:
    """What a placement reaches of each goal."""
    keys = frozenset(keys_of(problem, choice))
    return tuple(total(goal.terms, keys) for goal in goals)


def floors(problem: Problem, goals: tuple[Goal, ...]) -> tuple[int, ...]:
    """What no placement can be below, without solving: each component where it adds least, one unit on.

    Of several goals only the first has a floor: the others are bounded given what the first reaches.
    """
    return tuple(_floor(problem, goal) if not n else 0 for n, goal in enumerate(goals))


def _floor(problem: Problem, goal: Goal) -> int:
    weight = dict(goal.terms)
    if any(value < 0 for value in weight.values()):
        return 0
    alone = sum(min(weight.get(at, 0) for at in ats) for ats in problem.options.values() if ats)
    switched_on = (min(weight.get(On(at.unit), 0) for at in ats) for ats in problem.options.values() if ats)
    return alone + max(switched_on, default=0)
