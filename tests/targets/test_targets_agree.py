"""Every target computes what the interpreter computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, initial_state, parse, signature_of
from aicompiler.transformations.kernels.interpreter import interpret

CORPUS = sorted(p.stem for p in (Path(__file__).parent / "corpus").glob("*.c"))
EXAMPLE = {  # extents that are no multiples of a work-group or a bank
    "camera": {"H": 37, "W": 50},
    "blur": {"H": 19, "W": 27},
    "sobel": {"H": 21, "W": 35},
    "blobs": {"H": 23, "W": 41},
    "controller": {},
    "telemetry": {},
}
TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-13}
LIBRARY = {"transcendental"}  # where each value is a call of a mathematical function
Execute = Callable[[str, Kernel, dict[str, Any]], dict[str, Any]]


def assert_same(expected: dict[str, Any], got: dict[str, Any], library: bool = False) -> None:
    """The same bits; results of another mathematical library within the tolerances of the semantics."""
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        relative = TOLERANCE.get(value.dtype, 0) if library else 0
        np.testing.assert_allclose(got[name], value, rtol=relative, atol=0, err_msg=name)


def test_there_is_something_to_compare() -> None:
    """Neither the targets nor the corpus are empty, so that the tests below test something."""
    assert {"c", "opencl", "hls"} <= set(TARGETS)
    assert len(CORPUS) >= 15


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("name", CORPUS)
def test_corpus_gives_the_interpreters_results(
    name: str, target: str, kernels: Any, inputs: Any, schedule: Any, execute: Execute
) -> None:
    """A kernel with the default schedule gives the interpreter's results on random inputs."""
    kernel = kernels(name)
    values = inputs(kernel, 7)
    got = execute(target, schedule(target, kernel), values)
    assert_same(interpret(kernel, values), got, name in LIBRARY)


@pytest.mark.parametrize("target", list(TARGETS))
def test_schedules_change_nothing(target: str, kernels: Any, inputs: Any, execute: Execute) -> None:
    """Without a schedule a kernel is one sequential function, with the same results."""
    kernel = kernels("functions")
    values = inputs(kernel, 3)
    assert_same(interpret(kernel, values), execute(target, kernel, values))


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("component", sorted(EXAMPLE))
def test_example_gives_the_interpreters_results(
    component: str, target: str, example: Path, inputs: Any, schedule: Any, execute: Execute
) -> None:
    """Every component of the shipped example agrees at a reduced shape, for two jobs in a row."""
    system, _ = load_system(example)
    part = next(c for c in system.components if c.name == component)
    signature = signature_of(part, part.entries[0]).at(**EXAMPLE[component])
    kernel = parse(part.entries[0].behaviours[0], signature)
    values = inputs(kernel, 11) | initial_state(part)
    for _ in range(2):
        expected = interpret(kernel, values)
        assert_same(expected, execute(target, schedule(target, kernel), values))
        values = {**values, **{n: v for n, v in expected.items() if n in values}}


@pytest.mark.parametrize("target", list(TARGETS))
def test_targets_say_what_running_needs(target: str) -> None:
    """On a host with the packages of the installation, all targets can run; CUDA needs its driver."""
    reason = TARGETS.load(target)().unavailable()
    assert reason is None or (target == "cuda" and reason.startswith("no CUDA"))
