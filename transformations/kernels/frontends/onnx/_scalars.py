"""Scalar functions as arith and math operations."""

from __future__ import annotations

import math as python_math
from collections.abc import Callable
from typing import Any

from aicompiler.metamodels.system import ElementType
from xdsl.dialects import arith, math
from xdsl.ir import Operation, SSAValue

from ._builder import Body
from ._types import E, value_type

Unary = Callable[["Scalar", SSAValue], SSAValue]


class Scalar:
    """Arithmetic on values of one element type, written into a body."""

    def __init__(self, body: Body, dtype: ElementType) -> None:
        self.body = body
        self.dtype = dtype

    def constant(self, value: float) -> SSAValue:
        """A constant."""
        return self.body.constant(value, self.dtype)

    def add(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """``left + right``; integers wrap."""
        return self.body.add((arith.AddfOp if self.dtype.is_float else arith.AddiOp)(left, right)).results[0]

    def sub(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """``left - right``; integers wrap."""
        return self.body.add((arith.SubfOp if self.dtype.is_float else arith.SubiOp)(left, right)).results[0]

    def mul(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """``left * right``; integers wrap."""
        return self.body.add((arith.MulfOp if self.dtype.is_float else arith.MuliOp)(left, right)).results[0]

    def div(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """``left / right``; the quotient of integers is truncated."""
        whole = arith.DivSIOp if self.dtype.is_signed else arith.DivUIOp
        return self.body.add((arith.DivfOp if self.dtype.is_float else whole)(left, right)).results[0]

    def pow(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """``left`` to the power of ``right``."""
        return self.body.add(math.PowFOp(left, right)).result

    def negative(self, value: SSAValue) -> SSAValue:
        """``-value``."""
        return (
            self.body.add(arith.NegfOp(value)).result
            if self.dtype.is_float
            else self.sub(self.constant(0), value)
        )

    def less(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """Whether ``left < right``; false for NaN."""
        if self.dtype.is_float:
            return self.body.add(arith.CmpfOp(left, right, "olt")).result
        return self.body.add(arith.CmpiOp(left, right, "slt" if self.dtype.is_signed else "ult")).result

    def select(self, condition: SSAValue, then: SSAValue, other: SSAValue) -> SSAValue:
        """``then`` where ``condition`` holds, else ``other``."""
        return self.body.add(arith.SelectOp(condition, then, other)).result

    def max(self, best: SSAValue, value: SSAValue) -> SSAValue:
        """``value`` if it is greater than ``best``, else ``best``."""
        return self.select(self.less(best, value), value, best)

    def min(self, best: SSAValue, value: SSAValue) -> SSAValue:
        """``value`` if it is less than ``best``, else ``best``."""
        return self.select(self.less(value, best), value, best)

    def exp(self, value: SSAValue) -> SSAValue:
        """e to the power of ``value``."""
        return self.body.add(math.ExpOp(value)).result

    def sqrt(self, value: SSAValue) -> SSAValue:
        """The square root."""
        return self.body.add(math.SqrtOp(value)).result

    def tanh(self, value: SSAValue) -> SSAValue:
        """The hyperbolic tangent."""
        return self.body.add(math.TanhOp(value)).result

    def erf(self, value: SSAValue) -> SSAValue:
        """The error function."""
        return self.body.add(math.ErfOp(value)).result

    def sigmoid(self, value: SSAValue) -> SSAValue:
        """``1 / (1 + exp(-value))``."""
        one = self.constant(1)
        return self.div(one, self.add(one, self.exp(self.negative(value))))

    def relu(self, value: SSAValue) -> SSAValue:
        """Zero for what is negative; NaN stays NaN."""
        zero = self.constant(0)
        return self.select(self.less(value, zero), zero, value)

    def gelu(self, value: SSAValue) -> SSAValue:
        """``value / 2 * (1 + erf(value / sqrt(2)))``."""
        inner = self.erf(self.mul(value, self.constant(python_math.sqrt(0.5))))
        return self.mul(self.mul(value, self.constant(0.5)), self.add(self.constant(1), inner))

    def gelu_by_tanh(self, value: SSAValue) -> SSAValue:
        """``value / 2 * (1 + tanh(sqrt(2 / pi) * (value + 0.044715 * value ** 3)))``."""
        cube = self.mul(self.mul(value, value), value)
        inner = self.add(value, self.mul(self.constant(0.044715), cube))
        inner = self.tanh(self.mul(self.constant(python_math.sqrt(2 / python_math.pi)), inner))
        return self.mul(self.mul(value, self.constant(0.5)), self.add(self.constant(1), inner))

    def absolute(self, value: SSAValue) -> SSAValue:
        """The magnitude."""
        if self.dtype.is_float:
            return self.body.add(math.AbsFOp(value)).result
        return self.select(self.less(value, self.constant(0)), self.negative(value), value)

    def log(self, value: SSAValue) -> SSAValue:
        """The natural logarithm."""
        return self.body.add(math.LogOp(value)).result


def converted(body: Body, value: SSAValue, source: ElementType, to: ElementType) -> SSAValue:
    """``value`` as by a cast of C; a bool is whether it is not zero."""
    kind = value_type(to)
    if to is E.BOOL:
        zero = body.constant(0, source)
        compare = arith.CmpfOp(value, zero, "une") if source.is_float else arith.CmpiOp(value, zero, "ne")
        return body.add(arith.ExtUIOp(body.add(compare).result, kind)).result
    if source is to or (source.is_float == to.is_float and source.bytes == to.bytes):
        return value
    op: Operation = _conversion(source, to)(value, kind)
    return body.add(op).results[0]


def _conversion(source: ElementType, to: ElementType) -> Any:
    if source.is_float and to.is_float:
        return arith.ExtFOp if to is E.F64 else arith.TruncFOp
    if source.is_float:
        return arith.FPToSIOp if to.is_signed else arith.FPToUIOp
    if to.is_float:
        return arith.SIToFPOp if source.is_signed else arith.UIToFPOp
    if to.bytes < source.bytes:
        return arith.TruncIOp
    return arith.ExtSIOp if source.is_signed else arith.ExtUIOp


UNARY: dict[str, Unary] = {
    "Abs": Scalar.absolute,
    "Erf": Scalar.erf,
    "Exp": Scalar.exp,
    "Log": Scalar.log,
    "Neg": Scalar.negative,
    "Relu": Scalar.relu,
    "Sigmoid": Scalar.sigmoid,
    "Sqrt": Scalar.sqrt,
    "Tanh": Scalar.tanh,
}
BINARY: dict[str, Callable[[Scalar, SSAValue, SSAValue], SSAValue]] = {
    "Add": Scalar.add,
    "Sub": Scalar.sub,
    "Mul": Scalar.mul,
    "Div": Scalar.div,
    "Pow": Scalar.pow,
    "Max": Scalar.max,
    "Min": Scalar.min,
}
