"""Operators that move elements and compute nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType

from ._builder import Body, Index, Indices, View
from ._errors import shape_text
from ._graph import Node
from ._program import Program
from ._types import TensorType, squeezed

Where = Callable[[Body, list[Index]], list[Index]]


def copied(program: Program, kind: str, source: View, out: View, where: Where, **attributes: Any) -> None:
    """``out[at] = source[where(at)]`` for every element of ``out``."""

    def write(b: Body, given: list[View], to: View) -> None:
        b.nest(to.shape, lambda at: b.store(to, at, b.load(given[0], where(b, at))))

    program.call(kind, [source], out, write, attributes, structured=kind == "copy")


def placed(program: Program, kind: str, source: View, out: View, where: Where, **attributes: Any) -> None:
    """``out[where(at)] = source[at]`` for every element of ``source``."""

    def write(b: Body, given: list[View], to: View) -> None:
        (own,) = given
        b.nest(own.shape, lambda at: b.store(to, where(b, at), b.load(own, at)))

    program.call(kind, [source], out, write, attributes)


def axis_of(program: Program, node: Node, rank: int, default: int = 0, name: str = "axis") -> int:
    """The axis that a node names, counted from the front."""
    axis = int(node.attributes.get(name, default))
    if not -rank <= axis < max(rank, 1):
        raise program.no.wrong(
            f"{node.title} has the axis {axis} of {rank} dimensions", "export the network again"
        )
    return axis % max(rank, 1)


def axes_of(program: Program, node: Node, rank: int, place: int = 1) -> tuple[int, ...] | None:
    """The axes of a node: an attribute in older files, an input in newer ones; ``None`` if left out."""
    values = program.values(node, place, "axes")
    given = node.attributes.get("axes") if values is None else tuple(int(v) for v in values.reshape(-1))
    if given is None:
        return None
    if any(not -rank <= a < rank for a in given):
        raise program.no.wrong(
            f"{node.title} has the axes {list(given)[:8]} of {rank} dimensions", "export the network again"
        )
    return tuple(sorted(a % rank for a in given))


def dropout(program: Program, node: Node) -> None:
    """Nothing is dropped when a network is used; training is refused."""
    training = program.values(node, 2, "training_mode")
    if training is not None and training.any():
        raise program.no.unsupported(f"{node.title} in training mode", "export the network for inference")
    identity(program, node)


def identity(program: Program, node: Node) -> None:
    """The same elements in the same order."""
    if not program.alias(node, node.inputs[0]):
        reshaped(program, program.view(node.inputs[0]), program.output(node))


def reshaped(program: Program, source: View, out: View) -> None:
    """Copy elements in row-major order between shapes of the same number of elements."""
    if squeezed(source.shape) == squeezed(out.shape):
        same = View(source.memory, out.type)
        copied(program, "copy", same, out, lambda _, at: at)
        return
    common = _refined(source.shape, out.shape)

    def write(b: Body, given: list[View], to: View) -> None:
        extents = common or (prod(to.shape),)

        def element(at: list[Index]) -> None:
            value = b.load(given[0], _regrouped(b, at, extents, given[0].shape))
            b.store(to, _regrouped(b, at, extents, to.shape), value)

        b.nest(extents, element)

    program.call("reshape", [source], out, write, structured=True)


def _refined(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    """The coarsest shape that both shapes group into their extents; empty where there is none."""
    a, b = [n for n in left if n != 1], [n for n in right if n != 1]
    result: list[int] = []
    while a and b:
        x, y = a.pop(), b.pop()
        low, high = min(x, y), max(x, y)
        if high % low:
            return ()
        result.insert(0, low)
        if x != y:
            (a if x > y else b).append(high // low)
    return tuple(result)


def _regrouped(b: Body, at: Indices, extents: Sequence[int], shape: Sequence[int]) -> list[Index]:
    """The index into ``shape`` of the element at ``at`` of ``extents``, which refine it or are flat."""
    if len(extents) == 1 and len(squeezed(tuple(shape))) > 1:
        return _unflattened(b, at[0], shape)
    places, sizes = list(at), list(extents)
    result: list[Index] = []
    for extent in reversed(shape):
        index: Index = 0
        covered = 1
        while covered < extent:
            index = b.plus(b.times(places.pop(), covered), index)
            covered *= sizes.pop()
        result.insert(0, index)
    return result


def _unflattened(b: Body, flat: Index, shape: Sequence[int]) -> list[Index]:
    result: list[Index] = []
    rest = flat
    for number, extent in enumerate(reversed(shape)):
        if extent == 1:
            result.insert(0, 0)
        elif prod(shape[: len(shape) - 1 - number]) == 1:
            result.insert(0, rest)
        else:
            rest, own = b.split(rest, extent)
            result.insert(0, own)
    return result


def transpose(program: Program, node: Node) -> None:
    """Dimensions in another order."""
    source = program.view(node.inputs[0])
    rank = len(source.shape)
    order = tuple(node.attributes.get("perm", tuple(range(rank))[::-1]))
    if sorted(order) != list(range(rank)):
        raise program.no.wrong(f"{node.title} has the order {list(order)[:8]}", "export the network again")
    moved = [p for p in order if source.shape[p] != 1]
    if moved == sorted(moved) and program.alias(node, node.inputs[0]):
        return
    places = [order.index(d) for d in range(rank)]
    copied(
        program, "transpose", source, program.output(node), lambda _, at: [at[p] for p in places], perm=order
    )


def slice_(program: Program, node: Node) -> None:
    """A part of each axis, with steps that may go backwards."""
    source = program.view(node.inputs[0])
    out = program.output(node)
    starts = dict.fromkeys(range(len(source.shape)), 0)
    steps = dict.fromkeys(range(len(source.shape)), 1)
    for axis, start, step in _ranges(program, node, source.shape):
        starts[axis], steps[axis] = start, step

    def where(b: Body, at: list[Index]) -> list[Index]:
        return [b.plus(b.times(i, steps[d]), starts[d]) for d, i in enumerate(at)]

    copied(program, "slice", source, out, where, starts=list(starts.values()), steps=list(steps.values()))


def _ranges(program: Program, node: Node, shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Axis, first index and step of each sliced axis."""
    names = ("starts", "ends", "axes", "steps")
    given: dict[str, list[int] | None] = {}
    for place, name in enumerate(names, start=1):
        values = program.values(node, place, name)
        listed = node.attributes.get(name) if values is None else values.reshape(-1).tolist()
        given[name] = None if listed is None else [int(v) for v in listed]
    starts = given["starts"] or []
    axes = given["axes"] or list(range(len(starts)))
    steps = given["steps"] or [1] * len(starts)
    result = []
    for axis, start, step in zip(axes, starts, steps, strict=True):
        extent = shape[axis % len(shape)]
        first = start + extent if start < 0 else start
        first = min(max(first, 0), extent if step > 0 else extent - 1)
        result.append((axis % len(shape), first, step))
    return result


