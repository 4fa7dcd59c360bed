"""How often loops run: bounds that follow from the loops around them, and counters of ``while`` loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from xdsl.dialects import arith, scf
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from ._structure import constant

ASSUMED_TRIPS = 32
"""Rounds that a loop of unknown length is taken to make: a guess, and always reported as one."""

_ARITHMETIC: dict[type[Operation], Callable[[int, int], int]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MuliOp: lambda a, b: a * b,
    arith.MinSIOp: min,
    arith.MaxSIOp: max,
}
_COMPARE: dict[int, Callable[[int, int], bool]] = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    2: lambda a, b: a < b,
    3: lambda a, b: a <= b,
    4: lambda a, b: a > b,
    5: lambda a, b: a >= b,
}


def evaluate(value: SSAValue, known: Mapping[SSAValue, int]) -> int | None:
    """The integer ``value`` for given induction variables; ``None`` if it depends on anything else."""
    if value in known:
        return known[value]
    if (number := constant(value)) is not None:
        return number
    op = value.owner
    if isinstance(op, Block):
        return None
    operands = [evaluate(operand, known) for operand in op.operands]
    if any(operand is None for operand in operands):
        return None
    return _apply(op, [operand for operand in operands if operand is not None])


def _apply(op: Operation, numbers: list[int]) -> int | None:
    if isinstance(op, arith.IndexCastOp | arith.ExtSIOp):
        return numbers[0]
    if isinstance(op, arith.CmpiOp) and (compare := _COMPARE.get(op.predicate.value.data)) is not None:
        return int(compare(*numbers))
    if isinstance(op, arith.SelectOp):
        return numbers[1] if numbers[0] else numbers[2]
    rule = _ARITHMETIC.get(type(op))
    return None if rule is None else rule(*numbers)


def varies_with(value: SSAValue, variable: SSAValue) -> bool:
    """Whether ``value`` is computed from ``variable``."""
    if value is variable:
        return True
    op = value.owner
    return isinstance(op, Operation) and any(varies_with(operand, variable) for operand in op.operands)


def while_bound(loop: scf.WhileOp) -> tuple[int, bool] | None:
    """At most how many rounds a ``while`` makes, and whether it makes exactly these; ``None`` if unknown.

    Known where the condition (or one of those that must all hold) compares a variable, that starts at a
    constant and changes by a constant in every round, with a constant.
    """
    condition = loop.before_region.block.last_op
    assert isinstance(condition, scf.ConditionOp)
    clauses = list(_clauses(condition.condition))
    bounds = [bound for clause in clauses if (bound := _rounds(loop, condition, clause)) is not None]
    return (min(bounds), len(clauses) == 1) if bounds else None


def _clauses(condition: SSAValue) -> Iterator[SSAValue]:
    op = condition.owner
    if isinstance(op, arith.AndIOp):
        yield from _clauses(op.lhs)
        yield from _clauses(op.rhs)
    else:
        yield condition


def _rounds(loop: scf.WhileOp, condition: scf.ConditionOp, clause: SSAValue) -> int | None:
    op = clause.owner
    if not isinstance(op, arith.CmpiOp):
        return None
    variable, limit = op.lhs, constant(op.rhs)
    if (
        not isinstance(variable, BlockArgument)
        or variable.owner is not loop.before_region.block
        or limit is None
    ):
        return None
    start, growth = constant(loop.arguments[variable.index]), _growth(loop, condition, variable)
    if start is None or not growth:
        return None
    span = {2: limit - start, 3: limit - start + 1, 4: start - limit, 5: start - limit + 1}
    if growth > 0:
        span |= {6: limit - start, 7: limit - start + 1} if start >= 0 and limit >= 0 else {}
    else:
        span |= {8: start - limit} if start >= 0 and limit >= 0 else {}
    code = op.predicate.value.data
    rising = code in (2, 3, 6, 7)
    if code not in span or rising != (growth > 0):
        return None
    return max(0, -(-span[code] // abs(growth)))


def _growth(loop: scf.WhileOp, condition: scf.ConditionOp, variable: BlockArgument) -> int | None:
    """By how much a variable of the loop changes every round, if that is a constant."""
    terminator = loop.after_region.block.last_op
    assert terminator is not None
    following = terminator.operands[variable.index].owner
    if not isinstance(following, arith.AddiOp | arith.SubiOp) or (step := constant(following.rhs)) is None:
        return None
    old = following.lhs
    if not isinstance(old, BlockArgument) or old.owner is not loop.after_region.block:
        return None
    if condition.args[old.index] is not variable:
        return None
    return -step if isinstance(following, arith.SubiOp) else step
