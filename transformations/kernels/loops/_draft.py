"""A private copy of a kernel that one transformation rewrites, and the pieces all rewrites are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import (
    LOOP,
    constant,
    defined_in,
    entry_function,
    inline,
    line_of,
    loop_name,
    loops_in,
)
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, StringAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from ._errors import InapplicableTransformation, suggestion

INDEX = IndexType()
_UNREAD = (memref.LoadOp, memref.GetGlobalOp, memref.AllocaOp)


class Draft:
    """The copy, and what ``transformation`` (its text) is called in messages."""

    def __init__(self, kernel: Kernel, transformation: object) -> None:
        self.what = str(transformation)
        before = inline(kernel)
        module = before.module.clone()
        self.kernel = replace(before, module=module)
        self.entry = entry_function(self.kernel)
        self._names = {loop_name(loop) for loop in loops_in(self.entry)}

    def refuse(self, why: str, op: Operation | None = None, next_step: str = "") -> NoReturn:
        """Raise ``InapplicableTransformation``."""
        line = line_of(op) if op is not None else 0
        raise InapplicableTransformation(self.kernel.name, self.what, why, next_step, line)

    def loop(self, name: str) -> scf.ForOp:
        """The loop of that name."""
        known = {loop_name(loop): loop for loop in loops_in(self.entry)}
        if name not in known:
            self.refuse(f"there is no loop {name!r}", next_step=suggestion(name, list(known)))
        return known[name]

    def fresh(self, base: str) -> StringAttr:
        """A loop name that is not in use: ``base`` or ``base`` with a number."""
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base}{number}"
        self._names.add(name)
        return StringAttr(name)

    def rename_inside(self, op: Operation, suffix: str) -> None:
        """New names for the loops in a copy."""
        for loop in loops_in(op):
            loop.attributes[LOOP] = self.fresh(f"{loop_name(loop)}_{suffix}")

    def step(self, loop: scf.ForOp) -> int:
        """The constant step of a loop."""
        step = constant(loop.step)
        if step is None or step < 1:
            self.refuse(f"the step of {loop_name(loop)} is no constant", loop)
        return step

    def without_values(self, loop: scf.ForOp) -> None:
        """Refuse a loop that carries SSA values."""
        if loop.iter_args:
            names = ", ".join(a.name_hint or "a local variable" for a in loop.body.block.args[1:])
            self.refuse(
                f"{loop_name(loop)} carries {names} from iteration to iteration",
                loop,
                "keep the value in an array element instead of a local variable",
            )

    def finish(self) -> Kernel:
        """The verified result, without operations that nobody needs any more."""
        drop_unused(self.entry.body.block)
        self.kernel.module.verify()
        return self.kernel


def is_pure(op: Operation) -> bool:
    """Whether ``op`` only computes scalars from scalars."""
    return op.name.startswith(("arith.", "math.")) and not op.regions


def drop_unused(block: Block) -> None:
    """Erase computations and loads without users, innermost users first, and loops without effect."""
    for op in reversed(list(block.ops)):
        for region in op.regions:
            for inner in region.blocks:
                drop_unused(inner)
        if (is_pure(op) or isinstance(op, _UNREAD)) and all(r.first_use is None for r in op.results):
            block.erase_op(op)


def body_ops(loop: scf.ForOp) -> list[Operation]:
    """The operations of a loop's body without its terminator."""
    return list(loop.body.block.ops)[:-1]


def nested_loop(loop: scf.ForOp) -> scf.ForOp | None:
    """The only thing a loop does besides computing scalars, if that is one loop without values."""
    others = [op for op in body_ops(loop) if not is_pure(op)]
    if len(others) == 1 and isinstance(others[0], scf.ForOp) and not others[0].iter_args:
        return others[0]
    return None


def index_constant(block: Block, value: int) -> SSAValue:
    """A new constant at the end of ``block``."""
    op = arith.ConstantOp(IntegerAttr(value, INDEX))
    block.add_op(op)
    return op.result


