"""Runs kernels in every target, and loads the corpus of C bodies."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen import GeneratedFile
from aicompiler.codegen.targets import TARGETS, launches
from aicompiler.metamodels.system import Behaviour, ElementType, Unit, UnitKind
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    NamedConstant,
    Parameter,
    Signature,
    numpy_type,
    parse,
)
from aicompiler.transformations.kernels.passes import default_schedule

CORPUS = Path(__file__).parent / "corpus"
Values = dict[str, Any]
COMPILERS = {
    "c": ["gcc", "-std=c11", "-ffp-contract=off"],
    "hls": ["g++", "-std=c++17", "-ffp-contract=off", "-Wno-unknown-pragmas"],
}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
UNITS = {
    "c": Unit(id="cpu", kind=UnitKind.CPU),
    "opencl": Unit(id="gpu", kind=UnitKind.GPU),
    "cuda": Unit(id="gpu", kind=UnitKind.GPU),
    "hls": Unit(id="fpga", kind=UnitKind.FPGA),
    "llvm": Unit(id="cpu", kind=UnitKind.CPU),
}


def corpus_kernel(name: str, **extents: int) -> Kernel:
    """The kernel in ``corpus/NAME.c``: its first line gives constants and parameters."""
    head, body = (CORPUS / f"{name}.c").read_text().split("\n", 1)
    sizes, _, parameters = head.removeprefix("//").partition(":")
    constants = {k: int(v) for k, v in (pair.split("=") for pair in sizes.split())} | extents
    signature = Signature(
        f"{name}_step",
        tuple(_parameter(text.strip(), constants) for text in parameters.split(";")),
        tuple(NamedConstant(k, ElementType.I32, v) for k, v in constants.items()),
    )
    return parse(Behaviour(id=name, name=name, language="C", body=body), signature)


def _parameter(text: str, constants: Mapping[str, int]) -> Parameter:
    direction, dtype, declarator = text.split(" ")
    extents = tuple(re.findall(r"\[(\w+)\]", declarator))
    shape = tuple(constants[e] for e in extents)
    return Parameter(declarator.split("[")[0], ElementType(dtype), shape, Direction(direction), extents)


def random_inputs(kernel: Kernel, seed: int) -> Values:
    """Values for all IN and STATE parameters; signed ones small enough that sums do not overflow."""
    rng = np.random.default_rng(seed)
    return {p.name: _random(rng, p) for p in kernel.signature.parameters if p.direction is not Direction.OUT}


def _random(rng: np.random.Generator, parameter: Parameter) -> Any:
    dtype = numpy_type(parameter.dtype)
    if parameter.dtype is ElementType.BOOL:
        return rng.integers(0, 2, parameter.shape).astype(dtype)
    if parameter.dtype.is_float:
        return rng.normal(0, 3, parameter.shape).astype(dtype)
    limits = np.iinfo(dtype)
    low, high = max(-2000, int(limits.min)), int(limits.max)
    if parameter.dtype.is_signed:
        high = min(2000, high)
    return rng.integers(low, high, parameter.shape, dtype=dtype, endpoint=True)


def scheduled(target: str, kernel: Kernel) -> Kernel:
    """The kernel with the default schedule of the kind of unit that the target is for."""
    return default_schedule(kernel, UNITS[target])


def write(files: list[GeneratedFile], folder: Path) -> list[Path]:
    """Write generated files; the paths of the sources among them."""
    paths = []
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        paths.append(path)
    return [p for p in paths if p.suffix in (".c", ".cpp", ".cl", ".cu")]


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


def run_native(target: str, kernel: Kernel, inputs: Values, folder: Path) -> Values:
    """Compile with the host's compiler as the project does, load with ctypes, run one job."""
    library = folder / f"{kernel.name}_{target}.so"
    if not library.exists():
        sources = write(TARGETS.load(target)().emit(kernel, UNITS[target]), folder)
        command = [*COMPILERS[target], *WARNINGS, "-O1", "-shared", "-fPIC", "-o", library, *sources, "-lm"]
        subprocess.run(command, check=True)
    return call_native(library, kernel, inputs)


def call_native(library: Path, kernel: Kernel, inputs: Values) -> Values:
    """Load a shared library with ctypes and run one job."""
    function = getattr(ctypes.CDLL(str(library)), kernel.name)
    arrays = storage(kernel, inputs)
    arguments = []
    for p in kernel.signature.parameters:
        array = arrays[p.name]
        if p.direction is Direction.IN and not p.shape:
            arguments.append(np.ctypeslib.as_ctypes_type(array.dtype)(array.item()))
        else:
            arguments.append(ctypes.c_void_p(array.ctypes.data))
    function.restype = None
    function(*arguments)
    return results(kernel, arrays)


@cache
def opencl_context() -> Any:
    """The first device; the bundled loader finds PoCL through PYOPENCL_HOME."""
    import pyopencl

    os.environ.setdefault("PYOPENCL_HOME", str(Path(pyopencl.__file__).parent))
    return pyopencl.Context([pyopencl.get_platforms()[0].get_devices()[0]])


