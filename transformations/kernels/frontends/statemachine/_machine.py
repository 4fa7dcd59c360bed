"""A state machine as the text of a behaviour gives it: vertices, transitions and code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """Kind of vertex; the value is its keyword."""

    STATE = "state"
    FINAL = "final"
    CHOICE = "choice"
    JUNCTION = "junction"


@dataclass(frozen=True)
class Code:
    """Statements or an expression in a language, and the line that they begin in."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Signal:
    """The event that a port is not zero."""

    port: str
    line: int


@dataclass(frozen=True)
class After:
    """The event that the source has been active for so many jobs."""

    jobs: int
    line: int


@dataclass(frozen=True)
class Change:
    """The event that a condition has become true since the job before; ``number`` counts such events."""

    condition: Code
    number: int


Trigger = Signal | After | Change


@dataclass(eq=False)
class Vertex:
    """A state or a point that transitions pass; ``first`` and ``last`` number the simple states in it."""

    name: str
    kind: Kind
    parent: Vertex | None
    line: int
    entry: Code | None = None
    exit: Code | None = None
    children: list[Vertex] = field(default_factory=list)
    initial: Transition | None = None
    outgoing: list[Transition] = field(default_factory=list)
    first: int = 0
    last: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names from the machine inwards."""
        return () if self.parent is None else (*self.parent.names, self.name)

    @property
    def path(self) -> str:
        """The names as text."""
        return ".".join(self.names)

    @property
    def depth(self) -> int:
        """The number of states around it; the machine itself has -1."""
        return -1 if self.parent is None else self.parent.depth + 1

    @property
    def is_state(self) -> bool:
        """Whether a job may end in it."""
        return self.kind in (Kind.STATE, Kind.FINAL)

    @property
    def is_leaf(self) -> bool:
        """Whether it is a state without states in it."""
        return self.is_state and not self.children

    @property
    def ancestors(self) -> Iterator[Vertex]:
        """The states around it, innermost first, and the machine."""
        found = self.parent
        while found is not None:
            yield found
            found = found.parent

    @property
    def all(self) -> Iterator[Vertex]:
        """It and all in it, in order of the text."""
        yield self
        for child in self.children:
            yield from child.all


@dataclass(eq=False)
class Transition:
    """From a vertex to another; ``otherwise`` holds where no other one of its source does."""

    source: Vertex | None  # none for the initial one
    target: Vertex
    line: int
    kind: str = "external"
    triggers: list[Trigger] = field(default_factory=list)
    guard: Code | None = None
    otherwise: bool = False
    effect: Code | None = None


@dataclass
class Machine:
    """``root`` stands for the machine itself; ``keep`` are the out-ports that hold their values."""

    name: str
    root: Vertex
    keep: list[tuple[str, int]] = field(default_factory=list)
    before: Code | None = None
    after: Code | None = None
    transitions: list[Transition] = field(default_factory=list)

    @property
    def states(self) -> list[Vertex]:
        """The simple and final states in the order of their numbers, from 1."""
        return [v for v in self.root.all if v.is_leaf and v is not self.root]

    @property
    def changes(self) -> list[Change]:
        """The change events in the order of their numbers."""
        return [t for e in self.transitions for t in e.triggers if isinstance(t, Change)]

    @property
    def levels(self) -> int:
        """The number of depths at which time is counted, 0 for none."""
        timed = [
            e.source.depth
            for e in self.transitions
            for t in e.triggers
            if isinstance(t, After) and e.source is not None
        ]
        return max(timed, default=-1) + 1
