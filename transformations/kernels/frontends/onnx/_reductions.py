"""Operators that combine the elements of some dimensions: means, sums, Softmax, LayerNormalization."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, prod

from xdsl.ir import SSAValue

from ._builder import Body, Index, Indices, View
from ._graph import Node
from ._movement import axes_of, axis_of
from ._program import Program
from ._scalars import Scalar

Place = Callable[[Indices, Indices], list[Index]]


def reduce_(program: Program, node: Node) -> None:
    """ReduceMean, ReduceSum and ReduceMax over some axes, by default all."""
    source = program.view(node.inputs[0])
    rank = len(source.shape)
    axes = axes_of(program, node, rank)
    if axes in (None, ()):
        axes = () if node.attributes.get("noop_with_empty_axes", 0) else tuple(range(rank))
    assert axes is not None
    keep = bool(node.attributes.get("keepdims", 1))
    mean, greatest = node.op == "ReduceMean", node.op == "ReduceMax"
    if mean and not source.dtype.is_float:
        raise program.no.unsupported(
            f"{node.title} on {source.dtype.value}", "cast to a float type before it"
        )
    if greatest and not source.dtype.is_float:
        raise program.no.unsupported(
            f"{node.title} on {source.dtype.value}", "cast to a float type before it"
        )

    def write(b: Body, given: list[View], out: View) -> None:
        s = Scalar(b, out.dtype)
        extents = [source.shape[d] for d in axes]

        def element(at: list[Index]) -> None:
            def term(inner: list[Index], total: list[SSAValue]) -> list[SSAValue]:
                value = b.load(given[0], _joined(rank, axes, at, inner, keep))
                return [(s.max if greatest else s.add)(total[0], value)]

            (total,) = b.reduce(extents, [s.constant(-inf if greatest else 0)], term)
            b.store(out, at, s.div(total, s.constant(prod(extents))) if mean else total)

        b.nest(out.shape, element)

    known = {"axes": axes, "keepdims": keep}
    program.call(_snake(node.op), [source], program.output(node), write, known)


def _snake(op: str) -> str:
    return "reduce_" + op.removeprefix("Reduce").lower()


def _joined(rank: int, axes: tuple[int, ...], outer: Indices, inner: Indices, keep: bool) -> list[Index]:
    """The index of an element from those of the result and those that are reduced."""
    rest = [i for d, i in enumerate(outer) if d not in axes] if keep else list(outer)
    left, right = iter(rest), iter(inner)
    return [next(right) if d in axes else next(left) for d in range(rank)]


def softmax(program: Program, node: Node) -> None:
    """``exp(x - max) / sum`` along one axis; LogSoftmax is ``x - max - log(sum)``."""
    source = program.view(node.inputs[0])
    rank = len(source.shape)
    old = program.graph.opset < 13
    axis = axis_of(program, node, rank, 1 if old else -1)
    if old and any(n != 1 for n in source.shape[axis + 1 :]):
        raise program.no.unsupported(
            f"{node.title} over several dimensions at once", "export the network with opset 13 or newer"
        )
    logarithm = node.op == "LogSoftmax"

    def write(b: Body, given: list[View], out: View) -> None:
        x = given[0]
        s = Scalar(b, out.dtype)
        extent = [x.shape[axis]]
        outer = [1 if d == axis else n for d, n in enumerate(x.shape)]

        def row(at: list[Index]) -> None:
            def here(k: list[Index]) -> list[Index]:
                return [*at[:axis], k[0], *at[axis + 1 :]]

            def shifted(k: list[Index], total: list[SSAValue]) -> list[SSAValue]:
                power = s.exp(s.sub(b.load(x, here(k)), best))
                if not logarithm:
                    b.store(out, here(k), power)
                return [s.add(total[0], power)]

            def finish(k: list[Index]) -> None:
                if logarithm:
                    b.store(out, here(k), s.sub(s.sub(b.load(x, here(k)), best), log_of_sum))
                else:
                    b.store(out, here(k), s.div(b.load(out, here(k)), total))

            (best,) = b.reduce(extent, [s.constant(-inf)], lambda k, v: [s.max(v[0], b.load(x, here(k)))])
            (total,) = b.reduce(extent, [s.constant(0)], shifted)
            log_of_sum = s.log(total) if logarithm else total
            b.nest(extent, finish)

        b.nest(outer, row)

    program.call(
        "log_softmax" if logarithm else "softmax", [source], program.output(node), write, {"axis": axis}
    )


def layer_normalization(program: Program, node: Node) -> None:
    """``(x - mean) / sqrt(variance + epsilon) * scale + bias`` over all dimensions from an axis on."""
    if len([o for o in node.outputs if o]) > 1:
        raise program.no.unsupported(
            f"{node.title} with more than one result", "export it with one result only"
        )
    sources = program.inputs(node)
    axis = axis_of(program, node, len(sources[0].shape), -1)
    epsilon = float(node.attributes.get("epsilon", 1e-5))

    def write(b: Body, given: list[View], out: View) -> None:
        x, scale, *bias = given
        s = Scalar(b, out.dtype)
        inner = x.shape[axis:]

        def row(at: list[Index]) -> None:
            def difference(k: list[Index]) -> SSAValue:
                return s.sub(b.load(x, [*at, *k]), mean)

            def square(k: list[Index], total: list[SSAValue]) -> list[SSAValue]:
                d = difference(k)
                return [s.add(total[0], s.mul(d, d))]

            def finish(k: list[Index]) -> None:
                value = s.mul(s.div(difference(k), deviation), b.spread(scale, [*at, *k]))
                value = s.add(value, b.spread(bias[0], [*at, *k])) if bias else value
                b.store(out, [*at, *k], value)

            zero, count = s.constant(0), s.constant(prod(inner))
            (total,) = b.reduce(inner, [zero], lambda k, v: [s.add(v[0], b.load(x, [*at, *k]))])
            mean = s.div(total, count)
            (squares,) = b.reduce(inner, [zero], square)
            deviation = s.sqrt(s.add(s.div(squares, count), s.constant(epsilon)))
            b.nest(inner, finish)

        b.nest(x.shape[:axis], row)

    known = {"axis": axis, "epsilon": epsilon}
    program.call("layer_normalization", sources, program.output(node), write, known)
