"""C types as the printer sees them: a kind, a width and a signedness."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import ElementType
from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, IntegerType
from xdsl.ir import Attribute


@dataclass(frozen=True)
class CType:
    """``kind`` is 'bool', 'int' or 'float'; signless MLIR integers get the signedness that reads best."""

    kind: str
    bits: int
    signed: bool = True
    lanes: int = 0  # of a vector type

    @property
    def key(self) -> str:
        """The spelling a dialect maps to its own: bool, i8 … u64, f32, f64."""
        if self.kind == "bool":
            return "bool"
        lanes = f"x{self.lanes}" if self.lanes else ""
        return f"{'f' if self.kind == 'float' else 'i' if self.signed else 'u'}{self.bits}{lanes}"

    @property
    def promoted(self) -> CType:
        """The type after C's integer promotions."""
        return self if self.kind == "float" or self.bits >= 32 else I32

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest value of an integer type."""
        if self.kind == "bool":
            return 0, 1
        return (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)

    def holds(self, other: CType) -> bool:
        """Whether every value of the integer type ``other`` is one of this type."""
        low, high = self.limits
        return low <= other.limits[0] and other.limits[1] <= high

    def wrap(self, value: int) -> int:
        """``value`` modulo 2^bits, as this type reads it."""
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.signed and value >> self.bits - 1 else value

    def as_signed(self, signed: bool) -> CType:
        """The type of the same width with that signedness."""
        return CType("int", max(self.bits, 8), signed)


BOOL = CType("bool", 1, False)
U8 = CType("int", 8, False)
I32 = CType("int", 32)
U32 = CType("int", 32, False)
I64 = CType("int", 64)
F32 = CType("float", 32)
F64 = CType("float", 64)


def of_mlir(type_: Attribute, signed: bool = True) -> CType:
    """The C type of an MLIR scalar type; ``TypeError`` for what no target prints."""
    match type_:
        case IndexType():
            return I64
        case IntegerType(width=width) if width.data == 1:
            return BOOL
        case IntegerType(width=width) if width.data in (8, 16, 32, 64):
            return CType("int", width.data, signed)
        case Float32Type():
            return F32
        case Float64Type():
            return F64
        case _:
            raise TypeError(f"no C type for {type_}")


def of_element(type_: ElementType) -> CType:
    """The C type of a parameter's elements in memory: bool is stored as an unsigned byte."""
    if type_ is ElementType.BOOL:
        return U8
    return CType("float" if type_.is_float else "int", type_.bytes * 8, type_.is_signed or type_.is_float)
