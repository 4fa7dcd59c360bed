"""Syntax trees of C as front ends change them: building, replacing, evaluating."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeVar

from pycparser import c_ast

_Node = TypeVar("_Node", bound=c_ast.Node)

Visit = Callable[[c_ast.Node], c_ast.Node]


def fields(node: c_ast.Node) -> tuple[str, ...]:
    """Names of the attributes of a node that may hold other nodes or text; members of structs are none."""
    kind = type(node).__name__
    if kind not in _FIELDS:
        left_out = ("coord", "__weakref__", *(("field",) if kind == "StructRef" else ()))
        _FIELDS[kind] = tuple(name for name in node.__slots__ if name not in left_out)
    return _FIELDS[kind]


_FIELDS: dict[str, tuple[str, ...]] = {}


def replace_nodes(node: c_ast.Node, visit: Visit) -> c_ast.Node:
    """``node`` with every node below it, and then itself, replaced by what ``visit`` gives; in place."""
    for name in fields(node):
        child = getattr(node, name)
        if isinstance(child, c_ast.Node):
            setattr(node, name, replace_nodes(child, visit))
        elif isinstance(child, list):
            setattr(node, name, [replace_nodes(c, visit) if isinstance(c, c_ast.Node) else c for c in child])
    return visit(node)


def walk(node: c_ast.Node | None) -> Iterator[c_ast.Node]:
    """``node`` and all below it, in order of the text."""
    waiting = [] if node is None else [node]
    while waiting:
        yield (following := waiting.pop())
        waiting += [following.name] if isinstance(following, c_ast.StructRef) else [*following][::-1]


def copied(node: _Node) -> _Node:
    """A copy that shares nothing."""
    return deepcopy(node)


def items_of(node: c_ast.Node | None) -> list[c_ast.Node]:
    """The statements of a block, or of a single statement in the place of one."""
    if node is None:
        return []
    return list(node.block_items or ()) if isinstance(node, c_ast.Compound) else [node]


# --- building ---------------------------------------------------------------------------------------------


def number(value: int, coord: Any) -> c_ast.Node:
    """An integer literal."""
    literal = c_ast.Constant("int", str(abs(value)), coord)
    return literal if value >= 0 else c_ast.UnaryOp("-", literal, coord)


def binary(operator: str, left: c_ast.Node, right: c_ast.Node) -> c_ast.Node:
    """``left operator right``."""
    return c_ast.BinaryOp(operator, left, right, left.coord)


def cast(type_name: str, value: c_ast.Node) -> c_ast.Node:
    """``(type_name) value``."""
    kind = c_ast.TypeDecl(None, [], None, c_ast.IdentifierType(type_name.split(), value.coord), value.coord)
    return c_ast.Cast(c_ast.Typename(None, [], None, kind, value.coord), value, value.coord)


def block(items: list[c_ast.Node], coord: Any) -> c_ast.Node:
    """A block of statements."""
    return c_ast.Compound(items, coord)


def counted(name: str, trips: int, body: list[c_ast.Node], coord: Any) -> c_ast.Node:
    """``for (int name = 0; name < trips; name++) { body }``."""
    kind = c_ast.TypeDecl(name, [], None, c_ast.IdentifierType(["int"], coord), coord)
    variable = c_ast.Decl(name, [], [], [], [], kind, number(0, coord), None, coord)
    test = c_ast.BinaryOp("<", c_ast.ID(name, coord), number(trips, coord), coord)
    step = c_ast.UnaryOp("p++", c_ast.ID(name, coord), coord)
    return c_ast.For(c_ast.DeclList([variable], coord), test, step, block(body, coord), coord)


def array_of(node: c_ast.Node, extents: tuple[int, ...], coord: Any) -> c_ast.Node:
    """The type ``node`` as an array of ``extents``."""
    for extent in reversed(extents):
        node = c_ast.ArrayDecl(node, number(extent, coord), [], coord)
    return node


def element(name: str, subscripts: list[c_ast.Node], coord: Any) -> c_ast.Node:
    """``name[s0][s1]…``."""
    node: c_ast.Node = c_ast.ID(name, coord)
    for subscript in subscripts:
        node = c_ast.ArrayRef(node, subscript, coord)
    return node


def negation(node: c_ast.Node) -> c_ast.Node:
    """``!node``, pushed into comparisons of integers and connectives where that is the same."""
    if isinstance(node, c_ast.UnaryOp) and node.op == "!":
        return node.expr
    if isinstance(node, c_ast.BinaryOp) and node.op in ("&&", "||"):
        other = "||" if node.op == "&&" else "&&"
        return c_ast.BinaryOp(other, negation(node.left), negation(node.right), node.coord)
    return c_ast.UnaryOp("!", node, node.coord)


# --- names ------------------------------------------------------------------------------------------------


def base_name(node: c_ast.Node) -> str | None:
    """The array or struct that an expression is an element or a member of."""
    while isinstance(node, c_ast.ArrayRef | c_ast.StructRef):
        node = node.name
    return node.name if isinstance(node, c_ast.ID) else None


def assigned_name(node: c_ast.Node) -> str | None:
    """The variable, or array, that an assignment or step itself changes, or a function by its address."""
    target: c_ast.Node | None = None
    if isinstance(node, c_ast.Assignment):
        target = node.lvalue
    elif isinstance(node, c_ast.UnaryOp) and node.op in ("++", "--", "p++", "p--", "&"):
        target = node.expr
    if isinstance(target, c_ast.UnaryOp) and target.op == "*":
        target = target.expr
    return None if target is None else base_name(target)


def called(node: c_ast.Node) -> str | None:
    """The name of the function that ``node`` calls."""
    is_call = isinstance(node, c_ast.FuncCall) and isinstance(node.name, c_ast.ID)
    return str(node.name.name) if is_call else None


def arguments(node: c_ast.FuncCall) -> list[c_ast.Node]:
    """The arguments of a call."""
    return list(node.args.exprs) if node.args is not None else []


# --- evaluating -------------------------------------------------------------------------------------------


def evaluate(node: c_ast.Node | None, constants: Mapping[str, int]) -> int | None:
    """The value of an integer constant expression as a mathematical number; ``None`` if it is none."""
    match node:
        case c_ast.Constant(value=text):
            return _literal(text)
        case c_ast.ID(name=name):
            return constants.get(name)
        case c_ast.Cast(expr=inner):
            return evaluate(inner, constants)
        case c_ast.UnaryOp(op="-" | "+" as sign, expr=inner):
            value = evaluate(inner, constants)
            return None if value is None else -value if sign == "-" else value
        case c_ast.BinaryOp(op=operator, left=left, right=right):
            first, second = evaluate(left, constants), evaluate(right, constants)
            return None if first is None or second is None else _apply(operator, first, second)
    return None


def _literal(text: str) -> int | None:
    cleaned = text.rstrip("uUlL")
    try:
        octal = len(cleaned) > 1 and cleaned[0] == "0" and cleaned[1] not in "xX"
        return int(cleaned, 8) if octal else int(cleaned, 0)
    except ValueError:
        return None


def _apply(operator: str, left: int, right: int) -> int | None:
    if operator in ("/", "%"):
        if right <= 0 or left < 0:
            return None
        return left // right if operator == "/" else left % right
    if operator in ("<<", ">>"):
        if not 0 <= right < 63:
            return None
        return left << right if operator == "<<" else left >> right
    plain: dict[str, Callable[[int, int], int]] = {
        "+": int.__add__,
        "-": int.__sub__,
        "*": int.__mul__,
        "|": int.__or__,
        "&": int.__and__,
    }
    return plain[operator](left, right) if operator in plain else None


def constant_declarations(nodes: list[c_ast.Node], constants: Mapping[str, int]) -> dict[str, int]:
    """Integer constants that declarations of file scope add to ``constants``."""
    found = dict(constants)
    for node in nodes:
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.TypeDecl) and "const" in node.quals:
            value = evaluate(node.init, found)
            if value is not None and node.name:
                found[node.name] = value
    return found
