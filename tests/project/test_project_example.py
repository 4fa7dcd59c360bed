"""The shipped example, end to end: however it is deployed, whatever is slow, the bytes are the same."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.codegen import write_project
from aicompiler.codegen.project import generate_project
from aicompiler.codegen.report import RunResult
from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.system import Pin, System, Unit, UnitKind
from aicompiler.run import RunOptions, opencl_fallback, run_project
from aicompiler.transformations.costs import estimate_costs
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import default_schedule, schedule
from aicompiler.transformations.partition import partition

HYPERPERIODS = 100  # of 100 ms: 200 periods of the camera
FEW = 4
NAP_S = 0.04

CPU = ("camera", "blur", "sobel", "blobs", "controller")
PINS = {
    "optimal": {},
    "all CPU": dict.fromkeys(CPU, "cpu0") | {"telemetry": "cpu1"},
    "forced GPU and FPGA": {"sobel": "fpga0", "controller": "gpu0"},
}
THREE = {UnitKind.CPU, UnitKind.GPU, UnitKind.FPGA}
KINDS = {"optimal": THREE, "all CPU": {UnitKind.CPU}, "forced GPU and FPGA": THREE}

Model = tuple[System, CostTable, Mapping[str, Kernel]]


@pytest.fixture(scope="module")
def model(example: Path) -> Model:
    """The example, lowered and priced."""
    system, _ = load_system(example)
    kernels = {e.id: parse_entry(c, e) for c in system.components for e in c.entries}
    return system, estimate_costs(system, schedule(system, kernels)), kernels


def deploy(model: Model, pins: Mapping[str, str], out: Path) -> Deployment:
    """Decide with ``pins`` and write the project."""
    system, costs, kernels = model
    components = {c.name: c.id for c in system.components}
    units = {u.name: u.id for u in system.units}
    pinned = tuple(Pin(id=f"pin.{c}", component=components[c], unit=units[u]) for c, u in pins.items())
    system = replace(system, constraints=(*system.constraints, *pinned))
    deployment = partition(system, costs)
    for c, u in pins.items():
        assert deployment.placement(components[c]).unit == units[u]
    scheduled = {}
    for entry, kernel in kernels.items():
        unit = system.element(Unit, deployment.placement(system.component_of(entry).id).unit)
        scheduled[entry] = default_schedule(kernel, unit)
    write_project(generate_project(system, deployment, scheduled, vectors=()), out)
    return deployment


Runs = Mapping[str, tuple[Path, Deployment, RunResult]]


@pytest.fixture(scope="module")
def runs(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Each deployment, built and run as fast as it can."""
    result = {}
    for name, pins in PINS.items():
        out = tmp_path_factory.mktemp("example") / "out"
        deployment = deploy(model, pins, out)
        ran = run_project(out, HYPERPERIODS, RunOptions(free_run=True, self_checks=False))
        result[name] = (out, deployment, ran)
    return result


def test_three_deployments_put_out_the_same_bytes(runs: Runs) -> None:
    """200 periods on CPUs alone, as the partitioner chose, and with a forced GPU and FPGA are equal."""
    first, *others = (ran for _, _, ran in runs.values())
    assert len(first.outputs) == 2
    assert all(o.values == HYPERPERIODS for o in first.outputs)
    assert len({o.sha256 for o in first.outputs}) == 2
    for other in others:
        assert other.outputs == first.outputs


@pytest.mark.parametrize("name", PINS)
def test_each_deployment_runs_where_it_says(model: Model, runs: Runs, name: str) -> None:
    """The kinds of units are the claimed ones, and every entry ran on the device of its unit."""
    system, (_, deployment, ran) = model[0], runs[name]
    kinds = {u.id: u.kind for u in system.units}
    assert {kinds[p.unit] for p in deployment.placements} == KINDS[name]
    devices = {d.unit: d.real for d in ran.devices}
    assert set(devices) == {p.unit for p in deployment.placements}
    for used in ran.times:
        unit = deployment.placement(system.component_of(used.entry).id).unit
        assert used.jobs > 0 and used.device == devices[unit]
    for use in ran.devices:
        wanted = {UnitKind.CPU: "", UnitKind.GPU: "OpenCL", UnitKind.FPGA: "C simulation"}[kinds[use.unit]]
        assert wanted in use.note


def execute(out: Path, record: Path, victim: int | None) -> dict[str, str]:
    """Digests of a short run in stretched time; the process of unit ``victim`` gets half of the time only."""
    record.mkdir()
    (program,) = (out / "build").glob("node_*")
    command = [str(program), "--periods", str(FEW), "--stretch", "2", "--record", str(record)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | opencl_fallback()) as process:
        naps = 0 if victim is None else slow_down(process, victim)
        _, text = process.communicate(timeout=60)
    assert process.returncode in (0, 3), text  # 3: a writer met a full queue, and waited
    assert victim is None or naps >= 3
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in record.iterdir()}


def slow_down(process: subprocess.Popen[bytes], victim: int) -> int:
    """Stop and continue the process of one unit until it has ended; how often."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while len(units := children.read_text().split()) <= victim:
        time.sleep(0.001)
    naps = 0
    while units[victim] in children.read_text().split():
        for number in (signal.SIGSTOP, signal.SIGCONT):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(int(units[victim]), number)
            time.sleep(NAP_S)
        naps += 1
    return naps


@pytest.fixture(scope="module")
def undisturbed(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the system on CPUs alone puts out when nobody stops it."""
    digests = execute(runs["all CPU"][0], tmp_path_factory.mktemp("undisturbed") / "record", None)
    assert len(digests) == 2
    return digests


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_slow_unit_changes_no_byte(
    runs: Runs, undisturbed: dict[str, str], tmp_path: Path, victim: int
) -> None:
    """Whichever unit gets half of its time only, what is computed is the same; deadlines may be missed."""
    assert execute(runs["forced GPU and FPGA"][0], tmp_path / "slow", victim) == undisturbed
