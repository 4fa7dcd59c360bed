"""Components with several entries: placed together, never at once, and in turns where they share state."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.diagnostics import AicError, ModelError
from aicompiler.metamodels.system import (
    Attribute,
    Component,
    ElementType,
    OnData,
    Periodic,
    System,
    UnitKind,
)
from aicompiler.transformations.analysis import check
from aicompiler.transformations.partition import PartitionOptions, partition
from aicompiler.transformations.partition.jobs import timeline
from aicompiler.transformations.partition.turns import Turns

MS = 1_000_000
STATE = Attribute(id="state", name="state", element_type=ElementType.I32)


def merged(system: System, name: str, parts: Iterable[str], *, state: bool = True) -> System:
    """The components called ``parts`` as one, each of their entries with the ports that it had."""
    chosen = [c for c in system.components if c.id in set(parts)]
    one = Component(
        id=name,
        name=name,
        source=chosen[0].source,
        entries=tuple(replace(c.entries[0], ports=tuple(p.id for p in c.ports)) for c in chosen),
        ports=tuple(p for c in chosen for p in c.ports),
        attributes=(replace(STATE, id=f"{name}.state"),) if state else (),
    )
    rest = tuple(c for c in system.components if c not in chosen)
    return replace(system, application=replace(system.application, components=(one, *rest)))


def order(deployment: Deployment, *entries: str) -> list[tuple[str, int]]:
    """The jobs of these entries as the table starts them."""
    slots = sorted((s.start_ns, s.entry, s.job) for s in deployment.jobs if s.entry in entries)
    return [(entry, job) for _, entry, job in slots]


def test_equal_turns_go_in_the_order_of_the_model(sketch: Any) -> None:
    """Two periods of one and one of the other: a0 and b0 at once, so a is first; then a1."""
    made = sketch().unit("cpu")
    made.component("a", {"cpu": MS}, 10 * MS).component("b", {"cpu": MS}, 20 * MS)
    system = merged(made.system(), "ab", "ab")
    found = partition(system, CostTable(costs=tuple(made.costs)))
    assert order(found, "a.run", "b.run") == [("a.run", 0), ("b.run", 0), ("a.run", 1)]
    flipped = replace(system.components[0], entries=system.components[0].entries[::-1])
    app = replace(system.application, components=(flipped,))
    found = partition(replace(system, application=app), CostTable(costs=tuple(made.costs)))
    assert order(found, "a.run", "b.run") == [("b.run", 0), ("a.run", 0), ("a.run", 1)]


def test_what_feeds_an_entry_has_its_turn_before(sketch: Any) -> None:
    """The model names the reader first, and both are released at once: the writer is first all the same."""
    made = sketch().unit("cpu")
    for name in ("reader", "between", "writer"):
        made.component(name, {"cpu": MS}, 10 * MS)
    made.channel("writer", "between").channel("between", "reader")
    system = merged(made.system(), "both", ("reader", "writer"))
    turns = Turns(timeline(system))
    assert turns.sharing == (("reader.run", "writer.run"),)
    assert turns.turn("writer.run", 3) < turns.turn("reader.run", 3) < turns.turn("writer.run", 4)
    found = partition(system, CostTable(costs=tuple(made.costs)))
    assert [e for e, _ in order(found, "reader.run", "writer.run")] == ["writer.run", "reader.run"]


def test_an_answer_has_its_turn_when_the_data_are_due(sketch: Any) -> None:
    """With deadlines of 3 ms on both before it, the answer's turn is at 6 ms, before the next question."""
    for limit, expected in ((None, 20 * MS), (3 * MS, 6 * MS)):
        made = sketch().unit("cpu")
        made.component("ask", {"cpu": MS}, 10 * MS, limit).component("serve", {"cpu": MS}, OnData(), limit)
        made.reader("answer", {"cpu": MS}).channel("ask", "serve").channel("serve", "answer")
        turns = Turns(timeline(merged(made.system(), "client", ("ask", "answer"))))
        assert turns.turn("answer.run", 0).instant_ns == expected
        assert turns.before("ask.run", turns.turn("answer.run", 0)) == expected // (10 * MS)


def test_entries_without_state_keep_no_order(sketch: Any) -> None:
    """Nothing passes between them, so no turn delays a job; a flow between them says that something does."""
    made = sketch().unit("cpu")
    made.component("a", {"cpu": MS}, 10 * MS).component("b", {"cpu": MS}, 20 * MS)
    assert Turns(timeline(merged(made.system(), "ab", "ab", state=False))).sharing == ()
    made.flow("through", 30 * MS, "a", "b")
    assert Turns(timeline(merged(made.system(), "ab", "ab", state=False))).sharing == (("a.run", "b.run"),)


