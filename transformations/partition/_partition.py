"""The stage: proposers propose, the solver decides, and where nothing can be found the reason is named."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.system import System

from . import _explain, _solve
from ._build import build_problem
from ._chain import Chain, Effort
from ._decide import Found
from ._goals import ENERGY, Goal, goals_of, values
from .heft import latest_starts
from .jobs import problem_with
from .problem import At, Choice, Problem
from .proposals import PROPOSERS, Outcome, Proposal, Proposer
from .timetable import Table, decode


@dataclass(frozen=True)
class PartitionOptions:
    """How hard to look: who proposes, in how many rounds, how many proposals each, and the solver's budget.

    ``deterministic_time`` is CP-SAT's own measure of work, for each worker: a unit is 1 to 15 s of CPU time.
    0 leaves the decision to the proposers.  ``work`` is the number of jobs that local search places for each
    goal that is still open.  ``objective`` is a list such as ``latency,energy``, the first of which matters
    most: ``energy``, ``latency`` (the largest share of its deadline that a flow takes), ``makespan`` (the end
    of the last job) and ``changes`` (components on another unit than in the previous deployment; alone it
    stands for ``changes,energy``).
    """

    objective: str = ENERGY
    proposers: tuple[str, ...] = ("heft",)
    rounds: int = 1
    proposals: int = 32
    deterministic_time: float = 2.0
    work: int = 40_000
    workers: int = 1
    seed: int = 1

    @property
    def effort(self) -> Effort:
        """How hard each goal is looked at."""
        return Effort(self.solver, self.work)

    @property
    def solver(self) -> _solve.SolverOptions:
        """The solver's share of the options."""
        return _solve.SolverOptions(self.deterministic_time, self.workers, self.seed)


def partition(
    system: System,
    costs: CostTable,
    previous: Deployment | None = None,
    options: PartitionOptions = PartitionOptions(),
) -> Deployment:
    """The deployment that satisfies the model with least of the objectives, with what is proved of each.

    ``previous`` is tried first and wins ties.  Raises ``ModelError`` for a model that no time table expresses
    and ``Infeasible`` with the flow, entry, budget or pin at fault.
    """
    problem = build_problem(system, costs, horizon=None)
    _explain.check_necessary(problem)
    goals = goals_of(problem, options.objective, previous)
    found = first_found(problem, goals, options, previous)
    if options.deterministic_time <= 0:
        if found.table is None:
            raise _not_found(problem, "no proposer found a deployment", "let the solver look for one")
        return found.deployment()
    return minimised(Chain(system, costs, options.effort), found).deployment()


def minimised(chain: Chain, found: Found) -> Found:
    """What a chain makes of a beginning; raises ``Infeasible`` where no deployment exists or is found."""
    found = chain.minimised(found)
    if found.table is None:
        budget = chain.effort.solver.deterministic_time
        text = f"no deployment was found within a deterministic time of {budget}; none is excluded"
        raise _not_found(found.problem, text, "raise the budget or relax deadlines")
    return found


def _not_found(problem: Problem, text: str, advice: str) -> Infeasible:
    return Infeasible(problem_with(problem.system, "not-found", text, advice))


# --- proposals ----------------------------------------------------------------------------------------------


def first_found(
    problem: Problem, goals: tuple[Goal, ...], options: PartitionOptions, previous: Deployment | None = None
) -> Found:
    """What the proposers find, if they do; nothing is proved of it."""
    best = _heuristics(problem, goals, previous, options)
    table = best.result if best and isinstance(best.result, Table) else None
    return Found(problem, goals, table, best.proposal.proposer if best else "")


def _heuristics(
    problem: Problem, goals: tuple[Goal, ...], previous: Deployment | None, options: PartitionOptions
) -> Outcome | None:
    """The best proposal that has a table, of equals the earliest proposed."""
    outcomes: list[Outcome] = []
    if previous is not None and (old := _from_deployment(problem, previous)) is not None:
        outcomes.append(_decoded(problem, old))
    proposers: list[Proposer] = [PROPOSERS.load(name)() for name in options.proposers]
    for _ in range(options.rounds):
        feedback = tuple(outcomes)
        for proposer in proposers:
            best = _best(problem, goals, outcomes)
            incumbent = best.result if best and isinstance(best.result, Table) else None
            proposals = proposer.propose(problem, incumbent, feedback, options.proposals)
            outcomes += [
                _decoded(problem, p) for _, p in zip(range(options.proposals), proposals, strict=False)
            ]
    return _best(problem, goals, outcomes)


def _best(problem: Problem, goals: tuple[Goal, ...], outcomes: list[Outcome]) -> Outcome | None:
    results = ((i, o.result) for i, o in enumerate(outcomes))
    tables = [(values(problem, goals, t), i) for i, t in results if isinstance(t, Table)]
    return outcomes[min(tables)[1]] if tables else None


def _decoded(problem: Problem, proposal: Proposal) -> Outcome:
    proposal = Proposal(proposal.proposer, canonical(problem, proposal.choice), proposal.priority)
    return Outcome(proposal, decode(problem, proposal.choice, proposal.priority))


def canonical(problem: Problem, choice: Choice) -> Choice:
    """The same placement as the solver writes it: cores by first use, unused units at their first point."""
    seats: dict[str, tuple[str, int]] = {}
    numbers: dict[str, dict[int, int]] = {}
    for component in problem.components:
        unit, core = choice.seats[component]
        if problem.machines[unit].interchangeable:
            core = numbers.setdefault(unit, {}).setdefault(core, len(numbers[unit]))
        seats[component] = (unit, core)
    used = {unit for unit, _ in seats.values()}
    points = {m.id: choice.points[m.id] if m.id in used else m.points[0] for m in problem.machines.values()}
    return Choice(seats, points)


def _from_deployment(problem: Problem, previous: Deployment) -> Proposal | None:
    """The placement of an earlier deployment, if everything in it still exists."""
    points = {m.id: m.points[0] for m in problem.machines.values()}
    points |= {
        s.unit: s.operating_point
        for s in previous.settings
        if s.unit in points and s.operating_point in problem.machines[s.unit].points
    }
    seats = {p.component: (p.unit, p.core) for p in previous.placements if p.component in problem.options}
    if set(seats) != set(problem.components):
        return None
    for component, (unit, core) in seats.items():
        if unit not in points or At(component, unit, points[unit]) not in problem.options[component]:
            return None
        if core >= problem.machines[unit].cores:
            return None
    return Proposal(previous.proposer or "previous", Choice(seats, points), latest_starts(problem))
