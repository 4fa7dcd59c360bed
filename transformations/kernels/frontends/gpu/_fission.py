"""Barriers by loop fission: a work-group runs the code up to a barrier for all its work-items, then the rest.

The statements of a work-item fall into segments, between barriers.  Each segment becomes a loop nest over the
work-items of the group.  Loops and branches around barriers run once a group, so what decides them must be
uniform: the same for every work-item.  Of the variables of a work-item that live across a barrier, those that
can be computed again are, and the others become arrays with one element a work-item.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels.frontends._trees import (
    array_of,
    assigned_name,
    block,
    called,
    copied,
    counted,
    element,
    items_of,
    number,
    replace_nodes,
    walk,
)
from aicompiler.transformations.kernels.frontends.c import is_pure, names_in
from pycparser import c_ast

from ._names import Names
from ._source import is_shared
from ._space import Space

_MOST_DIMENSIONS = 4


@dataclass
class Segment:
    """Statements that every work-item of a group runs before the next barrier."""

    items: list[c_ast.Node] = field(default_factory=list)


@dataclass
class Around:
    """A loop, branch or block that runs once a group, with the parts of its one or two bodies."""

    node: c_ast.Node
    bodies: list[list[Segment | Around | c_ast.Decl]]


Part: TypeAlias = Segment | Around | c_ast.Decl


@dataclass(frozen=True)
class Facts:
    """What splitting needs: names that are the same for all work-items, and what a barrier is called."""

    behaviour: Behaviour
    space: Space
    local_ids: tuple[str, ...]  # the loop variables over a group, dimension 0 first
    uniform: frozenset[str]  # parameters that are never written, constants, group ids
    barriers: frozenset[str]
    returns: frozenset[int]  # identities of branches that stand for an early return


class Fission:
    """Splits the body of one kernel."""

    def __init__(self, facts: Facts, names: Names, body: list[c_ast.Node]) -> None:
        self.facts = facts
        self.names = names
        self.uniform = set(facts.uniform)
        self.shared: list[c_ast.Node] = []
        self._moving: set[str] = set()  # uniform variables that loops around barriers step
        self._places: dict[
            str, tuple[str, bool]
        ] = {}  # variable -> array, and whether it has one a work-item
        self._assigned = _assignments(body, self._headers(body))
        self._changed = _assignments(body, set())
        self._again: dict[str, c_ast.Decl] = {}  # variables that can be computed again, in order

    def group(self, body: list[c_ast.Node]) -> list[c_ast.Node]:
        """The statements of one work-group."""
        parts = self._split(body)
        self._share(parts)
        return [*self.shared, *self._emit(parts)]

    # --- parts ---------------------------------------------------------------------------------------------

    def _headers(self, body: list[c_ast.Node]) -> set[int]:
        """Identities of what initialises and steps loops around barriers."""
        loops = [n for item in body for n in walk(item) if isinstance(n, c_ast.For) and self.waits(n)]
        return {id(part) for loop in loops for part in (loop.init, loop.next) if part is not None}

    def waits(self, node: c_ast.Node) -> bool:
        """Whether a barrier lies in ``node``."""
        return any(called(n) in self.facts.barriers for n in walk(node))

    def _split(self, items: list[c_ast.Node]) -> list[Part]:
        parts: list[Part] = []
        segment = Segment()
        for item in items:
            if is_shared(item):
                self._declare_shared(item)
            elif isinstance(item, c_ast.Typedef) or (isinstance(item, c_ast.Decl) and item.name is None):
                self.shared.append(item)  # a type
            elif called(item) in self.facts.barriers:
                parts.append(segment)
                segment = Segment()
            elif self.waits(item):
                parts += [segment, self._around(item)]
                segment = Segment()
            elif self._once_a_group(item):
                parts.append(item)
                self.uniform.add(item.name)
            else:
                self._refuse_shared_inside(item)
                self._remember(item)
                segment.items.append(item)
        return [*parts, segment]

    def _around(self, node: c_ast.Node) -> Around:
        if isinstance(node, c_ast.Compound):
            return Around(node, [self._split(items_of(node))])
        if isinstance(node, c_ast.If):
            self._require_uniform(node, node.cond)
            return Around(node, [self._split(items_of(arm)) for arm in (node.iftrue, node.iffalse)])
        if isinstance(node, c_ast.For):
            return Around(node, [self._loop(node)])
        advice = "write the loop as: for (int i = ...; i < ...; i++)"
        raise unsupported(self.facts.behaviour, node.coord.line, "a barrier in a while loop", advice)

    def _loop(self, node: c_ast.For) -> list[Part]:
        declared = node.init.decls if isinstance(node.init, c_ast.DeclList) else []
        for declaration in declared:
            if declaration.init is not None:
                self._require_uniform(node, declaration.init)
            if declaration.name not in self._assigned:
                self.uniform.add(declaration.name)
        if node.init is not None and not declared:
            self._require_uniform(node, node.init)
        for part in (node.cond, node.next):
            if part is not None:
                self._require_uniform(node, part)
        return self._split(items_of(node.stmt))

    def _require_uniform(self, node: c_ast.Node, decides: c_ast.Node) -> None:
        reason = self._varying(decides)
        if reason is None:
            return
        barrier = next(n for n in walk(node) if called(n) in self.facts.barriers)
        behaviour, name = self.facts.behaviour, called(barrier)
        if id(node) in self.facts.returns:
            construct = f"{name}() in line {barrier.coord.line} after a return that depends on {reason}"
            advice = "let all work-items reach the barrier: put the condition around the accesses instead"
            raise unsupported(behaviour, node.coord.line, construct, advice)
        what = "loop" if isinstance(node, c_ast.For) else "branch"
        construct = f"{name}() in a {what} that depends on {reason}"
        advice = (
            f"work-items differ in that, and all of a group must wait: move the barrier out of the {what}"
        )
        raise unsupported(behaviour, barrier.coord.line, construct, advice)

    def _varying(self, node: c_ast.Node) -> str | None:
        """What in an expression may differ between the work-items of a group."""
        for inner in walk(node):
            if isinstance(inner, c_ast.ID) and inner.name in self.facts.local_ids:
                return "the place of the work-item"
            if isinstance(inner, c_ast.ID) and inner.name not in self.uniform:
                return repr(inner.name)
            if isinstance(inner, c_ast.FuncCall):
                return f"the call of {called(inner)}"
        return None

    def _once_a_group(self, item: c_ast.Node) -> bool:
        """Whether a declaration is of a scalar that is the same for all work-items, by what it is made of."""
        if not isinstance(item, c_ast.Decl) or not isinstance(item.type, c_ast.TypeDecl):
            return False
        if item.name in self._assigned or (item.init is None and item.name not in self._changed):
            return False
        if item.init is not None and (not is_pure(item.init) or self._varying(item.init) is not None):
            return False
        if item.name in self._changed:
            self._moving.add(item.name)
        return True

    def _remember(self, item: c_ast.Node) -> None:
        """Note a variable that can be computed again wherever it is needed."""
        if not isinstance(item, c_ast.Decl) or not isinstance(item.type, c_ast.TypeDecl) or item.init is None:
            return
        if item.name in self._changed or not is_pure(item.init):
            return
        steady = {*self._again, *self.facts.local_ids, *(self.uniform - self._moving)}
        reads = any(isinstance(n, c_ast.ArrayRef) for n in walk(item.init))
        if not reads and set(names_in(item.init)) <= steady:
            self._again[item.name] = item

    # --- memory that a group shares ------------------------------------------------------------------------

    def _declare_shared(self, item: c_ast.Node) -> None:
        assert isinstance(item, c_ast.Decl)
        line, behaviour = item.coord.line, self.facts.behaviour
        open_ended = isinstance(item.type, c_ast.ArrayDecl) and item.type.dim is None
        if open_ended or isinstance(item.type, c_ast.PtrDecl):
            advice = f"declare it with its extent, as in: {item.name}[64]"
            raise unsupported(behaviour, line, f"shared memory {item.name!r} of unknown size", advice)
        if item.init is not None:
            raise body_error(behaviour, line, f"the shared {item.name!r} has an initialiser", "assign it")
        made = copied(item)
        made.storage, made.quals = [], []
        if isinstance(
            made.type, c_ast.TypeDecl
        ):  # a scalar: an array of one, as every work-item sees the same
            self._places[made.name] = made.name, False
            made.type = array_of(made.type, (1,), made.coord)
        self.shared.append(made)

    def _refuse_shared_inside(self, item: c_ast.Node) -> None:
        for node in walk(item):
            if is_shared(node):
                advice = "declare it at the top of the kernel"
                raise unsupported(
                    self.facts.behaviour, node.coord.line, "shared memory declared in a block", advice
                )

    # --- variables that live across a barrier --------------------------------------------------------------

    def _share(self, parts: list[Part]) -> None:
        segments = list(_segments(parts))
        uses = [{n.name for i in s.items for n in walk(i) if isinstance(n, c_ast.ID)} for s in segments]
        for k, segment in enumerate(segments):
            others = set().union(*(used for j, used in enumerate(uses) if j != k))
            for item in segment.items:
                crosses = isinstance(item, c_ast.Decl) and item.name in others
                if crosses and item.name not in self._again:
                    self._expand(item)
        for segment, used in zip(segments, uses, strict=True):
            self._compute_again(segment, used)
            segment.items = [n for item in segment.items if (n := self._placed(item)) is not None]

    def _expand(self, item: c_ast.Decl) -> None:
        """One element a work-item in the place of a variable."""
        group = tuple(reversed(self.facts.space.group))
        made = copied(item)
        made.init, made.quals = None, []
        name, kind, rank = self.names.fresh(f"{item.name}_of_item"), made.type, len(group)
        while isinstance(kind, c_ast.ArrayDecl):
            kind, rank = kind.type, rank + 1
        if rank > _MOST_DIMENSIONS:
            construct = f"the array {item.name!r} of {rank - len(group)} dimensions across a barrier"
            raise unsupported(self.facts.behaviour, item.coord.line, construct, "use fewer dimensions")
        if isinstance(item.init, c_ast.InitList):
            construct = f"the initialiser of {item.name!r}, which lives across a barrier"
            raise unsupported(
                self.facts.behaviour, item.coord.line, construct, "assign the elements in a loop"
            )
        kind.declname, kind.quals, made.name = name, [], name
        made.type = array_of(made.type, group, item.coord)
        self._places[item.name] = name, True
        self.shared.append(made)

    def _compute_again(self, segment: Segment, used: set[str]) -> None:
        own = {item.name for item in segment.items if isinstance(item, c_ast.Decl)}
        needed = set(used)
        for name, declaration in reversed(self._again.items()):
            if name in needed and name not in own:
                segment.items.insert(0, copied(declaration))
                needed |= set(names_in(declaration.init))

    def _placed(self, item: c_ast.Node) -> c_ast.Node | None:
        """A statement with the arrays in the places of variables; ``None`` for a declaration of one."""
        is_moved = isinstance(item, c_ast.Decl) and item.name in self._places
        if is_moved:
            if item.init is None:
                return None
            item = c_ast.Assignment("=", c_ast.ID(item.name, item.coord), item.init, item.coord)
        return replace_nodes(item, self._place)

    def _place(self, node: c_ast.Node) -> c_ast.Node:
        if not isinstance(node, c_ast.ID) or node.name not in self._places:
            return node
        name, private = self._places[node.name]
        ids = [c_ast.ID(i, node.coord) for i in reversed(self.facts.local_ids)]
        return element(name, ids if private else [number(0, node.coord)], node.coord)

    # --- the loops over a group ----------------------------------------------------------------------------

    def _emit(self, parts: list[Part]) -> list[c_ast.Node]:
        made: list[c_ast.Node] = []
        for part in parts:
            if isinstance(part, Segment):
                made += self._nest(part)
            elif isinstance(part, Around):
                made.append(self._emit_around(part))
            else:
                made.append(part)
        return made

    def _emit_around(self, part: Around) -> c_ast.Node:
        node = part.node
        bodies = [block(self._emit(parts), node.coord) for parts in part.bodies]
        if isinstance(node, c_ast.If):
            return c_ast.If(node.cond, bodies[0], bodies[1] if bodies[1].block_items else None, node.coord)
        if isinstance(node, c_ast.For):
            return c_ast.For(node.init, node.cond, node.next, bodies[0], node.coord)
        return bodies[0]

    def _nest(self, segment: Segment) -> list[c_ast.Node]:
        """A loop nest over the work-items; none where the segment only prepares what others compute again."""
        names = {item.name for item in segment.items if isinstance(item, c_ast.Decl)}
        if len(names) == len(segment.items) and names <= set(self._again):
            return []
        body, coord = segment.items, segment.items[0].coord
        for name, extent in zip(self.facts.local_ids, self.facts.space.group, strict=True):
            body = [counted(name, extent, body, coord)]
        return body


def _segments(parts: list[Part]) -> Iterator[Segment]:
    for part in parts:
        if isinstance(part, Segment):
            yield part
        elif isinstance(part, Around):
            for body in part.bodies:
                yield from _segments(body)


def _assignments(body: list[c_ast.Node], headers: set[int]) -> set[str]:
    """Variables that ``body`` assigns outside ``headers``, its own ones too."""
    names: set[str] = set()
    for node in body:
        names |= _assigned_in(node, headers)
    return names


def _assigned_in(node: c_ast.Node, headers: set[int]) -> set[str]:
    if id(node) in headers:
        return set()
    names = {name} if (name := assigned_name(node)) is not None else set()
    for child in node:
        names |= _assigned_in(child, headers)
    return names
