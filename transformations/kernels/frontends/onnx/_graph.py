"""A network as this front end sees it: nodes in order, tensors with fixed types, constants as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ._errors import Refusals, shape_text, shown
from ._file import EXPORT, checked
from ._folding import evaluated
from ._types import DTYPES, NUMPY, TensorType

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_NODES = 20_000
MOST_ELEMENTS = 1 << 26
_ROUNDS = 16  # of inferring shapes and folding what they make constant
_SMALL = 4096  # elements up to which shape inference looks at values


@dataclass(frozen=True)
class Node:
    """One operation; an input that is left out is the empty name."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"node {shown(self.name)} ({self.op})"

    def has(self, place: int) -> bool:
        """Whether the input at ``place`` is given."""
        return place < len(self.inputs) and bool(self.inputs[place])


@dataclass
class Graph:
    """A network whose tensors all have a type; ``constants`` are those whose values are known."""

    opset: int
    inputs: dict[str, TensorType]
    outputs: tuple[str, ...]
    nodes: list[Node]
    constants: dict[str, Array]
    types: dict[str, TensorType] = field(default_factory=dict)

    def users(self) -> dict[str, int]:
        """How often each tensor is read, as an output of the network too."""
        found: dict[str, int] = {}
        for name in [n for node in self.nodes for n in node.inputs if n] + list(self.outputs):
            found[name] = found.get(name, 0) + 1
        return found


def read_graph(model: Any, supported: Iterable[str], no: Refusals) -> Graph:
    """The graph of a parsed file; raises located errors for what is wrong with it or not supported."""
    import onnx
    import onnx.inliner

    if model.functions:
        try:
            model = onnx.inliner.inline_local_functions(model)
        except (RuntimeError, ValueError) as error:
            raise no.wrong(f"its functions cannot be inlined: {str(error)[:160]}", EXPORT) from None
    _known_operators(model, frozenset(supported), no)
    inputs = _inputs(model, no)
    checked(model, no)
    graph = Graph(
        opset=max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1),
        inputs=inputs,
        outputs=tuple(o.name for o in model.graph.output),
        nodes=[_node(n, i) for i, n in enumerate(model.graph.node)],
        constants={t.name: _values(t, no) for t in model.graph.initializer},
    )
    _settle(graph, model, no)
    return pruned(graph)


def pruned(graph: Graph) -> Graph:
    """The graph without nodes and constants that nothing needs."""
    needed, kept = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if needed & set(node.outputs):
            kept.append(node)
            needed |= set(node.inputs)
    constants = {n: v for n, v in graph.constants.items() if n in needed}
    return replace(graph, nodes=kept[::-1], constants=constants)


def _values(tensor: Any, no: Refusals) -> Array:
    """The values of a tensor of the file."""
    import onnx

    try:
        return onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise no.wrong(
            f"the tensor {shown(tensor.name)} cannot be read: {str(error)[:160]}", EXPORT
        ) from None


# --- the file ---------------------------------------------------------------------------------------------


def _known_operators(model: Any, supported: frozenset[str], no: Refusals) -> None:
    if len(model.graph.node) > MOST_NODES:
        raise no.wrong(f"the network has {len(model.graph.node)} nodes", f"use at most {MOST_NODES}")
    for number, node in enumerate(model.graph.node):
        domain = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
        if domain or node.op_type not in supported:
            name = shown(node.name or f"#{number}")
            raise no.unsupported(
                f"the operator {domain}{node.op_type} of node {name}"[:200],
                "export the network with other operators, or end it before this node and write the rest as a "
                "behaviour in C; docs/reference/onnx.md lists the operators",
            )


def _inputs(model: Any, no: Refusals) -> dict[str, TensorType]:
    held = {t.name for t in model.graph.initializer}
    return {i.name: _declared(i, no) for i in model.graph.input if i.name not in held}