def binary(block: Block, kind: Callable[..., Operation], left: SSAValue, right: SSAValue) -> SSAValue:
    """A new index operation at the end of ``block``, folded where both sides are constants."""
    a, b = constant(left), constant(right)
    if a is not None and b is not None:
        return index_constant(block, _FOLD[kind](a, b))
    if b == 0 and kind in (arith.AddiOp, arith.SubiOp):
        return left
    op = kind(left, right)
    block.add_op(op)
    return op.results[0]


_FOLD: dict[Callable[..., Operation], Callable[[int, int], int]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MinSIOp: min,
    arith.MaxSIOp: max,
    arith.MuliOp: lambda a, b: a * b,
    arith.RemSIOp: lambda a, b: a % b if a >= 0 else -(-a % b),
}


def plus(block: Block, value: SSAValue, amount: int) -> SSAValue:
    """``value + amount`` at the end of ``block``."""
    return binary(block, arith.AddiOp, value, index_constant(block, amount)) if amount else value


def slice_of(value: SSAValue, stop: Callable[[SSAValue], bool]) -> list[Operation] | None:
    """The pure operations that compute ``value`` from values for which ``stop`` holds, in order.

    ``None`` where something else is needed (a load, an argument of a loop, the result of one).
    """
    found: dict[Operation, None] = {}

    def visit(current: SSAValue) -> bool:
        if stop(current):
            return True
        owner = current.owner
        if isinstance(owner, Block) or not is_pure(owner):
            return False
        if owner in found:
            return True
        ok = all(visit(operand) for operand in owner.operands)
        found[owner] = None
        return ok

    return list(found) if visit(value) else None


def available(value: SSAValue, root: Operation, given: Mapping[SSAValue, SSAValue], into: Block) -> SSAValue:
    """``value``, which is defined inside ``root``, computed again at the end of ``into``.

    ``given`` maps the arguments that are known there.  Refuses what depends on anything else inside.
    """
    ops = slice_of(value, lambda v: v in given or not defined_in(v, root))
    if ops is None:
        raise KeyError(value)
    mapping = dict(given)
    for op in ops:
        into.add_op(op.clone(mapping))
    return mapping.get(value, value)


def clone_all(ops: Iterable[Operation], block: Block, mapping: dict[SSAValue, SSAValue]) -> list[Operation]:
    """Copies of ``ops`` at the end of ``block``; ``mapping`` learns the new values."""
    copies = [op.clone(mapping) for op in ops]
    block.add_ops(copies)
    return copies


def new_loop(
    bounds: tuple[SSAValue, SSAValue, SSAValue],
    name: StringAttr,
    like: scf.ForOp,
    values: Sequence[SSAValue] = (),
) -> scf.ForOp:
    """A loop with an empty body (no terminator yet), with the attributes of ``like``."""
    body = Block(arg_types=[INDEX, *(v.type for v in values)])
    loop = scf.ForOp(*bounds, list(values), Region([body]))
    loop.attributes.update({**like.attributes, LOOP: name})
    body.args[0].name_hint = like.body.block.args[0].name_hint
    return loop


def end(loop: scf.ForOp, values: Sequence[SSAValue] = ()) -> None:
    """Close the body of a loop."""
    loop.body.block.add_op(scf.YieldOp(*values))


def splice(ops_of: Block, before: Operation) -> None:
    """Move all operations of a scratch block before an operation."""
    target = before.parent_block()
    assert target is not None
    ops = list(ops_of.ops)
    for op in ops:
        op.detach()  # type: ignore[no-untyped-call]
    target.insert_ops_before(ops, before)


def replace_by(loop: Operation, scratch: Block, results: Sequence[SSAValue] = ()) -> None:
    """Put the operations of ``scratch`` in the place of ``loop``."""
    splice(scratch, loop)
    for old, new in zip(loop.results, results, strict=True):
        old.replace_all_uses_with(new)
    block = loop.parent_block()
    assert block is not None
    block.erase_op(loop)


def whole_blocks(block: Block, low: SSAValue, high: SSAValue, size: int) -> SSAValue:
    """``high`` less the iterations that fill no block of ``size``; not below ``low`` if high is not."""
    span = binary(block, arith.SubiOp, high, low)
    rest = binary(block, arith.RemSIOp, span, index_constant(block, size))
    return binary(block, arith.SubiOp, high, rest)
