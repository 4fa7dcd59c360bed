"""What is refused says which file, node and tensor, and what to do."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.metamodels.system import Behaviour, ElementType, Source
from aicompiler.transformations.kernels import Direction, Parameter, Signature, UnsupportedConstruct, parse
from aicompiler.transformations.kernels.frontends.onnx import _file
from architectures import fully_connected, transformer
from networks import Net, behaviour, kernel_of, signature_for
from onnx import TensorProto, helper

F32 = ElementType.F32
IN, OUT = Direction.IN, Direction.OUT
SIGNATURE = Signature("net", (Parameter("x", F32, (4,), IN), Parameter("y", F32, (4,), OUT)))
Refused = tuple[Any, Signature]
CASES: dict[str, Callable[[], Refused]] = {}


def case(function: Callable[[], Refused]) -> Callable[[], Refused]:
    """Register a network that is refused, with the signature it is read for."""
    CASES[function.__name__] = function
    return function


def one(op: str, *, domain: str = "", opset: int = 20, **attributes: Any) -> Refused:
    """A network of one operator on four values."""
    net = Net(opset)
    net.add(op, ["x"], "y", domain=domain, **attributes)
    model = net.model({"x": (4,)}, {"y": (4,)})
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    return model, SIGNATURE


def nodes_on(
    shape: tuple[int, ...], out: tuple[int, ...], build: Callable[[Net], None], opset: int = 20
) -> Refused:
    """A network that ``build`` makes from ``x`` to ``y``."""
    net = Net(opset)
    build(net)
    model = net.model({"x": shape}, {"y": out})
    return model, signature_for(model, "net")


CASES["unknown_operator"] = lambda: one("Einsum", equation="i->i")
CASES["foreign_operator"] = lambda: one("FusedGelu", domain="com.example")
CASES["operator_on_constants_only"] = lambda: one("Sin")


@case
def dynamic_batch() -> Refused:
    """A batch that is a name."""
    model, signature = one("Relu")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    return model, signature


@case
def half_precision() -> Refused:
    """A type that no target computes with."""
    model, signature = one("Relu")
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    return model, signature


@case
def other_shape() -> Refused:
    """A port of another shape than the tensor."""
    return one("Relu")[0], Signature("net", (Parameter("x", F32, (2, 4), IN), SIGNATURE.parameters[1]))


@case
def other_type() -> Refused:
    """A port of another type than the tensor."""
    return one("Relu")[0], Signature(
        "net", (SIGNATURE.parameters[0], Parameter("y", ElementType.F64, (4,), OUT))
    )


@case
def other_names() -> Refused:
    """Ports that the network does not know."""
    return one("Relu")[0], Signature("net", (Parameter("image", F32, (4,), IN), SIGNATURE.parameters[1]))


@case
def missing_port() -> Refused:
    """A result that no port takes."""
    return one("Relu")[0], Signature("net", SIGNATURE.parameters[:1])


@case
def values_elsewhere() -> Refused:
    """Weights in a file beside the network."""
    model, signature = one("Relu")
    tensor = model.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return model, signature


@case
def wrong_shapes() -> Refused:
    """A product of matrices that do not fit."""
    return nodes_on((2, 3), (2, 2), lambda n: (n.add("MatMul", ["x", n.weights(4, 2)], "y"), None)[1])


@case
def invalid_graph() -> Refused:
    """A node that reads what nobody makes."""
    return nodes_on((4,), (4,), lambda n: (n.add("Add", ["x", "ghost"], "y"), None)[1])


@case
def computed_shape() -> Refused:
    """A shape that depends on values."""
    net = Net()
    net.add("Reshape", ["x", net.add("Cast", ["x"], to=7)], "y")
    return net.model({"x": (4,)}, {"y": (4,)}), SIGNATURE


@case
def other_activations() -> Refused:
    """A layer with activations of its own."""
    net = Net()
    net.add(
        "RNN", ["x", net.weights(1, 2, 3), net.weights(1, 2, 2)], "y", hidden_size=2, activations=["Relu"]
    )
    model = net.model({"x": (4, 1, 3)}, {"y": (4, 1, 1, 2)})
    return model, signature_for(model, "net")


@case
def indices_of_maxima() -> Refused:
    """The second result of a pooling operator."""
    net = Net()
    net.add("MaxPool", ["x"], "y", "places", kernel_shape=[2])
    model = net.model({"x": (1, 1, 4)}, {"y": (1, 1, 3)})
    return model, signature_for(model, "net")


@case
def reflecting_pad() -> Refused:
    """A mode that is not a constant."""
    return nodes_on(
        (4,),
        (6,),
        lambda n: (n.add("Pad", ["x", n.constant([1, 1], np.int64)], "y", mode="reflect"), None)[1],
    )


@case
def softmax_of_old() -> Refused:
    """Softmax over several dimensions, as before opset 13."""
    return nodes_on((2, 3, 4), (2, 3, 4), lambda n: (n.add("Softmax", ["x"], "y"), None)[1], 11)


@case
def computed_statistics() -> Refused:
    """A normalisation whose variance is an input."""
    net = Net()
    net.add("BatchNormalization", ["x", net.weights(2), net.weights(2), net.weights(2), "v"], "y")
    model = net.model({"x": (1, 2, 3), "v": (2,)}, {"y": (1, 2, 3)})
    return model, signature_for(model, "net")


def refused(body: Behaviour, signature: Signature, folder: Path | None) -> AicError:
    """The error that a behaviour is refused with."""
    with pytest.raises(AicError) as caught:
        parse(body, signature, folder=folder)
    return caught.value


def test_refused_networks_say_what_and_what_to_do(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    """Operators, types, shapes and ports: one message each."""
    lines = []
    for name, build in CASES.items():
        model, signature = build()
        onnx.save(model, tmp_path / "net.onnx")
        lines.append(f"{name}\n    {refused(behaviour('net.onnx'), signature, tmp_path)}\n")
    golden("onnx/refusals.txt", "".join(lines))


def test_refused_files_say_what_and_what_to_do(
    tmp_path: Path, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths and contents: nothing outside of the folder, nothing huge, nothing that is no network."""
    inner = tmp_path / "model"
    inner.mkdir()
    onnx.save(fully_connected(), tmp_path / "outside.onnx")
    (inner / "link.onnx").symlink_to(tmp_path / "outside.onnx")
    (inner / "text.onnx").write_text("This is no network.")
    (inner / "folder.onnx").mkdir()
    (inner / "large.onnx").write_bytes(b"\0" * 101)
    monkeypatch.setattr(_file, "MOST_BYTES", 100)
    bodies = ["", "a\nb", "missing.onnx", "../outside.onnx", "/FOLDER/outside.onnx", "link.onnx"]
    bodies += ["folder.onnx", "text.onnx", "large.onnx"]
    lines = [f"{b!r}\n    {refused(behaviour(b), SIGNATURE, inner)}\n" for b in bodies]
    lines.append(f"no folder\n    {refused(behaviour('a.onnx'), SIGNATURE, None)}\n")
    golden("onnx/files.txt", "".join(lines))


