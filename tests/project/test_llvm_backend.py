"""``-DCPU_BACKEND=llvm``: the same project without C kernels, and the same bytes."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import cmake
import ninja
import pytest
from aicompiler.codegen import write_project
from aicompiler.codegen.targets.llvm import MACHINES

PERIODS = "6"


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [Path(cmake.CMAKE_BIN_DIR) / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def configure(project: Path, build: Path, *defines: str) -> subprocess.CompletedProcess[str]:
    ninja_path = Path(ninja.BIN_DIR) / "ninja"
    return tool(
        "cmake", "-S", project, "-B", build, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja_path}", *defines
    )


@pytest.fixture(scope="module")
def project(all_cpu: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything on the CPU."""
    out = tmp_path_factory.mktemp("llvm") / "out"
    write_project(all_cpu.generate(), out)
    return out


@pytest.mark.skipif(platform.machine() not in MACHINES, reason=f"no object for {platform.machine()}")
def test_backends_put_out_the_same_bytes(project: Path, tmp_path: Path) -> None:
    """With LLVM no kernel is compiled from C, the log says so, and every output is the same."""
    outputs, codes = {}, {}
    for backend in ("c", "llvm"):
        build, record = tmp_path / backend, tmp_path / f"record_{backend}"
        record.mkdir()
        done = configure(project, build, f"-DCPU_BACKEND={backend}")
        assert done.returncode == 0, done.stderr
        done = tool("cmake", "--build", build, "--target", "node_board", "reference", "system_check", "-j", 2)
        assert done.returncode == 0, done.stdout
        log = tmp_path / f"{backend}.jsonl"
        command = [build / "node_board", "--free-run", "--periods", PERIODS, "--record", record, "--log", log]
        subprocess.run(command, check=True)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        codes[backend] = {e["note"] for e in events if e["event"] == "device"}
        outputs[backend] = {p.name: p.read_bytes() for p in sorted(record.iterdir())}
        compiled = (build / "build.ninja").read_text()
        assert ("node_board.dir/kernels/c/" in compiled) == (backend == "c")
        done = tool("ctest", "--test-dir", build, "-R", "^system$", "--output-on-failure")
        assert done.returncode == 0, done.stdout
    assert codes == {"c": {"C"}, "llvm": {"LLVM"}}
    assert len(outputs["c"]) >= 2
    assert all(outputs["c"].values())
    assert outputs["c"] == outputs["llvm"]


def test_unknown_backends_and_processors_are_refused(project: Path, tmp_path: Path) -> None:
    """A backend that does not exist, and a processor without objects, end configuration with a sentence."""
    done = configure(project, tmp_path / "a", "-DCPU_BACKEND=rust")
    assert done.returncode != 0
    assert "CPU_BACKEND is c or llvm, not rust" in done.stderr
    foreign = ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=sparc64"]
    done = configure(project, tmp_path / "b", "-DCPU_BACKEND=llvm", *foreign)
    assert done.returncode != 0
    assert "no objects for the processor sparc64: use -DCPU_BACKEND=c" in " ".join(done.stderr.split())


def test_without_llvm_the_build_offers_no_objects(
    all_cpu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generating needs no LLVM; asking such a project for its objects says what to install."""
    monkeypatch.setattr("aicompiler.codegen.project._kernels.find_spec", lambda _: None)
    out = tmp_path / "out"
    write_project(all_cpu.generate(), out)
    assert not (out / "kernels" / "llvm").exists()
    done = configure(out, tmp_path / "build", "-DCPU_BACKEND=llvm")
    assert done.returncode != 0
    assert "pip install 'aicompiler[llvm]'" in " ".join(done.stderr.split())
