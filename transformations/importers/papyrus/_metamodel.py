"""The shipped UML and profile metamodels: which class an XML element is an instance of."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

from pyecore.resources import URI, ResourceSet
from pyecore.resources.xmi import XMIResource

from ._names import is_xmi, split_tag, sub_profile, xmi_type

EObject = Any  # pyecore makes the classes of a loaded metamodel at run time

_NFP = ("NFP_", "ArrivalPattern")


class ClosedUri(URI):
    """An address in memory: it never leads to a file or a network."""

    def __init__(self, name: str, content: bytes = b"") -> None:
        super().__init__(name)
        self.content = content

    def create_instream(self) -> BytesIO:
        """What was given as the content."""
        return BytesIO(self.content)

    def normalize(self) -> str:
        """The name as it is."""
        return str(self.plain)


@cache
def _metamodel(name: str) -> EObject:
    content = (files("aicompiler.metamodels") / f"{name}.ecore").read_bytes()
    resource = XMIResource(ClosedUri(f"{name}.ecore", content))
    resource.resource_set = ResourceSet()
    resource.load()
    return resource.contents[0]


@cache
def _packages() -> dict[str, EObject]:
    return {p.name: p for p in _metamodel("marte").eSubpackages}


@cache
def uml_class(name: str) -> EObject | None:
    """The metaclass of that name."""
    return _metamodel("uml").getEClassifier(name) if name else None


def stand_in(href: str) -> EObject:
    """What stands for an element of a document that is not read."""
    eclass = uml_class("External")
    assert eclass is not None
    return eclass(href=href)


@cache
def profile_class(package: str, name: str) -> EObject | None:
    """The stereotype of a package of marte.ecore; SysML's are called SysML... where MARTE has the name."""
    found = _packages().get(package)
    return found and (found.getEClassifier(name) or found.getEClassifier(f"SysML{name}"))


_SYSML = (
    *("Blocks", "PortsAndFlows", "Requirements", "Allocations"),
    *("ConstraintBlocks", "Activities", "ModelElements"),
)
_OTHERS = frozenset({"aic", "DAM", "DICE", "FCM", "C_Cpp", "Cameo", "Standard", "Kept", *_SYSML})


@cache
def stereotype_class(namespace: str, name: str, location: str = "") -> EObject | None:
    """The class of a stereotype application; None where its profile or the stereotype is not known."""
    if (found := sub_profile(namespace, location)) is None:
        return None
    family, package = found
    if package != "*":
        return profile_class(package, name)
    searched = _SYSML if family == "SysML" else [p for p in _packages() if p not in _OTHERS]
    return next((c for p in searched if (c := profile_class(p, name)) is not None), None)


def known_profile(namespace: str, location: str = "") -> bool:
    """Whether a namespace is that of a profile which marte.ecore describes."""
    found = sub_profile(namespace, location)
    return found is not None and (found[1] == "*" or found[1] in _packages())


@cache
def features(eclass: EObject) -> dict[str, EObject]:
    """All features of a class by name."""
    return {f.name: f for f in eclass.eAllStructuralFeatures()}


@cache
def kinds(eclass: EObject) -> frozenset[str]:
    """The names of a class and of all it specialises."""
    return frozenset({eclass.name, *(c.name for c in eclass.eAllSuperTypes())})


@cache
def is_nfp(feature: EObject) -> bool:
    """Whether the values of a tag are quantities or arrival patterns, written in VSL."""
    return bool(feature.is_attribute and feature.eType.name.startswith(_NFP))


def is_base(eclass: EObject, name: str) -> bool:
    """Whether an attribute or child of a stereotype application says what it is applied to."""
    return name.lower().startswith("base_") and "base" in features(eclass)


def child_class(eclass: EObject, node: Any) -> EObject | None:
    """The class of the element that ``node``, a child of an instance of ``eclass``, contains.

    None where it contains none: values of attributes, references, what a tool stores in ``xmi:Extension``.
    What stands under a name that ``eclass`` lacks is taken for what it says it is.
    """
    namespace, name = split_tag(node.tag)
    if is_xmi(namespace) or is_base(eclass, name) or _refers(node):
        return None
    known = features(eclass)
    if (feature := known.get(name)) is None:
        kept = "kept" in known and node.attrib
        return uml_class(xmi_type(node)) or uml_class("NamedElement") if kept else None
    if feature.is_attribute or not feature.containment:
        return None
    return uml_class(xmi_type(node)) or feature.eType


def _refers(node: Any) -> bool:
    """Whether a node stands for an element elsewhere, or for none."""
    return any(k == "href" or (k[0] == "{" and k.endswith(("}idref", "}nil"))) for k in node.attrib)
