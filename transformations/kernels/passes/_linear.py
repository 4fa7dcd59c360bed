"""Subscripts as sums: which are the same wherever they are computed, and which follow the lanes."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.transformations.kernels.passes._structure import constant
from xdsl.dialects import arith
from xdsl.ir import SSAValue


@dataclass(frozen=True)
class Linear:
    """A sum of values times integers, plus an integer."""

    terms: frozenset[tuple[SSAValue, int]]
    offset: int = 0

    def factor(self, value: SSAValue) -> int:
        """What ``value`` is multiplied by."""
        return next((f for v, f in self.terms if v is value), 0)

    def replaced(self, value: SSAValue, by: SSAValue) -> Linear:
        """The sum with another value in the place of ``value``."""
        return Linear(frozenset((by if v is value else v, f) for v, f in self.terms), self.offset)


def linear(value: SSAValue) -> Linear:
    """``value`` as a sum; what is no sum is a term of its own.

    Integers are as large as they look: signed overflow is an error of the body, and counters that are cast
    to a narrower type fit into it.
    """
    number = constant(value)
    if number is not None:
        return Linear(frozenset(), number)
    op = value.owner
    if isinstance(op, arith.IndexCastOp | arith.ExtSIOp):
        return linear(op.operands[0])
    if isinstance(op, arith.AddiOp):
        return _sum(linear(op.lhs), linear(op.rhs), 1)
    if isinstance(op, arith.SubiOp):
        return _sum(linear(op.lhs), linear(op.rhs), -1)
    if isinstance(op, arith.MuliOp):
        for factor, other in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
            number = constant(factor)
            if number is not None:
                return _sum(Linear(frozenset()), linear(other), number)
    return Linear(frozenset({(value, 1)}))


def _sum(left: Linear, right: Linear, times: int) -> Linear:
    terms = dict(left.terms)
    for value, factor in right.terms:
        terms[value] = terms.get(value, 0) + times * factor
    kept = frozenset((v, f) for v, f in terms.items() if f)
    return Linear(kept, left.offset + times * right.offset)
