"""Objectives from the command line and from the side-car."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import UnreadableInput
from aicompiler.objectives import objective_of, pair_of


def sidecar(folder: Path, text: str) -> Path:
    """A side-car with this text."""
    path = folder / "model.aic.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_command_wins_over_the_sidecar(tmp_path: Path) -> None:
    """--objective counts, else [objective] order, else energy."""
    said = sidecar(tmp_path, '[objective]\norder = ["latency", "energy"]\n')
    assert objective_of("", said) == "latency,energy"
    assert objective_of("makespan, energy", said) == "makespan,energy"
    assert objective_of("", None) == objective_of("", sidecar(tmp_path, "")) == "energy"


def test_wrong_names_are_located(tmp_path: Path) -> None:
    """A name in the side-car that is no objective is told with its line and the names there are."""
    said = sidecar(tmp_path, '[objective]\n\norder = ["latency", "spe\\u001bed"]\n')
    with pytest.raises(UnreadableInput, match=r"model.aic.toml:3: .*'spe\\x1bed'.*energy, latency, makespan"):
        objective_of("", said)
    for wrong in ("changes", "energy,energy", "energy,"):
        with pytest.raises(UnreadableInput):
            objective_of(wrong, None)


def test_a_front_has_two() -> None:
    """--pareto names two different objectives."""
    assert pair_of("energy, makespan") == ("energy", "makespan")
    for wrong in ("energy", "energy,energy", "energy,latency,makespan", "a,b"):
        with pytest.raises(UnreadableInput):
            pair_of(wrong)


def test_partition_prints_the_objectives(tmp_path: Path, example: Path) -> None:
    """The side-car's order is what `partition` decides by; --json has value, bound and gap of each."""
    model = tmp_path / example.name
    shutil.copy(example, model)
    sidecar_path = tmp_path / f"{example.stem}.aic.toml"
    sidecar_path.write_text('[objective]\norder = ["latency", "energy"]\n', encoding="utf-8")
    command = [str(Path(sys.executable).parent / "aicompiler"), "partition", str(model), "--json", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    objectives = json.loads(done.stdout)["objectives"]
    assert [o["name"] for o in objectives] == ["latency", "energy"]
    assert all(o["bound"] <= o["value"] and o["gap"] >= 0 for o in objectives)


@pytest.mark.long
def test_partition_prints_a_front(example: Path) -> None:
    """--pareto prints points, the chosen one, and the placements of that one."""
    command = [str(Path(sys.executable).parent / "aicompiler"), "partition", str(example), "-q", "--json"]
    command += ["--pareto", "energy,latency", "--points", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found = json.loads(done.stdout)
    front = found["front"]
    chosen = front["points"][front["chosen"]]
    assert front["objectives"] == ["energy", "latency"]
    assert found["objectives"] == chosen["objectives"]
    assert {p["component"] for p in found["placements"]} == set(chosen["placements"])
