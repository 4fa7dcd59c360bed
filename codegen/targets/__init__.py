"""Targets: what turns a kernel into source text of one language."""

from __future__ import annotations

from aicompiler.codegen.targets._operations import UnsupportedOperation
from aicompiler.codegen.targets.opencl import Launch, OpenClProgram, UnsupportedSchedule, launches
from aicompiler.metamodels.plugins import PluginTable

TARGETS = PluginTable(
    "aicompiler.targets",
    {
        "c": "aicompiler.codegen.targets.c:C",
        "opencl": "aicompiler.codegen.targets.opencl:OpenCl",
        "hls": "aicompiler.codegen.targets.hls:Hls",
    },
)

__all__ = ["TARGETS", "Launch", "OpenClProgram", "UnsupportedOperation", "UnsupportedSchedule", "launches"]