def _declared(info: Any, no: Refusals) -> TensorType:
    """The type of an input of the network; every extent must be a number."""
    if not info.type.HasField("tensor_type"):
        raise no.unsupported(
            f"the input {shown(info.name)}, which is no tensor,", "export it with tensors only"
        )
    tensor = info.type.tensor_type
    if tensor.elem_type not in DTYPES:
        raise no.unsupported(
            f"the element type {_type_name(tensor.elem_type)} of the input {shown(info.name)}",
            "export the network with float32, float64 or integers",
        )
    if not tensor.HasField("shape") or any(
        not d.HasField("dim_value") or d.dim_value < 1 for d in tensor.shape.dim
    ):
        dims = [str(d.dim_value) if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
        raise no.unsupported(
            f"the dynamic shape [{', '.join(dims)[:80]}] of the input {shown(info.name)}",
            "export the network with fixed sizes and a batch of 1 (torch.onnx.export: without dynamic_axes)",
        )
    return TensorType(DTYPES[tensor.elem_type], tuple(d.dim_value for d in tensor.shape.dim))


def _type_name(number: int) -> str:
    import onnx

    known = onnx.TensorProto.DataType.items()
    return next((name.lower() for name, value in known if value == number), str(number))


def _node(proto: Any, number: int) -> Node:
    import onnx

    attributes = {a.name: _plain(onnx.helper.get_attribute_value(a)) for a in proto.attribute}
    name = proto.name or f"#{number}"
    return Node(name, proto.op_type, tuple(proto.input), tuple(proto.output), attributes)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        return tuple(_plain(v) for v in value)
    return value


# --- shapes and constants ---------------------------------------------------------------------------------


def _settle(graph: Graph, model: Any, no: Refusals) -> None:
    """Infer all shapes; nodes on constants become constants, which may make more shapes known."""
    for _ in range(_ROUNDS):
        graph.types = _inferred(graph, model, no)
        before = len(graph.nodes)
        graph.nodes = [node for node in graph.nodes if not _folded(graph, node, no)]
        if len(graph.nodes) == before:
            break
    for node in graph.nodes:
        for name in node.outputs:
            if name and name not in graph.types:
                raise no.unsupported(
                    f"the unknown shape of the tensor {shown(name)} of {node.title}",
                    "export the network with fixed sizes, and simplify it (for instance with onnxsim)",
                )


def _inferred(graph: Graph, model: Any, no: Refusals) -> dict[str, TensorType]:
    """Types by ONNX shape inference; large constants are shown to it by their type only."""
    import onnx

    helper, light = onnx.helper, onnx.ModelProto()
    light.ir_version = model.ir_version
    light.opset_import.extend(model.opset_import)
    light.graph.name = "g"
    produced = {name for node in graph.nodes for name in node.outputs}
    light.graph.node.extend(n for n in model.graph.node if n.output and n.output[0] in produced)
    light.graph.output.extend(model.graph.output)
    held = graph.constants
    light.graph.input.extend(i for i in model.graph.input if i.name not in held)
    for name, value in held.items():
        if value.size <= _SMALL:
            light.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
        else:
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            light.graph.input.append(helper.make_tensor_value_info(name, kind, value.shape))
    try:
        done = onnx.shape_inference.infer_shapes(light, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError) as error:
        lines = str(error).strip().splitlines() or [""]
        raise no.wrong(
            f"the shapes do not fit: {' '.join(lines)[:240]}",
            EXPORT,
        ) from None
    types = dict(graph.inputs)
    for info in (*done.graph.value_info, *done.graph.output):
        if (type_ := _known_type(info, no)) is not None:
            types.setdefault(info.name, type_)
    for name, value in held.items():
        types[name] = _type_of_array(name, value, no)
    return types


def _known_type(info: Any, no: Refusals) -> TensorType | None:
    tensor = info.type.tensor_type
    if not tensor.HasField("shape") or any(not d.HasField("dim_value") for d in tensor.shape.dim):
        return None
    if tensor.elem_type not in DTYPES:
        raise no.unsupported(
            f"the element type {_type_name(tensor.elem_type)} of the tensor {shown(info.name)}",
            "export the network with float32, float64 or integers",
        )
    type_ = TensorType(DTYPES[tensor.elem_type], tuple(d.dim_value for d in tensor.shape.dim))
    if not 0 < type_.elements <= MOST_ELEMENTS:
        raise no.unsupported(
            f"the tensor {shown(info.name)} of the shape {shape_text(type_.shape)}",
            f"use tensors of 1 to {MOST_ELEMENTS} elements",
        )
    return type_


def _type_of_array(name: str, value: Array, no: Refusals) -> TensorType:
    if value.dtype.name not in NUMPY:
        raise no.unsupported(
            f"the element type {value.dtype.name} of the tensor {shown(name)}",
            "export the network with float32, float64 or integers",
        )
    return TensorType(NUMPY[value.dtype.name], tuple(value.shape))


def _folded(graph: Graph, node: Node, no: Refusals) -> bool:
    """Whether the node's results are constants now."""
    import numpy as np

    if node.op == "Shape" and node.inputs[0] in graph.types:
        shape = graph.types[node.inputs[0]].shape
        part = shape[node.attributes.get("start", 0) : node.attributes.get("end", len(shape))]
        graph.constants[node.outputs[0]] = np.array(part, np.int64)
        return True
    if any(name and name not in graph.constants for name in node.inputs):
        return False
    results = evaluated(
        node.op, node.attributes, [graph.constants.get(n) for n in node.inputs], graph.opset, no
    )
    if results is None:
        return False
    for name, value in zip(node.outputs, results, strict=False):
        if value.size > MOST_ELEMENTS:
            raise no.unsupported(
                f"{node.title} on constants", f"use tensors of at most {MOST_ELEMENTS} elements"
            )
        if name:
            graph.constants[name] = value
    return True
