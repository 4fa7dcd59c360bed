"""What a piece of syntax may change: the base of SSA construction and of the tests for counted loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pycparser import c_ast

STEPS = {"++", "--", "p++", "p--"}


@dataclass
class Effects:
    """Names from outside that are assigned, in order of appearance, and memory that may be stored to.

    Members of structs are named by their path, as ``point.x``.  ``passed`` are the names that are arguments
    of calls as they stand: behind a pointer, the function may assign what it points to.
    """

    assigned: dict[str, None] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    passed: dict[str, None] = field(default_factory=dict)
    returns: bool = False


def effects_of(*nodes: c_ast.Node | None) -> Effects:
    """Effects of running ``nodes`` one after the other, on names that they do not declare themselves."""
    effects = Effects()
    hidden: set[str] = set()
    for node in nodes:
        if node is not None:
            _visit(node, hidden, effects)
    return effects


def _visit(node: c_ast.Node, hidden: set[str], effects: Effects) -> None:
    match node:
        case c_ast.Compound() | c_ast.For() | c_ast.If() | c_ast.While() | c_ast.DoWhile():
            hidden = set(hidden)  # what it declares is gone after it
        case c_ast.Assignment(lvalue=target):
            _written(target, hidden, effects)
        case c_ast.UnaryOp(op=op, expr=target) if op in STEPS:
            _written(target, hidden, effects)
        case c_ast.FuncCall(args=c_ast.ExprList(exprs=arguments)):
            _passed(arguments, hidden, effects)
        case c_ast.Return():
            effects.returns = True
    for child in node:
        _visit(child, hidden, effects)
    if isinstance(node, c_ast.Decl) and node.name:
        hidden.add(node.name)


def _passed(arguments: list[c_ast.Node], hidden: set[str], effects: Effects) -> None:
    for argument in arguments:
        if isinstance(argument, c_ast.UnaryOp) and argument.op == "&":
            _written(argument.expr, hidden, effects)
        elif (path := path_of(argument)) is not None and _base(path) not in hidden:
            effects.stored.add(path)
            effects.passed[path] = None


def _written(target: c_ast.Node, hidden: set[str], effects: Effects) -> None:
    path = path_of(target)
    if path is not None and _base(path) not in hidden:
        effects.assigned[path] = None
        effects.stored.add(path)


def path_of(node: c_ast.Node) -> str | None:
    """The variable that a place belongs to, with the members on the way: ``a.b`` of ``a[i].b[k]``."""
    members: list[str] = []
    while not isinstance(node, c_ast.ID):
        match node:
            case c_ast.ArrayRef(name=inner):
                node = inner
            case c_ast.StructRef(name=inner, field=c_ast.ID(name=member)):
                members.insert(0, member)
                node = inner
            case c_ast.UnaryOp(op="*" | "&", expr=inner):
                node = inner
            case _:
                return None
    return ".".join([node.name, *members])


def _base(path: str) -> str:
    return path.partition(".")[0]


def names_in(node: c_ast.Node) -> Iterator[str]:
    """All identifiers that an expression mentions; members by their path."""
    if isinstance(node, c_ast.StructRef):
        yield path_of(node) or ""
        yield from names_in(node.name)
        return
    if isinstance(node, c_ast.ID):
        yield node.name
    for child in node:
        yield from names_in(child)


def overlap(path: str, other: str) -> bool:
    """Whether one of two paths is the other or a part of it."""
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")


def is_pure(node: c_ast.Node) -> bool:
    """Whether an expression has no effect: no assignment, no step, no call."""
    if isinstance(node, c_ast.Assignment | c_ast.FuncCall) or (
        isinstance(node, c_ast.UnaryOp) and node.op in STEPS
    ):
        return False
    return all(is_pure(child) for child in node)
