"""How good partitions are: task graphs against HEFT and known results, fronts, energy, response times.

``python benchmarks/partition.py [--quick] [--json] [--data FOLDER]``; FOLDER holds ``mapping``, ``stg`` and
``response_time`` (default: the outside data beside the repository).  The keys of the JSON object:

- ``n50_makespan``, ``n200_makespan``, ``n1000_makespan``: task graphs on 8 unequal processors, transfers
  at the same time; ``..._heft`` is plain HEFT in the same run, ``..._bound`` the proved bound;
- ``stg_wrong_claims``: of the Standard Task Graphs run, how many have a makespan below the known lower bound
  or a bound above the best known; ``stg_optimal`` reach the best known, ``stg_proved`` also prove it,
  ``stg_rows`` were run;
- ``rta_mismatches``: task sets whose response times differ from those another tool computed;
- ``energy_vs_heft``: median over generated systems of energy over that of HEFT at top clocks, same deadlines;
- ``hypervolume_ratio``: null, not measured yet; ``simulated_above_bound``: null, there is no simulator yet.

What is done depends on counts of steps alone, so every figure but the seconds is the same in every run.
Each table is checked here by itself: precedence, transfers, one job at a time.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from aicompiler.metamodels.deployment import Cost, CostTable, Provenance
from aicompiler.metamodels.system import (
    Application,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    Flow,
    Link,
    LinkKind,
    Node,
    OnData,
    OperatingPoint,
    Periodic,
    Platform,
    Port,
    PortDirection,
    System,
    Unit,
    UnitKind,
)
from aicompiler.transformations.analysis import Facts, check
from aicompiler.transformations.analysis._budgets import energy_fj
from aicompiler.transformations.analysis.response_times import Arrivals, Task, response_times
from aicompiler.transformations.partition import PartitionOptions, heft, partition
from aicompiler.transformations.partition import problem as model
from aicompiler.transformations.partition._anneal import Annealing
from aicompiler.transformations.partition._goals import MAKESPAN, Goal, Span, values
from aicompiler.transformations.partition._heads import time_bound
from aicompiler.transformations.partition.jobs import JobId, Precedence, Timeline, Use
from aicompiler.transformations.partition.timetable import Table, decode

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "bench"
STEPS = {"n50": 60_000, "n200": 120_000, "n1000": 12_000}
QUICK_STEPS = {"n50": 20_000, "n200": 25_000, "n1000": 1_500}
STG_STEPS = 3_000
SYSTEMS = 20


@dataclass(frozen=True)
class Graph:
    """Tasks with a time on each processor; edges with a delay between two different processors."""

    times: list[list[int]]
    edges: list[tuple[int, int, int]]

    def problem(self) -> model.Problem:
        """One job a task; each edge has a link of its own, so that transfers never wait for each other."""
        names = [f"t{n:04}" for n in range(len(self.times))]
        units = [f"p{n}" for n in range(len(self.times[0]))]
        span = max(sum(max(row) for row in self.times) + sum(delay for _, _, delay in self.edges), 1)
        why = model.Reason("graph", "", "")
        streams, order = [], []
        for one, two, delay in self.edges:
            link = f"{one}>{two}"
            path = model.Path((model.Hop(link, delay, delay),))
            ways = {(a, b): path for a in units for b in units if a != b}
            use = Use(0, JobId(names[two], 0), 0)
            streams.append(model.Stream(link, names[one], names[two], 1, 1, (use,), (), why, ways))
            order.append(Precedence(JobId(names[one], 0), JobId(names[two], 0), False, 0))
        system = System(id="graph", application=Application(id="a"), platform=Platform(id="p"))
        rows = list(zip(names, self.times, strict=True))
        return model.Problem(
            system=system,
            line=Timeline(system, span, {}),
            tick_ns=1,
            hyperperiod=span,
            tasks={name: model.Task(name, name, (0,)) for name in names},
            machines={unit: model.Machine(unit, 1, False, ("top",)) for unit in units},
            options={name: tuple(model.At(name, unit, "top") for unit in units) for name in names},
            loads={
                (name, unit, "top"): model.Load(time, time, time, time)
                for name, row in rows
                for unit, time in zip(units, row, strict=True)
            },
            streams=tuple(streams),
            edges=tuple(order),
            bounds=tuple(model.Bound(why, JobId(name, 0), span, 0, span) for name in names),
            limits=(),
            energy=(),
        )

    def verified(self, table: Table) -> int:
        """The makespan of a table, from starts and seats alone; ``AssertionError`` if it is none."""
        units = {f"p{n}": n for n in range(len(self.times[0]))}
        spans = []
        for number, row in enumerate(self.times):
            seat = units[table.choice.seats[f"t{number:04}"][0]]
            start = table.starts[JobId(f"t{number:04}", 0)]
            spans.append((seat, start, start + row[seat]))
        for one, two, delay in self.edges:
            assert spans[two][1] >= spans[one][2] + (delay if spans[one][0] != spans[two][0] else 0)
        for (seat, _, end), (other, start, _) in pairwise(sorted(spans)):
            assert seat != other or start >= end
        return max(end for _, _, end in spans)


@dataclass(frozen=True)
class Solved:
    """What a run gave."""

    heft: int
    heft_seconds: float
    makespan: int
    bound: int
    seconds: float


def solved(graph: Graph, steps: int) -> Solved:
    """HEFT, then annealing from it by so many steps."""
    begin = time.process_time()
    problem = graph.problem()
    goal = Goal(MAKESPAN, "ns", spans=tuple(Span(job, 0) for job in problem.jobs))
    bound = time_bound(problem, goal)
    priority = heft.latest_starts(problem)
    choice = heft.schedule(problem, dict.fromkeys(problem.machines, "top"), priority, frugal=False)
    assert choice is not None
    table = decode(problem, choice, priority)
    assert isinstance(table, Table)
    first, first_seconds = graph.verified(table), time.process_time() - begin
    best = first
    if best > bound:
        found = decode(problem, *Annealing(problem, goal, table, 1).run(steps))
        assert isinstance(found, Table) and values(problem, (goal,), found) == (graph.verified(found),)
        best = min(best, graph.verified(found))
    return Solved(first, first_seconds, best, bound, time.process_time() - begin)


# --- task graphs --------------------------------------------------------------------------------------------


def mapping(data: Path, steps: dict[str, int]) -> dict[str, Any]:
    """The generated graphs on unequal processors."""
    figures: dict[str, Any] = {}
    for name, count in steps.items():
        given = json.loads((data / "mapping" / f"{name}.json").read_text())
        found = solved(Graph(given["time"], [tuple(e) for e in given["edges"]]), count)
        figures |= {
            f"{name}_makespan": found.makespan,
            f"{name}_heft": found.heft,
            f"{name}_bound": found.bound,
            f"{name}_gap": round(1 - found.bound / found.makespan, 4),
            f"{name}_heft_seconds": round(found.heft_seconds, 2),
            f"{name}_seconds": round(found.seconds, 2),
        }
    return figures


def standard(data: Path, every: int) -> dict[str, Any]:
    """Each ``every``-th row of the Standard Task Graphs: no claim may contradict what is known."""
    rows = list(csv.DictReader((data / "stg" / "best_known.csv").open()))[::every]
    wrong = optimal = proved = 0
    for row in rows:
        graph = _standard(data / "stg" / row["graph"], int(row["processors"]))
        found = solved(graph, STG_STEPS)
        best = int(row["best_known"])
        wrong += found.makespan < int(row["lower_bound"]) or found.bound > best
        optimal += found.makespan == best
        proved += found.makespan == found.bound
    return {
        "stg_rows": len(rows),
        "stg_wrong_claims": wrong,
        "stg_optimal": optimal,
        "stg_proved": proved,
    }


def _standard(path: Path, processors: int) -> Graph:
    """A graph of the set without its first and last task, which take no time."""
    count, *lines = [line.split() for line in path.read_text().splitlines() if line and line[0] != "#"]
    tasks = [[int(x) for x in line] for line in lines[: int(count[0]) + 2]]
    kept = tasks[1:-1]
    edges = [(before - 1, task[0] - 1, 0) for task in kept for before in task[3:] if before > 0]
    return Graph([[task[1]] * processors for task in kept], edges)


# --- response times -----------------------------------------------------------------------------------------


def mismatches(data: Path) -> int:
    """Sets whose response times are not those of the file."""
    given = json.loads((data / "response_time" / "fixed_priority.json").read_text())["sets"]
    return sum(_times_of(one["tasks"]) != one["wcrt"] for one in given)


def _times_of(tasks: list[dict[str, Any]]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    arrivals: dict[str, Arrivals] = {}
    by_name = {t["name"]: t for t in tasks}
    for processor in sorted({t["processor"] for t in tasks}):
        here = [t for t in tasks if t["processor"] == processor]
        for t in here:
            if "after" in t:
                response, first = found[t["after"]], by_name[t["after"]]
                assert response is not None
                arrivals[t["name"]] = arrivals[t["after"]].passed_on(response, first["bcet"])
            else:
                arrivals[t["name"]] = Arrivals(t["period"], t["jitter"])
        found |= response_times(
            [Task(t["name"], t["wcet"], t["priority"], arrivals[t["name"]]) for t in here]
        )
    return found


def _task(given: dict[str, Any], arrivals: Arrivals) -> Task:
    return Task(given["name"], given["wcet"], given["priority"], arrivals)


# --- energy -------------------------------------------------------------------------------------------------


def energy_vs_heft(systems: int) -> float:
    """Median of least energy over the energy of HEFT at top clocks; every deployment is checked."""
    ratios = []
    for seed in range(systems):
        system, costs = generated(seed)
        top = frozenset(max(u.operating_points, key=lambda p: p.frequency_hz).id for u in system.units)
        fast = CostTable(costs=tuple(c for c in costs.costs if c.operating_point in top))
        quick = partition(
            system, fast, options=PartitionOptions(objective="makespan", proposals=1, deterministic_time=0)
        )
        frugal = partition(system, costs, options=PartitionOptions(deterministic_time=0.5, work=5_000))
        for costed, found in ((fast, quick), (costs, frugal)):
            assert check(system, costed, found).accepted
        ratios.append(frugal.objectives[0].value / _energy(system, costs, quick))
    return round(median(ratios), 4)


def _energy(system: System, costs: CostTable, found: Any) -> int:
    return energy_fj(Facts(system=system, costs=costs, deployment=replace(found, objectives=())))


def generated(seed: int) -> tuple[System, CostTable]:
    """Three chains of four components on a big, a little and a middle core of three clocks each."""
    random = Random(seed)
    units = tuple(_unit(name, base) for name, base in (("big", 4000), ("middle", 1800), ("little", 700)))
    components, channels, flows = list[Component](), list[Channel](), list[Flow]()
    costs = list[Cost]()
    for chain in range(3):
        names = [f"c{chain}{stage}" for stage in range(4)]
        for stage, name in enumerate(names):
            activation = OnData() if stage else Periodic(period_ns=10_000_000)
            entry = Entry(id=f"{name}.run", name="run", activation=activation)
            ends = (("in", PortDirection.IN, stage > 0), ("out", PortDirection.OUT, stage < len(names) - 1))
            ports = tuple(
                Port(id=f"{name}.{end}", name=end, direction=way, element_type=ElementType.U8, shape=(64,))
                for end, way, wanted in ends
                if wanted
            )
            components.append(Component(id=name, name=name, entries=(entry,), ports=ports))
            costs += _costs(entry.id, units, random.randrange(100_000, 700_000))
        channels += [
            Channel(
                id=f"{a}>{b}",
                name=f"{a}>{b}",
                source_port=f"{a}.out",
                target_port=f"{b}.in",
                protocol=ChannelProtocol.QUEUE,
            )
            for a, b in pairwise(names)
        ]
        path = tuple(f"{name}.run" for name in names)
        flows.append(Flow(id=f"f{chain}", name=f"f{chain}", entries=path, deadline_ns=30_000_000))
    link = Link(
        id="bus",
        name="bus",
        kind=LinkKind.BUS,
        ends=tuple(u.id for u in units),
        latency_ns=2_000,
        bandwidth_bytes_per_s=100_000_000,
        energy_fj_per_byte=1_000,
    )
    system = System(
        id=f"generated{seed}",
        application=Application(
            id="a", components=tuple(components), channels=tuple(channels), flows=tuple(flows)
        ),
        platform=Platform(id="p", nodes=(Node(id="node", name="node", units=units),), links=(link,)),
    )
    return system, CostTable(costs=tuple(costs))


def _channel(one: str, two: str) -> Channel:
    name, ends = f"{one}>{two}", (f"{one}.out", f"{two}.in")
    queue = ChannelProtocol.QUEUE
    return Channel(id=name, name=name, source_port=ends[0], target_port=ends[1], protocol=queue)


def _unit(name: str, milliwatts: int) -> Unit:
    """Dynamic power grows with the cube of the clock."""
    points = tuple(
        OperatingPoint(
            id=f"{name}.{mhz}",
            name=f"{mhz} MHz",
            frequency_hz=mhz * 1_000_000,
            dynamic_power_uw=milliwatts * 1000 * mhz**3 // 2000**3,
        )
        for mhz in (2000, 1400, 800)
    )
    return Unit(
        id=name,
        name=name,
        kind=UnitKind.CPU,
        cores=1,
        static_power_uw=milliwatts * 30,
        operating_points=points,
    )


def _costs(entry: str, units: tuple[Unit, ...], work: int) -> Iterator[Cost]:
    for unit, slower in zip(units, (10, 15, 25), strict=True):
        for point in unit.operating_points:
            wcet = work * slower // 10 * 2_000_000_000 // point.frequency_hz
            yield Cost(
                entry=entry,
                unit=unit.id,
                operating_point=point.id,
                bcet_ns=wcet // 2,
                acet_ns=wcet,
                wcet_ns=wcet,
                interval_ns=wcet,
                energy_fj=wcet * point.dynamic_power_uw,
                provenance=Provenance.ANNOTATED,
            )


# --- all ----------------------------------------------------------------------------------------------------


def figures(data: Path, quick: bool) -> dict[str, Any]:
    """Everything that is measured."""
    found = mapping(data, QUICK_STEPS if quick else STEPS)
    found |= standard(data, 24 if quick else 4)
    found["rta_mismatches"] = mismatches(data)
    found["energy_vs_heft"] = energy_vs_heft(5 if quick else SYSTEMS)
    return found | {"hypervolume_ratio": None, "simulated_above_bound": None}


def main() -> int:
    """Print the figures; 77 where the data are absent."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less of everything, within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    if not (given.data / "mapping").is_dir():
        print(f"no data in {given.data}: name their folder with --data", file=sys.stderr)
        return 77
    found = figures(given.data, given.quick)
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(f"{key:22} {value}" for key, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
