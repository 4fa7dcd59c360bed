"""Numbers as C computes them: two's complement wrapping and IEEE 754 where Python raises instead."""

from __future__ import annotations

import math
from ctypes import c_float
from typing import TYPE_CHECKING

from aicompiler.metamodels.system import ElementType

if TYPE_CHECKING:
    from collections.abc import Callable


def bits_of(dtype: ElementType) -> int:
    """Width of a value in an expression: 1 for a bool, which memory holds in a byte."""
    return 1 if dtype is ElementType.BOOL else 8 * dtype.bytes


def range_of(dtype: ElementType) -> tuple[int, int]:
    """Least and greatest value of an integer type."""
    bits = bits_of(dtype)
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if dtype.is_signed else (0, (1 << bits) - 1)


def wrap(value: int, dtype: ElementType) -> int:
    """``value`` modulo the range of an integer type."""
    bits = bits_of(dtype)
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.is_signed and value >> bits - 1 else value


def f32(value: float) -> float:
    """Round to the nearest binary32; too large becomes infinite."""
    return c_float(value).value


def fdiv(left: float, right: float) -> float:
    """IEEE 754 division: by zero it gives an infinity or NaN."""
    if right != 0.0:
        return left / right
    if left == 0.0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def int_to_f32(value: int) -> float:
    """Round an integer to the nearest binary32 once (through binary64 it could round twice)."""
    excess = value.bit_length() - 53
    if excess > 0:  # round to odd at 53 bits: then the second rounding is the only one that counts
        sign, magnitude = (-1, -value) if value < 0 else (1, value)
        kept = magnitude >> excess
        value = sign * ((kept | (kept << excess != magnitude)) << excess)
    return f32(float(value))


def _odd_sum(left: float, right: float) -> float:
    """``left + right`` in binary64, rounded to odd: rounding that to binary32 is exact."""
    total = left + right
    if not math.isfinite(total):
        return total
    back = total - left
    error = (left - (total - back)) + (right - back)
    mantissa_is_odd = math.frexp(total)[0] * (1 << 53) % 2 == 1
    return total if error == 0.0 or mantissa_is_odd else math.nextafter(total, math.copysign(math.inf, error))


def fma32(left: float, right: float, addend: float) -> float:
    """Fused multiply-add of binary32 values: the product is exact in binary64."""
    return f32(_odd_sum(left * right, addend))


def fma64(left: float, right: float, addend: float) -> float:
    """Fused multiply-add of binary64 values, through exact fractions."""
    from fractions import Fraction

    if not (math.isfinite(left) and math.isfinite(right) and math.isfinite(addend)):
        return left * right + addend
    exact = Fraction(left) * Fraction(right) + Fraction(addend)
    if exact == 0:  # the sign of zero follows the ordinary sum
        return left * right + addend if left * right == 0.0 else 0.0
    try:
        return float(exact)
    except OverflowError:
        return math.copysign(math.inf, exact)


def _defined(function: Callable[..., float], outside: Callable[..., float]) -> Callable[..., float]:
    """``function`` with the results of C where Python raises."""

    def call(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (ValueError, OverflowError):
            return outside(*arguments)

    return call


def _pow_outside(base: float, exponent: float) -> float:
    odd = math.fmod(exponent, 2.0) in (1.0, -1.0)
    if base == 0.0:  # a pole: the exponent is negative
        return math.copysign(math.inf, base) if odd else math.inf
    if base < 0.0 and exponent != math.floor(exponent):
        return math.nan
    return -math.inf if base < 0.0 and odd else math.inf


def _rounded(function: Callable[[float], float]) -> Callable[[float], float]:
    """A rounding to an integer that keeps infinities, NaN and the sign of zero."""

    def call(value: float) -> float:
        return math.copysign(float(function(value)), value) if math.isfinite(value) else value

    return call


def _half_away(value: float) -> float:
    whole = math.trunc(value)
    return whole + math.copysign(1.0, value) if abs(value - whole) >= 0.5 else whole


def fmin(left: float, right: float) -> float:
    """The lesser; the other one if one is NaN."""
    return left if left < right or right != right else right  # noqa: PLR0124 - only NaN differs from itself


def fmax(left: float, right: float) -> float:
    """The greater; the other one if one is NaN."""
    return left if left > right or right != right else right  # noqa: PLR0124 - only NaN differs from itself


def _log_outside(value: float) -> float:
    return -math.inf if value == 0.0 else math.nan


MATH: dict[str, Callable[..., float]] = {
    "math.sqrt": _defined(math.sqrt, lambda _: math.nan),
    "math.absf": math.fabs,
    "math.exp": _defined(math.exp, lambda _: math.inf),
    "math.log": _defined(math.log, _log_outside),
    "math.sin": _defined(math.sin, lambda _: math.nan),
    "math.cos": _defined(math.cos, lambda _: math.nan),
    "math.tan": _defined(math.tan, lambda _: math.nan),
    "math.atan": math.atan,
    "math.atan2": math.atan2,
    "math.tanh": math.tanh,
    "math.erf": math.erf,
    "math.powf": _defined(math.pow, _pow_outside),
    "math.floor": _rounded(math.floor),
    "math.ceil": _rounded(math.ceil),
    "math.round": _rounded(_half_away),
    "arith.minnumf": fmin,
    "arith.maxnumf": fmax,
}
