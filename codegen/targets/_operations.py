"""Scalar operations (arith, math) as C expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from aicompiler.metamodels.diagnostics import AicError, Diagnostic, Severity
from aicompiler.metamodels.system import Source
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue

from ._expressions import Expr, Spelling
from ._types import BOOL, I32, I64, CType, of_mlir
from ._values import Intervals, fits, is_nsw


class UnsupportedOperation(AicError):
    """A kernel holds an operation that no target can print: a defect of the pass that made it."""

    exit_code = 1

    def __init__(
        self,
        op: Operation,
        advice: str = "lower it to arith, math, memref and scf first",
        language: str = "C",
    ) -> None:
        line = op.attributes.get("aic.line")
        place = Source(file="kernel body", line=line.value.data) if isinstance(line, IntegerAttr) else None
        message = f"{op.name} cannot be printed as {language}"
        super().__init__(
            Diagnostic(
                severity=Severity.ERROR,
                rule="unsupported-operation",
                message=message,
                next_step=advice,
                source=place,
            )
        )


class Scope(Protocol):
    """What an operation needs of the function being printed."""

    spelling: Spelling
    intervals: Intervals

    def get(self, value: SSAValue) -> Expr:
        """The expression of an operand; consumes it if it is used once."""

    def atom(self, expr: Expr) -> Expr:
        """A name or literal for ``expr``, which is about to be repeated."""

    def helper(self, name: str, type_: CType, *arguments: Expr) -> Expr:
        """A call of a helper function that the file then defines."""

    def math(self, function: str, type_: CType, *arguments: Expr) -> Expr:
        """A call of a function of the target's math library."""


Printer = Callable[[Operation, Scope], Expr]

_ADDITIVE = {arith.AddiOp: "+", arith.SubiOp: "-", arith.MuliOp: "*"}
_FLOATING = {arith.AddfOp: "+", arith.SubfOp: "-", arith.MulfOp: "*", arith.DivfOp: "/"}
_BITWISE = {arith.AndIOp: "&", arith.OrIOp: "|", arith.XOrIOp: "^"}
_DIVISION = {
    arith.DivSIOp: ("/", True),
    arith.RemSIOp: ("%", True),
    arith.DivUIOp: ("/", False),
    arith.RemUIOp: ("%", False),
}
_EXTREME = {
    arith.MinSIOp: ("<", True),
    arith.MaxSIOp: (">", True),
    arith.MinUIOp: ("<", False),
    arith.MaxUIOp: (">", False),
}
_HELPERS = {
    arith.FloorDivSIOp: ("floordiv", True),
    arith.CeilDivSIOp: ("ceildiv", True),
    arith.CeilDivUIOp: ("ceildivu", False),
    arith.MinimumfOp: ("minimum", True),
    arith.MaximumfOp: ("maximum", True),
    math.AbsIOp: ("abs", True),
    math.CtPopOp: ("popcount", False),
    math.CountLeadingZerosOp: ("clz", False),
    math.CountTrailingZerosOp: ("ctz", False),
}
_COMPARE = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
LIBRARY = """
    acos acosh asin asinh atan atanh atan2 cbrt ceil copysign cos cosh erf exp exp2 expm1 floor fma
    log log10 log1p log2 round sin sinh sqrt tan tanh trunc
"""
_MATH = {
    **{f"math.{name}": name for name in LIBRARY.split()},
    "math.absf": "fabs",
    "math.powf": "pow",
    "math.roundeven": "rint",
    "arith.minnumf": "fmin",
    "arith.maxnumf": "fmax",
}


def width(attribute: Attribute) -> CType:
    """The signed C type of an MLIR type."""
    return of_mlir(attribute)


def computing(type_: CType, signed: bool) -> CType:
    """The type C computes in: at least 32 bits."""
    return CType("int", max(type_.bits, 32), signed)


def _constant(op: Operation, scope: Scope) -> Expr:
    assert isinstance(op, arith.ConstantOp)
    type_ = width(op.result.type)
    match op.value:
        case IntegerAttr(value=value) if type_ == BOOL:
            return Expr("true" if value.data else "false", BOOL)
        case IntegerAttr(value=value):
            return scope.spelling.literal(value.data, type_, typed=False)
        case FloatAttr(value=number):
            return scope.spelling.floating(number.data, type_)
        case _:
            raise UnsupportedOperation(op)