def test_a_refusal_is_at_the_behaviour(tmp_path: Path) -> None:
    """The place is that of the body in the model."""
    onnx.save(CASES["unknown_operator"]()[0], tmp_path / "net.onnx")
    source = Source(file="model.uml", line=12, qualified_name="Net.step")
    error = refused(Behaviour(id="b", language="onnx", body="net.onnx", source=source), SIGNATURE, tmp_path)
    assert isinstance(error, UnsupportedConstruct)
    assert error.diagnostics[0].source == source
    assert str(error).startswith(
        "model.uml:12: Net.step: error: net.onnx: the operator Einsum of node 'Einsum_0'"
    )


def test_mutilated_files_are_refused_or_read(tmp_path: Path) -> None:
    """Bytes of a network changed at random: a kernel or a message, never anything else."""
    chance = random.Random(5)
    outcomes = {"read": 0, "refused": 0}
    for model in (transformer(), fully_connected()):
        signature, content = signature_for(model, "net"), model.SerializeToString()
        for _ in range(25):
            changed = bytearray(content)
            for _ in range(chance.randint(1, 3)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            (tmp_path / "net.onnx").write_bytes(bytes(changed))
            try:
                parse(behaviour("net.onnx"), signature, folder=tmp_path)
                outcomes["read"] += 1
            except AicError:
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 3, outcomes


def test_ports_may_leave_out_the_batch_and_odd_letters(tmp_path: Path) -> None:
    """Leading dimensions of 1 do not count, and what a C identifier cannot have is an underscore."""
    net = Net()
    net.add("Relu", ["input.1"], "out/y")
    model = net.model({"input.1": (1, 3, 1)}, {"out/y": (1, 3, 1)})
    ports = (Parameter("input_1", F32, (3, 1), IN), Parameter("out_y", F32, (1, 1, 3, 1), OUT))
    kernel_of(model, "net", tmp_path, Signature("net", ports))
