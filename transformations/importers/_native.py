"""Import of our own format: a system that was saved as XMI."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels import xmi
from aicompiler.metamodels.system import System

from ._contract import Imported, ImportOptions
from ._reading import unreadable


class Native:
    """Imports ``*.system.xmi`` and the ``system.xmi`` of a build."""

    def handles(self, path: Path) -> bool:
        """By the file's name."""
        return path.name == "system.xmi" or path.name.endswith(".system.xmi")

    def load(self, path: Path, options: ImportOptions) -> Imported:  # noqa: ARG002
        """The saved system; raises ``UnreadableInput`` for anything else."""
        system = xmi.load(path)
        if not isinstance(system, System):
            message = f"this is a {type(system).__name__.lower()}, not a system"
            raise unreadable(path, "no-model", message, "give the system.xmi beside it")
        return Imported(system)
