"""The functions that Alf bodies may call: those of its library on numbers, and of mathematics."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from aicompiler.metamodels.system import ElementType
from lark import Token
from pycparser import c_ast, c_parser

from . import _terms as terms
from ._expressions import Expressions
from ._grammar import REFUSED_WORDS, Tree, line_of
from ._terms import E, Term, cast, place, word

# Functions of one or two Reals -> their names in C.
_REAL = {
    **{n: (n, 1) for n in ("sqrt", "exp", "log", "sin", "cos", "tan", "atan")},
    "atan2": ("atan2", 2),
    "pow": ("pow", 2),
}
_C_TYPES = {E.I32: "int", E.I64: "long", E.U64: "unsigned long", E.F32: "float", E.F64: "double"}
# Where an operand is used twice it is passed to a function, so that it is computed once.
_SHARED = {
    "max": "{t} {n}({t} a, {t} b) {{ return a > b ? a : b; }}",
    "min": "{t} {n}({t} a, {t} b) {{ return a < b ? a : b; }}",
    "round": "{t} {n}({t} a) {{ {t} f = {floor}(a); return a - f >= {half} ? f + {one} : f; }}",
}


class Library(Expressions):
    """Translates calls."""

    def call(self, tree: Tree) -> Term:
        """A call by name, with or without the packages before it, in capitals or not."""
        name, operands = self._parts(tree)
        key = name.rpartition("::")[2].lower()
        if key in _REAL:
            return self._real_function(tree, name, operands, *_REAL[key])
        if (handler := self._functions.get(key)) is not None:
            makes, count = handler
            self._check(tree, name, operands, count)
            return makes(tree, operands)
        if name in REFUSED_WORDS:
            raise self.outside(tree, *REFUSED_WORDS[name])
        known = ", ".join(sorted(FUNCTIONS))
        message = f"the function {name[:40]!r} is not known"
        raise self.wrong(tree, message, f"use one of {known}; or write the statements here")

    def _parts(self, tree: Tree) -> tuple[str, list[Term]]:
        subject, arguments = tree.children
        assert not isinstance(subject, Token)
        if subject.data != "name":
            raise self.outside(subject, "a call of an element", "call functions by their name")
        given = [] if arguments is None else [a for a in arguments.children if not isinstance(a, Token)]  # type: ignore[union-attr]
        return str(subject.children[0]), [self.term(a) for a in given]

    @property
    def _functions(self) -> dict[str, tuple[Callable[[Tree, list[Term]], Term], int]]:
        return {
            "max": (lambda tree, ts: self._extreme("max", ">", tree, ts), 2),
            "min": (lambda tree, ts: self._extreme("min", "<", tree, ts), 2),
            "abs": (self._abs, 1),
            "floor": (lambda tree, ts: self._rounded("floor", tree, ts), 1),
            "ceil": (lambda tree, ts: self._rounded("ceil", tree, ts), 1),
            "round": (lambda tree, ts: self._rounded("round", tree, ts), 1),
            "div": (lambda tree, ts: self._whole("/", tree, ts), 2),
            "rem": (lambda tree, ts: self._whole("%", tree, ts), 2),
            "tointeger": (self._to_integer, 1),
            "toreal": (lambda tree, ts: self.cast(ts[0], _real_type(ts[0]), tree), 1),
            "tonatural": (lambda tree, ts: self.cast(ts[0], E.U32, tree), 1),
        }

    def _check(self, tree: Tree, name: str, operands: list[Term], count: int) -> None:
        if len(operands) != count:
            message = f"{name} takes {count} operand{'s' * (count > 1)}, not {len(operands)}"
            raise self.wrong(tree, message, "check the call")
        if any(t.dtype is E.BOOL for t in operands):
            raise self.wrong(tree, f"an operand of {name} is Boolean", "turn it into a number: b ? 1 : 0")

    def _called(self, name: str, dtype: ElementType, operands: list[Term], tree: Tree) -> Term:
        coord = place(line_of(tree))
        arguments = c_ast.ExprList([t.node for t in operands], coord)
        return Term(c_ast.FuncCall(c_ast.ID(name, coord), arguments, coord), dtype)

    def _real_function(self, tree: Tree, name: str, operands: list[Term], c_name: str, count: int) -> Term:
        self._check(tree, name, operands, count)
        dtype = E.F64
        if any(t.dtype is E.F32 for t in operands):
            operands = [terms.single(t) for t in operands]
            dtype = E.F64 if any(t.dtype is E.F64 for t in operands) else E.F32
        return self._called(c_name + "f" * (dtype is E.F32), dtype, operands, tree)

    def _shared(self, name: str, dtype: ElementType, operands: list[Term], tree: Tree) -> Term:
        """A call of a function that is added to the module."""
        symbol = f"alf_{name}_{dtype.value}"
        self.functions[symbol] = _definition(name, dtype, symbol)
        return self._called(symbol, dtype, operands, tree)

    def _extreme(self, name: str, operator: str, tree: Tree, operands: list[Term]) -> Term:
        left, right = operands
        self.check_unsigned(name, left, right, tree)
        left, right, dtype = terms.matched(left, right)
        if dtype.is_float:
            return self._called(f"f{name}{'f' * (dtype is E.F32)}", dtype, [left, right], tree)
        left, right = cast(left, dtype), cast(right, dtype)
        if not (_simple(left.node) and _simple(right.node)):
            return self._shared(name, dtype, [left, right], tree)
        test = terms.binary(operator, left, right, E.BOOL, line_of(tree))
        return Term(c_ast.TernaryOp(test.node, left.node, right.node, test.node.coord), dtype)

    def _abs(self, tree: Tree, operands: list[Term]) -> Term:
        operand = terms.widened(operands[0])
        if operand.dtype.is_float:
            return self._called(f"fabs{'f' * (operand.dtype is E.F32)}", operand.dtype, [operand], tree)
        if operand.dtype is E.U64:
            return operand
        wide = operand.dtype is E.I64
        return self._called("llabs" if wide else "abs", E.I64 if wide else E.I32, [operand], tree)

    def _rounded(self, name: str, tree: Tree, operands: list[Term]) -> Term:
        """The Integer next to a Real: below, above, or the nearest, of two the larger."""
        operand = operands[0]
        if not operand.dtype.is_float:
            raise self.wrong(tree, f"the operand of {name} is an {word(operand.dtype)}", "drop the call")
        if name == "round":
            found = self._shared(name, operand.dtype, [operand], tree)
        else:
            found = self._called(f"{name}{'f' * (operand.dtype is E.F32)}", operand.dtype, [operand], tree)
        return cast(found, E.I32)

    def _whole(self, operator: str, tree: Tree, operands: list[Term]) -> Term:
        if any(t.dtype.is_float for t in operands):
            raise self.wrong(tree, "an operand is a Real", "write ToInteger(...)")
        left, right = operands
        return self.operate(operator, left, right, tree)

    def _to_integer(self, tree: Tree, operands: list[Term]) -> Term:
        operand = operands[0]
        wide = operand.dtype in (E.U32, E.I64, E.U64)
        return self.cast(operand, E.I64 if wide else E.I32, tree)


FUNCTIONS = (
    *("Abs", "Atan", "Atan2", "Ceil", "Cos", "Div", "Exp", "Floor", "Log", "Max", "Min", "Pow", "Rem"),
    *("Round", "Sin", "Sqrt", "Tan", "ToInteger", "ToNatural", "ToReal"),
)


def _real_type(term: Term) -> ElementType:
    return term.dtype if term.dtype.is_float else E.F64


def _simple(node: c_ast.Node) -> bool:
    while isinstance(node, c_ast.Cast):
        node = node.expr
    return isinstance(node, c_ast.ID | c_ast.Constant)


@cache
def _definition(name: str, dtype: ElementType, symbol: str) -> c_ast.FuncDef:
    f = "f" * (dtype is E.F32)
    floor, half, one = f"floor{f}", f"0.5{f}", f"1.0{f}"
    text = _SHARED[name].format(t=_C_TYPES[dtype], n=symbol, floor=floor, half=half, one=one)
    return c_parser.CParser().parse(text).ext[0]


__all__ = ["FUNCTIONS", "Library"]
