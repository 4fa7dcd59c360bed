"""Planted dependences are found with their distance, independence is proved, doubt is dependence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aicompiler.transformations.kernels import Kernel
from aicompiler.transformations.kernels.passes import (
    Carried,
    Dependence,
    DependenceKind,
    Parallel,
    parallel_loops,
)

CKernel = Callable[..., Kernel]


def carried(kernel: Kernel, loop: str) -> tuple[Dependence, ...]:
    verdict = parallel_loops(kernel)[loop]
    assert isinstance(verdict, Carried)
    return verdict.dependences


def parallel(kernel: Kernel) -> set[str]:
    return {name for name, verdict in parallel_loops(kernel).items() if isinstance(verdict, Parallel)}


@pytest.mark.parametrize("distance", [1, 2, 5])
def test_recurrence_has_its_distance(c_kernel: CKernel, distance: int) -> None:
    """A recurrence is a certain flow dependence at exactly its distance."""
    body = f"for (int i = {distance}; i < 32; i++) a[i] = a[i - {distance}] + 1;"
    (found,) = carried(c_kernel(body, "state i32 a[32]"), "L0")
    assert (found.kind, found.variable, found.distance) == (DependenceKind.FLOW, "a", distance)
    assert found.reason == ""


def test_distance_counts_iterations_not_elements(c_kernel: CKernel) -> None:
    """With a step of 2, elements 4 apart are 2 iterations apart."""
    (found,) = carried(c_kernel("for (int i = 4; i < 32; i += 2) a[i] = a[i - 4];", "state i32 a[32]"), "L0")
    assert found.distance == 2


def test_odd_and_even_elements_are_apart(c_kernel: CKernel) -> None:
    """Writing even and reading odd elements is no dependence."""
    assert parallel(c_kernel("for (int i = 0; i < 15; i++) a[2 * i] = a[2 * i + 1];", "state i32 a[32]")) == {
        "L0"
    }


def test_in_place_stencil_carries_flow_and_anti(c_kernel: CKernel) -> None:
    """Reading both neighbours in place reads new and old values."""
    body = "for (int i = 1; i < 31; i++) a[i] = a[i - 1] + a[i + 1];"
    kinds = {d.kind for d in carried(c_kernel(body, "state i32 a[32]"), "L0")}
    assert kinds == {DependenceKind.FLOW, DependenceKind.ANTI}


def test_reduction_is_carried_by_its_value(c_kernel: CKernel) -> None:
    """A sum in a local variable is a dependence of distance 1 through that value."""
    body = "int sum = 0; for (int i = 0; i < 32; i++) sum += a[i]; total = sum;"
    (found,) = carried(c_kernel(body, "in i32 a[32]", "out i32 total"), "L0")
    assert (found.kind, found.distance) == (DependenceKind.VALUE, 1)


def test_one_element_written_by_all_is_an_output_dependence(c_kernel: CKernel) -> None:
    """The last iteration must win."""
    found = carried(
        c_kernel("for (int i = 0; i < 32; i++) last = a[i];", "in i32 a[32]", "out i32 last"), "L0"
    )
    assert {d.kind for d in found} == {DependenceKind.OUTPUT}


BLUR = """
for (int y = 0; y < 24; y++)
  for (int x = 0; x < 32; x++) {
    int sum = 0;
    for (int dy = -1; dy <= 1; dy++)
      for (int dx = -1; dx <= 1; dx++) {
        int yy = y + dy < 0 ? 0 : y + dy > 23 ? 23 : y + dy;
        int xx = x + dx < 0 ? 0 : x + dx > 31 ? 31 : x + dx;
        sum += image[yy][xx];
      }
    out[y][x] = (uint8_t)(sum / 9);
  }
