"""Response times under fixed priorities."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

from aicompiler.transformations.analysis.response_times import (
    Arrivals,
    Task,
    assigned,
    response_time,
    response_times,
)


def of_set(tasks: list[dict[str, Any]]) -> dict[str, int | None]:
    """The response times of a set of the benchmark data: a chain's second part follows the first."""
    found: dict[str, int | None] = {}
    arrivals: dict[str, Arrivals] = {}
    for processor in sorted({t["processor"] for t in tasks}):
        here = []
        for t in (t for t in tasks if t["processor"] == processor):
            if "after" in t:
                first = next(o for o in tasks if o["name"] == t["after"])
                response = found[t["after"]]
                assert response is not None
                arrivals[t["name"]] = arrivals[t["after"]].passed_on(response, first["bcet"])
            else:
                arrivals[t["name"]] = Arrivals(t["period"], t["jitter"])
            here.append(Task(t["name"], t["wcet"], t["priority"], arrivals[t["name"]]))
        found.update(response_times(here))
    return found


def arrivals(random: Random, periods: tuple[int, ...]) -> Arrivals:
    """Arrivals at one of the periods, with some jitter."""
    return Arrivals(random.choice(periods), random.randrange(15))


def test_equal_to_another_tool(shared: Path) -> None:
    """400 generated sets, with jitter and chains over two cores: the times that another tool computed."""
    sets = json.loads((shared / "bench" / "response_time" / "fixed_priority.json").read_text())["sets"]
    assert len(sets) == 400
    assert [of_set(s["tasks"]) for s in sets] == [s["wcrt"] for s in sets]


def test_overload_has_no_response_time() -> None:
    """A core with more work than time never answers the lowest priority."""
    high = Task("high", 60, 1, Arrivals(100))
    assert response_time(Task("low", 50, 2, Arrivals(100)), [high]) is None
    assert response_time(Task("low", 40, 2, Arrivals(100)), [high]) == 100


def test_never_below_a_simulation() -> None:
    """Jobs released at random within their jitter are never answered later than the bound."""
    for seed in range(30):
        random = Random(seed)
        tasks = [
            Task(
                str(n), random.randrange(1, 8), n, Arrivals(random.choice((20, 25, 40)), random.randrange(12))
            )
            for n in range(4)
        ]
        bounds = response_times(tasks)
        for name, seen in _simulated(tasks, random).items():
            bound = bounds[name]
            assert bound is None or seen <= bound


def _simulated(tasks: list[Task], random: Random) -> dict[str, int]:
    """The longest response seen in 2,000 instants, one unit of work an instant."""
    jobs: list[tuple[int, int, Task]] = []
    for task in tasks:
        for number in range(2000 // task.arrivals.period):
            at = number * task.arrivals.period + random.randint(0, task.arrivals.jitter)
            jobs.append((task.priority, at, task))
    left = [task.wcet for _, _, task in jobs]
    worst = dict.fromkeys((t.name for t in tasks), 0)
    for now in range(2000):
        ready = [(p, at, n) for n, (p, at, _) in enumerate(jobs) if at <= now and left[n] > 0]
        if ready:
            _, at, number = min(ready)
            left[number] -= 1
            if left[number] == 0:
                name = jobs[number][2].name
                worst[name] = max(worst[name], now + 1 - at)
    return worst


def test_priorities_are_found_where_there_are_any() -> None:
    """Priorities are found exactly where some order of all meets all deadlines."""
    for seed in range(15):
        random = Random(seed)
        tasks = [
            Task(
                str(n),
                random.randrange(1, 12),
                n,
                Arrivals(random.choice((20, 30, 45)), random.randrange(15)),
            )
            for n in range(4)
        ]
        deadlines = {t.name: random.randrange(t.wcet, 60) for t in tasks}
        some = any(_meets([*order], deadlines) for order in permutations(tasks))
        found = assigned(tasks, deadlines)
        assert (found is not None) == some
        if found is not None:
            assert _meets(sorted(found, key=lambda t: t.priority), deadlines)


def test_where_the_shortest_deadline_must_not_come_first() -> None:
    """With deadlines beyond periods, the order of deadlines may fail where another holds (Lehoczky 1990)."""
    one, two = Task("one", 52, 1, Arrivals(100)), Task("two", 52, 2, Arrivals(140))
    deadlines = {"one": 110, "two": 154}
    assert response_times([one, two]) == {"one": 52, "two": 156}
    found = assigned([one, two], deadlines)
    assert found is not None
    assert [t.name for t in found] == ["two", "one"]
    assert response_times(found) == {"two": 52, "one": 108}


def _meets(order: list[Task], deadlines: dict[str, int]) -> bool:
    times = [(t.name, response_time(t, order[:n])) for n, t in enumerate(order)]
    return all(time is not None and time <= deadlines[name] for name, time in times)
