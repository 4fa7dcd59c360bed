"""Early returns as conditions: ``if (c) return; rest`` becomes ``if (!c) { rest }``."""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels.frontends._ranges import Knowledge
from aicompiler.transformations.kernels.frontends._trees import block, items_of, negation, walk
from aicompiler.transformations.kernels.frontends.c import effects_of
from pycparser import c_ast


class Returns:
    """Takes the returns out of a kernel; ``guards`` are the conditions that stand for one, by identity."""

    def __init__(self, behaviour: Behaviour, knowledge: Knowledge) -> None:
        self.behaviour = behaviour
        self.knowledge = knowledge
        self.guards: dict[int, c_ast.If] = {}

    def without(self, items: list[c_ast.Node]) -> list[c_ast.Node]:
        """Statements that do the same without a return."""
        kept: list[c_ast.Node] = []
        for i, node in enumerate(items):
            if not effects_of(node).returns:
                kept.append(node)
                continue
            if isinstance(node, c_ast.Return):
                if node.expr is not None:
                    raise body_error(
                        self.behaviour, node.coord.line, "a kernel has no result", "write return;"
                    )
                return kept
            rest = items[i + 1 :]
            if isinstance(node, c_ast.If):
                return [*kept, *self._branch(node, rest)]
            if isinstance(node, c_ast.Compound):
                return [*kept, *self.without([*items_of(node), *rest])]
            place = next(n for n in walk(node) if isinstance(n, c_ast.Return))
            advice = "return from an if outside of them; leave a loop with break, or by its condition"
            raise unsupported(
                self.behaviour, place.coord.line, "a return from inside a loop or switch", advice
            )
        return kept

    def _branch(self, node: c_ast.If, rest: list[c_ast.Node]) -> list[c_ast.Node]:
        holds = self.knowledge.holds(node.cond)
        then, other = items_of(node.iftrue), items_of(node.iffalse)
        if holds is not None:  # the index space decides it: a guard for work-items that there are none of
            return self.without([*(then if holds else other), *rest])
        if _ends(then):
            other = [*other, *rest]
        elif _ends(other) and other:
            then = [*then, *rest]
        elif rest:
            place = next(n for n in walk(node) if isinstance(n, c_ast.Return))
            advice = "return, if at all, at the end of the if's block"
            raise unsupported(self.behaviour, place.coord.line, "this early return", advice)
        then, other = self.without(then), self.without(other)
        if not then:
            made = c_ast.If(negation(node.cond), block(other, node.coord), None, node.coord)
        else:
            made = c_ast.If(
                node.cond, block(then, node.coord), block(other, node.coord) if other else None, node.coord
            )
        self.guards[id(made)] = made
        return [made] if then or other else []


def _ends(items: list[c_ast.Node]) -> bool:
    """Whether the statements always return."""
    if not items:
        return False
    last = items[-1]
    if isinstance(last, c_ast.If):
        return _ends(items_of(last.iftrue)) and _ends(items_of(last.iffalse))
    return isinstance(last, c_ast.Return) or (isinstance(last, c_ast.Compound) and _ends(items_of(last)))