"""


def test_pixels_of_a_blur_are_parallel(c_kernel: CKernel) -> None:
    """A stencil with clamped borders that writes another array is parallel over pixels, not over its taps."""
    assert parallel(c_kernel(BLUR, "in u8 image[24][32]", "out u8 out[24][32]")) == {"L0", "L1"}


def test_blur_in_place_is_not_parallel(c_kernel: CKernel) -> None:
    """The same stencil on one array carries dependences in both directions."""
    kernel = c_kernel(BLUR.replace("out[y][x]", "image[y][x]"), "state u8 image[24][32]")
    assert parallel(kernel) == set()


def test_matmul_is_parallel_in_rows_and_columns_only(c_kernel: CKernel) -> None:
    """Accumulating into memory is carried by the inner loop alone."""
    body = """
    for (int i = 0; i < 8; i++)
      for (int j = 0; j < 8; j++) {
        c[i][j] = 0.0f;
        for (int k = 0; k < 8; k++) c[i][j] += a[i][k] * b[k][j];
      }
    """
    kernel = c_kernel(body, "in f32 a[8][8]", "in f32 b[8][8]", "out f32 c[8][8]")
    assert parallel(kernel) == {"L0", "L1"}


def test_triangular_loops_are_analysed(c_kernel: CKernel) -> None:
    """Bounds that depend on outer loops are followed: mirroring a triangle touches each element once."""
    body = "for (int i = 0; i < 8; i++) for (int j = 0; j < i; j++) a[j][i] = a[i][j];"
    assert parallel(c_kernel(body, "state i32 a[8][8]")) == {"L0", "L1"}


def test_conditions_separate_accesses(c_kernel: CKernel) -> None:
    """A guard that no two iterations satisfy is used."""
    assert parallel(c_kernel("for (int i = 0; i < 32; i++) if (i == 7) a[0] = i;", "state i32 a[32]")) == {
        "L0"
    }


def test_data_dependent_index_is_conservative_and_says_so(c_kernel: CKernel) -> None:
    """A histogram is dependent, and the reason names the value that could not be followed."""
    body = "for (int i = 0; i < 32; i++) bins[a[i] & 7] += 1;"
    found = carried(c_kernel(body, "in u8 a[32]", "state i32 bins[8]"), "L0")
    assert "read from memory" in found[0].reason
    assert "assumed" in str(found[0])


def test_unknown_but_fixed_offset_is_followed(c_kernel: CKernel) -> None:
    """An index shifted by a scalar parameter still names different elements in different iterations."""
    kernel = c_kernel("for (int i = 0; i < 8; i++) a[i + n] = i;", "in i32 n", "state i32 a[32]")
    assert parallel(kernel) == {"L0"}


def test_wrapping_index_is_not_taken_for_affine(c_kernel: CKernel) -> None:
    """An 8-bit index wraps: iterations 256 apart meet."""
    body = "for (int i = 0; i < 300; i++) a[(uint8_t)i] = i;"
    (found,) = carried(c_kernel(body, "state i32 a[256]"), "L0")
    assert (found.kind, found.distance) == (DependenceKind.OUTPUT, 256)


def test_arrays_of_an_iteration_are_private(c_kernel: CKernel) -> None:
    """A local array inside a loop carries nothing; the same array outside of it does."""
    inner = "for (int i = 0; i < 8; i++) {{ {0} for (int k = 0; k < 4; k++) t[k] = i; out[i] = t[i & 3]; }}"
    assert "L0" in parallel(c_kernel(inner.format("int t[4];"), "out i32 out[8]"))
    assert "L0" not in parallel(c_kernel("int t[4]; " + inner.format(""), "out i32 out[8]"))


def test_functions_are_looked_into(c_kernel: CKernel) -> None:
    """A local function with an array argument is parallel or not by what it does with it."""
    writes = "static void put(int32_t v[32], int k) {{ v[{0}] = k; }} for (int i = 0; i < 32; i++) put(a, i);"
    assert parallel(c_kernel(writes.format("k"), "state i32 a[32]")) == {"L0"}
    assert parallel(c_kernel(writes.format("0"), "state i32 a[32]")) == set()


def test_variable_that_is_always_reassigned_is_no_dependence(c_kernel: CKernel) -> None:
    """A variable declared outside of a loop and set before use in every iteration does not serialise it."""
    body = "int t; for (int i = 0; i < 32; i++) { t = a[i] * 2; out[i] = t + t; }"
    assert parallel(c_kernel(body, "in i32 a[32]", "out i32 out[32]")) == {"L0"}
