"""Drawn machines run as the simulator of their drawings does, in the interpreter and in every target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import Component
from aicompiler.transformations.importers import examine
from aicompiler.transformations.kernels import Kernel, initial_state, parse, signature_of
from aicompiler.transformations.kernels.interpreter import compile_python
from aicompiler.transformations.kernels.passes import default_schedule
from batches import UNITS, Run, batch
from machine_drawings import Simulator, Sketch
from uml_of import Writer

SEEDS = (0, 1, 2, 3, 8, 9, 10, 13, 18, 19, 21)
TARGETS = ("c", "llvm", "opencl", "hls")
IN_TARGETS = (9, 21)


def device(seed: int, folder: Path) -> tuple[Sketch, Component, Kernel]:
    """A random machine: its drawing, the component that its file becomes, and the kernel of that."""
    sketch = Sketch(seed)
    path = folder / f"m{seed}.uml"
    path.write_text(Writer(sketch.root).text(), encoding="utf-8")
    draft = examine(path)  # it has no platform and nothing to talk to, which is not the matter here
    assert {d.rule for d in draft.diagnostics} == {"no-platform", "open-input"}
    (component,) = draft.system.components
    (entry,) = component.entries
    signature = replace(signature_of(component, entry), name=f"machine_{seed}")
    return sketch, component, parse(entry.behaviours[0], signature)


def inputs(random: Random) -> dict[str, Any]:
    return {
        "go": int(random.random() < 0.4),
        "stop": int(random.random() < 0.3),
        "level": random.randint(-4, 9),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_interpreter_follows_the_drawing(seed: int, tmp_path: Path) -> None:
    """State, trace of all actions in their order, and the port that they write, for 250 jobs."""
    sketch, component, kernel = device(seed, tmp_path)
    simulator, run, random = Simulator(sketch.root), compile_python(kernel), Random(seed)
    state: dict[str, Any] = dict(initial_state(component))
    visited, seen = set(), 0
    for job in range(250):
        given = inputs(random)
        before = simulator.trace
        simulator.job(bool(given["go"]), bool(given["stop"]), given["level"])
        seen = simulator.trace if simulator.trace != before else seen
        results = run({**given, **state})
        state = {name: results[name] for name in state}
        assert int(state["life_state"]) == simulator.number, job
        assert int(state["trace"]) == simulator.trace, job
        assert int(results["seen"]) == seen, job
        visited.add(simulator.number)
    assert len(visited) > 1


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Component, Kernel]]:
    """Some machines."""
    folder = tmp_path_factory.mktemp("machines")
    return [device(seed, folder)[1:] for seed in IN_TARGETS]


@pytest.mark.parametrize("target", TARGETS)
def test_targets_follow_the_interpreter(
    target: str, devices: list[tuple[Component, Kernel]], tmp_path: Path
) -> None:
    """The same bits after each of 25 jobs in a row; circuits without a schedule."""
    scheduled = target != "hls"  # what a pipeline gains such a kernel is nothing, and finding out takes long
    kernels = [default_schedule(k, UNITS[target]) if scheduled else k for _, k in devices]
    execute: Run = batch(target, kernels, tmp_path)
    for (component, kernel), built in zip(devices, kernels, strict=True):
        state: dict[str, Any] = dict(initial_state(component))
        run, random = compile_python(kernel), Random(3)
        for _ in range(25):
            given = {**inputs(random), **state}
            expected, got = run(given), execute(built, given)
            assert expected.keys() == got.keys()
            for name, value in expected.items():
                np.testing.assert_array_equal(got[name], value, err_msg=name)
            state = {name: expected[name] for name in state}
