"""Flat pointers to arrays of several dimensions: ``image[y * W + x]`` becomes ``image[y][x]``.

A subscript is split by linear forms where the inner part certainly lies within its extent, else by division:
``image[e / W][e % W]``, which is the same element wherever the subscript is within the array.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from pycparser import c_ast

from ._ranges import Knowledge, Linear
from ._trees import assigned_name, binary, copied, element, evaluate, fields, number, walk
from .c import effects_of, is_pure, names_in

Shapes = Mapping[str, tuple[int, ...]]


def split_subscripts(items: list[c_ast.Node], shapes: Shapes, knowledge: Knowledge) -> list[c_ast.Node]:
    """Statements in which single subscripts on the arrays of ``shapes`` are those of all dimensions.

    An array of the shape () is a scalar in memory: ``total[0]`` and ``*total`` become ``total``.
    """
    whole = c_ast.Compound(items)
    changed = {name for node in walk(whole) if (name := assigned_name(node)) is not None}
    return _Splitter(shapes, frozenset(changed)).block(items, knowledge)


class _Splitter:
    def __init__(self, shapes: Shapes, changed: frozenset[str]) -> None:
        self.shapes = shapes
        self.changed = changed

    def block(self, items: list[c_ast.Node], known: Knowledge) -> list[c_ast.Node]:
        result = []
        for item in items:
            result.append(self.visit(item, known))
            known = self._after(item, known)
        return result

    def _after(self, item: c_ast.Node, known: Knowledge) -> Knowledge:
        is_scalar = isinstance(item, c_ast.Decl) and isinstance(item.type, c_ast.TypeDecl)
        if not is_scalar or item.init is None or item.name in self.changed or not is_pure(item.init):
            return known
        steady = all(name not in self.changed or name in known.intervals for name in names_in(item.init))
        return known.with_definition(item) if steady else known

    def visit(self, node: c_ast.Node, known: Knowledge) -> c_ast.Node:
        """A node with all subscripts in it split, given what is known where it stands."""
        match node:
            case c_ast.Compound():
                node.block_items = self.block(list(node.block_items or ()), known)
            case c_ast.For():
                self._loop(node, known)
            case c_ast.If() | c_ast.TernaryOp():
                node.cond = self.visit(node.cond, known)
                node.iftrue = node.iftrue and self.visit(node.iftrue, known.given(node.cond))
                node.iffalse = node.iffalse and self.visit(node.iffalse, known.given(node.cond, False))
            case c_ast.BinaryOp(op="&&" | "||" as op):
                node.left = self.visit(node.left, known)
                node.right = self.visit(node.right, known.given(node.left, op == "&&"))
            case c_ast.ArrayRef():
                return self._element(node, known)
            case c_ast.FuncCall():
                node.args = node.args and self.visit(node.args, known)
            case _:
                return self._dereferenced(self._children(node, known))
        return node

    def _children(self, node: c_ast.Node, known: Knowledge) -> c_ast.Node:
        for name in fields(node):
            child = getattr(node, name)
            if isinstance(child, c_ast.Node):
                setattr(node, name, self.visit(child, known))
            elif isinstance(child, list):
                changed = [self.visit(c, known) if isinstance(c, c_ast.Node) else c for c in child]
                setattr(node, name, changed)
        return node

    def _loop(self, node: c_ast.For, known: Knowledge) -> None:
        if node.init is not None:
            node.init = self.visit(node.init, known)
        if (counted := _counted(node, known)) is not None:
            known = known.with_counter(*counted)
        for name in ("cond", "next", "stmt"):
            child = getattr(node, name)
            setattr(node, name, child and self.visit(child, known))

    def _dereferenced(self, node: c_ast.Node) -> c_ast.Node:
        """``*p`` as the first element of the array p."""
        is_star = isinstance(node, c_ast.UnaryOp) and node.op == "*" and isinstance(node.expr, c_ast.ID)
        shape = self.shapes.get(node.expr.name) if is_star else None
        if shape is None:
            return node
        return element(node.expr.name, [number(0, node.coord) for _ in shape], node.coord)

    def _element(self, node: c_ast.ArrayRef, known: Knowledge) -> c_ast.Node:
        subscripts: list[c_ast.Node] = []
        base: c_ast.Node = node
        while isinstance(base, c_ast.ArrayRef):
            subscripts.insert(0, self.visit(base.subscript, known))
            base = base.name
        if not isinstance(base, c_ast.ID):
            return self._children(node, known)
        shape = self.shapes.get(base.name)
        if len(subscripts) == 1 and shape is not None and len(shape) != 1:
            if shape == () and evaluate(subscripts[0], known.constants) != 0:
                return element(base.name, subscripts, node.coord)
            subscripts = split(subscripts[0], shape, known) if shape else []
        return element(base.name, subscripts, node.coord)


def split(subscript: c_ast.Node, shape: tuple[int, ...], known: Knowledge) -> list[c_ast.Node]:
    """The subscripts, dimension by dimension, of element number ``subscript`` of an array of ``shape``."""
    parts: list[c_ast.Node] = []
    rest = known.linear(subscript)
    for dimension in range(len(shape) - 1):
        if (halves := _divided(rest, prod(shape[dimension + 1 :]), known)) is None:
            return _by_division(subscript, shape)
        parts.append(_expression(halves[0], subscript))
        rest = halves[1]
    return [*parts, _expression(rest, subscript)]


def _divided(form: Linear, by: int, known: Knowledge) -> tuple[Linear, Linear] | None:
    """(quotient, remainder) of a linear form, if the remainder certainly lies in [0, by)."""
    outer = {t: (c // by, n) for t, (c, n) in form.terms.items() if c % by == 0}
    inner = {t: (c, n) for t, (c, n) in form.terms.items() if c % by}
    for remainder in (form.constant % by, form.constant % by - by):
        rest = Linear(remainder, inner)
        if known.within(rest, 0, by - 1):
            return Linear((form.constant - remainder) // by, outer), rest
    return None


def _by_division(subscript: c_ast.Node, shape: tuple[int, ...]) -> list[c_ast.Node]:
    parts = []
    for dimension, extent in enumerate(shape):
        part = copied(subscript)
        if (inner := prod(shape[dimension + 1 :])) > 1:
            part = binary("/", part, number(inner, subscript.coord))
        if dimension:
            part = binary("%", part, number(extent, subscript.coord))
        parts.append(part)
    return parts


def _expression(form: Linear, at: c_ast.Node) -> c_ast.Node:
    """A linear form as an expression of 32 or 64 bits."""
    total: c_ast.Node | None = None
    for coefficient, term in form.terms.values():
        scaled = (
            copied(term)
            if abs(coefficient) == 1
            else binary("*", number(abs(coefficient), at.coord), copied(term))
        )
        if total is None:
            total = scaled if coefficient > 0 else c_ast.UnaryOp("-", scaled, at.coord)
        else:
            total = binary("+" if coefficient > 0 else "-", total, scaled)
    if total is None:
        return number(form.constant, at.coord)
    if form.constant:
        total = binary("+" if form.constant > 0 else "-", total, number(abs(form.constant), at.coord))
    return total


def _counted(node: c_ast.For, known: Knowledge) -> tuple[str, tuple[int, int]] | None:
    """(v, its interval) of ``for (int v = a; v < b; v++)`` with known bounds whose body leaves v alone."""
    if not isinstance(node.init, c_ast.DeclList) or len(node.init.decls) != 1:
        return None
    variable = node.init.decls[0]
    if variable.init is None or not isinstance(node.cond, c_ast.BinaryOp):
        return None
    test, name = node.cond, variable.name
    if test.op not in ("<", "<=") or not isinstance(test.left, c_ast.ID) or test.left.name != name:
        return None
    upward = isinstance(node.next, c_ast.UnaryOp) and node.next.op in ("++", "p++")
    upward = upward or (isinstance(node.next, c_ast.Assignment) and _positive(node.next, known))
    if not upward or list(effects_of(node.next).assigned) != [name] or name in effects_of(node.stmt).assigned:
        return None
    first, bound = known.interval(variable.init), known.interval(test.right)
    if first is None or bound is None or set(effects_of(test).assigned):
        return None
    return name, (first[0], bound[1] - (test.op == "<"))


def _positive(step: c_ast.Assignment, known: Knowledge) -> bool:
    amount = known.interval(step.rvalue)
    return step.op == "+=" and amount is not None and amount[0] > 0
