"""What XML names of UML files mean: namespaces are known by the pattern of their URI, never by a prefix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from lxml import etree

_UML = re.compile(
    r"http://(www\.eclipse\.org/uml2/[\d.]+/UML|www\.omg\.org/spec/UML/[\d.]+(/uml\.xml)?"
    r"|schema\.omg\.org/spec/UML/[\d.]+(/uml\.xml)?)"
)
_XMI = re.compile(
    r"http://(www\.omg\.org/XMI|www\.omg\.org/spec/XMI/[\d.]+|schema\.omg\.org/spec/XMI/[\d.]+)"
)
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SUB = r"([A-Za-z_]\w*)"
_DYNAMIC = re.compile(rf"http:///schemas/{_SUB}/[^/]+/\d+")
_OWN_PROFILE = "http://aicompiler/profile/1"

# Each pattern's group is a sub-profile; the family says in which part of marte.ecore it is looked up.
_FAMILIES = (
    ("MARTE", re.compile(rf"http://www\.eclipse\.org/papyrus/{_SUB}/\d+")),
    ("MARTE", _DYNAMIC),
    ("MARTE", re.compile(rf"http:///MARTE/(?:.*/)?{_SUB}\.ecore")),
    ("MARTE", re.compile(r"http://www\.omg\.org/spec/(MARTE)/.*")),
    ("CHESS", re.compile(rf"http://CHESS[\w.]*/schemas/{_SUB}/[^/]+/\d+")),
    ("DAM", re.compile(r"http://com\.masdes\.(dam)/.*")),
    ("DAM", re.compile(r"http:///(DAM)_Profile/.*\.ecore")),
    ("DICE", re.compile(r"http://es\.unizar\.disco\.(dice)/.*")),
    ("Cameo", re.compile(r"http://www\.magicdraw\.com/spec/Customization/\d+/(SysML)")),
    ("Cameo", re.compile(r"http:///additional_stereotypes/(deprecatedelements)\.ecore")),
    ("SysML", re.compile(rf"http://.*/SysML/{_SUB}(?:\.ecore)?")),
    ("SysML", re.compile(r"http://www\.omg\.org/spec/(SysML)/[\d.]+(?:/.*)?")),
    ("Alf", re.compile(r"http://www\.omg\.org/spec/ALF/[\d.]+/(ActionLanguage)(?:-Profile)?(?:\.xmi)?")),
    (
        "Standard",
        re.compile(r"http://www\.eclipse\.org/uml2/(?:[\d.]+/UML/Profile|schemas)/(Standard)(?:/\d+)?"),
    ),
)
_PACKAGES: Mapping[tuple[str, str], str] = {
    ("CHESS", "Core"): "CHESSCore",
    ("DAM", "dam"): "DAM",
    ("DAM", "DAM"): "DAM",
    ("DICE", "dice"): "DICE",
    ("SysML", "PortAndFlows"): "PortsAndFlows",
    ("SysML", "PortsFlows"): "PortsAndFlows",
    ("SysML", "Constraints"): "ConstraintBlocks",
    ("Cameo", "SysML"): "Cameo",
    ("Cameo", "deprecatedelements"): "Cameo",
    ("SysML", "SysML"): "*",
    ("MARTE", "MARTE"): "*",
}


@cache
def split_tag(tag: str) -> tuple[str, str]:
    """Namespace and local name."""
    name = etree.QName(tag)
    return name.namespace or "", name.localname


@cache
def is_uml(namespace: str) -> bool:
    """Whether this is the namespace of a version of UML, as Eclipse or the OMG spell it."""
    return _UML.fullmatch(namespace) is not None


@cache
def is_xmi(namespace: str) -> bool:
    """Whether this is the namespace of a version of XMI."""
    return _XMI.fullmatch(namespace) is not None


def sub_profile(namespace: str, location: str = "") -> tuple[str, str] | None:
    """The family (MARTE, SysML ...) of a profile's namespace and the package of marte.ecore it stands for.

    ``location`` is what ``xsi:schemaLocation`` says of the namespace: a dynamic profile (a namespace with a
    generated id) that is said to come from elsewhere is not MARTE, whatever it calls itself.  The package '*'
    stands for any of the family: the OMG's own XMI has one namespace for all of a profile.
    """
    if namespace == _OWN_PROFILE:
        return "aic", "aic"
    for family, pattern in _FAMILIES:
        if (match := pattern.fullmatch(namespace)) is None:
            continue
        if pattern is _DYNAMIC and location and not re.search(rf"MARTE|CHESS|\b{match[1]}\b", location):
            return None
        return family, _PACKAGES.get((family, match[1]), match[1])
    return None


def locations(root: Any) -> dict[str, str]:
    """What the file says about where the definition of each of its namespaces is."""
    words = str(root.get(f"{{{_XSI}}}schemaLocation") or "").split()
    return dict(zip(words[::2], words[1::2], strict=False))


def xmi_attribute(node: Any, name: str) -> str | None:
    """An attribute of XMI itself (``id``, ``type``, ``idref``, ``nil``), whatever the version's namespace."""
    for key, value in node.attrib.items():
        if key[0] == "{" and key.rpartition("}")[2] == name:
            return str(value)
    return None


def xmi_type(node: Any) -> str:
    """The metaclass that an element names for itself, without its prefix; '' if it names none."""
    return (xmi_attribute(node, "type") or "").rpartition(":")[2]
