"""Find the importer of a file, import it, add what its side-car says, and refuse what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.plugins import PluginTable
from aicompiler.metamodels.system import System

from ._overrides import apply_sidecar
from ._protocols import settle_protocols
from ._reading import read_xml, unreadable
from ._settled import unsettled
from ._sidecar import read_sidecar, sidecar_path
from ._validate import validate

IMPORTERS = PluginTable(
    "aicompiler.importers",
    {
        "native": "aicompiler.transformations.importers._native:Native",
        "capella": "aicompiler.transformations.importers.capella:Capella",
        "papyrus": "aicompiler.transformations.importers.papyrus:Papyrus",
    },
)


@dataclass(frozen=True)
class Draft:
    """A system as imported, with its side-car applied, before it is judged as a whole."""

    system: System
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Whether the model itself could not be understood: what is missing is then not known either."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)


def load_system(path: Path, sidecar: Path | None = None) -> tuple[System, list[Diagnostic]]:
    """Import a model file by the first importer that handles it, apply its side-car, and validate it.

    ``sidecar`` defaults to ``MODEL.aic.toml`` beside the model, if there is one.  Gives the system with
    warnings and notes.  Raises ``UnreadableInput`` if it is no model at all and ``ModelError`` with every
    diagnostic if one of them is an error.
    """
    draft = draft_system(path, sidecar)
    diagnostics = list(draft.diagnostics)
    if not draft.failed:
        diagnostics += validate(draft.system)
    if any(d.severity is Severity.ERROR for d in diagnostics):
        raise ModelError(sorted(diagnostics, key=lambda d: list(Severity).index(d.severity)))
    diagnostics += _stubs(draft.system)
    return draft.system, [*diagnostics, *_summary(draft.system, diagnostics)]


def draft_system(path: Path, sidecar: Path | None = None) -> Draft:
    """What ``load_system`` validates: the model with its side-car, complete or not."""
    system, diagnostics = _imported(path)
    if any(d.severity is Severity.ERROR for d in diagnostics):
        return Draft(system, tuple(diagnostics))
    if (sidecar := find_sidecar(path, sidecar)) is not None:
        settings, wrong = read_sidecar(sidecar)
        new, said = apply_sidecar(system, settings)
        diagnostics = [*unsettled(diagnostics, system, new, settings), *wrong, *said]
        system = new
    return Draft(settle_protocols(system), tuple(diagnostics))


def find_sidecar(model: Path, given: Path | None = None) -> Path | None:
    """The side-car that counts: the one given, else the one beside the model, else none."""
    beside = sidecar_path(model)
    return given or (beside if beside.is_file() else None)


def _stubs(system: System) -> Iterator[Diagnostic]:
    """A note for each entry that generated code has a stub for."""
    for component in system.components:
        for entry in component.entries:
            if not entry.behaviours:
                name = f"{component.name}::{entry.name}".encode("unicode_escape").decode("ascii")
                yield Diagnostic(
                    severity=Severity.NOTE,
                    rule="assumed-behaviour",
                    message=f"'{name}' has no behaviour: generated code has a stub for it",
                    next_step="write it in user/ of the build",
                    source=entry.source,
                )


def _summary(system: System, diagnostics: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """How often something was assumed, by rule: what a reviewer should know first."""
    counts = Counter(d.rule for d in diagnostics if "assumed" in d.rule)
    if counts:
        listed = ", ".join(f"{rule} {count}" for rule, count in sorted(counts.items()))
        message = f"{sum(counts.values())} things are assumed: {listed}"
        yield Diagnostic(severity=Severity.NOTE, rule="assumed", message=message, source=system.source)


def _imported(path: Path) -> tuple[System, list[Diagnostic]]:
    for name in IMPORTERS:
        importer = IMPORTERS.load(name)()
        if importer.handles(path):
            found: tuple[System, list[Diagnostic]] = importer.load(path, None)
            return found
    read_xml(path)
    known = ", ".join(IMPORTERS)
    raise unreadable(path, "unknown-kind", "no importer knows this kind of file", f"there are: {known}")
