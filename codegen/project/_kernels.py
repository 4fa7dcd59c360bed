"""Kernels in the languages of the targets, as files of the project."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import PurePosixPath

from aicompiler.codegen._files import GeneratedFile, TraceLink
from aicompiler.codegen.targets import TARGETS, blob_files
from aicompiler.metamodels.store import NO_STORE, Store
from aicompiler.metamodels.system import System, Unit, UnitKind
from aicompiler.transformations.kernels import Kernel
from aicompiler.transformations.kernels.passes import scheduled_for

from ._views import LaunchView

TARGET_OF = {UnitKind.CPU: "c", UnitKind.GPU: "opencl", UnitKind.FPGA: "hls"}
ALTERNATIVE = {"c": "llvm", "opencl": "cuda"}
"""What an option of the generated build takes in the place of a target: the same functions."""

COMPILED = "llvm"
"""Too much to make for self-checks too: their C files are compiled."""

DATA = "kernels/data/"
"""Where targets put the values of large tables."""

HLS_PREFIX = "aic_hls_"
"""HLS functions are compiled under this prefix, so that C and HLS code of one kernel fit in one program."""


@dataclass(frozen=True)
class EmittedKernel:
    """A kernel in one language: its files, the one to compile or embed, how a GPU launches it.

    What the build can take instead (``ALTERNATIVE``) is among the files; not so objects of self-checks.
    """

    target: str
    files: tuple[GeneratedFile, ...]
    source: str
    launches: tuple[LaunchView, ...] = ()
    temporaries: tuple[int, ...] = ()  # bytes
    cuda_source: str = ""
    data: tuple[str, ...] = ()  # the C file of the large tables, and the binary file that it takes in


def emit(kernel: Kernel, unit: Unit | None, target: str, folder: str = "") -> EmittedKernel:
    """``kernel``, scheduled already, in the language of ``target``, in ``folder`` of the project."""
    targets = (target, *_alternatives(target, folder))
    emitted = (f for t in targets for f in TARGETS.load(t)().emit(kernel, unit))
    files = tuple(replace(f, path=folder + f.path) for f in emitted if not f.path.startswith(DATA))
    sources = [f.path for f in files if not f.path.endswith((".h", ".hpp"))]
    if target != "opencl":
        tables = blob_files(kernel, folder)
        return EmittedKernel(target, (*files, *tables), sources[0], data=tuple(f.path for f in tables))
    from aicompiler.codegen.targets.opencl import launches

    program = launches(kernel)
    names = [p.name for p in kernel.signature.parameters] + [name for name, _ in program.temporaries]
    views = tuple(
        LaunchView(x.kernel_name, x.global_size, x.local_size, tuple(names.index(a) for a in x.arguments))
        for x in program.launches
    )
    sizes = tuple(size for _, size in program.temporaries)
    return EmittedKernel(target, files, sources[0], views, sizes, sources[1])


def not_for(kernel: Kernel, target: str) -> bool:
    """Whether ``target`` cannot take the kernel: only programs for CPUs take in large tables."""
    return bool(kernel.blobs) and target != "c"


def compiled_files(emitted: EmittedKernel) -> tuple[str, ...]:
    """What the build compiles for a kernel in C or HLS C++."""
    return (emitted.source, *emitted.data[:1])


def _alternatives(target: str, folder: str) -> tuple[str, ...]:
    other = ALTERNATIVE.get(target)
    if other == COMPILED and (folder or find_spec("llvmlite") is None):
        return ()  # without LLVM the build has no objects to offer, and says so when they are asked for
    return (other,) if other else ()


def traced(file: GeneratedFile, entry: str) -> GeneratedFile:
    """``file`` with its function definitions, if it has any, linked to the entry that they come from."""
    if file.path.endswith((".o", ".cfg", ".tcl", ".bin")):
        return file
    name = PurePosixPath(file.path).stem
    head = re.compile(rf"(extern \"C\" |define )?void @?\"?{re.escape(name)}(_p[0-9]+)?\"?\(")
    lines = enumerate(file.content.decode().splitlines(), start=1)
    return replace(file, trace=tuple(TraceLink(entry, n) for n, line in lines if head.match(line)))


def scheduled(kernel: Kernel, unit: Unit | None, store: Store = NO_STORE) -> Kernel:
    """``kernel`` with the default schedule of ``unit``; plain C where there is none."""
    return scheduled_for(kernel, unit, store) if unit is not None else kernel


def a_unit(system: System, kind: UnitKind) -> Unit | None:
    """The first unit of a kind."""
    return next((u for u in units_of(system) if u.kind is kind), None)


def units_of(system: System) -> Iterable[Unit]:
    """All units of the platform, in model order."""
    return (u for node in system.platform.nodes for u in node.units)
