"""Functions that take several types: of OpenCL C, and of C++, where ``sqrt`` of a float is a float."""

from __future__ import annotations

from collections.abc import Sequence

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast
from xdsl.dialects import arith, math

from .c import ARITIES, Builtin, Function, Value, common, promoted

E = ElementType
OPENCL_TYPES = {"uchar": E.U8, "ushort": E.U16, "uint": E.U32, "ulong": E.U64}
"""Scalar types of OpenCL C that C does not have."""
_CONVERTED = {"char": E.I8, "short": E.I16, "int": E.I32, "long": E.I64, "float": E.F32, "double": E.F64}


def cxx_functions() -> dict[str, Builtin]:
    """Elementary functions, ``min``, ``max`` and ``abs`` as overloaded in C++ and CUDA."""
    found: dict[str, Builtin] = {name: _elementary(name, E.F64) for name in ARITIES}
    found |= {"min": _least("fmin"), "max": _least("fmax"), "abs": _absolute}
    found |= {"rsqrt": _reciprocal_root(E.F64), "rsqrtf": _reciprocal_root(E.F32)}
    return found


def cuda_functions() -> dict[str, Builtin]:
    """Those of C++, and the intrinsics of CUDA that are one operation of IEEE 754."""
    rounded = {"__fadd_rn": "+", "__fsub_rn": "-", "__fmul_rn": "*", "__fdiv_rn": "/"}
    found = cxx_functions() | {name: _rounded(operator) for name, operator in rounded.items()}
    return found | {"__mul24": _product}


def opencl_functions() -> dict[str, Builtin]:
    """The scalar functions of OpenCL C 1.2, sections 6.12.2 to 6.12.4, that are in the subset."""
    found: dict[str, Builtin] = {name: _elementary(name, E.F32) for name in ARITIES}
    found |= {f"native_{n}": found[n] for n in ("sqrt", "exp", "log", "sin", "cos", "tan")}
    found |= {"min": _least(None), "max": _greatest, "clamp": _clamp, "abs": _magnitude, "mad": _mad}
    found |= {"mul24": _product, "mad24": _mad, "select": _select}
    found |= {"rsqrt": _reciprocal_root(E.F32), "native_rsqrt": _reciprocal_root(E.F32)}
    found |= {
        f"convert_{name}": _converted(name, dtype) for name, dtype in (_CONVERTED | OPENCL_TYPES).items()
    }
    return found


def _values(function: Function, name: str, nodes: Sequence[c_ast.Node], count: int) -> list[Value]:
    function.check_count(name, len(nodes), count)
    return [function.value(node) for node in nodes]


def _float_type(values: Sequence[Value], integers: ElementType) -> ElementType:
    kinds = {v.dtype for v in values if v.dtype.is_float}
    return E.F64 if E.F64 in kinds else E.F32 if kinds else integers


def _elementary(name: str, integers: ElementType) -> Builtin:
    def lower(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
        values = _values(function, name, nodes, ARITIES[name])
        return function.elementary(name, values, _float_type(values, integers))

    return lower


def _least(floats: str | None) -> Builtin:
    """``min`` (for ``floats`` "fmax": ``max``) of integers; of floats as ``floats`` says, or by comparing."""
    sign = ">" if floats == "fmax" else "<"

    def lower(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
        values = _values(function, "max" if sign == ">" else "min", nodes, 2)
        dtype = common(values[0].dtype, values[1].dtype)
        if dtype.is_float and floats is not None:
            return function.elementary(floats, values, dtype)
        return _chosen(function, sign, values[1], values[0], dtype)

    return lower


def _greatest(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    first, second = _values(function, "max", nodes, 2)
    return _chosen(function, "<", first, second, common(first.dtype, second.dtype), swap=True)


def _chosen(
    function: Function, sign: str, left: Value, right: Value, dtype: ElementType, swap: bool = False
) -> Value:
    """``left sign right ? left : right``; with ``swap`` the other one."""
    left, right = function.convert(left, dtype), function.convert(right, dtype)
    holds = function.binary(sign, left, right)
    pair = (right, left) if swap else (left, right)
    if holds.const is not None:
        return pair[0] if holds.const else pair[1]
    operands = [function.ssa(value) for value in (holds, *pair)]
    return Value(dtype, function.add(arith.SelectOp(*operands)).result)


def _clamp(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    """min(max(x, low), high), compared as OpenCL says."""
    x, low, high = _values(function, "clamp", nodes, 3)
    dtype = common(common(x.dtype, low.dtype), high.dtype)
    raised = _chosen(function, "<", x, low, dtype, swap=True)
    return _chosen(function, "<", high, raised, dtype)


def _absolute(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    (value,) = _values(function, "abs", nodes, 1)
    if value.dtype.is_float:
        return function.elementary("fabs", [value], value.dtype)
    dtype = promoted(value.dtype)
    operand = function.ssa(function.convert(value, dtype))
    return Value(dtype, function.add(math.AbsIOp(operand), located=True).result)


def _magnitude(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    """``abs`` of OpenCL: of an integer, as the unsigned type of its size, so that nothing overflows."""
    (value,) = _values(function, "abs", nodes, 1)
    if value.dtype.is_float:
        raise function.wrong("abs takes integers", "write fabs")
    unsigned = E.U64 if value.dtype.bytes == 8 else E.U32
    if not value.dtype.is_signed:
        return function.convert(value, unsigned)
    plain = function.convert(value, unsigned)
    negative = function.binary("-", Value(unsigned, const=0), plain)
    holds = function.binary("<", value, Value(E.I32, const=0))
    if holds.const is not None:
        return negative if holds.const else plain
    operands = [function.ssa(v) for v in (holds, negative, plain)]
    return Value(unsigned, function.add(arith.SelectOp(*operands)).result)


def _mad(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    a, b, c = _values(function, "mad", nodes, 3)
    return function.binary("+", function.binary("*", a, b), c)


def _product(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    return function.binary("*", *_values(function, "mul24", nodes, 2))


def _select(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
    """``select(a, b, c)``: b where c, else a."""
    a, b, c = _values(function, "select", nodes, 3)
    dtype = common(a.dtype, b.dtype)
    holds = function.truth(c)
    operands = [holds, function.convert(b, dtype), function.convert(a, dtype)]
    return Value(dtype, function.add(arith.SelectOp(*(function.ssa(v) for v in operands))).result)


def _reciprocal_root(least: ElementType) -> Builtin:
    def lower(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
        values = _values(function, "rsqrt", nodes, 1)
        dtype = _float_type(values, least)
        one = function.convert(Value(E.I32, const=1), dtype)
        return function.binary("/", one, function.elementary("sqrt", values, dtype))

    return lower


def _rounded(operator: str) -> Builtin:
    def lower(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
        left, right = (function.convert(v, E.F32) for v in _values(function, operator, nodes, 2))
        return function.binary(operator, left, right)

    return lower


def _converted(name: str, dtype: ElementType) -> Builtin:
    def lower(function: Function, nodes: Sequence[c_ast.Node]) -> Value:
        (value,) = _values(function, f"convert_{name}", nodes, 1)
        return function.convert(value, dtype)

    return lower
