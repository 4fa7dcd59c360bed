"""The partitioning problem in small integers: what may run where, for how long, and what must hold.

Times are ticks (``Problem.tick_ns`` nanoseconds each); durations were rounded up, deadlines down, so what
fits here fits in nanoseconds.  Energies, powers and sizes are exact.  Everything that speaks of placements
only is one form: a sum over ``Key`` terms that may not exceed a bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aicompiler.metamodels.system import System

from .jobs import JobId, Precedence, Timeline, Use

# --- what a placement consists of ---------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class At:
    """``component`` runs on ``unit`` (on whichever core), which runs at ``point``."""

    component: str
    unit: str
    point: str


@dataclass(frozen=True, order=True)
class Seat:
    """``component`` runs on ``core`` of ``unit``."""

    component: str
    unit: str
    core: int


@dataclass(frozen=True, order=True)
class On:
    """``unit`` is not off."""

    unit: str


@dataclass(frozen=True, order=True)
class Busy:
    """``core`` of ``unit`` is used, at ``point``."""

    unit: str
    core: int
    point: str


@dataclass(frozen=True, order=True)
class Via:
    """The values of ``channel`` travel from unit ``source`` to unit ``target``."""

    channel: str
    source: str
    target: str


Key = At | Seat | On | Busy | Via
Terms = tuple[tuple[Key, int], ...]


@dataclass(frozen=True)
class Choice:
    """A placement: the (unit, core) of every component and the operating point of every unit."""

    seats: Mapping[str, tuple[str, int]]
    points: Mapping[str, str]


# --- why something must hold --------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Reason:
    """One annotation of the model: the element's id, what it says, what to do if it cannot be met."""

    element: str
    text: str
    advice: str


@dataclass(frozen=True)
class Limit:
    """The sum of the coefficients of the keys that hold is at most ``bound``.

    For messages: the sum over ``per`` is a quantity in ``unit``; logical constraints have none.
    """

    reason: Reason
    terms: Terms
    bound: int
    unit: str = ""
    per: int = 1


@dataclass(frozen=True)
class Bound:
    """``job`` ends by tick ``latest``; ``since_ns`` and ``limit_ns`` are the interval in the user's terms."""

    reason: Reason
    job: JobId
    latest: int
    since_ns: int
    limit_ns: int


# --- what runs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """An entry: the jobs of one hyperperiod are ready at ``ready``."""

    id: str
    component: str
    ready: tuple[int, ...]


@dataclass(frozen=True)
class Load:
    """A task on a unit at an operating point.

    Slot length, time until the next job may start, and the shortest time until it commits.
    """

    duration: int
    occupancy: int
    shortest: int
    wcet_ns: int


@dataclass(frozen=True)
class Machine:
    """A unit: identical ``cores``, or, where ``circuits``, one circuit for each component placed on it."""

    id: str
    cores: int
    circuits: bool
    points: tuple[str, ...]
    interchangeable: bool = True  # no constraint tells its cores apart


@dataclass(frozen=True)
class Hop:
    """One transfer over one link."""

    link: str
    duration: int
    ns: int


@dataclass(frozen=True)
class Path:
    """How values get from a unit to another: hops, and the units in between, which must be on."""

    hops: tuple[Hop, ...]
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stream:
    """A channel between tasks.

    Each of ``values`` values a hyperperiod arrives before the jobs in ``uses`` start, and those of a SAMPLE
    channel also by tick ``due[k]``.
    """

    id: str
    writer: str
    reader: str
    bytes: int
    values: int
    uses: tuple[Use, ...]
    due: tuple[int, ...]
    reason: Reason
    paths: Mapping[tuple[str, str], Path]


