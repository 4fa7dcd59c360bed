"""C types: their names, promotions and conversions (LP64, ``char`` signed)."""

from __future__ import annotations

from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels._numbers import bits_of, f32, range_of, wrap

E = ElementType
Number = int | float

TYPE_NAMES: dict[str, ElementType] = {
    "int8_t": E.I8,
    "int16_t": E.I16,
    "int32_t": E.I32,
    "int64_t": E.I64,
    "uint8_t": E.U8,
    "uint16_t": E.U16,
    "uint32_t": E.U32,
    "uint64_t": E.U64,
    "size_t": E.U64,
    "ptrdiff_t": E.I64,
    "intptr_t": E.I64,
    "uintptr_t": E.U64,
    "float32_t": E.F32,
    "float64_t": E.F64,
    "bool": E.BOOL,
}

LIMITS: dict[str, tuple[ElementType, int]] = {
    **{f"{'' if t.is_signed else 'U'}INT{8 * t.bytes}_MAX": (t, range_of(t)[1]) for t in list(E)[1:9]},
    **{f"INT{8 * t.bytes}_MIN": (t, range_of(t)[0]) for t in list(E)[1:5]},
    "INT_MAX": (E.I32, (1 << 31) - 1),
    "INT_MIN": (E.I32, -(1 << 31)),
    "UINT_MAX": (E.U32, (1 << 32) - 1),
    "true": (E.I32, 1),
    "false": (E.I32, 0),
}

_WORDS = {"signed", "unsigned", "char", "short", "int", "long"}


def type_of_names(names: list[str]) -> ElementType | None:
    """The scalar type that a list of specifiers names; ``None`` for other types."""
    if len(names) == 1:
        known = {**TYPE_NAMES, "_Bool": E.BOOL, "float": E.F32, "double": E.F64}
        if names[0] in known:
            return known[names[0]]
    if not names or not set(names) <= _WORDS:
        return None
    signed = "unsigned" not in names
    if "char" in names:
        return E.I8 if signed else E.U8
    if "short" in names:
        return E.I16 if signed else E.U16
    if "long" in names:
        return E.I64 if signed else E.U64
    return E.I32 if signed else E.U32


def promoted(dtype: ElementType) -> ElementType:
    """The integer promotions: what is narrower than int becomes int."""
    return E.I32 if not dtype.is_float and bits_of(dtype) < 32 else dtype


def common(left: ElementType, right: ElementType) -> ElementType:
    """The usual arithmetic conversions."""
    if left.is_float or right.is_float:
        return E.F64 if E.F64 in (left, right) else E.F32
    left, right = promoted(left), promoted(right)
    if left.is_signed == right.is_signed:
        return left if left.bytes >= right.bytes else right
    signed, unsigned = (left, right) if left.is_signed else (right, left)
    return signed if signed.bytes > unsigned.bytes else unsigned


def convert_number(value: Number, to: ElementType) -> Number | None:
    """A constant converted as C does; ``None`` where that is undefined (a float out of range)."""
    if to is E.BOOL:
        return int(value != 0)
    if to.is_float:
        if isinstance(value, int):
            return _int_to_float(value, to)
        return f32(value) if to is E.F32 else value
    if isinstance(value, int):
        return wrap(value, to)
    low, high = range_of(to)
    whole = int(value) if abs(value) < 2.0**64 else None
    return whole if whole is not None and low <= whole <= high else None


def _int_to_float(value: int, to: ElementType) -> float:
    from aicompiler.transformations.kernels._numbers import int_to_f32

    return int_to_f32(value) if to is E.F32 else float(value)


def literal_type(value: int, decimal: bool, suffix: str) -> ElementType | None:
    """The type of an integer literal (C11 6.4.4.1); ``None`` if no type holds it."""
    candidates = [E.I32, E.U32, E.I64, E.U64]
    if "u" in suffix:
        candidates = [E.U32, E.U64]
    elif decimal:
        candidates = [E.I32, E.I64]
    if "l" in suffix:
        candidates = [t for t in candidates if t.bytes == 8]
    return next((t for t in candidates if value <= range_of(t)[1]), None)
