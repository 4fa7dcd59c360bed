"""The level crossing in our own format: what its builder says, accepted, and safe when executed."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from aicompiler import pipeline
from aicompiler.codegen import write_project
from aicompiler.metamodels.system import Component
from aicompiler.models import example_path
from aicompiler.run import RunOptions, run_project
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, initial_state, interpret, parse_entry


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """The script that makes the model."""
    path = Path(__file__).parent / "crossing_builder.py"
    spec = importlib.util.spec_from_file_location("crossing_builder", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def crossing() -> Path:
    """The shipped model."""
    return example_path("level_crossing")


@pytest.fixture(scope="module")
def kernels(builder: ModuleType) -> dict[str, tuple[Component, Kernel]]:
    """Components by name, with their kernels."""
    return {c.name: (c, parse_entry(c, c.entries[0])) for c in builder.components()}


def test_shipped_file_is_what_the_builder_makes(builder: ModuleType, crossing: Path) -> None:
    """Same bytes, and loading them gives the builder's system without a remark."""
    assert crossing.read_bytes() == builder.document()
    assert load_system(crossing) == (builder.level_crossing(), [])


def test_crossing_is_accepted_on_two_nodes(crossing: Path) -> None:
    """A deployment is found that passes every check; the motor's node and the coils' node both work."""
    decision = pipeline.decide(pipeline.read(crossing))
    assert decision.evidence.accepted
    assert {p.unit for p in decision.deployment.placements} == {"trackside_cpu", "cabinet_cpu"}


def run(kernels: Any, jobs: int) -> Any:
    """Sensor, counter, protection and barrier in lock step, by the interpreter: one record a step."""
    state = {name: initial_state(component) for name, (component, _) in kernels.items()}

    def job(name: str, **inputs: Any) -> Any:
        results = interpret(kernels[name][1], inputs | state[name])
        state[name] = {n: results[n] for n in state[name]}
        return results

    angle: Any = 85
    for _ in range(jobs):
        for _ in range(2):  # the rail is looked at twice as often as the road
            pulses = job("wheel_sensor")["pulses"]
            axles = job("axle_counter", pulses=pulses)["axles"]
            speed = job("speed_estimator", pulses=pulses)["speed"]
        command = job("protection", axles=axles, speed=speed, angle=angle)["command"]
        angle = job("barrier_drive", command=command)["angle"]
        lamps = job("lamp_driver", command=command)["lamps"]
        yield {"axles": int(axles), "command": int(command), "angle": int(angle), "lamps": lamps.tolist()}


def test_barrier_closes_for_the_train_and_opens_after_it(kernels: Any) -> None:
    """All eight axles enter and leave; the lamps blink whenever it is not open; it opens only when free."""
    seen = list(run(kernels, 400))
    assert max(s["axles"] for s in seen) == 8
    assert all(0 <= s["axles"] <= 8 for s in seen)
    assert min(s["angle"] for s in seen) == 0
    assert all((s["command"] == 0) == (s["lamps"][:2] == [0, 0]) for s in seen)
    for before, after in pairwise(seen):
        assert not (before["command"] == 2 and after["command"] == 0 and after["axles"] > 0)
    assert {(a["command"], b["command"]) for a, b in pairwise(seen)} >= {(0, 1), (1, 2), (2, 0)}


def test_diagnosis_carries_a_fletcher_checksum(kernels: Any) -> None:
    """The last bytes are Fletcher-16 of the report, computed here with the textbook's two sums."""
    component, kernel = kernels["diagnosis"]
    inputs = {"axles": -7, "angle": 85, "lamps": np.array([1, 0, 0, 1], np.uint8)}
    state = initial_state(component) | {"number": np.array(515, np.uint32)}
    report = interpret(kernel, inputs | state)["report"].tolist()
    low = high = 0
    for byte in report[:14]:
        low = (low + byte) % 255
        high = (high + low) % 255
    assert report[14:] == [low, high]
    assert report[:4] == [0xF9, 0xFF, 0xFF, 0xFF] and report[12:14] == [3, 2]


@pytest.mark.long
def test_crossing_runs_as_two_processes(crossing: Path, tmp_path: Path) -> None:
    """The generated project passes its self-checks and executes on both nodes, in time or stretched."""
    write_project(pipeline.build(crossing).project, tmp_path)
    result = run_project(tmp_path, 5, RunOptions())
    assert result.self_checks and all(c.passed for c in result.self_checks)
    assert result.outputs
