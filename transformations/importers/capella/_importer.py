"""Capella to a System: behaviour, hardware, and what the project does not say."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Application, Platform, System
from aicompiler.transformations.importers._accounting import Accounting
from aicompiler.transformations.importers._contract import Imported, ImportOptions
from aicompiler.transformations.importers._sayings import shown

from ._accounts import Accounts
from ._components import ComponentBuilder
from ._flows import FlowBuilder
from ._open import LEADS, MODELS, PIECES, model_file, open_project, quiet
from ._platform import PlatformBuilder
from ._project import Obj, Project
from ._scope import PHYSICAL, Scope, Scopes
from ._structure import Structure
from ._values import Values


class Capella:
    """Imports projects of Capella 1.3 to 7.1."""

    def handles(self, path: Path) -> bool:
        """By the file's extension; diagrams beside a .uml are of that model."""
        suffix = path.suffix.lower()
        beside_uml = suffix in LEADS and path.with_suffix(".uml").is_file()
        return suffix in (*MODELS, *LEADS, *PIECES) and not beside_uml

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """The system of the physical layer (behaviour: else of the logical one) and what was assumed.

        Raises ``UnreadableInput`` when the file is no project.
        """
        with _undisturbed():
            with quiet():
                documents = open_project(model_file(path))
            return _Import(Project(documents)).run(options)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would visit each of thousands of live elements again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class _Import:
    """One project on its way to a system."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.values = Values(project)
        self.structure = Structure(project)
        self.scopes = Scopes(project, self.structure)

    def run(self, options: ImportOptions) -> Imported:
        self._libraries()
        top = self.project.documents[0].root
        layer = next(iter(self.scopes.layers), top)
        scope = self.scopes.choose(options.root)
        if scope is None:
            return self._refused(layer)
        components = ComponentBuilder(self.project, self.values, self.structure, self.scopes)
        components.collect(scope)
        if not components.boxes:
            self._no_component(scope.layer)
        flows = FlowBuilder(self.project, self.values, components.owners)
        hardware = PlatformBuilder(self.project, self.values, self.structure, self._physical(scope))
        application = self._application(scope, components, flows)
        system = System(
            id=layer.get("id", ""),
            name=shown(top.get("name")) or Path(self.project.file).stem,
            source=self.project.source(scope.layer),
            application=application,
            platform=hardware.build(layer),
            allocations=hardware.allocations(components.boxes),
        )
        self.project.use(scope.layer, *scope.tops)
        for box in components.boxes.values():
            self.project.use(*box.functions, *self.structure.allocations(box.component))
        return self._imported(system, Accounts(self.project, self.values, flows).settle())

    def _application(self, scope: Scope, components: ComponentBuilder, flows: FlowBuilder) -> Application:
        channels = components.channels()
        return Application(
            id=f"{scope.layer.get('id')}.application",
            name="application",
            source=self.project.source(scope.layer),
            components=components.components(),
            channels=channels,
            flows=flows.build(scope, channels),
        )

    def _physical(self, scope: Scope) -> Obj | None:
        """The physical layer beside, or of, the one that is imported."""
        engineering = self.project.parent(scope.layer)
        return next(self.project.children(engineering, PHYSICAL), None) if engineering is not None else None

    def _imported(self, system: System, accounting: Accounting) -> Imported:
        return Imported(system, tuple(self.project.said), accounting)

    def _refused(self, layer: Obj) -> Imported:
        """No system, beside the error that says why."""
        source = self.project.source(layer)
        if not self.project.said.failed:
            self._no_component(layer)
        id_ = layer.get("id", "") or "project"
        system = System(
            id=id_,
            name=shown(self.project.documents[0].root.get("name")),
            source=source,
            application=Application(id=f"{id_}.application", source=source),
            platform=Platform(id=f"{id_}.platform", source=source),
        )
        flows = FlowBuilder(self.project, self.values, {})
        return self._imported(system, Accounts(self.project, self.values, flows).settle())

    def _no_component(self, layer: Obj) -> None:
        step = "allocate functions to physical components whose nature is BEHAVIOR"
        self.project.say(Severity.ERROR, "no-component", "no component was found", step, layer)

    def _libraries(self) -> None:
        for element, file in self.project.missing_libraries():
            message = (
                f"the library '{shown(file)[:120]}' is not in the model's folder: what it holds is unknown"
            )
            step = "put it into a folder of its name below the model's folder"
            self.project.say(Severity.WARNING, "missing-library", message, step, element)
