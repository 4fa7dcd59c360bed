"""Model to text: one module a target, the C runtime, the report."""

from __future__ import annotations

from ._files import GeneratedFile, GeneratedProject, TraceLink
from ._write import USER, write_project

__all__ = ["GeneratedFile", "GeneratedProject", "TraceLink", "USER", "write_project"]
