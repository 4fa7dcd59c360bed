"""``-DWITH_XRT=ON``: the XRT host code, run against a runtime of ours whose circuits are C++ functions."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cmake
import ninja
import pytest
from aicompiler.codegen import write_project
from aicompiler.run import opencl_fallback

SHIM = Path(__file__).parent.parent / "targets" / "shim"
PERIODS = "6"


def tool(name: str, *arguments: object) -> None:
    command = [Path(cmake.CMAKE_BIN_DIR) / name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(small: Any, decide: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two circuits with state, scalars and arrays; the project and where it is built."""
    place = tmp_path_factory.mktemp("xrt")
    project, build = place / "out", place / "build"
    case = decide(small, source="cpu", slow="fpga", pair="fpga", fast="cpu", sink="fpga")
    write_project(case.generate(vectors=()), project)
    empty = ["gcc", "-shared", "-o", place / "libxrt_coreutil.so", "-xc", "/dev/null"]
    subprocess.run(empty, check=True)
    options = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={Path(ninja.BIN_DIR) / 'ninja'}", "-DWITH_XRT=ON"]
    xrt = [f"-DAIC_XRT_INCLUDE={SHIM}", f"-DAIC_XRT_LIBRARY={place / 'libxrt_coreutil.so'}"]
    tool("cmake", "-S", project, "-B", build, *options, *xrt)
    tool("cmake", "--build", build, "-j", 2)
    return project, build


@pytest.fixture(scope="module")
def circuits(built: tuple[Path, Path]) -> Path:
    """What link.cfg asks for, as a library: the top functions that it names, found by their names."""
    project, build = built
    folder = project / "kernels" / "hls"
    lines = (folder / "link.cfg").read_text().splitlines()
    tops = [line.removeprefix("nk=").split(":")[0] for line in lines if line.startswith("nk=")]
    assert sorted(tops) == ["pair_step_axi", "sink_step_axi", "slow_step_axi"]
    texts = [f'#include "{SHIM / "cuda_shim.h"}"']
    for top in tops:
        name = top.removesuffix("_axi")
        texts += [f'#include "{folder / name}.cpp"', f'#include "{folder / top}.cpp"', f"SHIM_KERNEL({top})"]
    source, library = build / "circuits.cpp", build / "circuits.xclbin"
    source.write_text("\n".join(texts))
    subprocess.run(["g++", "-std=c++17", "-w", "-shared", "-fPIC", source, "-o", library], check=True)
    return library


def run(build: Path, folder: Path, environment: Mapping[str, str]) -> tuple[Any, dict[str, bytes]]:
    record, log = folder / "record", folder / "log.jsonl"
    record.mkdir(parents=True)
    command = [build / "node_board", "--free-run", "--periods", PERIODS, "--record", record, "--log", log]
    subprocess.run(command, check=True, env={**opencl_fallback(), **os.environ, **environment})
    events = [json.loads(line) for line in log.read_text().splitlines()]
    (fpga,) = [e for e in events if e["event"] == "device" and e["unit"] == "fpga"]
    return fpga, {p.name: p.read_bytes() for p in sorted(record.iterdir())}


def test_circuits_put_out_what_their_simulation_does(
    built: tuple[Path, Path], circuits: Path, tmp_path: Path
) -> None:
    """A device with the file of circuits is used and named; without one the simulation runs and says why."""
    _, build = built
    device, through_xrt = run(build, tmp_path / "xrt", {"AIC_XCLBIN": str(circuits)})
    assert (device["device"], device["driver"], device["note"]) == ("shim", str(circuits)[:127], "XRT")
    assert device["stand_in"] is False
    host, simulated = run(build, tmp_path / "host", {"AIC_XCLBIN": "/nowhere.xclbin"})
    reason = "no FPGA with the circuits /nowhere.xclbin: no such file"
    assert host["note"] == f"C simulation of the circuits; {reason}"
    assert all(through_xrt.values())
    assert through_xrt == simulated


def test_a_missing_circuit_is_a_sentence(built: tuple[Path, Path], tmp_path: Path) -> None:
    """A file of other circuits ends the run with the name of the one that is not there."""
    _, build = built
    empty = tmp_path / "empty.xclbin"
    subprocess.run(["gcc", "-shared", "-o", empty, "-xc", "/dev/null"], check=True)
    environment = {**os.environ, "AIC_XCLBIN": str(empty)}
    done = subprocess.run(
        [build / "node_board", "--free-run"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "the FPGA cannot run circuit" in done.stderr
