"""Why there is no deployment: quick necessary conditions first, then a minimal set of annotations at odds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aicompiler.metamodels.diagnostics import Diagnostic, Infeasible, Severity
from aicompiler.metamodels.system import Component, Element

from . import _solve
from .cpsat import build_model
from .jobs import JobId
from .problem import At, Bound, Problem, Reason, Seat

MAX_SHRINK = 40  # annotations in a core beyond which shrinking would take too long


# --- necessary conditions -----------------------------------------------------------------------------------


def check_necessary(problem: Problem) -> None:
    """Raise ``Infeasible`` for what no placement can mend: a missing unit, a deadline, an area or a budget."""
    found = list(_without_place(problem)) or [*_too_late(problem), *_too_much(problem)]
    if found:
        raise Infeasible(found)


def _without_place(problem: Problem) -> Iterator[Diagnostic]:
    for component, options in problem.options.items():
        if not options:
            element = problem.system.element(Component, component)
            text = (
                f"component {element.name!r} takes longer than the hyperperiod of"
                f" {problem.line.hyperperiod_ns} ns on every unit it can run on"
            )
            yield _error(element, "no-unit", text, "lengthen its period or allow a faster unit")


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
        least = shortest[bound.job] * problem.tick_ns - bound.since_ns
        text = (
            f"{reason.text}, but it takes at least {least} ns on the fastest units with nothing else running"
        )
        yield _error(problem.system.element(Element, reason.element), "deadline", text, reason.advice)


def shortest_ends(problem: Problem) -> Mapping[JobId, int]:
    """When each job ends at the earliest, every component on its fastest unit and no resource ever busy."""
    quickest = {
        t.id: min(problem.loads[t.id, at.unit, at.point].duration for at in problem.options[t.component])
        for t in problem.tasks.values()
    }
    ways: dict[tuple[JobId, JobId], int] = {}
    for stream in problem.streams:
        writer, reader = (problem.tasks[e].component for e in (stream.writer, stream.reader))
        units = [{at.unit for at in problem.options[c]} for c in (writer, reader)]
        least = min((sum(h.duration for h in p.hops) for p in stream.paths.values()), default=0)
        for value, job in enumerate(stream.readers):
            ways[JobId(stream.writer, value), job] = 0 if units[0] & units[1] else least
    ends = {job: problem.ready(job) + quickest[job.entry] for job in problem.jobs}
    for _ in problem.tasks:  # a path of precedences visits an entry once
        for edge in problem.edges:
            if edge.before_end and not edge.after_end and edge.before != edge.after:
                way = ways.get((edge.before, edge.after), 0)
                end = ends[edge.before] + edge.lag + way + quickest[edge.after.entry]
                ends[edge.after] = max(ends[edge.after], end)
    return ends


def _too_much(problem: Problem) -> Iterator[Diagnostic]:
    """Limits that the cheapest place of every component already exceeds."""
    for limit in problem.limits:
        if all(value >= 0 for _, value in limit.terms):
            costs = dict(limit.terms)
            least = sum(min(_cost(problem, costs, at) for at in ats) for ats in problem.options.values())
            if least > limit.bound:
                text = limit.reason.text
                if limit.unit:
                    text += f", but at least {least} {limit.unit} are needed against {limit.bound}"
                else:
                    text += ", but no placement allows it"
                yield _error(
                    problem.system.element(Element, limit.reason.element), "limit", text, limit.reason.advice
                )


def _cost(problem: Problem, costs: Mapping[object, int], at: At) -> int:
    """What a component adds to a limit at a place, on its cheapest core."""
    cores = range(problem.machines[at.unit].cores)
    return costs.get(at, 0) + min(costs.get(Seat(at.component, at.unit, core), 0) for core in cores)


# --- minimal sets of annotations ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Guarded:
    """Which sets of annotations have a deployment together."""

    problem: Problem
    options: _solve.SolverOptions

    def blame(self, reasons: Sequence[Reason]) -> tuple[_solve.Outcome, list[Reason]]:
        """Whether ``reasons`` can hold together, and if not, some of them that cannot."""
        model = build_model(self.problem, guarded=True)
        for reason, guard in model.guards.items():
            if reason not in reasons:
                model.cp.add(guard == 0)
        kept = {guard.index: reason for reason, guard in model.guards.items() if reason in reasons}
        model.cp.add_assumptions([model.guards[r] for r in kept.values()])
        answer = _solve.solve(model, self.options)
        return answer.outcome, [kept[i] for i in answer.core if i in kept]


def infeasible(problem: Problem, options: _solve.SolverOptions) -> Infeasible:
    """Name annotations that cannot hold together: no solver core is believed, each is solved again."""
    solver = _Guarded(problem, replace(options, deterministic_time=options.deterministic_time / 4))
    everything = list(dict.fromkeys([b.reason for b in problem.bounds] + [k.reason for k in problem.limits]))
    _, core = solver.blame(everything)
    if not core or solver.blame(core)[0] is not _solve.Outcome.INFEASIBLE:
        core = everything
    core = _shrink(solver, core)
    if not core:
        return Infeasible(_overload(problem))
    return Infeasible(_conflict(problem, core))


def _shrink(solver: _Guarded, core: list[Reason]) -> list[Reason]:
    """Drop what is not needed for the conflict; entry deadlines first, flows and budgets are what users set."""
    entries = {e.id for e in solver.problem.system.entries}
    order = sorted(core, key=lambda r: r.element not in entries)
    for reason in order if len(order) <= MAX_SHRINK else ():
        rest = [r for r in core if r != reason]
        if reason in core and solver.blame(rest)[0] is _solve.Outcome.INFEASIBLE:
            core = rest
    return core


def _conflict(problem: Problem, core: Sequence[Reason]) -> list[Diagnostic]:
    """One error at the annotation most likely meant, and a note at each other."""
    flows = {f.id for f in problem.system.application.flows}
    entries = {e.id for e in problem.system.entries}
    order = sorted(core, key=lambda r: (r.element not in flows, r.element in entries))
    first, *others = order
    text = f"no deployment satisfies it: {first.text}"
    if others:
        text = "no deployment satisfies all of these: " + "; ".join(r.text for r in order)
    found = [_error(problem.system.element(Element, first.element), "infeasible", text, first.advice)]
    for reason in others:
        element = problem.system.element(Element, reason.element)
        note = _error(element, "infeasible", f"part of the conflict: {reason.text}", reason.advice)
        found.append(replace(note, severity=Severity.NOTE))
    return found


def _overload(problem: Problem) -> Diagnostic:
    """No annotation is to blame: the work of a hyperperiod exceeds what the units can do in it."""
    loads = []
    for component, options in problem.options.items():
        tasks = problem.tasks_of[component]
        least = min(sum(len(t.ready) * _occupancy(problem, t.id, at) for t in tasks) for at in options)
        loads.append((least * problem.tick_ns, problem.system.element(Component, component)))
    work = sum(ns for ns, _ in loads)
    cores = sum(m.cores for m in problem.machines.values() if not m.circuits)
    worst = max(loads, key=lambda pair: pair[0])
    text = (
        f"the jobs of one hyperperiod of {problem.line.hyperperiod_ns} ns do not fit on the platform even without"
        f" deadlines and constraints: they take at least {work} ns, on {cores} cores and queues;"
        f" component {worst[1].name!r} alone takes {worst[0]} ns"
    )
    return _error(worst[1], "overload", text, "lengthen periods, or add units, cores or links")


def _occupancy(problem: Problem, entry: str, at: At) -> int:
    return problem.loads[entry, at.unit, at.point].occupancy


def _error(element: Element, rule: str, text: str, advice: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR, rule=rule, message=text, next_step=advice, source=element.source
    )
