"""The networks of real use: ResNet-50 with random weights of exact shapes, and small ones of each kind."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from networks import Net

STAGES = ((3, 64, 256, 1), (4, 128, 512, 2), (6, 256, 1024, 2), (3, 512, 2048, 2))
"""Blocks, inner and outer channels and stride of ResNet-50's four stages (He et al. 2015, table 1)."""


def resnet(
    size: int = 224, stages: tuple[tuple[int, int, int, int], ...] = STAGES, classes: int = 1000
) -> Any:
    """ResNet of bottleneck blocks for images of ``size``; by default ResNet-50, strides in 3x3 layers."""
    net = Net(17)
    width = stages[0][1]
    x = net.add("Relu", [_layer(net, "x", 3, width, 7, 2)])
    x = net.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = width
    for blocks, inner, outer, stride in stages:
        for block in range(blocks):
            x = _block(net, x, channels, inner, outer, stride if block == 0 else 1)
            channels = outer
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x])])
    net.add("Gemm", [x, net.weights(classes, channels), net.weights(classes)], "y", transB=1)
    return net.model({"x": (1, 3, size, size)}, {"y": (1, classes)})


def _block(net: Net, x: str, channels: int, inner: int, outer: int, stride: int) -> str:
    way = net.add("Relu", [_layer(net, x, channels, inner, 1, 1)])
    way = net.add("Relu", [_layer(net, way, inner, inner, 3, stride)])
    way = _layer(net, way, inner, outer, 1, 1)
    if channels != outer or stride != 1:
        x = _layer(net, x, channels, outer, 1, stride)
    return net.add("Relu", [net.add("Add", [way, x])])


def _layer(net: Net, x: str, channels: int, features: int, kernel: int, stride: int) -> str:
    """A convolution without bias and its normalisation."""
    pads = [kernel // 2] * 4
    y = net.add("Conv", [x, net.weights(features, channels, kernel, kernel)], strides=[stride] * 2, pads=pads)
    scale, bias, mean = (net.constant(net.random.uniform(0.5, 1.0, features)) for _ in range(3))
    variance = net.constant(net.random.uniform(0.5, 1.5, features))
    return net.add("BatchNormalization", [y, scale, bias, mean, variance])


def fully_connected(sizes: tuple[int, ...] = (12, 16, 8, 4)) -> Any:
    """Dense layers with Relu between them and Softmax at the end."""
    net = Net()
    x = "x"
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        last = number == len(sizes) - 2
        x = net.add("Gemm", [x, net.weights(outputs, inputs), net.weights(outputs)], transB=1)
        x = x if last else net.add("Relu", [x])
    net.add("Softmax", [x], "y", axis=-1)
    return net.model({"x": (1, sizes[0])}, {"y": (1, sizes[-1])})


def recurrent(steps: int = 6, size: int = 4, hidden: int = 8) -> Any:
    """An LSTM in both directions, a GRU over its results, and a decision from the last state."""
    net = Net()
    w, r, b = (net.weights(2, 4 * hidden, n, scale=0.4) for n in (size, hidden, 1))
    bias = net.constant(np.tile(net.constants[b].reshape(2, -1), (1, 2)))
    net.add("LSTM", ["x", w, r, bias], "both", hidden_size=hidden, direction="bidirectional")
    joined = net.add("Transpose", ["both"], perm=[0, 2, 1, 3])
    flat = net.add("Reshape", [joined, net.constant([steps, 1, 2 * hidden], np.int64)])
    w, r = (net.weights(1, 3 * hidden, n, scale=0.4) for n in (2 * hidden, hidden))
    net.add("GRU", [flat, w, r], "", "last", hidden_size=hidden)
    state = net.add("Squeeze", ["last", net.constant([0], np.int64)])
    net.add("Sigmoid", [net.add("Gemm", [state, net.weights(3, hidden), net.weights(3)], transB=1)], "y")
    return net.model({"x": (steps, 1, size)}, {"y": (1, 3)})


def transformer(length: int = 6, width: int = 8, heads: int = 2, layers: int = 1, words: int = 11) -> Any:
    """Embedding, causal attention and feed-forward layers as exporters write them; scores of next words."""
    from aicompiler.metamodels.system import ElementType

    net = Net(20)
    x = net.add("Gather", [net.weights(words, width, scale=0.5), "tokens"])
    x = net.add("Add", [x, net.weights(length, width, scale=0.2)])
    for _ in range(layers):
        x = net.add("Add", [x, _attention(net, _normalised(net, x, width), length, width, heads)])
        x = net.add("Add", [x, _feed_forward(net, _normalised(net, x, width), width)])
    net.add("MatMul", [_normalised(net, x, width), net.weights(width, words)], "y")
    return net.model({"tokens": (1, length)}, {"y": (1, length, words)}, {"tokens": ElementType.I64})


def _normalised(net: Net, x: str, width: int) -> str:
    return net.add("LayerNormalization", [x, net.weights(width, scale=1.0), net.weights(width, scale=0.1)])


def _attention(net: Net, x: str, length: int, width: int, heads: int) -> str:
    i64, each = np.int64, width // heads
    joined = net.add(
        "Add", [net.add("MatMul", [x, net.weights(width, 3 * width)]), net.weights(3 * width, scale=0.1)]
    )
    parts = [f"{joined}_{n}" for n in "qkv"]
    net.add("Split", [joined], *parts, axis=-1, num_outputs=3)
    shape = net.constant([1, length, heads, each], i64)
    query, key, value = (
        net.add("Transpose", [net.add("Reshape", [p, shape])], perm=[0, 2, 1, 3]) for p in parts
    )
    scores = net.add("MatMul", [query, net.add("Transpose", [key], perm=[0, 1, 3, 2])])
    mask = net.constant(np.triu(np.full((length, length), -np.inf), 1))
    scaled = net.add("Add", [net.add("Div", [scores, net.constant(each**0.5)]), mask])
    mixed = net.add("MatMul", [net.add("Softmax", [scaled], axis=-1), value])
    flat = net.add(
        "Reshape", [net.add("Transpose", [mixed], perm=[0, 2, 1, 3]), net.constant([1, length, width], i64)]
    )
    return net.add("MatMul", [flat, net.weights(width, width)])


def _feed_forward(net: Net, x: str, width: int) -> str:
    wide = net.add("Gelu", [net.add("MatMul", [x, net.weights(width, 4 * width)])])
    return net.add("MatMul", [wide, net.weights(4 * width, width)])
