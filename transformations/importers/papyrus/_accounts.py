"""The fate of every element, application, reference and value of the files that were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from aicompiler.metamodels.system import Source, System
from aicompiler.transformations.importers._accounting import Account, Accounting, Fate, Ledger
from aicompiler.transformations.importers._vsl import VslError, parse

from ._documents import Documents
from ._documents import Fate as DocumentFate
from ._leftovers import is_orphan
from ._machines import elements_of, is_machine
from ._metamodel import features
from ._resource import Document, EObject, Outcome, Reference, Value
from ._view import UmlModel, is_a

# Packages that editors copy into a model: the libraries of MARTE, UML and SysML, and MagicDraw's own.
_INLINED = (
    *("MARTE_Library", "MARTE_PrimitivesTypes", "BasicNFP_Types", "MeasurementUnits", "TimeTypesLibrary"),
    *("UML Standard Profile", "UML_Standard_Profile", "UML Primitive Types", "PrimitiveTypes"),
    *("QUDV Library", "SysML", "ISO-80000", "SI Definitions"),
)
_CUSTOMIZATION = "MD Customization for "
# What belongs to an element so closely that it is read with it.
_PARTS = ("lowerValue", "upperValue", "defaultValue", "end", "generalization", "specification")


def account(model: UmlModel, system: System, documents: Documents, totals: Counter[Account]) -> Accounting:
    """The accounts of an import; ``totals`` were counted in the XML."""
    accountant = _Accountant(model, system, documents)
    for document in model.resource.documents:
        accountant.enter(document)
    return accountant.ledger.close(totals)


class _Accountant:
    def __init__(self, model: UmlModel, system: System, documents: Documents) -> None:
        self.model = model
        self.documents = documents
        self.ledger = Ledger()
        self.library = _inlined(model)
        self.used = _used(model, system)
        self.read = {application for application, _ in model.read}
        self.lost = {r.owner for r in model.resource.dangling if r.feature == "base"}

    def enter(self, document: Document) -> None:
        """Enter what one document holds."""
        for element in document.elements:
            self._enter_element(element)
        for skipped in document.skipped:
            self.ledger.report(Account.ELEMENTS, skipped.what, skipped.reason, skipped.source)
        for application in document.applications:
            self._enter_application(application, document.foreign.get(application))
        for reference in document.references:
            self._enter_reference(document, reference)
        for value in document.values:
            self._enter_value(value)

    def _enter_element(self, element: EObject) -> None:
        reason = self.model.resource.misfits.get(element)
        fate = Fate.REPORTED if reason else Fate.USED if element in self.used else Fate.BOUND
        self._enter(Account.ELEMENTS, element, fate, self.model.label(element), reason or "")

    def _enter(
        self, what: Account, owner: EObject, fate: Fate, label: str, reason: str, line: int | None = None
    ) -> None:
        """One item that ``owner`` holds; what a library holds is no statement of the user."""
        if self._of_library(owner):
            self.ledger.enter(what, Fate.LIBRARY)
        elif fate is Fate.REPORTED:
            self.ledger.report(what, label, reason, self.model.source(owner, line))
        else:
            self.ledger.enter(what, fate)

    def _of_library(self, owner: EObject) -> bool:
        return owner in self.library or getattr(owner, "base", None) in self.library

    def _enter_application(self, application: EObject, unknown: str | None) -> None:
        name = application.stereotype if unknown else application.eClass.name
        if unknown:
            reason = unknown
        elif is_orphan(application):
            lost = application in self.lost
            reason = "its element is not in the file" if lost else "it is applied to no element"
        else:
            fate = Fate.USED if self._speaks(application) else Fate.BOUND
            self._enter(Account.APPLICATIONS, application, fate, name, "")
            return
        self._enter(Account.APPLICATIONS, application, Fate.REPORTED, name, reason)

    def _speaks(self, application: EObject) -> bool:
        """Whether the system would be another without this application."""
        if application in self.read:
            return True
        consulted = application in self.model.consulted
        return application in self.used or (consulted and application.base in self.used)

    def _enter_reference(self, document: Document, reference: Reference) -> None:
        owner, label = reference.owner, f"{reference.feature} {reference.token}"
        fate, reason = self._fate(document, reference)
        if owner is not None:
            self._enter(Account.REFERENCES, owner, fate, label, reason, reference.line)
        elif fate is Fate.REPORTED:
            source = Source(file=document.name, line=reference.line)
            self.ledger.report(Account.REFERENCES, label, reason, source)
        else:
            self.ledger.enter(Account.REFERENCES, fate)

    def _fate(self, document: Document, reference: Reference) -> tuple[Fate, str]:
        if reference.outcome is Outcome.INSIDE:
            used = reference.target in self.used and self._is_used(reference.owner)
            return (Fate.USED if used else Fate.BOUND), ""
        if reference.outcome is Outcome.OUTSIDE:
            fate = self.documents.fates[document.name, reference.token.rpartition("#")[0]]
            if fate is DocumentFate.LIBRARY:
                return Fate.BOUND, ""
            return Fate.REPORTED, f"it leads to another document, {fate.value}"
        if reference.outcome is Outcome.DANGLING:
            return Fate.REPORTED, "no element has this id"
        return Fate.REPORTED, f"the feature '{reference.feature}' is not known here"

    def _is_used(self, owner: EObject) -> bool:
        return owner in self.used or (hasattr(owner, "base") and self._speaks(owner))

    def _enter_value(self, value: Value) -> None:
        application, tag, text = value.application, value.tag, value.text
        label = f"{tag} of {application.eClass.name}: {text[:80]}"
        reason = self.model.rejected.get((application, tag, text)) or _unparsed(text)
        if reason:
            self._enter(Account.NFP_VALUES, application, Fate.REPORTED, label, reason, value.line)
            return
        fate = Fate.USED if (application, tag) in self.model.read else Fate.BOUND
        self._enter(Account.NFP_VALUES, application, fate, label, "")


def _unparsed(text: str) -> str:
    """Why a text is no VSL; '' if it is."""
    try:
        parse(text)
    except VslError as error:
        return str(error)
    return ""


def _inlined(model: UmlModel) -> set[EObject]:
    """The packages that are copies of libraries, and all in them; containers come before what they hold."""
    found: set[EObject] = set()
    for obj in model.resource.lines:
        if obj.eContainer() in found or (is_a(obj, "Package") and _is_library(obj.name or "")):
            found.add(obj)
    return found


def _is_library(name: str) -> bool:
    return name in _INLINED or name.startswith(_CUSTOMIZATION)


def _used(model: UmlModel, system: System) -> set[EObject]:
    """The elements that the system rests on, their types, and the small parts that belong to them."""
    words = set(_mentioned(system))
    used = {o for d in model.resource.documents for i, o in d.by_id.items() if i in words}
    used |= {element.type for element in used if getattr(element, "type", None) is not None}
    for element in list(used):
        for name in _PARTS:
            used.update(v for v in _several(element, name) if v.eContainer() is element)
        if is_machine(element):
            used.update(elements_of(element))
    return used


def _several(element: EObject, name: str) -> list[EObject]:
    """The elements that a feature holds, one or many; none where the class lacks it."""
    feature = features(element.eClass).get(name)
    if feature is None or feature.is_attribute:
        return []
    value = getattr(element, name)
    return list(value) if feature.many else [value] if value is not None else []


def _mentioned(value: Any) -> Iterator[str]:
    """The XML ids in a system: those of its sources, and those its own ids are made of."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Source):
            yield item.xml_id
        elif is_dataclass(item):
            yield from getattr(item, "id", "").split(".")
            pending += [getattr(item, f.name) for f in fields(item)]
        elif isinstance(item, (tuple, list)):
            pending += item
        elif isinstance(item, Mapping):
            pending += item.values()
