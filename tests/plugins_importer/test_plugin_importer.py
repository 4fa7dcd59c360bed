"""A third party's importer, installed beside the tool: found by its entry point, held to one contract."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
HOWTO = HERE.parents[1] / "docs" / "howto" / "add-an-importer.md"
GROUP = "aicompiler.importers"


def install(folder: Path, **points: str) -> Path:
    """Lay the package out as an installer does: its code, and a dist-info with its entry points."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = project["entry-points"][GROUP] | points
    shutil.copytree(HERE / "aic_tasktable", folder / "aic_tasktable")
    info = folder / f"aic_tasktable-{project['version']}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    listed = "".join(f"{name} = {value}\n" for name, value in named.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{listed}", encoding="utf-8")
    return folder


def aicompiler(site: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process that sees ``site``."""
    path = os.pathsep.join(p for p in (str(site) if site else "", os.environ.get("PYTHONPATH", "")) if p)
    code = "from aicompiler.cli import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "robot.tasktable"
    path.write_text("sense;1000;200\nact;2000;300\n", encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return install(folder)


def test_an_installed_importer_is_found_and_accounted_for(table: Path, site: Path) -> None:
    """``check --json`` reads the file, with the accounts of the importer."""
    done = aicompiler(site, "check", str(table), "--json")
    assert done.returncode == 0, done.stderr
    (model,) = json.loads(done.stdout)["models"]
    assert model["accounting"]["elements"]["used"] == 2


def test_what_the_importer_refuses_is_located(table: Path, site: Path) -> None:
    """Its errors are diagnostics like all others: a line, and exit code 3."""
    table.write_text("sense;1000;200\nact;often\n", encoding="utf-8")
    done = aicompiler(site, "check", str(table))
    assert done.returncode == 3
    assert "robot.tasktable:2:" in done.stderr + done.stdout


def test_the_imported_system_builds(table: Path, site: Path, tmp_path: Path) -> None:
    """Nothing downstream knows where a system came from."""
    done = aicompiler(site, "build", str(table), "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "deployment.xmi").is_file()


def test_without_the_package_the_kind_is_unknown(table: Path) -> None:
    """The tool itself knows nothing of the format."""
    assert aicompiler(None, "check", str(table)).returncode == 2


def test_two_packages_for_one_name_are_refused(table: Path, tmp_path: Path) -> None:
    """An entry point cannot take the place of an importer that ships."""
    folder = tmp_path / "clash"
    folder.mkdir()
    done = aicompiler(install(folder, papyrus="aic_tasktable:TaskTable"), "check", str(table))
    assert done.returncode == 2
    assert "uninstall one" in done.stderr + done.stdout


def test_the_page_shows_the_code_that_is_tested() -> None:
    """Its listings are the files, character by character."""
    page = HOWTO.read_text(encoding="utf-8")
    for name, language in (("aic_tasktable/__init__.py", "python"), ("pyproject.toml", "toml")):
        assert f"```{language}\n{(HERE / name).read_text(encoding='utf-8')}```\n" in page
