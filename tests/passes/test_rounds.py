"""Loops of unknown length: how often they run is counted on random inputs, and said to be assumed."""

from __future__ import annotations

from typing import Any

import pytest
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.costs import software_counts
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, interpret, parse
from aicompiler.transformations.kernels.passes import operation_counts, profiled_rounds

E = ElementType


def kernel(body: str, *parameters: Any) -> Kernel:
    signature = Signature("k", tuple(Parameter(*p) for p in parameters))
    return parse(Behaviour(id="b", language="C", body=body), signature)


IN = ("n", E.U8, (), Direction.IN)
OUT = ("r", E.I32, (), Direction.OUT)


def test_rounds_are_those_that_were_run() -> None:
    """A loop that halves 64 takes 7 rounds whatever the inputs; the counts are then those of 7 rounds."""
    text = "int v = 64 + n * 0;\nint c = 0;\nwhile (v > 0) { v = v / 2; c++; }\nr = c;\n"
    halving = kernel(text, IN, OUT)
    assert profiled_rounds(halving) == {3: 7}
    counts = software_counts(halving)
    assert counts.assumptions == (
        "the loop in line 3 is assumed to make 7 rounds, as it does on random inputs",
    )
    assert counts.most.iterations == 7
    assert operation_counts(halving).most.iterations == 32


def test_bounds_from_inputs_are_means() -> None:
    """A bound drawn from 0 to 63 gives a number of rounds in that range, in a function too; runs agree."""
    text = (
        "static int sum(int n) {\nint s = 0;\nfor (int i = 0; i < n; i++) s += i;\nreturn s; }\nr = sum(n);"
    )
    triangular = kernel(text, IN, OUT)
    rounds = profiled_rounds(triangular)
    assert set(rounds) == {3}
    assert 1 <= rounds[3] < 64
    assert rounds == profiled_rounds(triangular)


def test_profiling_changes_no_kernel_and_always_ends() -> None:
    """A loop that need not end is stopped while it is profiled; the kernel itself stays as it was."""
    text = "unsigned v = n | 1u;\nwhile (v != 0u) v += 2u;\nr = (int)v;\n"
    endless = kernel(text, IN, OUT)
    before = str(endless.module)
    assert profiled_rounds(endless)[2] >= 5000
    assert str(endless.module) == before


def test_known_loops_and_undefined_inputs_give_nothing() -> None:
    """Nothing is profiled where trips are constant, or where every input runs into undefined behaviour."""
    known = kernel("for (int i = 0; i < 9; i++) r = i;\n", OUT)
    assert profiled_rounds(known) == {}
    assert interpret(known, {})["r"] == 8
    undefined = kernel("int v = n;\nr = 1 / (v - v);\nwhile (v > 0) v /= 2;\nr = v;\n", IN, OUT)
    assert profiled_rounds(undefined) == {}


@pytest.mark.parametrize("body", ["r = sqrtf(x);", "r = x / 3.0f;"])
def test_square_roots_take_the_divider(body: str) -> None:
    """They are counted with the divisions, not with the functions that are code of their own."""
    counts = operation_counts(kernel(body, ("x", E.F32, (), Direction.IN), ("r", E.F32, (), Direction.OUT)))
    assert (counts.most.divisions, counts.most.special) == (1, 0)
