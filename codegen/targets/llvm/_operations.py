"""Scalar operations (arith, math) as LLVM instructions, intrinsics and calls of the C library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aicompiler.codegen.targets._operations import LIBRARY, UnsupportedOperation
from llvmlite import ir
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Operation

from ._module import BOOL, number, type_of

if TYPE_CHECKING:
    from ._function import Function

Lowering = Callable[[Operation, "Function"], Any]

_BINARY: dict[type[Operation], str] = {
    arith.DivSIOp: "sdiv",
    arith.RemSIOp: "srem",
    arith.DivUIOp: "udiv",
    arith.RemUIOp: "urem",
    arith.AndIOp: "and_",
    arith.OrIOp: "or_",
    arith.XOrIOp: "xor",
    arith.ShRSIOp: "ashr",
    arith.ShRUIOp: "lshr",
    arith.AddfOp: "fadd",
    arith.SubfOp: "fsub",
    arith.MulfOp: "fmul",
    arith.DivfOp: "fdiv",
}
_WRAPPING: dict[type[Operation], str] = {
    arith.AddiOp: "add",
    arith.SubiOp: "sub",
    arith.MuliOp: "mul",
    arith.ShLIOp: "shl",
}
_CASTS: dict[type[Operation], str] = {
    arith.ExtSIOp: "sext",
    arith.ExtUIOp: "zext",
    arith.TruncIOp: "trunc",
    arith.SIToFPOp: "sitofp",
    arith.UIToFPOp: "uitofp",
    arith.FPToSIOp: "fptosi",
    arith.FPToUIOp: "fptoui",
    arith.ExtFOp: "fpext",
    arith.TruncFOp: "fptrunc",
    arith.BitcastOp: "bitcast",
}
_EXTREMES: dict[type[Operation], tuple[str, str]] = {
    arith.MinSIOp: ("icmp_signed", "<"),
    arith.MaxSIOp: ("icmp_signed", ">"),
    arith.MinUIOp: ("icmp_unsigned", "<"),
    arith.MaxUIOp: ("icmp_unsigned", ">"),
}
_INTRINSICS = {  # instructions of most processors; where one lacks it, the C library has it
    "math.absf": "fabs",
    "math.sqrt": "sqrt",
    "math.floor": "floor",
    "math.ceil": "ceil",
    "math.trunc": "trunc",
    "math.round": "round",
    "math.roundeven": "rint",
    "math.copysign": "copysign",
    "math.fma": "fma",
    "arith.minimumf": "minimum",
    "arith.maximumf": "maximum",
    "math.ctpop": "ctpop",
}
_CALLS = {f"math.{name}": name for name in LIBRARY.split()} | {
    "math.powf": "pow",
    "arith.minnumf": "fmin",
    "arith.maxnumf": "fmax",
}
_FLAGGED: dict[type[Operation], str] = {
    math.AbsIOp: "abs",
    math.CountLeadingZerosOp: "ctlz",
    math.CountTrailingZerosOp: "cttz",
}
_PREDICATES = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
_FLOAT_PREDICATES = ("==", ">", ">=", "<", "<=", "!=")


def find(op: Operation) -> Lowering | None:
    """What lowers ``op``, if it is a scalar operation."""
    if (own := _BY_CLASS.get(type(op))) is not None:
        return own
    if op.name in _INTRINSICS:
        return _intrinsic
    return _call if op.name in _CALLS else None


def _operands(op: Operation, scope: Function) -> list[Any]:
    return [scope.get(v) for v in op.operands]


def _constant(op: Operation, scope: Function) -> Any:  # noqa: ARG001 - the signature of a lowering
    assert isinstance(op, arith.ConstantOp)
    match op.value:
        case IntegerAttr(value=value) | FloatAttr(value=value):
            return number(type_of(op.result.type), value.data)
        case _:
            raise UnsupportedOperation(op, language="LLVM IR")


def _binary(op: Operation, scope: Function) -> Any:
    return getattr(scope.builder, _BINARY[type(op)])(*_operands(op, scope))


def _wrapping(op: Operation, scope: Function) -> Any:
    """Addition and the like: undefined on overflow only where MLIR says so."""
    assert isinstance(op, arith.AddiOp | arith.SubiOp | arith.MuliOp | arith.ShLIOp)
    flags = [flag.value for flag in op.overflow_flags.data] if op.overflow_flags is not None else []
    return getattr(scope.builder, _WRAPPING[type(op)])(*_operands(op, scope), flags=sorted(flags))


def _cast(op: Operation, scope: Function) -> Any:
    return getattr(scope.builder, _CASTS[type(op)])(scope.get(op.operands[0]), type_of(op.results[0].type))


def _index_cast(op: Operation, scope: Function) -> Any:
    value, target = scope.get(op.operands[0]), type_of(op.results[0].type)
    if value.type.width == target.width:
        return value
    return (scope.builder.sext if value.type.width < target.width else scope.builder.trunc)(value, target)


def _extreme(op: Operation, scope: Function) -> Any:
    compare, operator = _EXTREMES[type(op)]
    left, right = _operands(op, scope)
    return scope.builder.select(getattr(scope.builder, compare)(operator, left, right), left, right)


def _intrinsic(op: Operation, scope: Function) -> Any:
    return scope.intrinsic(_INTRINSICS[op.name], *_operands(op, scope))


def _flagged(op: Operation, scope: Function) -> Any:
    """Intrinsics whose second argument would make the corner case undefined."""
    return scope.intrinsic(_FLAGGED[type(op)], scope.get(op.operands[0]), ir.Constant(BOOL, False))


def _call(op: Operation, scope: Function) -> Any:
    return scope.library(_CALLS[op.name], *_operands(op, scope))


def _reciprocal_root(op: Operation, scope: Function) -> Any:
    root = scope.intrinsic("sqrt", scope.get(op.operands[0]))
    return scope.builder.fdiv(ir.Constant(root.type, 1.0), root)


def _negative(op: Operation, scope: Function) -> Any:
    return scope.builder.fneg(scope.get(op.operands[0]))


def _rounded_quotient(op: Operation, scope: Function) -> Any:
    """Signed division towards minus (floor) or plus infinity (ceil)."""
    build, (left, right) = scope.builder, _operands(op, scope)
    zero = number(left.type, 0)
    quotient, rest = build.sdiv(left, right), build.srem(left, right)
    signs = [build.icmp_signed("<", v, zero) for v in (left, right)]
    floor = isinstance(op, arith.FloorDivSIOp)
    away = build.icmp_unsigned("!=" if floor else "==", *signs)
    inexact = build.and_(build.icmp_unsigned("!=", rest, zero), away)
    one = build.zext(inexact, left.type)
    return build.sub(quotient, one) if floor else build.add(quotient, one)


def _unsigned_ceiling(op: Operation, scope: Function) -> Any:
    build, (left, right) = scope.builder, _operands(op, scope)
    inexact = build.icmp_unsigned("!=", build.urem(left, right), number(left.type, 0))
    return build.add(build.udiv(left, right), build.zext(inexact, left.type))


def _compare_integers(op: Operation, scope: Function) -> Any:
    assert isinstance(op, arith.CmpiOp)
    code = op.predicate.value.data
    compare = scope.builder.icmp_signed if code < 6 else scope.builder.icmp_unsigned
    return compare(_PREDICATES[code], scope.get(op.lhs), scope.get(op.rhs))


def _compare_floats(op: Operation, scope: Function) -> Any:
    assert isinstance(op, arith.CmpfOp)
    code, build = op.predicate.value.data, scope.builder
    left, right = scope.get(op.lhs), scope.get(op.rhs)
    if code in (0, 15):
        return ir.Constant(BOOL, bool(code))
    if code in (7, 14):
        return build.fcmp_ordered("ord" if code == 7 else "uno", left, right)
    compare, first = (build.fcmp_ordered, 1) if code < 7 else (build.fcmp_unordered, 8)
    return compare(_FLOAT_PREDICATES[code - first], left, right)


def _select(op: Operation, scope: Function) -> Any:
    return scope.builder.select(*_operands(op, scope))


_BY_CLASS: dict[type[Operation], Lowering] = {
    arith.ConstantOp: _constant,
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_WRAPPING, _wrapping),
    **dict.fromkeys(_CASTS, _cast),
    **dict.fromkeys(_EXTREMES, _extreme),
    **dict.fromkeys(_FLAGGED, _flagged),
    arith.IndexCastOp: _index_cast,
    arith.NegfOp: _negative,
    arith.FloorDivSIOp: _rounded_quotient,
    arith.CeilDivSIOp: _rounded_quotient,
    arith.CeilDivUIOp: _unsigned_ceiling,
    arith.CmpiOp: _compare_integers,
    arith.CmpfOp: _compare_floats,
    arith.SelectOp: _select,
    math.RsqrtOp: _reciprocal_root,
}
