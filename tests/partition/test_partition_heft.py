"""The heuristic against the example of its paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aicompiler.metamodels.system import OnData, Periodic
from aicompiler.transformations.partition import JobId, Problem, Table, build_problem, decode
from aicompiler.transformations.partition.heft import Heft, latest_starts
from aicompiler.transformations.partition.problem import Path

# Topcuoglu, Hariri, Wu 2002, figure 2: costs on three processors, data on the edges
COSTS = {
    1: (14, 16, 9),
    2: (13, 19, 18),
    3: (11, 13, 19),
    4: (13, 8, 17),
    5: (12, 13, 10),
    6: (13, 16, 9),
    7: (7, 15, 11),
    8: (5, 11, 14),
    9: (18, 12, 20),
    10: (21, 7, 16),
}
EDGES = {
    (1, 2): 18,
    (1, 3): 12,
    (1, 4): 9,
    (1, 5): 11,
    (1, 6): 14,
    (2, 8): 19,
    (2, 9): 16,
    (3, 7): 23,
    (4, 8): 27,
    (4, 9): 23,
    (5, 9): 13,
    (6, 8): 15,
    (7, 10): 17,
    (8, 10): 11,
    (9, 10): 13,
}
RANKS = {1: 108, 2: 77, 3: 80, 4: 80, 5: 69, 6: 63.333, 7: 42.667, 8: 35.667, 9: 44.333, 10: 14.667}


def paper(sketch: Any) -> Problem:
    """The example: one common deadline, and a link for every message (the paper has no contention)."""
    build = sketch().unit("p1").unit("p2").unit("p3").link("net", "p1", "p2", "p3")
    for number, times in COSTS.items():
        activation = OnData() if number > 1 else Periodic(period_ns=1000)
        build.component(f"n{number}", dict(zip(("p1", "p2", "p3"), times, strict=True)), activation)
    for (a, b), size in EDGES.items():
        build.channel(f"n{a}", f"n{b}", size)
    problem = build_problem(*build.both())
    streams = tuple(
        replace(
            s,
            paths={
                ends: Path(tuple(replace(h, link=f"{s.id}:{ends}") for h in path.hops))
                for ends, path in s.paths.items()
            },
        )
        for s in problem.streams
    )
    bounds = tuple(replace(b, latest=1000) for b in problem.bounds)
    return replace(problem, streams=streams, bounds=bounds)


def test_ranks_of_the_paper(sketch: Any) -> None:
    """Priorities are the common deadline minus the upward ranks that the paper prints."""
    priorities = latest_starts(paper(sketch))
    found = {n: round(1000 - priorities[JobId(f"n{n}.run", 0)], 3) for n in COSTS}
    assert found == RANKS


def test_makespan_of_the_paper(sketch: Any) -> None:
    """HEFT schedules the paper's ten tasks in 80, and its proposal decodes to the same."""
    problem = paper(sketch)
    first = next(iter(Heft().propose(problem, None, (), 1)))
    table = decode(problem, first.choice, first.priority)
    assert isinstance(table, Table)
    ends = [s + problem.load(j.entry, table.choice).duration for j, s in table.starts.items()]
    assert max(ends) == 80


def test_budget_bounds_proposals(sketch: Any) -> None:
    """A proposer gives at most as many proposals as it is asked for."""
    problem = paper(sketch)
    for budget in (1, 2, 5):
        assert len(list(Heft().propose(problem, None, (), budget))) <= budget
