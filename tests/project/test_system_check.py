"""The test of the whole system: what its driver makes of nodes that fail, differ or lack a device."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Case = Any  # tests/project/conftest.py: a system with a decision, and generate()
Node = Callable[[str], Path]
OUTPUTS = ("fast.z.bin", "sink.log.bin")
GOOD = f'for f in {" ".join(OUTPUTS)}; do echo same > "$5/$f"; done'
FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror"]


@pytest.fixture(scope="module")
def driver(spread: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver of the small system, compiled alone."""
    folder = tmp_path_factory.mktemp("driver")
    files = {f.path: f.content for f in spread.generate().files}
    (folder / "system.c").write_bytes(files["tests/system.c"])
    subprocess.run(["gcc", *FLAGS, "system.c", "-o", "system"], cwd=folder, check=True)
    return folder / "system"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Write a program that does what a line of shell says; its arguments are those of a node."""

    def write(line: str) -> Path:
        path = tmp_path / f"node{len(list(tmp_path.iterdir()))}"
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
        return path

    return write


def check(driver: Path, folder: Path, reference: Path, *nodes: Path) -> tuple[int, str]:
    command = [str(driver), "7", str(folder / "work"), str(reference), *map(str, nodes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def test_equal_outputs_pass(driver: Path, node: Node, tmp_path: Path) -> None:
    """Nodes that put out what the reference does pass, run after run."""
    for _ in range(2):
        status, text = check(driver, tmp_path, node(GOOD), node(GOOD), node("true"))
        assert (status, text) == (0, "2 of 2 outputs are the same in 7 hyperperiods\n")


@pytest.mark.parametrize(
    "change", ["echo other > $5/sink.log.bin", "printf samf > $5/sink.log.bin", "rm $5/sink.log.bin"]
)
def test_another_output_is_named(driver: Path, node: Node, tmp_path: Path, change: str) -> None:
    """Other bytes, fewer, or none at all are a failure that names the output."""
    assert check(driver, tmp_path, node(GOOD), node(GOOD))[0] == 0  # what it left must not count
    status, text = check(driver, tmp_path, node(GOOD), node(f"{GOOD}; {change}"))
    assert status == 1
    assert "sink.log.bin differs" in text and "1 of 2 outputs are the same" in text


def test_missing_devices_alone_skip(driver: Path, node: Node, tmp_path: Path) -> None:
    """Status 77 says that nothing was compared, only because a device is missing."""
    status, text = check(driver, tmp_path, node(GOOD), node("exit 4"), node(GOOD))
    assert status == 77
    assert text.endswith("skipped: a device is not available\n")


@pytest.mark.parametrize(
    "failing", ["exit 1", "exit 3", "kill -SEGV $$", "echo 'skipped: no device' >&2; exit 1"]
)
def test_a_missing_device_hides_no_failure(driver: Path, node: Node, tmp_path: Path, failing: str) -> None:
    """One node without its device, before or after one that failed: the test fails."""
    absent = node("exit 4")
    for nodes in ([absent, node(failing)], [node(failing), absent]):
        status, text = check(driver, tmp_path, node(GOOD), *nodes)
        assert status == 1
        assert text.endswith("a node failed\n")


def test_a_failing_reference_fails(driver: Path, node: Node, tmp_path: Path) -> None:
    """Whatever it has put out before."""
    assert check(driver, tmp_path, node(f"{GOOD}; exit 1"), node(GOOD))[0] == 1
    assert check(driver, tmp_path, tmp_path / "absent", node(GOOD))[0] == 1
