"""The property values for Capella: a library project with a domain AIC for the PVMT viewpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

_XMI = "http://www.omg.org/XMI"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_VERSION = "7.0.0"
_CORE = "org.polarsys.capella.core.data"
_PACKAGES = {
    "libraries": f"http://www.polarsys.org/capella/common/libraries/{_VERSION}",
    **{
        f"{_CORE}.{name}": f"http://www.polarsys.org/capella/core/{short}/{_VERSION}"
        for name, short in (
            ("capellacore", "core"),
            ("capellamodeller", "modeller"),
            ("cs", "cs"),
            ("ctx", "ctx"),
            ("epbs", "epbs"),
            ("fa", "fa"),
            ("information", "information"),
            ("la", "la"),
            ("oa", "oa"),
            ("pa", "pa"),
        )
    },
}
# The layers of an empty project: feature-less, but Capella and its readers look for each of them.
_LAYERS = (
    ("oa:OperationalAnalysis", "Operational Analysis"),
    ("ctx:SystemAnalysis", "System Analysis"),
    ("la:LogicalArchitecture", "Logical Architecture"),
    ("pa:PhysicalArchitecture", "Physical Architecture"),
    ("epbs:EPBSArchitecture", "EPBS Architecture"),
)


def capella_files(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """The library: the model, the list of its files (``.aird``) and its viewpoints (``.afm``)."""
    return {"aic.capella": _model(facts), "aic.aird": _list(), "aic.afm": _viewpoints()}


def _model(facts: Mapping[str, Any]) -> bytes:
    spaces = {"xmi": _XMI, "xsi": _XSI, **_PACKAGES}
    root = etree.Element(f"{{{_PACKAGES[f'{_CORE}.capellamodeller']}}}Library", nsmap=spaces)
    root.set(f"{{{_XMI}}}version", "2.0")
    root.set("id", _id("library"))
    root.set("name", "AIC")
    _child(root, "ownedExtensions", "libraries:ModelInformation", "information")
    extensions = _child(root, "ownedPropertyValuePkgs", _core("PropertyValuePkg"), "extensions", "EXTENSIONS")
    domain = _child(extensions, "ownedPropertyValuePkgs", _core("PropertyValuePkg"), "domain", "AIC")
    version = _child(domain, "ownedPropertyValues", _core("StringPropertyValue"), "version", "version")
    version.set("value", "1.0.0")
    for name, group in facts["group"].items():
        for value, said in group["value"].items():
            if "literals" in said:
                _enumeration(domain, f"{name}.{value}", said["literals"])
    for name, group in facts["group"].items():
        _group(domain, name, group)
    engineering = _child(
        root, "ownedModelRoots", f"{_CORE}.capellamodeller:SystemEngineering", "engineering", "AIC"
    )
    for type_, name in _LAYERS:
        _child(engineering, "ownedArchitectures", f"{_CORE}.{type_}", type_, name)
    comment = f"<!--Capella_Version_{_VERSION}-->".encode()
    return _text(root, comment)


def _group(domain: Any, name: str, facts: Mapping[str, Any]) -> None:
    group = _child(domain, "ownedPropertyValueGroups", _core("PropertyValueGroup"), name, name)
    package, _, class_ = facts["on"].partition("/")
    scope = f"http://www.polarsys.org/capella/core/{package}/{_VERSION}/{class_}"
    group.set("description", f"[CLASS]{scope}[/CLASS]\n[ARCHITECTURE]PHYSICAL[/ARCHITECTURE]")
    group.set("summary", facts["doc"])
    for value, said in facts["value"].items():
        key = f"{name}.{value}"
        made = _child(
            group, "ownedPropertyValues", _core(f"{said['type']}PropertyValue"), f"{key}.value", value
        )
        made.set("description", said["doc"])
        if "literals" in said:
            made.set("type", f"#{_id(key)}")
            first = f"{key}.{said['literals'][0]}"
            made.set("value", f"#{_id(first)}")
        if "unit" in said:
            unit = _child(
                made, "ownedPropertyValues", _core("StringPropertyValue"), f"{key}.unit", "__UNIT__"
            )
            unit.set("value", said["unit"])


def _enumeration(domain: Any, key: str, literals: list[str]) -> None:
    made = _child(domain, "ownedEnumerationPropertyTypes", _core("EnumerationPropertyType"), key, key)
    for literal in literals:
        _child(made, "ownedLiterals", _core("EnumerationPropertyLiteral"), f"{key}.{literal}", literal)


def _list() -> bytes:
    space = "http://www.eclipse.org/sirius/1.1.0"
    root = etree.Element(f"{{{space}}}DAnalysis", nsmap={"xmi": _XMI, "viewpoint": space})
    root.set(f"{{{_XMI}}}version", "2.0")
    root.set("uid", "_aicLibraryOfPropertyValues")
    for file in ("aic.afm", "aic.capella"):
        etree.SubElement(root, "semanticResources").text = file
    return _text(root)


def _viewpoints() -> bytes:
    space = "http://www.polarsys.org/kitalpha/ad/metadata/1.0.0"
    root = etree.Element(f"{{{space}}}Metadata", nsmap={"xmi": _XMI, "metadata": space})
    root.set(f"{{{_XMI}}}version", "2.0")
    root.set("id", "_aicMetadata")
    for viewpoint, version in (("org.polarsys.capella.core.viewpoint", _VERSION),):
        reference = etree.SubElement(root, "viewpointReferences")
        reference.set("id", f"_{_id(viewpoint)}")
        reference.set("vpId", viewpoint)
        reference.set("version", version)
    return _text(root)


# --- XML --------------------------------------------------------------------------------------------------


def _id(key: str) -> str:
    """An id that stays the same as long as the key does."""
    return str(uuid5(NAMESPACE_URL, f"http://aicompiler/capella/{key}"))


def _core(name: str) -> str:
    return f"{_CORE}.capellacore:{name}"


def _child(owner: Any, tag: str, type_: str, key: str, name: str = "") -> Any:
    made = etree.SubElement(owner, tag)
    made.set(f"{{{_XSI}}}type", type_)
    made.set("id", _id(key))
    if name:
        made.set("name", name)
    return made


def _text(root: Any, comment: bytes = b"") -> bytes:
    etree.indent(root, "  ")
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n' + (comment + b"\n" if comment else b"")
    body = etree.tostring(root, encoding="unicode").encode("utf-8")
    return head + bytes(body) + b"\n"
