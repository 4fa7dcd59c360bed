"""One small network for each operator and each of its forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from aicompiler.metamodels.system import ElementType
from networks import Net

I64, I32 = ElementType.I64, ElementType.I32
CASES: dict[str, Callable[[], Any]] = {}


def case(function: Callable[[], Any]) -> Callable[[], Any]:
    """Register a network under the name of its function."""
    CASES[function.__name__] = function
    return function


def unary(op: str, opset: int = 20, **attributes: Any) -> Any:
    """One operator on one tensor."""
    net = Net(opset)
    net.add(op, ["x"], "y", **attributes)
    return net.model({"x": (1, 3, 5)}, {"y": (1, 3, 5)})


for name in ("Abs", "Erf", "Exp", "Gelu", "Neg", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Identity"):
    CASES[name.lower()] = lambda name=name: unary(name)
CASES["gelu_tanh"] = lambda: unary("Gelu", approximate="tanh")
CASES["softmax_last"] = lambda: unary("Softmax")
CASES["softmax_middle"] = lambda: unary("Softmax", axis=1)
CASES["softmax_old"] = lambda: unary("Softmax", opset=11, axis=2)
CASES["log_softmax"] = lambda: unary("LogSoftmax", axis=-1)


@case
def positive_functions() -> Any:
    """Square root, logarithm and a power of what is positive."""
    net = Net()
    positive = net.add("Add", [net.add("Abs", ["x"]), net.constant(0.5)])
    total = net.add("Add", [net.add("Sqrt", [positive]), net.add("Log", [positive])])
    net.add("Add", [total, net.add("Pow", [positive, net.constant(1.5)])], "y")
    return net.model({"x": (4, 3)}, {"y": (4, 3)})


@case
def arithmetic_with_broadcast() -> Any:
    """The four operations, each with operands of another shape."""
    net = Net()
    left = net.add("Mul", ["x", net.weights(3, 1)])
    right = net.add("Sub", [net.constant(2.0), "z"])
    net.add("Div", [net.add("Add", [left, right]), net.constant([[2.0], [-4.0], [0.5]])], "y")
    return net.model({"x": (2, 3, 4), "z": (4,)}, {"y": (2, 3, 4)})


@case
def maximum_of_three() -> Any:
    """Max and Min take several tensors."""
    net = Net()
    net.add("Min", [net.add("Max", ["x", "z", net.constant(-0.5)]), net.constant([0.7, 0.2])], "y")
    return net.model({"x": (3, 2), "z": (1, 2)}, {"y": (3, 2)})


@case
def clip_both() -> Any:
    """Clip with both bounds, and with one."""
    net = Net()
    net.add(
        "Clip", [net.add("Clip", ["x", net.constant(-1.0), net.constant(0.5)]), "", net.constant(0.25)], "y"
    )
    return net.model({"x": (7,)}, {"y": (7,)})


def conv(
    shape: tuple[int, ...], weights: tuple[int, ...], out: tuple[int, ...], bias: bool, **more: Any
) -> Any:
    """One convolution."""
    net = Net()
    inputs = ["x", net.weights(*weights)] + ([net.weights(weights[0])] if bias else [])
    net.add("Conv", inputs, "y", **more)
    return net.model({"x": shape}, {"y": out})


CASES["conv_plain"] = lambda: conv((1, 2, 5, 6), (3, 2, 3, 2), (1, 3, 3, 5), False)
CASES["conv_pads_strides"] = lambda: conv(
    (1, 3, 7, 6), (4, 3, 3, 3), (1, 4, 4, 3), True, pads=[1, 1, 1, 1], strides=[2, 2]
)
CASES["conv_groups"] = lambda: conv((1, 4, 5, 5), (6, 2, 3, 3), (1, 6, 3, 3), True, group=2)
CASES["conv_depthwise"] = lambda: conv(
    (1, 3, 6, 6), (3, 1, 3, 3), (1, 3, 6, 6), True, group=3, pads=[1, 1, 1, 1]
)
CASES["conv_dilated"] = lambda: conv(
    (1, 2, 8, 7), (2, 2, 2, 2), (1, 2, 7, 4), True, dilations=[2, 3], pads=[1, 0, 0, 0]
)
CASES["conv_pointwise"] = lambda: conv((1, 5, 3, 3), (2, 5, 1, 1), (1, 2, 3, 3), True)
CASES["conv_of_a_signal"] = lambda: conv((1, 2, 9), (3, 2, 4), (1, 3, 5), True, strides=[2], pads=[1, 2])
CASES["conv_same_upper"] = lambda: conv(
    (1, 2, 6, 5), (2, 2, 4, 3), (1, 2, 3, 3), True, auto_pad="SAME_UPPER", strides=[2, 2]
)
CASES["conv_same_lower"] = lambda: conv(
    (1, 2, 6, 5), (2, 2, 4, 3), (1, 2, 6, 5), False, auto_pad="SAME_LOWER"
)
CASES["conv_batch"] = lambda: conv((2, 2, 4, 4), (2, 2, 3, 3), (2, 2, 2, 2), True)


def gemm(**more: Any) -> Any:
    """One Gemm."""
    net = Net()
    right = net.weights(4, 6) if more.get("transB") else net.weights(6, 4)
    net.add("Gemm", ["x", right, net.weights(4)], "y", **more)
    return net.model({"x": (6, 3) if more.get("transA") else (3, 6)}, {"y": (3, 4)})


CASES["gemm"] = gemm
CASES["gemm_transposed"] = lambda: gemm(transA=1, transB=1)
CASES["gemm_scaled"] = lambda: gemm(alpha=0.5, beta=2.0, transB=1)


def matmul(left: tuple[int, ...], right: tuple[int, ...], out: tuple[int, ...]) -> Any:
    """A product of two inputs."""
    net = Net()
    net.add("MatMul", ["x", "z"], "y")
    return net.model({"x": left, "z": right}, {"y": out})


CASES["matmul"] = lambda: matmul((3, 4), (4, 2), (3, 2))
CASES["matmul_stacks"] = lambda: matmul((2, 1, 3, 4), (5, 4, 2), (2, 5, 3, 2))
CASES["matmul_row"] = lambda: matmul((4,), (3, 4, 2), (3, 2))
CASES["matmul_column"] = lambda: matmul((3, 4), (4,), (3,))


def pool(op: str, shape: tuple[int, ...], out: tuple[int, ...], **more: Any) -> Any:
    """One pooling operator."""
    net = Net()
    net.add(op, ["x"], "y", **more)
    return net.model({"x": shape}, {"y": out})


for op, short in (("MaxPool", "max_pool"), ("AveragePool", "average_pool")):
    CASES[short] = lambda op=op: pool(op, (1, 2, 6, 5), (1, 2, 3, 2), kernel_shape=[2, 3], strides=[2, 2])
    CASES[f"{short}_padded"] = lambda op=op: pool(
        op, (1, 2, 7, 7), (1, 2, 4, 4), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
    )
    CASES[f"{short}_ceiling"] = lambda op=op: pool(
        op, (1, 2, 6, 6), (1, 2, 3, 3), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1
    )
CASES["average_pool_with_pads"] = lambda: pool(
    "AveragePool", (1, 2, 4, 4), (1, 2, 4, 4), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1
)
CASES["global_average_pool"] = lambda: pool("GlobalAveragePool", (1, 3, 4, 5), (1, 3, 1, 1))
CASES["global_max_pool"] = lambda: pool("GlobalMaxPool", (1, 3, 4, 5), (1, 3, 1, 1))


@case
def batch_normalization() -> Any:
    """One that stands alone."""
    net = Net()
    variance = net.constant([0.5, 2.0, 1.0])
    net.add("BatchNormalization", ["x", net.weights(3), net.weights(3), net.weights(3), variance], "y")
    return net.model({"x": (1, 3, 4, 4)}, {"y": (1, 3, 4, 4)})


@case
def batch_normalization_after_conv() -> Any:
    """One that becomes part of the convolution before it."""
    net = Net()
    conv = net.add("Conv", ["x", net.weights(3, 2, 3, 3)])
    variance = net.constant([0.5, 2.0, 1.0])
    net.add(
        "BatchNormalization",
        [conv, net.weights(3), net.weights(3), net.weights(3), variance],
        "y",
        epsilon=1e-3,
    )
    return net.model({"x": (1, 2, 5, 5)}, {"y": (1, 3, 3, 3)})


@case
def layer_normalization() -> Any:
    """Over the last dimension, with an offset."""
    net = Net()
    net.add("LayerNormalization", ["x", net.weights(6), net.weights(6)], "y", epsilon=1e-4)
    return net.model({"x": (1, 4, 6)}, {"y": (1, 4, 6)})


@case
def layer_normalization_of_two() -> Any:
    """Over the last two dimensions, without an offset."""
    net = Net()
    net.add("LayerNormalization", ["x", net.weights(3, 4)], "y", axis=-2)
    return net.model({"x": (2, 3, 4)}, {"y": (2, 3, 4)})


@case
def means_and_sums() -> Any:
    """Reductions with the axes as an attribute of old, and as an input."""
    net = Net(13)
    mean = net.add("ReduceMean", ["x"], axes=[1], keepdims=1)
    total = net.add("ReduceSum", ["x", net.constant([-1], np.int64)], keepdims=0)
    greatest = net.add("ReduceMax", ["x"], axes=[0, 2], keepdims=0)
    net.add(
        "Add",
        [
            net.add("Add", [mean, net.add("Unsqueeze", [total, net.constant([2], np.int64)])]),
            net.add("Unsqueeze", [greatest, net.constant([0, 2], np.int64)]),
        ],
        "y",
    )
    return net.model({"x": (2, 3, 4)}, {"y": (2, 3, 4)})


@case
def mean_of_all() -> Any:
    """Without axes everything is one number."""
    net = Net()
    net.add("ReduceMean", ["x"], "y", keepdims=0)
    return net.model({"x": (3, 4)}, {"y": ()})


@case
def concat() -> Any:
    """Three tensors, one of them twice."""
    net = Net()
    net.add("Concat", ["x", "z", "x"], "y", axis=-2)
    return net.model({"x": (2, 3, 2), "z": (2, 1, 2)}, {"y": (2, 7, 2)})


def reshape(shape: tuple[int, ...], out: tuple[int, ...], target: list[int]) -> Any:
    """A reshape between two operators that are not in place."""
    net = Net()
    flat = net.add("Reshape", [net.add("Neg", ["x"]), net.constant(target, np.int64)])
    net.add("Neg", [flat], "y")
    return net.model({"x": shape}, {"y": out})


CASES["reshape_joins"] = lambda: reshape((2, 3, 4), (6, 4), [-1, 4])
CASES["reshape_parts"] = lambda: reshape((6, 4), (2, 3, 2, 2), [2, 3, 2, 2])
CASES["reshape_regroups"] = lambda: reshape((4, 6), (2, 12), [2, 12])
CASES["reshape_skewed"] = lambda: reshape((2, 3, 5), (5, 3, 2), [5, 3, 2])
CASES["reshape_same"] = lambda: reshape((1, 6), (6, 1), [6, 1])


@case
def flatten_and_reshape_at_the_ports() -> Any:
    """Nothing but a reshape between an input and an output."""
    net = Net()
    net.add("Flatten", ["x"], "y")
    return net.model({"x": (1, 2, 3)}, {"y": (1, 6)})


@case
def transposes() -> Any:
    """Orders of three dimensions."""
    net = Net()
    first = net.add("Transpose", ["x"], perm=[2, 0, 1])
    net.add("Transpose", [net.add("Neg", [first])], "y")
    return net.model({"x": (2, 3, 4)}, {"y": (3, 2, 4)})


@case
def slices() -> Any:
    """Steps, negative indices and a walk backwards."""
    net = Net()
    i64 = np.int64
    first = net.add("Slice", ["x", *(net.constant(v, i64) for v in ([1, -4], [100, -1], [0, 1], [2, 1]))])
    net.add("Slice", [first, *(net.constant(v, i64) for v in ([-1], [-100], [1], [-2]))], "y")
    return net.model({"x": (6, 5)}, {"y": (3, 2)})


@case
def split_parts() -> Any:
    """Parts of different sizes, put together again the other way round."""
    net = Net()
    net.add("Split", ["x", net.constant([1, 3], np.int64)], "a", "b", axis=1)
    net.add("Concat", ["b", "a"], "y", axis=1)
    return net.model({"x": (2, 4)}, {"y": (2, 4)})


@case
def gather_rows() -> Any:
    """Computed indices, negative ones among them."""
    net = Net()
    net.add("Gather", [net.weights(5, 3), "i"], "y", axis=0)
    return net.model({"i": (2, 2)}, {"y": (2, 2, 3)}, {"i": I64})


@case
def gather_columns() -> Any:
    """Constant indices of another axis; a single one drops it."""
    net = Net()
    picked = net.add("Gather", ["x", net.constant([2, 0, -1], np.int64)], axis=1)
    net.add("Gather", [picked, net.constant(1, np.int64)], "y", axis=2)
    return net.model({"x": (2, 3, 4)}, {"y": (2, 3)})


@case
def pads() -> Any:
    """A constant around a tensor."""
    net = Net()
    net.add("Pad", ["x", net.constant([0, 1, 2, 0], np.int64), net.constant(1.5)], "y")
    return net.model({"x": (2, 3)}, {"y": (4, 4)})


@case
def expand_rows() -> Any:
    """A row and a column of copies."""
    net = Net()
    net.add("Expand", ["x", net.constant([2, 3, 4], np.int64)], "y")
    return net.model({"x": (3, 1)}, {"y": (2, 3, 4)})


@case
def casts() -> Any:
    """To integers and back, through arithmetic on them."""
    net = Net()
    whole = net.add("Cast", [net.add("Mul", ["x", net.constant(10.0)])], to=6)
    quotient = net.add("Div", [whole, net.constant(3, np.int32)])
    net.add("Cast", [quotient], "y", to=1)
    return net.model({"x": (6,)}, {"y": (6,)})


@case
def shapes_that_are_computed() -> Any:
    """The shape arithmetic of exporters comes out as a constant."""
    net = Net()
    shape = net.add("Shape", ["x"])
    first = net.add("Gather", [shape, net.constant(0, np.int64)])
    row = net.add("Unsqueeze", [first, net.constant([0], np.int64)])
    target = net.add("Concat", [row, net.constant([-1], np.int64)], axis=0)
    net.add("Reshape", ["x", target], "y")
    return net.model({"x": (2, 3, 4)}, {"y": (2, 12)})


def layer(op: str, outputs: int, direction: str, initial: bool, **more: Any) -> Any:
    """One recurrent layer with all its results."""
    net = Net()
    steps, size, hidden = 4, 3, 5
    ways = 2 if direction == "bidirectional" else 1
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[op]
    names = ["y", "h", "c"][:outputs]
    inputs = [
        net.weights(ways, gates * hidden, size, scale=0.5),
        net.weights(ways, gates * hidden, hidden, scale=0.5),
    ]
    inputs.append(net.weights(ways, 2 * gates * hidden, scale=0.5))
    state = [net.weights(ways, 1, hidden) for _ in range(outputs - 1)] if initial else []
    net.add(
        op,
        ["x", *inputs, *([""] if state else []), *state],
        *names,
        hidden_size=hidden,
        direction=direction,
        **more,
    )
    shapes = {"y": (steps, ways, 1, hidden), "h": (ways, 1, hidden), "c": (ways, 1, hidden)}
    return net.model({"x": (steps, 1, size)}, {n: shapes[n] for n in names})


CASES["rnn"] = lambda: layer("RNN", 2, "forward", True)
CASES["rnn_both_ways"] = lambda: layer("RNN", 2, "bidirectional", False)
CASES["gru"] = lambda: layer("GRU", 2, "forward", True)
CASES["gru_after"] = lambda: layer("GRU", 2, "reverse", True, linear_before_reset=1)
CASES["lstm"] = lambda: layer("LSTM", 3, "forward", True)
CASES["lstm_both_ways"] = lambda: layer("LSTM", 3, "bidirectional", True)
CASES["lstm_first_result_only"] = lambda: layer("LSTM", 1, "reverse", False)
