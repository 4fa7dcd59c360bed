"""A network that is cut into parts computes, part after part, what it computes as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.transformations.kernels import interpret, parse
from aicompiler.transformations.kernels.frontends.onnx import split
from architectures import fully_connected, resnet, transformer
from networks import behaviour, kernel_of, onnxruntime_results, signature_for

CUTS = {
    "fnn": (fully_connected, ["t1"]),
    "cnn": (lambda: resnet(16, ((2, 4, 8, 1), (1, 4, 12, 2)), 5), ["t3", "t15"]),
    "transformer": (transformer, ["t1", "t12"]),
}


def first_inputs(model: Any) -> dict[str, Any]:
    """Random inputs of a whole network."""
    random = np.random.default_rng(3)
    made = {}
    for info in model.graph.input:
        shape = tuple(d.dim_value for d in info.type.tensor_type.shape.dim)
        whole = info.type.tensor_type.elem_type == onnx.TensorProto.INT64
        made[info.name] = (
            random.integers(0, 11, shape) if whole else random.standard_normal(shape).astype(np.float32)
        )
    return made


@pytest.mark.parametrize("name", list(CUTS))
def test_parts_compute_what_the_whole_computes(name: str, tmp_path: Path) -> None:
    """Parts as models of their own: run one after the other they give the same bits as the whole network."""
    build, tensors = CUTS[name]
    model = build()
    whole = kernel_of(model, "whole", tmp_path)
    inputs = first_inputs(model)
    known = dict(inputs)
    parts = split(model, tensors)
    assert len(parts) == len(tensors) + 1
    for number, part in enumerate(parts):
        onnx.checker.check_model(part)
        given = {i.name: known[i.name] for i in part.graph.input}
        made = interpret(kernel_of(part, f"part{number}", tmp_path), given)
        for result, value in onnxruntime_results(part, given).items():
            np.testing.assert_allclose(made[result].reshape(value.shape), value, rtol=2e-5, atol=2e-6)
        known |= made
    np.testing.assert_array_equal(known["y"], interpret(whole, inputs)["y"])


def test_a_body_may_name_a_part(tmp_path: Path) -> None:
    """The lines after the path give the part's number and the tensors: no file of its own is needed."""
    build, tensors = CUTS["transformer"]
    model = build()
    onnx.save(model, tmp_path / "net.onnx")
    part = split(model, tensors)[1]
    body = "\n".join(["net.onnx", "part 2 after splitting at", *tensors])
    kernel = parse(behaviour(body), signature_for(part, "middle"), folder=tmp_path)
    assert str(kernel.module) == str(kernel_of(part, "middle", tmp_path).module)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (["ghost"], "no node makes the tensor 'ghost' to split at"),
        (["x"], "no node makes the tensor 'x' to split at"),
        (["t1", "t0"], "the part that ends with 't0' is empty"),
        (["y"], "nothing follows 'y'"),
        ([], "the network is split at 0 tensors"),
    ],
)
def test_cuts_that_give_no_parts_are_refused(tensors: list[str], message: str) -> None:
    """Every part has a node, and every tensor is made by one."""
    with pytest.raises(AicError, match=message):
        split(fully_connected(), tensors)


@pytest.mark.parametrize("rest", ["part 3 after splitting at\nt1", "part 1 after splitting at", "t1"])
def test_lines_after_the_path_are_a_part_or_refused(rest: str, tmp_path: Path) -> None:
    """What follows the path is never overlooked."""
    model = fully_connected()
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(AicError, match="the body goes on with"):
        parse(behaviour(f"net.onnx\n{rest}"), signature_for(model, "net"), folder=tmp_path)
