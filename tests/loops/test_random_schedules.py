"""Random schedules: whatever is not refused changes no result."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import Direction, Kernel, interpret
from aicompiler.transformations.kernels.loops import (
    Core,
    Cse,
    Distribute,
    Fuse,
    IllegalTransformation,
    InapplicableTransformation,
    IndexSetSplit,
    Interchange,
    Licm,
    Parallelize,
    Peel,
    ScalarReplace,
    Shift,
    Skew,
    Tile,
    Unroll,
    UnrollAndJam,
    Vectorize,
    apply_schedule,
    cpu_schedule,
    parse_schedule,
    print_schedule,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CKernel = Callable[..., Kernel]
BODIES = (
    "for (int i = 0; i < 7; i++) { for (int j = 0; j < 6; j++) {sinner} {souter} }",
    "for (int i = 1; i < 6; i++) for (int j = i; j < 7; j++) {sinner}",
    "for (int i = 0; i < 6; i++) for (int j = 0; j < 5; j++) for (int k = 0; k <= i; k++) {sinner}",
    "for (int i = 0; i < 6; i++) {sinner0} for (int i = 0; i < 7; i++) {sinner0}",
)
SUBSCRIPTS = ("[i][j]", "[i + 1][j]", "[i][j + 1]", "[j][i]", "[i + 1][j + 2]", "[2][j]")
LOOPS = st.sampled_from(["L0", "L1", "L2", "L0_rest", "L1_rest", "L0_part", "L1_part", "L0_tile"])
SMALL = st.integers(1, 4)
STEPS = st.one_of(
    st.builds(lambda a, b: Interchange((a, b), (b, a)), LOOPS, LOOPS),
    st.builds(lambda a, n: Tile((a,), (n,)), LOOPS, SMALL),
    st.builds(lambda a, b, n, m: Tile((a, b), (n, m)), LOOPS, LOOPS, SMALL, SMALL),
    st.builds(Unroll, LOOPS, SMALL),
    st.builds(UnrollAndJam, LOOPS, SMALL),
    st.builds(Vectorize, LOOPS, st.sampled_from([2, 4])),
    st.builds(ScalarReplace, LOOPS),
    st.builds(Distribute, LOOPS),
    st.builds(Fuse, LOOPS, LOOPS, st.integers(0, 2)),
    st.builds(Peel, LOOPS, st.integers(0, 2), st.integers(0, 2)),
    st.builds(IndexSetSplit, LOOPS, st.one_of(st.just(""), LOOPS), st.integers(-1, 4), st.booleans()),
    st.builds(Skew, LOOPS, LOOPS, st.integers(-1, 2)),
    st.builds(Shift, LOOPS, st.integers(-3, 3)),
    st.builds(Parallelize, LOOPS),
    st.just(Cse()),
    st.just(Licm()),
)


@st.composite
def bodies(draw: Any) -> str:
    """A nest around random statements."""

    def statement(inner: bool) -> str:
        target, left, right = (draw(st.sampled_from(SUBSCRIPTS)) for _ in range(3))
        arrays = draw(st.sampled_from(["aab", "aba", "abb", "bab"]))
        text = f"{arrays[0]}{target} = {arrays[1]}{left} + 0.5 * {arrays[2]}{right};"
        return text if inner else text.replace("j", "3")

    body = str(draw(st.sampled_from(BODIES)))
    body = body.replace("{sinner0}", "{ " + statement(False) + " }")
    body = body.replace("{sinner}", "{ " + statement(True) + statement(True) + " }")
    return body.replace("{souter}", statement(False))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies(), schedule=st.lists(STEPS, min_size=1, max_size=5))
def test_random_legal_schedules_change_no_result(body: str, schedule: list[Any], c_kernel: CKernel) -> None:
    """Steps that are refused are left out; after each of the others the interpreter gives the same bits."""
    kernel = c_kernel(body, "state f64 a[10][10]", "state f64 b[10][10]")
    random = np.random.default_rng(3)
    given_ = {name: random.standard_normal((10, 10)) for name in "ab"}
    expected = interpret(kernel, given_)
    for step in schedule:
        try:
            kernel = step.apply(kernel)
        except (IllegalTransformation, InapplicableTransformation):
            continue
        found = interpret(kernel, given_)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=str(step))


def benchmark() -> Any:
    """The module with the 16 kernels."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "kernels.py"
    spec = importlib.util.spec_from_file_location("aic_benchmark_kernels", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BENCHMARK = benchmark()
TINY = {"gemm": 30, "atax": 27, "mvt": 26, "floyd_warshall": 25, "trmm": 26, "conv2d": 30, "durbin": 9}


@pytest.mark.parametrize("name", TINY)
def test_the_default_schedule_changes_no_result(name: str) -> None:
    """The rules for CPUs on small sizes of the benchmark's kernels, through the schedule's text."""
    case = next(c for c in BENCHMARK.CASES if c.name == name)
    kernel = BENCHMARK.kernel_of(case, {n: TINY[name] + k for k, n in enumerate(case.large)})
    steps = cpu_schedule(kernel, core=Core(l2_bytes=1024))
    assert parse_schedule(print_schedule(steps)) == steps
    values = BENCHMARK.values(kernel)
    ins = {p.name: values[p.name] for p in kernel.signature.parameters if p.direction is not Direction.OUT}
    expected, found = interpret(kernel, ins), interpret(apply_schedule(kernel, steps), ins)
    assert steps or name == "durbin"
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
