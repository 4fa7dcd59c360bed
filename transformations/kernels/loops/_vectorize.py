"""Lanes: a block of iterations that runs statement by statement; and loops whose order is free."""

from __future__ import annotations

from dataclasses import dataclass

import islpy as isl
from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import (
    INDEPENDENT,
    LANES,
    Access,
    Values,
    defined_in,
    loop_name,
)
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IntegerAttr, StringAttr, UnitAttr
from xdsl.ir import Block, Operation, SSAValue

from ._draft import (
    INDEX,
    Draft,
    body_ops,
    end,
    index_constant,
    is_pure,
    new_loop,
    replace_by,
    slice_of,
    whole_blocks,
)
from ._legality import Level, Path, block_start, check, iteration
from ._reorder import leaf_position
from ._unroll import remainder

MOST_LANES = 64


@dataclass(frozen=True)
class Vectorize:
    """``lanes`` iterations of a loop at a time: each statement inside runs for all of them before the next.

    The statements get loops ``NAME_lanes`` around them, innermost, which the C target prints as vectors.
    Left-over iterations run in ``NAME_rest``.
    """

    loop: str
    lanes: int

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop in lanes."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)
        if not 2 <= self.lanes <= MOST_LANES or draft.step(loop) != 1:
            draft.refuse(f"it takes 2 to {MOST_LANES} lanes and a loop of step 1", loop)
        check(draft, [loop], lambda access, path: self._retime(draft, loop, access, path))
        scratch = Block()
        middle = whole_blocks(scratch, loop.lb, loop.ub, self.lanes)
        bounds = loop.lb, middle, index_constant(scratch, self.lanes)
        main = new_loop(bounds, StringAttr(self.loop), loop)
        scratch.add_op(main)
        _Lanes(draft, loop, self.lanes).block(
            body_ops(loop), main.body.block, {loop.body.block.args[0]: main.body.block.args[0]}
        )
        end(main)
        remainder(draft, loop, scratch, middle, main)
        replace_by(loop, scratch)
        return draft.finish()

    def _retime(self, draft: Draft, loop: scf.ForOp, access: Access, path: Path) -> list[Level]:
        leaf = leaf_position(path)
        start = block_start(draft, access, loop, self.lanes)
        return [path[0], start, *path[2 : leaf + 1], loop, *path[leaf + 1 :]]


