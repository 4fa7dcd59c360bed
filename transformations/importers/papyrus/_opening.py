"""From the file that a user names to the model it stands for: what it is, is judged by its content."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.system import Source
from aicompiler.transformations.importers._accounting import Account
from aicompiler.transformations.importers._reading import read_xml, unreadable

from ._count import count
from ._documents import Documents, has_model
from ._names import is_xmi, split_tag
from ._resource import LenientResource

_MODELS = (".uml", ".xmi", ".xml")
_BESIDE = (".di", ".notation", ".aird")
_SYSML2 = (".sysml", ".kerml", ".sysmlx", ".kermlx")
_ARCHIVES = (".mdzip", ".mdxml")
_HEAD = 4096

# What else stands in XML files of such projects: how the namespace of a root begins, and what the file is.
_FOREIGN = (
    ("http://www.eclipse.org/emf/2002/Ecore", "an Ecore metamodel"),
    ("http://www.eclipse.org/gmf/runtime/", "a diagram"),
    ("http://www.eclipse.org/papyrus/0.7.0/sashdi", "the windows of an editor"),
    ("http://www.eclipse.org/papyrus/architecture", "an architecture description of Papyrus"),
    ("http://www.eclipse.org/sirius/", "a file of diagrams"),
    ("http://www.polarsys.org/capella/", "a Capella model"),
    ("http://app4mc.eclipse.org/amalthea", "an AMALTHEA model"),
    ("http://aicompiler/", "a system, deployment or plan of this tool"),
    ("https://www.omg.org/spec/SysML/2", "SysML v2"),
    ("https://www.omg.org/spec/KerML/2", "SysML v2"),
    ("http://www.omg.org/spec/KerML", "SysML v2"),
    ("http://www.omg.org/XPD", "a diagram exchange file (XPD)"),
    ("http://www.omg.org/spec/BPMN", "a BPMN model"),
    ("http://www.eclipse.org/xpand", "a template"),
)
_SYSML2_STEP = "export the model as UML 2 with SysML 1 (Eclipse UML2 XMI), or write a *.system.xmi"


@dataclass
class Opened:
    """A model with what it refers to, and how much its files hold."""

    path: Path
    resource: LenientResource
    documents: Documents
    totals: Counter[Account]
    said: list[Diagnostic] = field(default_factory=list)


def is_candidate(path: Path) -> bool:
    """Whether the file may be UML, or is one that lies beside a UML model or is often taken for one."""
    suffix = path.suffix.lower()
    if suffix in (*_MODELS, *_SYSML2, *_ARCHIVES):
        return True
    if suffix in _BESIDE:
        return suffix != ".aird" or path.with_suffix(".uml").is_file()
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return (b"/UML" in head and b"XMI" in head) or (suffix == ".json" and b'"@type"' in head)


def open_model(path: Path) -> Opened:
    """The model that ``path`` is or leads to; raises ``UnreadableInput`` if there is none."""
    said: list[Diagnostic] = []
    _refuse_sysml2(path)
    if path.suffix.lower() in _BESIDE:
        path = _beside(path, said)
    root = read_xml(path)
    if not has_model(root):
        raise _foreign(path, root)
    resource = LenientResource(path.name)
    resource.add(root)
    documents = Documents(path, resource)
    totals = count(root)
    for other in documents.follow():
        totals.update(count(other))
    resource.resolve(documents.leads)
    return Opened(path, resource, documents, totals, said)


def _beside(path: Path, said: list[Diagnostic]) -> Path:
    """The model of which ``path`` holds the diagrams."""
    model = path.with_suffix(".uml")
    if not model.is_file():
        message = f"it holds diagrams, and there is no {model.name} beside it"
        raise unreadable(path, "no-model", message, "give the .uml file of the model")
    said.append(
        Diagnostic(
            severity=Severity.NOTE,
            rule="model-beside",
            message=f"{path.name} holds diagrams; the model beside it is read: {model.name}",
            source=Source(file=path.name),
        )
    )
    return model


def _refuse_sysml2(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in (*_SYSML2, ".json"):
        raise unreadable(path, "sysml-v2", "this is SysML v2, which is not read", _SYSML2_STEP)
    if suffix in _ARCHIVES:
        message = "this is a project of MagicDraw or Cameo in its own format"
        raise unreadable(path, "no-model", message, "export it: File > Export To > Eclipse UML2 XMI File")


def _foreign(path: Path, root: Any) -> UnreadableInput:
    """What a file without a UML root is, as far as its first elements tell."""
    for node in (root, *root.iterchildren("*")):
        namespace, name = split_tag(node.tag)
        for start, what in _FOREIGN:
            if namespace.startswith(start):
                step = _SYSML2_STEP if what == "SysML v2" else "give the .uml file of the model"
                rule = "sysml-v2" if what == "SysML v2" else "no-model"
                return unreadable(
                    path, rule, f"there is no UML model in this file: it is {what}", step, node.sourceline
                )
        if not is_xmi(namespace):
            kind = f"its root is {name}" + (f" of {namespace}" if namespace else "")
            message = f"there is no UML model in this file: {kind}"
            return unreadable(
                path, "no-model", message, "give a .uml file that Papyrus saved", node.sourceline
            )
    message = "there is no UML model in this file: it is empty"
    return unreadable(path, "no-model", message, "give a .uml file that Papyrus saved", root.sourceline)