def split(program: Program, node: Node) -> None:
    """Consecutive parts of an axis."""
    source = program.view(node.inputs[0])
    axis = axis_of(program, node, len(source.shape))
    start = 0
    for place, name in enumerate(node.outputs):
        if not name:
            raise program.no.unsupported(f"{node.title} with a result left out", "name all its results")
        out = program.output(node, place)
        offsets = [start if d == axis else 0 for d in range(len(source.shape))]
        copied(program, "slice", source, out, _shift(offsets), starts=offsets, steps=[1] * len(offsets))
        start += out.shape[axis]


def _shift(offsets: list[int]) -> Where:
    return lambda b, at: [b.plus(i, offset) for i, offset in zip(at, offsets, strict=True)]


def concat(program: Program, node: Node) -> None:
    """Tensors one after the other along an axis."""
    out = program.output(node)
    axis = axis_of(program, node, len(out.shape))
    start = 0
    for source in program.inputs(node):
        offsets = [start if d == axis else 0 for d in range(len(out.shape))]
        placed(program, "place", source, out, _shift(offsets), starts=offsets)
        start += source.shape[axis]


def expand(program: Program, node: Node) -> None:
    """A tensor broadcast to a larger shape."""
    source = program.view(node.inputs[0])

    def where(_: Body, at: list[Index]) -> list[Index]:
        own = at[len(at) - len(source.shape) :]
        return [0 if n == 1 else i for i, n in zip(own, source.shape, strict=True)]

    copied(program, "expand", source, program.output(node), where)


