"""The level crossing as a Capella project: written by capellambse, and read as the native model means it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from aicompiler.metamodels import xmi
from aicompiler.metamodels.system import OnData, Pin, Port, System, Unit
from aicompiler.transformations.importers import ImportOptions, load_system
from aicompiler.transformations.importers.capella import Capella

FOLDER = Path(__file__).resolve().parents[2] / "models" / "capella_junction"
PROJECT = FOLDER / "level_crossing.capella"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the project."""
    spec = importlib.util.spec_from_file_location("make_capella", FOLDER / "make_capella.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn() -> System:
    """The system of the Capella project; it needs no side-car."""
    system, _ = load_system(PROJECT)
    return system


@pytest.fixture(scope="module")
def native() -> System:
    """The system of the native model."""
    system = xmi.load(FOLDER / "level_crossing.system.xmi")
    assert isinstance(system, System)
    return system


def test_the_committed_project_is_what_the_script_writes(script: ModuleType, tmp_path: Path) -> None:
    """Same model, same bytes; the project in the repository is the one of the native model."""
    for made in script.write(tmp_path):
        assert made.read_bytes() == (FOLDER / made.name).read_bytes()


def test_components_are_those_of_the_native_model(drawn: System, native: System) -> None:
    """Names, activations, deadlines, execution times and criticality are the same."""

    def stated(system: System) -> list[object]:
        return [
            (c.name, e.activation, e.deadline_ns, c.criticality, [(t.unit_kind, t.wcet_ns) for t in e.times])
            for c in system.components
            for e in c.entries
        ]

    assert stated(drawn) == stated(native)
    assert any(isinstance(e.activation, OnData) for e in drawn.entries)


def test_channels_and_flows_are_those_of_the_native_model(drawn: System, native: System) -> None:
    """Ends, protocols, types and shapes of channels; paths and deadlines of flows."""

    def channels(system: System) -> list[object]:
        return [
            (
                *(system.component_of(p).name for p in (c.source_port, c.target_port)),
                c.protocol,
                system.element(Port, c.source_port).element_type,
                system.element(Port, c.target_port).shape,
            )
            for c in system.application.channels
        ]

    def flows(system: System) -> list[object]:
        found = system.application.flows
        return [(f.name, f.deadline_ns, [system.component_of(e).name for e in f.entries]) for f in found]

    assert channels(drawn) == channels(native)
    assert flows(drawn) == flows(native)


def _fastest(unit: Unit) -> tuple[int, int]:
    return unit.fastest.frequency_hz, unit.fastest.dynamic_power_uw


def test_the_platform_is_that_of_the_native_model(drawn: System, native: System) -> None:
    """Nodes, units with cores, clock, power and memory, and links; pins are where it is deployed today."""

    def units(system: System) -> list[object]:
        return [
            (n.name, u.name, u.kind, u.cores, u.static_power_uw, u.memory_bytes, *_fastest(u))
            for n in system.platform.nodes
            for u in n.units
        ]

    def links(system: System) -> list[object]:
        found = system.platform.links
        return [
            (k.name, k.latency_ns, k.bandwidth_bytes_per_s, {system.element(Unit, e).name for e in k.ends})
            for k in found
        ]

    def places(system: System, pairs: list[tuple[str, str]]) -> set[tuple[str, str]]:
        return {(system.component_of(c).name, system.element(Unit, u).name) for c, u in pairs}

    assert units(drawn) == units(native)
    assert links(drawn) == links(native)
    pins = [(p.component, p.unit) for p in native.constraints if isinstance(p, Pin)]
    current = [(a.component, a.unit) for a in drawn.allocations]
    assert places(drawn, current) == places(native, pins)


def test_capellambse_reads_what_it_wrote() -> None:
    """The project loads by its .aird as Capella projects do, and by ours without it."""
    import capellambse

    model = capellambse.MelodyModel(str(PROJECT.with_suffix(".aird")))
    assert {c.name for c in model.pa.all_components} >= {"wheel_sensor", "trackside_cpu"}
    assert Capella().load(PROJECT, ImportOptions()).accounting.exact