def run_opencl(kernel: Kernel, inputs: Values) -> Values:
    """Build with PoCL and enqueue what ``launches`` says."""
    import pyopencl

    context = opencl_context()
    queue = pyopencl.CommandQueue(context)
    plan = launches(kernel)
    source = TARGETS.load("opencl")().emit(kernel, UNITS["opencl"])[0].content.decode()
    program = pyopencl.Program(context, source).build(plan.build_options.split())
    arrays = storage(kernel, inputs)
    flags = pyopencl.mem_flags.READ_WRITE
    buffers = {n: pyopencl.Buffer(context, flags, max(a.nbytes, 1)) for n, a in arrays.items()}
    for name, array in arrays.items():
        pyopencl.enqueue_copy(queue, buffers[name], array)
    temporaries = {n: pyopencl.Buffer(context, flags, size) for n, size in plan.temporaries}
    scalars = [p.name for p in kernel.signature.parameters if p.direction is Direction.IN and not p.shape]
    by_value = {name: arrays[name][()] for name in scalars}
    given = {**buffers, **temporaries, **by_value}
    for launch in plan.launches:
        function = getattr(program, launch.kernel_name)
        function(queue, launch.global_size, launch.local_size, *(given[a] for a in launch.arguments))
    for name, array in arrays.items():
        pyopencl.enqueue_copy(queue, array, buffers[name])
    queue.finish()
    return results(kernel, arrays)


SHIM = Path(__file__).parent / "shim" / "cuda_shim.h"


def run_cuda(kernel: Kernel, inputs: Values, folder: Path) -> Values:
    """Compile with g++ and the shim, and run the launches one thread after the other."""
    plan = launches(kernel)
    library = folder / f"{kernel.name}_cuda.so"
    if not library.exists():
        (source,) = write(TARGETS.load("cuda")().emit(kernel, UNITS["cuda"]), folder)
        main = folder / f"{kernel.name}_shim.cpp"
        names = "".join(f"SHIM_KERNEL({launch.kernel_name})\n" for launch in plan.launches)
        main.write_text(f'#include "{SHIM}"\n#include "{source}"\n{names}')
        flags = ["-std=c++17", "-ffp-contract=off", "-O1", "-shared", "-fPIC", *WARNINGS]
        ignored = ["-Wno-type-limits", "-Wno-tautological-compare"]
        subprocess.run(["g++", *flags, *ignored, main, "-o", library], check=True)
    loaded = ctypes.CDLL(str(library))
    arrays = storage(kernel, inputs)
    memory = {n: np.zeros(max(size, 1), np.uint8) for n, size in plan.temporaries}
    scalars = {p.name for p in kernel.signature.parameters if p.direction is Direction.IN and not p.shape}
    pointers = {n: ctypes.c_void_p(a.ctypes.data) for n, a in (arrays | memory).items()}
    for launch in plan.launches:
        values = [pointers[a] if a in scalars else ctypes.addressof(pointers[a]) for a in launch.arguments]
        block = [*launch.local_size, 1, 1][:3]
        grid = [g // b for g, b in zip([*launch.global_size, 1, 1], block, strict=False)]
        triple = ctypes.c_uint * 3
        table = (ctypes.c_void_p * (len(values) + 1))(*(v if isinstance(v, int) else v.value for v in values))
        getattr(loaded, f"{launch.kernel_name}_launch")(triple(*grid), triple(*block), table)
    return results(kernel, arrays)


def run_llvm(kernel: Kernel, inputs: Values) -> Values:
    """Compile to machine code in this process and run one job."""
    from aicompiler.codegen.targets.llvm import jit

    arrays = storage(kernel, inputs)
    jit(kernel)(*arrays.values())
    return results(kernel, arrays)


def run_target(target: str, kernel: Kernel, inputs: Values, folder: Path) -> Values:
    """One job of a kernel in any target."""
    if target == "opencl":
        return run_opencl(kernel, inputs)
    if target == "cuda":
        return run_cuda(kernel, inputs, folder)
    if target == "llvm":
        return run_llvm(kernel, inputs)
    return run_native(target, kernel, inputs, folder)


@pytest.fixture(scope="session")
def kernels() -> Callable[..., Kernel]:
    """Loads a kernel of the corpus, at other extents if wanted."""
    return corpus_kernel


@pytest.fixture(scope="session")
def inputs() -> Callable[[Kernel, int], Values]:
    """Makes random inputs."""
    return random_inputs


@pytest.fixture(scope="session")
def call() -> Callable[[Path, Kernel, Values], Values]:
    """Runs one job of a kernel in a shared library."""
    return call_native


@pytest.fixture(scope="session")
def schedule() -> Callable[[str, Kernel], Kernel]:
    """Schedules a kernel for a target."""
    return scheduled


@pytest.fixture
def execute(tmp_path: Path) -> Callable[[str, Kernel, Values], Values]:
    """Runs one job of a kernel in a target."""
    return lambda target, kernel, values: run_target(target, kernel, values, tmp_path)