@dataclass(frozen=True)
class Problem:
    """Everything a proposer or the solver needs; made by ``build_problem``."""

    system: System
    line: Timeline
    tick_ns: int
    hyperperiod: int
    tasks: Mapping[str, Task]
    machines: Mapping[str, Machine]
    options: Mapping[str, tuple[At, ...]]
    loads: Mapping[tuple[str, str, str], Load]
    streams: tuple[Stream, ...]
    edges: tuple[Precedence, ...]
    bounds: tuple[Bound, ...]
    limits: tuple[Limit, ...]
    energy: Terms
    cores: Mapping[str, int] = field(default_factory=dict)  # of components whose core is decided

    @cached_property
    def components(self) -> tuple[str, ...]:
        """Components in model order."""
        return tuple(self.options)

    @cached_property
    def jobs(self) -> tuple[JobId, ...]:
        """All jobs of the table."""
        return tuple(JobId(t.id, k) for t in self.tasks.values() for k in range(len(t.ready)))

    @cached_property
    def latest(self) -> Mapping[JobId, int]:
        """The latest end of each job that its bounds allow."""
        found: dict[JobId, int] = {}
        for bound in self.bounds:
            found[bound.job] = min(bound.latest, found.get(bound.job, bound.latest))
        return found

    @cached_property
    def horizon(self) -> int:
        """The latest tick of any deadline."""
        return max(self.latest.values(), default=self.hyperperiod)

    @cached_property
    def edges_of(self) -> Mapping[JobId, tuple[Precedence, ...]]:
        """The precedences of each job."""
        found: dict[JobId, list[Precedence]] = {}
        for edge in self.edges:
            for job in dict.fromkeys((edge.before, edge.after)):
                found.setdefault(job, []).append(edge)
        return {job: tuple(edges) for job, edges in found.items()}

    @cached_property
    def inputs_of(self) -> Mapping[JobId, tuple[tuple[Stream, Use], ...]]:
        """The values that each job waits for."""
        found: dict[JobId, list[tuple[Stream, Use]]] = {}
        for stream in self.streams:
            for use in stream.uses:
                found.setdefault(use.reader, []).append((stream, use))
        return {job: tuple(uses) for job, uses in found.items()}

    @cached_property
    def streams_of(self) -> Mapping[str, tuple[Stream, ...]]:
        """The streams that begin or end at each component."""
        found: dict[str, list[Stream]] = {c: [] for c in self.components}
        for stream in self.streams:
            for component in {self.tasks[entry].component for entry in (stream.writer, stream.reader)}:
                found[component].append(stream)
        return {c: tuple(streams) for c, streams in found.items()}

    @cached_property
    def samples_of(self) -> Mapping[str, tuple[Stream, ...]]:
        """The SAMPLE streams that each task writes."""
        found: dict[str, list[Stream]] = {}
        for stream in self.streams:
            if stream.due:
                found.setdefault(stream.writer, []).append(stream)
        return {task: tuple(streams) for task, streams in found.items()}

    @cached_property
    def successors(self) -> Mapping[JobId, tuple[JobId, ...]]:
        """Jobs that cannot be scheduled before another one is."""
        found: dict[JobId, list[JobId]] = {job: [] for job in self.jobs}
        for edge in self.edges:
            if edge.lag >= 0:
                found[edge.before].append(edge.after)
        for job in self.jobs:
            if job.number:
                found[JobId(job.entry, job.number - 1)].append(job)
        return {job: tuple(dict.fromkeys(after)) for job, after in found.items()}

    @cached_property
    def tasks_of(self) -> Mapping[str, tuple[Task, ...]]:
        """The tasks of each component."""
        return {c: tuple(t for t in self.tasks.values() if t.component == c) for c in self.components}

    def ready(self, job: JobId) -> int:
        """The earliest start of a job that its release allows."""
        return self.tasks[job.entry].ready[job.number]

    def load(self, entry: str, choice: Choice) -> Load:
        """The load of a task in a placement."""
        unit, _ = choice.seats[self.tasks[entry].component]
        return self.loads[entry, unit, choice.points[unit]]


def keys_of(problem: Problem, choice: Choice) -> Iterator[Key]:
    """The keys that hold in a (possibly partial) placement, each once."""
    found: dict[Key, None] = {}
    for component, (unit, core) in choice.seats.items():
        point = choice.points[unit]
        for key in (
            At(component, unit, point),
            Seat(component, unit, core),
            On(unit),
            Busy(unit, core, point),
        ):
            found[key] = None
    for stream in problem.streams:
        ends = ends_in(problem, stream, choice)
        if ends is not None and ends[0] != ends[1]:
            found[Via(stream.id, *ends)] = None
            path = stream.paths.get(ends)
            for unit in path.through if path else ():
                found[On(unit)] = None
    return iter(found)


def ends_in(problem: Problem, stream: Stream, choice: Choice) -> tuple[str, str] | None:
    """The units of a stream's ends, once both are placed."""
    source = choice.seats.get(problem.tasks[stream.writer].component)
    target = choice.seats.get(problem.tasks[stream.reader].component)
    return (source[0], target[0]) if source and target else None


def total(terms: Terms, keys: frozenset[Key]) -> int:
    """The sum of the coefficients of the keys that hold."""
    return sum(value for key, value in terms if key in keys)


def broken_limits(problem: Problem, choice: Choice) -> Iterator[Limit | Stream]:
    """Limits that a placement exceeds, and streams it leaves without a route.

    On a partial placement only what no further component can mend.
    """
    keys = frozenset(keys_of(problem, choice))
    complete = len(choice.seats) == len(problem.components)
    for limit in problem.limits:
        if (complete or _monotone(limit, choice)) and total(limit.terms, keys) > limit.bound:
            yield limit
    for stream in problem.streams:
        ends = ends_in(problem, stream, choice)
        if ends is not None and ends[0] != ends[1] and ends not in stream.paths:
            yield stream


def _monotone(limit: Limit, choice: Choice) -> bool:
    """Whether placing more components cannot lower the sum."""
    return all(v >= 0 or (isinstance(k, At | Seat) and k.component in choice.seats) for k, v in limit.terms)
