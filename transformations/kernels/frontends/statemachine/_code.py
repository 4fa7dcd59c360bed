"""Guards and actions, in C or in Alf, as trees of C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels._kernel import Signature
from aicompiler.transformations.kernels.frontends.alf import Translator
from aicompiler.transformations.kernels.frontends.c import effects_of, parse_source
from pycparser import c_ast

from ._machine import Code

_NOT_EXPRESSIONS = (
    *(c_ast.Decl, c_ast.DeclList, c_ast.Compound, c_ast.If, c_ast.For, c_ast.While, c_ast.DoWhile),
    *(c_ast.Return, c_ast.EmptyStatement, c_ast.Switch, c_ast.Break, c_ast.Pragma),
)


class Snippets:
    """Translates code, and collects the functions and tables that it defines."""

    def __init__(self, behaviour: Behaviour, signature: Signature) -> None:
        self.behaviour = behaviour
        self.functions: dict[str, c_ast.FuncDef] = {}
        self.declarations: list[c_ast.Node] = []
        self._alf = Translator(replace(behaviour, language="Alf"), signature)
        self._known: dict[Code, Sequence[c_ast.Node]] = {}

    def statements(self, code: Code | None, shared: bool = False) -> Sequence[c_ast.Node]:
        """The statements of an action, as a block; names that ``shared`` ones declare stay known."""
        if code is None or not code.text.strip():
            return []
        if code not in self._known:
            nodes = self._translated(code, shared)
            for node in nodes:
                if effects_of(node).returns:
                    step = "put what follows into an else"
                    raise unsupported(self.behaviour, code.line, "return in a state machine", step)
            self._known[code] = (
                nodes if shared else [c_ast.Compound(list(nodes), nodes[0].coord)] if nodes else []
            )
        return self._known[code]

    def condition(self, code: Code) -> c_ast.Node:
        """The expression of a guard."""
        if code not in self._known:
            self._known[code] = [self._condition(code)]
        return self._known[code][0]

    def _translated(self, code: Code, shared: bool) -> Sequence[c_ast.Node]:
        text = _placed(code)
        if self._language(code) == "c":
            return self._c(text)
        if shared:
            found = self._alf.statements(text)
        else:
            with self._alf.nested():
                found = self._alf.statements(text)
        self.functions.update(self._alf.functions)
        return found

    def _c(self, text: str) -> Sequence[c_ast.Node]:
        unit = parse_source(replace(self.behaviour, language="C", body=text))
        for name, function in unit.functions.items():
            if name in self.functions:
                line = function.decl.coord.line
                raise body_error(
                    self.behaviour, line, f"the function {name!r} is defined twice", "define it in before"
                )
            self.functions[name] = function
        self.declarations += unit.declarations
        return unit.statements.block_items or []

    def _condition(self, code: Code) -> c_ast.Node:
        text = code.text.strip().removesuffix(";")
        if not text:
            raise body_error(
                self.behaviour, code.line, "the condition is empty", "write an expression, or else"
            )
        placed = _placed(replace(code, text=text))
        if self._language(code) == "alf":
            found = self._alf.expression(placed)
            self.functions.update(self._alf.functions)
            return found
        nodes = self._c(f"{placed};")
        if len(nodes) != 1 or isinstance(nodes[0], _NOT_EXPRESSIONS):
            raise body_error(
                self.behaviour, code.line, "the condition is no expression", "write it as in: x > 3 && ready"
            )
        return nodes[0]

    def _language(self, code: Code) -> str:
        if code.language in ("c", "alf"):
            return code.language
        construct = f"{code.language[:40]!r} in a state machine"
        raise unsupported(self.behaviour, code.line, construct, "write guards and actions in C or Alf")


def _placed(code: Code) -> str:
    """The text moved down, so that its lines have the numbers of the behaviour's."""
    return "\n" * (code.line - 1) + code.text
