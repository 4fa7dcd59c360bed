"""The rules of the table, one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import SolveStatus
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.system import (
    CoLocate,
    Forbid,
    Isolate,
    PeakPower,
    Pin,
    Separate,
    Sporadic,
    UnitKind,
)
from aicompiler.transformations.partition import (
    PROPOSERS,
    JobId,
    PartitionOptions,
    Table,
    build_problem,
    decode,
    partition,
)
from aicompiler.transformations.partition._build import HORIZON, choose_scale
from aicompiler.transformations.partition._text import quantity
from aicompiler.transformations.partition.heft import Heft
from aicompiler.transformations.partition.timetable import Calendar

Valid = Callable[..., None]


def test_constraints_are_kept(sketch: Any, valid: Valid) -> None:
    """Pin with core, forbid, separate, isolate and co-locate hold, against what energy would prefer."""
    build = sketch().unit("a", cores=3).unit("b", static=10_000).link("bus", "a", "b")
    for name in "pqrstu":
        build.component(name, {"a": 1, "b": 5}, 100)
    build.given(
        Pin(id="1", component="p", unit="a", core=2),
        Forbid(id="2", component="q", unit="a"),
        Separate(id="3", components=("r", "s")),
        CoLocate(id="4", components=("q", "s", "t")),
        Isolate(id="5", components=("p", "r", "u")),
    )
    system, costs = build.both()
    found = partition(system, costs)
    valid(system, costs, found)
    seats = {p.component: (p.unit, p.core) for p in found.placements}
    assert seats["p"] == ("a", 2)
    assert [seats[c][0] for c in "qst"] == ["b"] * 3
    assert seats["r"][0] == "a"
    assert len({seats[c] for c in "pru"}) == 3


def test_criticality_isolates(sketch: Any) -> None:
    """Components of different criticality get different cores without being asked to."""
    build = sketch().unit("a", cores=2)
    build.component("p", {"a": 1}, 100).component("q", {"a": 1}, 100, criticality=1)
    cores = {p.core for p in partition(*build.both()).placements}
    assert cores == {0, 1}


def test_peak_power_packs_cores(sketch: Any) -> None:
    """A peak budget for one busy core puts everything on one."""
    build = sketch().unit("a", cores=2, static=5, dynamic=100)
    build.component("p", {"a": 30}, 100).component("q", {"a": 30}, 100)
    found = partition(*build.given(PeakPower(id="x", limit_uw=105)).both())
    assert {p.core for p in found.placements} == {0}


def test_slots_may_run_into_the_next_round(sketch: Any, valid: Valid) -> None:
    """A chain longer than the hyperperiod is pipelined; its slots do not meet those of the next round."""
    build = sketch().unit("a", cores=1).unit("b", cores=1).link("bus", "a", "b", latency=5)
    build.component("p", {"a": 90}, 100).reader("q", {"b": 90}).channel("p", "q")
    system, costs = build.both()
    found = partition(system, costs)
    valid(system, costs, found)
    assert max(j.end_ns for j in found.jobs) > found.hyperperiod_ns


def test_circuits_are_pipelined(sketch: Any, valid: Valid) -> None:
    """On an FPGA the next job starts after the interval, before the job has ended."""
    build = sketch().unit("f", UnitKind.FPGA).component("p", {"f": 250}, 100, deadline=300, interval=40)
    system, costs = build.both()
    found = partition(system, costs)
    valid(system, costs, found)
    assert (found.jobs[0].end_ns - found.jobs[0].start_ns, found.hyperperiod_ns) == (250, 100)


def test_values_hop_through_units(sketch: Any, valid: Valid) -> None:
    """Without a direct link values cross two links, and the unit between them stays on."""
    build = sketch().unit("a").unit("hub", static=3).unit("b")
    build.link("l1", "a", "hub", latency=4).link("l2", "hub", "b", latency=6)
    build.component("p", {"a": 5}, 100).reader("q", {"b": 5}).channel("p", "q", 10)
    system, costs = build.both()
    found = partition(system, costs)
    valid(system, costs, found)
    assert found.routes[0].links == ("l1", "l2")
    assert [(t.hop, t.end_ns - t.start_ns) for t in found.transfers] == [(0, 14), (1, 16)]
    assert not found.setting("hub").off


def test_routes_are_shortest_then_least_id(sketch: Any) -> None:
    """Of equally fast links the one with the least id is taken."""
    build = (
        sketch().unit("a").unit("b").link("z", "a", "b").link("m", "a", "b").link("slow", "a", "b", latency=9)
    )
    build.component("p", {"a": 5}, 100).reader("q", {"b": 5}).channel("p", "q", 10)
    assert partition(*build.both()).routes[0].links == ("m",)


def test_full_queue_holds_the_producer(sketch: Any, valid: Valid) -> None:
    """A producer does not commit into a full queue, even if it ends as early as it can."""
    build = sketch().unit("a").unit("b").link("bus", "a", "b")
    build.component("p", {"a": 10}, 50, bcet=100).reader("q", {"b": 60}, deadline=400)
    build.channel("p", "q", capacity=2, consume=2)
    system, costs = build.both()
    found = partition(system, costs)
    valid(system, costs, found)
    reader = next(j for j in found.jobs if j.entry == "q.run")
    third = next(j for j in found.jobs if (j.entry, j.job) == ("p.run", 0))
    assert reader.end_ns <= third.start_ns + found.hyperperiod_ns + 1


@pytest.mark.parametrize(("deadline", "polls"), [(200, 1), (None, 2), (199, 2), (30, 10)])
def test_sporadic_entries_are_polled(sketch: Any, deadline: int, polls: int) -> None:
    """Polls are the longest that divide the hyperperiod and leave half the deadline for an answer."""
    build = sketch().unit("a").component("p", {"a": 20}, 100)
    build.component("alarm", {"a": 5}, Sporadic(min_interarrival_ns=100), deadline)
    slots = [j for j in partition(*build.both()).jobs if j.entry == "alarm.run"]
    assert len(slots) == polls
    period = 100 // polls
    assert all(j.end_ns - (j.job - 1) * period <= (deadline or 100) for j in slots)


def test_polling_follows_from_the_model_alone(sketch: Any, valid: Valid) -> None:
    """Slower units do not change how often a sporadic entry is polled, nor when its polls are due."""
    for time in (1, 24):
        build = sketch().unit("a").unit("b").link("bus", "a", "b").component("p", {"a": 20}, 100)
        build.component("alarm", {"b": time}, Sporadic(min_interarrival_ns=70)).sample("alarm", "p")
        build.reader("log", {"a": 1}).channel("alarm", "log")
        system, costs = build.both()
        valid(system, costs, partition(system, costs))
        timings = build_problem(system, costs).line.timings
        assert (timings["alarm.run"].period_ns, timings["alarm.run"].deadline_ns) == (25, 45)
        assert (timings["log.run"].period_ns, timings["log.run"].deadline_ns) == (25, 90)


def test_previous_deployment_wins_ties(sketch: Any) -> None:
    """Where several placements are best, the earlier deployment's stays."""
    build = sketch().unit("a").unit("b").component("p", {"a": 5, "b": 5}, 100)
    system, costs = build.both()
    forced = build.given(Pin(id="pin", component="p", unit="b")).both()
    old = partition(*forced)
    assert partition(system, costs).placement("p").unit == "a"
    assert partition(system, costs, previous=old).placement("p").unit == "b"


