"""Element types and shapes of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from aicompiler.metamodels.system import ElementType
from xdsl.dialects.builtin import IntegerType, f32, f64
from xdsl.ir import Attribute

E = ElementType

# The numbers of onnx.TensorProto.DataType.
DTYPES: dict[int, ElementType] = {
    1: E.F32,
    2: E.U8,
    3: E.I8,
    4: E.U16,
    5: E.I16,
    6: E.I32,
    7: E.I64,
    9: E.BOOL,
    11: E.F64,
    12: E.U32,
    13: E.U64,
}
NUMPY: dict[str, ElementType] = {
    "float32": E.F32,
    "float64": E.F64,
    "int8": E.I8,
    "int16": E.I16,
    "int32": E.I32,
    "int64": E.I64,
    "uint8": E.U8,
    "uint16": E.U16,
    "uint32": E.U32,
    "uint64": E.U64,
    "bool": E.BOOL,
}


def value_type(dtype: ElementType) -> Any:
    """The MLIR type of elements, in memory as between operations: a bool is a byte."""
    if dtype.is_float:
        return f32 if dtype is E.F32 else f64
    return IntegerType(8 * dtype.bytes)


def type_bytes(type_: Attribute) -> int:
    """Size of an element in memory."""
    width = getattr(type_, "bitwidth", 8)
    assert isinstance(width, int)
    return -(-width // 8)


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The extents that are not 1: tensors that agree in these are the same memory."""
    return tuple(n for n in shape if n != 1)


def stored_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How a tensor lies in memory: extents of 1 are left out, a single value has one dimension."""
    return squeezed(shape) or (1,)


@dataclass(frozen=True)
class TensorType:
    """Element type and full shape of a tensor."""

    dtype: ElementType
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return self.dtype.bytes * self.elements
