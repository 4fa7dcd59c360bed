"""Each transformation keeps results where it is legal, and is refused with the dependence where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aicompiler.transformations.kernels import Kernel
from aicompiler.transformations.kernels.loops import (
    ConstantFold,
    Cse,
    Distribute,
    Fuse,
    IllegalTransformation,
    InapplicableTransformation,
    IndexSetSplit,
    Interchange,
    Licm,
    Pack,
    Parallelize,
    Peel,
    ScalarReplace,
    Shift,
    Skew,
    StrengthReduce,
    Tile,
    Unroll,
    UnrollAndJam,
    Vectorize,
)

CKernel = Callable[..., Kernel]
Unchanged = Callable[..., Kernel]

GEMM = (
    "for (int i = 0; i < 13; i++) for (int k = 0; k < 17; k++)"
    " for (int j = 0; j < 21; j++) C[i][j] += alpha * A[i][k] * B[k][j];",
    "in f64 A[13][17]",
    "in f64 B[17][21]",
    "state f64 C[13][21]",
    "in f64 alpha",
)
LOWER = (
    "for (int i = 0; i < 15; i++) for (int k = 0; k < 7; k++)"
    " for (int j = 0; j <= i; j++) C[i][j] += A[i][k] * A[j][k];",
    "in f64 A[15][7]",
    "state f64 C[15][15]",
)
UPPER = (
    "for (int i = 0; i < 14; i++) for (int j = i + 1; j < 15; j++)"
    " for (int k = 0; k < 7; k++) C[i][j] += A[k][i] * A[k][j];",
    "in f64 A[7][15]",
    "state f64 C[15][15]",
)
IN_PLACE = (
    "for (int t = 0; t < 3; t++) for (int i = 1; i < 12; i++) for (int j = 1; j < 13; j++)\n"
    " A[i][j] = A[i - 1][j + 1] + A[i][j - 1] + 0.5 * A[i + 1][j];",
    "state f64 A[13][14]",
)
SWEEPS = (
    "for (int t = 0; t < 3; t++) {"
    " for (int i = 1; i < 12; i++) for (int j = 1; j < 13; j++) B[i][j] = A[i - 1][j] + A[i + 1][j];\n"
    " for (int i = 1; i < 12; i++) for (int j = 1; j < 13; j++) A[i][j] = B[i - 1][j] + B[i + 1][j]; }",
    "state f64 A[13][14]",
    "state f64 B[13][14]",
)
SCALED = (
    "for (int i = 0; i < 9; i++) { for (int j = 0; j < 11; j++) C[i][j] *= 2.0;"
    " for (int k = 0; k < 5; k++) for (int j = 0; j < 11; j++) C[i][j] += A[i][k]; }",
    "in f64 A[9][5]",
    "state f64 C[9][11]",
)
PATHS = (
    "for (int k = 0; k < 9; k++) for (int i = 0; i < 9; i++) for (int j = 0; j < 9; j++)"
    " P[i][j] = P[i][j] < P[i][k] + P[k][j] ? P[i][j] : P[i][k] + P[k][j];",
    "state i32 P[9][9]",
)
PANELS = Interchange(("L0", "L1", "L2"), ("L2", "L0", "L1"))

LEGAL: dict[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
    "interchange": (GEMM, (PANELS,)),
    "tile": (GEMM, (Tile(("L0", "L1", "L2"), (4, 5, 0)), Tile(("L2",), (8,)))),
    "unroll": (GEMM, (Unroll("L2", 4), Unroll("L1", 3))),
    "unroll away": (LOWER, (Unroll("L1"),)),
    "jam": (GEMM, (PANELS, UnrollAndJam("L0", 4), UnrollAndJam("L2", 2))),
    "jam with ends that differ": (LOWER, (UnrollAndJam("L0", 4),)),
    "jam with starts that differ": (UPPER, (UnrollAndJam("L0", 3),)),
    "registers": (GEMM, (PANELS, ScalarReplace("L1", ("C",)))),
    "lanes": (GEMM, (Vectorize("L2", 8), Vectorize("L2_rest", 4))),
    "lanes of an outer loop in registers": (
        GEMM,
        (
            PANELS,
            Tile(("L2", "L0", "L1"), (0, 0, 8)),
            Vectorize("L2", 8),
            UnrollAndJam("L2", 2),
            UnrollAndJam("L0", 4),
            Cse(),
            ScalarReplace("L1"),
        ),
    ),
    "lanes of rows side by side": (
        GEMM,
        (PANELS, UnrollAndJam("L0", 3), Vectorize("L2", 4), ScalarReplace("L1")),
    ),
    "lanes of a triangle": (
        LOWER,
        (Pack("L0", "A", (1, 0)), UnrollAndJam("L0", 4), Vectorize("L2", 4), ScalarReplace("L2_rest")),
    ),
    "fuse": (SWEEPS, (Fuse("L1", "L3", 1),)),
    "distribute": (SCALED, (Distribute("L0"),)),
    "peel": (GEMM, (Peel("L1", 2, 3), Peel("L0", 0, 40))),
    "split": (PATHS, (IndexSetSplit("L2", "L0", 0, single=True), Parallelize("L2"), ScalarReplace("L2"))),
    "split at a number": (GEMM, (IndexSetSplit("L1", offset=5), IndexSetSplit("L0", offset=99))),
    "skew": (IN_PLACE, (Skew("L1", "L2", 2), UnrollAndJam("L1", 4))),
    "shift": (GEMM, (Shift("L1", -4), Shift("L0", 7))),
    "parallel": (GEMM, (Parallelize("L2"), Parallelize("L0"))),
    "pack": (UPPER, (Pack("L0", "A", (1, 0)), Pack("L1", "A_packed", (0, 1)))),
    "clean": (LOWER, (Unroll("L2", 2), Cse(), Licm(), ConstantFold(), StrengthReduce())),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal_transformations_change_no_bit(name: str, c_kernel: CKernel, unchanged: Unchanged) -> None:
    """Interpreter before, interpreter after and generated C agree bit by bit."""
    kernel, steps = LEGAL[name]
    unchanged(c_kernel(*kernel), *steps)


ILLEGAL: dict[str, tuple[tuple[str, ...], Any, str, tuple[int | str, ...], int]] = {
    "interchange": (IN_PLACE, Interchange(("L1", "L2"), ("L2", "L1")), "flow", (0, 1, -1), 2),
    "tile": (IN_PLACE, Tile(("L1", "L2"), (4, 4)), "flow", (0, 1, -1), 2),
    "jam": (IN_PLACE, UnrollAndJam("L1", 2), "flow", (0, 1, -1), 2),
    "lanes": (IN_PLACE, Vectorize("L2", 4), "flow", (0, 0, 1), 2),
    "parallel": (IN_PLACE, Parallelize("L2"), "flow", (0, 0, 1), 2),
    "fuse": (SWEEPS, Fuse("L1", "L3"), "anti", (0,), 2),
    "jam after too little skewing": (IN_PLACE, UnrollAndJam("L0", 2), "anti", (1, -1, 1), 2),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_transformations_name_the_dependence(name: str, c_kernel: CKernel) -> None:
    """A planted dependence is refused with array, kind, distances and line."""
    kernel, step, kind, distance, line = ILLEGAL[name]
    with pytest.raises(IllegalTransformation) as caught:
        step.apply(c_kernel(*kernel))
    found = caught.value.violation
    assert found.array in ("A", "B")
    assert (found.kind, found.distance, found.sink_line) == (kind, distance, line)
    assert found.array in str(caught.value)
    assert type(step).__name__ in str(caught.value)


def test_distribution_against_a_dependence_is_refused(c_kernel: CKernel) -> None:
    """What the second statement leaves for the next iteration of the first keeps them together."""
    kernel = c_kernel(
        "for (int i = 1; i < 9; i++) { a[i] = b[i - 1] + 1.0; b[i] = a[i] * 2.0; }",
        "state f64 a[9]",
        "state f64 b[9]",
    )
    with pytest.raises(IllegalTransformation) as caught:
        Distribute("L0").apply(kernel)
    assert (caught.value.violation.array, caught.value.violation.distance) == ("b", (1,))


def test_registers_for_an_array_that_is_touched_otherwise_are_refused(c_kernel: CKernel) -> None:
    """An element cannot stay in a register while another subscript may be the same element."""
    kernel = c_kernel("for (int i = 0; i < 9; i++) a[3] += a[i];", "state f64 a[9]")
    with pytest.raises(IllegalTransformation, match="on a"):
        ScalarReplace("L0", ("a",)).apply(kernel)


def test_packing_an_array_that_the_loop_writes_is_refused(c_kernel: CKernel) -> None:
    """A copy would not see the writes."""
    kernel = c_kernel("for (int i = 0; i < 8; i++) a[i + 1] = a[i];", "state f64 a[9]")
    with pytest.raises(IllegalTransformation, match="on a"):
        Pack("L0", "a", (0,)).apply(kernel)


def test_float_reductions_are_reordered_with_a_licence_only(c_kernel: CKernel) -> None:
    """Another order of the terms of a sum needs ``reassociate``."""
    body = "for (int k = 0; k < 5; k++) for (int l = 0; l < 6; l++) s[0] += a[k][l];"
    kernel = c_kernel(body, "in f64 a[5][6]", "state f64 s[1]")
    order = ("L0", "L1"), ("L1", "L0")
    with pytest.raises(IllegalTransformation):
        Interchange(*order).apply(kernel)
    Interchange(*order, reassociate=True).apply(kernel)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Unroll("L7", 2), "did you mean|known"),
        (Tile(("L0",), (-1,)), "sizes"),
        (Interchange(("L0", "L2"), ("L2", "L0")), "not nested perfectly"),
        (UnrollAndJam("L0", 1), "copies"),
        (Pack("L0", "nothing", (0, 1)), "reads no array"),
        (Fuse("L0", "L1"), "not in one body"),
        (Distribute("L2"), "one statement"),
    ],
)
def test_what_does_not_fit_the_loops_is_refused(step: Any, message: str, c_kernel: CKernel) -> None:
    """A transformation that is not defined for the loops says why."""
    with pytest.raises(InapplicableTransformation, match=message):
        step.apply(c_kernel(*GEMM))


def test_the_input_is_never_changed(c_kernel: CKernel) -> None:
    """A transformation works on a copy."""
    kernel = c_kernel(*GEMM)
    before = str(kernel.module)
    PANELS.apply(kernel)
    Vectorize("L2", 4).apply(kernel)
    assert str(kernel.module) == before
