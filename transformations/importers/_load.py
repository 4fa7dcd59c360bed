"""Find the importer of a file, import it, add what its side-car says, and refuse what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.plugins import PluginTable
from aicompiler.metamodels.system import System

from ._accounting import Accounting
from ._allocations import pinned_where_allocated
from ._contract import Imported, Importer, ImportOptions
from ._options import asked_for
from ._overrides import apply_sidecar
from ._protocols import settle_protocols
from ._reading import read_xml, unreadable
from ._replaced import replaced
from ._sayings import shown
from ._settled import unsettled
from ._sidecar import Sidecar, read_sidecar, sidecar_path
from ._validate import validate

IMPORTERS = PluginTable(
    "aicompiler.importers",
    {
        "native": "aicompiler.transformations.importers._native:Native",
        "capella": "aicompiler.transformations.importers.capella:Capella",
        "amalthea": "aicompiler.transformations.importers.amalthea:Amalthea",
        "papyrus": "aicompiler.transformations.importers.papyrus:Papyrus",
    },
)


@dataclass(frozen=True)
class Draft:
    """A system as imported, with its side-car applied, before it is judged as a whole."""

    system: System
    diagnostics: tuple[Diagnostic, ...]
    accounting: Accounting = field(default_factory=Accounting)

    @property
    def failed(self) -> bool:
        """Whether the model itself could not be understood: what is missing is then not known either."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)

    def sound(self) -> Draft:
        """This draft; raises ``ModelError`` with every diagnostic if one of them is an error."""
        if self.failed:
            raise ModelError(sorted(self.diagnostics, key=lambda d: list(Severity).index(d.severity)))
        return self


def load_system(
    path: Path, sidecar: Path | None = None, options: ImportOptions | None = None
) -> tuple[System, list[Diagnostic]]:
    """The system of ``examine`` with its warnings and notes.

    Raises ``UnreadableInput`` if the file is no model at all and ``ModelError`` with every diagnostic if one
    of them is an error.
    """
    found = examine(path, sidecar, options).sound()
    return found.system, list(found.diagnostics)


def examine(path: Path, sidecar: Path | None = None, options: ImportOptions | None = None) -> Draft:
    """Import a model file by the first importer that handles it, apply its side-car, and validate it.

    ``sidecar`` defaults to ``MODEL.aic.toml`` beside the model, if there is one; what ``options`` leave open
    is taken from it.  What is wrong with the model is among the diagnostics, beside the accounts of what was
    read.  Raises ``UnreadableInput`` if the file is no model at all.
    """
    draft = draft_system(path, sidecar, options)
    if draft.failed:
        return draft
    diagnostics = [*draft.diagnostics, *validate(draft.system)]
    if not any(d.severity is Severity.ERROR for d in diagnostics):
        diagnostics += _stubs(draft.system)
        diagnostics += _summary(draft.system, diagnostics)
    return replace(draft, diagnostics=tuple(diagnostics))


def draft_system(path: Path, sidecar: Path | None = None, options: ImportOptions | None = None) -> Draft:
    """What ``examine`` validates: the model with its side-car, complete or not."""
    settings, wrong = _settings(find_sidecar(path, sidecar))
    options = asked_for(settings, options or ImportOptions())
    imported = _imported(path, options)
    draft = Draft(imported.system, (*imported.diagnostics, *wrong), imported.accounting)
    if draft.failed:
        return draft
    system, said = apply_sidecar(imported.system, settings, path.parent)
    diagnostics = [*unsettled(imported.diagnostics, imported.system, system, settings), *said]
    diagnostics += replaced(imported.diagnostics, imported.system, settings)
    if options.keep_allocation:
        system = pinned_where_allocated(system)
    return replace(draft, system=settle_protocols(system), diagnostics=tuple(diagnostics))


def _settings(sidecar: Path | None) -> tuple[Sidecar, list[Diagnostic]]:
    return read_sidecar(sidecar) if sidecar is not None else (Sidecar(), [])


def find_sidecar(model: Path, given: Path | None = None) -> Path | None:
    """The side-car that counts: the one given, else the one beside the model, else none."""
    beside = sidecar_path(model)
    return given or (beside if beside.is_file() else None)


def _stubs(system: System) -> Iterator[Diagnostic]:
    """A note for each entry that generated code has a stub for."""
    for component in system.components:
        for entry in component.entries:
            if not entry.behaviours:
                name = shown(f"{component.name}::{entry.name}")
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


def _imported(path: Path, options: ImportOptions) -> Imported:
    for name in IMPORTERS:
        importer: Importer = IMPORTERS.load(name)()
        if importer.handles(path):
            return importer.load(path, options)
    read_xml(path)
    known = ", ".join(IMPORTERS)
    raise unreadable(path, "unknown-kind", "no importer knows this kind of file", f"there are: {known}")
