"""Small networks made with onnx.helper, and the kernels of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, parse
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]
ONNX_TYPES = {
    ElementType.F32: TensorProto.FLOAT,
    ElementType.F64: TensorProto.DOUBLE,
    ElementType.I64: TensorProto.INT64,
    ElementType.I32: TensorProto.INT32,
    ElementType.BOOL: TensorProto.BOOL,
}
Shapes = Mapping[str, tuple[int, ...]]


class Net:
    """Collects the nodes of a network; tensors are float32 unless ``types`` says otherwise."""

    def __init__(self, opset: int = 20, seed: int = 0) -> None:
        self.opset = opset
        self.random = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}

    def add(self, op: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str:
        """Append a node; the name of its first result."""
        names = outputs or (f"t{len(self.nodes)}",)
        self.nodes.append(
            helper.make_node(op, list(inputs), list(names), name=f"{op}_{len(self.nodes)}", **attributes)
        )
        return names[0]

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """A constant tensor."""
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(values, dtype)
        return name

    def weights(self, *shape: int, scale: float = 0.0) -> str:
        """Random weights, small enough that layers keep the size of their inputs."""
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        return self.constant(self.random.standard_normal(shape) * (scale or fan**-0.5))

    def model(self, inputs: Shapes, outputs: Shapes, types: Mapping[str, ElementType] | None = None) -> Any:
        """The finished model."""
        kinds = {n: ONNX_TYPES[t] for n, t in (types or {}).items()}

        def infos(shapes: Shapes) -> list[Any]:
            made = helper.make_tensor_value_info
            return [made(n, kinds.get(n, TensorProto.FLOAT), list(s)) for n, s in shapes.items()]

        held = [numpy_helper.from_array(v, n) for n, v in self.constants.items()]
        graph = helper.make_graph(self.nodes, "net", infos(inputs), infos(outputs), held)
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def behaviour(file: str) -> Behaviour:
    """A behaviour whose body is a file."""
    return Behaviour(id="net", name="net", language="ONNX", body=file)


def signature_for(model: Any, name: str) -> Signature:
    """The signature of a component with the ports that a network needs: exactly its tensors."""
    kinds = {v: k for k, v in ONNX_TYPES.items()}

    def parameter(info: Any, direction: Direction) -> Parameter:
        tensor = info.type.tensor_type
        shape = tuple(d.dim_value for d in tensor.shape.dim)
        while len(shape) > 4 and shape[0] == 1:
            shape = shape[1:]
        return Parameter(info.name, kinds[tensor.elem_type], shape, direction)

    held = {t.name for t in model.graph.initializer}
    inputs = [parameter(i, Direction.IN) for i in model.graph.input if i.name not in held]
    outputs = [parameter(o, Direction.OUT) for o in model.graph.output]
    return Signature(name, tuple(inputs + outputs))


def kernel_of(model: Any, name: str, folder: Path, signature: Signature | None = None) -> Kernel:
    """Save a network in ``folder`` and lower it."""
    onnx.save(model, folder / f"{name}.onnx")
    return parse(behaviour(f"{name}.onnx"), signature or signature_for(model, name), folder=folder)


def onnxruntime_results(model: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What the reference runtime computes, without its graph optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [o.name for o in model.graph.output]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))
