"""The form of the MLIR: what later stages rely on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import Kernel, interpret
from xdsl.context import Context
from xdsl.dialects import arith, builtin, func, math, memref, scf
from xdsl.parser import Parser

SAMPLES = Path(__file__).parent / "samples"
HEADERS = {
    "blur5": "// in u8 image[12][16], out u8 out[12][16], state i32 peak, const i32 H = 12, const i32 W = 16",
    "reduce": "// in f32 a[64], in bool on, out f32 mean, out u32 hash, const i32 N = 64",
    "collatz": "// in u16 start, out i32 steps, state u8 history[8]",
}


def read_module(text: str) -> builtin.ModuleOp:
    context = Context()
    for dialect in (builtin.Builtin, arith.Arith, func.Func, scf.Scf, math.Math, memref.MemRef):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    module.verify()
    return module


def sample(name: str, body_of: Callable[..., Any]) -> tuple[Kernel, Kernel]:
    """The lowered C of a sample's comment, and the hand-written module."""
    text = (SAMPLES / f"{name}.mlir").read_text(encoding="utf-8")
    source = "\n".join(re.findall(r"^// +\d+ (.*)$", text, re.MULTILINE))
    body = body_of(f"{HEADERS[name]}\n{source}", f"{name}_step")
    return body.kernel(), Kernel(body.signature, read_module(text))


@pytest.mark.parametrize("name", HEADERS)
def test_lowered_c_and_hand_written_mlir_agree(name: str, body_of: Any, inputs_for: Any) -> None:
    """The samples show the form that the front end emits: same loops, same results."""
    lowered, written = sample(name, body_of)
    loops = [
        [op.attributes.get("aic.loop") for op in k.module.walk() if isinstance(op, scf.ForOp)]
        for k in (lowered, written)
    ]
    assert loops[0] == loops[1]
    rng = np.random.default_rng(3)
    for _ in range(5):
        inputs = inputs_for(lowered.signature, rng)
        inputs |= {"peak": np.int32(0)} if name == "blur5" else {}
        got, want = interpret(lowered, inputs), interpret(written, inputs)
        for key in want:
            np.testing.assert_array_equal(got[key], want[key])


def test_printed_modules_parse_back(body_of: Any) -> None:
    """Text loses nothing: overflow flags, loop names, lines and float digits survive."""
    for name in HEADERS:
        text = str(sample(name, body_of)[0].module)
        assert str(read_module(text)) == text
    assert "overflow<nsw>" in text and 'aic.loop = "L1"' in text and "aic.line" in text


def test_loops_are_named_in_pre_order_and_helpers_come_after(body_of: Any) -> None:
    """L0, L1, … over the public function first; names are unique in the module."""
    kernel = body_of(
        "// state i32 a[4]\n"
        "static void f(int32_t *v) { for (int i = 0; i < 4; i++) v[i]++; }\n"
        "for (int i = 0; i < 4; i++) { for (int j = 0; j < 4; j++) a[i] += j; f(a); }\n"
        "for (int i = 0; i < 4; i++) a[i] = 0;\n"
    ).kernel()
    found = {
        op.attributes["aic.loop"].data: op.attributes["aic.line"].value.data
        for op in kernel.module.walk()
        if isinstance(op, scf.ForOp)
    }
    assert found == {"L0": 3, "L1": 3, "L2": 4, "L3": 2}


def count(kernel: Kernel, name: str) -> int:
    return sum(op.name == name for op in kernel.module.walk())


@pytest.mark.parametrize(
    ("loop", "counted"),
    [
        ("for (int i = 0; i < n; i++) r += i;", True),
        ("for (int i = n; i >= 0; i -= 3) r += i;", True),
        ("int i; for (i = 0; n > i; i = i + 2) r += i;", True),
        ("for (unsigned i = 0; i < (unsigned)n; i++) r += i;", True),
        ("for (unsigned i = 0; i <= (unsigned)n; i++) r += i;", False),
        ("for (uint8_t i = 0; i < n; i++) r += i;", False),
        ("for (uint8_t i = 0; i < 255; i++) r += i;", True),
        ("for (int i = 0; i < n; i++) { r += i; i++; }", False),
        ("for (int i = 0; i < r; i++) r--;", False),
        ("for (int i = 0; i != n; i++) r += i;", False),
        ("for (int i = 1; i < n; i *= 2) r += i;", False),
        ("for (float x = 0; x < n; x++) r += 1;", False),
    ],
)
def test_only_counted_loops_become_scf_for(loop: str, counted: bool, body_of: Any) -> None:
    """A loop counts if nothing but its step changes the variable, the bound stays, and it cannot wrap."""
    kernel = body_of(f"// in i32 n, state i32 r\n{loop}\n").kernel()
    assert (count(kernel, "scf.for"), count(kernel, "scf.while")) == ((1, 0) if counted else (0, 1))


def test_cheap_branches_become_selections(body_of: Any) -> None:
    """Branches that cannot fail need no control flow; those that load or may overflow keep it."""
    kernel = body_of(
        "// in i32 a[4], in i32 i, out i32 r[3]\nr[0] = i < 0 ? 0 : i;\nr[1] = i > 1 && i < 3;\n"
    ).kernel()
    assert (count(kernel, "scf.if"), count(kernel, "arith.select"), count(kernel, "arith.andi")) == (0, 1, 1)
    guarded = body_of("// in i32 a[4], in i32 i, out i32 r\nr = i >= 0 && i < 4 ? a[i] : i + 1;\n").kernel()
    assert count(guarded, "scf.if") == 1


def test_what_is_never_used_is_not_in_the_module(body_of: Any) -> None:
    """Helpers and tables that a constant condition switches off would be warnings in generated code."""
    kernel = body_of(
        "// in i32 a, out i32 r, const i32 DEBUG = 0\n"
        "static const int table[2] = {1, 2};\n"
        "static int spy(int x) { return table[x & 1]; }\n"
        "int unused = a * 2;\nif (DEBUG) r = spy(a);\nr = a;\n"
    ).kernel()
    assert [op.name for op in kernel.module.ops] == ["func.func"]
    assert count(kernel, "arith.muli") == 0


def test_bodies_follow_the_shapes_of_their_constants(body_of: Any) -> None:
    """The same text lowers at other extents."""
    head = "// in u8 a[2][3], out i32 r, const i32 H = 2, const i32 W = 3\n"
    text = head + "for (int y = 0; y < H; y++) r += a[y][W - 1];\n"
    kernel = body_of(text).kernel(H=1)
    assert interpret(kernel, {"a": np.full((2, 3), 7, np.uint8)})["r"] == 7
