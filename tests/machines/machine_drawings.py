"""Random state machines as data: drawn as UML, and run by a simulator that knows nothing of the compiler.

Every action appends its number to a trace (an attribute) by ``trace = (trace * 31 + N) % 1000003``; guards
compare the in-ports.  The simulator follows the rules of docs/reference/statemachines.md on the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

MODULUS = 1000003
SIGNALS = ("go", "stop")


@dataclass(eq=False)
class Node:
    """A vertex: ``kind`` is state, final, choice or junction."""

    name: str
    kind: str
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    initial: Arrow | None = None
    arrows: list[Arrow] = field(default_factory=list)
    entry: int = 0
    exit: int = 0

    def around(self) -> list[Node]:
        """The states around it, innermost first; the last is the machine."""
        return [] if self.parent is None else [self.parent, *self.parent.around()]

    def below(self) -> Iterator[Node]:
        """It and all in it."""
        yield self
        for child in self.children:
            yield from child.below()


@dataclass(eq=False)
class Arrow:
    """A transition; ``limit`` of a guard ``level > limit``, ``None`` for no guard, ``"else"``."""

    target: Node
    effect: int = 0
    limit: int | str | None = None
    events: tuple[tuple[str, int], ...] = ()
    kind: str = "external"


class Sketch:
    """A random machine that is valid."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.number = 0
        self.root = Node("", "state", None)
        self._fill(self.root, 0)
        for node in list(self.root.below()):
            self._draw(node)

    def action(self) -> int:
        """The number of a new action, or 0 for none."""
        self.number += 1
        return self.number if self.random.random() < 0.7 else 0

    def _fill(self, around: Node, depth: int) -> None:
        for i in range(self.random.randint(2, 3)):
            state = Node(f"S{i}", "state", around, entry=self.action(), exit=self.action())
            around.children.append(state)
            if depth < 2 and self.random.random() < 0.4:
                self._fill(state, depth + 1)
        around.children.append(Node("end", "final", around))
        if self.random.random() < 0.5:
            around.children.append(Node("pick", "choice", around))
        if self.random.random() < 0.5:
            around.children.append(Node("fork", "junction", around))

    def _draw(self, node: Node) -> None:
        if node.children:
            inner = [c for c in node.children if c.kind == "state"]
            node.initial = Arrow(self.random.choice(inner), self.action())
        if node.parent is None or node.kind == "final":
            return
        if node.kind in ("choice", "junction"):
            for limit in (self.random.randint(-3, 6), "else"):
                node.arrows.append(Arrow(self._state(), self.action(), limit))
            return
        for _ in range(self.random.randint(1, 3)):
            node.arrows.append(self._arrow(node))

    def _state(self) -> Node:
        return self.random.choice([n for n in self.root.below() if n.kind in ("state", "final") and n.parent])

    def _arrow(self, node: Node) -> Arrow:
        points = [n for n in self.root.below() if n.kind in ("choice", "junction")]
        target = self.random.choice(points) if points and self.random.random() < 0.3 else self._state()
        limit = self.random.randint(-3, 6) if self.random.random() < 0.5 else None
        arrow = Arrow(target, self.action(), limit, self._events())
        if not arrow.events:
            arrow.limit = self.random.randint(2, 8)  # completions need a guard to end
        elif self.random.random() < 0.15:
            arrow.kind, arrow.target = "internal", node
        elif node.children and self.random.random() < 0.3:
            arrow.kind = "local"
        return arrow

    def _events(self) -> tuple[tuple[str, int], ...]:
        kinds = self.random.choices(["go", "stop", "after", "change", None], [4, 4, 3, 2, 2], k=2)
        found = []
        for kind in kinds[: self.random.randint(1, 2)]:
            if kind is None:
                return ()
            number = self.random.randint(1, 4) if kind == "after" else self.random.randint(-2, 6)
            found.append((kind, number))
        return tuple(found)


