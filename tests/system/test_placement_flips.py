"""The example's numbers decide its placement: change a number, and what rested on it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import pytest
from aicompiler.metamodels.deployment import CostTable, Deployment, Provenance, SolveStatus
from aicompiler.metamodels.system import Constraint, Forbid, Link, Pin, System, Unit, UnitKind
from aicompiler.transformations.analysis import check
from aicompiler.transformations.costs import estimate_costs
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import schedule
from aicompiler.transformations.partition import partition


@dataclass(frozen=True)
class Example:
    """The example, lowered; ``decided`` decides a variation of it and has that checked independently."""

    system: System
    kernels: Mapping[str, Kernel]

    def costs(self, system: System) -> CostTable:
        """Every entry on every unit."""
        return estimate_costs(system, schedule(system, self.kernels))

    def decided(self, system: System) -> Deployment:
        """The proved optimum, accepted by the independent checks."""
        costs = self.costs(system)
        found = partition(system, costs)
        assert found.status is SolveStatus.OPTIMAL
        evidence = check(system, costs, found)
        assert evidence.accepted, [finding.message for finding in evidence.failures]
        return found

    def units(self, system: System) -> dict[str, str]:
        """Component name -> name of its unit in the optimum."""
        names = {element.id: element.name for element in (*system.components, *system.units)}
        return {names[p.component]: names[p.unit] for p in self.decided(system).placements}


@pytest.fixture(scope="module")
def shipped(example: Path) -> Example:
    system, _ = load_system(example)
    return Example(system, {e.id: parse_entry(c, e) for c in system.components for e in c.entries})


@pytest.fixture(scope="module")
def placed(shipped: Example) -> dict[str, str]:
    return shipped.units(shipped.system)


def with_units(system: System, change: Callable[[Unit], Unit | None]) -> System:
    """Units changed or taken away, and with them the links that end there."""
    nodes = tuple(
        replace(node, units=tuple(new for unit in node.units if (new := change(unit)) is not None))
        for node in system.platform.nodes
    )
    left = {unit.id for node in nodes for unit in node.units}
    links = tuple(link for link in system.platform.links if left.issuperset(link.ends))
    return replace(system, platform=replace(system.platform, nodes=nodes, links=links))


def with_slower_link(system: System, name: str) -> System:
    """A tenth of the bandwidth for one link."""

    def slower(link: Link) -> Link:
        return replace(link, bandwidth_bytes_per_s=link.bandwidth_bytes_per_s // 10)

    assert name in {link.name for link in system.platform.links}
    links = tuple(slower(link) if link.name == name else link for link in system.platform.links)
    return replace(system, platform=replace(system.platform, links=links))


def constrained(system: System, *constraints: Constraint) -> System:
    return replace(system, constraints=system.constraints + constraints)


def ids(system: System) -> dict[str, str]:
    """Name -> id of components and units."""
    return {element.name: element.id for element in (*system.components, *system.units)}


def test_gpu_and_fpga_win_by_estimates_alone(shipped: Example, placed: dict[str, str]) -> None:
    """Blur runs on the FPGA, Sobel on the GPU: nothing pins them there and no time for them is annotated."""
    assert placed["blur"] == "fpga0"
    assert placed["sobel"] == "gpu0"
    devices = {u.id for u in shipped.system.units if u.kind is not UnitKind.CPU}
    assert not [c for c in shipped.system.constraints if isinstance(c, Pin) and c.unit in devices]
    rows = [cost for cost in shipped.costs(shipped.system).costs if cost.unit in devices]
    assert rows
    assert {cost.provenance for cost in rows} == {Provenance.ESTIMATED}


def test_solved_in_five_seconds(shipped: Example) -> None:
    """The optimum is found and proved within five seconds of processor time."""
    costs = shipped.costs(shipped.system)
    start = process_time()
    assert partition(shipped.system, costs).status is SolveStatus.OPTIMAL
    assert process_time() - start < 5


@pytest.mark.parametrize(("link", "device"), [("axi", "fpga0"), ("pcie", "gpu0")])
def test_ten_times_slower_link_moves_what_is_behind_it(
    shipped: Example, placed: dict[str, str], link: str, device: str
) -> None:
    """Where a picture takes 26 ms instead of 2.6, two of them no longer fit into the period of 50 ms."""
    after = shipped.units(with_slower_link(shipped.system, link))
    moved = {c for c, unit in placed.items() if unit == device and c in ("blur", "sobel")}
    assert moved
    assert all(after[component] != device for component in moved)


@pytest.mark.parametrize(("device", "component"), [("gpu0", "sobel"), ("fpga0", "blur")])
def test_without_a_device_its_components_run_elsewhere(
    shipped: Example, placed: dict[str, str], device: str, component: str
) -> None:
    """Without GPU, or without FPGA, the system is still feasible on what is left."""
    assert placed[component] == device
    after = shipped.units(with_units(shipped.system, lambda u: None if u.name == device else u))
    assert set(after) == set(placed)
    assert device not in after.values()


def test_half_the_dsp_slices_move_the_blur(shipped: Example, placed: dict[str, str]) -> None:
    """The blur needs more than half of the usable slices; with half of them it takes twice the interval."""

    def halved(unit: Unit) -> Unit:
        return replace(unit, area=replace(unit.area, dsp=unit.area.dsp // 2)) if unit.area else unit

    fpga = next(u for u in shipped.system.units if u.name == placed["blur"])
    assert fpga.area is not None
    poorer = with_units(shipped.system, halved)
    (entry,) = next(c for c in shipped.system.components if c.name == "blur").entries
    point = fpga.operating_points[0].id
    before, after = (shipped.costs(s).get(entry.id, fpga.id, point) for s in (shipped.system, poorer))
    assert before is not None
    assert after is not None
    assert before.dsp > fpga.area.dsp * fpga.fill_permille // 1000 // 2 >= after.dsp
    assert "L1 every 1," in before.note
    assert "L1 every 2," in after.note
    assert shipped.units(poorer)["blur"] == "gpu0"


def test_all_on_processors_is_feasible(shipped: Example) -> None:
    """With GPU and FPGA forbidden to all, the processors keep every deadline."""
    known = ids(shipped.system)
    forbidden = [
        Forbid(id=f"{component.name} not on {unit}", component=component.id, unit=known[unit])
        for component in shipped.system.components
        for unit in ("gpu0", "fpga0")
    ]
    after = shipped.units(constrained(shipped.system, *forbidden))
    assert set(after.values()) == {"cpu0", "cpu1"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"blur": "fpga0", "sobel": "gpu0"},
        {"blur": "gpu0", "sobel": "fpga0"},
        {"sobel": "fpga0", "controller": "gpu0"},
    ],
)
def test_forced_gpu_and_fpga_are_feasible(shipped: Example, wanted: dict[str, str]) -> None:
    """Components pinned to GPU and FPGA, either way round, are placed as asked."""
    known = ids(shipped.system)
    pins = [Pin(id=f"pin {c}", component=known[c], unit=known[u]) for c, u in wanted.items()]
    after = shipped.units(constrained(shipped.system, *pins))
    assert {c: after[c] for c in wanted} == wanted
