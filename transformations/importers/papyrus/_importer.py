"""UML + MARTE + SysML to a System: the order of the steps, and what is said about what was not understood."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Application, Platform, Source, System
from aicompiler.transformations.importers._contract import Imported, ImportOptions
from aicompiler.transformations.importers._reading import read_xml, unreadable

from ._channels import ChannelBuilder, connections
from ._components import ComponentBuilder, entry_elements
from ._constraints import ConstraintBuilder
from ._flows import FlowBuilder
from ._platform import PlatformBuilder
from ._resource import LenientResource
from ._structure import Connection, Instance, Structure, adopt_parts
from ._timing import Timing
from ._view import UmlModel, shown

_KNOWN_DOCUMENTS = (
    "pathmap://UML_LIBRARIES/",
    "pathmap://UML_METAMODELS/",
    "pathmap://Papyrus_PROFILES/",
    "pathmap://SysML",
)
_OWN_DOCUMENTS = ("pathmap://AICOMPILER_PROFILES/",)


class Papyrus:
    """Imports UML 2 models with MARTE and SysML stereotypes, as Papyrus writes them."""

    def handles(self, path: Path) -> bool:
        """By the file's extension; what is inside is judged by ``load``."""
        return path.suffix.lower() in (".uml", ".xmi", ".xml")

    def load(self, path: Path, options: ImportOptions) -> Imported:  # noqa: ARG002
        """The system that a file describes, and what was not understood.

        Raises ``UnreadableInput`` when the file holds no UML model.
        """
        resource = LenientResource(path.name)
        resource.load_root(read_xml(path))
        if not resource.models:
            message = "there is no UML model in this file"
            raise unreadable(path, "no-model", message, "give a .uml file that Papyrus saved")
        model = UmlModel(path.name, resource)
        adopt_parts(model)
        system = _system(model)
        _report_leftovers(model, path)
        return Imported(system, tuple(model.diagnostics))


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


# --- what was not understood ------------------------------------------------------------------------------


def _report_leftovers(model: UmlModel, path: Path) -> None:
    _duplicates(model)
    _orphans(model)
    _documents(model, path)
    resource = model.resource
    seen: Counter[tuple[str, str]] = Counter((d.owner.eClass.name, d.feature) for d in resource.dangling)
    for (owner, feature), count in seen.items():
        first = next(d for d in resource.dangling if (d.owner.eClass.name, d.feature) == (owner, feature))
        subject = f"{feature} of {_times(count, owner)}"
        message = f"{subject} refers to ids that the file does not define ({shown(first.target)})"
        model.warn("dangling-reference", message, "delete or repair the references", first.owner)
    for unknown in resource.unknown:
        message = f"{unknown.kind} {shown(unknown.name)} is not used ({_times(unknown.count, 'occurrence')})"
        source = Source(file=model.file, line=unknown.line)
        model.add(Severity.NOTE, "not-understood", message, "", source)


def _duplicates(model: UmlModel) -> None:
    for id_, obj, line in model.resource.duplicates:
        first = model.resource.by_id[id_]
        message = f"the id '{shown(id_)}' of {model.label(obj)} is already that of {model.label(first)}"
        place = f"line {model.resource.lines[first]}"
        source = model.source(obj, line)
        model.add(
            Severity.ERROR,
            "duplicate-id",
            f"{message} in {place}",
            "give each element its own xmi:id",
            source,
        )


def _orphans(model: UmlModel) -> None:
    unused = [s for s in model.resource.stereotypes if s.base is None]
    orphans = [s for s in unused if getattr(s, "context", None) is None]
    for name, count in Counter(s.eClass.name for s in orphans).items():
        first = next(s for s in orphans if s.eClass.name == name)
        message = f"{_times(count, f'application of {name}', f'applications of {name}')} belong to no element"
        model.warn("orphan-stereotype", message, "delete them in the editor", first)


def _documents(model: UmlModel, path: Path) -> None:
    documents = Counter(href.partition("#")[0] for _, href in model.resource.external)
    for document, count in documents.items():
        if document.startswith(_KNOWN_DOCUMENTS + _OWN_DOCUMENTS):
            continue
        owner = next(o for o, href in model.resource.external if href.partition("#")[0] == document)
        references = _times(count, "reference")
        if "://" in document or document.startswith("/"):
            message = f"{references} to {shown(document)}, which is not opened"
            model.note("foreign-document", message, "", owner)
            continue
        fate, rule, step = _fate(path, document)
        model.warn(rule, f"{references} to {shown(document)}, {fate}", step, owner)


def _fate(path: Path, document: str) -> tuple[str, str, str]:
    """Why another document is not read; what lies outside the folder of the model is not even looked at."""
    folder = path.resolve().parent
    try:
        inside = (folder / document).resolve().is_relative_to(folder)
        exists = inside and (folder / document).exists()
    except (OSError, ValueError):  # no file name at all
        inside, exists = False, False
    if not inside:
        return "which is outside the model's folder", "outside-document", "put what is needed into this model"
    if exists:
        return "and other files are not read", "other-document", "put what is needed into this model"
    return "which does not exist", "missing-document", "restore the file or delete the references"


def _times(count: int, singular: str, plural: str = "") -> str:
    return f"{count} {singular if count == 1 else plural or singular + 's'}"