class Simulator:
    """Runs a drawing job by job."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.states = [
            n for n in root.below() if n.parent and n.kind in ("state", "final") and not n.children
        ]
        self.active: list[Node] = []  # from outside in
        self.ages: dict[Node, int] = {}
        self.trace = 0
        self.level = 0
        self.events: set[tuple[str, int, Arrow]] = set()
        self.held: dict[tuple[Arrow, int], bool] = {}

    @property
    def number(self) -> int:
        """The number of the active simple state, from 1."""
        return self.states.index(self.active[-1]) + 1

    def job(self, go: bool, stop: bool, level: int) -> None:
        """One run to completion."""
        self.level = level
        if not self.active:
            self._begin(self.root)
        else:
            for state in self.active:
                self.ages[state] += 1
        rising = self._rising()
        pending, moves = True, 2 * len(self.states) + 1
        while moves and (pending or self._completion()):
            if self._completion():
                self._fire(*self._completion())
            else:
                pending = False
                chosen = self._triggered(go, stop, rising)
                if not chosen:
                    break
                self._fire(*chosen)
            moves -= 1

    def _rising(self) -> set[tuple[Arrow, int]]:
        found = set()
        for node in self.root.below():
            for arrow in node.arrows:
                for i, (kind, number) in enumerate(arrow.events):
                    if kind == "change":
                        now = self.level > number
                        if now and not self.held.get((arrow, i), False):
                            found.add((arrow, i))
                        self.held[arrow, i] = now
        return found

    # --- choosing -----------------------------------------------------------------------------------------

    def _completion(self) -> tuple[Node, list[Arrow]] | None:
        for state in reversed(self.active):
            complete = state is self.active[-1] if not state.children else self._finished(state)
            for arrow in state.arrows if complete else ():
                if not arrow.events and (path := self._open(arrow)):
                    return state, path
        return None

    def _finished(self, state: Node) -> bool:
        last = self.active[-1]
        return last.kind == "final" and last.parent is state

    def _triggered(
        self, go: bool, stop: bool, rising: set[tuple[Arrow, int]]
    ) -> tuple[Node, list[Arrow]] | None:
        for state in reversed(self.active):
            for arrow in state.arrows:
                happened = False
                for i, (kind, number) in enumerate(arrow.events):
                    happened |= {
                        "go": go,
                        "stop": stop,
                        "after": self.ages[state] == number,
                        "change": (arrow, i) in rising,
                    }[kind]
                if happened and (path := self._open(arrow)):
                    return state, path
        return None

    def _open(self, arrow: Arrow) -> list[Arrow]:
        """The arrow with those behind junctions, if all guards hold now."""
        if isinstance(arrow.limit, int) and self.level <= arrow.limit:
            return []
        if arrow.target.kind != "junction":
            return [arrow]
        for following in sorted(arrow.target.arrows, key=lambda a: a.limit == "else"):
            if path := self._open(following):
                return [arrow, *path]
        return []

    # --- firing -------------------------------------------------------------------------------------------

    def _fire(self, state: Node, path: list[Arrow]) -> None:
        if path[0].kind == "internal":
            self._act(path[0].effect)
            return
        target = path[-1].target
        keep = self._common(state, target, path[0].kind)
        while self.active and self.active[-1] is not keep and (keep.parent or self.active):
            self._act(self.active.pop().exit)
        for arrow in path:
            self._act(arrow.effect)
        self._enter(target, keep)

    def _common(self, source: Node, target: Node, kind: str) -> Node:
        if kind == "local" and source in target.around():
            return source
        return next(n for n in source.around() if n in target.around())

    def _enter(self, target: Node, inside: Node) -> None:
        chain = [n for n in (target, *target.around()) if n.kind in ("state", "final")]
        for state in reversed(chain[: chain.index(inside)]):
            self.active.append(state)
            self.ages[state] = 0
            self._act(state.entry)
        if target.kind == "choice":
            self._choose(target)
        elif target.children:
            self._begin(target)

    def _begin(self, around: Node) -> None:
        assert around.initial is not None
        self._act(around.initial.effect)
        self._enter(around.initial.target, around)

    def _choose(self, choice: Node) -> None:
        ordered = sorted(choice.arrows, key=lambda a: a.limit == "else")
        path = next(p for a in ordered if (p := self._open(a)))
        keep = self._common(choice, path[-1].target, "external")
        while self.active and self.active[-1] is not keep:
            self._act(self.active.pop().exit)
        for arrow in path:
            self._act(arrow.effect)
        self._enter(path[-1].target, keep)

    def _act(self, number: int) -> None:
        if number:
            self.trace = (self.trace * 31 + number) % MODULUS
