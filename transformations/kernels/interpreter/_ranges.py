"""Intervals of integer values: where one proves that a check cannot fail, the interpreter leaves it out.

Values are Python integers in a canonical form: i1, i8, i16 as unsigned, i32, i64, index as signed numbers.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Attribute, BlockArgument, SSAValue

Interval = tuple[int, int]

UNBOUNDED: Interval = (-(1 << 200), 1 << 200)


def width_of(kind: Attribute) -> int:
    """Bits of an integer type; an index counts as 64."""
    return kind.width.data if isinstance(kind, IntegerType) else 64


def is_integer(kind: Attribute) -> bool:
    """Whether values of this type are integers."""
    return isinstance(kind, IntegerType | IndexType)


def is_index(kind: Attribute) -> bool:
    """Whether values of this type are unbounded numbers that address memory."""
    return isinstance(kind, IndexType)


def canonical(kind: Attribute) -> Interval:
    """The numbers that stand for values of an integer type."""
    width = width_of(kind)
    return (0, (1 << width) - 1) if width < 32 else (-(1 << width - 1), (1 << width - 1) - 1)


def signed(kind: Attribute) -> Interval:
    """Range of the signed reading of an integer type."""
    width = width_of(kind)
    return (-(1 << width - 1), (1 << width - 1) - 1)


def inside(inner: Interval, outer: Interval) -> bool:
    """Whether every number of ``inner`` is in ``outer``."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def hull(*parts: Interval) -> Interval:
    """The least interval that holds all parts."""
    return min(p[0] for p in parts), max(p[1] for p in parts)


def as_signed(part: Interval, kind: Attribute) -> Interval:
    """Interval of the signed reading of canonical numbers."""
    return part if inside(part, signed(kind)) else signed(kind)


def as_unsigned(part: Interval, kind: Attribute) -> Interval:
    """Interval of the unsigned reading of canonical numbers."""
    return part if part[0] >= 0 else (0, (1 << width_of(kind)) - 1)


def add(a: Interval, b: Interval) -> Interval:
    """Interval of sums."""
    return a[0] + b[0], a[1] + b[1]


def sub(a: Interval, b: Interval) -> Interval:
    """Interval of differences."""
    return a[0] - b[1], a[1] - b[0]


def mul(a: Interval, b: Interval) -> Interval:
    """Interval of products."""
    return hull(*((x * y, x * y) for x in a for y in b))


def bitwise(name: str, a: Interval, b: Interval, kind: Attribute) -> Interval:
    """Interval of ``and``, ``or``, ``xor`` of canonical numbers."""
    if name == "arith.andi" and (a[0] >= 0 or b[0] >= 0):
        return 0, min(part[1] for part in (a, b) if part[0] >= 0)
    if a[0] >= 0 and b[0] >= 0:
        return 0, (1 << max(a[1], b[1]).bit_length()) - 1
    return canonical(kind)


def divide(a: Interval, b: Interval) -> Interval:
    """Interval of quotients that truncate; for divisors that may be negative, anything up to the dividend."""
    if b[0] > 0:
        return hull(*((_quotient(x, y),) * 2 for x in a for y in b))
    most = max(abs(a[0]), abs(a[1]))
    return -most, most


def _quotient(x: int, y: int) -> int:
    return abs(x) // y * (1 if x >= 0 else -1)


def remainder(a: Interval, b: Interval) -> Interval:
    """Interval of remainders, which have the dividend's sign."""
    most = max(abs(b[0]), abs(b[1])) - 1
    return max(-most, min(a[0], 0)), min(most, max(a[1], 0))


def shift_right(a: Interval, amount: Interval) -> Interval:
    """Interval of arithmetic right shifts by valid amounts."""
    low, high = max(0, amount[0]), min(max(0, amount[1]), 64)
    return hull(*((x >> y, x >> y) for x in a for y in (low, max(low, high))))


def shift_left(a: Interval, amount: Interval) -> Interval:
    """Interval of left shifts, before wrapping, by valid amounts."""
    low, high = max(0, amount[0]), min(max(0, amount[1]), 64)
    return hull(*((x << y, x << y) for x in a for y in (low, max(low, high))))


class Ranges:
    """Remembers the interval of each value; a value never seen has all of its type."""

    def __init__(self, tables: dict[str, Interval]) -> None:
        self._known: dict[SSAValue, Interval] = {}
        self._tables = tables

    def of(self, value: SSAValue) -> Interval:
        """The interval of an integer value."""
        if value in self._known:
            return self._known[value]
        found = self._argument(value) if isinstance(value, BlockArgument) else None
        found = found or (self._loaded(value.owner) if isinstance(value.owner, memref.LoadOp) else None)
        self._known[value] = found = found or (
            UNBOUNDED if isinstance(value.type, IndexType) else canonical(value.type)
        )
        return found

    def learn(self, value: SSAValue, part: Interval) -> None:
        """Record what an operation gives."""
        self._known[value] = part

    def _argument(self, value: BlockArgument[Any]) -> Interval | None:
        loop = value.block.parent_op()
        if not isinstance(loop, scf.ForOp) or value.index != 0:
            return None
        low, high = self.of(loop.lb)[0], self.of(loop.ub)[1] - 1
        return low, max(low, high)

    def _loaded(self, op: memref.LoadOp) -> Interval | None:
        source = op.memref.owner
        if not isinstance(source, memref.GetGlobalOp):
            return None
        return self._tables.get(source.name_.root_reference.data)
