"""Fusing neighbouring loops and distributing a loop over its statements."""

from __future__ import annotations

from dataclasses import dataclass

import islpy as isl
from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import (
    Access,
    Values,
    constant,
    defined_in,
    encloses,
    loop_name,
)
from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue

from ._draft import (
    Draft,
    body_ops,
    clone_all,
    end,
    index_constant,
    is_pure,
    new_loop,
    plus,
    replace_by,
)
from ._legality import Level, Path, Position, check, constant_map, iteration


@dataclass(frozen=True)
class Fuse:
    """One loop for two that follow each other: the second runs ``shift`` iterations behind the first.

    Bounds must be constants and steps 1.  What only one of the loops runs comes before (``NAME_first``) or
    after (``NAME_last``) the common part, which keeps the name of the first loop.
    """

    first: str
    second: str
    shift: int = 0

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loops fused."""
        draft = Draft(kernel, self)
        loops = draft.loop(self.first), draft.loop(self.second)
        _adjacent(draft, *loops)
        bounds = [self._bounds(draft, loop) for loop in loops]
        check(draft, loops, lambda access, path: self._retime(loops, access, path))
        shifted = bounds[1][0] + self.shift, bounds[1][1] + self.shift
        low, high = max(bounds[0][0], shifted[0]), min(bounds[0][1], shifted[1])
        if low >= high:
            draft.refuse("the loops have no iterations in common", loops[0])
        scratch = Block()
        parts = [(loops[0], bounds[0], 0), (loops[1], shifted, self.shift)]
        for loop, (start, _), shift in parts:
            _alone(draft, loop, scratch, (start - shift, low - shift), "first")
        one = index_constant(scratch, 1)
        ends = index_constant(scratch, low), index_constant(scratch, high)
        made = new_loop((*ends, one), StringAttr(self.first), loops[0])
        scratch.add_op(made)
        inside = made.body.block
        for loop, _, shift in parts:
            counter = plus(inside, inside.args[0], -shift)
            clone_all(body_ops(loop), inside, {loop.body.block.args[0]: counter})
        end(made)
        for loop, (_, stop), shift in parts:
            _alone(draft, loop, scratch, (high - shift, stop - shift), "last")
        between = loops[1].parent_block()
        assert between is not None
        replace_by(loops[1], scratch)
        between.erase_op(loops[0])
        return draft.finish()

    def _bounds(self, draft: Draft, loop: scf.ForOp) -> tuple[int, int]:
        draft.without_values(loop)
        low, high = constant(loop.lb), constant(loop.ub)
        if low is None or high is None or draft.step(loop) != 1:
            draft.refuse(f"the bounds of {loop_name(loop)} are no constants with step 1", loop)
        return low, high

    def _retime(self, loops: tuple[scf.ForOp, scf.ForOp], access: Access, path: Path) -> list[Level]:
        second = encloses(loops[1], access.operation)
        counter = iteration(Values(access.loops), loops[second])
        shift = self.shift if second else 0
        moved = counter.apply_range(isl.Map(f"{{ [i] -> [i + {shift}] }}"))
        return [constant_map(access, 0), moved, constant_map(access, int(second)), *path[2:]]


def _adjacent(draft: Draft, first: scf.ForOp, second: scf.ForOp) -> None:
    block = first.parent_block()
    if block is None or block is not second.parent_block() or first is second:
        draft.refuse("the loops are not in one body", second)
    start, stop = block.get_operation_index(first), block.get_operation_index(second)
    if start > stop:
        draft.refuse("the second loop comes before the first", second)
    for op in list(block.ops)[start + 1 : stop]:
        if not is_pure(op) and not isinstance(op, memref.AllocaOp | memref.GetGlobalOp):
            draft.refuse("something else is done between the loops", op)


def _alone(draft: Draft, loop: scf.ForOp, into: Block, bounds: tuple[int, int], suffix: str) -> None:
    """The iterations from and to constants, in a loop of their own, if there are any."""
    if bounds[0] >= bounds[1]:
        return
    low, high = (index_constant(into, b) for b in bounds)
    copy_part(draft, loop, into, (low, high), suffix)


def copy_part(
    draft: Draft, loop: scf.ForOp, into: Block, bounds: tuple[SSAValue, SSAValue], suffix: str
) -> scf.ForOp:
    """A copy of a loop without values, over other iterations; ``suffix`` names its loops."""
    name = draft.fresh(f"{loop_name(loop)}_{suffix}") if suffix else StringAttr(loop_name(loop))
    made = new_loop((*bounds, loop.step), name, loop)
    into.add_op(made)
    mapping: dict[SSAValue, SSAValue] = {loop.body.block.args[0]: made.body.block.args[0]}
    for op in body_ops(loop):
        copy = op.clone(mapping)
        if suffix:
            draft.rename_inside(copy, suffix)
        made.body.block.add_op(copy)
    end(made)
    return made


@dataclass(frozen=True)
class Distribute:
    """A loop of its own for each statement of a loop's body, in their order.

    A statement is a store with all that it alone needs, or an inner loop or condition.  ``at`` gives how many
    statements each of the first loops takes (none: one each); the first loop keeps the name, the others are
    called ``NAME_part``.
    """

    loop: str
    at: tuple[int, ...] = ()

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop distributed."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        draft.without_values(loop)
        parts = self._parts(draft, loop)
        if len(parts) < 2:
            draft.refuse(f"{self.loop} has one statement only", loop)
        owner = {op: number for number, part in enumerate(parts) for op in part}
        _independent_values(draft, loop, owner)

        def retime(access: Access, path: Path) -> list[Level]:
            own = next(level for level in path[2:] if isinstance(level, Position))
            return [path[0], constant_map(access, owner[own.op]), *path[1:]]

        check(draft, [loop], retime)
        scratch = Block()
        for number, part in enumerate(parts):
            name = draft.fresh(f"{self.loop}_part") if number else StringAttr(self.loop)
            made = new_loop((loop.lb, loop.ub, loop.step), name, loop)
            scratch.add_op(made)
            mapping: dict[SSAValue, SSAValue] = {loop.body.block.args[0]: made.body.block.args[0]}
            mine = set(part)
            ops = [op for op in body_ops(loop) if is_pure(op) or op in mine]
            clone_all(ops, made.body.block, mapping)
            end(made)
        replace_by(loop, scratch)
        return draft.finish()

    def _parts(self, draft: Draft, loop: scf.ForOp) -> list[list[Operation]]:
        """Loads go with the next statement."""
        statements: list[list[Operation]] = [[]]
        for op in body_ops(loop):
            if is_pure(op):
                continue
            statements[-1].append(op)
            if not isinstance(op, memref.LoadOp | memref.GetGlobalOp):
                if isinstance(op, memref.AllocaOp):
                    draft.refuse(f"{self.loop} has a local array in its body", op)
                statements.append([])
        if not statements[-1]:
            statements.pop()
        if not self.at:
            return statements
        if sum(self.at) > len(statements) or any(n < 1 for n in self.at):
            draft.refuse(f"{self.loop} has {len(statements)} statements, not {self.at} and more", loop)
        parts, start = [], 0
        for count in (*self.at, len(statements) - sum(self.at)):
            if count:
                parts.append([op for s in statements[start : start + count] for op in s])
            start += count
        return parts


def _independent_values(draft: Draft, loop: scf.ForOp, owner: dict[Operation, int]) -> None:
    """Refuse values from memory, or of an inner loop, that one part computes and another uses."""

    def sources(value: SSAValue) -> set[int]:
        found: set[int] = set()
        todo, seen = [value], set[SSAValue]()
        while todo:
            current = todo.pop()
            op = current.owner
            if current in seen or isinstance(op, Block) or not defined_in(current, loop):
                continue
            seen.add(current)
            if op in owner:
                found.add(owner[op])
            elif is_pure(op):
                todo += op.operands
        return found

    for op, part in owner.items():
        for inner in op.walk():
            for operand in inner.operands:
                if sources(operand) - {part}:
                    draft.refuse("a value read or computed by one statement is used by another", inner)
