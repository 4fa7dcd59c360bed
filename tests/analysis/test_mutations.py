"""One alteration by hand a property: exactly the check that owns the property refuses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from aicompiler.metamodels.deployment import (
    Placement,
    Route,
    Verdict,
)
from aicompiler.metamodels.system import (
    Area,
    ChannelProtocol,
    CoLocate,
    Forbid,
    Isolate,
    Periodic,
    Pin,
    SchedulingPolicy,
    Separate,
    Sporadic,
    UnitKind,
)
from aicompiler.transformations.analysis import all_checks, check, describe_checks
from alter import (
    LONE,
    MS,
    REGION,
    STATEFUL_TWIN,
    TWIN,
    Mutation,
    altered,
    application,
    both,
    component,
    constraint,
    copy_of_transfer,
    cost,
    decided,
    entry,
    extra,
    feasible,
    job,
    objective,
    place,
    radio_through_hub,
    setting,
    slot,
    transfer,
    twin_slots,
    unclaimed,
    unit,
    with_mode,
    with_region,
    without,
    without_bandwidth,
)
from small_case import Case

Golden = Callable[[str, str], None]

# --- the table: what is altered, and what must refuse it --------------------------------------------------

MUTATIONS: list[tuple[str, str, Mutation]] = [
    # scope
    ("deployment of another system", "known-references", decided(system=lambda _: "other")),
    ("slot of an unknown entry", "known-references", extra("jobs", job("ghost", "cpu", 2, 0))),
    (
        "constraint on an unknown component",
        "known-references",
        constraint(Forbid(id="x", component="no", unit="cpu")),
    ),
    ("pin to an unknown unit", "known-references pin", constraint(Pin(id="x", component="cam", unit="no"))),
    ("two flows of one id", "unique-ids", application("flows", {"id": "brake"}, id="alive")),
    ("a mode", "supported", with_mode),
    ("fixed priorities", "supported", unit("cpu", policy=SchedulingPolicy.FIXED_PRIORITY)),
    ("an NPU", "supported", unit("gpu", kind=UnitKind.NPU)),
    ("queue with initial values", "supported", application("channels", {"initial": ("0",)}, id="image")),
    (
        "a call",
        "supported flow-connected data-age",
        application("channels", {"protocol": ChannelProtocol.CALL}, id="state"),
    ),
    # placement
    ("replica left out", "placed-once", place("dog", 1, replica=2)),
    (
        "no replica asked for",
        "placed-once",
        component(replace(LONE, replicas=0, entries=()), ()),
    ),
    (
        "replicas on one unit",
        "replicas-apart one-slot-per-job",
        both(unclaimed, place("dog", 1, unit="cpu"), slot("dog", 0, "remote", unit="cpu", start=6)),
    ),
    ("core beyond the last", "core-exists", both(place("ctl", core=3), slot("ctl", 0, "cpu", core=3))),
    ("negative core", "core-exists", both(place("ctl", core=-1), slot("ctl", 0, "cpu", core=-1))),
    ("region of no FPGA", "core-exists known-references region-area", place("stats", region="r9")),
    ("no cost row", "possible-placement", both(unclaimed, cost("show", "remote", unit="spare"))),
    ("variant without a cost row", "possible-placement", both(unclaimed, place("show", variant="show.c"))),
    ("variant of another component", "variant-owned", place("cam", variant="blur.c")),
    (
        "two settings of a unit",
        "one-setting-per-unit",
        lambda c: extra("settings", c.deployment.settings[-1])(c),
    ),
    (
        "no setting of a unit",
        "one-setting-per-unit average-power",
        both(unclaimed, without("settings", unit="spare")),
    ),
    ("operating point of another unit", "one-setting-per-unit", setting("spare", operating_point="cpu.fast")),
    ("used unit is off", "off-means-unused", both(unclaimed, setting("remote", off=True))),
    ("value stored in a unit that is off", "off-means-unused", both(unclaimed, radio_through_hub)),
    ("host time", "host-time-zero", cost("blur", "gpu", host_pre_ns=1)),
    ("best case above average", "sound-costs", cost("cam", "cpu", bcet_ns=1_600_000)),
    ("negative area", "sound-costs", cost("stats", "fpga", ff=-1)),
    # time table
    ("data without a source", "activation", component(LONE, (Placement(component="lone", unit="remote"),))),
    ("wrong hyperperiod", "hyperperiod", decided(hyperperiod_ns=lambda _: 40 * MS)),
    ("job without a slot", "one-slot-per-job", without("jobs", entry="rec.step", job=0)),
    ("job with two slots", "one-slot-per-job", extra("jobs", job("rec.step", "remote", 0, 16, length=4))),
    ("job that does not exist", "one-slot-per-job", extra("jobs", job("rec.step", "remote", 0, 16, 1, 4))),
    ("slot on another core", "slot-where-placed", slot("ctl", 0, "cpu", core=2)),
    ("slot too short", "slot-length", slot("ctl", 0, "cpu", end_ns=15 * MS - 1)),
    ("slot too long", "slot-length", slot("show", 0, "remote", start_ns=7 * MS - 1)),
    ("start before release", "slot-after-release", slot("show", 0, "remote", start=-1)),
    (
        "start within the jitter of the release",
        "slot-after-release",
        entry("show", activation=Periodic(period_ns=20 * MS, jitter_ns=7 * MS + 1)),
    ),
    ("end after the deadline", "deadline", slot("dog", 0, "remote", start=20)),
    (
        "sporadic event answered late",
        "deadline sporadic-polling",
        both(
            entry("dog", activation=Sporadic(min_interarrival_ns=20 * MS), deadline_ns=40 * MS),
            slot("dog", 0, "remote", start=20),
        ),
    ),
    (
        "polled less often than events come",
        "one-slot-per-job sporadic-polling reaction-time objective-value",
        entry("dog", activation=Sporadic(min_interarrival_ns=20 * MS - 1), deadline_ns=60 * MS),
    ),
    (
        "events without a time to answer",
        "activation reaction-time objective-value",
        entry("dog", activation=Sporadic(min_interarrival_ns=20 * MS), deadline_ns=1),
    ),
    ("circuit started too soon", "jobs-in-order", cost("stats", "fpga", interval_ns=10 * MS + 1)),
    ("jobs in the wrong order", "jobs-in-order transfer-order", slot("stats", 0, "fpga", start=14.5)),
    (
        "two entries of a component at once",
        "entries-exclusive",
        both(
            component(TWIN, (Placement(component="twin", unit="fpga"),)),
            decided(jobs=lambda d: (*d.jobs, job("twin.a", "fpga", 0, 0), job("twin.b", "fpga", 0, 0))),
        ),
    ),
    ("two entries out of turn", "turns", both(STATEFUL_TWIN, twin_slots(("b", 0), ("a", 2)))),
    (
        "two entries that share state at once",
        "entries-exclusive turns",
        both(STATEFUL_TWIN, twin_slots(("a", 0), ("b", 0))),
    ),
    (
        "an entry apart from the others of its component",
        "one-slot-per-job slot-where-placed",
        both(
            STATEFUL_TWIN,
            decided(jobs=lambda d: (*d.jobs, job("twin.a", "fpga", 0, 0), job("twin.b", "gpu", 0, 2))),
        ),
    ),
    (
        "port of another component",
        "own-ports",
        entry("stats", ports=("stats.soft", "stats.blobs", "stats.log", "ctl.state")),
    ),
    ("two jobs on a core", "no-overlap", slot("dog", 0, "cpu", start=1)),
    ("two jobs on a core, one from the round before", "no-overlap", slot("show", 0, "remote", start=4)),
    # channels
    (
        "queue filled faster than emptied",
        "queue-rates",
        both(
            entry("rec", activation=Periodic(period_ns=20 * MS), deadline_ns=30 * MS),
            application("channels", {"consume": 1}, id="log"),
        ),
    ),
    ("start before the data", "queue-precedence", slot("rec", 0, "remote", start=21)),
    ("queue read too late", "queue-capacity", slot("rec", 0, "remote", start=31)),
    ("queue too small for one job", "queue-capacity", application("channels", {"capacity": 1}, id="log")),
    # transfers
    (
        "route that leads elsewhere",
        "routes",
        both(
            unclaimed,
            decided(routes=lambda d: altered(d.routes, {"links": ("bus",)}, channel="state")),
            transfer("state", 0, 0, link="bus"),
        ),
    ),
    ("two routes", "routes", extra("routes", Route(channel="state", links=("eth",)))),
    (
        "no route",
        "routes no-superfluous-transfer objective-value",
        without("routes", channel="state"),
    ),
    ("value not transferred", "transfer-per-value", without("transfers", channel="blobs", job=1)),
    ("hop left out", "transfer-per-value", without("transfers", channel="log", job=1, hop=0)),
    ("value on the wrong link", "transfer-per-value", transfer("log", 0, 0, link="eth")),
    (
        "value transferred twice",
        "no-superfluous-transfer",
        copy_of_transfer(),
    ),
    (
        "hop beyond the route",
        "no-superfluous-transfer",
        copy_of_transfer(hop=1),
    ),
    (
        "value that nobody makes",
        "no-superfluous-transfer",
        copy_of_transfer(job=2),
    ),
    ("transfer too short", "transfer-length", transfer("blobs", 0, 0, end_ns=10 * MS - 1)),
    ("link without bandwidth", "transfer-length", without_bandwidth),
    ("transfer before the value is made", "transfer-order", transfer("image", 0, 0, start=1)),
    ("second link before the first", "transfer-order", transfer("log", 0, 1, start=10.5)),
    ("values overtake each other", "transfer-order", transfer("blobs", 0, 0, start=21)),
    ("sample later than its deadline", "sample-arrival", transfer("state", 0, 0, start=20)),
    ("two values on a link", "link-overlap", transfer("blobs", 0, 0, start=10)),
    ("two values on a link, one from the next round", "link-overlap", transfer("blobs", 1, 0, start=22)),
    # flows
    (
        "flow along no channel",
        "flow-connected reaction-time",
        application("flows", {"entries": ("cam.step", "ctl.step")}, id="brake"),
    ),
    (
        "flow without entries",
        "flow-connected reaction-time",
        application("flows", {"entries": ()}, id="alive"),
    ),
    ("reaction too slow", "reaction-time", slot("ctl", 0, "cpu", start=13)),
    ("data too old", "data-age", slot("show", 0, "remote", start=17)),
    # budgets
    ("average power", "average-power", both(unclaimed, setting("spare", off=False))),
    ("average power of a node", "average-power", constraint(id_="k-average-far", limit_uw=200)),
    ("peak power", "peak-power", both(place("dog", core=2), slot("dog", 0, "cpu", core=2))),
    ("energy", "energy-budget", constraint(id_="k-energy", limit_fj=37_627 * MS - 1)),
    ("memory", "memory", unit("cpu", memory_bytes=10_999)),
    ("area", "area", unit("fpga", fill_permille=799)),
    ("area taken by a region", "area", unit("fpga", regions=(REGION,))),
    ("region too small", "region-area", with_region(dsp=2)),
    (
        "two components in a region",
        "one-module-per-region",
        both(
            with_region(),
            place("stats", region="r1"),
            unit("fpga", regions=(replace(REGION, area=Area(id="a", lut=1000, ff=1000, bram=8, dsp=20)),)),
        ),
    ),
    # constraints
    (
        "pinned to another core",
        "pin",
        both(
            *(place(x, core=2) for x in ("cam", "dog")),
            slot("cam", 0, "cpu", core=2),
            slot("cam", 1, "cpu", core=2),
            slot("dog", 0, "cpu", core=2),
        ),
    ),
    ("pinned to another unit", "pin", constraint(Pin(id="x", component="rec", unit="cpu"))),
    ("forbidden unit", "forbid", constraint(Forbid(id="x", component="dog", unit="remote"))),
    ("not separate", "separate", constraint(Separate(id="x", components=("rec", "dog")))),
    ("not together", "co-locate", constraint(CoLocate(id="x", components=("cam", "ctl", "rec")))),
    ("not isolated", "isolate", constraint(Isolate(id="x", components=("cam", "dog")))),
    (
        "critical and uncritical on one core",
        "criticality isolate",
        both(place("ctl", core=0), slot("ctl", 0, "cpu", core=0)),
    ),
    ("reliability", "reliability", constraint(id_="k-reliable", minimum_ppb=999_550_102)),
    # claims
    ("energy claimed too low", "objective-value", both(feasible, objective(value=37_627 * MS - 1, bound=0))),
    ("energy claimed too high", "objective-value", both(feasible, objective(value=37_627 * MS + 1))),
    ("bound above the value", "objective-bound", both(feasible, objective(bound=37_627 * MS + 1))),
    ("optimal without a proof", "optimality", objective(bound=37_627 * MS - 1)),
    ("optimal without a bound", "optimality", objective(bound=None)),
    ("optimal in nothing", "optimality", decided(objectives=lambda _: ())),
]


def failing(c: Case) -> set[str]:
    """The checks that refuse a case."""
    return {f.check for f in check(c.system, c.costs, c.deployment).failures}


def test_the_correct_deployment_is_accepted(case: Case) -> None:
    """Nothing fails and nothing is assumed of the correct deployment."""
    evidence = check(case.system, case.costs, case.deployment)
    assert evidence.accepted
    assert evidence.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("refused_by", "mutation"), [m[1:] for m in MUTATIONS], ids=[m[0] for m in MUTATIONS]
)
def test_an_altered_deployment_is_refused(case: Case, refused_by: str, mutation: Mutation) -> None:
    """Exactly the checks that own the altered property fail, and they name what they speak of."""
    altered_case = mutation(case)
    assert failing(altered_case) == set(refused_by.split())
    evidence = check(altered_case.system, altered_case.costs, altered_case.deployment)
    assert all(f.message for f in evidence.failures)
    assert not evidence.accepted


def test_every_check_has_a_mutation_that_it_refuses() -> None:
    """No check is without a proof that it can fail; the others only ever tell an assumption."""
    refusing = {name for _, names, _ in MUTATIONS for name in names.split()}
    tested_elsewhere = {"sample-ready"}
    only_assume = {"queue-early-commit", "provenance"}
    assert {c.name for c in all_checks()} - refusing == tested_elsewhere | only_assume


def test_what_is_told_of_each_alteration(case: Case, golden: Golden) -> None:
    """The first sentence of every check that refuses, for all alterations: read it as a reviewer would."""
    lines = []
    for title, names, mutation in MUTATIONS:
        c = mutation(case)
        failures = check(c.system, c.costs, c.deployment).failures
        lines.append(title)
        for name in names.split():
            first = next(f for f in failures if f.check == name)
            lines.append(f"    {name}: {first.message}")
    golden("analysis/refusals.txt", "\n".join(lines) + "\n")


def test_the_list_of_checks(golden: Golden) -> None:
    """Name, category and reason of every check, as documents and reports show them."""
    described = describe_checks()
    golden("analysis/checks.txt", "".join(f"{n} ({c}): {because}\n" for n, c, because in described))
