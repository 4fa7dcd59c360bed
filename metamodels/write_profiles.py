"""Write ``uml.ecore`` and ``marte.ecore`` from ``uml.table`` and ``marte.table``.

Run ``python -m aicompiler.metamodels.write_profiles`` after a change to a table; a test compares both.  A
table has a block a class; what does not begin with a space begins a block::

    package GQAM http://www.eclipse.org/papyrus/GQAM/1      the classes that follow are in this package
    Property < StructuralFeature ConnectableElement         a class and what it specialises
        aggregation=none isDerived? language*               attributes: a default, truth values, many values
        execTime*:NFP_Duration                              a type whose values are kept as text
        -> subsettedProperty* association                   references
        +> qualifier*:Property                              contained elements and their class
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from .write_ecore import ECORE, XMI, XSI

_FEATURE = re.compile(r"(?P<name>\w+)(?P<flag>\?)?(?P<many>\*)?(?::(?P<type>\w+))?(?:=(?P<default>\S+))?")
_TYPE = f"ecore:EDataType {ECORE}#//"
_ANY = f"ecore:EClass {ECORE}#//EObject"

NAMES = ("uml", "marte")
_URIS = {"uml": "http://www.eclipse.org/uml2/5.0.0/UML", "marte": "http://aicompiler/profiles/1"}


class BadTable(ValueError):
    """A line of a table that says nothing; the message has the line."""


@dataclass
class _Class:
    name: str
    package: str
    supers: list[str]
    features: list[tuple[str, re.Match[str]]] = field(default_factory=list)


def ecore_text(name: str, table: str) -> bytes:
    """The Ecore document that a table describes: same table, same bytes."""
    root = etree.Element(f"{{{ECORE}}}EPackage", nsmap={"xmi": XMI, "xsi": XSI, "ecore": ECORE})
    root.set(f"{{{XMI}}}version", "2.0")
    for key, value in (("name", name), ("nsURI", _URIS[name]), ("nsPrefix", name)):
        root.set(key, value)
    packages, classes = _parsed(table)
    nodes = {"": root}
    for package, uri in packages.items():
        nodes[package] = etree.SubElement(root, "eSubpackages", name=package, nsURI=uri, nsPrefix=package)
    writer = _Writer(root, classes)
    for cls in classes:
        writer.write(nodes[cls.package], cls)
    text: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return text


def _parsed(table: str) -> tuple[Mapping[str, str], list[_Class]]:
    packages: dict[str, str] = {}
    classes: list[_Class] = []
    package = ""
    for line in table.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "package":
            package, packages[words[1]] = words[1], words[2]
        elif not line[0].isspace():
            name, _, supers = line.partition("<")
            classes.append(_Class(name.strip(), package, supers.split()))
        else:
            classes[-1].features += _features(words, line)
    return packages, classes


def _features(words: list[str], line: str) -> Iterator[tuple[str, re.Match[str]]]:
    kind = words[0] if words[0] in ("->", "+>") else ""
    for word in words[bool(kind) :]:
        if (match := _FEATURE.fullmatch(word)) is None:
            raise BadTable(f"{word!r} is no feature: {line.strip()}")
        yield kind, match


class _Writer:
    def __init__(self, root: Any, classes: list[_Class]) -> None:
        self.root = root
        self.places = {(c.package, c.name): c for c in classes}
        self.first = {c.name: c for c in reversed(classes)}
        self.types: set[str] = set()

    def write(self, parent: Any, cls: _Class) -> None:
        """One class with its features."""
        node = etree.SubElement(parent, "eClassifiers", {f"{{{XSI}}}type": "ecore:EClass"}, name=cls.name)
        if cls.supers:
            node.set("eSuperTypes", " ".join(self._path(s, cls.package) for s in cls.supers))
        for kind, match in cls.features:
            self._write_feature(node, cls, kind, match)

    def _path(self, name: str, package: str) -> str:
        if (cls := self.places.get((package, name)) or self.first.get(name)) is None:
            raise BadTable(f"there is no class {name!r}")
        return "#//" + "/".join(filter(None, (cls.package, name)))

    def _write_feature(self, parent: Any, cls: _Class, kind: str, match: re.Match[str]) -> None:
        node = etree.SubElement(parent, "eStructuralFeatures")
        node.set(f"{{{XSI}}}type", "ecore:EReference" if kind else "ecore:EAttribute")
        node.set("name", match["name"])
        if match["many"]:
            node.set("upperBound", "-1")
        if kind:
            node.set(
                "eType", self._path(match["type"] or "Element", cls.package) if self._closed(match) else _ANY
            )
        else:
            node.set("eType", self._data_type(match))
        if kind == "+>":
            node.set("containment", "true")
        if match["default"]:
            node.set("defaultValueLiteral", match["default"])

    def _closed(self, match: re.Match[str]) -> bool:
        """Whether a reference is to a class of the table; stereotypes refer to elements of any metamodel."""
        return bool(match["type"]) or "Element" in self.first

    def _data_type(self, match: re.Match[str]) -> str:
        if not (name := match["type"]):
            return _TYPE + ("EBoolean" if match["flag"] else "EString")
        if name not in self.types:
            self.types.add(name)
            kind = {f"{{{XSI}}}type": "ecore:EDataType"}
            etree.SubElement(self.root, "eClassifiers", kind, name=name, instanceClassName="java.lang.String")
        return f"#//{name}"


def write_all(folder: Path) -> list[Path]:
    """Write both metamodels into ``folder``."""
    here = Path(__file__).parent
    written = []
    for name in NAMES:
        path = folder / f"{name}.ecore"
        path.write_bytes(ecore_text(name, (here / f"{name}.table").read_text(encoding="utf-8")))
        written.append(path)
    return written


if __name__ == "__main__":
    for path in write_all(Path(__file__).parent):
        print(path)
