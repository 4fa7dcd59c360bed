"""Unrolling, and unrolling of outer loops with the copies of inner loops put together (jammed)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import islpy as isl
from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import (
    Access,
    Values,
    constant,
    constant_trips,
    defined_in,
    loop_name,
    surrounding_loops,
)
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue

from ._draft import (
    Draft,
    binary,
    body_ops,
    end,
    index_constant,
    new_loop,
    plus,
    replace_by,
    slice_of,
    whole_blocks,
)
from ._legality import Level, Path, Position, block_start, check, constant_map, iteration
from ._reorder import leaf_position

MOST_COPIES = 256

Mapping = dict[SSAValue, SSAValue]


@dataclass(frozen=True)
class Unroll:
    """``factor`` copies of the body of a loop an iteration, one after the other; 0 unrolls it away.

    What is left over of the iterations runs in a loop ``NAME_rest``.  Always legal.
    """

    loop: str
    factor: int = 0

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop unrolled."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        trips = constant_trips(loop)
        if self.factor == 0 and trips is None:
            draft.refuse(f"the number of iterations of {self.loop} is no constant", loop, "give a factor")
        factor = self.factor or trips or 0
        if not 0 <= factor <= MOST_COPIES:
            draft.refuse(f"{factor} copies are not from 0 to {MOST_COPIES}", loop)
        step = draft.step(loop)
        scratch = Block()
        if self.factor == 0:
            results = _copies(draft, loop, scratch, loop.lb, list(loop.iter_args), factor)
            replace_by(loop, scratch, results)
            return draft.finish()
        middle = whole_blocks(scratch, loop.lb, loop.ub, factor * step)
        bounds = loop.lb, middle, index_constant(scratch, factor * step)
        main = new_loop(bounds, StringAttr(self.loop), loop, loop.iter_args)
        scratch.add_op(main)
        inside = main.body.block
        end(main, _copies(draft, loop, inside, inside.args[0], list(inside.args[1:]), factor))
        replace_by(loop, scratch, remainder(draft, loop, scratch, middle, main))
        return draft.finish()


def _copies(
    draft: Draft, loop: scf.ForOp, into: Block, first: SSAValue, values: list[SSAValue], count: int
) -> list[SSAValue]:
    """``count`` iterations from the counter ``first``; gives the values after them."""
    start, step = first, draft.step(loop)
    for number in range(count):
        arguments = loop.body.block.args
        mapping: Mapping = {arguments[0]: plus(into, start, number * step)}
        mapping.update(zip(arguments[1:], values, strict=True))
        for op in body_ops(loop):
            copy = op.clone(mapping)
            if number:
                draft.rename_inside(copy, str(number))
            into.add_op(copy)
        terminator = loop.body.block.last_op
        assert terminator is not None
        values = [mapping.get(v, v) for v in terminator.operands]
    return values


def remainder(draft: Draft, loop: scf.ForOp, into: Block, start: SSAValue, main: scf.ForOp) -> list[SSAValue]:
    """The iterations from ``start`` on that fill no block, unless there are none; the values after them."""
    first, last = constant(start), constant(loop.ub)
    if first is not None and last is not None and first >= last:
        return list(main.results)
    rest = new_loop((start, loop.ub, loop.step), draft.fresh(f"{loop_name(loop)}_rest"), loop, main.results)
    into.add_op(rest)
    mapping: Mapping = dict(zip(loop.body.block.args, rest.body.block.args, strict=True))
    for op in body_ops(loop):
        copy = op.clone(mapping)
        draft.rename_inside(copy, "rest")
        rest.body.block.add_op(copy)
    terminator = loop.body.block.last_op
    assert terminator is not None
    end(rest, [mapping.get(v, v) for v in terminator.operands])
    return list(rest.results)


@dataclass(frozen=True)
class UnrollAndJam:
    """``factor`` iterations of an outer loop at a time: its inner loops run for all of them together.

    Inner loops whose bounds differ between the iterations run one after the other where they do not overlap
    (``NAME_head``, ``NAME_tail``).  Left-over iterations run in ``NAME_rest``.
    """

    loop: str
    factor: int

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop unrolled and jammed."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)
        if not 2 <= self.factor <= MOST_COPIES:
            draft.refuse(f"{self.factor} copies are not from 2 to {MOST_COPIES}", loop)
        jam = _Jam(draft, loop, self.factor)
        check(draft, [loop], jam.retime)
        replace_by(loop, jam.rebuild())
        return draft.finish()


@dataclass
class _Jam:
    draft: Draft
    loop: scf.ForOp
    factor: int
    step: int = field(init=False)

    def __post_init__(self) -> None:
        self.step = self.draft.step(self.loop)

    # --- the new order ---

    def retime(self, access: Access, path: Path) -> list[Level]:
        """Blocks of the loop, then all levels below, then the iteration in the block."""
        size = self.factor * self.step
        leaf = leaf_position(path)
        levels: list[Level] = [path[0], block_start(self.draft, access, self.loop, size)]
        for level in path[2 : leaf + 1]:
            if isinstance(level, Position):
                levels.append(constant_map(access, run_of(level.op)))
                continue
            if isinstance(level, scf.ForOp) and self._differs(level):
                part = self._part(access, level)
                alone = part.intersect_range(isl.Set("{ [c] : c != 1 }"))
                together = part.intersect_range(isl.Set("{ [c] : c = 1 }"))
                counter = iteration(Values(access.loops), self.loop)
                order = alone.flat_range_product(counter).flat_range_product(constant_map(access, 0))
                levels.append(part)
                levels.append(
                    order.apply_range(isl.Map("{ [p, i, z] -> [i] }")).union(
                        together.apply_range(isl.Map("{ [p] -> [0] }"))
                    )
                )
            levels.append(level)
        return [*levels, self.loop, *path[leaf:]]

    def _differs(self, inner: scf.ForOp) -> bool:
        """Whether the bounds of an inner loop depend on the iteration of the loop."""
        return self._needs(inner.lb) or self._needs(inner.ub)

    def _needs(self, value: SSAValue) -> bool:
        """Whether a bound is computed from the counter of the loop."""
        counter = self.loop.body.block.args[0]
        ops = slice_of(value, lambda v: v is counter or isinstance(v.owner, Block))
        if ops is None:
            if not defined_in(value, self.loop):
                return False
            self.draft.refuse("a bound of an inner loop is no sum of counters and constants", self.loop)
        return value is counter or any(counter in op.operands for op in ops)

    def _part(self, access: Access, inner: scf.ForOp) -> isl.Map:
        """0 for iterations before the common part of an inner loop, 1 in it, 2 after it."""
        values = Values(access.loops)
        counter = iteration(values, inner)
        lower, upper = (
            self._common(access, v, latest) for v, latest in ((inner.lb, True), (inner.ub, False))
        )
        all_three = counter.flat_range_product(lower).flat_range_product(upper)
        rules = "(c = 0 and j < l) or (c = 1 and l <= j < u) or (c = 2 and j >= l and j >= u)"
        return all_three.apply_range(isl.Map(f"{{ [j, l, u] -> [c] : {rules} }}"))

    def _common(self, access: Access, bound: SSAValue, latest: bool) -> isl.Map:
        """The greatest (or least) value of a bound among the iterations of a block."""
        values = Values(access.loops)
        value = values.of(bound)
        if value.reason:
            self.draft.refuse(f"a bound of an inner loop is {value.reason}", self.loop)
        depth = access.loops.index(self.loop)
        start = block_start(self.draft, access, self.loop, self.factor * self.step)
        names = [f"i{k}" for k in range(len(access.loops))]
        others = [f"j{k}" for k in range(len(access.loops))]
        same = " and ".join(
            f"{a} = {b}" for k, (a, b) in enumerate(zip(names, others, strict=True)) if k != depth
        )
        last = (self.factor - 1) * self.step
        member = isl.Map(
            f"{{ [{', '.join([*names, 'v'])}] -> [{', '.join(others)}] : {same or 'true'} and "
            f"v <= j{depth} <= v + {last} and (j{depth} - v) mod {self.step} = 0 }}"
        )
        identity = isl.Map(f"{{ [{', '.join(names)}] -> [{', '.join(names)}] }}")
        block = identity.flat_range_product(start).apply_range(member)
        found = block.apply_range(value.relation)
        return found.lexmax() if latest else found.lexmin()

    # --- the new code ---

    def rebuild(self) -> Block:
        """The jammed loop and what is left over."""
        scratch, loop = Block(), self.loop
        size = self.factor * self.step
        middle = whole_blocks(scratch, loop.lb, loop.ub, size)
        name = StringAttr(loop_name(loop))
        main = new_loop((loop.lb, middle, index_constant(scratch, size)), name, loop)
        scratch.add_op(main)
        inside = main.body.block
        counter = loop.body.block.args[0]
        maps: list[Mapping] = [
            {counter: plus(inside, inside.args[0], number * self.step)} for number in range(self.factor)
        ]
        self._jam(body_ops(loop), maps, inside)
        end(main)
        remainder(self.draft, loop, scratch, middle, main)
        return scratch

    def _jam(self, ops: list[Operation], maps: list[Mapping], into: Block) -> None:
        run: list[Operation] = []
        for op in ops:
            if not isinstance(op, scf.ForOp):
                run.append(op)
                continue
            self._copies(run, maps, into)
            run = []
            self._inner(op, maps, into)
        self._copies(run, maps, into)

    def _copies(self, ops: list[Operation], maps: list[Mapping], into: Block) -> None:
        """What stands between inner loops: all of it for one iteration, then for the next."""
        for number, mapping in enumerate(maps):
            for op in ops:
                copy = op.clone(mapping)
                if number:
                    self.draft.rename_inside(copy, str(number))
                into.add_op(copy)

    def _inner(self, loop: scf.ForOp, maps: list[Mapping], into: Block) -> None:
        bounds = [tuple(m.get(v, v) for v in (loop.lb, loop.ub, loop.step)) for m in maps]
        if not self._differs(loop):
            self._together(loop, maps, into, (bounds[0][0], bounds[0][1], bounds[0][2]))
            return
        self._separable(loop)
        low, high = bounds[0][0], bounds[0][1]
        for lower, upper, _ in bounds[1:]:
            low = low if lower is low else binary(into, arith.MaxSIOp, low, lower)
            high = high if upper is high else binary(into, arith.MinSIOp, high, upper)
        if self._needs(loop.lb):
            self._alone(loop, maps, into, "head", [(b[0], _least(into, low, b[1])) for b in bounds])
        self._together(loop, maps, into, (low, high, bounds[0][2]))
        if not self._needs(loop.ub):  # then all copies end where the common part does
            return
        last = binary(into, arith.MaxSIOp, low, high)
        self._alone(loop, maps, into, "tail", [(last, b[1]) for b in bounds])

    def _separable(self, loop: scf.ForOp) -> None:
        name = loop_name(loop)
        if loop.iter_args:
            self.draft.refuse(f"{name}, whose bounds differ between iterations, carries a value", loop)
        if self._needs(loop.lb) and self.draft.step(loop) != 1:
            self.draft.refuse(f"the first value of {name} differs and its step is not 1", loop)
        if self.draft.step(loop) != 1 and not self._whole(loop):
            self.draft.refuse(f"the end of {name} differs and is no multiple of its step", loop)

    def _whole(self, loop: scf.ForOp) -> bool:
        """Whether a loop's span is a multiple of its step, as ``whole_blocks`` makes it."""
        values = Values(surrounding_loops(loop))
        span = values.of(loop.ub).relation.sum(values.of(loop.lb).relation.neg())
        odd = isl.Set(f"{{ [c] : c mod {self.draft.step(loop)} != 0 }}")
        return bool(span.intersect_domain(values.domain).intersect_range(odd).is_empty())

    def _together(
        self,
        loop: scf.ForOp,
        maps: list[Mapping],
        into: Block,
        bounds: tuple[SSAValue, SSAValue, SSAValue],
    ) -> None:
        arguments = loop.body.block.args
        starts = [m.get(v, v) for m in maps for v in loop.iter_args]
        made = new_loop(bounds, StringAttr(loop_name(loop)), loop, starts)
        into.add_op(made)
        inside = made.body.block
        count = len(loop.iter_args)
        for number, mapping in enumerate(maps):
            mapping[arguments[0]] = inside.args[0]
            carried = inside.args[1 + number * count : 1 + (number + 1) * count]
            mapping.update(zip(arguments[1:], carried, strict=True))
        self._jam(body_ops(loop), maps, inside)
        terminator = loop.body.block.last_op
        assert terminator is not None
        end(made, [m.get(v, v) for m in maps for v in terminator.operands])
        for number, mapping in enumerate(maps):
            mapping.update(
                zip(loop.results, made.results[number * count : (number + 1) * count], strict=True)
            )

    def _alone(
        self,
        loop: scf.ForOp,
        maps: list[Mapping],
        into: Block,
        suffix: str,
        bounds: list[tuple[SSAValue, SSAValue]],
    ) -> None:
        """The iterations of an inner loop that not all copies have, copy by copy."""
        for mapping, (low, high) in zip(maps, bounds, strict=True):
            name = self.draft.fresh(f"{loop_name(loop)}_{suffix}")
            made = new_loop((low, high, mapping.get(loop.step, loop.step)), name, loop)
            into.add_op(made)
            local = {**mapping, loop.body.block.args[0]: made.body.block.args[0]}
            for op in body_ops(loop):
                copy = op.clone(local)
                self.draft.rename_inside(copy, suffix)
                made.body.block.add_op(copy)
            end(made)


def run_of(op: Operation) -> int:
    """Which run of operations between loops ``op`` is in, or which loop it is: they alternate."""
    number = 2 * sum(isinstance(before, scf.ForOp) for before in _before(op))
    return number + isinstance(op, scf.ForOp)


def _before(op: Operation) -> Iterator[Operation]:
    current = op.prev_op
    while current is not None:
        yield current
        current = current.prev_op


def _least(into: Block, low: SSAValue, high: SSAValue) -> SSAValue:
    return binary(into, arith.MinSIOp, low, high)
