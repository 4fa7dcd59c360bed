"""What integer expressions of a body may be: intervals, and linear forms over variables that never change.

An interval is a promise, used to drop tests that cannot hold and to split the subscript of a flat pointer
into those of the array's dimensions; where nothing is known the answer is ``None``.  Arithmetic is that of
mathematical numbers: expressions in which an unsigned difference could wrap have no interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pycparser import c_ast, c_generator

from ._trees import arguments, called, evaluate
from .c import type_of_names

Interval = tuple[int, int]

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Linear:
    """constant + Σ coefficient · term; ``terms`` maps the text of a term to (coefficient, the term)."""

    constant: int
    terms: Mapping[str, tuple[int, c_ast.Node]] = field(default_factory=dict)

    def plus(self, other: Linear, factor: int = 1) -> Linear:
        """``self + factor · other``."""
        terms = dict(self.terms)
        for text, (coefficient, node) in other.terms.items():
            total = terms.get(text, (0, node))[0] + factor * coefficient
            terms[text] = total, node
            if not total:
                del terms[text]
        return Linear(self.constant + factor * other.constant, terms)

    def times(self, factor: int) -> Linear:
        """``factor · self``."""
        return Linear(0).plus(self, factor) if factor else Linear(0)


@dataclass(frozen=True)
class Knowledge:
    """What is known at a point: constants, intervals and definitions of variables that never change."""

    constants: Mapping[str, int]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    definitions: Mapping[str, c_ast.Node] = field(default_factory=dict)
    unsigned: frozenset[str] = frozenset()
    sums: Mapping[frozenset[tuple[str, int]], Interval] = field(default_factory=dict)  # without constants

    def with_interval(self, name: str, interval: Interval) -> Knowledge:
        """One variable's interval known, or known better."""
        low, high = self.intervals.get(name, interval)
        narrow = (max(low, interval[0]), min(high, interval[1]))
        return replace(self, intervals={**self.intervals, name: narrow})

    def with_counter(self, name: str, interval: Interval) -> Knowledge:
        """A new variable of that name, whatever another one was."""
        definitions = {n: node for n, node in self.definitions.items() if n != name}
        sums = {key: known for key, known in self.sums.items() if name not in {text for text, _ in key}}
        intervals = {**self.intervals, name: interval}
        return replace(self, intervals=intervals, definitions=definitions, sums=sums)

    def with_definition(self, declaration: c_ast.Decl) -> Knowledge:
        """A variable that keeps the value of its initialiser, where its type holds that value."""
        names = getattr(declaration.type.type, "names", ["int"])
        dtype = type_of_names(names)
        if dtype is None or dtype.is_float or dtype.bytes < 4:
            return self
        unsigned = self.unsigned if dtype.is_signed else self.unsigned | {declaration.name}
        if not dtype.is_signed and self._may_wrap(declaration.init):
            return replace(self, unsigned=unsigned)
        definitions = {**self.definitions, declaration.name: declaration.init}
        return replace(self, definitions=definitions, unsigned=unsigned)

    # --- intervals -----------------------------------------------------------------------------------------

    def interval(self, node: c_ast.Node) -> Interval | None:
        """The least and the largest value that an expression may have."""
        if self._may_wrap(node):
            return None
        return self._sum(self.linear(node))

    def within(self, form: Linear, low: int, high: int) -> bool:
        """Whether a linear form certainly lies in [low, high]."""
        known = self._sum(form)
        return known is not None and low <= known[0] and known[1] <= high

    def _sum(self, form: Linear) -> Interval | None:
        if (known := self.sums.get(_key(form))) is not None:
            return known[0] + form.constant, known[1] + form.constant
        low = high = form.constant
        for coefficient, term in form.terms.values():
            if (known := self._term(term)) is None:
                return None
            ends = sorted(coefficient * end for end in known)
            low, high = low + ends[0], high + ends[1]
        return low, high

    def _term(self, node: c_ast.Node) -> Interval | None:
        if isinstance(node, c_ast.ID):
            return self.intervals.get(node.name)
        if isinstance(node, c_ast.BinaryOp):
            return self._quotient(node)
        if isinstance(node, c_ast.FuncCall):
            return self._limited(node)
        return None

    def _quotient(self, node: c_ast.BinaryOp) -> Interval | None:
        known, by = self.interval(node.left), evaluate(node.right, self.constants)
        if by is None or by < 0:
            return None
        if node.op == "&":
            return (0, by)
        if known is None or known[0] < 0:
            return None
        if node.op == "%" and by > 0:
            return (0, min(known[1], by - 1))
        if node.op == "/" and by > 0:
            return known[0] // by, known[1] // by
        return (known[0] >> by, known[1] >> by) if node.op == ">>" and by < 63 else None

    def _limited(self, node: c_ast.FuncCall) -> Interval | None:
        known = [self.interval(argument) for argument in arguments(node)]
        name = called(node)
        if name == "clamp" and len(known) == 3 and known[1] and known[2]:
            return known[1][0], known[2][1]
        if name in ("min", "max") and len(known) == 2 and known[0] and known[1]:
            pick = min if name == "min" else max
            return pick(known[0][0], known[1][0]), pick(known[0][1], known[1][1])
        return None

    # --- linear forms --------------------------------------------------------------------------------------

    def linear(self, node: c_ast.Node) -> Linear:
        """An expression as a linear form; what is not linear is a term of its own."""
        if (value := evaluate(node, self.constants)) is not None:
            return Linear(value)
        return self._form(node) or Linear(0, {text_of(node): (1, node)})

    def _form(self, node: c_ast.Node) -> Linear | None:
        match node:
            case c_ast.ID(name=name) if name in self.definitions:
                return self.linear(self.definitions[name])
            case c_ast.Cast(expr=inner) if self._keeps(node):
                return self.linear(inner)
            case c_ast.BinaryOp(op="+" | "-" as sign, left=left, right=right):
                return self.linear(left).plus(self.linear(right), 1 if sign == "+" else -1)
            case c_ast.BinaryOp(op="*", left=left, right=right):
                return self._product(self.linear(left), self.linear(right))
            case c_ast.UnaryOp(op="-", expr=inner):
                return self.linear(inner).times(-1)
        return None

    def _product(self, left: Linear, right: Linear) -> Linear | None:
        if not left.terms:
            return right.times(left.constant)
        return left.times(right.constant) if not right.terms else None

    def _keeps(self, node: c_ast.Cast) -> bool:
        """Whether a cast to an integer type of at least 32 bits leaves the value as it is."""
        dtype = type_of_names(getattr(getattr(node.to_type.type, "type", None), "names", []))
        if dtype is None or dtype.is_float or dtype.bytes < 4:
            return False
        if dtype.is_signed:
            return True
        known = self.interval(node.expr)
        return known is not None and known[0] >= 0

    def _may_wrap(self, node: c_ast.Node) -> bool:
        """Whether an unsigned difference may occur in an expression."""
        return self._differs(node) and self._is_unsigned(node)

    def _differs(self, node: c_ast.Node) -> bool:
        if isinstance(node, c_ast.BinaryOp | c_ast.UnaryOp) and node.op == "-":
            return True
        if isinstance(node, c_ast.ID) and node.name in self.definitions and node.name not in self.unsigned:
            return self._differs(self.definitions[node.name])
        return any(self._differs(child) for child in node)

    def _is_unsigned(self, node: c_ast.Node) -> bool:
        if isinstance(node, c_ast.Cast):
            dtype = type_of_names(getattr(getattr(node.to_type.type, "type", None), "names", []))
            return dtype is None or not dtype.is_signed
        if isinstance(node, c_ast.ID):
            return node.name in self.unsigned
        return any(self._is_unsigned(child) for child in node)

    # --- conditions ----------------------------------------------------------------------------------------

    def holds(self, condition: c_ast.Node) -> bool | None:
        """Whether a condition always (never) holds; ``None`` where that is not known."""
        match condition:
            case c_ast.BinaryOp(op="&&" | "||" as op, left=left, right=right):
                sides = self.holds(left), self.holds(right)
                decisive = bool(op == "||")
                if decisive in sides:
                    return decisive
                return None if None in sides else not decisive
            case c_ast.UnaryOp(op="!", expr=inner):
                value = self.holds(inner)
                return None if value is None else not value
            case c_ast.BinaryOp(op=op, left=left, right=right) if op in _OPPOSITE:
                return self._compared(op, left, right)
        return None

    def _compared(self, op: str, left: c_ast.Node, right: c_ast.Node) -> bool | None:
        first, second = self.interval(left), self.interval(right)
        if first is None or second is None:
            return None
        if min(first[0], second[0]) < 0 and (self._is_unsigned(left) or self._is_unsigned(right)):
            return None
        if op in (">", ">="):
            op, first, second = _MIRRORED[op], second, first
        if op == "<":
            return True if first[1] < second[0] else False if first[0] >= second[1] else None
        if op == "<=":
            return True if first[1] <= second[0] else False if first[0] > second[1] else None
        apart = first[1] < second[0] or second[1] < first[0]
        same = first == second and first[0] == first[1]
        if op == "==":
            return True if same else False if apart else None
        return False if same else True if apart else None

    def given(self, condition: c_ast.Node, holds: bool = True) -> Knowledge:
        """What is known where ``condition`` holds (or does not)."""
        match condition:
            case c_ast.BinaryOp(op="&&" | "||" as op, left=left, right=right):
                if (op == "&&") is holds:
                    return self.given(left, holds).given(right, holds)
            case c_ast.UnaryOp(op="!", expr=inner):
                return self.given(inner, not holds)
            case c_ast.BinaryOp(op=op, left=left, right=right) if op in _OPPOSITE:
                op = op if holds else _OPPOSITE[op]
                return self._narrowed(op, left, right)._narrowed(_MIRRORED[op], right, left)
        return self

    def _narrowed(self, op: str, left: c_ast.Node, right: c_ast.Node) -> Knowledge:
        """``left op right`` with a linear form of known interval on the left."""
        form, limit, own = self.linear(left), self.interval(right), self.interval(left)
        if limit is None or own is None or not form.terms:
            return self
        if min(limit[0], own[0]) < 0 and (self._is_unsigned(left) or self._is_unsigned(right)):
            return self
        low, high = own
        if op in ("<", "<=", "=="):
            high = min(high, limit[1] - (op == "<"))
        if op in (">", ">=", "=="):
            low = max(low, limit[0] + (op == ">"))
        low, high = low - form.constant, high - form.constant
        ((coefficient, term), *more) = form.terms.values()
        if not more and coefficient == 1 and isinstance(term, c_ast.ID):
            return self.with_interval(term.name, (low, high))
        return replace(self, sums={**self.sums, _key(form): (low, high)})


def _key(form: Linear) -> frozenset[tuple[str, int]]:
    return frozenset((text, coefficient) for text, (coefficient, _) in form.terms.items())


def text_of(node: c_ast.Node) -> str:
    """An expression as text: equal for equal ones."""
    return str(c_generator.CGenerator().visit(node))