def test_never_worse_than_the_heuristic(sketch: Any) -> None:
    """With hardly any solver time the heuristic's table is kept, feasible with a bound below it."""
    build = sketch().unit("a", cores=2, slow=100).unit("b", slow=50).link("bus", "a", "b")
    for n in range(8):
        build.component(f"c{n}", {"a": 10 + n, "b": 9 + n}, 100)
    system, costs = build.both()
    alone = partition(system, costs, options=PartitionOptions(deterministic_time=0))
    brief = partition(system, costs, options=PartitionOptions(deterministic_time=1e-6))
    assert brief.status is SolveStatus.FEASIBLE
    assert brief.objectives[0].value <= alone.objectives[0].value
    assert 0 <= (brief.objectives[0].bound or 0) <= brief.objectives[0].value


def test_optimum_does_not_need_a_proposer(sketch: Any) -> None:
    """The solver finds the same optimum with and without the heuristic's hint."""
    build = sketch().unit("a", cores=2, slow=100).unit("b", slow=50).link("bus", "a", "b")
    for n in range(4):
        build.component(f"c{n}", {"a": 10 + n, "b": 9 + n}, 100)
    system, costs = build.both()
    without = partition(system, costs, options=PartitionOptions(proposers=()))
    hinted = partition(system, costs)
    assert without.proposer == "cp-sat"
    assert without.objectives == hinted.objectives


