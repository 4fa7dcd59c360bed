"""The CP-SAT model of a problem: a chain of small steps, each needing what those before it made.

Constraints may be *guarded*: then each reason of the model gets a literal that switches all it asks for, and
times are loose enough for a table to exist when everything is switched off.  Explanations are found that way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import gcd

from ortools.sat.python import cp_model

from .jobs import JobId
from .problem import At, Busy, Key, Machine, On, Path, Problem, Reason, Seat, Stream, Terms, Via
from .timetable import Transfer

Lit = cp_model.IntVar
Place = tuple[str, str, int, str]  # component, unit, core, point


@dataclass(frozen=True)
class Instant:
    """A start: ``at`` from the begin of the table, ``phase`` the same within one hyperperiod."""

    at: cp_model.IntVar
    phase: cp_model.IntVar
    round: cp_model.IntVar


@dataclass
class Model:
    """The variables posted so far; every step adds its own and reads those of earlier steps."""

    problem: Problem
    guarded: bool = False
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    places: dict[Place, Lit] = field(default_factory=dict)
    points: dict[tuple[str, str], Lit] = field(default_factory=dict)
    on: dict[str, Lit] = field(default_factory=dict)
    busy: dict[Busy, Lit] = field(default_factory=dict)
    via: dict[Via, Lit] = field(default_factory=dict)
    starts: dict[JobId, Instant] = field(default_factory=dict)
    sends: dict[Transfer, Instant] = field(default_factory=dict)
    guards: dict[Reason, Lit] = field(default_factory=dict)
    _seated: dict[tuple[str, str], list[Lit]] = field(default_factory=dict)

    def when(self, reason: Reason) -> list[Lit]:
        """The guard of a reason, nothing where reasons are not guarded."""
        if not self.guarded:
            return []
        if reason not in self.guards:
            self.guards[reason] = self.cp.new_bool_var(f"because {reason.element}: {reason.text}")
        return [self.guards[reason]]

    def at(self, component: str, unit: str) -> list[Lit]:
        """The literals of a component on a unit; exactly one of all its literals holds."""
        if not self._seated:  # asked for only once all places are there
            for (c, u, _, _), lit in self.places.items():
                self._seated.setdefault((c, u), []).append(lit)
        return self._seated.get((component, unit), [])

    def amount(self, entry: str, value: str) -> cp_model.LinearExpr:
        """``duration``, ``occupancy`` or ``shortest`` of a task on whichever place it gets."""
        component = self.problem.tasks[entry].component
        places = [(lit, u, p) for (c, u, _, p), lit in self.places.items() if c == component]
        amounts = [int(getattr(self.problem.loads[entry, u, p], value)) for _, u, p in places]
        return cp_model.LinearExpr.weighted_sum([lit for lit, _, _ in places], amounts)

    def end(self, job: JobId) -> cp_model.LinearExpr:
        """The end of a job."""
        return self.starts[job].at + self.amount(job.entry, "duration")


def build_model(problem: Problem, *, guarded: bool = False, timed: bool = True) -> Model:
    """Post everything, in the one order in which each step finds what it needs; ``timed``: with a table."""
    model = Model(problem, guarded)
    for step in PLACEMENT + (TABLE if timed else ()):
        step(model)
    return model


# --- placement ----------------------------------------------------------------------------------------------


def _place_components(model: Model) -> None:
    """One literal per component, core and point: all later literals and times hang on these."""
    for component, options in model.problem.options.items():
        for at in options:
            fixed = model.problem.cores.get(component)
            for core in range(model.problem.machines[at.unit].cores) if fixed is None else (fixed,):
                name = f"{component} on {at.unit}.{core} at {at.point}"
                model.places[component, at.unit, core, at.point] = model.cp.new_bool_var(name)
        model.cp.add_exactly_one(lit for place, lit in model.places.items() if place[0] == component)


def _choose_points(model: Model) -> None:
    """One point per unit, the first where it is unused: a unit has one clock for all that is placed on it."""
    for machine in model.problem.machines.values():
        for point in machine.points:
            model.points[machine.id, point] = model.cp.new_bool_var(f"{machine.id} at {point}")
        model.cp.add_exactly_one(model.points[machine.id, p] for p in machine.points)
    for (_, unit, _, point), lit in model.places.items():
        model.cp.add_implication(lit, model.points[unit, point])
    for (unit, point), lit in model.points.items():
        if point != model.problem.machines[unit].points[0]:
            model.cp.add_bool_or([~lit, *(x for (_, u, _, _), x in model.places.items() if u == unit)])


def _order_cores(model: Model) -> None:
    """Cores of a unit are alike: a component opens core n only if an earlier one is on core n - 1."""
    for machine in model.problem.machines.values():
        if not machine.interchangeable or machine.cores == 1:
            continue
        earlier: list[list[Lit]] = [[] for _ in range(machine.cores)]
        for component in model.problem.components:
            for core in range(machine.cores):
                own = _on_core(model, machine, component, core)
                for lit in own if core else ():
                    model.cp.add_bool_or([~lit, *earlier[core - 1]])
            for core in range(machine.cores):
                earlier[core].extend(_on_core(model, machine, component, core))


def _on_core(model: Model, machine: Machine, component: str, core: int) -> list[Lit]:
    keys = ((component, machine.id, core, point) for point in machine.points)
    return [model.places[k] for k in keys if k in model.places]


def _use_routes(model: Model) -> None:
    """A channel between two units goes their route; where there is none, the pair is excluded."""
    for stream in model.problem.streams:
        writer = model.problem.tasks[stream.writer].component
        reader = model.problem.tasks[stream.reader].component
        for source in _units(model, writer):
            for target in _units(model, reader):
                if source != target:
                    _use_route(model, stream, (writer, source), (reader, target))


def _units(model: Model, component: str) -> list[str]:
    return list(dict.fromkeys(at.unit for at in model.problem.options[component]))


def _use_route(model: Model, stream: Stream, writer: tuple[str, str], reader: tuple[str, str]) -> None:
    """``via`` <=> the writer is on its unit and the reader on its."""
    here, there = model.at(*writer), model.at(*reader)
    if (writer[1], reader[1]) not in stream.paths or writer[0] == reader[0]:
        model.cp.add(sum(here) + sum(there) <= 1)
        return
    key = Via(stream.id, writer[1], reader[1])
    lit = model.via[key] = model.cp.new_bool_var(f"{stream.id} from {writer[1]} to {reader[1]}")
    model.cp.add(lit <= sum(here))
    model.cp.add(lit <= sum(there))
    model.cp.add(lit >= sum(here) + sum(there) - 1)


def _switch_units(model: Model) -> None:
    """A unit is on if something is placed on it or a route passes through it: needs the routes."""
    for machine in model.problem.machines.values():
        users = [lit for (_, u, _, _), lit in model.places.items() if u == machine.id]
        for stream in model.problem.streams:
            for ends, path in stream.paths.items():
                if machine.id in path.through and (key := Via(stream.id, *ends)) in model.via:
                    users.append(model.via[key])
        lit = model.on[machine.id] = model.cp.new_bool_var(f"{machine.id} on")
        model.cp.add_bool_or([~lit, *users])
        for user in users:
            model.cp.add_implication(user, lit)


def _mark_cores(model: Model) -> None:
    """A core is busy if some component is on it; only limits that name cores need to know."""
    wanted = dict.fromkeys(k for limit in model.problem.limits for k, _ in limit.terms if isinstance(k, Busy))
    for key in wanted:
        users = [
            lit for (_, u, c, p), lit in model.places.items() if (u, c, p) == (key.unit, key.core, key.point)
        ]
        model.busy[key] = lit = model.cp.new_bool_var(f"{key.unit}.{key.core} busy at {key.point}")
        model.cp.add_bool_or([~lit, *users])
        for user in users:
            model.cp.add_implication(user, lit)


# --- limits -----------------------------------------------------------------------------------


def _keep_limits(model: Model) -> None:
    """Every constraint on placements: all literals they speak of exist now."""
    for limit in model.problem.limits:
        posted = model.cp.add(sum_of(model, limit.terms) <= limit.bound)
        if model.guarded:
            posted.only_enforce_if(model.when(limit.reason))


def sum_of(model: Model, terms: Terms) -> cp_model.LinearExpr:
    """The value of a sum over keys."""
    found = [(lit, value) for key, value in terms for lit in _literals(model, key)]
    return cp_model.LinearExpr.weighted_sum([lit for lit, _ in found], [value for _, value in found])


def _literals(model: Model, key: Key) -> list[Lit]:
    """The literals whose sum is 1 if the key holds, else 0."""
    match key:
        case At(component, unit, point):
            return [x for (c, u, _, p), x in model.places.items() if (c, u, p) == (component, unit, point)]
        case Seat(component, unit, core):
            return [x for (c, u, k, _), x in model.places.items() if (c, u, k) == (component, unit, core)]
        case On(unit):
            return [model.on[unit]]
        case Busy():
            return [model.busy[key]]
        case Via():
            return [model.via[key]] if key in model.via else []


def coarse(terms: Terms) -> tuple[Terms, int]:
    """The terms in a unit in which their sum fits in 50 bits, and that unit; rounded down, to stay a bound.

    The unit is exact where it can be.
    """
    unit = gcd(*(value for _, value in terms)) or 1
    while sum(value // unit for _, value in terms) >> 50:
        unit *= 2
    return tuple((key, value // unit) for key, value in terms), unit


# --- time ---------------------------------------------------------------------------------------------------


def _start_jobs(model: Model) -> None:
    """A start for each job within its release and deadlines; a guarded model leaves deadlines to guards."""
    slack = relaxed_span(model.problem) if model.guarded else 0
    for job in model.problem.jobs:
        shortest = min(
            model.problem.loads[job.entry, at.unit, at.point].duration
            for at in model.problem.options[model.problem.tasks[job.entry].component]
        )
        ready = model.problem.ready(job)
        last = model.problem.latest[job] - shortest
        model.starts[job] = _instant(model, f"{job.entry}#{job.number}", ready, max(last, ready) + slack)
    for bound in model.problem.bounds:
        posted = model.cp.add(model.end(bound.job) <= bound.latest)
        if model.guarded:
            posted.only_enforce_if(model.when(bound.reason))


def relaxed_span(problem: Problem) -> int:
    """Time in which all jobs of a hyperperiod and their transfers fit one after the other."""
    work = sum(
        len(t.ready)
        * max(problem.loads[t.id, at.unit, at.point].duration for at in problem.options[t.component])
        for t in problem.tasks.values()
    )
    moves = sum(
        s.values * max((sum(h.duration for h in p.hops) for p in s.paths.values()), default=0)
        for s in problem.streams
    )
    return work + moves + problem.hyperperiod


def _instant(model: Model, name: str, earliest: int, latest: int) -> Instant:
    """at = phase + round * hyperperiod: what excludes each other does so within one hyperperiod."""
    period = model.problem.hyperperiod
    first, last = earliest // period, latest // period
    at = model.cp.new_int_var(earliest, latest, name)
    phase = model.cp.new_int_var(0, period - 1, f"{name} phase")
    round_ = model.cp.new_int_var(first, last, f"{name} round")
    model.cp.add(at == phase + period * round_)
    return Instant(at, phase, round_)


def _keep_order(model: Model) -> None:
    """Jobs of one entry follow each other, data precedes use, queues do not overflow."""
    for task in model.problem.tasks.values():
        count = len(task.ready)
        for number in range(count if count > 1 else 0):
            rounds, following = divmod(number + 1, count)
            later = model.starts[JobId(task.id, following)].at + rounds * model.problem.hyperperiod
            model.cp.add(
                later >= model.starts[JobId(task.id, number)].at + model.amount(task.id, "occupancy")
            )
    for edge in model.problem.edges:
        before = model.end(edge.before)
        shortest = model.amount(edge.after.entry, "shortest") if edge.after_commit else 0
        model.cp.add(model.starts[edge.after].at + shortest >= before + edge.lag)


def _move_values(model: Model) -> None:
    """Transfers between units, hop after hop, after the producer's end and before the value is needed."""
    slack = relaxed_span(model.problem) if model.guarded else 0
    for stream in model.problem.streams:
        paths = {ends: p for ends, p in stream.paths.items() if Via(stream.id, *ends) in model.via}
        longest = max((len(p.hops) for p in paths.values()), default=0)
        for value in range(stream.values):
            earliest, latest = _sending_window(model.problem, stream, value)
            for hop in range(longest):
                name = f"{stream.id}#{value}.{hop}"
                model.sends[stream.id, value, hop] = _instant(model, name, earliest, latest + slack)
        for value in range(stream.values):
            for ends, path in paths.items():
                _move_value(model, stream, value, model.via[Via(stream.id, *ends)], path)


