"""The example's blur as a circuit: windows every cycle from a picture in banks of two dimensions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aicompiler.codegen.hls_check import check_hls
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import Area, Unit, UnitKind
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import circuit, default_schedule

AREA = Area(id="area", lut=53_200, ff=106_400, bram=280, dsp=220)
UNIT = Unit(id="fpga", kind=UnitKind.FPGA, area=AREA, fill_permille=800)


@pytest.fixture(scope="module")
def blur(example: Path) -> Kernel:
    """Scheduled for an FPGA of the size of the example's."""
    system, _ = load_system(example)
    component = next(c for c in system.components if c.name == "blur")
    return default_schedule(parse_entry(component, component.entries[0]), UNIT)


@pytest.fixture(scope="module")
def text(blur: Kernel) -> str:
    return TARGETS.load("hls")().emit(blur, UNIT)[0].content.decode()


def test_a_window_every_cycle_within_the_fill_limit(blur: Kernel) -> None:
    """The interior of the 5 x 5 filter starts every cycle; its 4 x 8 banks take 160 of 224 usable blocks."""
    window = next(p for p in blur.schedule.pipelines if p.loop == "L1")
    assert window.interval == 1
    factors = {p.dimension: p.factor for p in blur.schedule.partitions if p.array == "frame"}
    assert sorted(factors.values()) == [4, 8]
    memory = next(m for m in circuit(blur, UNIT).resources.memories if m.name == "frame")
    assert memory.block_rams == 160


def test_banks_in_two_dimensions_are_accepted(blur: Kernel, text: str) -> None:
    """The independent check finds no two of a window's accesses too many in any bank."""
    assert check_hls(text, "blur.cpp", blur.schedule) == ()


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("halved", [True, False])
def test_too_few_banks_in_either_dimension_are_refused(text: str, dimension: int, halved: bool) -> None:
    """With half the banks in one dimension, or no banks, three accesses or more of a window meet in one."""
    pragma = re.compile(rf"(variable=buf_frame cyclic factor=)(\d)( dim={dimension})")
    lines = text.splitlines()
    (place,) = (n for n, line in enumerate(lines) if pragma.search(line))
    lines[place] = pragma.sub(lambda m: f"{m[1]}{int(m[2]) // 2}{m[3]}", lines[place]) if halved else ""
    found = check_hls("\n".join(lines), "blur.cpp")
    assert {d.rule for d in found} == {"hls-ports"}
    assert "for the ports of buf_frame" in found[0].message


def test_other_factors_than_scheduled_are_refused(blur: Kernel, text: str) -> None:
    """Factors swapped between the dimensions would do, but they are not what was priced."""
    factors = {p.dimension: p.factor for p in blur.schedule.partitions if p.array == "frame"}
    mutant = text
    for dimension, factor in factors.items():
        old = f"variable=buf_frame cyclic factor={factor} dim={dimension + 1}"
        assert old in mutant
        mutant = mutant.replace(old, old.replace(f"factor={factor}", f"factor={factors[1 - dimension]}"))
    assert check_hls(mutant) == ()
    assert {d.rule for d in check_hls(mutant, "blur.cpp", blur.schedule)} == {"hls-schedule"}
