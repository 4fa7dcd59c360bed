"""What an importer is given and what it gives: the contract of the plug-in point ``aicompiler.importers``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import System

from ._accounting import Accounting


@dataclass(frozen=True)
class ImportOptions:
    """What the user says about how to read a model.

    ``root`` picks the system among several candidates and ``context`` the analysis context that timing is
    taken from, each by XML id, qualified name or name.  ``variables`` gives values (VSL texts) to ``$names``
    that the model leaves open.  ``keep_allocation`` pins components to where the model puts them.
    """

    root: str = ""
    context: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    keep_allocation: bool = False


@dataclass(frozen=True)
class Imported:
    """A system as its file states it, what was said about it, and the accounts of what was read."""

    system: System
    diagnostics: tuple[Diagnostic, ...] = ()
    accounting: Accounting = field(default_factory=Accounting)


class Importer(Protocol):
    """Reads one kind of model file."""

    def handles(self, path: Path) -> bool:
        """Whether this importer reads files such as ``path``; it may look inside, and never raises."""

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """Import ``path``.

        What is wrong in a model is an error among the diagnostics; ``UnreadableInput`` is raised only where
        the file is no model of this kind at all.
        """
