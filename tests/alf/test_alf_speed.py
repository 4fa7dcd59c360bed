"""How long it takes from a body to text."""

from __future__ import annotations

import time

from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import Unit, UnitKind
from bodies import Body, signature_of

PIECE = """let s{n} : Integer = 0;
for (i in 1..16) {{
  if (data[i] > {n}) {{
    s{n} += data[i] * {n} + 1;
  }} else {{
    s{n} -= Max(data[i], i - {n});
  }}
  out[i] = s{n} % 1000 + weights[i] * 2;
}}
total += s{n};
"""


def test_a_hundred_lines_take_less_than_150_ms() -> None:
    """Parse, lower and emit as C, the best of five after the first."""
    text = "".join(PIECE.format(n=n) for n in range(1, 11))
    assert text.count("\n") == 100
    head = "// in i32 data[16], in i32 weights[16], out i32 out[16], state i32 total"
    body = Body(text, signature_of(head, "k"))
    target, taken = TARGETS.load("c")(), []
    for _ in range(6):
        start = time.perf_counter()
        target.emit(body.kernel(), Unit(id="cpu", kind=UnitKind.CPU))
        taken.append(time.perf_counter() - start)
    assert min(taken[1:]) < 0.15, taken
