"""Which number a cost is, where it comes from, and why an entry cannot run somewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import Cost, CostKind, Provenance
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import ExecutionTime, Source, System, Unit, UnitKind
from aicompiler.transformations.costs import Measurement, Profile, estimate_costs
from aicompiler.transformations.kernels import Kernel
from aicompiler.transformations.kernels.passes import Variants, schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Bench = Any  # the Workbench of conftest.py

SCALE = "for (int i = 0; i < 4096; i++) out[i] = a[i] * gain + 1;"
SCALE_PARAMETERS = ("in i32 a[4096]", "in i32 gain", "out i32 out[4096]")
CHAIN = "for (int i = 1; i < 4096; i++) a[i] = a[i - 1] * 3 / 2;"
PER_CPU = {"unit_kind": UnitKind.CPU}


@pytest.fixture(scope="session")
def scale(bench: Bench) -> Kernel:
    """A parallel kernel."""
    return bench.kernel(SCALE, *SCALE_PARAMETERS)


def variants(system: System, kernel: Kernel | None) -> Variants:
    """The variants of the entry ``step``."""
    return schedule(system, {"step": kernel} if kernel is not None else {})


def price(
    bench: Bench, unit: Unit, kernel: Kernel | None = None, profile: Profile | None = None, **entry: object
) -> Cost:
    """The cost at the last operating point of ``unit``."""
    system = bench.system(bench.entry(**entry), unit)
    table = estimate_costs(system, variants(system, kernel), profile)
    cost = table.get("step", unit.id, unit.operating_points[-1].id)
    assert cost is not None, table.refusals
    return cost


def refused(bench: Bench, unit: Unit, kernel: Kernel | None = None, **entry: object) -> str:
    """Why ``unit`` is refused."""
    system = bench.system(bench.entry(**entry), unit)
    table = estimate_costs(system, variants(system, kernel))
    assert table.costs == ()
    return table.refusal("step", unit.id) or ""


def time(**features: object) -> tuple[ExecutionTime, ...]:
    return (ExecutionTime(id="time", **(PER_CPU | features)),)


# --- annotated ----------------------------------------------------------------------------------------------


def test_annotated_times_scale_with_the_clock_and_round_up(bench: Bench) -> None:
    """The fastest point is the reference: at half the clock a time doubles; energy is power times acet."""
    entry = bench.entry(times=time(bcet_ns=10, acet_ns=21, wcet_ns=33))
    table = estimate_costs(bench.system(entry, bench.cpu), Variants())
    fast, slow = table.get("step", "cpu", "cpu.fast"), table.get("step", "cpu", "cpu.slow")
    assert fast is not None and slow is not None
    assert (fast.bcet_ns, fast.acet_ns, fast.wcet_ns) == (10, 21, 33)
    assert (slow.bcet_ns, slow.acet_ns, slow.wcet_ns) == (20, 42, 66)
    assert fast.energy_fj == 21 * 1_000_000
    assert (fast.provenance, fast.kind) == (Provenance.ANNOTATED, CostKind.BOUND)
    third = replace(bench.cpu, operating_points=bench.points("cpu", odd=700_000_000, fast=1_000_000_000))
    odd = estimate_costs(bench.system(entry, third), Variants()).get("step", "cpu", "cpu.odd")
    assert odd is not None
    assert odd.wcet_ns == 48  # 33 / 0.7 = 47.14


def test_speed_factor_divides_annotated_times(bench: Bench) -> None:
    """A host of speed 0.3 takes 1/0.3 of the time."""
    small = replace(bench.cpu, speed_permille=300)
    assert price(bench, small, times=time(wcet_ns=100)).wcet_ns == 334


def test_the_nearest_annotation_wins(bench: Bench) -> None:
    """Point before unit before kind, whatever their order; another unit's annotation is none."""
    general = ExecutionTime(id="a", unit_kind=UnitKind.CPU, wcet_ns=300)
    of_unit = ExecutionTime(id="b", unit_kind=UnitKind.CPU, unit="cpu", wcet_ns=200)
    at_point = ExecutionTime(
        id="c", unit_kind=UnitKind.CPU, unit="cpu", operating_point="cpu.fast", wcet_ns=100
    )
    other = ExecutionTime(id="d", unit_kind=UnitKind.CPU, unit="elsewhere", wcet_ns=1)
    assert price(bench, bench.cpu, times=(other, general)).wcet_ns == 300
    assert price(bench, bench.cpu, times=(other, general, of_unit)).wcet_ns == 200
    assert price(bench, bench.cpu, times=(general, of_unit, at_point)).wcet_ns == 100
    assert "behaviour" in refused(bench, bench.cpu, times=(other,))


