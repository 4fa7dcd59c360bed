"""What emitted Python calls: arithmetic that Python lacks, and the errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from ctypes import c_float
from typing import Any, NoReturn

from aicompiler.transformations.kernels._errors import InterpretationError
from aicompiler.transformations.kernels._numbers import MATH, fdiv, fma32, fma64, int_to_f32


def environment(kernel: str, memories: Sequence[tuple[str, tuple[int, ...]]]) -> dict[str, Any]:
    """Global names of the emitted Python of ``kernel``; ``memories`` are its arrays' names and shapes."""

    def fail(line: int, what: str) -> NoReturn:
        raise InterpretationError(kernel, line, what)

    def outside(line: int, memory: int, *indices: int) -> NoReturn:
        name, shape = memories[memory]
        place, extents = ("".join(f"[{i}]" for i in part) for part in (indices, shape))
        fail(line, f"{name}{place} is out of bounds of {name}{extents}")

    def unset(line: int, memory: int) -> NoReturn:
        fail(line, f"an element of {memories[memory][0]!r} is read before it is written")

    return {
        "__builtins__": {"range": range, "float": float, "int": int, "abs": abs, "min": min, "max": max},
        "F": c_float,
        "inf": math.inf,
        "nan": math.nan,
        "fdiv": fdiv,
        "fma32": fma32,
        "fma64": fma64,
        "int_to_f32": int_to_f32,
        "fail": fail,
        "outside": outside,
        "unset": unset,
        "divide": _division(fail, quotient=True),
        "remainder": _division(fail, quotient=False),
        "shift_amount": _shift_amount(fail),
        "to_integer": _to_integer(fail),
        **{name.replace(".", "_"): function for name, function in MATH.items()},
    }


_Fail = Callable[[int, str], NoReturn]


def _division(fail: _Fail, quotient: bool) -> Callable[[int, int, int, int], int]:
    def divide(line: int, left: int, right: int, most: int) -> int:
        """Truncating division, or its remainder; ``most`` is the greatest quotient of the type."""
        if right == 0:
            fail(line, "division by zero" if quotient else "remainder of a division by zero")
        result = abs(left) // abs(right)
        if (left < 0) != (right < 0):
            result = -result
        if result > most:
            fail(line, f"{left} / {right} overflows")
        return result if quotient else left - result * right

    return divide


def _shift_amount(fail: _Fail) -> Callable[[int, int, int], int]:
    def shift_amount(line: int, amount: int, width: int) -> int:
        if not 0 <= amount < width:
            fail(line, f"shift of a {width}-bit value by {amount}")
        return amount

    return shift_amount


def _to_integer(fail: _Fail) -> Callable[[int, float, int, int], int]:
    def to_integer(line: int, value: float, low: int, high: int) -> int:
        """Truncate a float; it must be in range after that."""
        if math.isfinite(value) and low <= (whole := math.trunc(value)) <= high:
            return whole
        return fail(line, f"{value} does not fit into {low}..{high}")

    return to_integer