def _additive(op: Operation, scope: Scope) -> Expr:
    left, right = (scope.get(v) for v in op.operands)
    type_ = width(op.results[0].type)
    signed = is_nsw(op)
    target = computing(type_, signed)
    if target == I64 and all(fits(scope.intervals.of(v), I32) for v in (*op.operands, op.results[0])):
        wide = [e for e in (left, right) if e.value is None and not I32.holds(e.type)]
        target = I64 if wide else I32
    return scope.spelling.binary(_ADDITIVE[type(op)], left, right, target)  # type: ignore[index]


def _floating(op: Operation, scope: Scope) -> Expr:
    left, right = (scope.get(v) for v in op.operands)
    return scope.spelling.binary(_FLOATING[type(op)], left, right, width(op.results[0].type))  # type: ignore[index]


def _bitwise(op: Operation, scope: Scope) -> Expr:
    left, right = (scope.get(v) for v in op.operands)
    operator, type_ = _BITWISE[type(op)], width(op.results[0].type)  # type: ignore[index]
    if type_ == BOOL:
        if operator != "^":
            return scope.spelling.logical(operator * 2, left, right)
        if right.text == "true":
            return scope.spelling.negation(left)
        return scope.spelling.binary("!=", left, right, I32)
    signed = [e.type.signed or e.type.bits < type_.bits for e in (left, right) if e.value is None]
    return scope.spelling.binary(operator, left, right, computing(type_, all(signed)))


def _division(op: Operation, scope: Scope) -> Expr:
    operator, signed = _DIVISION[type(op)]  # type: ignore[index]
    left, right = (scope.get(v) for v in op.operands)
    type_ = width(op.results[0].type)
    exact = CType("int", type_.bits, signed)
    left, right = scope.spelling.exact(left, exact), scope.spelling.exact(right, exact)
    if (
        type_ == I64
        and signed
        and all(_in_32(e, v, scope) for e, v in zip((left, right), op.operands, strict=True))
    ):
        exact = I32
    return scope.spelling.binary(operator, left, right, computing(exact, signed))


def _in_32(expr: Expr, value: SSAValue, scope: Scope) -> bool:
    narrow = expr.value is not None or I32.holds(expr.type)
    return narrow and scope.intervals.of(value)[0] > I32.limits[0] and fits(scope.intervals.of(value), I32)


def _shift(op: Operation, scope: Scope) -> Expr:
    left, amount = (scope.get(v) for v in op.operands)
    bits = width(op.results[0].type).bits
    match op:
        case arith.ShRSIOp():
            target = CType("int", max(bits, 32))
            left = scope.spelling.exact(left, CType("int", bits))
        case arith.ShRUIOp():
            left = scope.spelling.exact(left, CType("int", bits, False))
            narrow = left.value is None and not left.type.signed and left.type.bits < 32 and bits <= 32
            target = I32 if narrow else CType("int", max(bits, 32), False)
        case _:
            target = CType("int", max(bits, 32), False)
    return scope.spelling.shift("<<" if isinstance(op, arith.ShLIOp) else ">>", left, amount, target)


def _extreme(op: Operation, scope: Scope) -> Expr:
    operator, signed = _EXTREME[type(op)]  # type: ignore[index]
    type_ = CType("int", width(op.results[0].type).bits, signed)
    left, right = (scope.atom(scope.spelling.exact(scope.get(v), type_)) for v in op.operands)
    test = scope.spelling.binary(operator, left, right, type_.promoted)
    return scope.spelling.choice(test, left, right, type_)


def _helper(op: Operation, scope: Scope) -> Expr:
    name, signed = _HELPERS[type(op)]
    type_ = width(op.results[0].type)
    if type_.kind == "int":
        type_ = CType("int", type_.bits, signed)
    arguments = [scope.spelling.converted(scope.get(v), type_) for v in op.operands]
    return scope.helper(name, type_, *arguments)


def _library(op: Operation, scope: Scope) -> Expr:
    return scope.math(_MATH[op.name], width(op.results[0].type), *(scope.get(v) for v in op.operands))