def test_time_of_a_point_is_not_scaled_at_it(bench: Bench) -> None:
    """An annotation for the slow point holds there as it stands, and elsewhere scaled from there."""
    at_slow = ExecutionTime(
        id="c", unit_kind=UnitKind.CPU, unit="cpu", operating_point="cpu.slow", wcet_ns=100
    )
    table = estimate_costs(bench.system(bench.entry(times=(at_slow,)), bench.cpu), Variants())
    assert {c.operating_point: c.wcet_ns for c in table.costs} == {"cpu.slow": 100, "cpu.fast": 50}


def test_without_wcet_the_time_is_no_bound(bench: Bench) -> None:
    """An average alone is used for all three and marked as observed."""
    cost = price(bench, bench.cpu, times=time(acet_ns=40))
    assert (cost.bcet_ns, cost.acet_ns, cost.wcet_ns, cost.kind) == (40, 40, 40, CostKind.OBSERVED)
    assert "no bound" in cost.note


def test_annotated_energy_is_kept(bench: Bench) -> None:
    """An annotated energy replaces power times time where the annotation holds unscaled."""
    assert price(bench, bench.cpu, times=time(wcet_ns=40, energy_fj=7)).energy_fj == 7


# --- precedence ---------------------------------------------------------------------------------------------


def test_precedence_of_numbers(bench: Bench, scale: Kernel) -> None:
    """Annotated before measured before estimated."""
    named = replace(bench.cpu, device="Cortex-A53")
    row = Measurement(
        entry="step", unit_kind=UnitKind.CPU, device="Cortex-A53", clock_hz=500_000_000, ns=1000
    )
    profile = Profile((row, replace(row, ns=1403)))
    estimated = price(bench, named, scale)
    measured = price(bench, named, scale, profile)
    annotated = price(bench, named, scale, profile, times=time(wcet_ns=77))
    assert estimated.provenance is Provenance.ESTIMATED
    assert (measured.provenance, measured.kind) == (Provenance.MEASURED, CostKind.OBSERVED)
    # observed at 500 MHz, priced at 1 GHz
    assert (measured.bcet_ns, measured.acet_ns, measured.wcet_ns) == (500, 601, 702)
    assert (annotated.provenance, annotated.wcet_ns) == (Provenance.ANNOTATED, 77)


def test_measurement_on_a_host_is_never_mixed_in(bench: Bench, scale: Kernel) -> None:
    """A row of another device or kind of unit, or for a unit without a declared device, changes nothing."""
    row = Measurement(entry="step", unit_kind=UnitKind.CPU, device="build host", ns=1)
    named = replace(bench.cpu, device="Cortex-A53")
    for unit, found in (
        (named, row),
        (bench.cpu, replace(row, device="")),
        (named, replace(row, device="Cortex-A53", unit_kind=UnitKind.GPU)),
    ):
        assert price(bench, unit, scale, Profile((found,))) == price(bench, unit, scale)


def test_unknown_loop_makes_an_assumed_cost(bench: Bench) -> None:
    """A guess on trips is not called an estimate, and the note has it."""
    kernel = bench.kernel("int n = a; while (n != 1) n = n / 2; out = n;", "in i32 a", "out i32 out")
    for unit in (bench.cpu, bench.gpu, bench.fpga):
        cost = price(bench, unit, kernel)
        assert cost.provenance is Provenance.ASSUMED
        assert "assumed to make" in cost.note