def test_a_flow_through_state_is_bounded_as_the_checker_measures_it(sketch: Any) -> None:
    """b0 reflects a0; a1 waits for b1 at 20 ms: from 0 ms, just after a0, to the end of b1 at most 25 ms."""
    made = sketch().unit("cpu")
    made.component("a", {"cpu": MS}, 10 * MS).component("b", {"cpu": MS}, 20 * MS)
    made.flow("tight", 22 * MS, "a", "b")
    system = merged(made.system(), "ab", "ab")
    costs = CostTable(costs=tuple(made.costs))
    found = partition(system, costs)
    (told,) = [f for f in check(system, costs, found).findings if f.check == "reaction-time"]
    assert told.value == 22 * MS
    made.flows[:] = [replace(made.flows[0], deadline_ns=22 * MS - 1)]
    with pytest.raises(AicError, match="tight"):
        partition(merged(made.system(), "ab", "ab"), costs)


def test_turns_that_contradict_a_queue_are_named(sketch: Any) -> None:
    """The reader starts five rounds later, and the queue has no room for so many values."""
    made = sketch().unit("cpu")
    made.component("writer", {"cpu": MS}, 10 * MS)
    made.component("reader", {"cpu": MS}, Periodic(period_ns=10 * MS, offset_ns=50 * MS))
    made.channel("writer", "reader")
    system = merged(made.system(), "both", ("reader", "writer"))
    costs = CostTable(costs=tuple(made.costs))
    with pytest.raises(AicError):
        partition(system, costs)
    roomy = replace(system.application.channels[0], capacity=8)
    app = replace(system.application, channels=(roomy,))
    assert check(
        replace(system, application=app), costs, partition(replace(system, application=app), costs)
    ).accepted


def test_circuits_of_one_component_take_turns_too(sketch: Any) -> None:
    """On an FPGA jobs of one entry overlap; those of a component with several never do."""
    made = sketch().unit("fpga", UnitKind.FPGA)
    made.component("a", {"fpga": 4 * MS}, 10 * MS, interval=MS)
    made.component("b", {"fpga": 4 * MS}, 10 * MS, interval=MS)
    system, costs = merged(made.system(), "ab", "ab"), CostTable(costs=tuple(made.costs))
    found = partition(system, costs)
    first, second = sorted(found.jobs, key=lambda s: s.start_ns)
    assert second.start_ns >= first.end_ns
    made.component("c", {"fpga": 4 * MS}, 10 * MS, interval=MS)
    with pytest.raises(AicError):
        partition(merged(made.system(), "abc", "abc"), CostTable(costs=tuple(made.costs)))


def random_system(sketch: Any, seed: int) -> tuple[System, CostTable]:
    """Five entries on three units in one to three components, joined at random, some with state."""
    rng = random.Random(seed)
    made = (
        sketch()
        .unit("one")
        .unit("two", cores=2)
        .unit("fpga", UnitKind.FPGA)
        .link("bus", "one", "two", "fpga")
    )
    names = list("abcde")
    for number, name in enumerate(names):
        times = {
            u: rng.randint(200, 900) * 1000
            for u in ("one", "two", "fpga")
            if u == "two" or rng.random() < 0.8
        }
        fed = number and rng.random() < 0.4
        offset = rng.choice((0, 0, 3, 7)) * MS
        period = Periodic(period_ns=rng.choice((10, 20, 40)) * MS, offset_ns=offset)
        made.component(name, times, OnData() if fed else period, bcet=rng.choice((500, 1000)))
        if fed:
            made.channel(rng.choice(names[:number]), name, capacity=4)
        if number and rng.random() < 0.5:
            ends = rng.sample(names[: number + 1], 2)
            if ">".join(ends) not in {c.id for c in made.channels}:
                made.sample(*ends)
    rng.shuffle(names)
    system, groups = made.system(), rng.choice(((2, 3), (3, 2), (5,), (2, 2)))
    for group, size in enumerate(groups):
        parts, names = names[:size], names[size:]
        system = merged(system, f"group{group}", parts, state=rng.random() < 0.7)
    owners = [c.entries for c in system.components if c.attributes]
    if owners and rng.random() < 0.5:
        first, second = rng.sample(owners[0], 2)
        made.flow("through", 200 * MS, first.id.removesuffix(".run"), second.id.removesuffix(".run"))
        app = replace(system.application, flows=tuple(made.flows))
        system = replace(system, application=app)
    return system, CostTable(costs=tuple(made.costs))


def test_what_is_decided_of_random_components_is_accepted(sketch: Any) -> None:
    """Turns of both sides agree: no deployment of a random system is refused, and most have one."""
    decided = 0
    for seed in range(40):
        system, costs = random_system(sketch, seed)
        try:
            found = partition(system, costs, options=PartitionOptions(deterministic_time=1))
        except ModelError:
            raise
        except AicError:
            continue
        decided += 1
        evidence = check(system, costs, found)
        assert evidence.failures == (), (seed, evidence.failures)
    assert decided >= 30
