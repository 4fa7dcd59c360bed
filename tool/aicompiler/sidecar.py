"""Write the side-car of a model that lacks something, for the user to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aicompiler.metamodels.diagnostics import AicError, Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Source

if TYPE_CHECKING:
    from aicompiler.transformations.importers import ImportOptions


class CannotWriteSidecar(AicError):
    """The place where the side-car should go is taken, or cannot be written."""

    exit_code = 2


def write_template(
    model: Path, destination: Path | None = None, options: ImportOptions | None = None
) -> Path:
    """Write what ``model`` lacks as a commented side-car, and say where; a file that exists is never touched.

    Raises ``ModelError`` where the model is not understood, ``CannotWriteSidecar`` where the place is taken.
    """
    from aicompiler.transformations.importers import draft_system, sidecar_path, sidecar_template

    path = destination or sidecar_path(model)
    if path.exists():
        raise _refused(path, "there is a side-car already, which is never overwritten", "complete or move it")
    draft = draft_system(model, options=options)
    if draft.failed:
        raise ModelError(d for d in draft.diagnostics if d.severity is Severity.ERROR)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sidecar_template(draft, model.name))
    except OSError as error:
        message = f"it cannot be written: {error.strerror or error}"
        raise _refused(path, message, "give another place with --sidecar FILE") from error
    return path


def _refused(path: Path, message: str, step: str) -> CannotWriteSidecar:
    source = Source(file=str(path))
    return CannotWriteSidecar(
        Diagnostic(severity=Severity.ERROR, rule="sidecar", message=message, next_step=step, source=source)
    )
