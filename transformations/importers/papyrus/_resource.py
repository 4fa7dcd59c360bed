"""A lenient XMI resource: what the subsets do not name is kept and counted, no other document is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

from lxml import etree
from pyecore.ecore import BadValueError
from pyecore.resources import URI, ResourceSet
from pyecore.resources.xmi import XMIResource

EObject = Any  # pyecore makes the classes of a loaded metamodel at run time

_UML = re.compile(
    r"http://(www\.eclipse\.org/uml2/[\d.]+/UML|www\.omg\.org/spec/UML/\d+|schema\.omg\.org/spec/UML/[\d.]+)"
)
_PROFILES = (
    re.compile(r"http://www\.eclipse\.org/papyrus/([A-Za-z_]\w*)/\d+"),
    re.compile(r"http:///schemas/([A-Za-z_]\w*)/[^/]+/\d+"),
    re.compile(r"http:///MARTE/(?:.*/)?([A-Za-z_]\w*)\.ecore"),
    re.compile(r"http://CHESS[\w.]*/schemas/([A-Za-z_]\w*)/[^/]+/\d+"),
    re.compile(r"http://.*/SysML/([A-Za-z]\w*?)(?:\.ecore)?"),
)
_RENAMED = {"PortAndFlows": "PortsAndFlows"}
_OWN_PROFILE = "http://aicompiler/profile/1"
_IGNORED_CHILDREN = frozenset({"eAnnotations"})


class _Closed(URI):
    """An address in memory: it never leads to a file or a network."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(name)
        self.content = content

    def create_instream(self) -> BytesIO:
        return BytesIO(self.content)

    def normalize(self) -> str:
        return str(self.plain)


@cache
def _metamodel(name: str) -> EObject:
    content = (files("aicompiler.metamodels") / f"{name}.ecore").read_bytes()
    resource = XMIResource(_Closed(f"{name}.ecore", content))
    resource.resource_set = ResourceSet()
    resource.load()
    return resource.contents[0]


@cache
def _class(package: str, name: str) -> EObject:
    """The class of the UML subset (package '') or of a profile's sub-package; None if it has none."""
    if not package:
        return _metamodel("uml").getEClassifier(name)
    found = next((p for p in _metamodel("marte").eSubpackages if p.name == package), None)
    return found and (found.getEClassifier(name) or found.getEClassifier(f"SysML{name}"))


@cache
def _features(eclass: EObject) -> dict[str, EObject]:
    return {f.name: f for f in eclass.eAllStructuralFeatures()}


def profile_package(uri: str) -> str | None:
    """The sub-package of marte.ecore that a namespace URI stands for, by its pattern; None for others."""
    if uri == _OWN_PROFILE:
        return "aic"
    for pattern in _PROFILES:
        if match := pattern.fullmatch(uri):
            name = _RENAMED.get(match[1], match[1])
            return name if any(p.name == name for p in _metamodel("marte").eSubpackages) else None
    return None


@dataclass(frozen=True)
class Unknown:
    """What the subsets do not name: how often it occurs and where first."""

    kind: str
    name: str
    count: int
    line: int


@dataclass(frozen=True)
class Dangling:
    """A reference to an id that the file does not define."""

    owner: EObject
    feature: str
    target: str
    line: int


@dataclass
class _Reference:
    owner: EObject
    feature: str
    targets: list[str]
    line: int


@dataclass
class _Notes:
    unknown: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, kind: str, name: str, line: int) -> None:
        self.unknown.setdefault((kind, name), []).append(line)


