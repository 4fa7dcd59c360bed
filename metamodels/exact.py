"""Dataclass trees as JSON data and back, exactly: ``from_data(type(x), to_data(x)) == x``.

Data is ``[class name, field, field, …]``, an enumeration is its value.  Reading goes by the type hints, makes
nothing but the classes that they name, and refuses everything else.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

T = TypeVar("T")
NOTHING: frozenset[str] = frozenset()
PLAIN = (int, float, bool, str, type(None))


def to_data(value: Any, leave_out: AbstractSet[str] = NOTHING) -> Any:
    """``value`` as JSON knows it, without the fields called as in ``leave_out``; ``TypeError`` otherwise."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, tuple):
        return [to_data(v, leave_out) for v in value]
    if is_dataclass(value) and not isinstance(value, type):
        kept = (n for n in _names(type(value)) if n not in leave_out)
        return [type(value).__name__, *(to_data(getattr(value, n), leave_out) for n in kept)]
    raise TypeError(f"{type(value).__name__} has no exact form in JSON")


def from_data(cls: type[T], data: Any, left_out: Mapping[str, Any] = MappingProxyType({})) -> T:
    """The value that ``data`` was made from, with the fields of ``cls`` itself that were left out.

    ``ValueError`` where it is no instance of ``cls``.
    """
    value: T = _read_dataclass(cls, data, left_out) if left_out else _read(cls, data)
    return value


def _read(hint: Any, data: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return _read(typing.get_args(hint)[0], data)
    if origin in (typing.Union, types.UnionType):
        return _read_union(typing.get_args(hint), data)
    if origin is tuple:
        return _read_tuple(typing.get_args(hint), data)
    if is_dataclass(hint):
        return _read_dataclass(typing.cast(type, hint), data)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    if type(data) is hint and hint in PLAIN:
        return data
    raise ValueError(f"{data!r} is no {hint}")


def _read_union(options: tuple[Any, ...], data: Any) -> Any:
    """Plain values say their type themselves; besides those, a union has one kind of value."""
    if type(data) in options:
        return data
    rest = [option for option in options if option not in PLAIN]
    if len(rest) != 1:
        raise ValueError(f"{data!r} is none of {options}")
    return _read(rest[0], data)


def _read_tuple(inner: tuple[Any, ...], data: Any) -> Any:
    if type(data) is not list:
        raise ValueError(f"{data!r} is no list")
    hints = inner[:1] * len(data) if inner[1:] == (Ellipsis,) else inner
    return tuple(_read(hint, v) for hint, v in zip(hints, data, strict=True))


def _read_dataclass(cls: type, data: Any, left_out: Mapping[str, Any] = MappingProxyType({})) -> Any:
    if not isinstance(data, list) or data[:1] != [cls.__name__]:
        raise ValueError(f"{data!r} is no {cls.__name__}")
    hints = _hints(cls)
    names = (n for n in _names(cls) if n not in left_out)
    return cls(**{n: _read(hints[n], v) for n, v in zip(names, data[1:], strict=True)}, **left_out)


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)
