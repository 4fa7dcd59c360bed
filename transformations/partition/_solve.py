"""Running CP-SAT: the same input gives the same answer, and every status has exactly one meaning."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum

from ortools.sat.python import cp_model

from .cpsat import Instant, Model
from .problem import Choice, Problem
from .timetable import Table, energy_of


@dataclass(frozen=True)
class SolverOptions:
    """What an answer depends on: no wall clock, and a worker count that is an input.

    ``deterministic_time`` is CP-SAT's own measure of work, for each worker; with more than one worker their
    searches interleave, so that the answer stays the same.
    """

    deterministic_time: float = 2.0
    workers: int = 1
    seed: int = 1
    presolve: bool = True


class Outcome(Enum):
    """What a run says."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """Outcome, the table if there is one, the proved bound of the objective, the assumptions to blame."""

    outcome: Outcome
    table: Table | None = None
    bound: int = 0
    core: tuple[int, ...] = ()


def solve(model: Model, options: SolverOptions) -> Answer:
    """Solve a model; an infeasible one is solved again without presolve before it is believed."""
    answer = _run(model, options)
    if answer.outcome is Outcome.INFEASIBLE and options.presolve:
        again = _run(model, replace(options, presolve=False))
        return answer if again.outcome is Outcome.UNKNOWN else again
    return answer


def place(model: Model, options: SolverOptions) -> tuple[Outcome, Choice | None, int]:
    """Solve a model of placements alone: the outcome, a placement, the bound of the objective."""
    solver, outcome = _solved(model, options)
    if outcome is Outcome.INFEASIBLE and options.presolve:
        solver, outcome = _solved(model, replace(options, presolve=False))
    found = outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    bound = max(0, round(solver.best_objective_bound)) if outcome is not Outcome.INFEASIBLE else 0
    return outcome, _choice(model, solver) if found else None, bound


def _solved(model: Model, options: SolverOptions) -> tuple[cp_model.CpSolver, Outcome]:
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = options.workers
    parameters.interleave_search = options.workers > 1
    parameters.random_seed = options.seed
    parameters.max_deterministic_time = options.deterministic_time
    parameters.cp_model_presolve = options.presolve
    parameters.catch_sigint_signal = False  # its handler would end the search and swallow the signal
    return solver, translate(_solve(solver, model.cp), model.cp)


def _solve(solver: cp_model.CpSolver, cp: cp_model.CpModel) -> cp_model.CpSolverStatus:
    """Solve in a thread, so that Ctrl-C reaches the main one and stops the search."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(solver.solve, cp)
        try:
            return future.result()
        except BaseException:
            solver.stop_search()
            raise


def _run(model: Model, options: SolverOptions) -> Answer:
    solver, outcome = _solved(model, options)
    if outcome is Outcome.INFEASIBLE:
        return Answer(outcome, core=tuple(solver.sufficient_assumptions_for_infeasibility()))
    found = outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    bound = max(0, round(solver.best_objective_bound))
    return Answer(outcome, _table(model, solver) if found else None, bound)


def translate(status: cp_model.CpSolverStatus, cp: cp_model.CpModel) -> Outcome:
    """CP-SAT's status in our words; an invalid model or a new status is a defect of ours."""
    match status:
        case cp_model.OPTIMAL:
            return Outcome.OPTIMAL
        case cp_model.FEASIBLE:
            return Outcome.FEASIBLE
        case cp_model.INFEASIBLE:
            return Outcome.INFEASIBLE
        case cp_model.UNKNOWN:
            return Outcome.UNKNOWN
        case cp_model.MODEL_INVALID:
            raise AssertionError(f"CP-SAT refuses the model: {cp.validate()}")
    raise AssertionError(f"CP-SAT returned the new status {status!r}")


def _choice(model: Model, solver: cp_model.CpSolver) -> Choice:
    seats: dict[str, tuple[str, int]] = {}
    for (component, unit, core, _), lit in model.places.items():
        if solver.boolean_value(lit):
            seats[component] = (unit, core)
    points = {unit: point for (unit, point), lit in model.points.items() if solver.boolean_value(lit)}
    return Choice(seats, points)


def _table(model: Model, solver: cp_model.CpSolver) -> Table:
    choice = _choice(model, solver)
    sent = frozenset(_sent(model.problem, choice))
    return Table(
        choice,
        {job: _value(solver, instant) for job, instant in model.starts.items()},
        {key: _value(solver, instant) for key, instant in model.sends.items() if key in sent},
        energy_of(model.problem, choice),
    )


def _sent(problem: Problem, choice: Choice) -> Sequence[tuple[str, int, int]]:
    """The transfers that a placement needs."""
    found = []
    for stream in problem.streams:
        source, _ = choice.seats[problem.tasks[stream.writer].component]
        target, _ = choice.seats[problem.tasks[stream.reader].component]
        if source != target:
            hops = range(len(stream.paths[source, target].hops))
            found += [(stream.id, k, h) for k in range(stream.values) for h in hops]
    return found


def _value(solver: cp_model.CpSolver, instant: Instant) -> int:
    return int(solver.value(instant.at))
