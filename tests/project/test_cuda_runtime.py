"""``-DWITH_CUDA=ON``: the CUDA host code, run against a driver of ours whose device is g++."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Any

import cmake
import ninja
import pytest
from aicompiler.codegen import write_project
from aicompiler.run import opencl_fallback

SHIM = Path(__file__).parent.parent / "targets" / "shim"
PERIODS = "6"


def tool(name: str, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    command = [Path(cmake.CMAKE_BIN_DIR) / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | more)


def built(project: Path, build: Path, *defines: str, targets: tuple[str, ...] = ()) -> Path:
    ninja_path = Path(ninja.BIN_DIR) / "ninja"
    options = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja_path}", "-DWITH_CUDA=ON", *defines]
    done = tool("cmake", "-S", project, "-B", build, *options)
    assert done.returncode == 0, done.stderr
    chosen = ["--target", *targets] if targets else []
    done = tool("cmake", "--build", build, "-j", 2, *chosen)
    assert done.returncode == 0, done.stdout
    return build


@pytest.fixture(scope="module")
def project(spread: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something on the CPU, the GPU and the FPGA."""
    out = tmp_path_factory.mktemp("cuda") / "out"
    write_project(spread.generate(), out)
    return out


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which a CUDA device seems to be there."""
    folder = tmp_path_factory.mktemp("shim")
    library = folder / "libfake.so"
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, SHIM / "fake_cuda.c", "-o", library], check=True)
    return {
        "AIC_CUDA_LIB": str(library),
        "AIC_NVRTC_LIB": str(library),
        "SHIM_HEADER": str(SHIM / "cuda_shim.h"),
        "SHIM_FOLDER": str(folder),
    }


@pytest.fixture(scope="module")
def build(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as where there is no nvcc: the kernels' text is embedded."""
    return built(project, tmp_path_factory.mktemp("cuda") / "build", "-DAIC_NVCC=")


def run(build: Path, folder: Path, environment: Mapping[str, str]) -> tuple[Any, dict[str, bytes]]:
    record, log = folder / "record", folder / "log.jsonl"
    record.mkdir(parents=True)
    command = [build / "node_board", "--free-run", "--periods", PERIODS, "--record", record, "--log", log]
    subprocess.run(command, check=True, env={**opencl_fallback(), **os.environ, **environment})
    events = [json.loads(line) for line in log.read_text().splitlines()]
    (gpu,) = [e for e in events if e["event"] == "device" and e["unit"] == "gpu"]
    return gpu, {p.name: p.read_bytes() for p in sorted(record.iterdir())}


def test_cuda_and_opencl_put_out_the_same_bytes(build: Path, shim: dict[str, str], tmp_path: Path) -> None:
    """A CUDA device is preferred and named; state, values and temporaries arrive as through OpenCL."""
    cuda, through_cuda = run(build, tmp_path / "cuda", shim)
    assert (cuda["device"], cuda["note"], cuda["stand_in"]) == ("shim", "CUDA", False)
    assert cuda["driver"] == "CUDA 13.0, compute capability 9.0"
    opencl, through_opencl = run(build, tmp_path / "opencl", {**shim, "AIC_GPU_INTERFACE": "opencl"})
    assert opencl["note"].startswith("OpenCL")
    assert all(through_cuda.values())
    assert through_cuda == through_opencl


def test_without_a_device_opencl_runs_and_says_why(build: Path, shim: dict[str, str], tmp_path: Path) -> None:
    """No driver, or a driver without a device: OpenCL takes over, never silently."""
    gpu, _ = run(build, tmp_path / "a", {**shim, "SHIM_NO_DEVICE": "1"})
    assert gpu["note"].startswith("OpenCL")
    assert gpu["note"].endswith("; CUDA has no device (error 0)")
    gpu, _ = run(build, tmp_path / "b", {"AIC_CUDA_LIB": "/nowhere/libcuda.so"})
    assert gpu["note"].endswith("; no CUDA driver /nowhere/libcuda.so can be opened")


def test_self_checks_run_through_cuda(build: Path, shim: dict[str, str]) -> None:
    """Each GPU kernel is compared with the interpreter's vectors and with C through CUDA, too."""
    done = tool("ctest", "--test-dir", build, "-R", r"\.cuda$", "--output-on-failure", "-j", 2, **shim)
    assert done.returncode == 0, done.stdout
    assert "100% tests passed" in done.stdout
    assert "Skipped" not in done.stdout
    done = tool("ctest", "--test-dir", build, "-R", r"\.cuda$", AIC_CUDA_LIB="/nowhere")
    assert "Skipped" in done.stdout


def test_a_missing_compiler_is_a_sentence(build: Path, shim: dict[str, str], tmp_path: Path) -> None:
    """Where CUDA is demanded and no NVRTC is there, the run ends with what to do."""
    environment = {**os.environ, **shim, "AIC_NVRTC_LIB": "/nowhere", "AIC_GPU_INTERFACE": "cuda"}
    done = subprocess.run(
        [build / "node_board", "--free-run"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "no libnvrtc can be opened; build with nvcc, or set AIC_NVRTC_LIB" in done.stderr


@pytest.mark.skipif(which("nvcc") is None, reason="no nvcc on this machine")
def test_nvcc_makes_the_images(project: Path, tmp_path: Path) -> None:
    """With nvcc the kernels are compiled when the project is: the program holds images, no text."""
    build = built(project, tmp_path / "build", "-DAIC_CUDA_ARCH=sm_90", targets=("node_board",))
    program = (build / "node_board").read_bytes()
    assert b"\x50\xed\x55\xba" in program
    assert b"__launch_bounds__" not in program


def test_the_check_for_gpus_needs_no_package(project: Path, shim: dict[str, str]) -> None:
    """``benchmarks/cuda_check.py --from OUT`` runs on the standard library and says what it saw."""
    script = Path(__file__).parent.parent.parent / "benchmarks" / "cuda_check.py"
    command = [sys.executable, "-I", "-S", script, "--from", project, "--quick"]
    paths = [p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "nvcc").exists()]
    environment = {**os.environ, **shim, "PATH": os.pathsep.join(paths)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    result = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, result["ok"]) == (0, True), result
    assert (result["device"], result["compiler"]) == ("shim", "NVRTC")
    assert result["self_checks_passed"] == 10
    assert (result["outputs"], result["outputs_different"]) == (2, [])
    assert set(result["mean_busy_us"]) == {"slow.step", "sink.step"}
    done = subprocess.run(
        command, env={**environment, "AIC_CUDA_LIB": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 77
    assert json.loads(done.stdout.splitlines()[-1])["no_device"] is True
