"""Default schedules: what becomes a grid, a pipeline, a partition, and at which interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import Area, Unit, UnitKind
from aicompiler.transformations.kernels import Kernel, Partition, Phase, Pipeline, Schedule, Unroll, interpret
from aicompiler.transformations.kernels.passes import default_schedule, inline, latency, storage_of
from aicompiler.transformations.kernels.passes._analysis import analysis_of
from aicompiler.transformations.kernels.passes._nests import pipelined_loops
from aicompiler.transformations.kernels.passes._ports import ArrayPorts
from aicompiler.transformations.kernels.passes._recurrence import Body
from xdsl.dialects import func
from xdsl.dialects.builtin import SymbolRefAttr

CKernel = Callable[..., Kernel]
GPU = Unit(id="gpu", kind=UnitKind.GPU)
AREA = Area(id="area", lut=50_000, ff=100_000, bram=280, dsp=200)
FPGA = Unit(id="fpga", kind=UnitKind.FPGA, area=AREA)


def schedule(kernel: Kernel, unit: Unit) -> Schedule:
    return default_schedule(kernel, unit).schedule


def intervals(kernel: Kernel, unit: Unit = FPGA) -> dict[str, int]:
    return {p.loop: p.interval for p in schedule(kernel, unit).pipelines}


def grids(kernel: Kernel) -> list[tuple[str, ...]]:
    return [phase.grid for phase in schedule(kernel, GPU).phases]


# --- GPU --------------------------------------------------------------------------------------------------


def test_phases_tile_the_kernel_in_order(c_kernel: CKernel) -> None:
    """Scalar code, a 2-D nest and a sequential loop are three launches that leave nothing out."""
    body = """
    seen = seen + 1;
    for (int y = 0; y < 8; y++) for (int x = 0; x < 8; x++) out[y][x] = a[y][x] + 1;
    for (int i = 1; i < 8; i++) trail[i] = trail[i - 1];
    """
    kernel = default_schedule(
        c_kernel(body, "in i32 a[8][8]", "out i32 out[8][8]", "state i32 seen", "state i32 trail[8]"), GPU
    )
    phases = kernel.schedule.phases
    assert [p.grid for p in phases] == [(), ("L0", "L1"), ()]
    function = next(op for op in kernel.module.body.block.ops if op.name == "func.func")
    assert phases[0].start == 0
    assert phases[-1].stop == len(list(function.regions[0].block.ops)) - 1
    assert all(before.stop == after.start for before, after in pairwise(phases))


def test_small_and_sequential_loops_are_no_grid(c_kernel: CKernel) -> None:
    """Four work-items are not worth a launch; a kernel without a parallel loop is one sequential phase."""
    assert grids(c_kernel("for (int i = 0; i < 4; i++) a[i] = i;", "out i32 a[4]")) == [()]
    assert grids(c_kernel("for (int i = 1; i < 64; i++) a[i] = a[i - 1];", "state i32 a[64]")) == [()]


def test_scalar_that_crosses_joins_phases(c_kernel: CKernel) -> None:
    """A sum that a parallel loop uses cannot reach another launch, so both run in one."""
    body = """
    int sum = 0;
    for (int i = 0; i < 64; i++) sum += a[i];
    for (int i = 0; i < 64; i++) out[i] = sum + a[i];
    """
    assert grids(c_kernel(body, "in i32 a[64]", "out i32 out[64]")) == [()]


def test_read_only_values_are_computed_again(c_kernel: CKernel) -> None:
    """A scalar made from IN parameters and tables does not tie phases together."""
    body = """
    static const int32_t table[2] = {3, 4};
    int k = table[1] * gain + a[5];
    for (int i = 0; i < 64; i++) mid[i] = k * a[i];
    for (int i = 0; i < 64; i++) out[i] = mid[63 - i] + k;
    """
    kernel = c_kernel(body, "in i32 a[64]", "in i32 gain", "out i32 out[64]", "state i32 mid[64]")
    assert grids(kernel) == [("L0",), ("L1",)]


def test_local_array_lives_between_launches(c_kernel: CKernel) -> None:
    """A separable filter through a local array is two grids."""
    body = """
    int tmp[64];
    for (int i = 0; i < 64; i++) tmp[i] = a[i] * 2;
    for (int i = 0; i < 64; i++) out[i] = tmp[63 - i];
    """
    assert grids(c_kernel(body, "in i32 a[64]", "out i32 out[64]")) == [("L0",), ("L1",)]


def test_inner_sequential_loop_stays_in_the_work_item(c_kernel: CKernel) -> None:
    """Matmul: rows and columns are the grid, the sum is not."""
    body = """
    for (int i = 0; i < 8; i++)
      for (int j = 0; j < 8; j++) {
        float sum = 0.0f;
        for (int k = 0; k < 8; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    """
    assert grids(c_kernel(body, "in f32 a[8][8]", "in f32 b[8][8]", "out f32 c[8][8]")) == [("L0", "L1")]


def test_cpu_gets_no_schedule(c_kernel: CKernel) -> None:
    """Plain code is the schedule of a CPU, and the module is the same one."""
    kernel = c_kernel("out = 1;", "out i32 out")
    scheduled = default_schedule(kernel, Unit(id="cpu", kind=UnitKind.CPU))
    assert scheduled.schedule == Schedule()
    assert scheduled.module is kernel.module


# --- FPGA -------------------------------------------------------------------------------------------------


def test_recurrence_bounds_the_interval(c_kernel: CKernel) -> None:
    """A float sum starts an iteration every 4 cycles, the latency of the adder; over distance 2, every 2."""
    near = "float s = 0.0f; for (int i = 0; i < 96; i++) s += a[i]; total = s;"
    assert intervals(c_kernel(near, "in f32 a[96]", "out f32 total")) == {"L0": 4}
    # 2 (load) + 4 (add) + 1 (store) cycles for 2 iterations
    far = "for (int i = 2; i < 96; i++) a[i] = a[i - 2] + 1.0f;"
    assert intervals(c_kernel(far, "state f32 a[96]")) == {"L0": 4}


@pytest.mark.parametrize("distance", range(1, 9))
def test_distance_relaxes_the_interval(c_kernel: CKernel, distance: int) -> None:
    """Load, float addition and store take 7 cycles, in which ``distance`` iterations may start."""
    body = f"for (int i = {distance}; i < 96; i++) a[i] = a[i - {distance}] + 1.0f;"
    assert intervals(c_kernel(body, "state f32 a[96]")) == {"L0": -(-7 // distance)}


def test_cycle_through_memory_and_a_value(c_kernel: CKernel) -> None:
    """A dependence that leaves an iteration as a value and comes back through memory is one cycle."""
    body = """
    float carry = 0.0f;
    for (int i = 1; i < 96; i++) { a[i] = carry; carry = a[i - 1] + 1.0f; }
    """
    # store 1, load 2, add 4 over two iterations
    assert intervals(c_kernel(body, "state f32 a[96]")) == {"L0": 4}


def test_only_what_recurs_is_repeated_in_the_depth(c_kernel: CKernel) -> None:
    """Of 16 unrolled copies only the sums wait for each other: load 2, product 3, 16 sums of 4, store 1."""
    body = """
    for (int i = 0; i < 256; i++) {
      float s = 0.0f;
      for (int k = 0; k < 16; k++) s = s + a[i] * w[k];
      out[i] = s;
    }
    """
    kernel = default_schedule(c_kernel(body, "in f32 a[256]", "in f32 w[16]", "out f32 out[256]"), FPGA)
    (loop,) = pipelined_loops(kernel)
    storage = storage_of(kernel, FPGA).with_partitions(kernel.schedule.partitions)
    assert Body(analysis_of(kernel), loop, storage).depth() == 2 + 3 + 16 * 4 + 1


def test_integer_sum_has_interval_one(c_kernel: CKernel) -> None:
    """An integer addition takes one cycle."""
    body = "int s = 0; for (int i = 0; i < 96; i++) s += a[i]; total = s;"
    assert intervals(c_kernel(body, "in i32 a[96]", "out i32 total")) == {"L0": 1}


def test_value_outside_the_cycle_does_not_count(c_kernel: CKernel) -> None:
    """A long computation that feeds a sum is pipelined; only the sum itself recurs."""
    body = "int s = 0; for (int i = 0; i < 96; i++) s += a[i] * a[i] / 7; total = s;"
    assert intervals(c_kernel(body, "in i32 a[96]", "out i32 total")) == {"L0": 1}


def test_ports_bound_the_interval(c_kernel: CKernel) -> None:
    """Nine reads of one array in two ports a cycle need 5 cycles; banks do not help clamped columns."""
    body = """
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
    found = schedule(c_kernel(body, "in u8 image[24][32]", "out u8 out[24][32]"), FPGA)
    assert found.pipelines == (Pipeline("L1", 5),)
    assert found.unrolls == (Unroll("L2"), Unroll("L3"))
    assert found.partitions == ()


def test_equal_loads_share_a_port(c_kernel: CKernel) -> None:
    """A pixel that is read twice by the same expression is read once, unless the loop writes the array."""
    body = "for (int i = 0; i < 90; i++) out[i] = {0}[i] + 2 * {0}[i] + {0}[i + 5] - {0}[i] * {0}[i + 5];"
    parameters = ("state i32 a[128]", "out i32 out[128]")
    assert schedule(c_kernel(body.format("a"), *parameters), FPGA).partitions == ()
    assert intervals(c_kernel(body.format("a"), *parameters)) == {"L0": 1}
    writing = c_kernel(body.format("a").replace("out[i] =", "a[i] ="), *parameters)
    assert intervals(writing)["L0"] > 1


def test_banks_are_added_where_they_help(c_kernel: CKernel) -> None:
    """Eight neighbouring reads meet no bank more than twice with four banks: one cycle instead of four."""
    body = (
        "for (int i = 0; i < 120; i++) { int s = 0; for (int k = 0; k < 8; k++) s += a[i + k]; out[i] = s; }"
    )
    found = schedule(c_kernel(body, "in i32 a[128]", "out i32 out[120]"), FPGA)
    assert Partition("a", 0, 4) in found.partitions
    # eight additions in a chain are no recurrence: each iteration starts its own
    assert found.pipelines == (Pipeline("L0", 1),)


def test_strided_reads_need_no_banks_in_vain(c_kernel: CKernel) -> None:
    """Reads that are eight apart meet in one bank for every factor, so no bank is added."""
    body = """
    for (int i = 0; i < 8; i++) { int s = 0; for (int k = 0; k < 8; k++) s += a[i + 8 * k]; out[i] = s; }
    """
    found = schedule(c_kernel(body, "in i32 a[128]", "out i32 out[128]"), FPGA)
    assert found.partitions == ()
    assert found.pipelines == (Pipeline("L0", 4),)


WINDOW = """
for (int y = 0; y < 60; y++)
  for (int x = 0; x < 124; x++) {
    int sum = 0;
    for (int i = 0; i < 5; i++) for (int j = 0; j < 5; j++) sum += image[y + i][x + j];
    out[y][x] = (uint16_t)sum;
  }
"""
WINDOW_PARAMETERS = ("in u8 image[128][256]", "out u16 out[60][124]")


def test_a_window_is_split_in_both_dimensions(c_kernel: CKernel) -> None:
    """25 neighbours, no more than two of them in one of 4 x 8 banks: a window every cycle."""
    found = schedule(c_kernel(WINDOW, *WINDOW_PARAMETERS), FPGA)
    image = {p.dimension: p.factor for p in found.partitions if p.array == "image"}
    assert sorted(image.values()) == [4, 8]
    assert found.pipelines == (Pipeline("L1", 1),)


@pytest.mark.parametrize(("blocks", "expected"), [(44, 1), (43, 2), (20, 2), (19, 25)])
def test_block_ram_limits_the_banks(c_kernel: CKernel, blocks: int, expected: int) -> None:
    """A picture of 16 blocks takes 32 in 32 banks, 16 in 16; sums take 8, or none outside, ports 4."""
    unit = Unit(id="small", kind=UnitKind.FPGA, area=Area(id="area", lut=10**6, ff=10**6, bram=blocks))
    assert intervals(c_kernel(WINDOW, *WINDOW_PARAMETERS), unit) == {"L1": expected}


def test_busiest_bank_agrees_with_enumeration(c_kernel: CKernel) -> None:
    """For every pair of factors: the most of the 25 places whose coordinates are congruent in both."""
    kernel = inline(c_kernel(WINDOW, *WINDOW_PARAMETERS))
    (loop,) = pipelined_loops(kernel)
    ports = ArrayPorts("image", loop, analysis_of(kernel).accesses)
    for factors in product((1, 2, 3, 4, 8), repeat=2):
        banks = Counter((i % factors[0], j % factors[1]) for i in range(5) for j in range(5))
        assert ports.busiest(factors) == max(banks.values())


@pytest.mark.parametrize(("dsp", "expected"), [(160, 1), (159, 2), (79, 3), (10, 16), (9, 32), (4, 32)])
def test_operators_that_fit_bound_the_interval(c_kernel: CKernel, dsp: int, expected: int) -> None:
    """32 products of 3 DSP and 32 sums of 2: ⌈32 / II⌉ of each must fit, or as few as there can be."""
    body = """
    for (int i = 0; i < 512; i++) {
      float s = 0.0f;
      for (int k = 0; k < 32; k++) s = s + w[k] * (float)i;
      out[i] = s;
    }
    """
    unit = Unit(id="fpga", kind=UnitKind.FPGA, area=Area(id="a", lut=10**6, ff=10**6, bram=500, dsp=dsp))
    kernel = c_kernel(body, "in f32 w[32]", "out f32 out[512]")
    assert intervals(kernel, unit) == {"L0": expected}


def test_small_arrays_become_registers(c_kernel: CKernel) -> None:
    """Tables and small arrays of a pipeline are split completely, and then bound nothing."""
    body = """
    static const uint8_t table[256] = {1, 2, 3};
    for (int i = 0; i < 100; i++) for (int k = 0; k < 16; k++) state[k] = table[state[k]];
    """
    found = schedule(c_kernel(body, "state u8 state[16]"), FPGA)
    assert set(found.partitions) == {Partition("table", 0), Partition("state", 0)}
    assert found.unrolls == (Unroll("L1"),)
    assert found.pipelines == (Pipeline("L0", 1),)  # registers: read 0, look up 0, write 1


def test_large_inner_loop_is_pipelined_itself(c_kernel: CKernel) -> None:
    """More than 64 copies are not unrolled; a while is neither unrolled nor pipelined."""
    body = "for (int y = 0; y < 4; y++) for (int x = 0; x < 65; x++) out[y][x] = y;"
    assert set(intervals(c_kernel(body, "out i32 out[4][65]"))) == {"L1"}
    body = "for (int y = 0; y < 4; y++) { int n = y; while (n > 0) n = n / 2 - 1; out[y] = n; }"
    assert intervals(c_kernel(body, "out i32 out[4]")) == {}


def test_arrays_beyond_the_block_ram_stay_outside(c_kernel: CKernel) -> None:
    """Without room for a copy an array is read through its m_axi port, once a cycle."""
    body = "for (int i = 0; i < 4000; i++) out[i] = a[i] + a[i + 1] + a[i + 2];"
    kernel = c_kernel(body, "in i32 a[4096]", "out i32 out[4000]")
    small = Unit(id="small", kind=UnitKind.FPGA, area=replace(AREA, bram=4))
    assert intervals(kernel, FPGA) == {"L0": 1}
    assert intervals(kernel, small) == {"L0": 3}


# --- inlining -----------------------------------------------------------------------------------------------


def test_inlining_keeps_the_meaning(c_kernel: CKernel) -> None:
    """Functions within functions, loops in them, array arguments: the same results, distinct loop names."""
    body = """
    static int32_t square(int32_t v) { return v * v; }
    static void scale(const int32_t src[8], int32_t dst[8], int32_t by) {
      for (int i = 0; i < 8; i++) dst[i] = square(src[i]) * by;
    }
    int32_t mid[8];
    scale(a, mid, 2);
    for (int i = 0; i < 2; i++) scale(mid, out, 3 + i);
    """
    kernel = c_kernel(body, "in i32 a[8]", "out i32 out[8]")
    flat = inline(kernel)
    names = [str(op.attributes["aic.loop"]) for op in flat.module.walk() if "aic.loop" in op.attributes]
    assert names == ['"L0"', '"L1"', '"L2"']
    inputs = {"a": np.arange(8, dtype=np.int32)}
    assert np.array_equal(interpret(flat, inputs)["out"], interpret(kernel, inputs)["out"])
    assert "func.call" not in str(flat.module)
    assert "func.call" in str(kernel.module)


def test_recursion_is_refused(c_kernel: CKernel) -> None:
    """Functions that call each other in a circle, which a front end might let pass, are named."""
    functions = "static int32_t f(int32_t n) { return n + 1; } static int32_t g(int32_t n) { return f(n); }"
    kernel = c_kernel(f"{functions} out = g(3);", "out i32 out")
    calls = [op for op in kernel.module.walk() if isinstance(op, func.CallOp)]
    inner = next(op for op in calls if op.callee.root_reference.data == "f")
    inner.properties["callee"] = SymbolRefAttr("g")
    with pytest.raises(ModelError, match="calls itself: g -> g"):
        inline(kernel)


def test_every_operation_of_a_kernel_has_a_latency(c_kernel: CKernel) -> None:
    """No arithmetic of any width falls through the latency table."""
    body = """
    int8_t i = (int8_t)a; int64_t j = (int64_t)a * 3; uint16_t k = (uint16_t)(a % 5);
    double d = sqrt((double)a) / 3.0 + fabs(sin(2.0)); float f = (float)d * 2.0f;
    out = i + (int32_t)(j >> 3) + k + (f > 1.0f ? (int32_t)f : a / 3);
    """
    kernel = c_kernel(body, "in i32 a", "out i32 out")
    found = {op.name: latency(op) for op in kernel.module.walk() if op.name.startswith(("arith", "math"))}
    assert found["math.sin"] == 40
    assert found["math.sqrt"] == 30
    assert found["arith.divsi"] == 36
    assert all(cycles >= 0 for cycles in found.values())


def test_phase_objects_are_plain_data() -> None:
    """Schedules compare by value, so two builds of one model can be compared."""
    assert Schedule(phases=(Phase(0, 1),)) == Schedule(phases=(Phase(0, 1),))
