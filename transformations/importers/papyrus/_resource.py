"""A lenient XMI resource: what the metamodels do not name is kept, counted and located."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aicompiler.metamodels.system import Source
from pyecore.ecore import BadValueError
from pyecore.resources.xmi import XMIResource

from ._metamodel import (
    ClosedUri,
    EObject,
    child_class,
    features,
    is_base,
    is_nfp,
    known_profile,
    profile_class,
    stand_in,
    stereotype_class,
    uml_class,
)
from ._names import is_uml, is_xmi, locations, split_tag, xmi_attribute, xmi_type

__all__ = ["Document", "EObject", "LenientResource", "Outcome", "Reference", "Skipped", "Value"]

_EMPTY = ("", "null")  # MARTE tools write 'null' for no value


@dataclass
class Document:
    """One file: its elements by XML id, and what of it is no element of the metamodels."""

    name: str
    by_id: dict[str, EObject] = field(default_factory=dict)
    tops: list[EObject] = field(default_factory=list)
    elements: list[EObject] = field(default_factory=list)
    applications: list[EObject] = field(default_factory=list)
    foreign: dict[EObject, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    skipped_ids: set[str] = field(default_factory=set)
    values: list[Value] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


@dataclass(frozen=True)
class Skipped:
    """An element with an id that could not be kept, and why."""

    what: str
    reason: str
    source: Source


@dataclass(frozen=True)
class Value:
    """One value of a tag that is typed by a quantity or an arrival pattern."""

    application: EObject
    tag: str
    text: str
    line: int


class Outcome(Enum):
    """Where a reference leads."""

    INSIDE = "an element of the model"
    OUTSIDE = "an element of another document"
    DANGLING = "nothing"
    UNKNOWN = "an element, by a feature that is not known"


@dataclass
class Reference:
    """One token that refers to an element, and what became of it; not ``certain``: it may be mere text."""

    owner: EObject | None
    feature: str
    token: str
    line: int
    certain: bool = True
    outcome: Outcome = Outcome.UNKNOWN
    target: EObject | None = None


@dataclass(frozen=True)
class Unknown:
    """What the metamodels do not name: how often it occurs and where first."""

    kind: str
    name: str
    count: int
    line: int


class LenientResource(XMIResource):
    """Loads Papyrus-like UML files: ``models``, ``stereotypes`` and what it could not place.

    The first document is the model; others are read so that references into them resolve.
    """

    def __init__(self, name: str) -> None:
        super().__init__(ClosedUri(name))
        self.documents: list[Document] = []
        self.stereotypes: list[EObject] = []
        self.lines: dict[EObject, int] = {}
        self.files: dict[EObject, str] = {}
        self.text_lines: dict[tuple[EObject, str], list[int]] = {}
        self.misfits: dict[EObject, str] = {}
        self.duplicates: list[tuple[str, EObject, int]] = []
        self._unknown: dict[tuple[str, str], list[int]] = {}
        self._name = name
        self._locations: dict[str, str] = {}

    @property
    def models(self) -> list[EObject]:
        """The roots of the model."""
        return self.documents[0].tops if self.documents else []

    @property
    def by_id(self) -> dict[str, EObject]:
        """The elements of the model by XML id, in file order."""
        return self.documents[0].by_id

    @property
    def dangling(self) -> list[Reference]:
        """References to ids that their file does not define."""
        return [r for d in self.documents for r in d.references if r.outcome is Outcome.DANGLING]

    @property
    def external(self) -> list[Reference]:
        """References into documents that are not read."""
        return [r for d in self.documents for r in d.references if r.outcome is Outcome.OUTSIDE]

    @property
    def unknown(self) -> list[Unknown]:
        """What was kept without being understood, in order of first occurrence."""
        return [Unknown(*key, len(lines), lines[0]) for key, lines in self._unknown.items()]

    def _try_resource_autoload(self, uri: str, original_uri: str) -> Any:
        raise ValueError(f"{original_uri} ({uri}) is another document, which this resource never opens")

    # --- documents ----------------------------------------------------------------------------------------

    def add(self, root: Any, name: str = "") -> Document:
        """Build everything below the root element of a parsed file; references wait for ``resolve``."""
        document = Document(name or self._name)
        self.documents.append(document)
        self._locations = locations(root)
        namespace, tag = split_tag(root.tag)
        for node in list(_elements(root)) if tag == "XMI" and is_xmi(namespace) else [root]:
            if not is_xmi(split_tag(node.tag)[0]):
                _Reader(self, document).top(node, self._locations)
        return document

    def resolve(self, others: dict[tuple[str, str], Document]) -> None:
        """Let references lead to what they name; ``others``: what a document's relative address leads to."""
        for document in self.documents:
            ids = document.by_id.keys() | document.skipped_ids
            document.references = [r for r in document.references if r.certain or r.token in ids]
            for reference in document.references:
                self._resolve(document, reference, others)

    def _resolve(
        self, document: Document, reference: Reference, others: dict[tuple[str, str], Document]
    ) -> None:
        owner, feature = reference.owner, None
        if owner is not None:
            feature = features(owner.eClass).get(reference.feature)
        address, mark, fragment = reference.token.rpartition("#")
        searched = others.get((document.name, address)) if address else document
        reference.target = searched.by_id.get(fragment) if searched is not None else None
        if reference.target is not None:
            reference.outcome = Outcome.UNKNOWN if feature is None else Outcome.INSIDE
        elif address and searched is None:
            reference.outcome = Outcome.OUTSIDE
            reference.target = stand_in(reference.token)
            self.lines[reference.target] = reference.line
        else:
            reference.outcome = Outcome.DANGLING if feature is not None or mark else Outcome.UNKNOWN
        if feature is not None and reference.target is not None:
            self.put(owner, feature, reference.target, reference.line)

    # --- what the readers record --------------------------------------------------------------------------

    def note(self, kind: str, name: str, line: int) -> None:
        """Count something that the metamodels do not name."""
        self._unknown.setdefault((kind, name), []).append(line)

    def put(self, obj: EObject, feature: EObject, value: EObject, line: int) -> bool:
        """Set or add a value; whether its type fits."""
        try:
            if feature.many:
                getattr(obj, feature.name).append(value)
            else:
                setattr(obj, feature.name, value)
        except BadValueError:
            self.note("misplaced", f"{obj.eClass.name}.{feature.name}", line)
            return False
        return True


