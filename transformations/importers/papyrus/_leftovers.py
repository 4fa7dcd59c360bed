"""What was not understood, said once a kind: the accounts list every single one."""

from __future__ import annotations

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.importers._sayings import shown

from ._documents import Documents, Fate
from ._resource import EObject, Reference
from ._structure import MAX_GENERALS, inherited
from ._view import UmlModel

_REPAIR = "put what is needed into this model"
_SAID: dict[Fate, tuple[Severity, str, str]] = {
    Fate.FOREIGN: (Severity.NOTE, "foreign-document", ""),
    Fate.READ: (Severity.NOTE, "other-document", ""),
    Fate.OUTSIDE: (Severity.WARNING, "outside-document", ""),
    Fate.MISSING: (Severity.WARNING, "missing-document", "restore the file or delete the references"),
    Fate.UNREADABLE: (Severity.WARNING, "unreadable-document", _REPAIR),
    Fate.TOO_MUCH: (Severity.WARNING, "too-many-documents", _REPAIR),
}


def report_leftovers(model: UmlModel, documents: Documents) -> None:
    """Diagnostics for duplicate ids, orphans, other documents, dangling references and unknown names."""
    _duplicates(model)
    _generals(model)
    _orphans(model)
    _documents(model, documents)
    _dangling(model)
    for unknown in model.resource.unknown:
        message = f"{unknown.kind} {shown(unknown.name)} is not used ({_times(unknown.count, 'occurrence')})"
        source = Source(file=model.file, line=unknown.line)
        model.add(Severity.NOTE, "not-understood", message, "", source)


def _duplicates(model: UmlModel) -> None:
    firsts = {id_: obj for d in model.resource.documents for id_, obj in d.by_id.items()}
    for id_, obj, line in model.resource.duplicates:
        first = firsts[id_]
        message = f"the id '{shown(id_)}' of {model.label(obj)} is already that of {model.label(first)}"
        place = f"line {model.resource.lines[first]}"
        step = "give each element its own xmi:id"
        model.add(Severity.ERROR, "duplicate-id", f"{message} in {place}", step, model.source(obj, line))


def _generals(model: UmlModel) -> None:
    """An error at the first classifier that specialises more than is followed."""
    for classifier in model.elements("Classifier"):
        if len(inherited(classifier)) >= MAX_GENERALS:
            message = f"{model.label(classifier)} specialises {MAX_GENERALS} classifiers or more"
            model.error("too-many-generals", message, "shorten the chain of generalizations", classifier)
            return


def is_orphan(application: EObject) -> bool:
    """Whether a stereotype application speaks of nothing: its element was deleted."""
    return application.base is None and getattr(application, "context", None) is None


def _orphans(model: UmlModel) -> None:
    orphans: dict[str, list[EObject]] = {}
    for application in filter(is_orphan, model.resource.stereotypes):
        orphans.setdefault(application.eClass.name, []).append(application)
    for name, found in orphans.items():
        count = _times(len(found), f"application of {name}", f"applications of {name}")
        model.warn(
            "orphan-stereotype", f"{count} belong to no element", "delete them in the editor", found[0]
        )


def _documents(model: UmlModel, documents: Documents) -> None:
    found: dict[tuple[str, str], list[Reference]] = {}
    for document in model.resource.documents:
        for reference in document.references:
            if address := reference.token.rpartition("#")[0]:
                found.setdefault((document.name, address), []).append(reference)
    for key, references in found.items():
        fate = documents.fates.get(key)
        if fate in _SAID:
            severity, rule, step = _SAID[fate]
            if fate is Fate.OUTSIDE:
                name = shown(key[1].rpartition("/")[2])
                step = f"put {name} into the model's folder and refer to it there"
            message = f"{_times(len(references), 'reference')} to {shown(key[1])}, {fate.value}"
            model.add(severity, rule, message, step, _place(model, references[0], key[0]))


def _place(model: UmlModel, reference: Reference, file: str) -> Source:
    if reference.owner is None:
        return Source(file=file, line=reference.line)
    return model.source(reference.owner, reference.line)


def _dangling(model: UmlModel) -> None:
    found: dict[tuple[str, str], list[Reference]] = {}
    for reference in model.resource.dangling:
        owner = "an element" if reference.owner is None else reference.owner.eClass.name
        found.setdefault((owner, reference.feature), []).append(reference)
    for (owner, feature), references in found.items():
        subject = f"{feature} of {_times(len(references), owner)}"
        first = references[0]
        message = f"{subject} refers to ids that the file does not define ({shown(first.token)})"
        source = _place(model, first, model.file)
        model.add(Severity.WARNING, "dangling-reference", message, "delete or repair the references", source)


def _times(count: int, singular: str, plural: str = "") -> str:
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


__all__ = ["is_orphan", "report_leftovers"]
