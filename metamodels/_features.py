"""How a dataclass field says which Ecore feature it mirrors.

A field's type is enough to tell the feature: a dataclass is containment, an enumeration or a plain value
is an attribute, a tuple is a multi-valued feature.  A reference is a string (the id of what is meant) with
a ``Reference`` that names the class, because a frozen tree cannot point across itself.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Annotated, Any


@dataclass(frozen=True)
class Reference:
    """Marks a ``str`` field as the id of a ``target`` (class name) defined in package ``package``."""

    target: str
    package: str


class Kind(Enum):
    """What an Ecore feature is."""

    ATTRIBUTE = "attribute"
    CONTAINMENT = "containment"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Feature:
    """One feature of one class, read off the dataclass."""

    name: str
    kind: Kind
    type: Any  # int, str, bool, float, an Enum class, a dataclass, or a Reference
    many: bool
    optional: bool
    required: bool
    default: Any


_known: dict[type, tuple[Feature, ...]] = {}


def features_of(cls: type) -> tuple[Feature, ...]:
    """All features of ``cls`` in declaration order, inherited ones first."""
    if cls not in _known:
        _known[cls] = tuple(_features(cls))
    return _known[cls]


def own_features(cls: type) -> tuple[Feature, ...]:
    """The features that ``cls`` itself adds to those of its base class."""
    inherited = {f.name for base in cls.__mro__[1:] for f in _features(base)}
    return tuple(f for f in _features(cls) if f.name not in inherited)


def _features(cls: type) -> Iterator[Feature]:
    if not hasattr(cls, "__dataclass_fields__"):
        return
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        hint, many, optional = _strip(hints[field.name])
        required = field.default is MISSING and field.default_factory is MISSING
        default = None if required or many or field.default is MISSING else field.default
        yield Feature(field.name, _kind(hint), _bare(hint), many, optional, required and not many, default)


def _strip(hint: Any) -> tuple[Any, bool, bool]:
    """Take ``tuple[X, ...]`` and ``X | None`` off a type hint."""
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True, False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = next(a for a in typing.get_args(hint) if a is not type(None))
        return inner, False, True
    return hint, False, False


def _kind(hint: Any) -> Kind:
    if typing.get_origin(hint) is Annotated:
        return Kind.REFERENCE
    if hasattr(hint, "__dataclass_fields__"):
        return Kind.CONTAINMENT
    return Kind.ATTRIBUTE


def _bare(hint: Any) -> Any:
    if typing.get_origin(hint) is Annotated:
        return typing.get_args(hint)[1]
    return hint
