"""Capella to a System: behaviour, hardware, and what the project does not say."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import System
from aicompiler.transformations.importers._contract import Imported, ImportOptions
from aicompiler.transformations.importers._reading import unreadable

from ._application import ApplicationBuilder
from ._open import SUFFIXES, open_project, quiet
from ._platform import PlatformBuilder
from ._view import CapellaModel


class Capella:
    """Imports projects of Capella 1.3 to 7.1."""

    def handles(self, path: Path) -> bool:
        """By the file's extension."""
        return path.suffix.lower() in (*SUFFIXES, ".aird")

    def load(self, path: Path, options: ImportOptions) -> Imported:  # noqa: ARG002
        """The system of the physical layer (behaviour: else of the logical one) and what was assumed.

        Raises ``UnreadableInput`` when the file is no project.
        """
        with quiet():
            return self._load(_semantic(path))

    def _load(self, path: Path) -> Imported:
        try:
            return _imported(path)
        except KeyError as error:
            # capellambse follows references when they are asked for; some across fragments it does not find.
            message = f"a reference of the project cannot be followed: {str(error)[:200]}"
            step = "save the project with Capella, as one file without fragments"
            raise unreadable(path, "not-capella", message, step, 1) from error


def _imported(path: Path) -> Imported:
    model = CapellaModel(path.name, open_project(path))
    application = ApplicationBuilder(model).build()
    hardware = PlatformBuilder(model)
    platform = hardware.build()
    hardware.allocations()
    layer = model.project.pa
    if not application.components:
        step = "allocate functions to physical components whose nature is BEHAVIOR"
        model.say(Severity.ERROR, "no-component", "no component was found", step, layer)
    system = System(
        id=layer.uuid,
        name=model.project.info.title if model.project.info.title != "project" else path.stem,
        source=model.source(layer),
        application=application,
        platform=platform,
    )
    return Imported(system, tuple(model.diagnostics))


def _semantic(path: Path) -> Path:
    """The model file beside an ``.aird``."""
    if path.suffix.lower() != ".aird":
        return path
    for suffix in SUFFIXES:
        if (beside := path.with_suffix(suffix)).is_file():
            return beside
    message = "there is no .capella file of this name beside it"
    raise unreadable(path, "no-model", message, "give the .capella file")
