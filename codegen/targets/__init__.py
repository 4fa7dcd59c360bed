"""Targets: what turns a kernel into source text of one language."""

from __future__ import annotations

from aicompiler.metamodels.plugins import PluginTable

from ._blobs import UnsupportedTable, blob_files, blob_symbol
from ._clike import CLike
from ._module import Module
from ._operations import UnsupportedOperation
from .c import C
from .hls_tools import link_configuration, tool_files, top_name
from .opencl import Launch, OpenClProgram, UnsupportedSchedule, launches

TARGETS = PluginTable(
    "aicompiler.targets",
    {
        "c": "aicompiler.codegen.targets.c:C",
        "opencl": "aicompiler.codegen.targets.opencl:OpenCl",
        "cuda": "aicompiler.codegen.targets.cuda:Cuda",
        "hls": "aicompiler.codegen.targets.hls:Hls",
        "llvm": "aicompiler.codegen.targets.llvm:Llvm",
    },
)

__all__ = [
    "TARGETS",
    "C",
    "CLike",
    "Launch",
    "Module",
    "OpenClProgram",
    "UnsupportedOperation",
    "UnsupportedSchedule",
    "UnsupportedTable",
    "blob_files",
    "blob_symbol",
    "launches",
    "link_configuration",
    "tool_files",
    "top_name",
]