def _rsqrt(op: Operation, scope: Scope) -> Expr:
    type_ = width(op.results[0].type)
    root = scope.math("sqrt", type_, scope.get(op.operands[0]))
    return scope.spelling.binary("/", scope.spelling.floating(1.0, type_), root, type_)


def _negf(op: Operation, scope: Scope) -> Expr:
    return scope.spelling.negative(scope.get(op.operands[0]))


def _compare_integers(op: Operation, scope: Scope) -> Expr:
    assert isinstance(op, arith.CmpiOp)
    code = op.predicate.value.data
    left, right = scope.get(op.lhs), scope.get(op.rhs)
    type_ = width(op.lhs.type)
    if code < 2 and left.type == BOOL and right.value == 0:  # (condition as integer) != 0
        return left if code else scope.spelling.negation(left)
    if type_ == BOOL:
        return scope.spelling.binary(_COMPARE[code], left, right, I32)
    signed = (
        code < 6 if code >= 2 else not any(e.value is None and _is_unsigned(e, type_) for e in (left, right))
    )
    exact = CType("int", type_.bits, signed)
    left, right = scope.spelling.exact(left, exact), scope.spelling.exact(right, exact)
    narrow = signed and all(e.value is not None or I32.holds(e.type) for e in (left, right))
    if narrow and all(e.value is None or fits((e.value, e.value), I32) for e in (left, right)):
        exact = I32
    return scope.spelling.binary(_COMPARE[code], left, right, exact.promoted)


def _is_unsigned(expr: Expr, type_: CType) -> bool:
    return not expr.type.signed and expr.type.bits >= type_.bits


def _compare_floats(op: Operation, scope: Scope) -> Expr:  # noqa: PLR0911 - one return a predicate
    assert isinstance(op, arith.CmpfOp)
    left, right = scope.get(op.lhs), scope.get(op.rhs)
    spelling, type_ = scope.spelling, width(op.lhs.type)

    def test(operator: str) -> Expr:
        return spelling.binary(operator, left, right, type_)

    simple = {1: "==", 2: ">", 3: ">=", 4: "<", 5: "<=", 13: "!="}
    negated = {9: "<=", 10: "<", 11: ">=", 12: ">"}  # unordered or …: not the opposite
    code = op.predicate.value.data
    if code in simple:
        return test(simple[code])
    if code in negated:
        return spelling.negation(test(negated[code]))
    left, right = scope.atom(left), scope.atom(right)
    numbers = spelling.logical(
        "&&", spelling.binary("==", left, left, type_), spelling.binary("==", right, right, type_)
    )
    unequal = spelling.logical("||", test("<"), test(">"))
    match code:
        case 6:
            return unequal
        case 7:
            return numbers
        case 8:
            return spelling.negation(unequal)
        case 14:
            return spelling.negation(numbers)
        case _:
            return Expr("true" if code else "false", BOOL)


def _select(op: Operation, scope: Scope) -> Expr:
    assert isinstance(op, arith.SelectOp)
    condition, yes, no = scope.get(op.cond), scope.get(op.lhs), scope.get(op.rhs)
    return scope.spelling.choice(condition, yes, no, joined(width(op.result.type), yes, no))


def joined(type_: CType, *parts: Expr) -> CType:
    """The signedness for a value that may be any of ``parts``: unsigned if one of full width is."""
    if type_.kind != "int":
        return type_
    if all(e.value is not None or type_.holds(e.type) for e in parts):
        narrow = type_ == I64 and all(
            (e.value is None and I32.holds(e.type)) or (e.value is not None and fits((e.value, e.value), I32))
            for e in parts
        )
        return I32 if narrow else type_
    return CType("int", type_.bits, not any(_is_unsigned(e, type_) for e in parts if e.value is None))


def _extend(op: Operation, scope: Scope) -> Expr:
    source = op.operands[0]
    expr = scope.get(source)
    if expr.type == BOOL:
        if isinstance(op, arith.ExtSIOp):
            return scope.spelling.negative(scope.spelling.cast(expr, I32))
        return expr
    exact = CType("int", width(source.type).bits, isinstance(op, arith.ExtSIOp))
    if expr.value is not None:
        return scope.spelling.literal(exact.wrap(expr.value), width(op.results[0].type), typed=False)
    return scope.spelling.exact(expr, exact)