def test_awkward_hyperperiod(sketch: Any, valid: Valid) -> None:
    """A hyperperiod that no tick divides (a prime number of ns) still gives a table that holds in ns."""
    prime = 16_666_669
    build = sketch().unit("a").unit("b").link("bus", "a", "b", latency=1_234_567)
    build.component("p", {"a": 9_000_001}, prime).reader("q", {"b": 16_000_003}).channel("p", "q", 1000)
    build.component("r", {"a": 7_000_003}, prime)
    system, costs = build.both()
    valid(system, costs, partition(system, costs))


def test_scale() -> None:
    """Ticks are exact where they can be, divide the hyperperiod where they should, and bound the horizon."""
    assert choose_scale(100, 200, (10, 50)).tick == 10
    coarse = choose_scale(40_000_000, 160_000_000, (7,))
    assert (40_000_000 % coarse.tick, coarse.slack) == (0, 0)
    assert 160_000_000 // coarse.tick <= HORIZON
    assert choose_scale(16_666_669, 33_333_338, (7,)).slack == 3


def test_calendar_is_modular() -> None:
    """A slot that runs past the period blocks the begin of the period, and can be taken back."""
    calendar = Calendar(100)
    calendar.book(90, 20)
    assert calendar.fit(0, 5) == 10
    assert calendar.fit(85, 10) == 110
    assert calendar.fit(0, 81) is None
    calendar.cancel(90, 20)
    assert calendar.fit(85, 100) == 85


def test_quantities_are_exact() -> None:
    """Messages print quantities in the largest fitting unit without losing a digit."""
    assert [quantity(v, "ns") for v in (0, 999, 1500, 40_000_000, 33_333_333)] == [
        "0 ns",
        "999 ns",
        "1.5 us",
        "40 ms",
        "33.333333 ms",
    ]


def test_every_proposal_decodes_or_says_why(sketch: Any) -> None:
    """Each proposer of the table proposes placements that decode to a table or to a reason."""
    build = sketch().unit("a", slow=100).unit("b", UnitKind.GPU).link("bus", "a", "b", latency=3)
    build.component("p", {"a": 10}, 100).reader("q", {"a": 30, "b": 2}).channel("p", "q", 4)
    problem = build_problem(*build.both())
    for name in PROPOSERS:
        proposals = list(PROPOSERS.load(name)().propose(problem, None, (), 8))
        assert proposals
        assert any(isinstance(decode(problem, p.choice, p.priority), Table) for p in proposals)


def test_missed_deadline_is_named(sketch: Any) -> None:
    """A placement that is late says which job, when it would end, and what it misses."""
    build = sketch().unit("a").unit("b").component("p", {"a": 5, "b": 50}, 100, deadline=20)
    problem = build_problem(*build.both())
    proposal = next(iter(Heft().propose(problem, None, (), 1)))
    late = decode(problem, replace(proposal.choice, seats={"p": ("b", 0)}), proposal.priority)
    assert not isinstance(late, Table)
    assert (late.job, late.reason and late.reason.element) == (JobId("p.run", 0), "p.run")
    assert late.end is not None and late.latest is not None and late.end > late.latest


def test_no_route(sketch: Any) -> None:
    """A channel between units that no link connects is named."""
    build = sketch().unit("a").unit("b").component("p", {"a": 5}, 100).reader("q", {"b": 5}).channel("p", "q")
    with pytest.raises(Infeasible, match="channel 'p>q' has no route from a to b"):
        partition(*build.both())
