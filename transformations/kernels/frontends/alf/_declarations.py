"""Local names: numbers and sequences, their types and first values."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._kernel import Signature
from lark import Token
from pycparser import c_ast

from . import _terms as terms
from ._grammar import REFUSED_WORDS, Tree, child, line_of
from ._library import Library
from ._names import Kind, Names, Symbol
from ._terms import place

_MOST_ELEMENTS = 1 << 22


class Declarations(Library):
    """Translates declarations."""

    def __init__(self, behaviour: Behaviour, signature: Signature) -> None:
        super().__init__(behaviour, signature)
        self.names = Names(self.names)
        self.changed: set[str] = set()  # sequences that are assigned to somewhere
        self._hidden = 0

    def declare(
        self, name: Token | str, at: Tree, kind: Kind, dtype: ElementType, shape: tuple[int, ...] = ()
    ) -> None:
        """Make a name known; no name may hide another."""
        if "::" in name:
            raise self.wrong(at, f"{str(name)!r} is no local name", "drop the packages")
        if (found := self.names.find(str(name))) is not None:
            raise self.wrong(at, f"{str(name)!r} is already {found.kind.value}", "rename the local one")
        self.names.own[str(name)] = Symbol(str(name), kind, dtype, shape)

    def declaration(self, tree: Tree) -> Sequence[c_ast.Node]:
        name, type_, initial = tree.children
        assert isinstance(name, Token)
        return self._declared(tree, name, type_, initial)

    def java_declaration(self, tree: Tree) -> Sequence[c_ast.Node]:
        type_, name, initial = tree.children
        assert isinstance(name, Token)
        return self._declared(tree, name, type_, initial)

    def _declared(
        self, tree: Tree, name: Token, type_: Tree | Token | None, initial: Tree | Token | None
    ) -> Sequence[c_ast.Node]:
        assert type_ is not None and not isinstance(type_, Token) and not isinstance(initial, Token)
        dtype, extents = self.type_of(type_)
        if extents:
            return [self._sequence_declared(tree, name, dtype, extents, initial)]
        if initial is None:
            raise self.wrong(tree, f"{str(name)!r} has no first value", "write = and a value")
        value = self.term(self._scalar(initial))
        node = self.converted(value, dtype, initial, f"{str(name)!r}")
        self.declare(name, tree, Kind.LOCAL, dtype)
        return [self.local(str(name), dtype, node, line_of(tree))]

    def _scalar(self, initial: Tree) -> Tree:
        if initial.data in ("values", "typed_values"):
            raise self.wrong(initial, "a list of values for one value", "declare a sequence: Integer[]")
        return initial

    def local(self, name: str, dtype: ElementType, value: c_ast.Node, line: int) -> c_ast.Decl:
        type_ = terms.type_name(dtype, name)
        return c_ast.Decl(name, [], [], [], [], type_, value, None, place(line))

    def type_of(self, tree: Tree) -> tuple[ElementType, list[int | None]]:
        """Element type and extents; ``None`` for one that the values give."""
        extents: list[int | None] = []
        while tree.data == "element":
            extent = tree.children[1]
            assert not isinstance(extent, Token)
            extents.insert(0, None if extent is None else self._constant(extent))
            tree = child(tree, 0)
        name = str(tree.children[0])
        if (dtype := terms.TYPES.get(name.rpartition("::")[2])) is None:
            if name in REFUSED_WORDS:
                raise self.outside(tree, *REFUSED_WORDS[name])
            known = ", ".join(terms.ALF_TYPES)
            raise self.outside(tree, f"the type {name[:40]!r}", f"use {known}, or a C type such as uint8_t")
        return dtype, extents

    def _constant(self, tree: Tree) -> int:
        """An extent: a literal, a constant, or a sum or product of such."""
        if tree.data == "integer":
            return int(str(self.term(tree).node.value))
        if tree.data == "group":
            return self._constant(child(tree, 0))
        if tree.data == "name":
            symbol = self.symbol(tree)
            if symbol.value is not None:
                return symbol.value
        if tree.data == "binary" and (operator := str(tree.children[1])) in ("+", "-", "*"):
            left, right = self._constant(child(tree, 0)), self._constant(child(tree, 2))
            return {"+": left + right, "-": left - right, "*": left * right}[operator]
        raise self.outside(tree, "a size that is not constant", "use literals and constants")

    def _sequence_declared(
        self, tree: Tree, name: Token, dtype: ElementType, extents: list[int | None], initial: Tree | None
    ) -> c_ast.Decl:
        line = line_of(tree)
        shape = self._shape(tree, str(name), extents, initial)
        if initial is None:
            zero = terms.cast(terms.number(0, line), dtype)
            values: c_ast.InitList = c_ast.InitList([zero.node], place(line))
        else:
            values = self._values(initial, dtype, shape, str(name))
        self.declare(name, tree, Kind.LOCAL, dtype, shape)
        quals = [] if str(name) in self.changed else ["const"]
        type_: c_ast.Node = terms.type_name(dtype, str(name), bool(quals))
        for extent in reversed(shape):
            type_ = c_ast.ArrayDecl(type_, terms.number(extent, line).node, [], place(line))
        return c_ast.Decl(str(name), quals, [], [], [], type_, values, None, place(line))

    def _shape(
        self, tree: Tree, name: str, extents: list[int | None], initial: Tree | None
    ) -> tuple[int, ...]:
        shape = []
        for extent in extents:
            if extent is None and initial is None:
                raise self.wrong(
                    tree,
                    f"the size of {name!r} is not known",
                    "write a size into the type, as in Integer[16], or give values",
                )
            given = None if initial is None else _items(initial)
            shape.append(len(given or ()) if extent is None else extent)
            initial = next(iter(given or ()), None)
        if len(shape) > 4 or min(shape) < 1 or prod(shape) > _MOST_ELEMENTS:
            message = f"{name!r} is a sequence of {'x'.join(map(str, shape))} elements"
            raise self.wrong(tree, message, f"use 1 to {_MOST_ELEMENTS} elements in at most 4 dimensions")
        return tuple(shape)

    def _values(self, tree: Tree, dtype: ElementType, shape: tuple[int, ...], name: str) -> c_ast.InitList:
        if tree.data not in ("values", "typed_values"):
            advice = "list the values: Integer[]{1, 2, 3}; sequences are copied by an assignment"
            raise self.outside(tree, f"this value for the sequence {name!r}", advice)
        if tree.data == "typed_values":
            stated, _ = self.type_of(child(tree, 0))
            if stated is not dtype:
                raise self.wrong(tree, f"the values are of another type than {name!r}", "name the same type")
        items = _items(tree)
        if len(items) != shape[0]:
            message = f"{len(items)} values for {shape[0]} elements of {name!r}"
            raise self.wrong(tree, message, "give as many values as there are elements")
        nodes = [
            self._values(item, dtype, shape[1:], name)
            if len(shape) > 1
            else self.converted(self.term(self._scalar(item)), dtype, item, f"an element of {name!r}")
            for item in items
        ]
        return c_ast.InitList(nodes, place(line_of(tree)))

    def fresh(self, stem: str) -> str:
        """A name that no body can write."""
        self._hidden += 1
        return f"{stem}${self._hidden}"


def _items(tree: Tree) -> list[Tree]:
    """The values of a list."""
    initials = tree.children[-1] if tree.data in ("values", "typed_values") else None
    if initials is None or isinstance(initials, Token):
        return []
    return [item for item in initials.children if not isinstance(item, Token)]
