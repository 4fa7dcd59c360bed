"""Every operator computes what onnxruntime computes, and the same in every target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import Direction, Kernel, interpret
from aicompiler.transformations.kernels.passes import default_schedule
from batches import UNITS, batch
from networks import kernel_of, onnxruntime_results
from operator_cases import CASES

Values = dict[str, Any]
NO_SPECIAL = {"casts", "gelu_tanh"}
"""Where not every float is defined, for no integer holds it; and where a last bit decides between NaN and an
infinity: PoCL's tanh of minus infinity is not quite -1, and 1 + tanh is multiplied with that infinity."""


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Kernel, Values, Values]]:
    """Model, kernel, random inputs and the interpreter's results of each case."""
    folder = tmp_path_factory.mktemp("networks")
    made = {}
    for number, (name, build) in enumerate(CASES.items()):
        model = build()
        kernel = kernel_of(model, f"net_{name}", folder)
        inputs = random_inputs(kernel, number)
        made[name] = model, kernel, inputs, interpret(kernel, inputs)
    return made


def random_inputs(kernel: Kernel, seed: int) -> Values:
    """Values for the inputs; integers are indices from -5 to 4."""
    random = np.random.default_rng(seed)
    return {
        p.name: random.standard_normal(p.shape).astype(np.float32)
        if p.dtype.is_float
        else random.integers(-5, 5, p.shape)
        for p in kernel.signature.parameters
        if p.direction is Direction.IN
    }


@pytest.mark.parametrize("name", list(CASES))
def test_an_operator_computes_what_onnxruntime_computes(name: str, networks: Any) -> None:
    """The interpreter's results are those of the reference runtime, to the rounding of sums."""
    model, _, inputs, expected = networks[name]
    reference = onnxruntime_results(model, inputs)
    assert reference.keys() == expected.keys()
    for result, value in reference.items():
        np.testing.assert_allclose(expected[result].reshape(value.shape), value, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("target", ["c", "hls", "llvm", "opencl", "cuda"])
def test_a_target_computes_what_the_interpreter_computes(target: str, networks: Any, tmp_path: Path) -> None:
    """All operators in one program, with the default schedule: the interpreter's results.

    With random inputs, then with NaN, infinities, zeros of both signs, denormals and huge values among them.
    """
    kernels = {n: default_schedule(k, UNITS[target]) for n, (_, k, _, _) in networks.items()}
    run = batch(target, list(kernels.values()), tmp_path)
    for name, kernel in kernels.items():
        _, plain, inputs, expected = networks[name]
        assert_close(run(kernel, inputs), expected, name)
        if name not in NO_SPECIAL:
            odd = {n: with_special(v) for n, v in inputs.items()}
            assert_close(run(kernel, odd), interpret(plain, odd), f"{name} with special values")


def with_special(values: Any) -> Any:
    """A copy with special floats at some places; integers as they are."""
    if values.dtype.kind != "f":
        return values
    odd = np.array([np.nan, -0.0, np.inf, 1e-45, -np.inf, 3e38, 0.0, -1e-40], values.dtype)
    copy = values.copy().reshape(-1)
    places = np.arange(1, copy.size, 3)[: odd.size]
    copy[places] = odd[: places.size]
    return copy.reshape(values.shape)


def assert_close(got: Values, expected: Values, name: str) -> None:
    """The same up to the last bits of mathematical functions; NaN where NaN is."""
    assert got.keys() == expected.keys()
    for result, value in expected.items():
        np.testing.assert_allclose(got[result], value, rtol=2e-6, atol=1e-7, err_msg=f"{name}: {result}")
