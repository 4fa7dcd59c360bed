"""Target ``cuda``: the kernels of OpenCL in another dialect, accepted by NVIDIA's compilers where present."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from aicompiler.codegen.targets import launches
from aicompiler.codegen.targets.cuda import Cuda
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, parse

CORPUS = sorted(p.stem for p in (Path(__file__).parent / "corpus").glob("*.c"))
LoadKernel = Callable[..., Kernel]


def emitted(kernel: Kernel) -> str:
    (file,) = Cuda().emit(kernel, None)
    return file.content.decode()


def nvrtc() -> Path | None:
    """The library of the package nvidia-cuda-nvrtc, whichever version is installed."""
    spec = find_spec("nvidia")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return next((p for f in folders for p in sorted(Path(f).glob("*/lib/libnvrtc.so.*"))), None)


@pytest.mark.parametrize("name", CORPUS)
def test_launches_are_those_of_opencl(name: str, kernels: LoadKernel, schedule: Any) -> None:
    """One plan serves both: the same launches, arguments and temporary buffers."""
    kernel = schedule("cuda", kernels(name))
    plan = launches(kernel)
    assert Cuda().launches(kernel) == plan
    text = emitted(kernel)
    assert re.findall(r"^void (\w+)\(", text, re.M) == [launch.kernel_name for launch in plan.launches]
    assert "#include" not in text


@pytest.mark.skipif(which("nvcc") is None, reason="no nvcc on this machine")
def test_nvcc_compiles_the_corpus(kernels: LoadKernel, schedule: Any, tmp_path: Path) -> None:
    """Every kernel becomes PTX without a warning; products and sums stay apart."""
    texts = [emitted(schedule("cuda", kernels(name))) for name in CORPUS]
    source = tmp_path / "corpus.cu"
    source.write_text("".join(texts))
    ptx = tmp_path / "corpus.ptx"
    flags = ["-ptx", "-arch=compute_80", "-fmad=false", "-Werror", "all-warnings"]
    command = ["nvcc", *flags, source, "-o", ptx]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = ptx.read_text()
    assert all(f".entry {name}_step" in text for name in CORPUS)
    product = text.partition(".entry matmul_step")[2].partition(".entry")[0]
    assert "mul.f32" in product or "mul.rn.f32" in product
    assert "fma." not in product


@pytest.mark.skipif(nvrtc() is None, reason="pip install nvidia-cuda-nvrtc")
@pytest.mark.parametrize("name", CORPUS)
def test_nvrtc_compiles_the_corpus(name: str, kernels: LoadKernel, schedule: Any) -> None:
    """Every kernel becomes machine code of a GPU without one, and without any header."""
    library = ctypes.CDLL(str(nvrtc()))
    text = emitted(schedule("cuda", kernels(name))).encode()
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert library.nvrtcCreateProgram(ctypes.byref(program), text, b"kernel.cu", 0, None, None) == 0
    options = (ctypes.c_char_p * 2)(b"--gpu-architecture=sm_90", b"--fmad=false")
    result = library.nvrtcCompileProgram(program, 2, options)
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    assert result == 0, log.value.decode()
    library.nvrtcGetCUBINSize(program, ctypes.byref(size))
    assert size.value > 1000
    library.nvrtcDestroyProgram(ctypes.byref(program))


def table_kernel(entries: int) -> Kernel:
    values = ", ".join(str(i % 251) for i in range(entries))
    body = f"static const int32_t big[{entries}] = {{{values}}};\n*r = big[i];"
    parameters = (
        Parameter("i", ElementType.U16, (), Direction.IN),
        Parameter("r", ElementType.I32, (), Direction.OUT),
    )
    behaviour = Behaviour(id="b", name="b", language="C", body=body)
    return parse(behaviour, Signature("big_step", parameters))


def test_tables_beyond_constant_memory_are_global() -> None:
    """Up to 64 KiB a table is __constant__; a larger one would not compile there."""
    assert "__constant__ const int big_step_big[16384]" in emitted(table_kernel(16384))
    assert "__device__ const int big_step_big[16385]" in emitted(table_kernel(16385))


def test_names_of_cuda_are_avoided() -> None:
    """A port called like something that CUDA predefines gets another name."""
    parameters = (
        Parameter("threadIdx", ElementType.I32, (4,), Direction.IN),
        Parameter("r", ElementType.I32, (4,), Direction.OUT),
    )
    body = "for (int i = 0; i < 4; i++) { r[i] = threadIdx[i]; }"
    kernel = parse(Behaviour(id="b", name="b", language="C", body=body), Signature("names_step", parameters))
    assert "int *__restrict__ threadIdx_" in emitted(kernel)
