"""Initial values as C text, or as binary files where they are long."""

from __future__ import annotations

from math import inf, isnan
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.system import ElementType

if TYPE_CHECKING:
    import numpy as np

BINARY_FROM_BYTES = 65536
"""Values of at least this size live in a binary file; shorter ones are readable text."""

C_TYPES = {
    ElementType.BOOL: "uint8_t",
    ElementType.I8: "int8_t",
    ElementType.I16: "int16_t",
    ElementType.I32: "int32_t",
    ElementType.I64: "int64_t",
    ElementType.U8: "uint8_t",
    ElementType.U16: "uint16_t",
    ElementType.U32: "uint32_t",
    ElementType.U64: "uint64_t",
    ElementType.F32: "float",
    ElementType.F64: "double",
}


def initialiser(values: np.ndarray[Any, Any], dtype: ElementType) -> str:
    """The text between the braces of a C initialiser; ``0`` stands for all zeros."""
    flat = values.reshape(-1)
    if not flat.any() and not _has_negative_zero(flat, dtype):
        return "0"
    return ", ".join(_literal(v, dtype) for v in flat.tolist())


def _has_negative_zero(flat: np.ndarray[Any, Any], dtype: ElementType) -> bool:
    return dtype.is_float and bool((flat.view(f"u{dtype.bytes}") != 0).any())


def _literal(value: float, dtype: ElementType) -> str:
    if dtype.is_float:
        return _float_literal(float(value), "f" if dtype is ElementType.F32 else "")
    number = int(value)
    if number == -(2**63):
        return "INT64_MIN"
    suffix = {ElementType.I64: "LL", ElementType.U64: "ULL", ElementType.U32: "U"}.get(dtype, "")
    return f"{number}{suffix}"


def _float_literal(value: float, suffix: str) -> str:
    if isnan(value):
        return f'__builtin_nan{suffix}("")'
    if value in (inf, -inf):
        return f"{'-' if value < 0 else ''}__builtin_inf{suffix}()"
    return value.hex() + suffix


def c_string(text: str) -> str:
    """``text`` as a C string literal, whatever it holds: all but plain ASCII goes through octal escapes."""
    safe = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in _utf8(text))
    return '"' + "".join(safe) + '"'


def c_comment(text: str) -> str:
    """``text`` as it may stand in a comment of C, CMake or Markdown: nothing that could end one."""
    return "".join(c if c.isalnum() or c in " _.,:;+-=()[]" else "?" for c in text)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
