"""How tensors meet ports and attributes: single values, states, inputs that are results, double precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, interpret
from aicompiler.transformations.kernels.passes import default_schedule
from batches import UNITS, batch
from networks import Net, kernel_of, onnxruntime_results

F32, F64 = ElementType.F32, ElementType.F64
IN, OUT, STATE = Direction.IN, Direction.OUT, Direction.STATE


def accumulator(folder: Path) -> Kernel:
    """A network with two attributes that exchange their values, and a single value in and out."""
    net = Net()
    net.add("Mul", ["gain", "x"], "scaled")
    net.add("Add", ["a", "scaled"], "b_next")
    net.add("Identity", ["b"], "a_next")
    net.add("ReduceSum", ["b_next"], "y", keepdims=0)
    net.add("Identity", ["x"], "same")
    shapes = {"gain": (), "x": (3,), "a": (3,), "b": (3,)}
    model = net.model(shapes, {"y": (), "same": (3,), "a_next": (3,), "b_next": (3,)})
    ports = (
        Parameter("gain", F32, (), IN),
        Parameter("x", F32, (3,), IN),
        Parameter("y", F32, (), OUT),
        Parameter("same", F32, (3,), OUT),
        Parameter("a", F32, (3,), STATE),
        Parameter("b", F32, (3,), STATE),
    )
    return kernel_of(model, "accumulator", folder, Signature("accumulator", ports))


def expected_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """What the accumulator computes."""
    b = inputs["a"] + inputs["gain"] * inputs["x"]
    return {"y": (b[0] + b[1]) + b[2], "same": inputs["x"], "a": inputs["b"], "b": b}


@pytest.mark.parametrize("target", ["interpreter", "c", "hls", "llvm", "opencl", "cuda"])
def test_attributes_keep_what_the_network_gives_for_them(target: str, tmp_path: Path) -> None:
    """``a_next`` is in ``a`` after a job, also where two attributes exchange their values."""
    kernel = accumulator(tmp_path)
    run = interpret
    if target != "interpreter":
        run = batch(target, [kernel := default_schedule(kernel, UNITS[target])], tmp_path)
    random = np.random.default_rng(1)
    state = {n: random.standard_normal(3).astype(np.float32) for n in "ab"}
    for _ in range(3):
        inputs = {"gain": np.float32(0.75), "x": random.standard_normal(3).astype(np.float32), **state}
        made = run(kernel, inputs)
        for name, value in expected_of(inputs).items():
            np.testing.assert_array_equal(made[name], value.astype(np.float32), err_msg=name)
        state = {n: made[n] for n in "ab"}


def test_double_precision_is_kept(tmp_path: Path) -> None:
    """A network of float64 computes in float64."""
    net = Net()
    weights = net.constant(np.random.default_rng(0).standard_normal((5, 4)), np.float64)
    net.add("Softmax", [net.add("MatMul", ["x", weights])], "y")
    model = net.model({"x": (2, 5)}, {"y": (2, 4)}, {"x": F64, "y": F64})
    kernel = kernel_of(model, "net_double", tmp_path)
    inputs = {"x": np.random.default_rng(1).standard_normal((2, 5))}
    made = interpret(kernel, inputs)["y"]
    np.testing.assert_allclose(made, onnxruntime_results(model, inputs)["y"], rtol=1e-14)
    np.testing.assert_allclose(batch("c", [kernel], tmp_path)(kernel, inputs)["y"], made, rtol=1e-15)


def test_a_constant_may_be_a_result(tmp_path: Path) -> None:
    """A result that depends on nothing is copied to its port, and an unused input is no error."""
    net = Net()
    net.add("Neg", [net.constant([1.0, 2.0])], "y")
    kernel = kernel_of(net.model({"x": (1,)}, {"y": (2,)}), "net_constant", tmp_path)
    np.testing.assert_array_equal(interpret(kernel, {"x": np.zeros(1, np.float32)})["y"], [-1, -2])


def test_one_result_may_have_two_names(tmp_path: Path) -> None:
    """Results that are the same tensor are both written."""
    net = Net()
    net.add("Identity", [net.add("Neg", ["x"], "y")], "z")
    kernel = kernel_of(net.model({"x": (2,)}, {"y": (2,), "z": (2,)}), "net_twice", tmp_path)
    made = interpret(kernel, {"x": np.array([1, 2], np.float32)})
    np.testing.assert_array_equal(made["y"], [-1, -2])
    np.testing.assert_array_equal(made["z"], [-1, -2])
