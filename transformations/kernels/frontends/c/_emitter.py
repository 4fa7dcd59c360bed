"""Typed values and the MLIR operations of C's operators: promotion, conversion, folding of constants."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._errors import (
    BodyError,
    UnsupportedConstruct,
    body_error,
    unsupported,
)
from aicompiler.transformations.kernels._numbers import bits_of
from pycparser import c_ast
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    f32,
    f64,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ._fold import COMPARISONS, fold_binary
from ._types import E, Number, common, convert_number, promoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._preprocessor import Included

INDEX = IndexType()
NSW = arith.IntegerOverflowAttr([arith.IntegerOverflowFlag.NSW])
_Op = TypeVar("_Op", bound=Operation)

_INTEGER = {
    "*": (arith.MuliOp, arith.MuliOp),
    "+": (arith.AddiOp, arith.AddiOp),
    "-": (arith.SubiOp, arith.SubiOp),
    "/": (arith.DivSIOp, arith.DivUIOp),
    "%": (arith.RemSIOp, arith.RemUIOp),
    "&": (arith.AndIOp, arith.AndIOp),
    "|": (arith.OrIOp, arith.OrIOp),
    "^": (arith.XOrIOp, arith.XOrIOp),
    "<<": (arith.ShLIOp, arith.ShLIOp),
    ">>": (arith.ShRSIOp, arith.ShRUIOp),
}
_FLOAT = {"*": arith.MulfOp, "+": arith.AddfOp, "-": arith.SubfOp, "/": arith.DivfOp}
_PREDICATE = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


@dataclass(frozen=True)
class Value:
    """A C value: an SSA value (i1 for a bool) or a constant that becomes one when an operation needs it."""

    dtype: ElementType
    ssa: SSAValue | None = None
    const: Number | None = None


def mlir_type(dtype: ElementType) -> Attribute:
    """The type of values of ``dtype`` between operations."""
    if dtype is E.F32:
        return f32
    return f64 if dtype is E.F64 else IntegerType(bits_of(dtype))


def memory_type(dtype: ElementType) -> Attribute:
    """The type of values of ``dtype`` in memory and at the kernel's interface: a bool is a byte."""
    return IntegerType(8) if dtype is E.BOOL else mlir_type(dtype)


_FILE = 1 << 24  # lines of the body count from 0, those of the first included file from here, and so on


