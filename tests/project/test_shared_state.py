"""Entries that share the state of a component: wherever it is placed, its jobs take turns by the rules."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aicompiler.codegen import write_project
from aicompiler.metamodels import xmi
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.plan import StepKind
from aicompiler.metamodels.system import (
    Application,
    Area,
    Attribute,
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    ExecutionTime,
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
from aicompiler.run import RunOptions, run_project
from aicompiler.transformations.analysis import check
from aicompiler.transformations.importers import validate
from aicompiler.transformations.kernels import signature_of
from aicompiler.transformations.partition import partition
from aicompiler.transformations.reconfiguration import plan_single_failures

Case = Any  # tests/project/conftest.py: a system with a decision, and generate()
Decide = Callable[..., Case]
MS = 1_000_000
PERIODS = 200
I32 = ElementType.I32


def port(name: str, direction: PortDirection, *shape: int) -> Port:
    return Port(id=name, name=name.rpartition(".")[2], direction=direction, element_type=I32, shape=shape)


def entry(
    name: str, activation: Periodic | OnData, body: str, *ports: str, deadline: int | None = None
) -> Entry:
    kinds = ((UnitKind.CPU, 300_000), (UnitKind.GPU, 200_000), (UnitKind.FPGA, 100_000))
    return Entry(
        id=name,
        name=name.rpartition(".")[2],
        activation=activation,
        deadline_ns=deadline,
        behaviours=(Behaviour(id=f"{name}.body", language="C", body=body),) if body else (),
        times=tuple(ExecutionTime(id=f"{name}.{k.value}", unit_kind=k, wcet_ns=t) for k, t in kinds),
        ports=ports,
    )


SOURCE = Component(
    id="source",
    name="source",
    entries=(entry("source.step", Periodic(period_ns=10 * MS), "x = k * 7 % 11;\nk = k + 1;"),),
    ports=(port("source.x", PortDirection.OUT),),
    attributes=(Attribute(id="source.k", name="k", element_type=I32),),
)
COUNTER = Component(
    id="counter",
    name="counter",
    entries=(
        entry(
            "counter.count",
            Periodic(period_ns=10 * MS),
            "for (int i = 0; i < 8; i++) { bins[i] = bins[i] + x * (i + 1); }",
            "counter.x",
        ),
        entry(
            "counter.report",
            Periodic(period_ns=20 * MS),
            "for (int i = 0; i < 8; i++) { y[i] = bins[i] + reports; bins[i] = bins[i] / 2; }\n"
            "reports = reports + 1;",
            "counter.y",
        ),
    ),
    ports=(port("counter.y", PortDirection.OUT, 8), port("counter.x", PortDirection.IN)),
    attributes=(
        Attribute(id="counter.bins", name="bins", element_type=I32, shape=(8,), default=("3",)),
        Attribute(id="counter.reports", name="reports", element_type=I32),
    ),
)
SINK = Component(
    id="sink",
    name="sink",
    entries=(entry("sink.step", OnData(), "for (int i = 0; i < 8; i++) { z[i] = y[i] * 2; }"),),
    ports=(port("sink.y", PortDirection.IN, 8), port("sink.z", PortDirection.OUT, 8)),
)


def unit(name: str, kind: UnitKind, **more: Any) -> Unit:
    point = OperatingPoint(id=f"{name}.op", frequency_hz=10**9, dynamic_power_uw=1000)
    return Unit(id=name, name=name, kind=kind, operating_points=(point,), memory_bytes=1 << 20, **more)


AREA = Area(id="fpga.area", lut=100_000, ff=200_000, bram=500, dsp=500)
SYSTEM = System(
    id="shared",
    name="shared",
    application=Application(
        id="app",
        components=(SOURCE, COUNTER, SINK),
        channels=(
            Channel(id="x", source_port="source.x", target_port="counter.x", protocol=ChannelProtocol.QUEUE),
            Channel(id="y", source_port="counter.y", target_port="sink.y", protocol=ChannelProtocol.QUEUE),
        ),
        flows=(
            Flow(
                id="through",
                name="through",
                entries=("source.step", "counter.count", "counter.report", "sink.step"),
                deadline_ns=60 * MS,
            ),
        ),
    ),
    platform=Platform(
        id="platform",
        nodes=(
            Node(
                id="board",
                name="board",
                units=(
                    unit("one", UnitKind.CPU),
                    unit("two", UnitKind.CPU, cores=2),
                    unit("gpu", UnitKind.GPU, ops_per_cycle=64, launch_overhead_ns=1000),
                    unit("fpga", UnitKind.FPGA, area=AREA),
                ),
            ),
        ),
        links=(
            Link(
                id="bus",
                name="bus",
                kind=LinkKind.BUS,
                ends=("one", "two", "gpu", "fpga"),
                bandwidth_bytes_per_s=10**9,
                latency_ns=1000,
            ),
        ),
    ),
)
DEPLOYMENTS = (
    {"source": "one", "counter": "one", "sink": "one"},
    {"source": "one", "counter": "gpu", "sink": "two"},
    {"source": "gpu", "counter": "two", "sink": "gpu"},
    {"source": "two", "counter": "fpga", "sink": "one"},
)


def expected() -> bytes:
    """The rules by hand: count job j takes value j; report job j comes right after count job 2 j."""
    bins, outputs = [3] * 8, []
    for j in range(2 * PERIODS):
        x = j * 7 % 11
        bins = [b + x * (i + 1) for i, b in enumerate(bins)]
        if j % 2 == 0:
            outputs += [2 * (b + j // 2) for b in bins]
            bins = [b // 2 for b in bins]
    return struct.pack(f"<{len(outputs)}i", *outputs)


@pytest.mark.parametrize("pins", DEPLOYMENTS, ids=["one", "gpu", "two", "fpga"])
def test_outputs_follow_from_turns_wherever_the_component_is(
    pins: dict[str, str], decide: Decide, tmp_path: Path
) -> None:
    """200 hyperperiods on a CPU, a GPU, another CPU and as two circuits give what the rules say."""
    case = decide(SYSTEM, **pins)
    assert check(case.system, case.costs, case.deployment).failures == ()
    write_project(case.generate(vectors=()), tmp_path / "out")
    options = RunOptions(free_run=True, self_checks=False)
    result = run_project(tmp_path / "out", PERIODS, options)
    assert {o.element: o.sha256 for o in result.outputs} == {"sink.z": hashlib.sha256(expected()).hexdigest()}


@pytest.mark.long
def test_each_entry_has_its_self_check_and_the_whole_is_that_of_the_reference(
    decide: Decide, tmp_path: Path
) -> None:
    """Kernels of both entries agree with the interpreter in each language, the system with its sequence."""
    case = decide(SYSTEM, **DEPLOYMENTS[1])
    write_project(case.generate(), tmp_path / "out")
    result = run_project(tmp_path / "out", 3, RunOptions(free_run=True))
    assert all(c.passed for c in result.self_checks)
    kernels = ("source_step", "counter_count", "counter_report", "sink_step")
    wanted = {f"reduced_{k}.{t}" for k in kernels for t in ("c", "opencl", "hls")}
    assert {c.name for c in result.self_checks} >= {"system", *wanted}


def test_parameters_are_the_ports_of_the_entry_in_model_order_then_the_shared_state() -> None:
    """Two bodies of one component see their own ports and the same attributes."""
    names = [[p.name for p in signature_of(COUNTER, e).parameters] for e in COUNTER.entries]
    assert names == [["x", "bins", "reports"], ["y", "bins", "reports"]]


def test_the_model_survives_as_xmi_and_is_sound(tmp_path: Path) -> None:
    """Ports of entries are saved and read back, and no rule has anything to say."""
    for name, content in xmi.save({"shared.system.xmi": SYSTEM}).items():
        (tmp_path / name).write_bytes(content)
    assert xmi.load(tmp_path / "shared.system.xmi") == SYSTEM
    assert validate(SYSTEM) == []


def test_state_has_one_storage_that_all_entries_of_the_component_name(decide: Decide) -> None:
    """Both rows of parameters of the component's file point to the same array, which is defined once."""
    case = decide(SYSTEM, **DEPLOYMENTS[1])
    files = {f.path: f.content.decode() for f in case.generate(vectors=()).files if f.path.endswith(".c")}
    text = files["src/components/counter.c"]
    assert text.count("static int32_t aic_state_bins[8] = ") == 1
    assert text.count("aic_state_bins,") == 2


