"""What names stand for in a body, and where they are visible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aicompiler.metamodels.system import ElementType
from xdsl.ir import SSAValue

from ._emitter import Value


@dataclass(eq=False, frozen=True)
class Local:
    """A scalar variable; its current value is part of the state of the function being lowered."""

    name: str
    dtype: ElementType
    constant: bool = False


@dataclass(eq=False, frozen=True)
class Array:
    """An array in memory: a parameter, a local one, or (with ``table``) a global constant of that symbol."""

    name: str
    dtype: ElementType
    shape: tuple[int, ...]
    writable: bool
    memref: SSAValue | None = None
    table: str | None = None


@dataclass(eq=False, frozen=True)
class Cell:
    """A scalar in memory: an OUT or STATE parameter of the kernel."""

    name: str
    dtype: ElementType
    memref: SSAValue


@dataclass(eq=False, frozen=True)
class Fixed:
    """A named compile-time value."""

    name: str
    value: Value


@dataclass(frozen=True)
class Member:
    """A member of a struct."""

    name: str
    kind: Kind
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Struct:
    """A struct type; two of them are one type if they come from one declaration."""

    name: str
    members: tuple[Member, ...]

    @cached_property
    def layout(self) -> tuple[int, int]:
        """Size and alignment in bytes, as the common ABIs have them (each member at its own alignment)."""
        size, alignment = 0, 1
        for member in self.members:
            bytes_, own = layout(member.kind)
            for extent in member.shape:
                bytes_ *= extent
            size = -(-size // own) * own + bytes_
            alignment = max(alignment, own)
        return -(-size // alignment) * alignment, alignment

    @property
    def scalar(self) -> bool:
        """Whether no member, at any depth, is an array."""
        return all(not m.shape and (not isinstance(m.kind, Struct) or m.kind.scalar) for m in self.members)


Kind = ElementType | Struct
"""What a variable or an element of an array is."""


def layout(kind: Kind) -> tuple[int, int]:
    """Size and alignment of a type in bytes."""
    return kind.layout if isinstance(kind, Struct) else (kind.bytes, kind.bytes)


@dataclass(eq=False, frozen=True)
class Record:
    """A struct variable, or with a ``shape`` an array of them: one symbol a member.

    The members of an array of structs are arrays whose first extents are ``shape``.
    """

    name: str
    kind: Struct
    shape: tuple[int, ...]
    members: Mapping[str, Symbol]
    writable: bool = True


@dataclass(eq=False, frozen=True)
class Alias:
    """A pointer parameter of a function that is lowered where it is called: what it points to."""

    name: str
    target: object  # a place: see ``_places``
    writable: bool


Symbol = Local | Array | Cell | Fixed | Record | Alias


@dataclass
class Scope:
    """Names of one block and, through ``parent``, of those around it; tags read ``struct name``."""

    parent: Scope | None = None
    symbols: dict[str, Symbol] = field(default_factory=dict)
    types: dict[str, Kind] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """The innermost symbol of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.symbols:
                return scope.symbols[name]
            scope = scope.parent
        return None

    def find_type(self, name: str) -> Kind | None:
        """The innermost type of that name or tag."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.types:
                return scope.types[name]
            scope = scope.parent
        return None


def locals_in(symbol: object) -> list[Local]:
    """The scalar variables of a symbol: itself, or those of a struct."""
    if isinstance(symbol, Local):
        return [symbol]
    if isinstance(symbol, Record):
        return [local for member in symbol.members.values() for local in locals_in(member)]
    return []
