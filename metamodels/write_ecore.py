"""Write ``system.ecore``, ``deployment.ecore`` and ``plan.ecore`` from the dataclasses.

Run ``python -m aicompiler.metamodels.write_ecore`` after a change to a dataclass; a test compares every
feature of both sides and fails until that was done.
"""

from __future__ import annotations

import inspect
import re
from enum import Enum
from pathlib import Path
from typing import Any

from lxml import etree

from ._features import Feature, Kind, Reference, own_features
from ._packages import ABSTRACT, PACKAGES, MetamodelPackage, package_of

ECORE = "http://www.eclipse.org/emf/2002/Ecore"
XMI = "http://www.omg.org/XMI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
GENMODEL = "http://www.eclipse.org/emf/2002/GenModel"

DATA_TYPES: dict[tuple[type, bool], str] = {
    (int, False): "ELong",
    (int, True): "ELongObject",
    (str, False): "EString",
    (str, True): "EString",
    (bool, False): "EBoolean",
    (bool, True): "EBooleanObject",
    (float, False): "EDouble",
    (float, True): "EDoubleObject",
}


def ecore_text(package: MetamodelPackage) -> bytes:
    """The Ecore document of one package: same input, same bytes."""
    nsmap = {"xmi": XMI, "xsi": XSI, "ecore": ECORE}
    root = etree.Element(f"{{{ECORE}}}EPackage", nsmap=nsmap)
    root.set(f"{{{XMI}}}version", "2.0")
    for key, value in (("name", package.name), ("nsURI", package.uri), ("nsPrefix", package.name)):
        root.set(key, value)
    _document(root, package.module.__doc__)
    for enum in package.enums:
        _write_enum(root, enum)
    for cls in package.classes:
        _write_class(root, cls, package)
    text: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return text


def _write_enum(root: Any, enum: type[Enum]) -> None:
    node = _classifier(root, "EEnum", enum)
    for value, literal in enumerate(enum):
        etree.SubElement(node, "eLiterals", name=literal.value, value=str(value))


def _write_class(root: Any, cls: type, package: MetamodelPackage) -> None:
    node = _classifier(root, "EClass", cls)
    if cls in ABSTRACT:
        node.set("abstract", "true")
    base = cls.__mro__[1]
    if base is not object:
        node.set("eSuperTypes", _path(base, package))
    for feature in own_features(cls):
        _write_feature(node, feature, package)


def _classifier(root: Any, kind: str, cls: type) -> Any:
    node = etree.SubElement(root, "eClassifiers", name=cls.__name__)
    node.set(f"{{{XSI}}}type", f"ecore:{kind}")
    _document(node, cls.__doc__)
    return node


def _write_feature(node: Any, feature: Feature, package: MetamodelPackage) -> None:
    attribute = feature.kind is Kind.ATTRIBUTE
    sub = etree.SubElement(node, "eStructuralFeatures", name=feature.name)
    sub.set(f"{{{XSI}}}type", "ecore:EAttribute" if attribute else "ecore:EReference")
    if feature.many:
        sub.set("upperBound", "-1")
        if attribute:
            sub.set("unique", "false")
    if feature.required:
        sub.set("lowerBound", "1")
    sub.set("eType", _type(feature, package))
    if feature.kind is Kind.CONTAINMENT:
        sub.set("containment", "true")
    if feature.name == "id":
        sub.set("iD", "true")
    if attribute and feature.default not in (None, ""):
        sub.set("defaultValueLiteral", literal(feature.default))


def literal(value: Any) -> str:
    """An attribute value as Ecore writes it."""
    if isinstance(value, Enum):
        return str(value.value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(feature: Feature, package: MetamodelPackage) -> str:
    if isinstance(feature.type, Reference):
        home = next(p for p in PACKAGES if p.name == feature.type.package)
        return _path(next(c for c in home.classes if c.__name__ == feature.type.target), package)
    if (name := DATA_TYPES.get((feature.type, feature.optional))) is not None:
        return f"ecore:EDataType {ECORE}#//{name}"
    return _path(feature.type, package)


def _path(cls: type, seen_from: MetamodelPackage) -> str:
    home = package_of(cls)
    if home is seen_from:
        return f"#//{cls.__name__}"
    kind = "EEnum" if issubclass(cls, Enum) else "EClass"
    return f"ecore:{kind} {home.file}#//{cls.__name__}"


def _document(node: Any, text: str | None) -> None:
    annotation = etree.SubElement(node, "eAnnotations", source=GENMODEL)
    plain = re.sub(r"\s+", " ", inspect.cleandoc(text or "")).replace("``", "")
    etree.SubElement(annotation, "details", key="documentation", value=plain)


def main() -> None:
    """Rewrite the three files beside this module."""
    for package in PACKAGES:
        (Path(__file__).parent / package.file).write_bytes(ecore_text(package))


if __name__ == "__main__":
    main()
