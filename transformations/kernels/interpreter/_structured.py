"""Whole operations by numpy: bit for bit what their loops compute, many elements at a time.

A front end marks a private function with ``aic.structured``: the operation, its attributes and the shapes of
its operands.  Sums are made in the order of the loops, one term of all elements after the other, each product
and sum rounded to the type.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import Float32Type, Float64Type, MemRefType, StringAttr

if TYPE_CHECKING:
    Memory = list[float | None] | array[float]

Array = np.ndarray[Any, Any]
Operation = Callable[[dict[str, Any], list[Array], Array], None]
Whole = Callable[[Callable[[int, int], None]], Callable[..., None]]

LEAST_WORK = 1 << 15
"""Steps of the innermost loop from which numpy is worth the way there and back."""

_CHUNK = 1 << 16  # elements of a convolution that are summed up together: they stay in the cache


def structured(op: func.FuncOp, first: int) -> Whole | None:
    """What makes a function of the flat memories of ``op``'s arguments, if numpy knows it and it is worth it.

    It takes what reports, by line and number, memory with elements without a value; arguments count from
    ``first``.
    """
    attribute = op.attributes.get("aic.structured")
    if not isinstance(attribute, StringAttr):
        return None
    known = json.loads(attribute.data)
    kinds = {t.element_type for t in op.function_type.inputs.data if isinstance(t, MemRefType)}
    execute = OPERATIONS.get(known["op"])
    if execute is None or len(kinds) != 1 or work(known) < LEAST_WORK:
        return None
    (kind,) = kinds
    if not isinstance(kind, Float32Type | Float64Type):
        return None
    dtype = np.dtype(np.float32 if isinstance(kind, Float32Type) else np.float64)
    shapes = [tuple(shape) for shape in known["shapes"]]

    def bound(unset: Callable[[int, int], None]) -> Callable[..., None]:
        def run(*memories: Memory) -> None:
            for number, memory in enumerate(memories[:-1]):
                if isinstance(memory, list) and None in memory:
                    unset(0, first + number)
            given = [_read(m, s, dtype) for m, s in zip(memories[:-1], shapes[:-1], strict=True)]
            result = np.empty(shapes[-1], dtype)
            with np.errstate(all="ignore"):
                execute(known, given, result)
            cast("list[float | None]", memories[-1])[:] = result.reshape(-1).tolist()

        return run

    return bound


def work(known: dict[str, Any]) -> int:
    """How often the innermost loop of the operation runs."""
    shapes: list[list[int]] = known["shapes"]
    inner: dict[str, Callable[[], int]] = {
        "conv": lambda: prod(shapes[1][1:]),
        "gemm": lambda: shapes[0][0 if known.get("transA") else 1],
        "matmul": lambda: shapes[0][-1],
        "max_pool": lambda: prod(known["kernel"]),
        "average_pool": lambda: prod(known["kernel"]),
        "global_average_pool": lambda: prod(shapes[0][2:]),
    }
    return prod(shapes[-1]) * inner.get(known["op"], lambda: 1)()


def _read(memory: Memory, shape: Sequence[int], dtype: np.dtype[Any]) -> Array:
    if isinstance(memory, array):
        return np.frombuffer(memory, memory.typecode).astype(dtype, copy=False).reshape(shape)
    return np.array(memory, dtype).reshape(shape)


# --- products ---------------------------------------------------------------------------------------------


def _conv(known: dict[str, Any], given: list[Array], y: Array) -> None:
    x, w, *bias = given
    groups: int = known["group"]
    batch, features, *places = y.shape
    _, channels, *kernel = w.shape
    each = features // groups
    x = x.reshape(batch, groups, channels, *x.shape[2:])
    w = w.reshape(groups, each, channels, *kernel)
    out = y.reshape(batch, groups, each, *places)
    start = bias[0].reshape(groups, each, *[1] * len(places)) if bias else np.zeros((), y.dtype)
    out[...] = start
    rows = max(1, _CHUNK // max(1, prod(places)))
    for n, g, first in product(range(batch), range(groups), range(0, each, rows)):
        _chunk(known, x[n, g], w[g, first : first + rows], out[n, g, first : first + rows])


def _chunk(known: dict[str, Any], x: Array, w: Array, total: Array) -> None:
    """Add all terms to some features of one group; ``x`` has its channels first."""
    _, channels, *kernel = w.shape
    places = total.shape[1:]
    term = np.empty_like(total)
    columns = np.ascontiguousarray(np.moveaxis(w, 0, -1)).reshape(channels, *kernel, -1, *[1] * len(places))
    for c in range(channels):
        for offset in np.ndindex(*kernel):
            np.multiply(columns[c][offset], x[c][_window(known, offset, places)], out=term)
            total += term


def _window(known: dict[str, Any], offset: Sequence[int], places: Sequence[int]) -> tuple[slice, ...]:
    """What all windows read at ``offset``, a slice a dimension."""
    steps, spread = known["strides"], known["dilations"]
    pairs = zip(offset, spread, steps, places, strict=True)
    return tuple(slice(o * d, o * d + (n - 1) * s + 1, s) for o, d, s, n in pairs)


def _gemm(known: dict[str, Any], given: list[Array], y: Array) -> None:
    left, right, *addend = given
    left = left.T if known["transA"] else left
    right = right.T if known["transB"] else right
    y[...] = addend[0] if addend else 0
    _add_products(left, right, y)


def _matmul(known: dict[str, Any], given: list[Array], y: Array) -> None:  # noqa: ARG001 - one signature for all
    y[...] = 0
    _add_products(given[0], given[1], y)


def _add_products(left: Array, right: Array, total: Array) -> None:
    for k in range(left.shape[-1]):
        total += left[..., :, k, None] * right[..., k, None, :]


# --- windows ----------------------------------------------------------------------------------------------


def _max_pool(known: dict[str, Any], given: list[Array], y: Array) -> None:
    y[...] = -np.inf
    for offset in np.ndindex(*known["kernel"]):
        value = given[0][:, :, *_window(known, offset, y.shape[2:])]
        np.copyto(y, value, where=y < value)


def _average_pool(known: dict[str, Any], given: list[Array], y: Array) -> None:
    y[...] = 0
    for offset in np.ndindex(*known["kernel"]):
        y += given[0][:, :, *_window(known, offset, y.shape[2:])]
    y /= given[1]


def _global_average_pool(known: dict[str, Any], given: list[Array], y: Array) -> None:  # noqa: ARG001
    x = given[0].reshape(*given[0].shape[:2], -1)
    total = np.zeros(x.shape[:2], y.dtype)
    for k in range(x.shape[2]):
        total += x[:, :, k]
    y[...] = (total / y.dtype.type(x.shape[2])).reshape(y.shape)


# --- elements ---------------------------------------------------------------------------------------------


def _add(known: dict[str, Any], given: list[Array], y: Array) -> None:  # noqa: ARG001
    np.add(given[0], given[1], out=y)


def _mul(known: dict[str, Any], given: list[Array], y: Array) -> None:  # noqa: ARG001
    np.multiply(given[0], given[1], out=y)


def _relu(known: dict[str, Any], given: list[Array], y: Array) -> None:  # noqa: ARG001
    y[...] = np.where(given[0] < 0, y.dtype.type(0), given[0])


def _reshape(known: dict[str, Any], given: list[Array], y: Array) -> None:  # noqa: ARG001
    y[...] = given[0].reshape(y.shape)


def _pad(known: dict[str, Any], given: list[Array], y: Array) -> None:
    y[...] = float(known["fill"])
    inside = tuple(slice(low, low + n) for (low, _), n in zip(known["pads"], given[0].shape, strict=True))
    y[inside] = given[0]


OPERATIONS: dict[str, Operation] = {
    "add": _add,
    "average_pool": _average_pool,
    "conv": _conv,
    "copy": _reshape,
    "gemm": _gemm,
    "global_average_pool": _global_average_pool,
    "matmul": _matmul,
    "max_pool": _max_pool,
    "mul": _mul,
    "pad": _pad,
    "relu": _relu,
    "reshape": _reshape,
}
"""What numpy knows; every one is held against its loops in the tests."""