# --- estimates ----------------------------------------------------------------------------------------------


def test_times_are_ordered_and_explained(bench: Bench, scale: Kernel) -> None:
    """bcet <= acet <= wcet <= interval on every unit, energy is power times acet, each row has its reason."""
    system = bench.system(bench.entry(), bench.cpu, bench.gpu, bench.fpga)
    table = estimate_costs(system, variants(system, scale))
    assert {c.unit for c in table.costs} == {"cpu", "gpu", "fpga"}
    for cost in table.costs:
        point = next(
            p
            for u in (bench.cpu, bench.gpu, bench.fpga)
            for p in u.operating_points
            if p.id == cost.operating_point
        )
        assert 0 < cost.bcet_ns <= cost.acet_ns <= cost.wcet_ns <= cost.interval_ns
        assert cost.energy_fj == point.dynamic_power_uw * cost.acet_ns
        assert cost.note
        assert (cost.host_pre_ns, cost.host_post_ns) == (0, 0)


def test_gpu_is_fast_only_where_loops_are_parallel(bench: Bench, scale: Kernel) -> None:
    """The parallel kernel is faster on the GPU; the recurrence is sequential, slower, and says so."""
    assert price(bench, bench.gpu, scale).wcet_ns < price(bench, bench.cpu, scale).wcet_ns
    chain = bench.kernel(CHAIN, "state i32 a[4096]")
    slow = price(bench, bench.gpu, chain)
    assert slow.wcet_ns > price(bench, bench.cpu, chain).wcet_ns
    assert "sequential" in slow.note


def test_launches_are_paid(bench: Bench, scale: Kernel) -> None:
    """One phase pays the overhead once, in the best and in the worst case."""
    free = replace(bench.gpu, launch_overhead_ns=0)
    assert price(bench, bench.gpu, scale).bcet_ns == price(bench, free, scale).bcet_ns + 10_000


def test_bandwidth_bounds_a_copy(bench: Bench) -> None:
    """32 KiB through 1 MB/s take 33 ms whatever the clock."""
    kernel = bench.kernel(
        "for (int i = 0; i < 4096; i++) out[i] = a[i];", "in i32 a[4096]", "out i32 out[4096]"
    )
    narrow = replace(bench.cpu, memory_bandwidth_bytes_per_s=1_000_000)
    assert price(bench, narrow, kernel).bcet_ns == 32_768_000


