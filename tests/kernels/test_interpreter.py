"""The interpreter: errors where C leaves things undefined, IEEE arithmetic elsewhere, and speed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import InterpretationError, compile_python, interpret
from aicompiler.transformations.kernels._numbers import MATH, f32, fma32, fma64, int_to_f32
from hypothesis import given, settings
from hypothesis import strategies as st

UNDEFINED = {
    "r = a + b;": "signed overflow",
    "r = a * b;": "signed overflow",
    "r = -b - 3;": "signed overflow",
    "r = a / (b - b);": "division by zero",
    "r = b % 0;": "remainder of a division by zero",
    "r = (-a - 1) / -1;": "-2147483648 / -1 overflows",
    "r = abs(-a - 1);": "signed overflow",
    "r = 1 << (a & 63);": "shift of a 32-bit value by 63",
    "r = b >> -b;": "shift of a 32-bit value by -2147483646",
    "r = -1 << 2;": "left shift of a negative number",
    "r = 3 << 30;": "signed overflow",
    "r = (int)(x * 1e10f);": "does not fit into -2147483648..2147483647",
    "r = (uint8_t)(x - 3);": "does not fit into 0..255",
    "r = v[b - 2147483642];": r"v\[4\] is out of bounds of v\[4\]",
    "v[x < 0 ? 0 : -1] = 2;": r"v\[-1\] is out of bounds",
    "int t[3]; t[1] = 2; r = t[0] + t[1];": "an element of 't' is read before it is written",
}


@pytest.mark.parametrize("statement", UNDEFINED)
def test_undefined_behaviour_is_an_error_with_its_line(statement: str, body_of: Any) -> None:
    """Each thing that C leaves undefined stops the run and says on which line of the body."""
    kernel = body_of(f"// in i32 a, in i32 b, in f32 x, state i32 v[4], out i32 r\n\n{statement}\n").kernel()
    inputs = {"a": 2147483647, "b": 2147483646, "x": np.float32(1.5), "v": np.zeros(4, np.int32)}
    with pytest.raises(InterpretationError, match=UNDEFINED[statement]) as caught:
        interpret(kernel, inputs)
    assert caught.value.line == 3


def test_loop_variables_are_not_checked_in_vain(body_of: Any) -> None:
    """Where intervals prove that nothing can fail, the emitted Python has no checks."""
    kernel = body_of(
        "// in u8 a[4][8], out i32 r[8], const i32 W = 8\n"
        "for (int y = 0; y < 4; y++)\n"
        "  for (int x = 1; x < W - 1; x++) r[x] = a[y][x - 1] + 2 * a[y][x + 1];\n"
    ).kernel()
    assert "fail" not in (source := compile_python(kernel).source) and "outside" not in source


def test_outputs_start_at_zero_and_inputs_are_left_alone(body_of: Any) -> None:
    """Inputs are copied, OUT memory begins as zeros, scalars come back as 0-d arrays of their type."""
    kernel = body_of(
        "// in i8 a[2], out i8 o[2], state u16 s, out f32 f\no[1] = a[0]; s++; a_ = 1;\n".replace(
            "a_ = 1;", ""
        )
    ).kernel()
    inputs = {"a": np.array([-5, 3], np.int8), "s": np.array(65535, np.uint16)}
    got = interpret(kernel, inputs)
    assert {n: (v.tolist(), v.dtype.name, v.shape) for n, v in got.items()} == {
        "o": ([0, -5], "int8", (2,)),
        "s": (0, "uint16", ()),
        "f": (0.0, "float32", ()),
    }
    assert inputs["s"] == 65535


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "takes the inputs .'a'."),
        ({"a": np.zeros(2, np.uint8), "b": 1}, "do not fit: .'b'."),
        ({"a": np.zeros(3, np.uint8)}, r"has the shape \[2\], not \[3\]"),
        ({"a": np.array([1, 256])}, "takes u8 values"),
        ({"a": np.array([1.0, 2.0])}, "takes u8 values"),
    ],
)
def test_inputs_must_fit_the_signature(inputs: dict[str, Any], message: str, body_of: Any) -> None:
    """Missing, unknown, misshapen and lossy inputs are refused."""
    kernel = body_of("// in u8 a[2], out u8 r\nr = a[0];\n").kernel()
    with pytest.raises(ValueError, match=message):
        interpret(kernel, inputs)


def test_more_than_half_a_million_iterations_a_second(body_of: Any) -> None:
    """A checked inner loop runs at 1 M iterations/s; half of that is asked of a busy machine."""
    kernel = body_of(
        "// in u8 a[100][100], out i32 r\n"
        "for (int y = 0; y < 100; y++) for (int x = 0; x < 100; x++) r = r * 3 % 65521 + a[y][x] * (x - y);\n"
    ).kernel()
    run, inputs = compile_python(kernel), {"a": np.ones((100, 100), np.uint8)}
    best = min(_seconds(run, inputs) for _ in range(10))
    assert 10_000 / best > 500_000


def _seconds(run: Any, inputs: Any) -> float:
    start = time.perf_counter()
    run(inputs)
    return time.perf_counter() - start


FLOATS32 = st.floats(width=32)


@given(FLOATS32, FLOATS32, FLOATS32)
@settings(max_examples=300, deadline=None)
def test_fused_multiply_add_rounds_once(a: float, b: float, c: float) -> None:
    """binary32 fma equals the exact result rounded once, by exact fractions."""
    from fractions import Fraction

    got = fma32(a, b, c)
    if not all(map(np.isfinite, (a, b, c))):
        assert np.array_equal(got, f32(a * b + c), equal_nan=True)
        return
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if not np.isfinite(got):
        assert abs(exact) >= Fraction(2) ** 128 - Fraction(2) ** 103
        return
    neighbours = [float(np.nextafter(np.float32(got), np.float32(d))) for d in (-np.inf, np.inf)]
    distance = abs(Fraction(got) - exact)
    assert all(distance <= abs(Fraction(n) - exact) for n in neighbours if np.isfinite(n))
    if any(distance == abs(Fraction(n) - exact) for n in neighbours if np.isfinite(n)):
        assert int(np.float32(got).view(np.uint32)) % 2 == 0


@given(st.floats(-1e100, 1e100), st.floats(-1e100, 1e100), st.floats(-1e200, 1e200))
@settings(max_examples=100, deadline=None)
def test_fused_multiply_add_of_doubles_is_exact_before_rounding(a: float, b: float, c: float) -> None:
    """binary64 fma cancels exactly: fma(a, b, -(a*b)) is the rounding error of the product."""
    product = a * b
    from fractions import Fraction

    assert Fraction(fma64(a, b, -product)) == Fraction(float(Fraction(a) * Fraction(b) - Fraction(product)))
    assert fma64(a, b, c) == float(Fraction(a) * Fraction(b) + Fraction(c))


@given(st.integers(-(2**63), 2**64 - 1))
@settings(max_examples=300, deadline=None)
def test_integers_round_to_binary32_once(value: int) -> None:
    """numpy converts 64-bit integers to binary32 with one rounding; so does the interpreter."""
    array = np.array([value], np.uint64 if value > 2**63 - 1 else np.int64)
    assert int_to_f32(value) == float(array.astype(np.float32)[0])


def test_mathematical_functions_have_the_edges_of_c() -> None:
    """No Python exception escapes: poles are infinite, outside the domain is NaN, signs of zero stay."""
    inf, nan = float("inf"), float("nan")
    cases: list[tuple[str, tuple[float, ...], float]] = [
        ("math.sqrt", (-1.0,), nan),
        ("math.log", (0.0,), -inf),
        ("math.log", (-1.0,), nan),
        ("math.exp", (1000.0,), inf),
        ("math.sin", (inf,), nan),
        ("math.powf", (0.0, -1.0), inf),
        ("math.powf", (-0.0, -3.0), -inf),
        ("math.powf", (-2.0, 0.5), nan),
        ("math.powf", (-10.0, 399.0), -inf),
        ("math.powf", (10.0, 400.0), inf),
        ("math.floor", (-0.0,), -0.0),
        ("math.ceil", (-0.5,), -0.0),
        ("math.round", (0.49999999999999994,), 0.0),
        ("math.round", (-2.5,), -3.0),
        ("math.round", (inf,), inf),
        ("arith.minnumf", (nan, 1.0), 1.0),
        ("arith.maxnumf", (1.0, nan), 1.0),
    ]
    for name, arguments, want in cases:
        got = MATH[name](*arguments)
        assert repr(got) == repr(want), (name, arguments)
