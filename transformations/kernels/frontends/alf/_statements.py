"""Statements: local names, branches and loops, to the statements of C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._kernel import Signature
from aicompiler.transformations.kernels.frontends.c import Unit
from lark import Token
from pycparser import c_ast

from . import _terms as terms
from ._expressions import _tree
from ._grammar import REFUSED_WORDS, Tree, line_of, read
from ._library import Library
from ._names import Kind, Names, Symbol
from ._terms import E, Term, place

_MOST_ELEMENTS = 1 << 22


class Translator(Library):
    """Translates statements; names that a body declares stay known for the next one."""

    def __init__(self, behaviour: Behaviour, signature: Signature) -> None:
        super().__init__(behaviour, signature)
        self.names = Names(self.names)
        self._hidden = 0
        self._changed: set[str] = set()  # sequences that are assigned to somewhere
        self._statements: dict[str, Callable[[Tree], Sequence[c_ast.Node]]] = {
            "annotated": self._annotated,
            "block": lambda tree: [self._block(tree)],
            "declaration": self._declaration,
            "java_declaration": self._java_declaration,
            "effect": self._effect,
            "branch": lambda tree: [self._branch(tree)],
            "concurrent_branch": self._concurrent_branch,
            "while_loop": self._while,
            "do_loop": self._do,
            "counted_loop": self._counted_loop,
            "element_loop": lambda tree: [self._element_loop(tree, tree.children[0], None)],
            "typed_element_loop": lambda tree: [self._element_loop(tree, tree.children[1], _tree(tree, 0))],
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
        self._changed |= {str(name) for name in _assigned(tree)}
        return [node for child in tree.children for node in self._statement(child)]

    def expression(self, text: str) -> c_ast.Node:
        """A text that is one expression of type Boolean."""
        return self.condition(_tree(read(self.behaviour, text, "condition"), 0))

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
        expression = _tree(tree, 0)
        if expression.data == "assignment" and (copy := self._copy(expression)) is not None:
            return [copy]
        if expression.data not in ("assignment", "update", "step_before", "step_after", "call"):
            raise self.wrong(tree, "this statement has no effect", "assign the value to a name")
        return [self.term(expression).node]

    # --- local names --------------------------------------------------------------------------------------

    def declare(
        self, name: Token | str, at: Tree, kind: Kind, dtype: ElementType, shape: tuple[int, ...] = ()
    ) -> None:
        """Make a name known; no name may hide another."""
        if "::" in name:
            raise self.wrong(at, f"{str(name)!r} is no local name", "drop the packages")
        if (found := self.names.find(str(name))) is not None:
            raise self.wrong(at, f"{str(name)!r} is already {found.kind.value}", "rename the local one")
        self.names.own[str(name)] = Symbol(str(name), kind, dtype, shape)

    def _declaration(self, tree: Tree) -> Sequence[c_ast.Node]:
        name, type_, initial = tree.children
        assert isinstance(name, Token)
        return self._declared(tree, name, type_, initial)

    def _java_declaration(self, tree: Tree) -> Sequence[c_ast.Node]:
        type_, name, initial = tree.children
        assert isinstance(name, Token)
        return self._declared(tree, name, type_, initial)

    def _declared(
        self, tree: Tree, name: Token, type_: Tree | Token | None, initial: Tree | Token | None
    ) -> Sequence[c_ast.Node]:
        assert type_ is not None and not isinstance(type_, Token) and not isinstance(initial, Token)
        dtype, extents = self._type(type_)
        if extents:
            return [self._sequence_declared(tree, name, dtype, extents, initial)]
        if initial is None:
            raise self.wrong(tree, f"{str(name)!r} has no first value", "write = and a value")
        value = self.term(self._scalar(initial))
        node = self.converted(value, dtype, initial, f"{str(name)!r}")
        self.declare(name, tree, Kind.LOCAL, dtype)
        return [self._local(str(name), dtype, node, line_of(tree))]

    def _scalar(self, initial: Tree) -> Tree:
        if initial.data in ("values", "typed_values"):
            raise self.wrong(initial, "a list of values for one value", "declare a sequence: Integer[]")
        return initial

    def _local(self, name: str, dtype: ElementType, value: c_ast.Node, line: int) -> c_ast.Decl:
        type_ = terms.type_name(dtype, name)
        return c_ast.Decl(name, [], [], [], [], type_, value, None, place(line))

    def _type(self, tree: Tree) -> tuple[ElementType, list[int | None]]:
        """Element type and extents; ``None`` for one that the values give."""
        extents: list[int | None] = []
        while tree.data == "element":
            extent = tree.children[1]
            assert not isinstance(extent, Token)
            extents.insert(0, None if extent is None else self._constant(extent))
            tree = _tree(tree, 0)
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
            return self._constant(_tree(tree, 0))
        if tree.data == "name":
            symbol = self.symbol(tree)
            if symbol.value is not None:
                return symbol.value
        if tree.data == "binary" and (operator := str(tree.children[1])) in ("+", "-", "*"):
            left, right = self._constant(_tree(tree, 0)), self._constant(_tree(tree, 2))
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
        quals = [] if str(name) in self._changed else ["const"]
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
                    tree, f"the size of {name!r} is not known", f"give it one: {name}[16], or values"
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
            stated, _ = self._type(_tree(tree, 0))
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

    # --- sequences as a whole -----------------------------------------------------------------------------

    def _copy(self, tree: Tree) -> c_ast.Node | None:
        """``a = b`` of two sequences, element by element; ``None`` for other assignments."""
        left, right = _tree(tree, 0), _tree(tree, 1)
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
        indices = [self._fresh("k") for _ in target.shape]
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
        subject = self.term(_tree(tree, 0))
        if subject.dtype.is_float:
            raise self.wrong(tree, "a switch over a Real", "write if and else if")
        line = line_of(tree)
        name = self._fresh("switch")
        value = Term(c_ast.ID(name, place(line)), subject.dtype)
        chain: c_ast.Node | None = None
        for clause in reversed(tree.children[1:]):
            assert not isinstance(clause, Token)
            body = _tree(clause, -1)
            node = self._sequence(body.children, line_of(clause))
            if clause.data == "case":
                chain = c_ast.If(self._matches(value, clause), node, chain, place(line_of(clause)))
            else:
                chain = node
        declared = self._local(name, subject.dtype, subject.node, line)
        return [c_ast.Compound([declared, *([chain] if chain is not None else [])], place(line))]

    def _matches(self, value: Term, clause: Tree) -> c_ast.Node:
        test: c_ast.Node | None = None
        for item in clause.children[:-1]:
            assert not isinstance(item, Token)
            given = self.term(item)
            if (given.dtype is E.BOOL) != (value.dtype is E.BOOL) or given.dtype.is_float:
                raise self.wrong(item, "the case is of another type than the switch", "give it the same type")
            self._check_unsigned("switch", value, given, clause)
            left, right, _ = (value, given, None) if value.dtype is E.BOOL else terms.matched(value, given)
            one = terms.binary("==", left, right, E.BOOL, line_of(item)).node
            test = one if test is None else c_ast.BinaryOp("||", test, one, one.coord)
        return test

    # --- loops --------------------------------------------------------------------------------------------

    def _while(self, tree: Tree) -> Sequence[c_ast.Node]:
        test = self.condition(_tree(tree, 0))
        return [c_ast.While(test, self._block(tree.children[1]), place(line_of(tree)))]

    def _do(self, tree: Tree) -> Sequence[c_ast.Node]:
        body = self._block(tree.children[0])
        return [c_ast.DoWhile(self.condition(_tree(tree, 1)), body, place(line_of(tree)))]

    def _counted_loop(self, tree: Tree) -> Sequence[c_ast.Node]:
        """``for (i in a..b)``: both bounds are evaluated once, before the loop."""
        name, line = tree.children[0], line_of(tree)
        assert isinstance(name, Token)
        bounds = [terms.widened(self.integer(_tree(tree, i), "a bound of a range")) for i in (1, 2)]
        first, last, dtype = terms.matched(*bounds)
        if dtype is E.U64:
            raise self.outside(tree, "a range of 64-bit numbers without a sign", "write ToInteger(...)")
        names = [self._fresh("first"), self._fresh("last")]
        locals_ = [self._local(n, dtype, t.node, line) for n, t in zip(names, (first, last), strict=True)]
        low, high = (Term(c_ast.ID(n, place(line)), dtype) for n in names)
        with self.nested():
            self.declare(name, tree, Kind.LOOP, dtype)
            body = self._block(tree.children[3])
        loop = self._counting(str(name), low, "<=", high, body, line, dtype)
        return [c_ast.Compound([*locals_, loop], place(line))]

    def _element_loop(self, tree: Tree, name: Tree | Token | None, type_: Tree | None) -> c_ast.For:
        """``for (x in sequence)``."""
        assert isinstance(name, Token)
        subject, line = _tree(tree, -2), line_of(tree)
        symbol = self.symbol(subject) if subject.data == "name" else None
        if symbol is None or len(symbol.shape) != 1:
            advice = "name a sequence of one dimension, or count: for (i in 1..n)"
            raise self.outside(tree, "a loop over this expression", advice)
        dtype, extents = (symbol.dtype, []) if type_ is None else self._type(type_)
        index = self._fresh("k")
        element = Term(_element(symbol.name, [index], line), symbol.dtype)
        value = self.converted(element, dtype, tree, f"{str(name)!r}")
        if extents:
            raise self.wrong(tree, f"{str(name)!r} is one element", "drop the [] of its type")
        with self.nested():
            self.declare(name, tree, Kind.LOOP, dtype)
            inner = self._block(tree.children[-1])
        local = self._local(str(name), dtype, value, line)
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
        begin = c_ast.DeclList([self._local(name, dtype, first.node, line)], coord)
        condition = c_ast.BinaryOp(test, variable, last.node, coord)
        return c_ast.For(begin, condition, c_ast.UnaryOp("p++", variable, coord), body, coord)

    def _fresh(self, stem: str) -> str:
        """A name that no body can write."""
        self._hidden += 1
        return f"{stem}${self._hidden}"

    # --- what ends bodies ---------------------------------------------------------------------------------

    def _break(self, tree: Tree) -> Sequence[c_ast.Node]:
        advice = (
            "put the condition into the loop: while (i <= n && !found); cases of a switch end by themselves"
        )
        raise self.outside(tree, "break", advice)

    def _return(self, tree: Tree) -> Sequence[c_ast.Node]:
        raise self.outside(tree, "return", "assign results to out-ports, and put what follows into an else")


def _items(tree: Tree) -> list[Tree]:
    """The values of a list."""
    initials = tree.children[-1] if tree.data in ("values", "typed_values") else None
    if initials is None or isinstance(initials, Token):
        return []
    return [item for item in initials.children if not isinstance(item, Token)]


def _element(name: str, indices: Sequence[str], line: int) -> c_ast.Node:
    node: c_ast.Node = c_ast.ID(name, place(line))
    for index in indices:
        node = c_ast.ArrayRef(node, c_ast.ID(index, place(line)), place(line))
    return node


def _assigned(tree: Tree) -> Iterator[Token]:
    """The names at the roots of all places that are assigned to."""
    for kind, position in (("assignment", 0), ("update", 0), ("step_before", 1), ("step_after", 0)):
        for found in tree.find_data(kind):
            place_ = _tree(found, position)
            while place_.data == "element":
                place_ = _tree(place_, 0)
            name = place_.children[0]
            assert isinstance(name, Token)
            yield name
