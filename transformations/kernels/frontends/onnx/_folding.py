"""Nodes whose inputs are constants, computed by ONNX's own reference implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from ._errors import Refusals

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_FOLDED = 1 << 24
"""Elements of a constant that a node makes of others."""

FOLDED = frozenset(
    (
        *("Add", "Cast", "Concat", "Constant", "ConstantOfShape", "Cos", "Div", "Equal", "Expand", "Flatten"),
        *("Floor", "Gather", "Identity", "Max", "Min", "Mul", "Neg", "Not", "Pow", "Range", "Reciprocal"),
        *("ReduceMean", "ReduceProd", "ReduceSum", "Reshape", "Shape", "Sin", "Slice", "Split", "Sqrt"),
        *("Squeeze", "Sub", "Transpose", "Unsqueeze", "Where"),
    )
)
"""Operators that are evaluated where all their inputs are constants."""

_BINARY = frozenset(["Add", "Div", "Equal", "Max", "Min", "Mul", "Pow", "Sub", "Where"])


def evaluated(
    op: str, attributes: Mapping[str, Any], inputs: Sequence[Array | None], opset: int, no: Refusals
) -> list[Array] | None:
    """The results of a node on constants; ``None`` where that is left to the generated code."""
    if op not in FOLDED:
        return None
    if _growth(op, attributes, inputs) > MOST_FOLDED:
        raise no.unsupported(
            f"a constant that {op} makes larger than {MOST_FOLDED} elements",
            "export the network with smaller tensors",
        )
    import numpy as np
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    names = [f"i{k}" if value is not None else "" for k, value in enumerate(inputs)]
    given = {n: v for n, v in zip(names, inputs, strict=True) if v is not None}
    outputs = [f"o{k}" for k in range(_results(op, attributes, inputs))]
    node = helper.make_node(op, names, outputs, **attributes)
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for n, v in given.items()
    ]
    untyped = [helper.make_empty_tensor_value_info(name) for name in outputs]
    graph = helper.make_graph([node], "g", infos, untyped)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    with np.errstate(all="ignore"):
        try:
            made = ReferenceEvaluator(model).run(None, given)
        except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, RuntimeError) as error:
            text = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
            raise no.wrong(
                f"the operator {op} cannot be computed on its constants: {text}", "export the network again"
            ) from None
    return [np.asarray(value) for value in made]


def _results(op: str, attributes: Mapping[str, Any], inputs: Sequence[Array | None]) -> int:
    if op != "Split":
        return 1
    if "num_outputs" in attributes:
        return min(int(attributes["num_outputs"]), 4096)
    sizes = inputs[1] if len(inputs) > 1 and inputs[1] is not None else attributes.get("split", (0,))
    return min(len(sizes), 4096)


def _growth(op: str, attributes: Mapping[str, Any], inputs: Sequence[Array | None]) -> int:
    """How many elements a node gives that could give more than it takes; 0 for all others."""
    given = [v for v in inputs if v is not None]
    if op == "ConstantOfShape":
        return abs(prod(int(n) for n in given[0].reshape(-1)))
    if op == "Range":
        start, limit, step = (float(v.reshape(-1)[0]) for v in given)
        return max(0, ceil((limit - start) / step)) if step else MOST_FOLDED + 1
    if op == "Gather":
        data, places = given
        axis = int(attributes.get("axis", 0))
        return data.size // max(1, data.shape[axis]) * int(places.size) if data.ndim else 0
    if op == "Expand":
        return _broadcast([given[0].shape, tuple(int(n) for n in given[1].reshape(-1))])
    return _broadcast([v.shape for v in given]) if op in _BINARY else 0


def _broadcast(shapes: list[tuple[int, ...]]) -> int:
    import numpy as np

    try:
        return prod(np.broadcast_shapes(*shapes))
    except ValueError:
        return 0  # the evaluation says what is wrong