class Emitter:
    """Appends operations to the current block; ``line`` is the line in the body that they come from."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.files: Sequence[Included] = ()
        self.block = Block()
        self.line = 1

    # --- places and errors ---

    def at(self, node: c_ast.Node) -> None:
        """Operations from here on come from ``node``."""
        if node.coord is not None and node.coord.line:
            file: str = node.coord.file or ""
            number = int(file.removeprefix("included")) if file.startswith("included") else 0
            self.line = number * _FILE + node.coord.line

    def origin(self) -> tuple[Behaviour, int]:
        """The file, as the behaviour that it is a part of, and the line in it."""
        number, line = divmod(self.line, _FILE)
        return (self.files[number - 1].behaviour if number else self.behaviour), line

    def body_line(self) -> int:
        """The line of the body, for included files that of the directive."""
        number, line = divmod(self.line, _FILE)
        return self.files[number - 1].line if number else line

    def wrong(self, message: str, next_step: str = "") -> BodyError:
        """The error for something that C does not allow on the current line."""
        return body_error(*self.origin(), message, next_step)

    def unsupported(self, construct: str, advice: str) -> UnsupportedConstruct:
        """The error for something outside the subset on the current line."""
        return unsupported(*self.origin(), construct, advice)

    @contextmanager
    def into(self, block: Block) -> Iterator[None]:
        """Emit into ``block`` for a while."""
        outer, self.block = self.block, block
        try:
            yield
        finally:
            self.block = outer

    # --- operations ---

    def add(self, op: _Op, located: bool = False) -> _Op:
        """Append an operation; a ``located`` one carries its line because it can fail."""
        if located:
            op.attributes["aic.line"] = IntegerAttr(self.body_line(), i64)
        self.block.add_op(op)
        return op

    def ssa(self, value: Value) -> SSAValue:
        """The SSA value of ``value``, made in the current block if it is a constant."""
        if value.ssa is not None:
            return value.ssa
        assert value.const is not None
        if value.dtype.is_float:
            kind = f32 if value.dtype is E.F32 else f64
            return self.add(arith.ConstantOp(FloatAttr(float(value.const), kind))).result
        width = IntegerType(bits_of(value.dtype))
        return self.add(arith.ConstantOp(IntegerAttr(int(value.const), width, truncate_bits=True))).result

    def index_constant(self, number: int) -> SSAValue:
        """A constant of type ``index``."""
        return self.add(arith.ConstantOp(IntegerAttr(number, INDEX))).result

    def to_index(self, value: Value) -> SSAValue:
        """An integer as ``index``; unsigned ones are widened first, since ``index_cast`` extends the sign."""
        if value.dtype.is_float:
            raise self.wrong("an array index must be an integer", "cast it")
        if value.const is not None:
            return self.index_constant(int(value.const))
        value = self.convert(value, E.I64 if value.dtype is E.U32 else promoted(value.dtype))
        return self.add(arith.IndexCastOp(self.ssa(value), INDEX)).result

    def from_index(self, index: SSAValue, dtype: ElementType) -> Value:
        """An ``index`` as an integer type that holds it."""
        return Value(dtype, self.add(arith.IndexCastOp(index, mlir_type(dtype))).result)

    # --- conversions ---

    def convert(self, value: Value, to: ElementType) -> Value:
        """``value`` converted to ``to`` as by assignment or cast (C11 6.3.1)."""
        source = value.dtype
        if source is to:
            return value
        if value.const is not None and (folded := convert_number(value.const, to)) is not None:
            return Value(to, const=folded)
        if to is E.BOOL:
            return self.binary("!=", value, Value(source, const=0.0 if source.is_float else 0))
        operand = self.ssa(value)
        if bits_of(source) == bits_of(to) and source.is_float == to.is_float:
            return Value(to, operand)
        return Value(
            to,
            self.add(_conversion(source, to, operand), located=source.is_float and not to.is_float).results[
                0
            ],
        )

    def truth(self, value: Value) -> Value:
        """Whether a scalar is not zero."""
        return self.convert(value, E.BOOL)

    # --- operators ---

    def binary(self, operator: str, left: Value, right: Value) -> Value:
        """``left operator right`` for any binary operator of C but ``&&``, ``||`` and assignments."""
        if (left.dtype.is_float or right.dtype.is_float) and operator in ("%", "&", "|", "^", "<<", ">>"):
            raise self.wrong(
                f"operands of {operator} must be integers", "cast them, or use the functions of math.h"
            )
        if operator in ("<<", ">>"):
            return self._shift(operator, left, right)
        dtype = common(left.dtype, right.dtype)
        left, right = self.convert(left, dtype), self.convert(right, dtype)
        result = E.BOOL if operator in COMPARISONS else dtype
        if left.const is not None and right.const is not None:
            folded = fold_binary(operator, left.const, right.const, dtype)
            if folded is not None:
                return Value(result, const=folded)
        return Value(result, self._emit_binary(operator, dtype, self.ssa(left), self.ssa(right)))

    def _emit_binary(self, operator: str, dtype: ElementType, left: SSAValue, right: SSAValue) -> SSAValue:
        if operator in COMPARISONS:
            return self._compare(_PREDICATE[operator], dtype, left, right)
        if dtype.is_float:
            return self.add(_FLOAT[operator](left, right)).result
        signed, unsigned = _INTEGER[operator]
        op: arith.SignlessIntegerBinaryOperation = (signed if dtype.is_signed else unsigned)(left, right)
        wraps = operator in ("+", "-", "*", "<<") and dtype.is_signed
        if wraps:
            op.properties["overflowFlags"] = NSW
        return self.add(op, located=wraps or operator in ("/", "%", "<<", ">>")).result

    def _compare(self, predicate: str, dtype: ElementType, left: SSAValue, right: SSAValue) -> SSAValue:
        if dtype.is_float:
            prefix = "u" if predicate == "ne" else "o"
            return self.add(arith.CmpfOp(left, right, prefix + predicate)).result
        prefix = "" if predicate in ("eq", "ne") else "s" if dtype.is_signed else "u"
        return self.add(arith.CmpiOp(left, right, prefix + predicate)).result

    def _shift(self, operator: str, left: Value, right: Value) -> Value:
        left, right = self.convert(left, promoted(left.dtype)), self.convert(right, promoted(right.dtype))
        dtype = left.dtype
        if left.const is not None and right.const is not None:
            folded = fold_binary(operator, left.const, right.const, dtype)
            if folded is not None:
                return Value(dtype, const=folded)
        amount = self.ssa(right)
        if bits_of(right.dtype) > bits_of(dtype):  # a too large amount must stay too large
            most = self.ssa(Value(right.dtype, const=255))
            amount = self.add(arith.MinUIOp(amount, most)).result
            amount = self.add(arith.TruncIOp(amount, IntegerType(bits_of(dtype)))).result
        elif bits_of(right.dtype) < bits_of(dtype):
            amount = self.ssa(self.convert(Value(right.dtype, amount), dtype))
        return Value(dtype, self._emit_binary(operator, dtype, self.ssa(left), amount))

    def negate(self, value: Value) -> Value:
        """``-value``."""
        if not value.dtype.is_float:
            return self.binary("-", Value(E.I32, const=0), value)
        if value.const is not None:
            return Value(value.dtype, const=-value.const)
        return Value(value.dtype, self.add(arith.NegfOp(self.ssa(value))).result)

    def invert(self, value: Value) -> Value:
        """``~value``."""
        if value.dtype.is_float:
            raise self.wrong("the operand of ~ must be an integer")
        dtype = promoted(value.dtype)
        return self.binary("^", value, self.convert(Value(E.I32, const=-1), dtype))

    def name(self, value: Value, text: str) -> None:
        """Let an SSA value that has no name yet carry the variable's."""
        if value.ssa is not None and value.ssa.name_hint is None and not isinstance(value.ssa.owner, Block):
            value.ssa.name_hint = text.replace(".", "_")


def _conversion(source: ElementType, to: ElementType, operand: SSAValue) -> Operation:
    target = mlir_type(to)
    if source.is_float and to.is_float:
        return arith.ExtFOp(operand, f64) if to is E.F64 else arith.TruncFOp(operand, f32)
    if source.is_float:
        assert isinstance(target, IntegerType)
        return (arith.FPToSIOp if to.is_signed else arith.FPToUIOp)(operand, target)
    if to.is_float:
        return (arith.SIToFPOp if source.is_signed else arith.UIToFPOp)(operand, target)  # type: ignore[arg-type]
    assert isinstance(target, IntegerType)
    if bits_of(to) < bits_of(source):
        return arith.TruncIOp(operand, target)
    return (arith.ExtSIOp if source.is_signed else arith.ExtUIOp)(operand, target)


def string(text: str) -> StringAttr:
    """A string attribute."""
    return StringAttr(text)


def types_of(values: Sequence[SSAValue]) -> list[Attribute]:
    """The MLIR types of some values."""
    return [v.type for v in values]
