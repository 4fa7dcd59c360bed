"""``diff`` tells what changed between two builds, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.compare import Change, compare
from aicompiler.metamodels import deployment as dep
from aicompiler.metamodels import system as sys_
from aicompiler.metamodels import xmi
from aicompiler.metamodels.diagnostics import UnreadableInput


def a_system() -> sys_.System:
    entry = sys_.Entry(id="e", activation=sys_.Periodic(period_ns=10))
    component = sys_.Component(
        id="c", name="camera", entries=(entry,), source=sys_.Source(qualified_name="App::camera")
    )
    points = tuple(sys_.OperatingPoint(id=f"p{f}", name=f"{f} Hz", frequency_hz=f) for f in (1, 2))
    units = (
        sys_.Unit(id="u", name="cpu", kind=sys_.UnitKind.CPU, cores=2, operating_points=points),
        sys_.Unit(id="g", name="gpu", kind=sys_.UnitKind.GPU, operating_points=(replace(points[0], id="q"),)),
    )
    return sys_.System(
        id="s",
        application=sys_.Application(id="a", components=(component,)),
        platform=sys_.Platform(id="pl", nodes=(sys_.Node(id="n", units=units),)),
    )


def a_deployment() -> dep.Deployment:
    return dep.Deployment(
        system="s",
        hyperperiod_ns=10,
        status=dep.SolveStatus.OPTIMAL,
        objectives=(dep.Objective(name="energy", value=5, bound=5, unit="fJ"),),
        placements=(dep.Placement(component="c", unit="u", core=1),),
        settings=(
            dep.UnitSetting(unit="u", operating_point="p1"),
            dep.UnitSetting(unit="g", operating_point="q", off=True),
        ),
    )


def write(folder: Path, whole: sys_.System, decided: dep.Deployment) -> Path:
    folder.mkdir()
    for name, content in xmi.save({"system.xmi": whole, "deployment.xmi": decided}).items():
        (folder / name).write_bytes(content)
    return folder


def test_equal_builds_have_no_changes(tmp_path: Path) -> None:
    """A build compared with itself gives nothing."""
    one = write(tmp_path / "one", a_system(), a_deployment())
    assert compare(one, one) == ()


def test_every_kind_of_change_is_told(tmp_path: Path) -> None:
    """A moved component, another clock, a unit switched on and another objective are four changes."""
    moved = replace(
        a_deployment(),
        objectives=(dep.Objective(name="energy", value=7, bound=7, unit="fJ"),),
        placements=(dep.Placement(component="c", unit="g"),),
        settings=(
            dep.UnitSetting(unit="u", operating_point="p2"),
            dep.UnitSetting(unit="g", operating_point="q"),
        ),
    )
    old = write(tmp_path / "old", a_system(), a_deployment())
    new = write(tmp_path / "new", a_system(), moved)
    assert compare(old, new) == (
        Change("placement", "camera", "cpu.1", "gpu"),
        Change("clock", "cpu", "1 Hz", "2 Hz"),
        Change("clock", "gpu", "off", "1 Hz"),
        Change("objective", "energy", "5 fJ", "7 fJ"),
    )


def test_elements_match_by_qualified_name_where_ids_changed(tmp_path: Path) -> None:
    """A component whose XML id changed is the same component if its qualified name is."""
    whole = a_system()
    [component] = whole.components
    renamed = replace(whole.application, components=(replace(component, id="c2"),))
    decided = replace(a_deployment(), placements=(dep.Placement(component="c2", unit="u", core=1),))
    old = write(tmp_path / "old", whole, a_deployment())
    assert compare(old, write(tmp_path / "new", replace(whole, application=renamed), decided)) == ()


def test_a_folder_without_a_build_is_refused(tmp_path: Path) -> None:
    """A folder that no build wrote gives a sentence with the next step."""
    with pytest.raises(UnreadableInput, match=r"holds no system\.xmi; give two folders"):
        compare(tmp_path, tmp_path)
