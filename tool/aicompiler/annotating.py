"""``build --annotate``: the results of a build as a copy of its source model, or in the model itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aicompiler.codegen import GeneratedFile, replace_file
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Source
from aicompiler.pipeline import Build, Model
from aicompiler.transformations.annotate import annotate


@dataclass(frozen=True)
class Written:
    """The annotated model: the file of OUT that holds it, where its source is, what was left out."""

    file: GeneratedFile
    source: Path
    diagnostics: tuple[Diagnostic, ...]

    def put_in_place(self) -> None:
        """Replace the source, at once and only if that changes it."""
        if self.source.read_bytes() != self.file.content:
            replace_file(self.source, self.file.content)


def annotated(made: Build) -> Written:
    """The source model of a build with its results.

    Raises ``ModelError`` where the model has no place for them, or was edited since it was imported.
    """
    source, model, decision = source_of(made.model), made.model, made.decision
    content = source.read_bytes()
    known = dict(model.inputs).get(source.name)
    if known is not None and hashlib.sha256(content).hexdigest() != known:
        raise ModelError(
            Diagnostic(
                severity=Severity.ERROR,
                rule="model-changed",
                message=f"{source.name} was changed while it was built: nothing is written into it",
                next_step="build again",
                source=Source(file=source.name),
            )
        )
    done = annotate(content, model.system, decision.costs, decision.deployment, decision.evidence)
    return Written(GeneratedFile(f"annotated/{source.name}", done.content), source, done.diagnostics)


def source_of(model: Model) -> Path:
    """The file that holds the model: the one given may only lead to it (``.di``, ``.aird``)."""
    named = model.system.source.file if model.system.source is not None else ""
    beside = model.path.parent / Path(named).name
    is_lead = model.path.suffix.lower() in (".di", ".notation", ".aird", ".afm")
    return beside if named and is_lead and beside.is_file() else model.path