def _sending_window(problem: Problem, stream: Stream, value: int) -> tuple[int, int]:
    """From the release of the producer's job to the deadline by which the value has to be there."""
    earliest = problem.ready(JobId(stream.writer, value))
    readers = (problem.latest[u.reader] for u in stream.uses if u.value == value)
    return earliest, max(earliest, stream.due[value] if stream.due else max(readers))


def _move_value(model: Model, stream: Stream, value: int, via: Lit, path: Path) -> None:
    instant: cp_model.LinearExpr = model.end(JobId(stream.writer, value))
    rounds, following = divmod(value + 1, stream.values)
    for number, hop in enumerate(path.hops):
        send = model.sends[stream.id, value, number].at
        model.cp.add(send >= instant).only_enforce_if(via)
        instant = send + hop.duration
        if following != value:  # values of a channel keep their order on each link
            later = model.sends[stream.id, following, number].at + rounds * model.problem.hyperperiod
            model.cp.add(later >= instant).only_enforce_if(via)
    for use in (u for u in stream.uses if u.value == value):
        model.cp.add(model.starts[use.reader].at >= instant + use.lag).only_enforce_if(via)
    if stream.due:
        model.cp.add(instant <= stream.due[value]).only_enforce_if(via, *model.when(stream.reason))


# --- resources ----------------------------------------------------------------------------------------------

