"""UML + MARTE + SysML to a System: the order of the steps."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Application, Platform, System
from aicompiler.transformations.importers._contract import Imported, ImportOptions

from ._accounts import account
from ._allocation import AllocationBuilder
from ._channels import ChannelBuilder, connections
from ._components import ComponentBuilder, entry_elements
from ._constraints import ConstraintBuilder
from ._flows import FlowBuilder
from ._leftovers import report_leftovers
from ._opening import is_candidate, open_model
from ._platform import PlatformBuilder
from ._structure import Connection, Instance, Structure, adopt_parts
from ._timing import Timing
from ._view import UmlModel


class Papyrus:
    """Imports UML 2 models with MARTE and SysML stereotypes, as Papyrus writes them."""

    def handles(self, path: Path) -> bool:
        """By the file's extension, else by what it begins with; what is inside is judged by ``load``."""
        return is_candidate(path)

    def load(self, path: Path, options: ImportOptions) -> Imported:  # noqa: ARG002
        """The system that a file describes, what was not understood, and the accounts.

        Raises ``UnreadableInput`` when the file holds no UML model.
        """
        opened = open_model(path)
        model = UmlModel(opened.path.name, opened.resource)
        model.diagnostics += opened.said
        adopt_parts(model)
        system = _system(model)
        report_leftovers(model, opened.documents)
        accounting = account(model, system, opened.documents, opened.totals)
        return Imported(system, tuple(model.diagnostics), accounting)


def _system(model: UmlModel) -> System:
    structure, timing = Structure(model), Timing(model)
    roots = structure.roots()
    components = ComponentBuilder(model, timing)
    platform = PlatformBuilder(model, structure, components.ids)
    hardware = [r for r in roots if platform.is_platform(r)]
    software = [r for r in roots if r not in hardware]
    application = _application(model, components, timing, software)
    nodes = tuple(platform.nodes(hardware))
    links = tuple(platform.links(hardware))
    constraints = ConstraintBuilder(model, application.components, nodes, components.ids)
    allocations = AllocationBuilder(model, application.components, platform, software, components.ids)
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
    )


def _application(
    model: UmlModel, builder: ComponentBuilder, timing: Timing, software: list[Instance]
) -> Application:
    leaves = [i for r in software for i in r.all() if i.part is not None and entry_elements(i.type, timing)]
    found: list[Connection] = [c for r in software for c in connections(r, leaves, builder)]
    builder.connected = {end for c in found for end in (c.source, c.target)}
    components = tuple(builder.build(i) for i in leaves)
    root = model.resource.models[0]
    return Application(
        id=f"{model.id(root)}.application",
        name="application",
        source=model.source(root),
        components=components,
        channels=ChannelBuilder(model, components).build(found, builder.ids),
        flows=tuple(FlowBuilder(model, components, builder.ids).build()),
    )


def _require_application(model: UmlModel, application: Application) -> None:
    if not application.components and not any(d.severity is Severity.ERROR for d in model.diagnostics):
        message = "no component was found: no part of a block has an operation with a behaviour or a time"
        step = "draw a block whose parts are typed by classes with operations (OpaqueBehavior or SaStep)"
        model.error("no-component", message, step, model.resource.models[0])
