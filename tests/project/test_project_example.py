"""The shipped example, end to end: three deployments of it put out the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.codegen import write_project
from aicompiler.codegen.project import generate_project
from aicompiler.codegen.report import RunResult
from aicompiler.metamodels.deployment import CostTable
from aicompiler.metamodels.system import Pin, System, Unit, UnitKind
from aicompiler.run import RunOptions, run_project
from aicompiler.transformations.costs import estimate_costs
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import default_schedule, schedule
from aicompiler.transformations.partition import partition

HYPERPERIODS = 100  # of 100 ms: 200 periods of the camera

CPU = ("camera", "blur", "sobel", "blobs", "controller")
PINS = {
    "optimal": {},
    "all CPU": dict.fromkeys(CPU, "cpu0") | {"telemetry": "cpu1"},
    "forced GPU and FPGA": {"sobel": "fpga0", "controller": "gpu0"},
}

Model = tuple[System, CostTable, Mapping[str, Kernel]]


@pytest.fixture(scope="module")
def model(example: Path) -> Model:
    """The example, lowered and priced."""
    system, _ = load_system(example)
    kernels = {e.id: parse_entry(c, e) for c in system.components for e in c.entries}
    return system, estimate_costs(system, schedule(system, kernels)), kernels


def run(model: Model, pins: Mapping[str, str], out: Path) -> RunResult:
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
    write_project(generate_project(system, costs, deployment, scheduled, vectors=()), out)
    return run_project(out, HYPERPERIODS, RunOptions(free_run=True, self_checks=False))


def test_three_deployments_put_out_the_same_bytes(model: Model, tmp_path: Path) -> None:
    """200 periods on CPUs alone, as the partitioner chose, and with a forced GPU and FPGA are equal."""
    results = {name: run(model, pins, tmp_path / name.replace(" ", "_")) for name, pins in PINS.items()}
    first, *others = results.values()
    assert len(first.outputs) == 2
    assert all(o.values == HYPERPERIODS for o in first.outputs)
    assert len({o.sha256 for o in first.outputs}) == 2
    for other in others:
        assert other.outputs == first.outputs
    kinds = {u.id: u.kind for u in model[0].units}
    used = {name: {kinds[d.unit] for d in result.devices} for name, result in results.items()}
    assert used["all CPU"] == {UnitKind.CPU}
    assert used["forced GPU and FPGA"] == {UnitKind.CPU, UnitKind.GPU, UnitKind.FPGA}
