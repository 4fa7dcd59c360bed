"""Find the importer of a file, import it, and refuse what is wrong."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.plugins import PluginTable
from aicompiler.metamodels.system import System

from ._reading import read_xml, unreadable
from ._validate import validate

IMPORTERS = PluginTable(
    "aicompiler.importers",
    {
        "native": "aicompiler.transformations.importers._native:Native",
        "papyrus": "aicompiler.transformations.importers.papyrus:Papyrus",
    },
)


def load_system(path: Path) -> tuple[System, list[Diagnostic]]:
    """Import a model file by the first importer that handles it, and validate it.

    Gives the system with warnings and notes.  Raises ``UnreadableInput`` if it is no model at all and
    ``ModelError`` with every diagnostic if one of them is an error.
    """
    for name in IMPORTERS:
        importer = IMPORTERS.load(name)()
        if importer.handles(path):
            system, diagnostics = importer.load(path, None)
            break
    else:
        read_xml(path)
        known = ", ".join(IMPORTERS)
        raise unreadable(path, "unknown-kind", "no importer knows this kind of file", f"there are: {known}")
    if not any(d.severity is Severity.ERROR for d in diagnostics):
        diagnostics = [*diagnostics, *validate(system)]
    if any(d.severity is Severity.ERROR for d in diagnostics):
        raise ModelError(sorted(diagnostics, key=lambda d: list(Severity).index(d.severity)))
    return system, diagnostics
