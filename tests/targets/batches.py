"""Kernels compiled in batches: one shared object or program a target, however many kernels it holds."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from aicompiler.codegen import GeneratedFile
from aicompiler.codegen.targets import TARGETS, launches
from aicompiler.metamodels.system import ElementType, Unit, UnitKind
from aicompiler.transformations.kernels import Direction, Kernel, numpy_type

Values = dict[str, Any]
Run = Callable[[Kernel, Values], Values]
"""One job of a kernel of the batch: from IN and STATE parameters to OUT and STATE ones."""

COMPILERS = {
    "c": ["gcc", "-std=c11", "-ffp-contract=off"],
    "hls": ["g++", "-std=c++17", "-ffp-contract=off", "-Wno-unknown-pragmas"],
}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
LIBRARY = ["-O1", "-shared", "-fPIC"]
UNITS = {
    "c": Unit(id="cpu", kind=UnitKind.CPU),
    "opencl": Unit(id="gpu", kind=UnitKind.GPU),
    "cuda": Unit(id="gpu", kind=UnitKind.GPU),
    "hls": Unit(id="fpga", kind=UnitKind.FPGA),
    "llvm": Unit(id="cpu", kind=UnitKind.CPU),
}
SHIM = Path(__file__).parent / "shim" / "cuda_shim.h"


def batch(target: str, kernels: Sequence[Kernel], folder: Path, unit: Unit | None = None) -> Run:
    """Compile kernels scheduled for ``unit``, whose names differ, for ``target``; warnings are errors."""
    sources = [path for kernel in kernels for path in emitted(target, kernel, folder, unit)]
    return compiled(target, kernels, sources, folder)


def emitted(target: str, kernel: Kernel, folder: Path, unit: Unit | None = None) -> list[Path]:
    """Write what a target makes of a kernel, of ``llvm`` the text alone; the paths of the sources."""
    if target == "llvm":  # its objects are for other programs; this one compiles in memory
        from aicompiler.codegen.targets.llvm import lower

        return write([GeneratedFile(f"{kernel.name}.ll", lower(kernel).encode())], folder)
    return write(TARGETS.load(target)().emit(kernel, unit or UNITS[target]), folder)


def compiled(target: str, kernels: Sequence[Kernel], sources: Sequence[Path], folder: Path) -> Run:
    """One program or library of the sources of all kernels."""
    if len({k.name for k in kernels}) != len(kernels):
        raise ValueError(f"kernels of a batch need names of their own: {sorted(k.name for k in kernels)}")
    if target == "llvm":
        return llvm_batch(kernels)
    if target == "opencl":
        return opencl_batch(kernels, sources)
    library = folder / f"{kernels[0].name}_{target}.so"
    if target == "cuda":
        return cuda_batch(kernels, sources, library)
    return native_batch(target, sources, library)


def write(files: Sequence[GeneratedFile], folder: Path) -> list[Path]:
    """Write generated files; the paths of the sources among them."""
    paths = []
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        paths.append(path)
    return [p for p in paths if p.suffix in (".c", ".cpp", ".cl", ".cu", ".ll")]


def storage(kernel: Kernel, inputs: Values) -> Values:
    """A fresh array per parameter: inputs copied, outputs zero."""
    arrays = {}
    for p in kernel.signature.parameters:
        dtype = np.uint8 if p.dtype is ElementType.BOOL else numpy_type(p.dtype)
        arrays[p.name] = np.array(inputs.get(p.name, np.zeros(p.shape)), dtype=dtype).reshape(p.shape).copy()
    return arrays


def results(kernel: Kernel, arrays: Values) -> Values:
    """What a job gives: OUT and STATE parameters."""
    return {
        p.name: arrays[p.name].astype(numpy_type(p.dtype))
        for p in kernel.signature.parameters
        if p.direction is not Direction.IN
    }


def by_value(kernel: Kernel) -> set[str]:
    """The parameters that are passed as numbers."""
    return {p.name for p in kernel.signature.parameters if p.direction is Direction.IN and not p.shape}


# --- C and HLS: the host's compilers ----------------------------------------------------------------------


def native_batch(target: str, sources: Sequence[Path], library: Path) -> Run:
    """Compile with the host's compiler as the project does, as one translation unit; load with ctypes."""
    unit = sources[0]
    if len(sources) > 1:
        unit = library.with_suffix(sources[0].suffix)
        unit.write_text("".join(f'#include "{path}"\n' for path in sources))
    tables = f"-Wa,-I{library.parent}"  # where the assembler finds the values of large tables
    subprocess.run([*COMPILERS[target], *WARNINGS, *LIBRARY, tables, "-o", library, unit, "-lm"], check=True)
    return lambda kernel, inputs: call_native(library, kernel, inputs)


