"""Stage 3: each kernel is scheduled once for all units that a schedule cannot tell apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from aicompiler.metamodels.system import Application, Area, Node, Platform, System, Unit, UnitKind
from aicompiler.transformations.kernels import Kernel, Schedule
from aicompiler.transformations.kernels.passes import Variants, default_schedule, schedule

AREA = Area(id="area", lut=50_000, ff=100_000, bram=280, dsp=200)
UNITS = (
    Unit(id="big", kind=UnitKind.CPU),
    Unit(id="small", kind=UnitKind.CPU, speed_permille=500),
    Unit(id="gpu", kind=UnitKind.GPU),
    Unit(id="fast gpu", kind=UnitKind.GPU, ops_per_cycle=1024),
    Unit(id="fpga", kind=UnitKind.FPGA, area=AREA),
    Unit(id="other fpga", kind=UnitKind.FPGA, area=replace(AREA, id="other")),
    Unit(id="poor fpga", kind=UnitKind.FPGA, area=replace(AREA, dsp=3)),
    Unit(id="npu", kind=UnitKind.NPU),
)


@pytest.fixture
def kernel(c_kernel: Callable[..., Kernel]) -> Kernel:
    body = "for (int i = 0; i < 64; i++) { int w[4] = {1, 2, 3, 4}; out[i] = w[0] * a[i] + w[i & 3] * a[i]; }"
    return c_kernel(body, "in i32 a[64]", "out i32 out[64]")


@pytest.fixture
def variants(kernel: Kernel) -> Variants:
    platform = Platform(id="platform", nodes=(Node(id="node", units=UNITS),))
    system = System(id="system", application=Application(id="application"), platform=platform)
    return schedule(system, {"step": kernel})


def test_every_unit_gets_its_default_schedule(kernel: Kernel, variants: Variants) -> None:
    """A variant is what ``default_schedule`` gives for that unit; an unknown entry has none."""
    for unit in UNITS:
        found = variants.get("step", unit.id)
        assert found is not None
        assert found.schedule == default_schedule(kernel, unit).schedule
    assert variants.get("other", "big") is None


def test_units_of_one_kind_share_a_variant(kernel: Kernel, variants: Variants) -> None:
    """Clock, speed and names change no schedule; what an FPGA has to build from may."""
    of = {unit.id: variants.get("step", unit.id) for unit in UNITS}
    assert of["big"] is of["small"]
    assert of["gpu"] is of["fast gpu"]
    assert of["fpga"] is of["other fpga"]
    assert of["poor fpga"] is not of["fpga"]
    assert of["big"] is not None
    assert of["big"].module is kernel.module
    assert of["big"].schedule == Schedule()


def test_placed_picks_the_variant_of_the_unit(variants: Variants) -> None:
    """Entries without a kernel are left out."""
    picked = variants.placed({"step": "gpu", "annotated only": "big"})
    assert list(picked) == ["step"]
    assert picked["step"] is variants.get("step", "gpu")


def test_scheduling_leaves_the_lowered_kernel_alone(kernel: Kernel, variants: Variants) -> None:
    """What is kept between schedules is never the input changed in place."""
    before = str(kernel.module)
    for unit in UNITS:
        default_schedule(kernel, unit)
    assert str(kernel.module) == before
    assert variants.get("step", "fpga") is not None
