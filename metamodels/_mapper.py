"""The one mapper between frozen dataclasses and EObjects, driven by the features alone."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pyecore.ecore import EClass, EEnumLiteral, EObject, EPackage, EProxy
from pyecore.resources import URI, ResourceSet

from ._features import Feature, Kind, Reference, features_of
from ._packages import ABSTRACT, PACKAGES, package_of


class Metamodels:
    """The three Ecore packages, loaded by pyecore, and the dataclass behind each EClass."""

    def __init__(self) -> None:
        self.resource_set = ResourceSet()
        self.packages: dict[str, EPackage] = {}
        for package in PACKAGES:
            with resources.as_file(resources.files("aicompiler.metamodels") / package.file) as path:
                root = self.resource_set.get_resource(URI(str(path))).contents[0]
            self.packages[package.name] = root
            self.resource_set.metamodel_registry[package.uri] = root

    @staticmethod
    @cache
    def shipped() -> Metamodels:
        """The packages as installed, loaded once: nothing changes them."""
        return Metamodels()

    def eclass(self, cls: type) -> EClass:
        """The EClass that mirrors a dataclass."""
        return self.packages[package_of(cls).name].getEClassifier(cls.__name__)

    @staticmethod
    @cache
    def dataclass_of(uri: str, name: str) -> type:
        """The dataclass that mirrors the EClass ``name`` of the package with this namespace URI."""
        package = next(p for p in PACKAGES if p.uri == uri)
        return next(c for c in package.classes if c.__name__ == name)


class EObjectBuilder:
    """Builds EObjects from dataclasses: ``build`` every document first, then ``link`` the references."""

    def __init__(self, metamodels: Metamodels) -> None:
        self._metamodels = metamodels
        self._by_id: dict[tuple[str, str], EObject] = {}
        self._pending: list[tuple[EObject, Feature, Any]] = []

    def build(self, value: Any) -> EObject:
        """The EObject tree of ``value``; references stay open until ``link``."""
        eobject = self._metamodels.eclass(type(value))()
        for feature in features_of(type(value)):
            inner = getattr(value, feature.name)
            if inner if feature.many else feature.required or inner != feature.default:
                self._set(eobject, feature, inner)
        if identifier := getattr(value, "id", ""):
            self._by_id[(package_of(type(value)).name, identifier)] = eobject
        return eobject

    def link(self) -> None:
        """Resolve all references; ``KeyError`` names the id that nothing has."""
        for eobject, feature, value in self._pending:
            targets = [self._by_id[(feature.type.package, v)] for v in (value if feature.many else (value,))]
            if feature.many:
                getattr(eobject, feature.name).extend(targets)
            else:
                setattr(eobject, feature.name, targets[0])
        self._pending.clear()

    def _set(self, eobject: EObject, feature: Feature, value: Any) -> None:
        if feature.kind is Kind.REFERENCE:
            self._pending.append((eobject, feature, value))
        elif feature.many:
            getattr(eobject, feature.name).extend([self._value(feature, v, eobject) for v in value])
        else:
            setattr(eobject, feature.name, self._value(feature, value, eobject))

    def _value(self, feature: Feature, value: Any, eobject: EObject) -> Any:
        if feature.kind is Kind.CONTAINMENT:
            return self.build(value)
        if isinstance(value, Enum):
            etype = eobject.eClass.findEStructuralFeature(feature.name).eType
            return etype.getEEnumLiteral(name=value.value)
        return value


def to_dataclass(eobject: EObject) -> Any:
    """The dataclass tree of an EObject tree; ``ValueError`` says which required feature is missing."""
    cls, features = _reading(eobject.eClass)
    held = eobject.__dict__  # where pyecore keeps values: a feature that was never touched has none
    return cls(**{f.name: _read(eobject, f) for f in features if f.required or f.name in held})


@cache
def _reading(eclass: EClass) -> tuple[type, tuple[Feature, ...]]:
    """The dataclass behind an EClass and its features, looked up once."""
    cls = Metamodels.dataclass_of(eclass.ePackage.nsURI, eclass.name)
    if cls in ABSTRACT:
        raise ValueError(f"{eclass.name} is abstract: name the concrete class in xsi:type")
    return cls, features_of(cls)


def _read(eobject: EObject, feature: Feature) -> Any:
    raw = getattr(eobject, feature.name)
    if feature.many:
        return tuple([_plain(v, feature) for v in raw])
    if raw is None:
        if feature.required:
            owner = getattr(eobject, "id", None) or "without id"
            raise ValueError(f"{eobject.eClass.name} {owner!r} has no {feature.name}, which is required")
        return feature.default
    if not feature.required and getattr(type(eobject), feature.name) not in eobject._isset:
        return feature.default  # the first literal is Ecore's default of an enumeration, but not ours
    return _plain(raw, feature)


def _plain(value: Any, feature: Feature) -> Any:
    if feature.kind is Kind.CONTAINMENT:
        return to_dataclass(value)
    if feature.kind is Kind.REFERENCE:
        return _identifier(value)
    return feature.type(value.name) if isinstance(value, EEnumLiteral) else value


def _identifier(target: Any) -> str:
    """The id of a reference's target, which may lie in a document that is not loaded."""
    if isinstance(target, EProxy) and not target.resolved:
        return str(target._proxy_path).rpartition("#")[2]
    return str(target.id)


def references_of(value: Any) -> Iterable[tuple[Reference, str]]:
    """Every reference in a dataclass tree with the id it holds."""
    for feature in features_of(type(value)):
        inner = getattr(value, feature.name)
        items = inner if feature.many else (inner,) if inner is not None else ()
        for item in items:
            if feature.kind is Kind.REFERENCE:
                yield feature.type, item
            elif feature.kind is Kind.CONTAINMENT:
                yield from references_of(item)


def metamodel_path(name: str) -> Path:
    """Where the metamodel ``name`` (without suffix) is installed."""
    return Path(str(resources.files("aicompiler.metamodels"))) / f"{name}.ecore"
