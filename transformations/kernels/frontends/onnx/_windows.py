"""Sliding windows: where they lie, and pooling over them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, prod
from typing import TYPE_CHECKING, Any

from xdsl.ir import SSAValue

from ._builder import Body, Index, Indices, View
from ._graph import Node
from ._movement import padded
from ._program import Program
from ._scalars import Scalar

if TYPE_CHECKING:
    import numpy as np

Pads = tuple[tuple[int, int], ...]
MOST_PAD = 1 << 16


@dataclass(frozen=True)
class Window:
    """Extents, steps and pads of a window; ``pads`` are the node's ``given_pads`` or as far as it reaches."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: Pads
    given_pads: Pads

    @property
    def spatial_pads(self) -> Pads:
        """Pads of all dimensions of a tensor with batch and channels."""
        return ((0, 0), (0, 0), *self.pads)

    def positions(self, b: Body, place: Indices, offset: Indices) -> list[Index]:
        """What an element of the window at ``place`` reads."""
        return [
            b.plus(b.times(p, s), b.times(o, d))
            for p, o, s, d in zip(place, offset, self.strides, self.dilations, strict=True)
        ]


def window_of(program: Program, node: Node, kernel: tuple[int, ...], extents: tuple[int, ...]) -> Window:
    """The window of a node over ``extents``."""
    rank = len(extents)
    ones = (1,) * rank
    a = node.attributes
    strides = tuple(a.get("strides", ones))
    dilations = tuple(a.get("dilations", ones))
    flat = tuple(a.get("pads", (0,) * (2 * rank)))
    auto = a.get("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise program.no.unsupported(f"{node.title} with auto_pad {auto[:40]!r}", "give the pads as numbers")
    result = program.graph.types[node.outputs[0]].shape[2:]
    _refuse_odd(program, node, (strides, dilations, kernel), flat, rank)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    needed = [(n - 1) * s + span for n, s, span in zip(result, strides, spans, strict=True)]
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [max(0, need - n) for need, n in zip(needed, extents, strict=True)]
        halves = [(t // 2, t - t // 2) for t in total]
        given = tuple(h if auto == "SAME_UPPER" else h[::-1] for h in halves)
    else:
        given = (
            tuple((flat[i], flat[rank + i]) for i in range(rank)) if auto == "NOTSET" else ((0, 0),) * rank
        )
    reach = [need - n - low for need, n, (low, _) in zip(needed, extents, given, strict=True)]
    pads = tuple((low, max(high, r)) for (low, high), r in zip(given, reach, strict=True))
    return Window(kernel, strides, dilations, pads, given)


def _refuse_odd(
    program: Program, node: Node, positive: tuple[tuple[int, ...], ...], pads: tuple[int, ...], rank: int
) -> None:
    bad = any(len(v) != rank or any(n < 1 for n in v) for v in positive)
    if bad or len(pads) != 2 * rank or any(not 0 <= n <= MOST_PAD for n in pads):
        raise program.no.unsupported(
            f"{node.title} with strides, dilations, kernel {[list(v) for v in positive]}, pads {list(pads)}",
            "use one positive number a spatial dimension, and pads that are not negative",
        )


def max_pool(program: Program, node: Node) -> None:
    """The greatest value of each window; what is padded never wins."""
    source = program.view(node.inputs[0])
    _one_result(program, node)
    window = window_of(program, node, tuple(node.attributes["kernel_shape"]), source.shape[2:])
    lowest = -inf if source.dtype.is_float else _least(source)
    source = padded(program, source, window.spatial_pads, lowest)

    def write(b: Body, given: list[View], out: View) -> None:
        s = Scalar(b, out.dtype)

        def element(at: list[Index]) -> None:
            def term(offset: list[Index], best: list[SSAValue]) -> list[SSAValue]:
                value = b.load(given[0], [*at[:2], *window.positions(b, at[2:], offset)])
                return [s.max(best[0], value)]

            (best,) = b.reduce(window.kernel, [s.constant(lowest)], term)
            b.store(out, at, best)

        b.nest(out.shape, element)

    known = {"kernel": window.kernel, "strides": window.strides, "dilations": window.dilations}
    program.call("max_pool", [source], program.output(node), write, known, structured=source.dtype.is_float)


def _least(view: View) -> int:
    from aicompiler.transformations.kernels._numbers import range_of

    return range_of(view.dtype)[0]


def _one_result(program: Program, node: Node) -> None:
    if len([o for o in node.outputs if o]) > 1:
        raise program.no.unsupported(
            f"{node.title} with more than one result", "export it with one result only"
        )


def average_pool(program: Program, node: Node) -> None:
    """The mean of each window, over what is padded too if the node says so."""
    source = program.view(node.inputs[0])
    window = window_of(program, node, tuple(node.attributes["kernel_shape"]), source.shape[2:])
    extents = source.shape[2:]
    out = program.output(node)
    counts = _counts(window, extents, out.shape[2:], bool(node.attributes.get("count_include_pad", 0)))
    source = padded(program, source, window.spatial_pads, 0.0)
    divisors = program.constant(node.name, counts.astype(_numpy(out)))

    def write(b: Body, given: list[View], to: View) -> None:
        s = Scalar(b, to.dtype)

        def element(at: list[Index]) -> None:
            def term(offset: list[Index], total: list[SSAValue]) -> list[SSAValue]:
                value = b.load(given[0], [*at[:2], *window.positions(b, at[2:], offset)])
                return [s.add(total[0], value)]

            (total,) = b.reduce(window.kernel, [s.constant(0)], term)
            b.store(to, at, s.div(total, b.load(given[1], at[2:])))

        b.nest(to.shape, element)

    known = {"kernel": window.kernel, "strides": window.strides, "dilations": window.dilations}
    structured = out.dtype.is_float
    program.call("average_pool", [source, divisors], out, write, known, structured=structured)


def _numpy(view: View) -> str:
    from aicompiler.transformations.kernels._binding import numpy_type

    return numpy_type(view.dtype)


def _counts(
    window: Window, extents: tuple[int, ...], places: tuple[int, ...], padding: bool
) -> np.ndarray[Any, Any]:
    """How many values of the tensor (``padding``: of it and its pads) each window holds."""
    import numpy as np

    counts = np.ones((), np.int64)
    for i, count in enumerate(places):
        low, high = window.given_pads[i] if padding else (0, 0)
        first = np.arange(count) * window.strides[i] - window.given_pads[i][0]
        taken = first[:, None] + np.arange(window.kernel[i])[None, :] * window.dilations[i]
        inside = (taken >= -low) & (taken < extents[i] + high)
        counts = np.multiply.outer(counts, np.maximum(inside.sum(axis=1), 1))
    return counts


def global_pool(program: Program, node: Node) -> None:
    """Mean or maximum over all spatial dimensions."""
    source = program.view(node.inputs[0])
    extents = source.shape[2:]
    mean = node.op == "GlobalAveragePool"

    def write(b: Body, given: list[View], out: View) -> None:
        s = Scalar(b, out.dtype)

        def element(at: list[Index]) -> None:
            def term(offset: list[Index], value: list[SSAValue]) -> list[SSAValue]:
                function = s.add if mean else s.max
                return [function(value[0], b.load(given[0], [*at[:2], *offset]))]

            (total,) = b.reduce(extents, [s.constant(0 if mean else -inf)], term)
            b.store(out, at, s.div(total, s.constant(prod(extents))) if mean else total)

        b.nest(out.shape, element)

    kind = "global_average_pool" if mean else "global_max_pool"
    program.call(kind, [source], program.output(node), write, structured=mean)