def call_native(library: Path, kernel: Kernel, inputs: Values) -> Values:
    """Load a shared library with ctypes and run one job."""
    function = getattr(ctypes.CDLL(str(library)), kernel.name)
    arrays = storage(kernel, inputs)
    scalars = by_value(kernel)
    function.restype = None
    function(
        *(
            np.ctypeslib.as_ctypes_type(a.dtype)(a.item()) if n in scalars else ctypes.c_void_p(a.ctypes.data)
            for n, a in arrays.items()
        )
    )
    return results(kernel, arrays)


# --- OpenCL: PoCL -----------------------------------------------------------------------------------------


@cache
def opencl_context() -> Any:
    """The first device; the bundled loader finds PoCL through PYOPENCL_HOME."""
    import pyopencl

    os.environ.setdefault("PYOPENCL_HOME", str(Path(pyopencl.__file__).parent))
    return pyopencl.Context([pyopencl.get_platforms()[0].get_devices()[0]])


def opencl_batch(kernels: Sequence[Kernel], sources: Sequence[Path]) -> Run:
    """Build one program with PoCL; a job enqueues what ``launches`` says."""
    import pyopencl

    context = opencl_context()
    (options,) = {launches(k).build_options for k in kernels}
    source = "".join(path.read_text() for path in sources)
    program = pyopencl.Program(context, source).build(options.split())
    return lambda kernel, inputs: call_opencl(context, program, kernel, inputs)


def call_opencl(context: Any, program: Any, kernel: Kernel, inputs: Values) -> Values:
    """Enqueue the launches of one job."""
    import pyopencl

    queue = pyopencl.CommandQueue(context)
    plan = launches(kernel)
    arrays = storage(kernel, inputs)
    flags = pyopencl.mem_flags.READ_WRITE
    buffers = {n: pyopencl.Buffer(context, flags, max(a.nbytes, 1)) for n, a in arrays.items()}
    for name, array in arrays.items():
        pyopencl.enqueue_copy(queue, buffers[name], array)
    temporaries = {n: pyopencl.Buffer(context, flags, size) for n, size in plan.temporaries}
    given = {**buffers, **temporaries, **{name: arrays[name][()] for name in by_value(kernel)}}
    for launch in plan.launches:
        function = pyopencl.Kernel(program, launch.kernel_name)
        function(queue, launch.global_size, launch.local_size, *(given[a] for a in launch.arguments))
    for name, array in arrays.items():
        pyopencl.enqueue_copy(queue, array, buffers[name])
    queue.finish()
    return results(kernel, arrays)


# --- CUDA: g++ and the shim -------------------------------------------------------------------------------


def cuda_batch(kernels: Sequence[Kernel], sources: Sequence[Path], library: Path) -> Run:
    """Compile with g++ and the shim, which runs the launches one thread after the other."""
    names = [launch.kernel_name for k in kernels for launch in launches(k).launches]
    main = library.with_name(f"{library.stem}_shim.cpp")
    included = "".join(f'#include "{path}"\n' for path in (SHIM, *sources))
    main.write_text(included + "".join(f"SHIM_KERNEL({name})\n" for name in names))
    ignored = ["-Wno-type-limits", "-Wno-tautological-compare"]
    flags = ["-std=c++17", "-ffp-contract=off", *LIBRARY, *WARNINGS, *ignored]
    subprocess.run(["g++", *flags, main, "-o", library], check=True)
    return lambda kernel, inputs: call_cuda(library, kernel, inputs)


def call_cuda(library: Path, kernel: Kernel, inputs: Values) -> Values:
    """Run the launches of one job."""
    loaded = ctypes.CDLL(str(library))
    plan = launches(kernel)
    arrays = storage(kernel, inputs)
    memory = {n: np.zeros(max(size, 1), np.uint8) for n, size in plan.temporaries}
    pointers = {n: ctypes.c_void_p(a.ctypes.data) for n, a in (arrays | memory).items()}
    scalars = by_value(kernel)
    for launch in plan.launches:
        # A table of the addresses of the arguments, as cuLaunchKernel takes them.
        table = (ctypes.c_void_p * (len(launch.arguments) + 1))()
        for i, name in enumerate(launch.arguments):
            table[i] = pointers[name].value if name in scalars else ctypes.addressof(pointers[name])
        block = [*launch.local_size, 1, 1][:3]
        grid = [g // b for g, b in zip([*launch.global_size, 1, 1], block, strict=False)]
        triple = ctypes.c_uint * 3
        getattr(loaded, f"{launch.kernel_name}_launch")(triple(*grid), triple(*block), table)
    return results(kernel, arrays)


# --- LLVM: in this process --------------------------------------------------------------------------------


def llvm_batch(kernels: Sequence[Kernel]) -> Run:
    """Compile to machine code in this process."""
    from aicompiler.codegen.targets.llvm import jit

    functions = {k.name: jit(k) for k in kernels}

    def run(kernel: Kernel, inputs: Values) -> Values:
        arrays = storage(kernel, inputs)
        functions[kernel.name](*arrays.values())
        return results(kernel, arrays)

    return run
