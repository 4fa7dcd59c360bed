"""Statements of a function: blocks, branches, returns; loops are in ``_loops``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast

from ._effects import effects_of
from ._emitter import Value
from ._loops import Loops
from ._scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSED = {
    c_ast.Goto: ("goto", "use loops and if/else"),
    c_ast.Label: ("label", "use loops and if/else"),
    c_ast.Break: ("break", "put the condition into the loop's: while (i < n && !found)"),
    c_ast.Continue: ("continue", "put the rest of the loop's body into an if"),
    c_ast.Switch: ("switch", "use if/else if, or a constant table"),
    c_ast.Case: ("case", "use if/else if, or a constant table"),
    c_ast.Default: ("default", "use if/else if, or a constant table"),
    c_ast.Pragma: ("#pragma", "schedules are the tool's decision: drop it"),
    c_ast.FuncDef: ("nested function", "put helper functions before the statements"),
    c_ast.StaticAssert: ("_Static_assert", "drop it"),
}
_EXPRESSIONS = (
    c_ast.Assignment,
    c_ast.UnaryOp,
    c_ast.BinaryOp,
    c_ast.FuncCall,
    c_ast.ExprList,
    c_ast.Cast,
    c_ast.ID,
    c_ast.Constant,
    c_ast.TernaryOp,
    c_ast.ArrayRef,
    c_ast.StructRef,
)


class Statements(Loops):
    """Lowers statements, keeping locals in SSA form through the state."""

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A scope of its own for the names of a block."""
        outer, self.scope = self.scope, Scope(self.scope)
        try:
            yield
        finally:
            self.scope = outer

    def statement(self, node: c_ast.Node | None) -> None:
        """Lower one statement that is not the last of the function."""
        if node is None or isinstance(node, c_ast.EmptyStatement):
            return
        self.at(node)
        kind = type(node)
        if kind in _REFUSED:
            raise self.unsupported(*_REFUSED[kind])
        if (lower := self._kinds_of_statements.get(kind)) is not None:
            lower(node)
        elif isinstance(node, _EXPRESSIONS):
            self.effect(node)
        else:
            raise self.unsupported(kind.__name__, "use declarations, assignments, loops and branches")

    @property
    def _kinds_of_statements(self) -> dict[type[c_ast.Node], Callable[[Any], None]]:
        return {
            c_ast.Compound: self._compound,
            c_ast.Decl: self.declaration,
            c_ast.Typedef: self.declaration,
            c_ast.DeclList: self._declarations,
            c_ast.If: self._if,
            c_ast.For: self._for,
            c_ast.While: self.while_loop,
            c_ast.DoWhile: self.do_loop,
            c_ast.Return: self._refuse_return,
        }

    def _compound(self, node: c_ast.Compound) -> None:
        with self.nested():
            for item in node.block_items or ():
                self.statement(item)

    def _declarations(self, node: c_ast.DeclList) -> None:
        for declaration in node.decls:
            self.declaration(declaration)

    def _for(self, node: c_ast.For) -> None:
        with self.nested():
            self.for_loop(node)

    def _refuse_return(self, _: c_ast.Return) -> None:
        raise self._early_return()

    def _early_return(self) -> Exception:
        advice = (
            "return at the end, or from an if outside all loops; keep the result in a variable until then"
        )
        return self.unsupported("early return", advice)

    def _if(self, node: c_ast.If) -> None:
        condition = self.truth(self.value(node.cond))
        self.at(node)
        self.fork(condition, lambda: self._arm(node.iftrue), lambda: self._arm(node.iffalse))

    def _arm(self, node: c_ast.Node | None) -> Sequence[Value]:
        with self.nested():
            self.statement(node)
        return ()

    # --- the end of a function ---

    def body(self, items: Sequence[c_ast.Node], result: ElementType | None) -> Sequence[Value]:
        """Lower the statements up to the end of the function; gives its result, converted, if it has one."""
        for i, node in enumerate(items):
            if not effects_of(node).returns:
                self.statement(node)
                continue
            self.at(node)
            rest = items[i + 1 :]
            if isinstance(node, c_ast.Return):
                return self._return(node, rest, result)
            if isinstance(node, c_ast.If):
                return self._returning_if(node, rest, result)
            if isinstance(node, c_ast.Compound) and not rest:
                with self.nested():
                    return self.body(node.block_items, result)
            self.at(_first_return(node))
            raise self._early_return()
        if result is not None:
            raise self.wrong("the function may end without a result", "end it with return and a value")
        return ()

    def _return(
        self, node: c_ast.Return, rest: Sequence[c_ast.Node], result: ElementType | None
    ) -> Sequence[Value]:
        if rest:
            self.at(rest[0])
            raise self.wrong("statements after return are never executed", "remove them")
        if (node.expr is None) != (result is None):
            raise self.wrong(
                "return does not fit the function's result", "return a value exactly where one is declared"
            )
        if node.expr is None or result is None:
            return ()
        value = self.value(node.expr)
        self.at(node)
        return (self.convert(value, result),)

    def _returning_if(
        self, node: c_ast.If, rest: Sequence[c_ast.Node], result: ElementType | None
    ) -> Sequence[Value]:
        """``if (c) return a; rest``: the rest belongs to the side that does not return."""
        then, other = _items(node.iftrue), _items(node.iffalse)
        if rest and not _always_returns(then) and not _always_returns(other):
            self.at(_first_return(node))
            raise self._early_return()
        condition = self.truth(self.value(node.cond))
        self.at(node)
        sides = [
            (items, () if _always_returns(items) else rest, _always_returns(items) or not rest)
            for items in (then, other)
        ]

        def arm(side: int) -> Sequence[Value]:
            items, following, ends = sides[side]
            with self.nested():
                if ends:
                    return self.body(items, result)
                self.statement(c_ast.Compound(list(items)))
                return self.body(following, result)

        return self.fork(condition, lambda: arm(0), lambda: arm(1))


def _items(node: c_ast.Node | None) -> list[c_ast.Node]:
    if node is None:
        return []
    return list(node.block_items or ()) if isinstance(node, c_ast.Compound) else [node]


def _always_returns(items: Sequence[c_ast.Node]) -> bool:
    if not items:
        return False
    last = items[-1]
    if isinstance(last, c_ast.If):
        return _always_returns(_items(last.iftrue)) and _always_returns(_items(last.iffalse))
    return isinstance(last, c_ast.Return) or (
        isinstance(last, c_ast.Compound) and _always_returns(_items(last))
    )


def _first_return(node: c_ast.Node) -> c_ast.Node:
    if isinstance(node, c_ast.Return):
        return node
    for child in node:
        if effects_of(child).returns:
            return _first_return(child)
    raise AssertionError("no return in there")
