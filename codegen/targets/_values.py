"""What is known of integer values: intervals, and whether arithmetic on them may wrap."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from ._types import CType, of_mlir

Interval = tuple[int, int]


def is_nsw(op: Operation) -> bool:
    """Whether an integer operation may not overflow as signed arithmetic (an ``index`` never wraps)."""
    flags = getattr(op, "overflow_flags", None)
    if flags is not None and arith.IntegerOverflowFlag.NSW in flags.data:
        return True
    return isinstance(op.results[0].type, IndexType)


# --- intervals --------------------------------------------------------------------------------------------


def constant(value: SSAValue) -> int | None:
    """The integer an ``arith.constant`` gives."""
    if isinstance(value, OpResult) and isinstance(value.op, arith.ConstantOp):
        attribute = value.op.value
        return attribute.value.data if isinstance(attribute, IntegerAttr) else None
    return None


class Intervals:
    """Least and greatest value of SSA integers, read as signed; loop bounds and constants give them."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, Interval] = {}

    def of(self, value: SSAValue) -> Interval:
        """The interval of ``value``; that of its type if nothing better is known."""
        if value not in self._known:
            whole = of_mlir(value.type).limits
            self._known[value] = whole  # what a cycle through a loop sees
            low, high = self._compute(value) or whole
            fits = whole[0] <= low and high <= whole[1]
            self._known[value] = (low, high) if fits else whole
        return self._known[value]

    def _compute(self, value: SSAValue) -> Interval | None:  # noqa: PLR0911 - one return a kind of operation
        if isinstance(value, BlockArgument):
            return self._induction(value)
        op = value.owner
        assert not isinstance(op, Block)
        match op:
            case arith.ConstantOp() if (number := constant(value)) is not None:
                return number, number
            case arith.IndexCastOp() | arith.ExtSIOp():
                return self.of(op.operands[0])
            case arith.ExtUIOp():
                low, high = self.of(op.input)
                width = op.input.type.width.data if isinstance(op.input.type, IntegerType) else 64
                return (low, high) if low >= 0 else (0, (1 << width) - 1)
            case arith.SelectOp():
                (a, b), (c, d) = self.of(op.lhs), self.of(op.rhs)
                return min(a, c), max(b, d)
            case arith.AddiOp() | arith.SubiOp() | arith.MuliOp() if is_nsw(op):
                return self._arithmetic(op)
            case arith.MinSIOp() | arith.MaxSIOp():
                (a, b), (c, d) = self.of(op.lhs), self.of(op.rhs)
                pick = min if isinstance(op, arith.MinSIOp) else max
                return pick(a, c), pick(b, d)
            case arith.RemSIOp() if (number := constant(op.rhs)) is not None and number > 0:
                low, high = self.of(op.lhs)
                return max(low, 1 - number) if low < 0 else 0, min(high, number - 1) if high > 0 else 0
            case arith.DivSIOp() if (number := constant(op.rhs)) is not None and number > 0:
                low, high = self.of(op.lhs)
                return _truncated(low, number), _truncated(high, number)
            case arith.AndIOp() if (number := constant(op.rhs)) is not None and number >= 0:
                return 0, number
            case _:
                return None

    def _arithmetic(self, op: arith.AddiOp | arith.SubiOp | arith.MuliOp) -> Interval:
        (a, b), (c, d) = self.of(op.lhs), self.of(op.rhs)
        match op:
            case arith.AddiOp():
                return a + c, b + d
            case arith.SubiOp():
                return a - d, b - c
            case _:
                products = (a * c, a * d, b * c, b * d)
                return min(products), max(products)

    def _induction(self, value: BlockArgument) -> Interval | None:
        loop = value.owner.parent_op()
        if not isinstance(loop, scf.ForOp) or value.index != 0:
            return None
        low, high = self.of(loop.lb)[0], self.of(loop.ub)[1] - 1
        return low, max(low, high)


def _truncated(value: int, divisor: int) -> int:
    return -(-value // divisor) if value < 0 else value // divisor


def fits(interval: Interval, type_: CType) -> bool:
    """Whether an interval lies within an integer type."""
    return type_.limits[0] <= interval[0] and interval[1] <= type_.limits[1]