@dataclass
class _Lanes:
    draft: Draft
    loop: scf.ForOp
    lanes: int

    def block(self, ops: list[Operation], into: Block, known: dict[SSAValue, SSAValue]) -> None:
        """What is the same for all lanes stays where it is; the rest goes into loops over lanes."""
        waiting: list[Operation] = []
        inside: set[SSAValue] = set()  # read from memory among the lanes, and what is computed from it
        for op in ops:
            if isinstance(op, scf.ForOp):
                self._flush(waiting, into, known)
                self._inner(op, into, known)
                continue
            if is_pure(op) and any(v in inside for v in op.operands):
                inside.update(op.results)
                waiting.append(op)
            elif is_pure(op):  # also for all lanes: what is not needed there is dropped
                into.add_op(op.clone(known))
                if self._varies(op):
                    waiting.append(op)
            elif isinstance(op, memref.LoadOp) and not self._varies(op) and not _writes(waiting, op.memref):
                into.add_op(op.clone(known))
            else:
                inside.update(op.results)
                waiting.append(op)
        self._flush(waiting, into, known)

    def _varies(self, op: Operation) -> bool:
        """Whether the lanes differ in what an operation computes."""
        counter = self.loop.body.block.args[0]
        seen: set[Operation] = set()
        todo = [op]
        while todo:
            current = todo.pop()
            if current in seen:
                continue
            seen.add(current)
            if counter in current.operands:
                return True
            for operand in current.operands:
                if isinstance(operand.owner, Operation) and defined_in(operand, self.loop):
                    if not is_pure(operand.owner) and not isinstance(operand.owner, memref.LoadOp):
                        return True
                    todo.append(operand.owner)
        return False

    def _inner(self, loop: scf.ForOp, into: Block, known: dict[SSAValue, SSAValue]) -> None:
        self.draft.without_values(loop)
        counter = self.loop.body.block.args[0]
        for bound in (loop.lb, loop.ub):
            ops = slice_of(bound, lambda v: isinstance(v.owner, Block) or not defined_in(v, self.loop))
            if ops is None or bound is counter or any(counter in op.operands for op in ops):
                self.draft.refuse(f"the bounds of {loop_name(loop)} differ between lanes", loop)
        bounds = tuple(known.get(v, v) for v in (loop.lb, loop.ub, loop.step))
        made = new_loop((bounds[0], bounds[1], bounds[2]), StringAttr(loop_name(loop)), loop)
        into.add_op(made)
        inside = {**known, loop.body.block.args[0]: made.body.block.args[0]}
        self.block(body_ops(loop), made.body.block, inside)
        end(made)

    def _flush(self, waiting: list[Operation], into: Block, known: dict[SSAValue, SSAValue]) -> None:
        if any(not is_pure(op) for op in waiting):
            counter = self.loop.body.block.args[0]
            zero, high, one = (index_constant(into, v) for v in (0, self.lanes, 1))
            made = new_loop((zero, high, one), self.draft.fresh(f"{loop_name(self.loop)}_lanes"), self.loop)
            made.attributes[LANES] = IntegerAttr(self.lanes, INDEX)
            into.add_op(made)
            inside = made.body.block
            first = arith.AddiOp(known[counter], inside.args[0])
            inside.add_op(first)
            mapping = {**known, counter: first.result}
            for op in waiting:
                self._into_lane(op, inside, mapping)
            end(made)
        waiting.clear()

    def _into_lane(self, op: Operation, inside: Block, mapping: dict[SSAValue, SSAValue]) -> None:
        """A copy of ``op``, after copies of the scalars from further out that differ between lanes."""
        counter = self.loop.body.block.args[0]
        for inner in op.walk():
            for operand in inner.operands:
                if not defined_in(operand, self.loop) or defined_in(operand, op):
                    continue
                ops = slice_of(operand, lambda v: isinstance(v.owner, Block) or _settled(v, mapping))
                if ops is None and operand not in mapping:
                    self.draft.refuse("a value read from memory is used in an inner loop", inner)
                if ops and any(counter in o.operands for o in ops):
                    for part in ops:
                        if not any(r in mapping and mapping[r].owner in _ops(inside) for r in part.results):
                            inside.add_op(part.clone(mapping))
        copy = op.clone(mapping)
        self.draft.rename_inside(copy, "lane")
        inside.add_op(copy)


def _settled(value: SSAValue, mapping: dict[SSAValue, SSAValue]) -> bool:
    return value in mapping and not (isinstance(value.owner, Operation) and is_pure(value.owner))


def _ops(block: Block) -> set[Operation]:
    return set(block.ops)


def _writes(ops: list[Operation], array: SSAValue) -> bool:
    """Whether one of the operations may write an array."""
    others = (op for op in ops if not is_pure(op) and not isinstance(op, memref.LoadOp))
    return any(not isinstance(op, memref.StoreOp) or op.memref is array for op in others)


@dataclass(frozen=True)
class Parallelize:
    """Mark a loop whose iterations may run in any order, where a compiler alone could not prove it."""

    loop: str

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop marked."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)

        def backwards(access: Access, path: Path) -> list[Level]:
            counter = iteration(Values(access.loops), loop)
            return [path[0], counter.apply_range(isl.Map("{ [i] -> [-i] }")), *path[2:]]

        check(draft, [loop], backwards)
        loop.attributes[INDEPENDENT] = UnitAttr()
        return draft.finish()
