"""Folding of constant operands: what C leaves undefined is not folded, so that running it reports it."""

from __future__ import annotations

import operator
from collections.abc import Callable

from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels._numbers import bits_of, f32, fdiv, range_of, wrap

from ._types import E, Number

COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FLOAT: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": fdiv,
}
_EXACT: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


def fold_binary(op: str, left: Number, right: Number, dtype: ElementType) -> Number | None:
    """``left op right`` for operands of ``dtype``; ``None`` where C leaves it undefined."""
    if op in COMPARISONS:
        return int(COMPARISONS[op](left, right))
    if dtype.is_float:
        result = _FLOAT[op](float(left), float(right))
        return f32(result) if dtype is E.F32 else result
    exact = _integer(op, int(left), int(right), dtype)
    if exact is None or (dtype.is_signed and not range_of(dtype)[0] <= exact <= range_of(dtype)[1]):
        return None
    return wrap(exact, dtype)


def _integer(op: str, left: int, right: int, dtype: ElementType) -> int | None:
    if op in _EXACT:
        return _EXACT[op](left, right)
    if op in ("/", "%"):
        return _division(op, left, right, dtype)
    if not 0 <= right < bits_of(dtype) or (op == "<<" and left < 0):
        return None
    return left >> right if op == ">>" else left << right


def _division(op: str, left: int, right: int, dtype: ElementType) -> int | None:
    if right == 0:
        return None
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    if dtype.is_signed and quotient > range_of(dtype)[1]:
        return None
    return quotient if op == "/" else left - quotient * right
