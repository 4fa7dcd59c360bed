"""What happens when a unit fails: a checked configuration close to the normal one, or a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import (
    Cost,
    CostTable,
    Deployment,
    Evidence,
    Finding,
    Provenance,
    Verdict,
)
from aicompiler.metamodels.plan import ConfigurationKind, ReconfigurationPlan, StepKind
from aicompiler.metamodels.system import (
    Application,
    Attribute,
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
    Pin,
    Platform,
    Port,
    PortDirection,
    System,
    Unit,
    UnitKind,
)
from aicompiler.transformations.analysis import check
from aicompiler.transformations.partition import PartitionOptions, partition
from aicompiler.transformations.reconfiguration import plan_single_failures, shedding, without_unit

STATE = 1000
LEAST_CHANGE = PartitionOptions(objective="changes")


def part(name: str, activation: Any, **more: Any) -> Component:
    """A component with an input, an output and STATE bytes of state."""
    ports = tuple(
        Port(id=f"{name}.{side}", direction=PortDirection(side), element_type=ElementType.U8)
        for side in ("in", "out")
    )
    state = Attribute(id=f"{name}.state", element_type=ElementType.U8, shape=(STATE,))
    entry = Entry(id=f"{name}.step", name="step", activation=activation)
    return Component(id=name, name=name, entries=(entry,), ports=ports, attributes=(state,), **more)


def channel(a: str, b: str, protocol: ChannelProtocol) -> Channel:
    """A channel between two parts."""
    return Channel(id=f"{a}>{b}", source_port=f"{a}.out", target_port=f"{b}.in", protocol=protocol)


def small() -> System:
    """sense -> steer (criticality 1), and a log (criticality 0), on two CPUs and an idle third; 100 ns."""
    app = Application(
        id="app",
        components=(
            part("sense", Periodic(period_ns=100)),
            part("steer", OnData(), criticality=1),
            part("log", Periodic(period_ns=100)),
        ),
        channels=(
            channel("sense", "steer", ChannelProtocol.QUEUE),
            channel("steer", "log", ChannelProtocol.SAMPLE),
        ),
        flows=(Flow(id="steering", name="steering", entries=("sense.step", "steer.step"), deadline_ns=250),),
    )
    units = tuple(
        Unit(
            id=name,
            name=name,
            kind=UnitKind.CPU,
            cores=2,
            static_power_uw=power,
            operating_points=(OperatingPoint(id=f"{name}.p", frequency_hz=1, dynamic_power_uw=power),),
        )
        for name, power in (("a", 10), ("b", 20), ("c", 90))
    )
    bus = Link(id="bus", kind=LinkKind.BUS, ends=("a", "b", "c"), latency_ns=1, bandwidth_bytes_per_s=10**9)
    return System(
        id="sys", application=app, platform=Platform(id="p", nodes=(Node(id="n", units=units),), links=(bus,))
    )


def costs_of(system: System, times: dict[tuple[str, str], int]) -> CostTable:
    """Costs of each component on the units for which it has a time."""
    return CostTable(
        costs=tuple(
            Cost(
                entry=f"{component}.step",
                unit=unit.id,
                operating_point=f"{unit.id}.p",
                bcet_ns=time,
                acet_ns=time,
                wcet_ns=time,
                interval_ns=time,
                energy_fj=time * unit.operating_points[0].dynamic_power_uw,
                provenance=Provenance.ANNOTATED,
            )
            for (component, where), time in times.items()
            for unit in system.units
            if unit.id == where
        )
    )


EVERYWHERE = {(c, u): 20 for c in ("sense", "steer", "log") for u in "abc"}


def planned(
    system: System, times: dict[tuple[str, str], int] = EVERYWHERE
) -> tuple[Deployment, ReconfigurationPlan]:
    """The normal deployment and the plan, as the pipeline makes them."""
    costs = costs_of(system, times)
    normal = partition(system, costs)
    plan = plan_single_failures(
        system,
        normal,
        decide=lambda rest: partition(rest, costs, normal, LEAST_CHANGE),
        check=lambda rest, deployment: check(rest, costs, deployment),
    )
    return normal, plan


def constrained(system: System, *constraints: Any) -> System:
    """The system with more constraints."""
    return replace(system, constraints=(*system.constraints, *constraints))


def pins(homes: dict[str, str]) -> list[Pin]:
    """A pin for each component."""
    return [Pin(id=f"pin.{component}", component=component, unit=unit) for component, unit in homes.items()]


def limited(system: System, outage: int) -> System:
    """The system whose flow may be silent for that long, and in which all are equally critical."""
    flow = replace(system.application.flows[0], max_outage_ns=outage)
    equals = tuple(replace(c, criticality=0) for c in system.components)
    return replace(system, application=replace(system.application, flows=(flow,), components=equals))


def reasons(plan: ReconfigurationPlan) -> dict[str, str]:
    """Why conditions are not covered."""
    return {u.condition: u.reason for u in plan.uncovered}


def test_a_failing_unit_is_left() -> None:
    """Everything on the failed unit runs on the others, in a checked degraded configuration."""
    normal, plan = planned(small())
    assert {p.unit for p in normal.placements} == {"a"}
    found = next(c for c in plan.configurations if c.id == "configuration.without.a")
    assert found.kind is ConfigurationKind.DEGRADED
    assert {p.unit for p in found.deployment.placements} == {"b"}
    assert plan.uncovered == ()


def test_an_idle_unit_changes_nothing() -> None:
    """Where nothing runs on the failed unit, the normal table goes on, without a step or an outage."""
    normal, plan = planned(small())
    found = next(c for c in plan.configurations if c.id == "configuration.without.c")
    assert found.deployment.jobs == normal.jobs
    change = next(t for t in plan.transitions if t.destination == found.id)
    assert (change.steps, change.worst_ns, change.outages) == ((), 0, ())


def test_as_little_as_possible_changes() -> None:
    """What ran elsewhere stays there, though all on one unit would take less energy."""
    homes = {"sense": "a", "steer": "a", "log": "b"}
    free = small()
    costs = costs_of(free, EVERYWHERE)
    normal = partition(constrained(free, *pins(homes)), costs)
    found = partition(free, costs, normal, LEAST_CHANGE)
    assert {p.component: p.unit for p in found.placements} == homes
    assert next((o.name, o.value, o.bound) for o in found.objectives) == ("changes", 0, 0)
    assert partition(free, costs, normal).placement("log").unit == "a"
    rest = partition(without_unit(free, "a"), costs, normal, LEAST_CHANGE)
    assert [(o.name, o.value) for o in rest.objectives][:1] == [("changes", 2)]
    assert rest.placement("log").unit == "b"


def test_a_pinned_component_is_uncovered() -> None:
    """A critical component pinned to the failed unit leaves no configuration, and the reason names it."""
    _, plan = planned(constrained(small(), Pin(id="pin", component="steer", unit="a")))
    assert "'steer' must run on a" in reasons(plan)["condition.a.failed"]


def test_the_least_critical_is_given_up() -> None:
    """Where not all have a place, the critical components and what they need stay: a fail-safe."""
    system = constrained(small(), Pin(id="pin", component="log", unit="a"))
    _, plan = planned(system)
    found = next(c for c in plan.configurations if c.id == "configuration.without.a")
    assert (found.kind, found.shed) == (ConfigurationKind.FAIL_SAFE, ("log",))
    assert {p.component for p in found.deployment.placements} == {"sense", "steer"}


def test_what_is_needed_is_kept() -> None:
    """Shedding keeps what critical components need upstream, whatever its criticality."""
    assert list(shedding(small())) == [frozenset({"sense", "steer"})]


def test_no_time_left_is_uncovered() -> None:
    """Where no unit that is left is fast enough, the reason is the solver's, for every set that was tried."""
    slow = {key: time * (1 if key[1] == "a" else 12) for key, time in EVERYWHERE.items()}
    _, plan = planned(small(), slow)
    reason = reasons(plan)["condition.a.failed"]
    assert reason.count("component 'sense' takes longer than the hyperperiod of 100 ns") == 2
    assert "; without 'log': " in reason


