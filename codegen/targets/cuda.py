"""Target ``cuda``: CUDA C++, the kernels and launches of target ``opencl`` in another dialect."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes.util import find_library
from math import prod
from shutil import which
from typing import ClassVar

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel
from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType

from ._expressions import Spelling
from ._helpers import BITS_BY_COPY
from ._types import of_mlir
from .opencl import OpenCl

INTEGERS = {"8": "char", "16": "short", "32": "int", "64": "long long"}
TYPES = {f"{s}{w}": f"{'signed' if s == 'i' else 'unsigned'} {t}" for s in "iu" for w, t in INTEGERS.items()}
PRELUDE = """\
#ifdef __CUDACC_RTC__ /* has no headers */
#define INFINITY __builtin_bit_cast(float, 0x7f800000)
#define NAN __builtin_bit_cast(float, 0x7fc00000)
#endif
"""

CONSTANT_BYTES = 65536
"""Constant memory of a CUDA module (CUDA C++ Programming Guide, technical specifications)."""


class Cuda(OpenCl):
    """CUDA C++ for nvcc and NVRTC, without any header; compile with -fmad=false: nothing is contracted."""

    name, suffix = "cuda", ".cu"
    spelling: ClassVar[Spelling] = Spelling(
        {**TYPES, "i32": "int", "f32": "float", "f64": "double", "bool": "bool"}, "{}LL", "{}ULL"
    )
    spaces: ClassVar[Mapping[str, str]] = {}
    restrict: ClassVar[str] = "__restrict__ "
    local_function: ClassVar[str] = "static __device__ "
    table_qualifier: ClassVar[str] = "static __constant__ const "
    f32_suffix: ClassVar[str] = "f"
    bit_helpers: ClassVar[Mapping[str, str]] = BITS_BY_COPY
    global_ids: ClassVar[tuple[str, ...]] = tuple(
        f"(blockIdx.{d} * blockDim.{d} + threadIdx.{d})" for d in "xyz"
    )

    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:  # noqa: ARG002
        """``kernels/cuda/NAME.cu``."""
        printer = self if table_bytes(kernel) <= CONSTANT_BYTES else LargeTables()
        blocks = [self.banner(kernel) + PRELUDE, *printer.texts(kernel)]
        return [self.file(f"kernels/cuda/{kernel.name}{self.suffix}", blocks)]

    def head(self, local: tuple[int, ...]) -> str:
        """Thread blocks have the size of OpenCL's work-groups."""
        return f'extern "C" __global__ __launch_bounds__({prod(local)})\nvoid'

    def unavailable(self) -> str | None:
        """A driver, which comes with a GPU, and what compiles: nvcc or NVRTC."""
        if find_library("cuda") is None:
            return "no CUDA driver found: install the driver of an NVIDIA GPU"
        found = which("nvcc") or find_library("nvrtc")
        return None if found else "no CUDA compiler found: install nvcc, or pip install nvidia-cuda-nvrtc"


class LargeTables(Cuda):
    """Tables that do not fit constant memory lie in global memory."""

    table_qualifier: ClassVar[str] = "static __device__ const "


def table_bytes(kernel: Kernel) -> int:
    """Size of all constant tables."""
    types = [op.type for op in kernel.module.walk() if isinstance(op, memref.GlobalOp)]
    return sum(
        prod(t.get_shape()) * max(of_mlir(t.element_type).bits, 8) // 8
        for t in types
        if isinstance(t, MemRefType)
    )
