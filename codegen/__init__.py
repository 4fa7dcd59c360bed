"""Model to text: one module a target, the C runtime, the report."""

from __future__ import annotations

from ._atomic import replace_file, uninterrupted, writing
from ._files import GeneratedFile, GeneratedProject, TraceLink
from ._write import USER, remove_stale, write_project

__all__ = [
    "GeneratedFile",
    "GeneratedProject",
    "TraceLink",
    "USER",
    "remove_stale",
    "replace_file",
    "uninterrupted",
    "writing",
    "write_project",
]
