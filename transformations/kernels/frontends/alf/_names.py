"""What names stand for in an Alf body."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels._kernel import Direction, Signature


class Kind(Enum):
    """Why a name is there; the value says so in messages."""

    IN = "an in-port"
    OUT = "an out-port"
    STATE = "an attribute"
    CONSTANT = "a constant"
    LOCAL = "a local name"
    LOOP = "a loop variable"

    @property
    def writable(self) -> bool:
        """Whether assignments may change it."""
        return self in (Kind.OUT, Kind.STATE, Kind.LOCAL)


@dataclass(frozen=True)
class Symbol:
    """A name: a number, or with a shape a sequence of them; ``value`` of whole constants."""

    name: str
    kind: Kind
    dtype: ElementType
    shape: tuple[int, ...] = ()
    value: int | None = None


@dataclass
class Names:
    """The names of a block and, through ``outer``, of those around it."""

    outer: Names | None = None
    own: dict[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """The symbol of that name; there is at most one, as no name hides another."""
        names: Names | None = self
        while names is not None:
            if name in names.own:
                return names.own[name]
            names = names.outer
        return None


_KINDS = {Direction.IN: Kind.IN, Direction.OUT: Kind.OUT, Direction.STATE: Kind.STATE}


def names_of(signature: Signature) -> Names:
    """The names that a component gives its bodies."""
    names = Names()
    for constant in signature.constants:
        whole = constant.value if isinstance(constant.value, int) else None
        names.own[constant.name] = Symbol(constant.name, Kind.CONSTANT, constant.dtype, (), whole)
    for p in signature.parameters:
        names.own[p.name] = Symbol(p.name, _KINDS[p.direction], p.dtype, p.shape)
    return names
