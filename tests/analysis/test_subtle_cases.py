"""What the checks compute where it is subtle: early samples, state, the start, reliability; and bad input."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any

import pytest
from aicompiler.metamodels.deployment import (
    CostTable,
    Deployment,
    Finding,
    JobSlot,
    Placement,
    Route,
    SolveStatus,
    TransferSlot,
    UnitSetting,
    Verdict,
)
from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    Flow,
    FlowBound,
    Periodic,
    Port,
    PortDirection,
    ReliabilityGoal,
    Unit,
    UnitKind,
)
from aicompiler.transformations.analysis import check
from alter import MS, application, both, component, constraint, decided, entry, job, slot, unclaimed, unit
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import Case, small_case


def findings(case: Any, name: str) -> list[Finding]:
    """The findings of one check."""
    return [f for f in check(case.system, case.costs, case.deployment).findings if f.check == name]


# --- samples read by data-driven jobs ---------------------------------------------------------------------


def _with_tick(start: int) -> Any:
    """A periodic component on core 2 whose value blur, driven by data, reads as a SAMPLE."""

    def port(id_: str, direction: PortDirection) -> Port:
        return Port(id=id_, direction=direction, element_type=ElementType.U8, shape=(500_000,))

    tick = Component(
        id="tick",
        entries=(Entry(id="tick.step", activation=Periodic(period_ns=20 * MS)),),
        ports=(port("tick.time", PortDirection.OUT),),
    )
    case = component(tick, (Placement(component="tick", unit="cpu", core=2),))(small_case())
    blur = next(c for c in case.system.components if c.id == "blur")
    case = application(
        "components", {"ports": (*blur.ports, port("blur.time", PortDirection.IN))}, id="blur"
    )(case)
    channel = Channel(
        id="time", source_port="tick.time", target_port="blur.time", protocol=ChannelProtocol.SAMPLE
    )
    app = replace(case.system.application, channels=(*case.system.application.channels, channel))
    system = replace(case.system, application=app)
    sent = TransferSlot(channel="time", job=0, link="bus", start_ns=(start + 1) * MS, end_ns=(start + 2) * MS)
    extended = decided(
        jobs=lambda d: (*d.jobs, job("tick.step", "cpu", 2, start)),
        transfers=lambda d: (*d.transfers, sent),
        routes=lambda d: (*d.routes, Route(channel="time", links=("bus",))),
    )
    room = (constraint(id_="k-peak", limit_uw=9000), constraint(id_="k-average", limit_uw=2000))
    return both(extended, *room)(replace(case, system=system))


def test_a_sample_must_be_there_when_a_data_driven_job_starts_early() -> None:
    """Its data may let it start long before its static release, but not before the value the rule names."""
    early, late = _with_tick(6), _with_tick(13)
    assert check(early.system, early.costs, early.deployment).failures == ()
    assert {f.check for f in check(late.system, late.costs, late.deployment).failures} == {"sample-ready"}


# --- flows ------------------------------------------------------------------------------------------------


def test_a_flow_through_the_state_of_a_component_is_measured(case: Case) -> None:
    """Within a component: the first job of the second entry that starts after the first one has ended."""
    twin = Component(
        id="twin", entries=tuple(Entry(id=f"twin.{x}", activation=Periodic(period_ns=20 * MS)) for x in "ab")
    )
    flows = (
        Flow(id="through", entries=("twin.a", "twin.b")),
        Flow(id="back", entries=("twin.b", "twin.a")),
        Flow(id="old", entries=("twin.b", "twin.a"), bound=FlowBound.DATA_AGE),
    )
    two = both(
        component(twin, (Placement(component="twin", unit="remote"),)),
        decided(jobs=lambda d: (*d.jobs, job("twin.a", "remote", 0, 11), job("twin.b", "remote", 0, 13))),
        constraint(id_="k-average", limit_uw=2000),
    )(case)
    app = replace(two.system.application, flows=flows)
    two = replace(two, system=replace(two.system, application=app, constraints=()))
    told = {f.elements[0]: f.value for n in ("reaction-time", "data-age") for f in findings(two, n)}
    assert told == {"through": 34 * MS, "back": 52 * MS, "old": 32 * MS}
    assert check(two.system, two.costs, two.deployment).failures == ()


def test_a_late_first_job_counts_for_the_reaction_at_the_start(case: Case) -> None:
    """A reader whose first job comes rounds later answers the stimuli of the start late."""
    late = both(
        unclaimed,
        entry("ctl", activation=Periodic(period_ns=20 * MS, offset_ns=80 * MS)),
        slot("ctl", 0, "cpu", start=92),
        application("flows", {"deadline_ns": None}, id="brake"),
    )(case)
    (brake, _) = findings(late, "reaction-time")
    assert brake.value == 95 * MS  # stimulus at 0, answer of the first job; 65 ms later on


# --- reliability ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fit", "hours"), [(100, 1000), (5000, 87_600), (10**6, 10**4), (0, 10**6)])
def test_reliability_follows_the_formula_and_is_rounded_down(case: Case, fit: int, hours: int) -> None:
    """1 - (1 - exp(-lambda T))^2 for two replicas: never above the exact value, within a part in 10^9."""
    goal = ReliabilityGoal(id="g", flow="alive", mission_ns=hours * 3_600_000_000_000, minimum_ppb=0)
    safe = both(unit("cpu", failure_rate_fit=fit), unit("remote", failure_rate_fit=fit), constraint(goal))(
        case
    )
    found = next(f for f in findings(safe, "reliability") if "g" in f.elements)
    exact = (1 - (1 - exp(-fit * 1e-9 * hours)) ** 2) * 1e9
    assert found.value is not None
    assert -1e-3 <= exact - found.value < 1 + 1e-3


def test_a_unit_that_cannot_fail_does_not_count(case: Case) -> None:
    """``can_fail`` false: its failure rate is not in the product."""
    goal = ReliabilityGoal(id="g", flow="alive", mission_ns=10**20, minimum_ppb=1_000_000_000)
    sure = both(constraint(goal), unit("cpu", can_fail=False))(case)
    assert {f.verdict for f in findings(sure, "reliability")} == {Verdict.PASS}


# --- bad intent -------------------------------------------------------------------------------------------

IDS = st.sampled_from(
    [
        "",
        "cam",
        "dog",
        "cam.step",
        "rec.step",
        "cpu",
        "fpga",
        "spare",
        "cpu.fast",
        "bus",
        "eth",
        "log",
        "state",
        "x",
    ],
)
NUMBERS = st.one_of(st.integers(-3, 3), st.integers(-(2**62), 2**62), st.sampled_from([MS, 20 * MS]))
GARBAGE = st.builds(
    Deployment,
    system=IDS,
    hyperperiod_ns=NUMBERS,
    status=st.sampled_from(list(SolveStatus)),
    placements=st.lists(
        st.builds(Placement, component=IDS, unit=IDS, core=NUMBERS, region=IDS, replica=NUMBERS, variant=IDS)
    ).map(tuple),
    settings=st.lists(st.builds(UnitSetting, unit=IDS, operating_point=IDS, off=st.booleans())).map(tuple),
    routes=st.lists(st.builds(Route, channel=IDS, links=st.lists(IDS).map(tuple))).map(tuple),
    jobs=st.lists(
        st.builds(JobSlot, entry=IDS, job=NUMBERS, unit=IDS, core=NUMBERS, start_ns=NUMBERS, end_ns=NUMBERS)
    ).map(tuple),
    transfers=st.lists(
        st.builds(
            TransferSlot, channel=IDS, job=NUMBERS, link=IDS, hop=NUMBERS, start_ns=NUMBERS, end_ns=NUMBERS
        )
    ).map(tuple),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(garbage=GARBAGE, keep=st.booleans())
def test_no_deployment_makes_the_checker_raise_or_pass(garbage: Deployment, keep: bool) -> None:
    """Garbage, alone or added to the correct deployment, gives findings, never a traceback or a PASS."""
    case = small_case()
    if keep:
        names = ("placements", "settings", "routes", "jobs", "transfers")
        added = {n: getattr(case.deployment, n) + getattr(garbage, n) for n in names}
        garbage = replace(case.deployment, **added)
    evidence = check(case.system, case.costs, garbage)
    assert evidence.accepted == (garbage == case.deployment)


@pytest.mark.parametrize("kind", list(UnitKind))
def test_an_empty_system_and_an_empty_platform_are_judged(case: Case, kind: UnitKind) -> None:
    """Nothing to place: accepted; units without operating points: refused, not a traceback."""
    application = replace(case.system.application, components=(), channels=(), flows=())
    platform = replace(case.system.platform, nodes=(), links=())
    bare = replace(case.system, application=application, constraints=(), platform=platform)
    nothing = replace(
        case.deployment,
        hyperperiod_ns=0,
        objectives=(),
        status=SolveStatus.FEASIBLE,
        **dict.fromkeys(("placements", "settings", "routes", "jobs", "transfers"), ()),
    )
    assert check(bare, CostTable(), nothing).accepted
    units = (Unit(id="u", kind=kind),)
    node = replace(case.system.platform.nodes[0], units=units)
    pointless = replace(bare, platform=replace(platform, nodes=(node,)))
    assert {f.check for f in check(pointless, CostTable(), nothing).failures} == {"one-setting-per-unit"}
