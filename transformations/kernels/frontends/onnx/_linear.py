"""Convolutions and products of matrices: each result is one sum in row-major order of what is summed over."""

from __future__ import annotations

from typing import Any

from xdsl.ir import SSAValue

from ._builder import Body, Index, Indices, View
from ._graph import Node
from ._movement import padded
from ._program import Program
from ._scalars import Scalar
from ._windows import Window, window_of


def conv(program: Program, node: Node) -> None:
    """A convolution with groups, strides, pads and dilations over any number of spatial dimensions."""
    source, weights, *bias = program.inputs(node)
    window = window_of(program, node, weights.shape[2:], source.shape[2:])
    groups = int(node.attributes.get("group", 1))
    if groups < 1 or weights.shape[0] % groups or source.shape[1] != weights.shape[1] * groups:
        raise program.no.wrong(
            f"{node.title} has {groups} groups, {source.shape[1]} channels and {weights.shape[0]} features",
            "export the network again",
        )
    source = padded(program, source, window.spatial_pads, 0.0)
    attributes = {"strides": window.strides, "dilations": window.dilations, "group": groups}

    def write(b: Body, given: list[View], out: View) -> None:
        _write_conv(b, given, out, window, groups)

    program.call("conv", [source, weights, *bias], program.output(node), write, attributes, structured=True)


def _write_conv(b: Body, given: list[View], out: View, window: Window, groups: int) -> None:
    x, w, *bias = given
    s = Scalar(b, out.dtype)
    batch, features, *extents = out.shape
    per_group, channels, *kernel = features // groups, *w.shape[1:]

    def element(at: list[Index]) -> None:
        n, group, j, *place = at
        feature = b.plus(b.times(group, per_group), j)
        start = b.load(bias[0], [feature]) if bias else s.constant(0)

        def term(inner: list[Index], total: list[SSAValue]) -> list[SSAValue]:
            channel = b.plus(b.times(group, channels), inner[0])
            weight = b.load(w, [feature, *inner])
            value = b.load(x, [n, channel, *window.positions(b, place, inner[1:])])
            return [s.add(total[0], s.mul(weight, value))]

        (total,) = b.reduce([channels, *kernel], [start], term)
        b.store(out, [n, feature, *place], total)

    b.nest([batch, groups, per_group, *extents], element)


def gemm(program: Program, node: Node) -> None:
    """``alpha * A' * B' + beta * C``; with both 1 the sum starts at C."""
    a = node.attributes
    alpha, beta = float(a.get("alpha", 1)), float(a.get("beta", 1))
    trans = bool(a.get("transA", 0)), bool(a.get("transB", 0))
    sources = program.inputs(node)
    plain = alpha == 1 and beta == 1

    def write(b: Body, given: list[View], out: View) -> None:
        left, right, *addend = given
        s = Scalar(b, out.dtype)
        inner = left.shape[0 if trans[0] else 1]

        def element(at: list[Index]) -> None:
            i, j = at
            given_addend = b.spread(addend[0], at) if addend else None
            start = given_addend if plain and given_addend is not None else s.constant(0)

            def term(k: list[Index], total: list[SSAValue]) -> list[SSAValue]:
                x = b.load(left, [k[0], i] if trans[0] else [i, k[0]])
                y = b.load(right, [j, k[0]] if trans[1] else [k[0], j])
                return [s.add(total[0], s.mul(x, y))]

            (total,) = b.reduce([inner], [start], term)
            if not plain:
                total = total if alpha == 1 else s.mul(s.constant(alpha), total)
                if given_addend is not None:
                    scaled = given_addend if beta == 1 else s.mul(s.constant(beta), given_addend)
                    total = s.add(total, scaled)
            b.store(out, at, total)

        b.nest(out.shape, element)

    known: dict[str, Any] = {"alpha": alpha, "beta": beta, "transA": trans[0], "transB": trans[1]}
    program.call("gemm", sources, program.output(node), write, known, structured=plain)


def matmul(program: Program, node: Node) -> None:
    """A product of matrices, or of stacks of them that are broadcast to each other."""
    left, right = program.inputs(node)
    out = program.output(node)
    vector = (len(left.shape) == 1, len(right.shape) == 1)

    def write(b: Body, given: list[View], to: View) -> None:
        x, y = given
        s = Scalar(b, to.dtype)

        def element(at: list[Index]) -> None:
            rest = list(at)
            column: Indices = [] if vector[1] else [rest.pop()]
            row: Indices = [] if vector[0] else [rest.pop()]

            def term(k: list[Index], total: list[SSAValue]) -> list[SSAValue]:
                first = b.load(x, [*_stack(x, rest), *row, k[0]])
                second = b.load(y, [*_stack(y, rest), k[0], *column])
                return [s.add(total[0], s.mul(first, second))]

            (total,) = b.reduce([x.shape[-1]], [s.constant(0)], term)
            b.store(to, at, total)

        b.nest(to.shape, element)

    program.call("matmul", [left, right], out, write, structured=not any(vector))


def _stack(view: View, at: Indices) -> list[Index]:
    """The place in a stack of matrices that is broadcast to ``at``."""
    extents = view.shape[:-2]
    own = at[len(at) - len(extents) :]
    return [0 if n == 1 else i for i, n in zip(own, extents, strict=True)]