def test_an_entry_without_a_body_gets_a_stub_of_its_own_ports_and_the_state(decide: Decide) -> None:
    """The hand-written part of a component shares the state of the generated part."""
    bare = replace(COUNTER, entries=(COUNTER.entries[0], replace(COUNTER.entries[1], behaviours=())))
    app = replace(SYSTEM.application, components=(SOURCE, bare, SINK))
    case = decide(replace(SYSTEM, application=app), **DEPLOYMENTS[0])
    files = {f.path: f.content.decode() for f in case.generate(vectors=()).files if f.path.endswith(".c")}
    stub = files["user/counter_report.c"]
    assert "void counter_report(int32_t *y /* [8] */, int32_t *bins /* [8] */, int32_t *reports)" in stub
    assert "counter.report has no behaviour" in stub


def test_shared_state_moves_once_when_a_unit_fails(decide: Decide) -> None:
    """Of a component with two entries there is one step each, and the plan on what is left is accepted."""
    case = decide(SYSTEM, counter="two", sink="two")
    free = replace(case.system, constraints=())
    plan = plan_single_failures(
        free,
        case.deployment,
        lambda rest: partition(rest, case.costs, case.deployment),
        lambda rest, found: check(rest, case.costs, found),
    )
    assert not plan.uncovered
    (change,) = [t for t in plan.transitions if t.destination == "configuration.without.two"]
    steps = [s.kind for s in change.steps if s.component == "counter"]
    assert len(steps) == len(set(steps)) and StepKind.START in steps
    (new,) = [c for c in plan.configurations if c.id == "configuration.without.two"]
    assert len({s.unit for s in new.deployment.jobs if s.entry.startswith("counter.")}) == 1


