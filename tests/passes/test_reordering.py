"""Loops that the analysis calls parallel may run in any order; certain dependences really exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from aicompiler.transformations.kernels import Kernel, interpret
from aicompiler.transformations.kernels.passes import Parallel, parallel_loops
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CKernel = Callable[..., Kernel]
TRIPS = (5, 4)
SIZE = 40


@dataclass(frozen=True)
class Access:
    """``array[ci * i + cj * j + offset]``."""

    array: str
    ci: int
    cj: int
    offset: int

    def at(self, i: int, j: int) -> tuple[str, int]:
        """The element touched in iteration (i, j)."""
        return self.array, self.ci * i + self.cj * j + self.offset

    def __str__(self) -> str:
        return f"{self.array}[{self.ci} * i + {self.cj} * j + {self.offset}]"


ACCESSES = st.builds(Access, st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 3), st.integers(0, 7))
STATEMENTS = st.lists(st.tuples(ACCESSES, ACCESSES), min_size=1, max_size=2)
# bijections of 0..trips-1: identity, reversal, and a stride that is coprime to the trips
ORDERS = {"forward": "{k}", "backward": "{last} - {k}", "strided": "({k} * 3 + 1) % {trips}"}


def nest(statements: list[tuple[Access, Access]], orders: tuple[str, str] = ("forward", "forward")) -> str:
    """Two loops around ``target += 3 * source + i - j`` for each statement, visited in these orders."""
    body = " ".join(f"{target} += 3u * {source} + (uint32_t)(i - j);" for target, source in statements)
    i, j = (
        ORDERS[order].format(k=f"{v}0", last=trips - 1, trips=trips)
        for order, v, trips in zip(orders, "ij", TRIPS, strict=True)
    )
    return (
        f"for (int i0 = 0; i0 < {TRIPS[0]}; i0++) {{ int i = {i};"
        f" for (int j0 = 0; j0 < {TRIPS[1]}; j0++) {{ int j = {j}; {body} }} }}"
    )


def really_carries(statements: list[tuple[Access, Access]]) -> set[str]:
    """By enumeration: the loops of which two iterations meet in an element that one of them writes."""
    found = set()
    points = list(product(*(range(t) for t in TRIPS)))
    accesses = [(access, place == 0) for pair in statements for place, access in enumerate(pair)]
    for here, there in product(points, points):
        level = "L0" if here[0] < there[0] else "L1" if here[0] == there[0] and here[1] < there[1] else None
        pairs = product(accesses, accesses)
        if level and any(a.at(*here) == b.at(*there) and (w or v) for (a, w), (b, v) in pairs):
            found.add(level)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=STATEMENTS)
def test_affine_verdicts_are_exact(c_kernel: CKernel, statements: list[tuple[Access, Access]]) -> None:
    """A loop is parallel exactly where enumerating all pairs of iterations finds no conflict."""
    kernel = c_kernel(nest(statements), f"state u32 a[{SIZE}]", f"state u32 b[{SIZE}]")
    sequential = {
        name for name, verdict in parallel_loops(kernel).items() if not isinstance(verdict, Parallel)
    }
    assert sequential == really_carries(statements)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=STATEMENTS, seed=st.integers(0, 1000))
def test_parallel_loops_may_be_reordered(
    c_kernel: CKernel, statements: list[tuple[Access, Access]], seed: int
) -> None:
    """Running a parallel loop backward or strided gives the same result."""
    arrays = (f"state u32 a[{SIZE}]", f"state u32 b[{SIZE}]")
    kernel = c_kernel(nest(statements), *arrays)
    random = np.random.default_rng(seed)
    inputs = {name: random.integers(0, 1 << 32, SIZE, dtype=np.uint32) for name in "ab"}
    expected = interpret(kernel, inputs)
    free = [isinstance(parallel_loops(kernel)[name], Parallel) for name in ("L0", "L1")]
    for order in ("backward", "strided"):
        orders = (order if free[0] else "forward", order if free[1] else "forward")
        got = interpret(c_kernel(nest(statements, orders), *arrays), inputs)
        assert all(np.array_equal(got[name], expected[name]) for name in "ab")
