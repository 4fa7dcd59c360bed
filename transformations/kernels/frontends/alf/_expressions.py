"""Expressions: their types as Alf has them, and the trees of C that compute them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._errors import BodyError, body_error, unsupported
from aicompiler.transformations.kernels._kernel import Signature
from aicompiler.transformations.kernels.frontends.c import common, is_pure, promoted
from lark import Token
from pycparser import c_ast

from . import _terms as terms
from ._grammar import REFUSED_WORDS, Tree, child, line_of
from ._names import Kind, Symbol, names_of
from ._terms import E, Term, cast, place, word

_ARITHMETIC = ("+", "-", "*", "/", "%")
_SHIFTS = ("<<", ">>", ">>>")
_LARGEST = (1 << 63) - 1


class Expressions:
    """Translates expressions; ``base`` is the number of the first element of a sequence."""

    def __init__(self, behaviour: Behaviour, signature: Signature) -> None:
        self.behaviour = behaviour
        self.names = names_of(signature)
        self.base = 1
        self.functions: dict[str, c_ast.FuncDef] = {}
        self._kinds: dict[str, Callable[[Tree], Term]] = {
            "name": self._read,
            "element": self._read,
            "integer": self._integer,
            "real": self._real,
            "boolean": lambda tree: self._truth(str(tree.children[0]) == "true", line_of(tree)),
            "group": lambda tree: self.term(child(tree, 0)),
            "cast": self._cast,
            "unary": self._unary,
            "binary": self._binary,
            "comparison": self._comparison,
            "binary_and": lambda tree: self._logical("&&", tree),
            "binary_or": lambda tree: self._logical("||", tree),
            "conditional": self._conditional,
            "assignment": self._assignment,
            "update": self._update,
            "step_before": lambda tree: self._step(child(tree, 1), str(tree.children[0])),
            "step_after": lambda tree: self._step(child(tree, 0), "p" + str(tree.children[1])),
            "call": self.call,
            "query": self._query,
        }

    # --- errors -------------------------------------------------------------------------------------------

    def wrong(self, item: Tree | Token, message: str, next_step: str) -> BodyError:
        """The error for something that Alf does not allow."""
        return body_error(self.behaviour, line_of(item), message, next_step)

    def outside(self, item: Tree | Token, construct: str, advice: str) -> BodyError:
        """The error for something outside the subset."""
        return unsupported(self.behaviour, line_of(item), construct, advice)

    # --- terms --------------------------------------------------------------------------------------------

    def term(self, tree: Tree) -> Term:
        """An expression that has a value."""
        return self._kinds[tree.data](tree)

    def call(self, tree: Tree) -> Term:
        """A call of a function of the library."""
        raise NotImplementedError

    def condition(self, tree: Tree) -> c_ast.Node:
        """An expression of type Boolean."""
        return self.boolean(tree, "a condition").node

    def boolean(self, tree: Tree, what: str) -> Term:
        """A term of type Boolean; ``what`` it is to be."""
        found = self.term(tree)
        if found.dtype is not E.BOOL:
            message = f"{what} must be Boolean, and this is {_a(found)}"
            raise self.wrong(tree, message, "compare it: x != 0")
        return found

    def numeric(self, tree: Tree, operator: str) -> Term:
        """A term that is a number."""
        found = self.term(tree)
        if found.dtype is E.BOOL:
            step = "turn it into a number: b ? 1 : 0"
            raise self.wrong(tree, f"an operand of {operator} is Boolean", step)
        return found

    def integer(self, tree: Tree, what: str) -> Term:
        """A term that is a whole number."""
        found = self.term(tree)
        if not found.is_integer:
            raise self.wrong(
                tree, f"{what} must be an Integer, and this is {_a(found)}", "write ToInteger(...)"
            )
        return found

    def converted(self, value: Term, to: ElementType, tree: Tree, what: str) -> c_ast.Node:
        """What a target of type ``to`` is assigned; raises where Alf has no such conversion."""
        if value.dtype is E.BOOL and to is not E.BOOL:
            raise self.wrong(
                tree, f"{what} is {_a(Term(value.node, to))}, and the value Boolean", "b ? 1 : 0"
            )
        if value.dtype is not E.BOOL and to is E.BOOL:
            raise self.wrong(tree, f"{what} is Boolean, and the value {_a(value)}", "compare it: x != 0")
        if value.dtype.is_float and not to.is_float:
            step = "write ToInteger(...), which drops the fraction"
            raise self.wrong(tree, f"{what} is an Integer, and the value a Real", step)
        return terms.single(value).node if to is E.F32 else value.node

    # --- literals -----------------------------------------------------------------------------------------

    def _integer(self, tree: Tree) -> Term:
        text = str(tree.children[0]).replace("_", "")
        octal = len(text) > 1 and text.isdigit() and text[0] == "0"
        if octal and not set(text) <= set("01234567"):
            raise self.wrong(tree, f"{text[:40]} is no octal number", "drop the leading 0")
        value = int(text, 8 if octal else 0) if len(text) <= 70 else _LARGEST + 1
        if value > _LARGEST:
            raise self.wrong(tree, f"the literal {text[:40]} is too large", f"the largest is {_LARGEST}")
        dtype = E.I32 if value < 1 << 31 else E.I64
        return terms.number(value, line_of(tree), dtype)

    def _real(self, tree: Tree) -> Term:
        text = str(tree.children[0]).replace("_", "")
        return terms.number(text, line_of(tree), E.F64)

    def _truth(self, value: bool, line: int) -> Term:
        return cast(terms.number(int(value), line), E.BOOL)

    # --- places -------------------------------------------------------------------------------------------

    def symbol(self, tree: Tree) -> Symbol:
        """What the name at the root of a place stands for."""
        while tree.data == "element":
            tree = child(tree, 0)
        name = str(tree.children[0])
        if (found := self.names.find(name)) is not None:
            return found
        if name in REFUSED_WORDS:
            raise self.outside(tree, *REFUSED_WORDS[name])
        if name in terms.TYPES:
            step = f"name a value, or cast what is in parentheses: ({name})(-x)"
            raise self.wrong(tree, f"{name!r} is a type", step)
        step = "declare it with let, or make it a port, attribute or constant"
        raise self.wrong(tree, f"{name!r} is not declared", step)

    def place(self, tree: Tree) -> Term:
        """A number or Boolean in its place; whole sequences are refused."""
        symbol, indices = self.symbol(tree), _indices(tree)
        rank = len(symbol.shape)
        if len(indices) > rank:
            given = "no sequence" if rank == 0 else f"a sequence with {rank} indices"
            raise self.wrong(tree, f"{symbol.name!r} is {given}", "drop the index")
        if len(indices) < rank:
            example = symbol.name + "".join(f"[{i}]" for i in ("l", "k", "j", "i")[-rank:])
            construct = f"the sequence {symbol.name!r} as one value"
            raise self.outside(tree, construct, f"use its elements: {example}")
        node: c_ast.Node = c_ast.ID(symbol.name, place(line_of(tree)))
        for index in indices:
            if index is None:
                raise self.wrong(tree, "an index is missing", f"write {symbol.name}[i]")
            node = c_ast.ArrayRef(node, self._index(index), place(line_of(tree)))
        return Term(node, symbol.dtype)

    def _index(self, tree: Tree) -> c_ast.Node:
        index = terms.widened(self.integer(tree, "an index"))
        if self.base == 0:
            return index.node
        line = line_of(tree)
        return terms.binary("-", index, terms.number(1, line), index.dtype, line).node

    def _read(self, tree: Tree) -> Term:
        return self.place(tree)

    def target(self, tree: Tree) -> Term:
        """A place that may be assigned to."""
        symbol = self.symbol(tree)
        if not symbol.kind.writable:
            step = {
                Kind.LOOP: "use a local name of your own",
                Kind.CONSTANT: "make it an attribute that is not read-only",
            }.get(symbol.kind, "copy its value into a local name")
            raise self.wrong(tree, f"{symbol.name!r} is {symbol.kind.value} and cannot be assigned to", step)
        return self.place(tree)

    # --- operators ----------------------------------------------------------------------------------------

    def operate(self, operator: str, left: Term, right: Term, tree: Tree) -> Term:
        """``left operator right`` for arithmetic, bits and shifts."""
        line = line_of(tree)
        bits = operator not in _ARITHMETIC
        if left.dtype is E.BOOL and right.dtype is E.BOOL and operator in ("&", "|", "^"):
            return cast(terms.binary(operator, left, right, E.I32, line), E.BOOL)
        for side in (left, right):
            if side.dtype is E.BOOL:
                step = "turn it into a number: b ? 1 : 0"
                raise self.wrong(tree, f"an operand of {operator} is Boolean", step)
            if side.dtype.is_float and (bits or operator == "%"):
                raise self.wrong(tree, f"an operand of {operator} is a Real", "write ToInteger(...)")
        if operator in _SHIFTS:
            return self._shift(operator, left, right, line)
        if bits:
            return terms.binary(operator, left, right, common(left.dtype, right.dtype), line)
        self.check_unsigned(operator, left, right, tree)
        left, right, dtype = terms.matched(left, right)
        return terms.binary(operator, left, right, dtype, line)

    def check_unsigned(self, operator: str, left: Term, right: Term, tree: Tree) -> None:
        """Unsigned 64-bit numbers mix with their like and with literals only: no type holds both."""
        for one, other in ((left, right), (right, left)):
            if one.dtype is E.U64 and other.is_integer and other.dtype is not E.U64 and not other.literal:
                message = f"one operand of {operator} is a number of 64 bits without a sign, the other is not"
                raise self.wrong(tree, message, "write ToInteger(...) around the first one")

    def _shift(self, operator: str, left: Term, right: Term, line: int) -> Term:
        dtype = promoted(left.dtype)
        if operator != ">>>":
            return terms.binary(operator, left, right, dtype, line)
        unsigned = E.U64 if dtype.bytes == 8 else E.U32
        return cast(terms.binary(">>", cast(cast(left, dtype), unsigned), right, unsigned, line), dtype)

    def _binary(self, tree: Tree) -> Term:
        left, right = self.term(child(tree, 0)), self.term(child(tree, 2))
        return self.operate(str(tree.children[1]), left, right, tree)

    def _comparison(self, tree: Tree) -> Term:
        operator = str(tree.children[1])
        left, right = self.term(child(tree, 0)), self.term(child(tree, 2))
        line = line_of(tree)
        if left.dtype is E.BOOL or right.dtype is E.BOOL:
            if left.dtype is not right.dtype or operator not in ("==", "!="):
                message = f"{operator} compares {_a(left)} with {_a(right)}"
                raise self.wrong(tree, message, "compare numbers with numbers")
            return terms.binary(operator, left, right, E.BOOL, line)
        self.check_unsigned(operator, left, right, tree)
        left, right, _ = terms.matched(left, right)
        return terms.binary(operator, left, right, E.BOOL, line)

    def _logical(self, operator: str, tree: Tree) -> Term:
        left, right = (self.boolean(child(tree, i), f"an operand of {operator}") for i in (0, 1))
        return terms.binary(operator, left, right, E.BOOL, line_of(tree))

    def _unary(self, tree: Tree) -> Term:
        operator, operand = str(tree.children[0]), child(tree, 1)
        coord = place(line_of(tree))
        if operator == "!":
            return Term(c_ast.UnaryOp("!", self.boolean(operand, "the operand of !").node, coord), E.BOOL)
        found = self.numeric(operand, operator)
        if operator == "~":
            if found.dtype.is_float:
                raise self.wrong(tree, "the operand of ~ is a Real", "write ToInteger(...)")
            return Term(c_ast.UnaryOp("~", found.node, coord), promoted(found.dtype))
        found = terms.widened(found)
        literal = found.literal and found.dtype.is_float
        return Term(c_ast.UnaryOp(operator, found.node, coord), promoted(found.dtype), literal)

    def _conditional(self, tree: Tree) -> Term:
        condition = self.condition(child(tree, 0))
        left, right = self.term(child(tree, 1)), self.term(child(tree, 2))
        dtype = left.dtype
        if left.dtype is not right.dtype:
            if E.BOOL in (left.dtype, right.dtype):
                message = f"the sides of ?: are {_a(left)} and {_a(right)}"
                raise self.wrong(tree, message, "give both the same type")
            self.check_unsigned("?:", left, right, tree)
            left, right, dtype = terms.matched(left, right)
        return Term(c_ast.TernaryOp(condition, left.node, right.node, place(line_of(tree))), dtype)

    def _cast(self, tree: Tree) -> Term:
        inner = child(tree, 0).children[0]
        assert not isinstance(inner, Token)
        dtype = terms.TYPES.get(str(inner.children[0])) if inner.data == "name" else None
        if dtype is None:
            step = "between two expressions goes an operator; casts name a type: (Real)x"
            raise self.wrong(tree, "a cast to what is no type", step)
        value = self.term(child(tree, 1))
        return self.cast(value, dtype, tree)

    def cast(self, value: Term, dtype: ElementType, tree: Tree) -> Term:
        """An explicit conversion between numbers."""
        if (value.dtype is E.BOOL) != (dtype is E.BOOL):
            message = f"{_a(value)} cannot be made {_a(Term(value.node, dtype))} by a cast"
            raise self.wrong(tree, message, "write b ? 1 : 0, or x != 0")
        return cast(value, dtype)

    # --- assignments --------------------------------------------------------------------------------------

    def _assignment(self, tree: Tree) -> Term:
        target = self.target(child(tree, 0))
        value = self.term(child(tree, 1))
        node = self.converted(value, target.dtype, tree, f"{self.symbol(child(tree, 0)).name!r}")
        return Term(c_ast.Assignment("=", target.node, node, place(line_of(tree))), target.dtype)

    def _update(self, tree: Tree) -> Term:
        target = self.target(child(tree, 0))
        operator = str(tree.children[1])[:-1]
        value = self.term(child(tree, 2))
        result = self.operate(operator, target, value, tree)
        stored = self.converted(result, target.dtype, tree, f"{self.symbol(child(tree, 0)).name!r}")
        coord = place(line_of(tree))
        if operator == ">>>":
            if not is_pure(target.node):
                step = "write it as an assignment, the index in a local name"
                raise self.outside(tree, ">>>= with an index that changes something", step)
            return Term(c_ast.Assignment("=", target.node, stored, coord), target.dtype)
        if operator in _ARITHMETIC and value.is_integer:
            value = cast(value, E.I64) if E.U32 in (target.dtype, value.dtype) else value
        elif target.dtype is E.F32:
            value = terms.single(value)
        return Term(c_ast.Assignment(operator + "=", target.node, value.node, coord), target.dtype)

    def _step(self, tree: Tree, operator: str) -> Term:
        target = self.target(tree)
        if not target.is_integer:
            raise self.wrong(tree, f"the operand of {operator[-2:]} is no Integer", "write x = x + 1.0")
        return Term(c_ast.UnaryOp(operator, target.node, place(line_of(tree))), target.dtype)

    # --- sequences ----------------------------------------------------------------------------------------

    def _query(self, tree: Tree) -> Term:
        name = str(tree.children[1])
        if name != "size":
            step = "write the loop: for (x in sequence) { ... }; only ->size() is known"
            raise self.outside(tree, f"->{name}", step)
        subject = child(tree, 0)
        symbol, depth = self.symbol(subject), len(_indices(subject))
        extent = symbol.shape[depth] if depth < len(symbol.shape) else 1
        return terms.number(extent, line_of(tree))


def _indices(tree: Tree) -> list[Tree | None]:
    found: list[Tree | None] = []
    while tree.data == "element":
        index: Any = tree.children[1]
        found.insert(0, index)
        tree = child(tree, 0)
    return found


def _a(term: Term) -> str:
    name = word(term.dtype)
    return f"an {name}" if name == "Integer" else f"a {name}" if name == "Real" else name


__all__ = ["Expressions"]
