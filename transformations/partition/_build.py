"""From a system and its costs to the problem: possible placements, routes, ticks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import gcd

import networkx as nx
from aicompiler.metamodels.deployment import CostTable
from aicompiler.metamodels.diagnostics import Infeasible, ModelError
from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    Entry,
    FlowBound,
    Pin,
    Port,
    SchedulingPolicy,
    System,
    Unit,
    UnitKind,
)

from ._flows import responses
from ._limits import Options, energy_terms, label, limits_of
from ._text import ns
from .jobs import JobId, Precedence, Timeline, precedences, problem_with, timeline, uses
from .problem import At, Bound, Hop, Load, Machine, Path, Problem, Reason, Stream, Task
from .turns import Turns

HORIZON = 1 << 20  # ticks; finer time slows CP-SAT down


def build_problem(system: System, costs: CostTable, *, horizon: int | None = HORIZON) -> Problem:
    """Everything that can be said before deciding anything, in at most ``horizon`` ticks (None: exactly).

    Raises ``ModelError`` for what a time table cannot express and ``Infeasible`` for a component that no unit
    can run.
    """
    _check_policies(system)
    options = {c.id: tuple(_options(system, costs, c)) for c in system.components}
    _check_options(system, costs, options)
    line = timeline(system)
    problem = _Builder(system, costs, line, options, horizon).problem()
    if sharing := Turns(line).sharing:
        _check_turns(problem, sharing)
    return problem


def _check_turns(problem: Problem, sharing: tuple[tuple[str, ...], ...]) -> None:
    """Jobs that take turns must not wait for room in a queue that only a later one of them makes."""
    try:
        TopologicalSorter(problem.successors).prepare()
    except CycleError as error:
        entries = dict.fromkeys(job.entry for job in error.args[1])
        names = ", ".join(label(problem.system.element(Entry, e)) for e in entries)
        shared = next(e for group in sharing for e in group if e in entries)
        text = f"jobs of {names} wait for each other: their turns contradict the room in their queues"
        advice = "give these queues more capacity, or the entries nearer offsets"
        raise ModelError(problem_with(problem.system.component_of(shared), "turns", text, advice)) from None


def _check_policies(system: System) -> None:
    for unit in system.units:
        if unit.policy not in (None, SchedulingPolicy.TIME_TABLE):
            text = f"unit {label(unit)} asks for the policy {unit.policy.value}; only time tables are built"
            raise ModelError(problem_with(unit, "policy", text, "set it to time_table or leave it out"))


def _options(system: System, costs: CostTable, component: Component) -> Iterator[At]:
    """Units and points at which all entries of a component have a cost."""
    for unit in system.units:
        for point in unit.operating_points:
            if all(costs.get(e.id, unit.id, point.id) for e in component.entries):
                yield At(component.id, unit.id, point.id)


def _check_options(system: System, costs: CostTable, options: Mapping[str, tuple[At, ...]]) -> None:
    found = []
    for component in system.components:
        if not component.entries:
            text = f"component {label(component)} has no entry, so there is nothing to place"
            raise ModelError(problem_with(component, "no-entry", text, "give it an operation or remove it"))
        if not options[component.id]:
            text = f"component {label(component)} can run on no unit: {_refusals(system, costs, component)}"
            advice = "give it a behaviour or a time for one of the units"
            found.append(problem_with(component, "no-unit", text, advice))
    if found:
        raise Infeasible(found)


def _refusals(system: System, costs: CostTable, component: Component) -> str:
    reasons = []
    for unit in system.units:
        why = (costs.refusal(e.id, unit.id) for e in component.entries)
        reasons.append(f"{unit.name or unit.id}: {next((w for w in why if w), 'no cost is known')}")
    return "; ".join(reasons) or "the platform has none"


@dataclass(frozen=True)
class _Scale:
    """Nanoseconds to ticks; ``slack`` makes up for a hyperperiod that is no whole number of ticks."""

    tick: int
    slack: int

    def up(self, ns: int) -> int:
        return -(-ns // self.tick)

    def down(self, ns: int) -> int:
        return ns // self.tick

    def duration(self, ns: int) -> int:
        return self.up(ns) + self.slack


def choose_scale(
    hyperperiod: int, horizon: int, instants: Iterable[int], ticks: int | None = HORIZON
) -> _Scale:
    """Ticks so that ``horizon`` ns are at most ``ticks`` of them; exact if the instants allow it.

    A tick divides the hyperperiod where one of nearly the wanted length does; else every duration gets a tick
    more for each round that a slot may be late, which is as far as the rounds can drift.
    """
    exact = gcd(hyperperiod, *instants)
    if ticks is None or horizon // exact <= ticks:
        return _Scale(exact, 0)
    wanted = -(-horizon // ticks)
    for tick in range(wanted, 4 * wanted + 1):
        if hyperperiod % tick == 0:
            return _Scale(tick, 0)
    return _Scale(wanted, horizon // hyperperiod + 1)


@dataclass(frozen=True)
class _Builder:
    system: System
    costs: CostTable
    line: Timeline
    options: Mapping[str, tuple[At, ...]]
    ticks: int | None

    def problem(self) -> Problem:
        machines = {u.id: self._machine(u) for u in self.system.units if u.operating_points}
        routes = {c.id: dict(self._routes(c)) for c, _, _ in self.line.streams}
        scale = self._scale(routes)
        streams = tuple(self._stream(scale, routes[c.id], c, a, b) for c, a, b in self.line.streams)
        loads = dict(self._loads(scale))
        options = {
            c: tuple(at for at in ats if all((e.id, at.unit, at.point) in loads for e in self._entries(c)))
            for c, ats in self.options.items()
        }
        given = Options(self.system, self.costs, self.line, machines, options, streams)
        return Problem(
            system=self.system,
            line=self.line,
            tick_ns=scale.tick,
            hyperperiod=scale.down(self.line.hyperperiod_ns),
            tasks={e: self._task(scale, e) for e in self.line.timings},
            machines=machines,
            options=options,
            loads=loads,
            streams=streams,
            edges=tuple(replace(p, lag=scale.up(p.lag)) for p in self._edges),
            bounds=tuple(self._bounds(scale)),
            limits=tuple(limits_of(given)),
            energy=energy_terms(given),
        )

    @cached_property
    def _edges(self) -> tuple[Precedence, ...]:
        return (*precedences(self.line), *Turns(self.line).edges())

    def _entries(self, component: str) -> tuple[Entry, ...]:
        return self.system.element(Component, component).entries

    def _machine(self, unit: Unit) -> Machine:
        pinned = any(
            isinstance(c, Pin) and c.unit == unit.id and c.core is not None for c in self.system.constraints
        )
        return Machine(
            id=unit.id,
            cores=unit.cores if unit.kind is UnitKind.CPU else 1,
            circuits=unit.kind is UnitKind.FPGA,
            points=tuple(p.id for p in sorted(unit.operating_points, key=lambda p: -p.frequency_hz)),
            interchangeable=not pinned,
        )

    def _task(self, scale: _Scale, entry: str) -> Task:
        timing = self.line.timings[entry]
        instants = (timing.ready_ns + k * timing.period_ns for k in range(self.line.count(entry)))
        return Task(entry, timing.component, tuple(scale.up(i) for i in instants))

    def _scale(self, routes: Mapping[str, Mapping[tuple[str, str], Path]]) -> _Scale:
        timings = self.line.timings.values()
        instants = [x for t in timings for x in (t.period_ns, t.ready_ns, t.deadline_ns)]
        instants += [x for c in self.costs.costs for x in (c.wcet_ns, c.interval_ns)]
        instants += [h.ns for paths in routes.values() for p in paths.values() for h in p.hops]
        instants += [p.lag for p in self._edges] + [r.latest_end_ns for r in responses(self.line)]
        horizon = max((t.deadline_ns + self.line.hyperperiod_ns - t.period_ns for t in timings), default=1)
        return choose_scale(self.line.hyperperiod_ns, horizon, instants, self.ticks)

    def _loads(self, scale: _Scale) -> Iterator[tuple[tuple[str, str, str], Load]]:
        """What keeps its resource longer than a hyperperiod has no place in a table."""
        for at in (at for ats in self.options.values() for at in ats):
            pipelined = self.system.element(Unit, at.unit).kind is UnitKind.FPGA
            alone = len(self._entries(at.component)) == 1
            for entry in self._entries(at.component):
                cost = self.costs.get(entry.id, at.unit, at.point)
                assert cost is not None
                duration = scale.duration(cost.wcet_ns)
                occupancy = scale.duration(cost.interval_ns) if pipelined and alone else duration
                if occupancy * scale.tick <= self.line.hyperperiod_ns:
                    yield (
                        (entry.id, at.unit, at.point),
                        Load(duration, occupancy, scale.down(cost.bcet_ns), cost.wcet_ns),
                    )

    def _routes(self, channel: Channel) -> Iterator[tuple[tuple[str, str], Path]]:
        """Fewest total transfer time, ties by link ids, between any two units the ends may be on."""
        size = self.system.element(Port, channel.source_port).bytes
        graph = nx.Graph()
        for link in sorted(
            self.system.platform.links, key=lambda k: (k.transfer_ns(size), k.id), reverse=True
        ):
            time = link.transfer_ns(size)
            pairs = ((a, b) for a in link.ends for b in link.ends if a < b)
            graph.add_edges_from(pairs, ns=time, link=link.id)  # the last, so the best, link of a pair stays
        sources = self._units(channel.source_port)
        targets = self._units(channel.target_port)
        for source, target in ((s, t) for s in sources for t in targets if s != t):
            if source in graph and target in graph and nx.has_path(graph, source, target):
                yield (source, target), _shortest_path(graph, source, target)

    def _units(self, port: str) -> list[str]:
        owner = self.system.component_of(port).id
        return list(dict.fromkeys(at.unit for at in self.options[owner]))

    def _stream(
        self,
        scale: _Scale,
        routes: Mapping[tuple[str, str], Path],
        channel: Channel,
        writer: str,
        reader: str,
    ) -> Stream:
        timing = self.line.timings[writer]
        count = self.line.count(writer)
        queue = channel.protocol is ChannelProtocol.QUEUE
        deadlines = (timing.deadline_ns + k * timing.period_ns for k in range(count))
        return Stream(
            id=channel.id,
            writer=writer,
            reader=reader,
            bytes=self.system.element(Port, channel.source_port).bytes,
            values=count,
            uses=tuple(replace(u, lag=scale.up(u.lag)) for u in uses(self.line, channel, writer, reader)),
            due=() if queue else tuple(scale.down(d) for d in deadlines),
            reason=self._deadline(writer),
            paths={
                ends: replace(p, hops=tuple(replace(h, duration=scale.duration(h.ns)) for h in p.hops))
                for ends, p in routes.items()
                if all(scale.duration(h.ns) * scale.tick <= self.line.hyperperiod_ns for h in p.hops)
            },
        )

    def _deadline(self, entry: str) -> Reason:
        timing = self.line.timings[entry]
        text = f"entry {label(timing.entry)} has a deadline of {ns(timing.relative_ns)}"
        return Reason(entry, text, "lengthen it or allow a faster unit")

    def _bounds(self, scale: _Scale) -> Iterator[Bound]:
        for entry, timing in self.line.timings.items():
            reason = self._deadline(entry)
            for k in range(self.line.count(entry)):
                end = timing.deadline_ns + k * timing.period_ns
                yield Bound(
                    reason, JobId(entry, k), scale.down(end), end - timing.relative_ns, timing.relative_ns
                )
        for response in responses(self.line):
            flow = response.flow
            assert flow.deadline_ns is not None
            kind = "reaction" if flow.bound is FlowBound.REACTION else "data age"
            text = f"flow {label(flow)} has a {kind} deadline of {ns(flow.deadline_ns)}"
            reason = Reason(
                flow.id, text, "lengthen it, shorten the periods on its path, or allow faster units"
            )
            latest = scale.down(response.latest_end_ns)
            yield Bound(reason, response.job, latest, response.since_ns, flow.deadline_ns)


def _shortest_path(graph: nx.Graph, source: str, target: str) -> Path:
    def links(nodes: list[str]) -> list[str]:
        return [graph.edges[a, b]["link"] for a, b in itertools.pairwise(nodes)]

    nodes: list[str] = min(nx.all_shortest_paths(graph, source, target, weight="ns"), key=links)
    steps = [graph.edges[a, b] for a, b in itertools.pairwise(nodes)]
    return Path(tuple(Hop(s["link"], 0, s["ns"]) for s in steps), tuple(nodes[1:-1]))
