"""Literals: their values and types (C11 6.4.4)."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from aicompiler.transformations.kernels._numbers import f32
from pycparser import c_ast

from ._emitter import Emitter, Value
from ._types import E, literal_type

_FLOAT = re.compile(r"(.*?)([fFlL]?)", re.DOTALL)
_BASES = {"0x": 16, "0b": 2}
_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, "'": 39, '"': 34, "a": 7, "b": 8, "f": 12, "v": 11}


def literal(ctx: Emitter, node: c_ast.Constant) -> Value:
    """The value of a literal; raises for strings and for what no type holds."""
    text: str = node.value
    if node.type == "string":
        raise ctx.unsupported("string literal", "use an array of integers")
    if text.endswith("'"):
        return Value(E.I32, const=_character(ctx, text))
    return _floating(ctx, text) if "float" in node.type or "double" in node.type else _integer(ctx, text)


def _integer(ctx: Emitter, text: str) -> Value:
    digits = text.rstrip("uUlL")
    base = _BASES.get(digits[:2].lower(), 8 if digits[0] == "0" else 10)
    number = int(digits, base) if len(digits) <= 70 else 1 << 64
    if (dtype := literal_type(number, base == 10, text[len(digits) :].lower())) is None:
        raise ctx.wrong(f"the literal {text[:40]} fits no integer type", "the widest types have 64 bits")
    return Value(dtype, const=number)


def _character(ctx: Emitter, text: str) -> int:
    inner = text[1:-1]
    if text[0] == "'" and len(inner) == 1 and ord(inner) < 128:
        return ord(inner)
    if text[0] == "'" and len(inner) == 2 and inner[0] == "\\" and inner[1] in _ESCAPES:
        return _ESCAPES[inner[1]]
    raise ctx.unsupported(f"the character constant {text[:12]}", "write its code as a number")


def _floating(ctx: Emitter, text: str) -> Value:
    match = _FLOAT.fullmatch(text)
    assert match is not None
    digits, suffix = match[1], match[2].lower()
    if suffix == "l":
        raise ctx.unsupported("long double", "use double")
    try:
        number = float.fromhex(digits) if digits[:2].lower() == "0x" else float(digits)
    except OverflowError:
        number = math.inf
    return Value(E.F32, const=_single(digits, number)) if suffix else Value(E.F64, const=number)


def _single(digits: str, double: float) -> float:
    """The binary32 nearest to a decimal: rounding it to binary64 first must not decide a tie."""
    if digits[:2].lower() != "0x" and math.isfinite(double):
        exact, near = Decimal(digits), Decimal(double)
        if exact != near and math.frexp(double)[0] * (1 << 53) % 2 == 0:
            double = math.nextafter(double, math.inf if exact > near else -math.inf)
    return f32(double)
