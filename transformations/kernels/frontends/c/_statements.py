"""Statements of a function: blocks, branches, returns; loops are in ``_loops``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast

from ._effects import effects_of
from ._emitter import Value
from ._jumps import items_of, structured
from ._loops import Loops
from ._scope import Kind, Scope, Struct
from ._types import E, promoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSED = {
    c_ast.Goto: ("goto", "use loops and if/else"),
    c_ast.Label: ("label", "use loops and if/else"),
    c_ast.Case: ("a case outside a switch", "put it directly into the switch's block"),
    c_ast.Default: ("a default outside a switch", "put it directly into the switch's block"),
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
            c_ast.Switch: self._switch,
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

    def _switch(self, node: c_ast.Switch) -> None:
        """A chain of branches: no case falls through any more, and none has a ``break``."""
        value = self.value(node.cond)
        if value.dtype.is_float:
            raise self.wrong("a switch needs an integer", "cast it, or use if/else if")
        value = self.convert(value, promoted(value.dtype))
        groups, default = self._cases(node, value.dtype)

        def chain(position: int) -> Sequence[Value]:
            if position == len(groups):
                return self._arm(default)
            labels, stmts = groups[position]
            condition = Value(E.BOOL, const=0)
            for label in labels:
                same = self.binary("==", value, Value(value.dtype, const=label))
                condition = self.either(condition, same)
            self.at(stmts)
            self.fork(condition, lambda: self._arm(stmts), lambda: chain(position + 1))
            return ()

        chain(0)

    def _cases(
        self, node: c_ast.Switch, dtype: ElementType
    ) -> tuple[list[tuple[list[int], c_ast.Node]], c_ast.Node | None]:
        """The labels and statements of each case, and those of the default."""
        groups: list[tuple[list[int], c_ast.Node]] = []
        seen: set[int] = set()
        labels: list[int] = []
        default: c_ast.Node | None = None
        shared = False  # whether the default's statements are those of the case that follows
        for case in items_of(node.stmt):
            self.at(case)
            if isinstance(case, c_ast.Case):
                label = self.convert(Value(E.I64, const=self.constant(case.expr, "a case")), dtype).const
                assert isinstance(label, int)
                if label in seen:
                    raise self.wrong(f"the case {label} is there twice", "remove one of them")
                seen.add(label)
                labels.append(label)
            elif default is not None or shared:
                raise self.wrong("the switch has two defaults", "remove one of them")
            else:
                shared = True
            if case.stmts:
                stmts = case.stmts[0]
                default = stmts if shared and default is None else default
                if labels and default is not stmts:
                    groups.append((labels, stmts))
                labels = []
        if labels:  # at the very end, with nothing to do
            groups.append((labels, c_ast.EmptyStatement(node.coord)))
        return groups, default

    def _arm(self, node: c_ast.Node | None) -> Sequence[Value]:
        with self.nested():
            self.statement(node)
        return ()

    # --- the end of a function ---

    def function_body(
        self, items: Sequence[c_ast.Node], result: Kind | None, kind: c_ast.Node | None = None
    ) -> Sequence[Value]:
        """Lower all statements of a function, whose result (of type ``result``) is declared by ``kind``."""
        regular = _is_regular(items)
        if result is not None and not regular and not _ends(items):
            self.at(items[-1])
            raise self.wrong("the function may end without a result", "end it with return and a value")
        declared = kind if result is not None else None
        return self.body(structured(self, items, declared, regular), result)

    def body(self, items: Sequence[c_ast.Node], result: Kind | None) -> Sequence[Value]:
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

    def _return(self, node: c_ast.Return, rest: Sequence[c_ast.Node], result: Kind | None) -> Sequence[Value]:
        if rest:
            self.at(rest[0])
            raise self.wrong("statements after return are never executed", "remove them")
        if (node.expr is None) != (result is None):
            raise self.wrong(
                "return does not fit the function's result", "return a value exactly where one is declared"
            )
        if node.expr is None or result is None:
            return ()
        if isinstance(result, Struct):
            found = self.struct_value(node.expr)
            self.at(node)
            if found is None or found[0] != result:
                raise self.wrong(
                    f"the function returns struct {result.name!r}, and this is none", "make them agree"
                )
            return found[1]
        value = self.value(node.expr)
        self.at(node)
        return (self.convert(value, result),)

    def _returning_if(
        self, node: c_ast.If, rest: Sequence[c_ast.Node], result: Kind | None
    ) -> Sequence[Value]:
        """``if (c) return a; rest``: the rest belongs to the side that does not return."""
        then, other = items_of(node.iftrue), items_of(node.iffalse)
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


def _always_returns(items: Sequence[c_ast.Node]) -> bool:
    if not items:
        return False
    last = items[-1]
    if isinstance(last, c_ast.If):
        return _always_returns(items_of(last.iftrue)) and _always_returns(items_of(last.iffalse))
    return isinstance(last, c_ast.Return) or (
        isinstance(last, c_ast.Compound) and _always_returns(items_of(last))
    )


def _is_regular(items: Sequence[c_ast.Node]) -> bool:
    """Whether all returns are at the end or in an ``if`` whose other side goes on: ``body`` lowers those."""
    for i, node in enumerate(items):
        if not effects_of(node).returns:
            continue
        rest = items[i + 1 :]
        if isinstance(node, c_ast.Return):
            return True
        if isinstance(node, c_ast.Compound) and not rest:
            return _is_regular(node.block_items)
        if not isinstance(node, c_ast.If):
            return False
        sides = [items_of(node.iftrue), items_of(node.iffalse)]
        if rest and not any(map(_always_returns, sides)):
            return False
        return all(map(_is_regular, sides)) and _is_regular(rest)
    return True


def _ends(items: Sequence[c_ast.Node]) -> bool:
    """Whether control never reaches the end of the statements, so that a result is always returned."""
    match list(items)[-1:]:
        case [c_ast.Return()]:
            return True
        case [c_ast.Compound() | c_ast.Label() as block]:  # labels are refused where they are lowered
            return _ends(items_of(block) if isinstance(block, c_ast.Compound) else [block.stmt])
        case [c_ast.If(iftrue=then, iffalse=other)]:
            return _ends(items_of(then)) and _ends(items_of(other))
        case [c_ast.Switch(stmt=cases)]:
            groups = [c for c in items_of(cases) if isinstance(c, c_ast.Case | c_ast.Default)]
            has_default = any(isinstance(c, c_ast.Default) for c in groups)
            return has_default and all(_ends(c.stmts) for c in groups if c.stmts)
        case [c_ast.While(cond=c_ast.Constant(value="1"), stmt=body) | c_ast.For(cond=None, stmt=body)]:
            return not _breaks(body)
    return False


def _breaks(node: c_ast.Node) -> bool:
    """Whether a ``break`` in there ends the loop around it."""
    if isinstance(node, c_ast.Break):
        return True
    if isinstance(node, c_ast.For | c_ast.While | c_ast.DoWhile | c_ast.Switch):
        return False
    return any(_breaks(child) for child in node)


def _first_return(node: c_ast.Node) -> c_ast.Node:
    if isinstance(node, c_ast.Return):
        return node
    for child in node:
        if effects_of(child).returns:
            return _first_return(child)
    raise AssertionError("no return in there")
