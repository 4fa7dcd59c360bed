"""Generated files in memory: generating is pure, writing is a separate step."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.diagnostics import Diagnostic


@dataclass(frozen=True)
class TraceLink:
    """The element of the model that line ``line`` (from 1) of a generated file comes from."""

    element: str
    line: int


@dataclass(frozen=True)
class GeneratedFile:
    """One file of a project: a relative POSIX path, its bytes, and where its lines come from."""

    path: str
    content: bytes
    trace: tuple[TraceLink, ...] = ()
    executable: bool = False


@dataclass(frozen=True)
class GeneratedProject:
    """All files of a project, in path order, and what a reader should know of them."""

    files: tuple[GeneratedFile, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
