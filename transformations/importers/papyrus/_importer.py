"""UML + MARTE + SysML to a System: the order of the steps."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.system import Application, Platform, System
from aicompiler.transformations.importers._contract import Imported, ImportOptions

from ._accounts import account
from ._allocation import AllocationBuilder
from ._application import ApplicationBuilder
from ._components import ComponentBuilder
from ._constraints import ConstraintBuilder
from ._leftovers import report_leftovers
from ._opening import is_candidate, open_model
from ._platform import PlatformBuilder
from ._results import ResultReader
from ._structure import Structure, adopt_parts
from ._timing import Timing
from ._view import UmlModel


class Papyrus:
    """Imports UML 2 models with MARTE and SysML stereotypes, as Papyrus writes them."""

    def handles(self, path: Path) -> bool:
        """By the file's extension, else by what it begins with; what is inside is judged by ``load``."""
        return is_candidate(path)

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """The system that a file describes, what was not understood, and the accounts.

        Raises ``UnreadableInput`` when the file holds no UML model.
        """
        opened = open_model(path)
        model = UmlModel(opened.path.name, opened.resource)
        for said in opened.said:
            model.said.add(said)
        adopt_parts(model)
        system = _system(model, options)
        report_leftovers(model, opened.documents)
        accounting = account(model, system, opened.documents, opened.totals)
        return Imported(system, tuple(model.said), accounting)


def _system(model: UmlModel, options: ImportOptions) -> System:
    structure, timing = Structure(model), Timing(model)
    roots = structure.roots()
    components = ComponentBuilder(model, timing)
    platform = PlatformBuilder(model, structure, components.ids)
    drawing = ApplicationBuilder(model, structure, timing, components, options)
    application = drawing.build(roots)
    hardware = [r for r in roots if platform.is_platform(r)]
    nodes = tuple(platform.nodes(hardware))
    links = tuple(platform.links(hardware))
    constraints = ConstraintBuilder(model, application.components, nodes, components.ids)
    allocations = AllocationBuilder(model, application.components, platform, drawing.roots, components.ids)
    results = ResultReader(model, application, components.ids, platform.hosted)
    root = model.resource.models[0]
    _require_application(model, application)
    return System(
        id=model.id(root),
        name=getattr(root, "name", None) or "",
        source=model.source(root),
        application=application,
        platform=Platform(
            id=f"{model.id(root)}.platform",
            name="platform",
            source=model.source(root),
            nodes=nodes,
            links=links,
        ),
        constraints=tuple(constraints.build(hardware)),
        requirements=tuple(constraints.requirements()),
        allocations=tuple(allocations.build()),
        stated_results=tuple(results.build({link.id for link in links})),
    )


def _require_application(model: UmlModel, application: Application) -> None:
    if not application.components and not model.said.failed:
        message = "no component was found: no part of a block has an operation with a behaviour or a time"
        step = "draw a block whose parts are typed by classes with operations (OpaqueBehavior or SaStep)"
        model.error("no-component", message, step, model.resource.models[0])