def gather(program: Program, node: Node) -> None:
    """Slices of an axis in the order of an index tensor; negative indices count from the end."""
    data, places = program.inputs(node)
    axis = axis_of(program, node, len(data.shape))
    rank = len(places.shape)
    extent = data.shape[axis]

    def write(b: Body, given: list[View], out: View) -> None:
        table, indices = given

        def element(at: list[Index]) -> None:
            chosen = b.load(indices, at[axis : axis + rank])
            zero, size = b.constant(0, indices.dtype), b.constant(extent, indices.dtype)
            negative = b.add(arith.CmpiOp(chosen, zero, "slt")).result
            wrapped = b.add(arith.AddiOp(chosen, size)).result
            chosen = b.add(arith.SelectOp(negative, wrapped, chosen)).result
            index = b.add(arith.IndexCastOp(chosen, IndexType())).result
            b.store(out, at, b.load(table, [*at[:axis], index, *at[axis + rank :]]))

        b.nest(out.shape, element)

    program.call("gather", [data, places], program.output(node), write, {"axis": axis})


def pad(program: Program, node: Node) -> None:
    """A constant around a tensor."""
    source = program.view(node.inputs[0])
    rank = len(source.shape)
    mode = node.attributes.get("mode", "constant")
    given = program.values(node, 1, "pads")
    value = program.values(node, 2, "value")
    flat = [
        int(v) for v in (node.attributes.get("pads", ()) if given is None else given.reshape(-1).tolist())
    ]
    axes = program.values(node, 3, "axes")
    chosen = list(range(rank)) if axes is None else [int(a) % rank for a in axes.reshape(-1)]
    if mode != "constant" or len(flat) != 2 * len(chosen) or any(not 0 <= n <= 1 << 16 for n in flat):
        raise program.no.unsupported(
            f"{node.title} with the mode {mode!r} and the pads {flat[:12]}",
            "pad with a constant, by 0 or more",
        )
    pads = [(0, 0)] * rank
    for place, axis in enumerate(chosen):
        pads[axis] = (flat[place], flat[len(chosen) + place])
    fill = float(node.attributes.get("value", 0)) if value is None else value.reshape(-1)[0].item()
    filled(program, source, program.output(node), tuple(pads), fill)


def padded(program: Program, source: View, pads: tuple[tuple[int, int], ...], fill: float) -> View:
    """``source`` with ``fill`` around it; itself where there is nothing to add."""
    if not any(low or high for low, high in pads):
        return source
    shape = tuple(low + n + high for n, (low, high) in zip(source.shape, pads, strict=True))
    out = program.temporary(TensorType(source.dtype, shape), "padded")
    filled(program, source, out, pads, fill)
    return out


def filled(program: Program, source: View, out: View, pads: tuple[tuple[int, int], ...], fill: float) -> None:
    """Write ``fill`` everywhere, then ``source`` at its place."""
    if len(source.shape) != len(pads):
        raise program.no.wrong(f"pads {list(pads)} for the shape {shape_text(source.shape)}", "export again")

    def write(b: Body, given: list[View], to: View) -> None:
        value = b.constant(fill, to.dtype)
        b.nest(to.shape, lambda at: b.store(to, at, value))

        def element(at: list[Index]) -> None:
            place = [b.plus(i, low) for i, (low, _) in zip(at, pads, strict=True)]
            b.store(to, place, b.load(given[0], at))

        b.nest(given[0].shape, element)

    program.call(
        "pad", [source], out, write, {"pads": pads, "fill": repr(fill)}, structured=out.dtype.is_float
    )
