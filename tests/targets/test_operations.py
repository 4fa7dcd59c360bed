"""Operations that C bodies do not show: each means in every target what MLIR says, corner cases included."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS, UnsupportedOperation
from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature
from xdsl.context import Context
from xdsl.dialects import arith, builtin, func, memref, scf
from xdsl.dialects.math import Math
from xdsl.parser import Parser

Execute = Callable[[str, Kernel, dict[str, Any]], dict[str, Any]]
TYPES = {"i8": "U8", "i16": "I16", "i32": "I32", "i64": "I64", "f32": "F32", "f64": "F64"}


def kernel_of(text: str, signature: Signature) -> Kernel:
    context = Context()
    for dialect in (arith.Arith, Math, memref.MemRef, scf.Scf, func.Func, builtin.Builtin):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    module.verify()
    return Kernel(signature, module)


def elementwise(operation: str, inputs: int, source: str, target: str, count: int) -> Kernel:
    """``r[i] = operation(x0[i], …)``, the operation written with %x0, %x1 and giving %r."""
    names = [f"x{i}" for i in range(inputs)]
    arguments = ", ".join(f"%p{i}: memref<{count}x{source}>" for i in range(inputs))
    loads = "\n".join(f"%x{i} = memref.load %p{i}[%i] : memref<{count}x{source}>" for i in range(inputs))
    text = f"""
    func.func @op_step({arguments}, %out: memref<{count}x{target}>) {{
      %zero = arith.constant 0 : index
      %count = arith.constant {count} : index
      %one = arith.constant 1 : index
      scf.for %i = %zero to %count step %one {{
        {loads}
        {operation}
        memref.store %r, %out[%i] : memref<{count}x{target}>
      }} {{aic.loop = "L0"}}
      func.return
    }}"""
    types = {k: ElementType[v] for k, v in TYPES.items()}
    parameters = [Parameter(n, types[source], (count,), Direction.IN) for n in names]
    return kernel_of(
        text, Signature("op_step", (*parameters, Parameter("r", types[target], (count,), Direction.OUT)))
    )


LOW, HIGH = -(2**31), 2**31 - 1
INTEGERS = [(0, 1), (7, 3), (-7, 3), (7, -3), (-7, -3), (LOW, 1), (HIGH, 2), (5, 31), (-1, 4), (6, 3)]


def wrap(value: int, bits: int = 32) -> int:
    value &= 2**bits - 1
    return value - 2**bits if value >= 2 ** (bits - 1) else value


def u(value: int) -> int:
    return value & 0xFFFFFFFF


BINARY: dict[str, Callable[[int, int], int]] = {
    "arith.floordivsi %x0, %x1 : i32": lambda a, b: a // b,
    "arith.ceildivsi %x0, %x1 : i32": lambda a, b: -(-a // b),
    "arith.ceildivui %x0, %x1 : i32": lambda a, b: -(-u(a) // u(b)),
    "arith.divui %x0, %x1 : i32": lambda a, b: u(a) // u(b),
    "arith.remui %x0, %x1 : i32": lambda a, b: u(a) % u(b),
    "arith.divsi %x0, %x1 : i32": lambda a, b: math.trunc(a / b),
    "arith.remsi %x0, %x1 : i32": lambda a, b: int(math.fmod(a, b)),
    "arith.minsi %x0, %x1 : i32": min,
    "arith.maxsi %x0, %x1 : i32": max,
    "arith.minui %x0, %x1 : i32": lambda a, b: min(u(a), u(b)),
    "arith.maxui %x0, %x1 : i32": lambda a, b: max(u(a), u(b)),
    "arith.addi %x0, %x1 : i32": lambda a, b: a + b,
    "arith.subi %x0, %x1 : i32": lambda a, b: a - b,
    "arith.muli %x0, %x1 : i32": lambda a, b: a * b,
    "arith.andi %x0, %x1 : i32": lambda a, b: a & b,
    "arith.ori %x0, %x1 : i32": lambda a, b: a | b,
    "arith.xori %x0, %x1 : i32": lambda a, b: a ^ b,
}
UNARY: dict[str, Callable[[int], int]] = {
    "math.absi %x0 : i32": lambda a: -a if a < 0 else a,
    "math.ctpop %x0 : i32": lambda a: u(a).bit_count(),
    "math.ctlz %x0 : i32": lambda a: 32 - u(a).bit_length(),
    "math.cttz %x0 : i32": lambda a: 32 if a == 0 else (u(a) & -u(a)).bit_length() - 1,
}


@pytest.mark.parametrize("target", list(TARGETS))
def test_integer_operations(target: str, execute: Execute) -> None:
    """All integer operations on corner cases, in one kernel each side of the sign."""
    a, b = (np.array(column, dtype=np.int32) for column in zip(*INTEGERS, strict=True))
    for batch, table in (("two", BINARY), ("one", UNARY)):
        lines, parameters = [], []
        for n, operation in enumerate(table):
            lines.append(f"%r{n} = {operation}")
            lines.append(f"memref.store %r{n}, %o{n}[%i] : memref<10xi32>")
            parameters.append(Parameter(f"o{n}", ElementType.I32, (10,), Direction.OUT))
        ins = [Parameter(name, ElementType.I32, (10,), Direction.IN) for name in ("x0", "x1")]
        arguments = ", ".join(f"%{p.name.replace('x', 'p')}: memref<10xi32>" for p in (*ins, *parameters))
        body = "\n".join(lines)
        text = f"""
        func.func @{batch}_step({arguments}) {{
          %zero = arith.constant 0 : index
          %ten = arith.constant 10 : index
          %one = arith.constant 1 : index
          scf.for %i = %zero to %ten step %one {{
            %x0 = memref.load %p0[%i] : memref<10xi32>
            %x1 = memref.load %p1[%i] : memref<10xi32>
            {body}
          }} {{aic.loop = "L0"}}
          func.return
        }}"""
        kernel = kernel_of(text, Signature(f"{batch}_step", (*ins, *parameters)))
        got = execute(target, kernel, {"x0": a, "x1": b})
        for n, (operation, meaning) in enumerate(table.items()):
            pairs = INTEGERS if table is BINARY else [(x,) for x, _ in INTEGERS]
            assert got[f"o{n}"].tolist() == [wrap(meaning(*pair)) for pair in pairs], operation  # type: ignore[arg-type]


NAN, INF = math.nan, math.inf
FLOATS = [(1.5, 2.5), (-0.0, 0.0), (0.0, -0.0), (NAN, 1.0), (1.0, NAN), (INF, -INF), (-3.25, -3.25)]
PREDICATES = {  # ordered ones are false, unordered ones true, if either is NaN
    "oeq": lambda a, b: a == b,
    "ogt": lambda a, b: a > b,
    "oge": lambda a, b: a >= b,
    "olt": lambda a, b: a < b,
    "ole": lambda a, b: a <= b,
    "one": lambda a, b: a < b or a > b,
    "ord": lambda a, b: not (math.isnan(a) or math.isnan(b)),
    "ueq": lambda a, b: not (a < b or a > b),
    "ugt": lambda a, b: not a <= b,
    "uge": lambda a, b: not a < b,
    "ult": lambda a, b: not a >= b,
    "ule": lambda a, b: not a > b,
    "une": lambda a, b: a != b,
    "uno": lambda a, b: math.isnan(a) or math.isnan(b),
}


@pytest.mark.parametrize("target", list(TARGETS))
def test_float_predicates(target: str, execute: Execute) -> None:
    """All fourteen comparisons, with NaN, infinities and signed zeros: bit n of the result is predicate n."""
    lines = ["%r_0 = arith.constant 0 : i32"]
    for n, predicate in enumerate(PREDICATES):
        lines += [
            f"%c{n} = arith.cmpf {predicate}, %x0, %x1 : f32",
            f"%b{n} = arith.constant {1 << n} : i32",
            f"%z{n} = arith.constant 0 : i32",
            f"%s{n} = arith.select %c{n}, %b{n}, %z{n} : i32",
            f"%r_{n + 1} = arith.ori %r_{n}, %s{n} : i32",
        ]
    lines.append(f"%none = arith.constant 0 : i32\n%r = arith.ori %r_{len(PREDICATES)}, %none : i32")
    kernel = elementwise("\n".join(lines), 2, "f32", "i32", len(FLOATS))
    a, b = (np.array(column, dtype=np.float32) for column in zip(*FLOATS, strict=True))
    got = execute(target, kernel, {"x0": a, "x1": b})["r"]
    assert got.tolist() == [
        sum(bool(test(x, y)) << n for n, test in enumerate(PREDICATES.values())) for x, y in FLOATS
    ]


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize(("operation", "pick"), [("minimumf", min), ("maximumf", max)])
def test_minimum_knows_nan_and_signed_zero(
    target: str, operation: str, pick: Callable[..., float], execute: Execute
) -> None:
    """``minimumf`` and ``maximumf`` give NaN for NaN and order -0 below +0."""
    kernel = elementwise(f"%r = arith.{operation} %x0, %x1 : f64", 2, "f64", "f64", len(FLOATS))
    a, b = (np.array(column) for column in zip(*FLOATS, strict=True))
    got = execute(target, kernel, {"x0": a, "x1": b})["r"]
    for (x, y), value in zip(FLOATS, got.tolist(), strict=True):
        if math.isnan(x) or math.isnan(y):
            assert math.isnan(value)
        else:
            expected = pick((x, y), key=lambda v: (v, math.copysign(1, v)))
            assert (value, math.copysign(1, value)) == (expected, math.copysign(1, expected))


@pytest.mark.parametrize("target", list(TARGETS))
def test_bits_of_floats(target: str, execute: Execute) -> None:
    """``bitcast`` moves the bits, both ways."""
    values = np.array([1.0, -0.0, math.pi, INF], dtype=np.float32)
    kernel = elementwise("%r = arith.bitcast %x0 : f32 to i32", 1, "f32", "i32", 4)
    assert execute(target, kernel, {"x0": values})["r"].tolist() == values.view(np.int32).tolist()


CONSTANTS = {
    "i32": [LOW, LOW + 1, -1, 0, HIGH],
    "i64": [-(2**63), -(2**31) - 1, LOW, -1, HIGH, 2**31, 2**32, 2**63 - 1],
    "f32": [0.1, 1e-45, 3.4028234663852886e38, -0.0, INF, -INF, 16777216.0, 1 / 3],
    "f64": [0.1, 5e-324, 1.7976931348623157e308, -0.0, INF, -INF, 1 / 3, 1e22],
}


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("kind", sorted(CONSTANTS))
def test_constants_are_exact(target: str, kind: str, execute: Execute) -> None:
    """Each literal reads back to its bits: extremes, denormals, infinities, the shortest decimals."""
    dtype = {"i32": np.int32, "i64": np.int64, "f32": np.float32, "f64": np.float64}[kind]
    values = np.array(CONSTANTS[kind], dtype=dtype)
    count = len(values)
    hexed = [f"0x{v.tobytes()[::-1].hex().upper()}" for v in values]
    literals = hexed if kind[0] == "f" else [str(v) for v in values]
    lines = []
    for n, literal in enumerate(literals):
        lines.append(f"%v{n} = arith.constant {literal} : {kind}\n%i{n} = arith.constant {n} : index")
        lines.append(f"memref.store %v{n}, %r[%i{n}] : memref<{count}x{kind}>")
    text = f"func.func @constant_step(%r: memref<{count}x{kind}>) {{ {chr(10).join(lines)}\n func.return }}"
    parameter = Parameter("r", ElementType[TYPES[kind]], (count,), Direction.OUT)
    got = execute(target, kernel_of(text, Signature("constant_step", (parameter,))), {})["r"]
    assert got.tobytes() == values.tobytes()


@pytest.mark.parametrize("target", list(TARGETS))
def test_narrow_arithmetic_wraps_in_its_own_width(target: str, execute: Execute) -> None:
    """Arithmetic on 8 bits wraps at 8 bits, although C computes it in ``int``."""
    lines = [
        "%p = arith.muli %x0, %x1 : i8",
        "%s = arith.addi %p, %x0 : i8",
        "%h = arith.shrui %s, %x1 : i8",
        "%q = arith.divui %h, %x1 : i8",
        "%r = arith.subi %q, %s : i8",
    ]
    kernel = elementwise("\n".join(lines), 2, "i8", "i8", 5)
    a, b = np.array([255, 200, 17, 3, 128], dtype=np.uint8), np.array([3, 7, 1, 2, 5], dtype=np.uint8)
    expected = []
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        s = (x * y + x) & 255
        expected.append(((s >> y) // y - s) & 255)
    assert execute(target, kernel, {"x0": a, "x1": b})["r"].tolist() == expected


def test_an_operation_without_c_is_refused() -> None:
    """What no target can print is an error that names it and says what to do."""
    kernel = elementwise("%r, %o = arith.addui_extended %x0, %x1 : i32, i1", 2, "i32", "i32", 4)
    with pytest.raises(UnsupportedOperation, match=r"arith.addui_extended cannot be printed as C; lower it"):
        TARGETS.load("c")().emit(kernel, None)
