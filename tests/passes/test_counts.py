"""Operation counts equal those of an instrumented run, which executes the kernel one operation at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from aicompiler.metamodels.system import Unit, UnitKind
from aicompiler.transformations.kernels import Kernel
from aicompiler.transformations.kernels.passes import default_schedule, operation_counts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xdsl.dialects import arith, func, memref, scf
from xdsl.ir import Block, Operation, SSAValue

CKernel = Callable[..., Kernel]
COMPARE: list[Callable[[int, int], bool]] = [
    lambda a, b: a == b,
    lambda a, b: a != b,
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
]
INTEGER: dict[str, Callable[..., int]] = {
    "arith.addi": lambda a, b: a + b,
    "arith.subi": lambda a, b: a - b,
    "arith.andi": lambda a, b: a & b,
    "arith.ori": lambda a, b: a | b,
    "arith.shrsi": lambda a, b: a >> b,
    "arith.select": lambda c, a, b: a if c else b,
}
CASTS = ("arith.index_cast", "arith.extsi", "arith.extui", "arith.trunci")


class Run:
    """Executes a kernel on integers (memory reads 7) and counts operations as they happen."""

    def __init__(self, kernel: Kernel) -> None:
        self.counts: Counter[str] = Counter()
        self.values: dict[SSAValue, Any] = {}
        function = next(op for op in kernel.module.walk() if isinstance(op, func.FuncOp))
        for argument in function.body.block.args:
            self.values[argument] = 7
        self.block(function.body.block)

    def block(self, block: Block) -> list[Any]:
        """Execute a block; gives what its terminator passes on."""
        for op in block.ops:
            if isinstance(op, scf.YieldOp | scf.ConditionOp | func.ReturnOp):
                return [self.values[v] for v in op.operands]
            results = self.execute(op)
            self.values.update(zip(op.results, results, strict=True))
        return []

    def execute(self, op: Operation) -> list[Any]:
        """Results of one operation."""
        operands = [self.values[v] for v in op.operands]
        results: list[Any] = []
        match op:
            case arith.ConstantOp():
                results = [op.value.value.data]
            case scf.ForOp():
                results = operands[3:]
                for place in range(*operands[:3]):
                    self.counts["iterations"] += 1
                    self.values.update(zip(op.body.block.args, [place, *results], strict=True))
                    results = self.block(op.body.block)
            case scf.WhileOp():
                results = self.repeat(op, operands)
            case scf.IfOp():
                region = op.true_region if operands[0] else op.false_region
                results = self.block(region.blocks[0]) if region.blocks else []
            case memref.LoadOp():
                self.counts["loads"] += 1
                results = [7]
            case memref.StoreOp():
                self.counts["stores"] += 1
            case memref.AllocaOp() | memref.GetGlobalOp():
                results = [None]
            case arith.CmpiOp():
                self.counts["integer"] += 1
                results = [int(COMPARE[op.predicate.value.data](*operands))]
            case _:
                results = self.arithmetic(op, operands)
        return results

    def repeat(self, op: scf.WhileOp, operands: list[Any]) -> list[Any]:
        """A while loop."""
        while True:
            self.values.update(zip(op.before_region.block.args, operands, strict=True))
            holds, *passed = self.block(op.before_region.block)
            if not holds:
                return passed
            self.counts["iterations"] += 1
            self.values.update(zip(op.after_region.block.args, passed, strict=True))
            operands = self.block(op.after_region.block)

    def arithmetic(self, op: Operation, operands: list[Any]) -> list[Any]:
        """Integer arithmetic and casts."""
        if op.name in CASTS:
            return operands
        if op.name == "arith.muli":
            self.counts["multiplications"] += 1
            return [operands[0] * operands[1]]
        if op.name == "arith.divsi":
            self.counts["divisions"] += 1
            return [operands[0] // operands[1]]
        self.counts["integer"] += 1
        return [INTEGER[op.name](*operands)]


def check_exact(kernel: Kernel) -> None:
    counts = operation_counts(kernel)
    assert counts.least == counts.most
    assert counts.assumptions == ()
    executed = Run(kernel).counts
    assert {name: n for name, n in asdict(counts.most).items() if n} == dict(executed)


EXACT = {
    "matmul": (
        "for (int i = 0; i < 4; i++) for (int j = 0; j < 5; j++) { int s = 0;"
        " for (int k = 0; k < 6; k++) s += a[i][k] * b[k][j]; c[i][j] = s / 3; }",
        ("in i32 a[4][6]", "in i32 b[6][5]", "out i32 c[4][5]"),
    ),
    "triangle": (
        "for (int i = 0; i < 9; i++) for (int j = i; j < 9; j += 2) a[i][j] = i - j;",
        ("state i32 a[9][9]",),
    ),
    "clamp": (
        "for (int i = 0; i < 9; i++) { int k = i - 2; k = k < 0 ? 0 : k; b[i] = a[k]; }",
        ("in i32 a[9]", "out i32 b[9]"),
    ),
    "countdown": ("int n = 20; while (n > 3) { a[n] = n; n -= 2; }", ("state i32 a[32]",)),
    "backward": ("for (int i = 9; i >= 0; i -= 3) a[i] = i;", ("out i32 a[10]",)),
    "empty": ("for (int i = 5; i < 5; i++) a[i] = i;", ("out i32 a[10]",)),
}


@pytest.mark.parametrize("name", EXACT)
def test_counts_equal_an_instrumented_run(c_kernel: CKernel, name: str) -> None:
    """Constant, triangular, backward and counting while loops are counted exactly."""
    body, parameters = EXACT[name]
    check_exact(c_kernel(body, *parameters))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bounds=st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(1, 3)),
    inner=st.sampled_from(["0; j < 4", "i; j < 6", "0; j <= i", "2; j < i + 3"]),
)
def test_random_nests_are_counted_exactly(
    c_kernel: CKernel, bounds: tuple[int, int, int], inner: str
) -> None:
    """Any affine nest of two loops, empty ones too."""
    low, high, step = bounds
    body = (
        f"for (int i = {low}; i < {high}; i += {step}) for (int j = {inner}; j++) a[i][j] = i * j + a[i][j];"
    )
    check_exact(c_kernel(body, "state i32 a[8][16]"))


def test_branches_give_a_range_around_the_run(c_kernel: CKernel) -> None:
    """With data-dependent branches every class of the run lies between least and most."""
    body = """
    for (int i = 0; i < 8; i++) {
      if (i % 3 == 1) { b[i] = a[i] * 3; b[i + 1] = 2; } else if (i > 5) { b[i] = a[i] / 3 + a[i + 1]; }
    }
    """
    kernel = c_kernel(body.replace("i % 3 == 1", "i == 1"), "in i32 a[16]", "state i32 b[16]")
    counts, executed = operation_counts(kernel), Run(kernel).counts
    least, most = asdict(counts.least), asdict(counts.most)
    assert all(least[name] <= executed[name] <= most[name] for name in most)
    assert (least["stores"], most["stores"]) == (0, 16)


def test_unknown_loops_are_assumed_and_said(c_kernel: CKernel) -> None:
    """A while on data has no known length: the assumption names its line."""
    kernel = c_kernel("int n = a;\nwhile (n != 1) n = n / 2;\nout = n;", "in i32 a", "out i32 out")
    (sentence,) = operation_counts(kernel).assumptions
    assert "line 2" in sentence
    assert "assumed" in sentence


def test_footprint_counts_distinct_bytes(c_kernel: CKernel) -> None:
    """Nine reads of each pixel are one footprint; an untouched column is not in it."""
    body = """
    for (int y = 1; y < 7; y++) for (int x = 1; x < 9; x++)
      out[y][x] = a[y - 1][x] + a[y][x] + a[y + 1][x] + a[y][x - 1];
    """
    counts = operation_counts(c_kernel(body, "in i16 a[8][16]", "state i32 out[8][16]"))
    assert counts.bytes_read == 2 * 8 * 9
    assert counts.bytes_written == 4 * 6 * 8


def test_phases_add_up_to_the_kernel(c_kernel: CKernel) -> None:
    """Counting by phase loses and invents nothing."""
    body = (
        "for (int i = 0; i < 64; i++) a[i] = b[i] * 3; for (int i = 1; i < 64; i++) c[i] = c[i - 1] + b[i];"
    )
    kernel = c_kernel(body, "out i32 a[64]", "in i32 b[64]", "state i32 c[64]")
    whole = operation_counts(kernel)
    split = operation_counts(default_schedule(kernel, Unit(id="gpu", kind=UnitKind.GPU)))
    assert [phase.work_items for phase in split.phases] == [64, 1]
    assert split.most == whole.most


def test_calls_count_their_bodies(c_kernel: CKernel) -> None:
    """A function called in a loop counts once per call, inlined or not."""
    body = "static int32_t f(int32_t v) { return v * v / 3; } for (int i = 0; i < 40; i++) a[i] = f(i);"
    kernel = c_kernel(body, "out i32 a[40]")
    most = operation_counts(kernel).most
    assert (most.multiplications, most.divisions, most.stores) == (40, 40, 40)
    assert operation_counts(default_schedule(kernel, Unit(id="gpu", kind=UnitKind.GPU))).most == most
