"""What names stand for in a body, and where they are visible."""

from __future__ import annotations

from dataclasses import dataclass, field

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


Symbol = Local | Array | Cell | Fixed


@dataclass
class Scope:
    """Names of one block and, through ``parent``, of those around it."""

    parent: Scope | None = None
    symbols: dict[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """The innermost symbol of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.symbols:
                return scope.symbols[name]
            scope = scope.parent
        return None