Use = tuple[tuple[str, ...], Instant, int, Lit, str]  # resource, start, occupancy, presence, name


def _share_resources(model: Model) -> None:
    """Cores, queues, circuits and links serve one at a time, modulo the hyperperiod."""
    period = model.problem.hyperperiod
    uses = sorted([*_jobs(model), *_transfers(model)], key=lambda use: use[0])
    for _, group in groupby(uses, key=lambda use: use[0]):
        intervals, sizes = [], []
        for _, start, size, lit, name in group:
            for copy in (0, period):  # a slot may run into the next round: it meets the copies there
                begin = start.phase + copy
                intervals.append(
                    model.cp.new_optional_fixed_size_interval_var(begin, size, lit, f"{name}+{copy}")
                )
            sizes.append((lit, size))
        model.cp.add_no_overlap(intervals)
        work = cp_model.LinearExpr.weighted_sum([lit for lit, _ in sizes], [size for _, size in sizes])
        model.cp.add(work <= period)  # the linear row that NoOverlap does not give the relaxation


def _jobs(model: Model) -> Iterator[Use]:
    for (component, unit, core, point), lit in model.places.items():
        machine = model.problem.machines[unit]
        resource = ("", unit, component) if machine.circuits else ("", unit, str(core))
        for task in model.problem.tasks_of[component]:
            size = model.problem.loads[task.id, unit, point].occupancy
            for number in range(len(task.ready)):
                name = f"{task.id}#{number} on {unit}.{core} at {point}"
                yield resource, model.starts[JobId(task.id, number)], size, lit, name


def _transfers(model: Model) -> Iterator[Use]:
    for stream in model.problem.streams:
        for ends, path in stream.paths.items():
            lit = model.via.get(Via(stream.id, *ends))
            for value in range(stream.values if lit is not None else 0):
                for number, hop in enumerate(path.hops):
                    start = model.sends[stream.id, value, number]
                    name = f"{stream.id}#{value}.{number} {ends[0]} to {ends[1]}"
                    assert lit is not None
                    yield (hop.link,), start, hop.duration, lit, name


PLACEMENT: tuple[Callable[[Model], None], ...] = (
    _place_components,  # everything else speaks of places
    _choose_points,
    _order_cores,
    _use_routes,
    _switch_units,  # needs routes: a unit that forwards is on
    _mark_cores,
    _keep_limits,  # needs every literal that a key can mean
)
TABLE: tuple[Callable[[Model], None], ...] = (
    _start_jobs,
    _keep_order,  # needs starts
    _move_values,  # needs routes and starts
    _share_resources,  # needs starts of jobs and transfers
)
