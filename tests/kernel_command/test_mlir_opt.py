"""The modules of kernels are MLIR that MLIR's own ``mlir-opt`` verifies, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import inline

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "gpu_frontends"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "hls_frontend"))

from c_bodies import c_kernels
from gpu_corpus import CORPUS as GPU
from gpu_corpus import kernel as gpu_kernel
from hls_corpus import CORPUS as HLS
from hls_corpus import hls_kernel

VERSIONS = range(30, 14, -1)


def mlir_opt() -> str:
    """The tool, under the names that Debian gives it; skips where there is none."""
    names = ["mlir-opt", *(f"mlir-opt-{v}" for v in VERSIONS)]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("mlir-opt is absent: apt-get install mlir-19-tools (or a later version)")
    return found


def verified(kernels: list[Kernel]) -> None:
    """All modules in one run of the tool, split; its complaints name the module."""
    texts = [str(k.module) for k in kernels] + [str(inline(k).module) for k in kernels]
    run = subprocess.run(
        [mlir_opt(), "--split-input-file", "-", "-o", "/dev/null"],
        input="\n// -----\n".join(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[:2000]


def test_a_wrong_module_is_found() -> None:
    """The tool refuses a module whose types do not fit, so that the tests below test something."""
    text = "func.func @f(%a: i32) -> i64 {\n  func.return %a : i32\n}\n"
    run = subprocess.run([mlir_opt(), "-"], input=text, capture_output=True, text=True, check=False)
    assert run.returncode != 0


def test_gpu_kernels_are_valid_mlir() -> None:
    """OpenCL C, CUDA C++ and C variants."""
    verified([gpu_kernel(p.stem, e) for p in sorted(GPU.glob("*.c")) for e in ("c", "cl", "cu")])


def test_hls_functions_are_valid_mlir() -> None:
    """HLS C++."""
    verified([hls_kernel(p.stem)[0] for p in sorted(HLS.glob("*.cpp"))])


def test_c_bodies_are_valid_mlir() -> None:
    """The corpus of C bodies that all targets are compared on."""
    kernels = c_kernels(Path(__file__).resolve().parents[1] / "targets" / "corpus")
    assert len(kernels) >= 15
    verified(kernels)


def test_the_example_is_valid_mlir(example: Path) -> None:
    """Every behaviour of the shipped example, in whatever language."""
    system, _ = load_system(example)
    kernels = [parse_entry(c, e) for c in system.components for e in c.entries if e.behaviours]
    assert kernels
    verified(kernels)


def test_names_of_loops_are_attributes_that_mlir_keeps() -> None:
    """The tool's own attributes survive a round trip."""
    kernel = gpu_kernel("stencil", "cl")
    run = subprocess.run(
        [mlir_opt(), "-"], input=str(kernel.module), capture_output=True, text=True, check=True
    )
    assert sorted(set(re.findall(r'aic\.loop = "(L\d+)"', run.stdout))) == ["L0", "L1"]
