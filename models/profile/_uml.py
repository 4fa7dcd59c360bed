"""The profile as Papyrus loads it: a UML profile that carries its Ecore package, and that package alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

_XMI = "http://www.omg.org/spec/XMI/20131001"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_UML = "http://www.eclipse.org/uml2/5.0.0/UML"
_ECORE = "http://www.eclipse.org/emf/2002/Ecore"
_ANNOTATION = "http://www.eclipse.org/uml2/2.0.0/UML"
_METAMODEL = "pathmap://UML_METAMODELS/UML.metamodel.uml#"
_STRING = "pathmap://UML_LIBRARIES/UMLPrimitiveTypes.library.uml#String"
_ROOT = "_aic"


def uml_file(facts: Mapping[str, Any]) -> bytes:
    """``aic.profile.uml``: stereotypes, what they extend, their tags, and the definition Papyrus applies."""
    root = etree.Element(f"{{{_UML}}}Profile", nsmap={"xmi": _XMI, "xsi": _XSI, "ecore": _ECORE, "uml": _UML})
    root.set(f"{{{_XMI}}}version", "20131001")
    _identify(root, _ROOT, name="aic", metaclassReference=_metaclass_ids(facts))
    definition = _child(root, "eAnnotations", f"{_ROOT}_definition", source=_ANNOTATION)
    _package(_child(definition, "contents", f"{_ROOT}_ecore", "ecore:EPackage"), facts, annotated=True)
    for metaclass in _metaclasses(facts):
        imported = _child(root, "elementImport", f"{_ROOT}_import_{metaclass}", alias=metaclass)
        etree.SubElement(
            imported,
            "importedElement",
            {f"{{{_XMI}}}type": "uml:Class", "href": f"{_METAMODEL}{metaclass}"},
        )
    for name, said in facts["stereotype"].items():
        _stereotype(root, name, said)
    return _text(root)


def ecore_file(facts: Mapping[str, Any]) -> bytes:
    """``aic.profile.ecore``: the package that stereotype applications are instances of."""
    root = etree.Element(f"{{{_ECORE}}}EPackage", nsmap={"xmi": _XMI, "xsi": _XSI, "ecore": _ECORE})
    root.set(f"{{{_XMI}}}version", "2.0")
    _package(root, facts, annotated=False)
    return _text(root)


def _metaclasses(facts: Mapping[str, Any]) -> list[str]:
    return sorted({m for said in facts["stereotype"].values() for m in said["of"]})


def _metaclass_ids(facts: Mapping[str, Any]) -> str:
    return " ".join(f"{_ROOT}_import_{m}" for m in _metaclasses(facts))


# --- UML --------------------------------------------------------------------------------------------------


def _stereotype(root: Any, name: str, said: Mapping[str, Any]) -> None:
    id_ = f"{_ROOT}_{name}"
    made = _child(root, "packagedElement", id_, "uml:Stereotype", name=name)
    _comment(made, id_, said["doc"])
    for metaclass in said["of"]:
        extension = f"{id_}_extends_{metaclass}"
        base = _child(made, "ownedAttribute", f"{id_}_base_{metaclass}", "uml:Property")
        base.set("name", f"base_{metaclass}")
        base.set("association", extension)
        _href(base, "type", "uml:Class", f"{_METAMODEL}{metaclass}")
        _bounds(base, 0, 1)
        drawn = _child(root, "packagedElement", extension, "uml:Extension")
        drawn.set("name", f"{metaclass}_{name}")
        drawn.set("memberEnd", f"{extension}_end {id_}_base_{metaclass}")
        end = _child(drawn, "ownedEnd", f"{extension}_end", "uml:ExtensionEnd", name=f"extension_{name}")
        end.set("type", id_)
        end.set("aggregation", "composite")
        end.set("association", extension)
    for tag, facts in said.get("tag", {}).items():
        attribute = _child(made, "ownedAttribute", f"{id_}_{tag}", "uml:Property", name=tag)
        _comment(attribute, f"{id_}_{tag}", f"{facts['doc']}. Example: {facts['example']}")
        _href(attribute, "type", "uml:PrimitiveType", _STRING)
        _bounds(attribute, 0, -1 if facts.get("many") else 1)


def _comment(owner: Any, id_: str, text: str) -> None:
    comment = _child(owner, "ownedComment", f"{id_}_doc", "uml:Comment", annotatedElement=id_)
    etree.SubElement(comment, "body").text = text


def _bounds(owner: Any, lower: int, upper: int) -> None:
    id_ = owner.get(f"{{{_XMI}}}id")
    _child(owner, "lowerValue", f"{id_}_lower", "uml:LiteralInteger", value=str(lower))
    shown = "*" if upper < 0 else str(upper)
    _child(owner, "upperValue", f"{id_}_upper", "uml:LiteralUnlimitedNatural", value=shown)


# --- Ecore ------------------------------------------------------------------------------------------------


def _package(package: Any, facts: Mapping[str, Any], *, annotated: bool) -> None:
    """Fill an EPackage; inside a UML profile each class says which stereotype it defines."""
    package.set("name", "aic")
    package.set("nsURI", facts["namespace"])
    package.set("nsPrefix", "aic")
    for name, said in facts["stereotype"].items():
        made = _typed(package, "eClassifiers", "EClass", f"{_ROOT}_ecore_{name}" if annotated else "")
        made.set("name", name)
        if annotated:
            _child(
                made,
                "eAnnotations",
                f"{_ROOT}_ecore_{name}_of",
                source=_ANNOTATION,
                references=f"{_ROOT}_{name}",
            )
        for metaclass in said["of"]:
            _feature(made, "EReference", f"base_{metaclass}", f"{_UML}#//{metaclass}", many=False)
        for tag, tag_facts in said.get("tag", {}).items():
            _feature(made, "EAttribute", tag, f"{_ECORE}#//EString", many=bool(tag_facts.get("many")))


def _feature(owner: Any, kind: str, name: str, type_: str, *, many: bool) -> None:
    parent = owner.get(f"{{{_XMI}}}id")
    made = _typed(owner, "eStructuralFeatures", kind, f"{parent}_{name}" if parent else "")
    made.set("name", name)
    if many:
        made.set("upperBound", "-1")
    wanted = "EClass" if kind == "EReference" else "EDataType"
    if parent:
        _href(made, "eType", f"ecore:{wanted}", type_)
    else:
        made.set("eType", f"ecore:{wanted} {type_}")


def _typed(owner: Any, tag: str, kind: str, id_: str) -> Any:
    """An Ecore element: xmi:type inside a UML file, xsi:type in an Ecore one."""
    made = etree.SubElement(owner, tag)
    if id_:
        made.set(f"{{{_XMI}}}type", f"ecore:{kind}")
        made.set(f"{{{_XMI}}}id", id_)
    else:
        made.set(f"{{{_XSI}}}type", f"ecore:{kind}")
    return made


# --- XML --------------------------------------------------------------------------------------------------


def _identify(element: Any, id_: str, **attributes: str) -> None:
    element.set(f"{{{_XMI}}}id", id_)
    for key, value in attributes.items():
        element.set(key, value)


def _child(owner: Any, tag: str, id_: str, type_: str = "", **attributes: str) -> Any:
    made = etree.SubElement(owner, tag)
    if type_:
        made.set(f"{{{_XMI}}}type", type_)
    _identify(made, id_, **attributes)
    return made


def _href(owner: Any, tag: str, type_: str, href: str) -> None:
    etree.SubElement(owner, tag, {f"{{{_XMI}}}type": type_, "href": href})


def _text(root: Any) -> bytes:
    etree.indent(root, "  ")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8")) + b"\n"
