"""Statements: local names, branches and loops, to the statements of C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._kernel import Signature
from aicompiler.transformations.kernels.frontends.c import Unit
from lark import Token
from pycparser import c_ast

from . import _terms as terms
from ._declarations import Declarations
from ._grammar import Tree, child, line_of, read
from ._names import Kind, Names
from ._terms import E, Term, place


class Translator(Declarations):
    """Translates statements; names that a body declares stay known for the next one."""

    def __init__(self, behaviour: Behaviour, signature: Signature) -> None:
        super().__init__(behaviour, signature)
        self._statements: dict[str, Callable[[Tree], Sequence[c_ast.Node]]] = {
            "annotated": self._annotated,
            "block": lambda tree: [self._block(tree)],
            "declaration": self.declaration,
            "java_declaration": self.java_declaration,
            "effect": self._effect,
            "branch": lambda tree: [self._branch(tree)],
            "concurrent_branch": self._concurrent_branch,
            "while_loop": self._while,
            "do_loop": self._do,
            "counted_loop": self._counted_loop,
            "element_loop": lambda tree: [self._element_loop(tree, tree.children[0], None)],
            "typed_element_loop": lambda tree: [self._element_loop(tree, tree.children[1], child(tree, 0))],
            "switch": self._switch,
            "break_statement": self._break,
            "return_statement": self._return,
            "nothing": lambda _: [],
        }

    def unit(self, text: str) -> Unit:
        """A whole body."""
        statements = c_ast.Compound(self.statements(text))
        return Unit(dict(self.functions), (), statements)

    def statements(self, text: str) -> list[c_ast.Node]:
        """The statements of a text."""
        tree = read(self.behaviour, text, "body")
        self.changed |= {str(name) for name in _assigned(tree)}
        return [node for child in tree.children for node in self._statement(child)]

    def expression(self, text: str) -> c_ast.Node:
        """A text that is one expression of type Boolean."""
        return self.condition(child(read(self.behaviour, text, "condition"), 0))

    @contextmanager
    def nested(self) -> Iterator[None]:
        """The names of a block."""
        outer, self.names = self.names, Names(self.names)
        try:
            yield
        finally:
            assert self.names.outer is outer
            self.names = outer

    def _statement(self, tree: Tree | Token) -> Sequence[c_ast.Node]:
        assert not isinstance(tree, Token)
        return self._statements[tree.data](tree)

    def _sequence(self, trees: Sequence[Tree | Token], line: int) -> c_ast.Compound:
        with self.nested():
            return c_ast.Compound([n for t in trees for n in self._statement(t)], place(line))

    def _block(self, tree: Tree | Token | None) -> c_ast.Compound:
        assert tree is not None and not isinstance(tree, Token)
        return self._sequence(tree.children, line_of(tree))

    def _annotated(self, tree: Tree) -> Sequence[c_ast.Node]:
        """``@indexFrom0`` and ``@indexFrom1`` hold inside the statement; the others change no result."""
        base = {"//@indexFrom0": 0, "//@indexFrom1": 1}.get(str(tree.children[0]).strip(), self.base)
        outer, self.base = self.base, base
        try:
            return self._statement(tree.children[1])
        finally:
            self.base = outer

    def _effect(self, tree: Tree) -> Sequence[c_ast.Node]:
        expression = child(tree, 0)
        if expression.data == "assignment" and (copy := self._copy(expression)) is not None:
            return [copy]
        if expression.data not in ("assignment", "update", "step_before", "step_after", "call"):
            raise self.wrong(tree, "this statement has no effect", "assign the value to a name")
        return [self.term(expression).node]

    # --- sequences as a whole -----------------------------------------------------------------------------

    def _copy(self, tree: Tree) -> c_ast.Node | None:
        """``a = b`` of two sequences, element by element; ``None`` for other assignments."""
        left, right = child(tree, 0), child(tree, 1)
        if left.data != "name" or right.data != "name":
            return None
        target, source = self.symbol(left), self.symbol(right)
        if not target.shape or not source.shape:
            return None
        if (target.shape, target.dtype) != (source.shape, source.dtype):
            message = f"{target.name!r} and {source.name!r} differ in size or element type"
            raise self.wrong(tree, message, "copy the elements in a loop")
        if not target.kind.writable:
            message = f"{target.name!r} is {target.kind.value} and cannot be assigned to"
            raise self.wrong(tree, message, "assign to a sequence of your own")
        line = line_of(tree)
        indices = [self.fresh("k") for _ in target.shape]
        sides = [_element(name, indices, line) for name in (target.name, source.name)]
        node: c_ast.Node = c_ast.Assignment("=", *sides, place(line))
        for index, extent in zip(reversed(indices), reversed(target.shape), strict=True):
            node = self._counting(index, terms.number(0, line), "<", terms.number(extent, line), node, line)
        return node

    # --- branches -----------------------------------------------------------------------------------------

    def _branch(self, tree: Tree) -> c_ast.If:
        condition, then, *other = tree.children
        assert not isinstance(condition, Token)
        test = self.condition(condition)
        taken = self._block(then)
        rest = other[0] if other else None
        skipped = None if rest is None else self._statement(rest)[0]
        return c_ast.If(test, taken, skipped, place(line_of(tree)))

    def _concurrent_branch(self, tree: Tree) -> Sequence[c_ast.Node]:
        raise self.outside(tree, "or if", "write else if: the order decides where several conditions hold")

    def _switch(self, tree: Tree) -> Sequence[c_ast.Node]:
        subject = self.term(child(tree, 0))
        if subject.dtype.is_float:
            raise self.wrong(tree, "a switch over a Real", "write if and else if")
        line = line_of(tree)
        name = self.fresh("switch")
        value = Term(c_ast.ID(name, place(line)), subject.dtype)
        chain: c_ast.Node | None = None
        for clause in reversed(tree.children[1:]):
            assert not isinstance(clause, Token)
            body = child(clause, -1)
            node = self._sequence(body.children, line_of(clause))
            if clause.data == "case":
                chain = c_ast.If(self._matches(value, clause), node, chain, place(line_of(clause)))
            else:
                chain = node
        declared = self.local(name, subject.dtype, subject.node, line)
        return [c_ast.Compound([declared, *([chain] if chain is not None else [])], place(line))]

    def _matches(self, value: Term, clause: Tree) -> c_ast.Node:
        test: c_ast.Node | None = None
        for item in clause.children[:-1]:
            assert not isinstance(item, Token)
            given = self.term(item)
            if (given.dtype is E.BOOL) != (value.dtype is E.BOOL) or given.dtype.is_float:
                raise self.wrong(item, "the case is of another type than the switch", "give it the same type")
            self.check_unsigned("switch", value, given, clause)
            left, right, _ = (value, given, None) if value.dtype is E.BOOL else terms.matched(value, given)
            one = terms.binary("==", left, right, E.BOOL, line_of(item)).node
            test = one if test is None else c_ast.BinaryOp("||", test, one, one.coord)
        return test

    # --- loops --------------------------------------------------------------------------------------------

    def _while(self, tree: Tree) -> Sequence[c_ast.Node]:
        test = self.condition(child(tree, 0))
        return [c_ast.While(test, self._block(tree.children[1]), place(line_of(tree)))]

    def _do(self, tree: Tree) -> Sequence[c_ast.Node]:
        body = self._block(tree.children[0])
        return [c_ast.DoWhile(self.condition(child(tree, 1)), body, place(line_of(tree)))]

    def _counted_loop(self, tree: Tree) -> Sequence[c_ast.Node]:
        """``for (i in a..b)``: both bounds are evaluated once, before the loop."""
        name, line = tree.children[0], line_of(tree)
        assert isinstance(name, Token)
        bounds = [terms.widened(self.integer(child(tree, i), "a bound of a range")) for i in (1, 2)]
        first, last, dtype = terms.matched(*bounds)
        if dtype is E.U64:
            raise self.outside(tree, "a range of 64-bit numbers without a sign", "write ToInteger(...)")
        names = [self.fresh("first"), self.fresh("last")]
        locals_ = [self.local(n, dtype, t.node, line) for n, t in zip(names, (first, last), strict=True)]
        low, high = (Term(c_ast.ID(n, place(line)), dtype) for n in names)
        with self.nested():
            self.declare(name, tree, Kind.LOOP, dtype)
            body = self._block(tree.children[3])
        loop = self._counting(str(name), low, "<=", high, body, line, dtype)
        return [c_ast.Compound([*locals_, loop], place(line))]

    def _element_loop(self, tree: Tree, name: Tree | Token | None, type_: Tree | None) -> c_ast.For:
        """``for (x in sequence)``."""
        assert isinstance(name, Token)
        subject, line = child(tree, -2), line_of(tree)
        symbol = self.symbol(subject) if subject.data == "name" else None
        if symbol is None or len(symbol.shape) != 1:
            advice = "name a sequence of one dimension, or count: for (i in 1..n)"
            raise self.outside(tree, "a loop over this expression", advice)
        dtype, extents = (symbol.dtype, []) if type_ is None else self.type_of(type_)
        index = self.fresh("k")
        element = Term(_element(symbol.name, [index], line), symbol.dtype)
        value = self.converted(element, dtype, tree, f"{str(name)!r}")
        if extents:
            raise self.wrong(tree, f"{str(name)!r} is one element", "drop the [] of its type")
        with self.nested():
            self.declare(name, tree, Kind.LOOP, dtype)
            inner = self._block(tree.children[-1])
        local = self.local(str(name), dtype, value, line)
        body = c_ast.Compound([local, *inner.block_items], place(line))
        return self._counting(
            index, terms.number(0, line), "<", terms.number(symbol.shape[0], line), body, line
        )

    def _counting(
        self,
        name: str,
        first: Term,
        test: str,
        last: Term,
        body: c_ast.Node,
        line: int,
        dtype: ElementType = E.I32,
    ) -> c_ast.For:
        coord = place(line)
        variable = c_ast.ID(name, coord)
        begin = c_ast.DeclList([self.local(name, dtype, first.node, line)], coord)
        condition = c_ast.BinaryOp(test, variable, last.node, coord)
        return c_ast.For(begin, condition, c_ast.UnaryOp("p++", variable, coord), body, coord)

    # --- what ends bodies ---------------------------------------------------------------------------------

    def _break(self, tree: Tree) -> Sequence[c_ast.Node]:
        advice = (
            "put the condition into the loop: while (i <= n && !found); cases of a switch end by themselves"
        )
        raise self.outside(tree, "break", advice)

    def _return(self, tree: Tree) -> Sequence[c_ast.Node]:
        raise self.outside(tree, "return", "assign results to out-ports, and put what follows into an else")


def _element(name: str, indices: Sequence[str], line: int) -> c_ast.Node:
    node: c_ast.Node = c_ast.ID(name, place(line))
    for index in indices:
        node = c_ast.ArrayRef(node, c_ast.ID(index, place(line)), place(line))
    return node


def _assigned(tree: Tree) -> Iterator[Token]:
    """The names at the roots of all places that are assigned to."""
    for kind, position in (("assignment", 0), ("update", 0), ("step_before", 1), ("step_after", 0)):
        for found in tree.find_data(kind):
            place_ = child(found, position)
            while place_.data == "element":
                place_ = child(place_, 0)
            name = place_.children[0]
            assert isinstance(name, Token)
            yield name