def _truncate(op: Operation, scope: Scope) -> Expr:
    expr, target = scope.get(op.operands[0]), width(op.results[0].type)
    if target == BOOL:
        bit = scope.spelling.binary(
            "&", expr, Expr("1", I32, value=1), computing(expr.type, expr.type.signed)
        )
        return scope.spelling.binary("!=", bit, Expr("0", I32, value=0), computing(bit.type, bit.type.signed))
    if expr.value is not None:
        return scope.spelling.literal(expr.value, target, typed=False)
    if expr.type.bits < target.bits or (expr.type.bits == target.bits and expr.type.kind == "int"):
        return expr
    return scope.spelling.cast(expr, CType("int", target.bits, expr.type.signed and target.bits >= 32))


def _index_cast(op: Operation, scope: Scope) -> Expr:
    source, target = op.operands[0], width(op.results[0].type)
    expr = scope.get(source)
    if expr.value is not None:
        return scope.spelling.literal(expr.value, target, typed=False)
    if target.bits >= width(source.type).bits:
        return scope.spelling.exact(expr, width(source.type)) if expr.type != BOOL else expr
    return expr if target.holds(expr.type) else scope.spelling.cast(expr, target)


def _to_float(op: Operation, scope: Scope) -> Expr:
    expr, source = scope.get(op.operands[0]), width(op.operands[0].type)
    if expr.type != BOOL:
        expr = scope.spelling.exact(expr, CType("int", source.bits, isinstance(op, arith.SIToFPOp)))
    return scope.spelling.cast(expr, width(op.results[0].type))


def _to_integer(op: Operation, scope: Scope) -> Expr:
    bits = width(op.results[0].type).bits
    return scope.spelling.cast(scope.get(op.operands[0]), CType("int", bits, isinstance(op, arith.FPToSIOp)))


def _resize_float(op: Operation, scope: Scope) -> Expr:
    return scope.spelling.cast(scope.get(op.operands[0]), width(op.results[0].type))


def _bitcast(op: Operation, scope: Scope) -> Expr:
    expr, source, target = scope.get(op.operands[0]), width(op.operands[0].type), width(op.results[0].type)
    if source.kind == target.kind:
        return expr
    if source.kind == "int":
        expr = scope.spelling.converted(expr, CType("int", source.bits, False))
        return scope.helper("float_of_bits", target, expr)
    return scope.helper("bits_of_float", CType("int", target.bits, False), expr)


def _uses(printer: Printer, *classes: Any) -> dict[type[Operation], Printer]:
    return dict.fromkeys(classes, printer)


_PRINTERS: dict[type[Operation], Printer] = {
    **_uses(_constant, arith.ConstantOp),
    **_uses(_additive, *_ADDITIVE),
    **_uses(_floating, *_FLOATING),
    **_uses(_bitwise, *_BITWISE),
    **_uses(_division, *_DIVISION),
    **_uses(_extreme, *_EXTREME),
    **_uses(_helper, *_HELPERS),
    **_uses(_shift, arith.ShLIOp, arith.ShRSIOp, arith.ShRUIOp),
    **_uses(_rsqrt, math.RsqrtOp),
    **_uses(_negf, arith.NegfOp),
    **_uses(_compare_integers, arith.CmpiOp),
    **_uses(_compare_floats, arith.CmpfOp),
    **_uses(_select, arith.SelectOp),
    **_uses(_extend, arith.ExtSIOp, arith.ExtUIOp),
    **_uses(_truncate, arith.TruncIOp),
    **_uses(_index_cast, arith.IndexCastOp),
    **_uses(_to_float, arith.SIToFPOp, arith.UIToFPOp),
    **_uses(_to_integer, arith.FPToSIOp, arith.FPToUIOp),
    **_uses(_resize_float, arith.ExtFOp, arith.TruncFOp),
    **_uses(_bitcast, arith.BitcastOp),
}


def printer_of(op: Operation) -> Printer | None:
    """What prints ``op``, if it is a scalar operation."""
    return _PRINTERS.get(type(op)) or (_library if op.name in _MATH else None)
