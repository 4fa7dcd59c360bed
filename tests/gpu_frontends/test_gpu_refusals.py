"""What the front ends for GPU kernels refuse: the line, the construct by name, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import Behaviour, ElementType, Source
from aicompiler.transformations.kernels import (
    Direction,
    NamedConstant,
    Parameter,
    Signature,
    interpret,
    parse,
)

REFUSED = Path(__file__).parent / "refused"
SIGNATURE = Signature(
    "f",
    (
        Parameter("x", ElementType.I32, (64,), Direction.IN),
        Parameter("count", ElementType.I32, (), Direction.IN),
        Parameter("y", ElementType.I32, (64,), Direction.OUT),
    ),
    (NamedConstant("N", ElementType.I32, 64),),
)


def cases(extension: str) -> list[tuple[str, str]]:
    """(title, text) of every refused program."""
    parts = (REFUSED / f"cases.{extension}").read_text().split("=== ")[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def said(language: str, text: str) -> str:
    """The diagnostics of a refused text."""
    place = Source(file="f", line=1)
    with pytest.raises(ModelError) as caught:
        parse(Behaviour(id="f", name="f", language=language, body=text, source=place), SIGNATURE)
    return "\n".join(str(d) for d in caught.value.diagnostics)


@pytest.mark.parametrize(("extension", "language"), [("cl", "OpenCL C"), ("cu", "CUDA C++")])
def test_refusals_have_their_messages(
    extension: str, language: str, golden: Callable[[str, str], None]
) -> None:
    """Every refused program gives its line, its construct and an advice."""
    lines = [f"{title}\n    {said(language, text)}" for title, text in cases(extension)]
    assert len(lines) >= 10
    golden(f"gpu_frontends/refusals_{extension}.txt", "\n".join(lines) + "\n")


def test_the_advice_on_a_return_before_a_barrier_helps() -> None:
    """With the condition around the accesses, as the message says, the kernel is accepted and right."""
    text = """\
// aic: global_size = 64; local_size = 8
__kernel void f(__global const int *x, __global int *y)
{
    __local int part[8];
    int i = get_global_id(0);
    if (i < 60) part[get_local_id(0)] = x[i];
    else part[get_local_id(0)] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    y[i] = part[7 - get_local_id(0)];
}
"""
    kernel = parse(Behaviour(id="f", name="f", language="OpenCL", body=text), SIGNATURE)
    got = interpret(kernel, {"x": list(range(64)), "count": 0})["y"]
    assert list(got[:8]) == [7, 6, 5, 4, 3, 2, 1, 0] and list(got[56:]) == [0, 0, 0, 0, 59, 58, 57, 56]


def test_hostile_texts_end_in_a_message() -> None:
    """Deep nesting, unbalanced parentheses and huge sizes are refused, not suffered."""
    deep = "__kernel void f(__global const int *x, __global int *y) { y[0] = " + "(" * 3000 + "1" + ")" * 3000
    for text in (deep + "; }", "__attribute__((((", "__kernel void f(" * 200, "// aic: global_size = 1<<40"):
        assert said("OpenCL C", text)
    huge = (
        "// aic: global_size = 65536,65536,65536\n__kernel void f(__global const int *x, __global int *y) { }"
    )
    assert "work-items" in said("OpenCL C", huge)
