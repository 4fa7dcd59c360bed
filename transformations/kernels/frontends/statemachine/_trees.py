"""The few statements of C that machines are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast
from pycparser.c_parser import Coord

_TYPES = {ElementType.BOOL: "_Bool", ElementType.I32: "int32_t"}


class Trees:
    """Makes nodes that come from ``line``."""

    def __init__(self) -> None:
        self.line = 1

    @property
    def _coord(self) -> Coord:
        return Coord("body", self.line)

    def name(self, text: str) -> c_ast.Node:
        """A variable."""
        return c_ast.ID(text, self._coord)

    def number(self, value: int) -> c_ast.Node:
        """A literal."""
        return c_ast.Constant("int", str(value), self._coord)

    def binary(self, operator: str, left: c_ast.Node, right: c_ast.Node) -> c_ast.Node:
        """An operation."""
        return c_ast.BinaryOp(operator, left, right, self._coord)

    def all_of(self, *conditions: c_ast.Node | None) -> c_ast.Node:
        """The conjunction, in order; true if there is none."""
        found: c_ast.Node | None = None
        for condition in conditions:
            if condition is not None:
                found = condition if found is None else self.binary("&&", found, condition)
        return found if found is not None else self.number(1)

    def any_of(self, conditions: Sequence[c_ast.Node]) -> c_ast.Node | None:
        """The disjunction, in order; ``None`` if there is nothing to hold."""
        found: c_ast.Node | None = None
        for condition in conditions:
            found = condition if found is None else self.binary("||", found, condition)
        return found

    def opposite(self, condition: c_ast.Node) -> c_ast.Node:
        """The negation."""
        return c_ast.UnaryOp("!", condition, self._coord)

    def element(self, array: str, *indices: c_ast.Node) -> c_ast.Node:
        """An element of an array, or with no index the variable itself."""
        node = self.name(array)
        for index in indices:
            node = c_ast.ArrayRef(node, index, self._coord)
        return node

    def assign(self, target: c_ast.Node, value: c_ast.Node) -> c_ast.Node:
        """An assignment."""
        return c_ast.Assignment("=", target, value, self._coord)

    def local(self, name: str, dtype: ElementType, value: c_ast.Node) -> c_ast.Decl:
        """A local variable."""
        type_ = c_ast.TypeDecl(name, [], None, c_ast.IdentifierType([_TYPES[dtype]]))
        return c_ast.Decl(name, [], [], [], [], type_, value, None, self._coord)

    def block(self, statements: Sequence[c_ast.Node]) -> c_ast.Compound:
        """A block."""
        return c_ast.Compound(list(statements), self._coord)

    def when(
        self, condition: c_ast.Node, then: Sequence[c_ast.Node], other: Sequence[c_ast.Node] = ()
    ) -> c_ast.If:
        """A branch."""
        rest = self.block(other) if other else None
        return c_ast.If(condition, self.block(then), rest, self._coord)

    def repeat(self, name: str, count: int, body: Sequence[c_ast.Node]) -> c_ast.For:
        """A loop that counts from 0."""
        begin = c_ast.DeclList([self.local(name, ElementType.I32, self.number(0))], self._coord)
        test = self.binary("<", self.name(name), self.number(count))
        return c_ast.For(
            begin, test, c_ast.UnaryOp("p++", self.name(name), self._coord), self.block(body), self._coord
        )

    def copies(self, shape: tuple[int, ...], copy: Callable[..., c_ast.Node]) -> c_ast.Node:
        """``copy`` of the indices of each element."""
        names = [f"k{d}$" for d in range(len(shape))]
        node = copy(*(self.name(n) for n in names))
        for name, extent in zip(reversed(names), reversed(shape), strict=True):
            node = self.repeat(name, extent, [node])
        return node
