"""HEFT: list scheduling by upward rank, each component where its job ends first.

After H. Topcuoglu, S. Hariri, M.-Y. Wu, "Performance-effective and low-complexity task scheduling for
heterogeneous computing", IEEE TPDS 13(3), 2002.  Beyond the paper: periodic jobs (the rank counts down from a
job's latest end), components that bind several jobs to one unit, multi-core units, exclusive links, operating
points, and a variant that takes the least energy that is still in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from .jobs import JobId
from .problem import At, Choice, Problem, Stream, broken_limits, ends_in
from .proposals import Outcome, Proposal
from .timetable import Scheduler, Table, decode, energy_of, in_order


@dataclass(frozen=True)
class Heft:
    """The heuristic proposer: earliest finish, then least energy, then slower operating points."""

    name: str = "heft"

    def propose(
        self, problem: Problem, incumbent: Table | None, feedback: Sequence[Outcome], budget: int
    ) -> Iterable[Proposal]:
        """At most ``budget`` placements, the quickest schedule first."""
        del incumbent, feedback  # the heuristic does not learn
        return list(_proposals(self.name, problem, budget))


def _proposals(name: str, problem: Problem, budget: int) -> Iterator[Proposal]:
    """The paper's schedule first, then least energy, also with all clocks slow, then slower clocks."""
    priority = latest_starts(problem)
    machines = problem.machines.values()
    fastest = {m.id: m.points[0] for m in machines}
    slowest = {m.id: m.points[-1] for m in machines}
    found: list[Proposal] = []
    for points, frugal in ((fastest, False), (fastest, True), (slowest, True)):
        choice = schedule(problem, points, priority, frugal=frugal)
        if choice is not None and len(found) < budget:
            found.append(Proposal(name, choice, priority))
            yield found[-1]
    left = budget - len(found)
    for start in found:
        for slower in slow_down(problem, start, left):
            left -= 1
            yield slower


def latest_starts(problem: Problem) -> dict[JobId, float]:
    """Priorities: the latest start that the deadlines after a job leave it, at average costs.

    With one common deadline this is that deadline minus the upward rank of the paper.
    """
    mean = {
        t: _mean(problem.loads[t, at.unit, at.point].duration for at in _of(problem, t))
        for t in problem.tasks
    }
    delay: dict[tuple[JobId, JobId], float] = {}
    for stream in problem.streams:
        average = mean_transfer(stream)
        for use in stream.uses:
            delay[JobId(stream.writer, use.value), use.reader] = average
    after = problem.successors
    found: dict[JobId, float] = {}
    for job in TopologicalSorter(after).static_order():  # successors first
        ends = [found[s] - delay.get((job, s), 0) for s in after[job]]
        found[job] = min([problem.latest[job], *ends]) - mean[job.entry]
    return found


def mean_transfer(stream: Stream) -> float:
    """Average time of a stream's values between two different units."""
    return _mean(sum(h.duration for h in path.hops) for path in stream.paths.values())


def _mean(values: Iterable[int]) -> float:
    items = list(values)
    return sum(items) / len(items) if items else 0.0


def _of(problem: Problem, task: str) -> tuple[At, ...]:
    return problem.options[problem.tasks[task].component]


def schedule(
    problem: Problem, points: Mapping[str, str], priority: Mapping[JobId, float], *, frugal: bool
) -> Choice | None:
    """Seat each component when its first job comes up; ``frugal`` takes the least energy that is in time."""
    seats: dict[str, tuple[str, int]] = {}
    scheduler = Scheduler(problem, Choice(seats, points))
    for job in in_order(problem, priority):
        component = problem.tasks[job.entry].component
        if component not in seats:
            best = min(_trials(scheduler, job, seats, component, frugal), default=None)
            if best is None:
                return None
            seats[component] = best[-1]
        if scheduler.place(job) is not None:
            return None
    return Choice(dict(seats), points)


def _trials(
    scheduler: Scheduler, job: JobId, seats: dict[str, tuple[str, int]], component: str, frugal: bool
) -> Iterator[tuple[int, int, tuple[str, int]]]:
    """(energy or 0, end, seat) of every seat that a component may take."""
    problem = scheduler.problem
    for unit, core in _seats(problem, component, scheduler.choice.points):
        seats[component] = (unit, core)
        if _fits(problem, scheduler.choice, component) and scheduler.place(job) is None:
            end = scheduler.end(job)
            scheduler.undo()
            yield (energy_of(problem, scheduler.choice) if frugal else 0, end, (unit, core))
        del seats[component]


def _fits(problem: Problem, choice: Choice, component: str) -> bool:
    """Whether a placement breaks no limit and leaves no stream without a route, if it did before this one."""
    if problem.limits:
        return not any(broken_limits(problem, choice))
    ends = ((stream, ends_in(problem, stream, choice)) for stream in problem.streams_of[component])
    return all(e is None or e[0] == e[1] or e in stream.paths for stream, e in ends)


def _seats(problem: Problem, component: str, points: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for at in problem.options[component]:
        if points[at.unit] == at.point:
            for core in range(problem.machines[at.unit].cores):
                yield at.unit, core


def slow_down(problem: Problem, proposal: Proposal, budget: int) -> Iterator[Proposal]:
    """Slower clocks, one unit and step at a time, as long as the table stays in time and saves energy."""
    table = decode(problem, proposal.choice, proposal.priority)
    if not isinstance(table, Table):
        return
    for machine in problem.machines.values():
        for point in machine.points[1:]:
            if budget <= 0:
                return
            choice = Choice(table.choice.seats, {**table.choice.points, machine.id: point})
            if not _possible(problem, choice):
                continue
            slower = decode(problem, choice, proposal.priority)
            if isinstance(slower, Table) and slower.energy_fj < table.energy_fj:
                table, budget = slower, budget - 1
                yield Proposal(proposal.proposer, choice, proposal.priority)


def _possible(problem: Problem, choice: Choice) -> bool:
    """Whether everything placed has a cost at the chosen points."""
    return all(
        At(component, unit, choice.points[unit]) in problem.options[component]
        for component, (unit, _) in choice.seats.items()
    )