class LenientResource(XMIResource):
    """Loads any Papyrus-like UML file: ``models``, ``stereotypes`` and what it could not place."""

    def __init__(self, name: str) -> None:
        super().__init__(_Closed(name, b""))
        self.models: list[EObject] = []
        self.stereotypes: list[EObject] = []
        self.by_id: dict[str, EObject] = {}
        self.lines: dict[EObject, int] = {}
        self.text_lines: dict[tuple[EObject, str], list[int]] = {}
        self.dangling: list[Dangling] = []
        self.duplicates: list[tuple[str, EObject, int]] = []
        self.external: list[tuple[EObject, str]] = []
        self._notes = _Notes()
        self._references: list[_Reference] = []

    @property
    def unknown(self) -> list[Unknown]:
        """What was kept without being understood, in order of first occurrence."""
        items = self._notes.unknown.items()
        return [Unknown(kind, name, len(lines), lines[0]) for (kind, name), lines in items]

    def _try_resource_autoload(self, uri: str, original_uri: str) -> Any:
        raise ValueError(f"{original_uri} ({uri}) is another document, which is never opened")

    def load_root(self, root: Any) -> None:
        """Build everything below the root element of a parsed file."""
        namespace, name = split_tag(root.tag)
        tops = list(_elements(root)) if name == "XMI" and "XMI" in namespace else [root]
        for node in tops:
            self._top(node)
        for reference in self._references:
            self._resolve(reference)
        self._references.clear()

    def _top(self, node: Any) -> None:
        namespace, name = split_tag(node.tag)
        if _UML.fullmatch(namespace):
            obj = self._build(node, _class("", name) or _class("", "NamedElement"))
            self.models.append(obj)
        elif package := profile_package(namespace):
            if (eclass := _class(package, name)) is None:
                self._notes.add("stereotype", f"{package}::{name}", node.sourceline)
                return
            obj = self._build(node, eclass)
            self.stereotypes.append(obj)
        else:
            self._notes.add("namespace", namespace or name, node.sourceline)
            return
        self.contents.append(obj)

    def _build(self, node: Any, eclass: EObject) -> EObject:
        obj = eclass()
        self.lines[obj] = node.sourceline
        for key, value in node.attrib.items():
            namespace, name = split_tag(key)
            if name == "id" and namespace:
                self._register(obj, value, node.sourceline)
            elif not namespace:
                self._attribute(obj, name, value, node.sourceline)
        for child in _elements(node):
            self._child(obj, child)
        return obj

    def _register(self, obj: EObject, id_: str, line: int) -> None:
        obj._internal_id = id_
        self.uuid_dict.setdefault(id_, obj)
        if self.by_id.setdefault(id_, obj) is not obj:
            self.duplicates.append((id_, obj, line))

    def _attribute(self, obj: EObject, name: str, value: str, line: int) -> None:
        features = _features(obj.eClass)
        if name.lower().startswith("base_") and "base" in features:
            self._references.append(_Reference(obj, "base", [value], line))
        elif (feature := features.get(name)) is None:
            self._notes.add("feature", f"{obj.eClass.name}.{name}", line)
        elif feature.is_attribute:
            self._set_text(obj, feature, value)
        elif not feature.containment:
            targets = value.split() if feature.many else [value]
            self._references.append(_Reference(obj, name, targets, line))

    def _set_text(self, obj: EObject, feature: EObject, text: str) -> None:
        value = text.strip() in ("true", "1") if feature.eType.name == "EBoolean" else text
        if feature.many:
            getattr(obj, feature.name).append(value)
        else:
            setattr(obj, feature.name, value)

    def _child(self, obj: EObject, node: Any) -> None:
        name = split_tag(node.tag)[1]
        if name in _IGNORED_CHILDREN or any(split_tag(key)[1] == "nil" for key in node.attrib):
            return
        features = _features(obj.eClass)
        if name.lower().startswith("base_") and "base" in features:
            self._refer(obj, "base", node)
        elif (feature := features.get(name)) is None:
            self._keep(obj, name, node)
        elif feature.is_attribute:
            self._set_text(obj, feature, node.text or "")
            self.text_lines.setdefault((obj, name), []).append(node.sourceline)
        elif feature.containment and node.get("href") is None:
            self._contain(obj, feature, node)
        else:
            self._refer(obj, "kept" if feature.containment else name, node)

    def _refer(self, obj: EObject, feature: str, node: Any) -> None:
        target = node.get("href") or next(
            (v for k, v in node.attrib.items() if split_tag(k)[1] == "idref"), None
        )
        if target is not None:
            self._references.append(_Reference(obj, feature, [target], node.sourceline))

    def _contain(self, obj: EObject, feature: EObject, node: Any) -> None:
        type_name = _xmi_type(node)
        eclass = _class("", type_name) if type_name else feature.eType
        if eclass is None:
            self._notes.add("metaclass", type_name, node.sourceline)
            eclass = feature.eType
        elif eclass is not feature.eType and feature.eType not in eclass.eAllSuperTypes():
            feature = _features(obj.eClass)["kept"]
        child = self._build(node, eclass)
        if type_name and type_name != eclass.name:
            child.metaclass = type_name
        self._put(obj, feature, child, node.sourceline)

    def _keep(self, obj: EObject, name: str, node: Any) -> None:
        """Keep an element under a feature that the subset lacks, so that references to it still resolve."""
        self._notes.add("feature", f"{obj.eClass.name}.{name}", node.sourceline)
        kept = _features(obj.eClass).get("kept")
        if kept is None or node.get("href") is not None or not node.attrib:
            return
        type_name = _xmi_type(node)
        child = self._build(node, _class("", type_name) or _class("", "NamedElement"))
        child.metaclass = type_name or name
        self._put(obj, kept, child, node.sourceline)

    def _put(self, obj: EObject, feature: EObject, value: EObject, line: int) -> None:
        try:
            if feature.many:
                getattr(obj, feature.name).append(value)
            else:
                setattr(obj, feature.name, value)
        except BadValueError:
            self._notes.add("misplaced", f"{obj.eClass.name}.{feature.name}", line)

    def _resolve(self, reference: _Reference) -> None:
        features = _features(reference.owner.eClass)
        if (feature := features.get(reference.feature)) is None:
            return
        for target in reference.targets:
            if "#" in target:
                value = self._outside(reference.owner, target, reference.line)
            elif (value := self.by_id.get(target)) is None:
                self.dangling.append(Dangling(reference.owner, reference.feature, target, reference.line))
                continue
            self._put(reference.owner, feature, value, reference.line)

    def _outside(self, owner: EObject, href: str, line: int) -> EObject:
        document, _, fragment = href.rpartition("#")
        if not document and fragment in self.by_id:
            return self.by_id[fragment]
        stand_in = _class("", "External")(href=href)
        self.lines[stand_in] = line
        self.external.append((owner, href))
        return stand_in


def _elements(node: Any) -> Iterator[Any]:
    return (child for child in node if isinstance(child.tag, str))


def split_tag(tag: str) -> tuple[str, str]:
    """Namespace and local name."""
    name = etree.QName(tag)
    return name.namespace or "", name.localname


def _xmi_type(node: Any) -> str:
    value = next((v for k, v in node.attrib.items() if split_tag(k)[1] == "type" and split_tag(k)[0]), "")
    return str(value).rpartition(":")[2]
