"""Write ``convolution.onnx``: the junction's convolution layer as a network of the standard operators.

Run ``python models/traffic_junction/make_network.py`` after a change; a test compares the file with this.  It
computes what the layer's body in C does: all sums are whole numbers below 2^24, exact in binary32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

HEIGHT, WIDTH = 120, 160
FILTERS = (
    ((-4, -8, -4), (0, 0, 0), (4, 8, 4)),
    ((-4, 0, 4), (-8, 0, 8), (-4, 0, 4)),
    ((-4, -4, -4), (-4, 32, -4), (-4, -4, -4)),
    ((8, 0, -8), (0, 0, 0), (-8, 0, 8)),
)
BIAS = (-64, -64, -128, -32)
FILE = Path(__file__).parent / "convolution.onnx"


def network() -> ModelProto:
    """The layer: repeat the border, convolve with stride 2, cut off below 0, divide by 16, saturate."""
    nodes = [
        helper.make_node("Cast", ["smooth"], ["grey"], to=TensorProto.FLOAT),
        *_bordered("grey", "wide", axis=1, extent=WIDTH),
        *_bordered("wide", "framed", axis=0, extent=HEIGHT),
        helper.make_node("Reshape", ["framed", "image_shape"], ["image"]),
        helper.make_node("Conv", ["image", "filters", "bias"], ["sums"], strides=[2, 2]),
        helper.make_node("Relu", ["sums"], ["positive"]),
        helper.make_node("Mul", ["positive", "sixteenth"], ["scaled"]),
        helper.make_node("Min", ["scaled", "most"], ["saturated"]),
        helper.make_node("Cast", ["saturated"], ["features"], to=TensorProto.INT8),
    ]
    constants: dict[str, np.ndarray[Any, Any]] = {
        "image_shape": np.array([1, 1, HEIGHT + 2, WIDTH + 2], np.int64),
        "filters": np.array(FILTERS, np.float32).reshape(4, 1, 3, 3),
        "bias": np.array(BIAS, np.float32),
        "sixteenth": np.array(1 / 16, np.float32),
        "most": np.array(127, np.float32),
    }
    constants |= {name: np.array([value], np.int64) for name, value in _BOUNDS.items()}
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("smooth", TensorProto.UINT8, [HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("features", TensorProto.INT8, [1, 4, HEIGHT // 2, WIDTH // 2])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


_BOUNDS = {
    "at_0": 0,
    "at_1": 1,
    **{f"at_{extent - 1}": extent - 1 for extent in (HEIGHT, WIDTH)},
    **{f"at_{extent}": extent for extent in (HEIGHT, WIDTH)},
    **{f"axis_{axis}": axis for axis in (0, 1)},
}


def _bordered(source: str, target: str, axis: int, extent: int) -> list[NodeProto]:
    """Repeat the first and the last row or column."""
    first, last = f"{source}_first", f"{source}_last"
    return [
        helper.make_node("Slice", [source, "at_0", "at_1", f"axis_{axis}"], [first]),
        helper.make_node("Slice", [source, f"at_{extent - 1}", f"at_{extent}", f"axis_{axis}"], [last]),
        helper.make_node("Concat", [first, source, last], [target], axis=axis),
    ]


if __name__ == "__main__":
    FILE.write_bytes(network().SerializeToString(deterministic=True))
