"""Common subexpressions, loop-invariant code, folded constants, cheaper operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import constant, defined_in, loops_in
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Block, Operation, SSAValue

from ._draft import Draft, is_pure

_MAY_FAIL = (
    arith.DivSIOp,
    arith.DivUIOp,
    arith.RemSIOp,
    arith.RemUIOp,
    arith.CeilDivSIOp,
    arith.CeilDivUIOp,
    arith.FloorDivSIOp,
    arith.ShLIOp,
    arith.ShRSIOp,
    arith.ShRUIOp,
    arith.FPToSIOp,
    arith.FPToUIOp,
)


@dataclass(frozen=True)
class Cse:
    """Compute each scalar once where an equal one is computed before it.  Always legal."""

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel without repeated computations."""
        draft = Draft(kernel, self)
        _share(draft.entry.body.block, {})
        return draft.finish()


def _share(block: Block, outer: dict[object, Operation]) -> None:
    known = dict(outer)
    for op in list(block.ops):
        if not is_pure(op):
            for region in op.regions:
                for inner in region.blocks:
                    _share(inner, known)
            continue
        key = _key(op)
        if key in known:
            for old, new in zip(op.results, known[key].results, strict=True):
                old.replace_all_uses_with(new)
            block.erase_op(op)
        else:
            known[key] = op


def _key(op: Operation) -> object:
    properties = tuple(sorted((k, str(v)) for k, v in op.properties.items()))
    kinds = tuple(str(r.type) for r in op.results)
    return op.name, tuple(id(v) for v in op.operands), properties, kinds


@dataclass(frozen=True)
class Licm:
    """Compute scalars before the loop that they do not depend on.  Always legal.

    What may fail (divisions, shifts, conversions to integers) stays unless its operand is a constant that
    cannot make it fail, and so does what may overflow where that is an error.
    """

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with invariant scalars moved out of loops."""
        draft = Draft(kernel, self)
        for loop in reversed(list(loops_in(draft.entry))):
            _hoist(loop)
        return draft.finish()


def _hoist(loop: scf.ForOp) -> None:
    block = loop.parent_block()
    assert block is not None
    for op in list(loop.body.block.ops):
        if is_pure(op) and not _may_fail(op) and not any(defined_in(v, loop) for v in op.operands):
            op.detach()  # type: ignore[no-untyped-call]
            block.insert_op_before(op, loop)


def _may_fail(op: Operation) -> bool:
    if isinstance(op, _MAY_FAIL):
        return True
    flags = op.properties.get("overflowFlags")
    return isinstance(flags, arith.IntegerOverflowAttr) and bool(flags.data)


@dataclass(frozen=True)
class ConstantFold:
    """Integers of constants are computed now, and zeros and ones that change nothing go.  Always legal."""

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with constants folded."""
        draft = Draft(kernel, self)
        for op in list(draft.entry.walk()):
            if is_pure(op) and op.results:
                _fold(op)
        return draft.finish()


_RULES: dict[type[Operation], Callable[[int, int], int]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MuliOp: lambda a, b: a * b,
    arith.MinSIOp: min,
    arith.MaxSIOp: max,
}


def _fold(op: Operation) -> None:
    kind = op.results[0].type
    if isinstance(op, arith.ConstantOp) or not isinstance(kind, IndexType | IntegerType):
        return
    if isinstance(op, arith.IndexCastOp):
        _fold_cast(op)
        return
    if type(op) not in _RULES:
        return
    left, right = constant(op.operands[0]), constant(op.operands[1])
    if left is not None and right is not None:
        _become(op, _RULES[type(op)](left, right))
    elif isinstance(op, arith.AddiOp | arith.SubiOp) and right == 0:
        _forward(op, op.operands[0])
    elif isinstance(op, arith.AddiOp) and left == 0:
        _forward(op, op.operands[1])
    elif isinstance(op, arith.MuliOp) and 1 in (left, right):
        _forward(op, op.operands[left == 1])


def _fold_cast(op: arith.IndexCastOp) -> None:
    number = constant(op.operands[0])
    if number is not None:
        _become(op, number)


def _become(op: Operation, number: int) -> None:
    """Replace an operation by a constant, if the number fits its type."""
    kind = op.results[0].type
    assert isinstance(kind, IntegerType | IndexType)
    width = kind.width.data if isinstance(kind, IntegerType) else 64
    if not -(1 << (width - 1)) <= number < 1 << (width - 1):
        return
    made = arith.ConstantOp(IntegerAttr(number, kind))
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(made, op)
    _forward(op, made.result)


def _forward(op: Operation, value: SSAValue) -> None:
    op.results[0].replace_all_uses_with(value)


@dataclass(frozen=True)
class StrengthReduce:
    """Cheaper integer operations: a product with two becomes a sum.  Always legal."""

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with products by two as sums."""
        draft = Draft(kernel, self)
        for op in list(draft.entry.walk()):
            if isinstance(op, arith.MuliOp) and 2 in (constant(op.lhs), constant(op.rhs)):
                other = op.lhs if constant(op.rhs) == 2 else op.rhs
                block = op.parent_block()
                assert block is not None
                made = arith.AddiOp(other, other, overflow=op.overflow_flags)
                block.insert_op_before(made, op)
                _forward(op, made.result)
        return draft.finish()
