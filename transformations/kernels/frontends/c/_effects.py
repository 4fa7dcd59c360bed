"""What a piece of syntax may change: the base of SSA construction and of the tests for counted loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pycparser import c_ast

STEPS = {"++", "--", "p++", "p--"}


@dataclass
class Effects:
    """Names from outside that are assigned, in order of appearance, and memory that may be stored to."""

    assigned: dict[str, None] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
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
            effects.stored |= {a.name for a in arguments if isinstance(a, c_ast.ID)} - hidden
        case c_ast.Return():
            effects.returns = True
    for child in node:
        _visit(child, hidden, effects)
    if isinstance(node, c_ast.Decl) and node.name:
        hidden.add(node.name)


def _written(target: c_ast.Node, hidden: set[str], effects: Effects) -> None:
    while isinstance(target, c_ast.ArrayRef):
        target = target.name
    if isinstance(target, c_ast.UnaryOp):
        target = target.expr
    if isinstance(target, c_ast.ID) and target.name not in hidden:
        effects.assigned[target.name] = None
        effects.stored.add(target.name)


def names_in(node: c_ast.Node) -> Iterator[str]:
    """All identifiers that an expression mentions."""
    if isinstance(node, c_ast.ID):
        yield node.name
    for child in node:
        yield from names_in(child)


def is_pure(node: c_ast.Node) -> bool:
    """Whether an expression has no effect: no assignment, no step, no call."""
    if isinstance(node, c_ast.Assignment | c_ast.FuncCall) or (
        isinstance(node, c_ast.UnaryOp) and node.op in STEPS
    ):
        return False
    return all(is_pure(child) for child in node)
