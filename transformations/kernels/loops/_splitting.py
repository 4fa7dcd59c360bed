"""Splitting the iterations of a loop: peeling, index-set splitting; and counters that start elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import defined_in, loop_name
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, SSAValue

from ._draft import (
    Draft,
    binary,
    body_ops,
    clone_all,
    end,
    index_constant,
    new_loop,
    plus,
    replace_by,
)
from ._fusion import copy_part


@dataclass(frozen=True)
class Peel:
    """The first ``first`` and the last ``last`` iterations in loops of their own.

    They are called ``NAME_first`` and ``NAME_last``.  Always legal; a loop with fewer
    iterations runs them in these loops alone.
    """

    loop: str
    first: int = 0
    last: int = 0

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop peeled."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)
        if self.first < 0 or self.last < 0 or not self.first + self.last or draft.step(loop) != 1:
            draft.refuse("it takes a loop of step 1 and a number of iterations at one of its ends", loop)
        scratch = Block()
        start = binary(scratch, arith.MinSIOp, plus(scratch, loop.lb, self.first), loop.ub)
        stop = binary(scratch, arith.MaxSIOp, plus(scratch, loop.ub, -self.last), start)
        if self.first:
            copy_part(draft, loop, scratch, (loop.lb, start), "first")
        copy_part(draft, loop, scratch, (start, stop), "")
        if self.last:
            copy_part(draft, loop, scratch, (stop, loop.ub), "last")
        replace_by(loop, scratch)
        return draft.finish()


@dataclass(frozen=True)
class IndexSetSplit:
    """Cut a loop where its counter reaches a point: from there on it is another loop, ``NAME_from``.

    The point is ``offset``, plus the counter of the outer loop ``at`` if one is given.  With ``single``, the
    point is an iteration by itself, ``NAME_point``.  Always legal.
    """

    loop: str
    at: str = ""
    offset: int = 0
    single: bool = False

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop split."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)
        if draft.step(loop) != 1:
            draft.refuse(f"the step of {self.loop} is not 1", loop)
        scratch = Block()
        if self.at:
            counter = draft.loop(self.at).body.block.args[0]
            if not _visible(counter, loop):
                draft.refuse(f"{self.at} is not around {self.loop}", loop)
            point = plus(scratch, counter, self.offset)
        else:
            point = index_constant(scratch, self.offset)
        cut = binary(scratch, arith.MaxSIOp, binary(scratch, arith.MinSIOp, point, loop.ub), loop.lb)
        copy_part(draft, loop, scratch, (loop.lb, cut), "")
        if self.single:
            after = plus(scratch, point, 1)
            after = binary(scratch, arith.MaxSIOp, binary(scratch, arith.MinSIOp, after, loop.ub), cut)
            copy_part(draft, loop, scratch, (cut, after), "point")
            cut = after
        copy_part(draft, loop, scratch, (cut, loop.ub), "from")
        replace_by(loop, scratch)
        return draft.finish()


def _visible(counter: SSAValue, loop: scf.ForOp) -> bool:
    block = loop.parent_block()
    while block is not None:
        if counter in block.args:
            return True
        parent = block.parent_op()
        block = parent.parent_block() if parent is not None else None
    return False


@dataclass(frozen=True)
class Skew:
    """Let the counter of an inner loop start ``factor`` times the outer counter later.

    The order of iterations stays; what changes is which of them later transformations bring together.
    """

    outer: str
    inner: str
    factor: int

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the nest skewed."""
        draft = Draft(kernel, self)
        outer, inner = draft.loop(self.outer), draft.loop(self.inner)
        if not defined_in(inner.body.block.args[0], outer) or outer is inner:
            draft.refuse(f"{self.inner} is not inside {self.outer}", inner)
        draft.without_values(inner)
        scratch = Block()
        moved = binary(scratch, arith.MuliOp, outer.body.block.args[0], index_constant(scratch, self.factor))
        _moved(inner, scratch, moved)
        return draft.finish()


@dataclass(frozen=True)
class Shift:
    """Let the counter of a loop start ``by`` later; the order of iterations stays."""

    loop: str
    by: int

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop's counter shifted."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)
        scratch = Block()
        _moved(loop, scratch, index_constant(scratch, self.by))
        return draft.finish()


def _moved(loop: scf.ForOp, scratch: Block, by: SSAValue) -> None:
    """Replace a loop by one whose counter is ``by`` greater."""
    low, high = (binary(scratch, arith.AddiOp, v, by) for v in (loop.lb, loop.ub))
    made = new_loop((low, high, loop.step), StringAttr(loop_name(loop)), loop)
    scratch.add_op(made)
    inside = made.body.block
    counter = binary(inside, arith.SubiOp, inside.args[0], by)
    clone_all(body_ops(loop), inside, {loop.body.block.args[0]: counter})
    end(made)
    replace_by(loop, scratch)