def test_what_failed_starts_anew() -> None:
    """What ran on the failed unit is loaded and started elsewhere; its state is lost, so nothing is moved."""
    normal, plan = planned(small())
    change = next(t for t in plan.transitions if t.destination == "configuration.without.a")
    kinds = [s.kind for s in change.steps if s.component == "sense"]
    assert kinds == [StepKind.LOAD, StepKind.START]
    assert change.worst_ns == 100 + max(0, max(j.end_ns for j in normal.jobs) - 100)


def test_state_is_handed_over() -> None:
    """A component that leaves a surviving unit takes its state over the link, which takes its time."""
    system = small()
    costs = costs_of(system, EVERYWHERE)
    homes = {"sense": "a", "steer": "b", "log": "b"}
    normal = partition(constrained(system, *pins(homes)), costs)
    new = partition(constrained(system, *pins(dict.fromkeys(homes, "c"))), costs)
    plan = plan_single_failures(system, normal, lambda _: new, lambda *_: Evidence())
    change = next(t for t in plan.transitions if t.destination == "configuration.without.b")
    moves = [(s.component, s.worst_ns) for s in change.steps if s.kind is StepKind.MOVE_STATE]
    assert moves == [("sense", STATE + 1)]
    past = max(0, max(j.end_ns for j in normal.jobs) - 100)
    assert change.worst_ns == 100 + past + STATE + 1


@pytest.mark.parametrize(("spare", "covered"), [(0, True), (-1, False)])
def test_outages_are_limited(spare: int, covered: bool) -> None:
    """A configuration whose flow would be silent for longer than it may be is refused, to the nanosecond."""
    _, plan = planned(limited(small(), 10**9))
    change = next(t for t in plan.transitions if t.destination == "configuration.without.a")
    (outage,) = change.outages
    assert outage.worst_ns > 100 + change.worst_ns
    _, plan = planned(limited(small(), outage.worst_ns + spare))
    assert ("condition.a.failed" not in reasons(plan)) is covered
    if not covered:
        assert f"and would be for {outage.worst_ns} ns" in reasons(plan)["condition.a.failed"]


def test_nothing_is_believed() -> None:
    """A deployment that the check refuses is no configuration."""
    system = small()
    costs = costs_of(system, EVERYWHERE)
    normal = partition(system, costs)
    refusal = Finding(check="x", verdict=Verdict.FAIL, message="no good")
    plan = plan_single_failures(
        system, normal, lambda rest: partition(rest, costs), lambda *_: Evidence(findings=(refusal,))
    )
    assert len(plan.configurations) == 1
    assert all("no good" in u.reason for u in plan.uncovered) and len(plan.uncovered) == 3