def test_memory_of_shared_state_counts_once(decide: Decide) -> None:
    """State of 36 bytes, one scalar port and one of 32 bytes: 72 bytes on a unit without local arrays."""
    case = decide(SYSTEM, **DEPLOYMENTS[0])
    rows = [c for c in case.costs.costs if c.entry.startswith("counter.") and c.unit == "one"]
    assert sum(r.memory_bytes for r in rows) == 36 + 4 + 32


def test_two_entries_of_one_c_name_are_refused(decide: Decide) -> None:
    """Functions and files are called by component and entry: equal names are an error at the second."""
    twice = replace(COUNTER, entries=(COUNTER.entries[0], replace(COUNTER.entries[1], name="count")))
    app = replace(SYSTEM.application, components=(SOURCE, twice, SINK))
    case = decide(replace(SYSTEM, application=app), **DEPLOYMENTS[0])
    with pytest.raises(ModelError, match="counter_count"):
        case.generate(vectors=())


def test_the_partitioner_says_which_port_nobody_uses(decide: Decide) -> None:
    """A system that skipped validation is refused at the port."""
    nobody = replace(COUNTER, entries=tuple(replace(e, ports=()) for e in COUNTER.entries))
    case = decide(SYSTEM, **DEPLOYMENTS[0])
    app = replace(SYSTEM.application, components=(SOURCE, nobody, SINK))
    with pytest.raises(ModelError, match="is used by 0 of its 2 entries"):
        partition(replace(SYSTEM, application=app), case.costs)


def test_the_checker_refuses_a_port_of_two_entries_and_of_none(decide: Decide) -> None:
    """Whatever the table says: a port that both entries name, or neither, joins nothing."""
    case = decide(SYSTEM, **DEPLOYMENTS[0])
    for ports, users in ((("counter.x", "counter.y"), 2), ((), 0)):
        count, report = COUNTER.entries
        wrong = replace(COUNTER, entries=(replace(count, ports=ports), replace(report, ports=("counter.y",))))
        app = replace(case.system.application, components=(SOURCE, wrong, SINK))
        failures = check(replace(case.system, application=app), case.costs, case.deployment).failures
        told = [f.message for f in failures if f.check == "supported"]
        assert any(f"which {users} entries use instead of one" in text for text in told)
