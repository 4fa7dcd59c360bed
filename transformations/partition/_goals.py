"""What a deployment is to have little of; all of it depends on placements and operating points alone."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.deployment import Deployment

from .problem import Choice, Problem, Terms, keys_of, total

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
