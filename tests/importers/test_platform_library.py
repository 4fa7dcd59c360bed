"""The platform library: made from its facts, every number with a source or marked as assumed."""

from __future__ import annotations

from pathlib import Path

import pytest
from aicompiler.metamodels.system import System, Unit, UnitKind
from aicompiler.models.platforms.make_platforms import HERE, library
from aicompiler.transformations.importers import library_names, load_system

# Features whose zero or default means "none", not a figure somebody must have measured.
NUMBERS = ("cores", "static_power_uw", "ops_per_cycle", "launch_overhead_ns", "memory_bandwidth_bytes_per_s")


def _system(name: str) -> System:
    return load_system(Path(HERE) / f"{name}.system.xmi")[0]


def test_the_library_is_what_its_facts_make() -> None:
    """Nobody edited an XMI file by hand: making the library again gives the same bytes."""
    made = library()
    assert sorted(made) == sorted(p.name for p in HERE.glob("*.system.xmi"))
    for name, content in made.items():
        assert (HERE / name).read_bytes() == content


@pytest.mark.parametrize("name", library_names())
def test_every_number_says_where_it_comes_from(name: str) -> None:
    """Each figure of a unit that is not a default has exactly one note, with a source or 'assumed:'."""
    default = Unit(id="", kind=UnitKind.CPU)
    for unit in _system(name).units:
        noted = [f.feature for f in unit.figures]
        assert len(noted) == len(set(noted))
        given = {n for n in NUMBERS if getattr(unit, n) != getattr(default, n)}
        assert given | {"frequency_hz", "dynamic_power_uw"} <= set(noted)
        assert all(f.assumed == f.origin.startswith("assumed:") for f in unit.figures)


@pytest.mark.parametrize(
    ("name", "unit", "clocks", "other"),
    [
        ("jetson_tx2", "GPU", [850, 1120, 1300], {"memory_bandwidth_bytes_per_s": 58_400_000_000}),
        ("jetson_tx2", "A57", [1200, 1400, 2000], {"cores": 4}),
        ("jetson_nano", "GPU", [640, 921.6], {}),
        ("jetson_agx_xavier", "Carmel", [1200, 1450, 1780, 2100, 2265.6], {"cores": 8}),
        ("jetson_agx_orin", "GPU", [918], {"ops_per_cycle": 1024}),
    ],
)
def test_clocks_are_those_of_the_facts(
    name: str, unit: str, clocks: list[float], other: dict[str, int]
) -> None:
    """Numbers read off ../shared/bench/platforms/facts.csv by hand."""
    found = next(u for u in _system(name).units if u.name == unit)
    assert [p.frequency_hz / 1e6 for p in found.operating_points] == clocks
    assert {k: getattr(found, k) for k in other} == other


@pytest.mark.parametrize(
    ("name", "lut", "bram", "dsp"),
    [
        ("kria_k26", 117_120, 288, 1_248),
        ("zynq_7020", 53_200, 280, 220),
        ("zu3eg", 71_000, 412, 360),
        ("zu7ev", 230_000, 610, 1_728),
        ("zu9eg", 274_000, 1_824, 2_520),
    ],
)
def test_areas_are_those_of_the_facts(name: str, lut: int, bram: int, dsp: int) -> None:
    """LUTs, blocks of 18 Kbit and DSP slices, read off ../shared/bench/platforms/facts.csv by hand."""
    (fabric,) = [u for u in _system(name).units if u.kind is UnitKind.FPGA]
    assert fabric.area is not None
    assert (fabric.area.lut, fabric.area.bram, fabric.area.dsp) == (lut, bram, dsp)
