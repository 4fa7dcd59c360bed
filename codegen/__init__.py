"""Model to text: one module a target, the C runtime, the report."""

from __future__ import annotations

from ._files import GeneratedFile, GeneratedProject, TraceLink

__all__ = ["GeneratedFile", "GeneratedProject", "TraceLink"]