def test_circuit_latency_follows_its_formula(bench: Bench) -> None:
    """Two cycles a float pair: trips, interval, depth and the copies add up."""
    kernel = bench.kernel(
        "float s = 0.0f; for (int i = 0; i < 1000; i++) s += a[i]; total = s;",
        "in f32 a[1000]",
        "out f32 total",
    )
    copy_in = 1000 + 40  # one element a cycle after the latency of the bus
    pipeline = 999 * 4 + (2 + 4) + 2  # II = adder latency; depth = load + add; enter and leave
    store = 1
    cycles = copy_in + pipeline + store
    assert price(bench, bench.fpga, kernel).wcet_ns == -(-cycles * 1000 // 150)


# --- refusals -----------------------------------------------------------------------------------------------


def test_npu_is_refused_with_a_sentence(bench: Bench, scale: Kernel) -> None:
    """No target generates code for an NPU, annotated or not."""
    assert "no target" in refused(bench, bench.npu, scale)
    annotated = (ExecutionTime(id="t", unit_kind=UnitKind.NPU, wcet_ns=5),)
    assert "no target" in refused(bench, bench.npu, scale, times=annotated)


def test_circuit_that_does_not_fit_is_refused(bench: Bench) -> None:
    """The refusal names the resource, what is needed and what may be used of it."""
    body = """
    for (int i = 0; i < 512; i++) {
      float s = 0.0f;
      for (int k = 0; k < 32; k++) s += w[k] * x[k] * (float)i;
      out[i] = s;
    }
    """
    kernel = bench.kernel(body, "in f32 w[32]", "in f32 x[32]", "out f32 out[512]")
    # II = 4: 64 products share 16 multipliers of 3 DSP and 32 sums 8 adders of 2; II = 3 would take 88
    assert price(bench, bench.fpga, kernel).dsp == 64
    tiny = replace(bench.fpga, area=replace(bench.fpga.area, dsp=5))
    reason = refused(bench, tiny, kernel)
    assert "5 DSP of 4 usable (5 in all)" in reason
    assert "LUT" not in reason


def test_fpga_without_area_is_refused(bench: Bench, scale: Kernel) -> None:
    """Nothing is known to fit into an unknown area."""
    assert "no area" in refused(bench, replace(bench.fpga, area=None), scale)


def test_no_behaviour_and_no_annotation_for_the_kind(bench: Bench) -> None:
    """An entry that is only annotated for CPUs cannot run on a GPU."""
    entry = bench.entry(times=time(wcet_ns=5))
    table = estimate_costs(bench.system(entry, bench.cpu, bench.gpu), Variants())
    assert {c.unit for c in table.costs} == {"cpu"}
    assert "neither a behaviour" in (table.refusal("step", "gpu") or "")


def test_unit_without_operating_points_is_refused(bench: Bench, scale: Kernel) -> None:
    """No clock, no time."""
    assert "operating point" in refused(bench, replace(bench.cpu, operating_points=()), scale)


def test_entry_without_any_time_is_a_located_error(bench: Bench) -> None:
    """Neither behaviour nor annotation: the model is wrong, and the message says where and what to do."""
    source = Source(file="m.uml", line=7, qualified_name="M::Filter::step")
    with pytest.raises(ModelError) as error:
        estimate_costs(bench.system(bench.entry(deadline_ns=500, source=source), bench.cpu), Variants())
    text = str(error.value)
    assert "m.uml:7" in text
    assert "'Filter.step' has a deadline of 500 ns and has no execution time" in text
    assert "annotate" in text


def test_memory_is_state_buffers_and_locals(bench: Bench, scale: Kernel) -> None:
    """A declared size wins; else ports, attributes and local arrays are added up."""
    kernel = bench.kernel(
        "int tmp[64]; for (int i = 0; i < 64; i++) tmp[i] = i; out = tmp[3];", "out i32 out"
    )
    assert price(bench, bench.cpu, kernel).memory_bytes == 256
    system = bench.system(bench.entry(), bench.cpu, memory_bytes=999)
    table = estimate_costs(system, variants(system, kernel))
    assert {c.memory_bytes for c in table.costs} == {999}


# --- monotonicity -------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ops=st.integers(1, 4096),
    more=st.integers(0, 4096),
    clock=st.integers(10**8, 10**9),
    faster=st.integers(0, 10**9),
    kind=st.sampled_from(["cpu", "gpu", "fpga"]),
)
def test_a_better_unit_is_never_slower(
    bench: Bench, scale: Kernel, ops: int, more: int, clock: int, faster: int, kind: str
) -> None:
    """More operations a cycle, a faster clock and more bandwidth never make any time longer."""
    base = replace(getattr(bench, kind), memory_bandwidth_bytes_per_s=ops * 10**6)
    worse = replace(base, ops_per_cycle=ops, operating_points=bench.points("u", p=clock))
    better = replace(
        base,
        ops_per_cycle=ops + more,
        memory_bandwidth_bytes_per_s=(ops + more) * 10**6,
        operating_points=bench.points("u", p=clock + faster),
    )
    before, after = price(bench, worse, scale), price(bench, better, scale)
    assert after.bcet_ns <= before.bcet_ns
    assert after.acet_ns <= before.acet_ns
    assert after.wcet_ns <= before.wcet_ns
    assert after.interval_ns <= before.interval_ns


def test_estimates_are_reproducible(bench: Bench, scale: Kernel) -> None:
    """The same system and kernels give the same table."""
    system = bench.system(bench.entry(), bench.cpu, bench.gpu, bench.fpga, bench.npu)
    made = variants(system, scale)
    assert estimate_costs(system, made) == estimate_costs(system, variants(system, scale))