class _Reader:
    """Turns one element below the root of a document, and all below it, into an EObject."""

    def __init__(self, resource: LenientResource, document: Document) -> None:
        self.resource = resource
        self.document = document
        self.in_model = False

    def top(self, node: Any, known: dict[str, str]) -> None:
        """A model, or the application of a stereotype."""
        namespace, name = split_tag(node.tag)
        self.in_model = is_uml(namespace)
        if self.in_model:
            obj = self._grow(node, uml_class(name) or uml_class("NamedElement"))
            self.document.tops.append(obj)
        else:
            eclass = stereotype_class(namespace, name, known.get(namespace, ""))
            obj = self._grow(node, eclass or profile_class("Kept", "Foreign"))
            if eclass is None:
                self._foreign(obj, node, known_profile(namespace, known.get(namespace, "")))
            else:
                self.resource.stereotypes.append(obj)
            self.document.applications.append(obj)
        self.resource.contents.append(obj)

    def _foreign(self, obj: EObject, node: Any, known: bool) -> None:
        namespace, name = split_tag(node.tag)
        obj.namespace, obj.stereotype = namespace, name
        reason = f"the profile {namespace} is not known"
        if known:
            reason = f"its profile has no stereotype '{name}'"
        self.document.foreign[obj] = reason
        kind = ("stereotype", f"{namespace}::{name}") if known else ("namespace", namespace or name)
        self.resource.note(*kind, node.sourceline)

    def _grow(self, node: Any, eclass: EObject) -> EObject:
        """The object of a node with all below it, in file order; deep files do not make it recurse."""
        obj = self._build(node, eclass)
        pending = [(child, obj) for child in reversed(list(_elements(node)))]
        while pending:
            child, owner = pending.pop()
            grown = self._child(owner, child)
            if grown is not None:
                pending += [(c, grown) for c in reversed(list(_elements(child)))]
        return obj

    def _build(self, node: Any, eclass: EObject) -> EObject:
        obj = eclass()
        self.resource.lines[obj] = node.sourceline
        if self.document is not self.resource.documents[0]:
            self.resource.files[obj] = self.document.name
        for key, value in node.attrib.items():
            if key[0] != "{":
                self._attribute(obj, key, value, node.sourceline)
            elif key.endswith("}id"):
                self._register(obj, value, node.sourceline)
        return obj

    def _register(self, obj: EObject, id_: str, line: int) -> None:
        obj._internal_id = id_
        if self.document.by_id.setdefault(id_, obj) is not obj:
            self.resource.duplicates.append((id_, obj, line))
        if self.in_model:
            self.document.elements.append(obj)

    # --- attributes ---------------------------------------------------------------------------------------

    def _attribute(self, obj: EObject, name: str, value: str, line: int) -> None:
        known = features(obj.eClass)
        if name == "href":
            self._refer(obj, name, [value], line)
        elif is_base(obj.eClass, name):
            self._refer(obj, "base", value.split(), line)
        elif (feature := known.get(name)) is None:
            self._unknown_attribute(obj, name, value, line)
        elif feature.is_attribute:
            self._text(obj, feature, value, line)
        elif not feature.containment:
            self._refer(obj, name, value.split(), line)

    def _unknown_attribute(self, obj: EObject, name: str, value: str, line: int) -> None:
        """An attribute that may or may not refer to elements: which of its words are ids shows at the end."""
        if is_a_foreign(obj):
            obj.tags.append(f"{name}={value}")
        else:
            self.resource.note("feature", f"{obj.eClass.name}.{name}", line)
        self._refer(obj, name, value.split(), line, certain=False)

    def _refer(
        self, owner: EObject | None, feature: str, tokens: list[str], line: int, *, certain: bool = True
    ) -> None:
        found = [Reference(owner, feature, token, line, certain) for token in tokens]
        self.document.references += found

    def _text(self, obj: EObject, feature: EObject, text: str, line: int) -> None:
        value = text.strip() in ("true", "1") if feature.eType.name == "EBoolean" else text
        self.resource.put(obj, feature, value, line)
        if is_nfp(feature) and text.strip() not in _EMPTY:
            self.document.values.append(Value(obj, feature.name, text.strip(), line))

    # --- children -----------------------------------------------------------------------------------------

    def _child(self, obj: EObject, node: Any) -> EObject | None:
        name = split_tag(node.tag)[1]
        eclass = child_class(obj.eClass, node)
        feature = features(obj.eClass).get(name)
        if eclass is not None:
            return self._contain(obj, feature, node, eclass)
        if xmi_attribute(node, "nil") is None and feature is not None and feature.is_attribute:
            self._text(obj, feature, node.text or "", node.sourceline)
            self.resource.text_lines.setdefault((obj, name), []).append(node.sourceline)
        elif feature is None and is_a_foreign(obj) and (node.text or "").strip():
            obj.tags.append(f"{name}={node.text.strip()}")
        self._skip(obj, node, "base" if is_base(obj.eClass, name) else name)
        return None

    def _contain(self, obj: EObject, feature: EObject | None, node: Any, eclass: EObject) -> EObject:
        type_name, name = xmi_type(node), split_tag(node.tag)[1]
        child = self._build(node, eclass)
        reason = ""
        if feature is None:
            reason = f"{obj.eClass.name} has no feature '{name}'"
            self.resource.note("feature", f"{obj.eClass.name}.{name}", node.sourceline)
        elif type_name and type_name != eclass.name:
            reason = f"there is no metaclass '{type_name}'"
            self.resource.note("metaclass", type_name, node.sourceline)
        if "metaclass" in features(eclass) and (feature is None or type_name != eclass.name):
            child.metaclass = type_name or (name if feature is None else None)
        if feature is None or not self.resource.put(obj, feature, child, node.sourceline):
            reason = reason or f"{eclass.name} does not fit '{name}' of {obj.eClass.name}"
            if "kept" in features(obj.eClass):
                self.resource.put(obj, features(obj.eClass)["kept"], child, node.sourceline)
        if reason:
            self.resource.misfits[child] = reason
        return child

    def _skip(self, obj: EObject, node: Any, name: str) -> None:
        """A node that contains no element of its own: a reference, or something that can only be counted."""
        known = features(obj.eClass).get(name)
        contains = known is not None and not known.is_attribute and known.containment
        feature = "kept" if contains else name
        for inner in node.iter():
            if not isinstance(inner.tag, str):
                continue
            owner = obj if inner is node else None
            for key, value in inner.attrib.items():
                if key == "href" or key.endswith("}idref"):
                    self._refer(owner, feature, [value], inner.sourceline)
                elif key.endswith("}id") and key[0] == "{":
                    self._skip_element(inner, value)
                elif key[0] != "{":
                    self._refer(None, key, value.split(), inner.sourceline, certain=False)

    def _skip_element(self, node: Any, id_: str) -> None:
        self.document.skipped_ids.add(id_)
        if self.in_model:
            name = split_tag(node.tag)[1]
            reason = "it stands where UML has no element"
            source = Source(file=self.document.name, xml_id=id_, line=node.sourceline)
            self.document.skipped.append(Skipped(name, reason, source))


def is_a_foreign(obj: EObject) -> bool:
    """Whether this is the application of a stereotype that no metamodel describes."""
    return bool(obj.eClass.name == "Foreign")


def _elements(node: Any) -> Iterator[Any]:
    return (child for child in node if isinstance(child.tag, str))
