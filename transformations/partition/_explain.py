"""Why there is no deployment: quick necessary conditions first, then a minimal set of annotations at odds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aicompiler.metamodels.diagnostics import Diagnostic, Infeasible, Severity
from aicompiler.metamodels.system import Channel, Component, Element
from ortools.sat.python import cp_model

from . import _solve
from ._relax import Relaxation
from ._text import ns, quantity
from ._windows import shortest_ends, units_of
from .cpsat import Model, build_model, sum_of
from .jobs import problem_with
from .problem import At, Bound, Key, Limit, Problem, Reason, Seat

MAX_SHRINK = 40  # annotations in a core beyond which shrinking would take too long


# --- necessary conditions -----------------------------------------------------------------------------------


def check_necessary(problem: Problem) -> None:
    """Raise ``Infeasible`` for what no placement can mend: no unit, a deadline, an area, a budget."""
    found = list(_without_place(problem)) or [*_too_late(problem), *_too_much(problem)]
    if found:
        raise Infeasible(found)


def _without_place(problem: Problem) -> Iterator[Diagnostic]:
    for component, options in problem.options.items():
        if not options:
            element = problem.system.element(Component, component)
            text = (
                f"component {element.name!r} takes longer than the hyperperiod of"
                f" {ns(problem.line.hyperperiod_ns)} on every unit it can run on"
            )
            advice = "lengthen its period or allow a faster unit"
            yield problem_with(element, "no-unit", text, advice)
    for stream in problem.streams:
        writer, reader = (units_of(problem, e) for e in (stream.writer, stream.reader))
        if not writer & reader and not stream.paths:
            channel = problem.system.element(Channel, stream.id)
            names = " or ".join(sorted(writer)), " or ".join(sorted(reader))
            text = f"channel {channel.name!r} has no route from {names[0]} to {names[1]}"
            yield problem_with(channel, "no-route", text, "add a link between these units")


def _too_late(problem: Problem) -> Iterator[Diagnostic]:
    """The first late job of every deadline that even free units would miss."""
    shortest = shortest_ends(problem)
    worst: dict[Reason, tuple[int, Bound]] = {}
    for bound in problem.bounds:
        late = shortest[bound.job] - bound.latest
        if late > 0 and late > worst.get(bound.reason, (0, bound))[0]:
            worst[bound.reason] = (late, bound)
    flows = {f.id for f in problem.system.application.flows}
    blamed = [r for r in worst if r.element in flows] or list(worst)
    for reason in blamed:
        bound = worst[reason][1]
        least = ns(shortest[bound.job] * problem.tick_ns - bound.since_ns)
        text = f"{reason.text}, but it takes at least {least} on the fastest units with nothing else running"
        yield _error(problem, reason, "deadline", text)


def _too_much(problem: Problem) -> Iterator[Diagnostic]:
    """Limits that the cheapest place of every component already exceeds."""
    for limit in problem.limits:
        if all(value >= 0 for _, value in limit.terms):
            costs: dict[Key, int] = dict(limit.terms)
            least = sum(min(_cost(problem, costs, at) for at in ats) for ats in problem.options.values())
            if least > limit.bound:
                why = f"at least {_need(limit, least)}" if limit.unit else "no placement allows it"
                yield _error(problem, limit.reason, "limit", f"{limit.reason.text}, but {why}")


def _need(limit: Limit, least: int) -> str:
    return f"{quantity(-(-least // limit.per), limit.unit)} are needed"


def _cost(problem: Problem, costs: Mapping[Key, int], at: At) -> int:
    """What a component adds to a limit at a place, on its cheapest core."""
    cores = range(problem.machines[at.unit].cores)
    return costs.get(at, 0) + min(costs.get(Seat(at.component, at.unit, core), 0) for core in cores)


# --- minimal sets of annotations ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Guarded:
    """Which sets of annotations have a deployment together."""

    problem: Problem
    options: _solve.SolverOptions
    timed: bool
    whole: bool  # the table is small enough to be part of a model

    def _model(self) -> Model:
        if self.timed:
            return build_model(self.problem, guarded=True)
        return Relaxation(self.problem).model(guarded=True)

    def blame(self, reasons: Sequence[Reason]) -> tuple[_solve.Outcome, list[Reason]]:
        """Whether ``reasons`` can hold together, and if not, some of them that cannot."""
        model = self._model()
        for reason, guard in model.guards.items():
            if reason not in reasons:
                model.cp.add(guard == 0)
        kept = {guard.index: reason for reason, guard in model.guards.items() if reason in reasons}
        model.cp.add_assumptions([model.guards[reason] for reason in kept.values()])
        answer = _solve.solve(model, self.options)
        return answer.outcome, [kept[i] for i in answer.core if i in kept]

    def need(self, reason: Reason) -> str:
        """What the annotation would have to allow with everything else kept, if that can be said."""
        late = any(b.reason == reason for b in self.problem.bounds)
        if late and not self.timed:
            return replace(self, timed=True).need(reason) if self.whole else ""
        model = self._model()
        for other, guard in model.guards.items():
            model.cp.add(guard == (other != reason))
        excess = model.cp.new_int_var(0, cp_model.INT32_MAX << 20, "excess")
        say = _exceed(model, reason, excess)
        model.cp.minimize(excess)
        answer = _solve.solve(model, self.options)
        return say(answer.bound) if answer.table is not None else ""


def _exceed(model: Model, reason: Reason, excess: cp_model.IntVar) -> Callable[[int], str]:
    """Let ``excess`` cover what exceeds the annotation; how to say the amount (nothing for logical ones)."""
    bounds = [b for b in model.problem.bounds if b.reason == reason]
    for bound in bounds:
        model.cp.add(model.end(bound.job) <= bound.latest + excess)
    if bounds:
        limit_ns = bounds[0].limit_ns
        return lambda more: f"at least {ns(limit_ns + more * model.problem.tick_ns)} are needed"
    limits = [k for k in model.problem.limits if k.reason == reason]
    for limit in limits:
        model.cp.add(sum_of(model, limit.terms) <= limit.bound + excess)
    first = limits[0]
    return lambda more: f"at least {_need(first, first.bound + more)}" if first.unit else ""


def infeasible(problem: Problem, options: _solve.SolverOptions, *, whole: bool) -> Infeasible:
    """Name annotations that cannot hold together: no solver core is believed, each is solved again.

    ``whole``: the table is small enough to be part of the model.
    """
    options = replace(options, deterministic_time=options.deterministic_time / 4)
    everything = list(dict.fromkeys([b.reason for b in problem.bounds] + [k.reason for k in problem.limits]))
    for timed in (False, True) if whole else (False,):  # placements alone are quickly refuted
        solver = _Guarded(problem, options, timed, whole)
        outcome, core = solver.blame(everything)
        if outcome is _solve.Outcome.INFEASIBLE or timed:
            break
    if not core or solver.blame(core)[0] is not _solve.Outcome.INFEASIBLE:
        core = everything
    core = _shrink(solver, core)
    return Infeasible(_conflict(solver, core) if core else _overload(problem))


def _shrink(solver: _Guarded, core: list[Reason]) -> list[Reason]:
    """Drop what the conflict does not need, entry deadlines first: users set flows and budgets."""
    entries = {e.id for e in solver.problem.system.entries}
    order = sorted(core, key=lambda r: r.element not in entries)
    for reason in order if len(order) <= MAX_SHRINK else ():
        rest = [r for r in core if r != reason]
        if reason in core and solver.blame(rest)[0] is _solve.Outcome.INFEASIBLE:
            core = rest
    return core


def _conflict(solver: _Guarded, core: Sequence[Reason]) -> list[Diagnostic]:
    """One error at the annotation most likely meant, flows first, and a note at each other."""
    problem = solver.problem
    flows = {f.id for f in problem.system.application.flows}
    entries = {e.id for e in problem.system.entries}
    first, *others = sorted(core, key=lambda r: (r.element not in flows, r.element in entries))
    text = "; ".join([f"no deployment satisfies it: {first.text}", *(f"while {r.text}" for r in others)])
    need = solver.need(first)
    found = [
        _error(problem, first, "infeasible", f"{text}; {need} with everything else kept" if need else text)
    ]
    for reason in others:
        note = _error(problem, reason, "infeasible", f"part of the conflict: {reason.text}")
        found.append(replace(note, severity=Severity.NOTE))
    return found


def _error(problem: Problem, reason: Reason, rule: str, text: str) -> Diagnostic:
    return problem_with(problem.system.element(Element, reason.element), rule, text, reason.advice)


def _overload(problem: Problem) -> Diagnostic:
    """No annotation is to blame: the work of a hyperperiod exceeds what the units can do in it."""
    loads = []
    for component, options in problem.options.items():
        tasks = problem.tasks_of[component]
        least = min(sum(len(t.ready) * _occupancy(problem, t.id, at) for t in tasks) for at in options)
        loads.append((least * problem.tick_ns, problem.system.element(Component, component)))
    work = sum(least for least, _ in loads)
    cores = sum(m.cores for m in problem.machines.values() if not m.circuits)
    least, worst = max(loads, key=lambda pair: pair[0])
    text = (
        f"even without deadlines and constraints no table of {ns(problem.line.hyperperiod_ns)} holds all jobs"
        f" and gives every channel its route: the jobs take at least {ns(work)} on {cores} cores and queues,"
        f" those of component {worst.name!r} alone {ns(least)}"
    )
    return problem_with(worst, "overload", text, "lengthen periods, or add units, cores or links")


def _occupancy(problem: Problem, entry: str, at: At) -> int:
    return problem.loads[entry, at.unit, at.point].occupancy
