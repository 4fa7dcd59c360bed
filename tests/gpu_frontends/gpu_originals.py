"""Kernels as they were written, run by others: OpenCL C by PoCL, CUDA C++ by g++ and fibers."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from aicompiler.transformations.kernels import Direction, Signature, numpy_type
from batches import opencl_context

SHIM = Path(__file__).parent / "shim" / "original_cuda.h"
Space = tuple[tuple[int, ...], tuple[int, ...]]
SPACES: dict[str, Space] = {  # index spaces, as a host would give them: (work-items, size of a group)
    "saxpy": ((1024,), (64,)),
    "stencil": ((40, 24), (8, 8)),
    "matmul": ((32, 24), (8, 8)),
    "reduction": ((384,), (64,)),
    "transpose": ((40, 24), (8, 8)),
    "histogram": ((80,), (16,)),
    "convolve": ((256,), (64,)),
}


def parameter_names(text: str, name: str) -> list[str]:
    """The names of a kernel's parameters in order, read off its text."""
    listed = re.search(rf"\bvoid\s+{name}\s*\(([^)]*)\)", text)
    assert listed is not None
    return [re.findall(r"\w+", part)[-1] for part in listed[1].split(",")]


def _storage(own: Signature, values: dict[str, Any]) -> dict[str, Any]:
    arrays = {p.name: np.zeros(p.shape, numpy_type(p.dtype)) for p in own.parameters}
    arrays |= {n: v.copy() for n, v in values.items()}
    return arrays | {c.name: np.array(c.value, numpy_type(c.dtype)) for c in own.constants}


def _results(own: Signature, arrays: dict[str, Any]) -> dict[str, Any]:
    return {p.name: arrays[p.name] for p in own.parameters if p.direction is not Direction.IN}


def run_opencl(
    name: str, text: str, own: Signature, values: dict[str, Any], space: Space | None = None
) -> dict[str, Any]:
    """One launch of the original text by PoCL, with nothing contracted."""
    import pyopencl

    context = opencl_context()
    program = pyopencl.Program(context, "#pragma OPENCL FP_CONTRACT OFF\n" + text).build(["-cl-std=CL1.2"])
    queue = pyopencl.CommandQueue(context)
    arrays = _storage(own, values)
    flags = pyopencl.mem_flags.READ_WRITE | pyopencl.mem_flags.COPY_HOST_PTR
    buffers = {n: pyopencl.Buffer(context, flags, hostbuf=a) for n, a in arrays.items() if a.ndim}
    arguments = [buffers.get(n, arrays[n][()]) for n in parameter_names(text, name)]
    pyopencl.Kernel(program, name)(queue, *(space or SPACES[name]), *arguments)
    for n, buffer in buffers.items():
        pyopencl.enqueue_copy(queue, arrays[n], buffer)
    queue.finish()
    return _results(own, arrays)


def build_cuda(names: Sequence[str], texts: Sequence[str], folder: Path) -> Path:
    """Compile original texts, each in a namespace of its own, into one library."""
    parts = [f'#include "{SHIM}"']
    for name, text in zip(names, texts, strict=True):
        plain = text.replace('extern "C"', "")
        parts += [f"namespace own_{name} {{", plain, "#undef TILE", "}"]
        parts.append(f"SHIM_ORIGINAL(launch_{name}, own_{name}::{name})")
    source, library = folder / "originals.cpp", folder / "originals.so"
    source.write_text("\n".join(parts))
    flags = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w"]
    subprocess.run(["g++", *flags, str(source), "-o", str(library)], check=True)
    return library


def run_cuda(name: str, text: str, library: Path, own: Signature, values: dict[str, Any]) -> dict[str, Any]:
    """One launch of the original text, one fiber a thread."""
    arrays = _storage(own, values)
    pointers = {n: ctypes.c_void_p(a.ctypes.data) for n, a in arrays.items()}
    listed = parameter_names(text, name)
    table = (ctypes.c_void_p * len(listed))()
    for i, n in enumerate(listed):
        table[i] = ctypes.addressof(pointers[n]) if arrays[n].ndim else pointers[n].value
    size, group = ([*s, 1, 1][:3] for s in SPACES[name])
    triple = ctypes.c_uint * 3
    grid = triple(*(n // g for n, g in zip(size, group, strict=True)))
    waited = getattr(ctypes.CDLL(str(library)), f"launch_{name}")(grid, triple(*group), table)
    assert waited == 0, "some threads waited at a barrier that others never reached"
    return _results(own, arrays)
