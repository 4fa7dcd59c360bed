"""VSL, the value language of MARTE, as models write it: text to a small tree, and back.

The grammar is ``vsl.lark``; docs/reference/vsl.md shows every form.  A tree printed by ``str`` is read as an
equal tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

MAX_DEPTH = 32
MAX_LENGTH = 64 * 1024


class VslError(ValueError):
    """A text that is no VSL; the message says what was expected where."""


class NoValue(VslError):
    """A text that is understood but states no number: a part left empty, or a variable without a value."""

    def __init__(self, message: str, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


# --- the tree ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: Fraction

    def __str__(self) -> str:
        """As a decimal, which every number that was read is."""
        return _decimal(self.value)


@dataclass(frozen=True)
class Name:
    """A unit, an enumeration literal or the name of a constant."""

    text: str

    def __str__(self) -> str:
        """The name as it was written."""
        return self.text


@dataclass(frozen=True)
class Variable:
    """``$x``: a value that the model gives elsewhere, if at all."""

    name: str

    def __str__(self) -> str:
        """With its sign."""
        return f"${self.name}"


@dataclass(frozen=True)
class Text:
    """A quoted string."""

    text: str

    def __str__(self) -> str:
        """In the quotes that it does not hold."""
        quote = '"' if "'" in self.text else "'"
        return f"{quote}{self.text}{quote}"


@dataclass(frozen=True)
class Item:
    """One part of a tuple; positional parts have the key ''."""

    key: str
    value: Expression

    def __str__(self) -> str:
        """``key=value``, or the value alone."""
        return f"{self.key}={self.value}" if self.key else str(self.value)


@dataclass(frozen=True)
class Tuple:
    """``(value=50, unit=ms)``, positional or mixed; ``bare`` if its brackets were left out."""

    items: tuple[Item, ...]
    bare: bool = field(default=False, compare=False)

    def get(self, *keys: str) -> Expression | None:
        """The first value under one of ``keys``."""
        return next((i.value for key in keys for i in self.items if i.key == key), None)

    def __str__(self) -> str:
        """In round brackets."""
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True)
class Call:
    """A choice with its argument or a distribution: ``periodic(...)``, ``exp(17,ms)``."""

    name: str
    arguments: Tuple

    def __str__(self) -> str:
        """The name before its arguments."""
        return f"{self.name}{self.arguments}"


@dataclass(frozen=True)
class Collection:
    """``{a, b}``, also written ``[a, b]``."""

    values: tuple[Expression, ...]

    def __str__(self) -> str:
        """In braces."""
        return f"{{{', '.join(map(str, self.values))}}}"


@dataclass(frozen=True)
class Interval:
    """``[a..b]``; an open end has its bracket reversed: ``]a..b[``."""

    lower: Expression
    upper: Expression
    lower_open: bool = False
    upper_open: bool = False

    def __str__(self) -> str:
        """With two dots between its ends."""
        left, right = "]" if self.lower_open else "[", "[" if self.upper_open else "]"
        return f"{left}{self.lower} .. {self.upper}{right}"


@dataclass(frozen=True)
class Operation:
    """``$a * 2 + $b``: one of + - * / on two operands, or - on one."""

    operator: str
    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        """With brackets only where the order of evaluation needs them."""
        if len(self.operands) == 1:
            return f"-{self._operand(self.operands[0], 3)}"
        level = _LEVELS[self.operator]
        left, right = self._operand(self.operands[0], level), self._operand(self.operands[1], level + 1)
        return f"{left} {self.operator} {right}"

    @staticmethod
    def _operand(operand: Expression, level: int) -> str:
        loose = isinstance(operand, Operation) and operand.level < level
        return f"({operand})" if loose else str(operand)

    @property
    def level(self) -> int:
        """How tightly it binds: a sum is 1, a product 2."""
        return 2 if len(self.operands) == 1 else _LEVELS[self.operator]


_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2}

Expression = Number | Name | Variable | Text | Tuple | Call | Collection | Interval | Operation


@dataclass(frozen=True)
class Declaration:
    """``in$x = 5``: a variable of an analysis context; ``direction`` is in, out, inout or ''."""

    name: str
    direction: str = ""
    value: Expression | None = None


def _decimal(value: Fraction) -> str:
    """All digits of a finite decimal; of another fraction the quotient."""
    twos = (value.denominator & -value.denominator).bit_length() - 1
    rest, fives = value.denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"({value.numerator} / {value.denominator})"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text


# --- reading ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The tree of a VSL text; raises ``VslError``."""
    from ._vsl_reader import read_value  # lark is imported only where a value has to be read

    found = read_value(_bounded(text))
    _bound_depth(found)
    return found


@lru_cache(maxsize=1024)
def parse_declarations(text: str) -> tuple[Declaration, ...]:
    """The variables that a context declares: ``in$x=5``, ``{in$a, out$b}``; raises ``VslError``."""
    from ._vsl_reader import read_declarations

    found = read_declarations(_bounded(text))
    for declaration in found:
        if declaration.value is not None:
            _bound_depth(declaration.value)
    return found


def parse_variables(text: str) -> dict[str, Expression]:
    """The variables that a context gives a value; ``VslError`` if one is given two different ones."""
    found: dict[str, Expression] = {}
    for declaration in parse_declarations(text):
        if declaration.value is None:
            continue
        if found.setdefault(declaration.name, declaration.value) != declaration.value:
            raise VslError(f"the variable ${declaration.name} has two values")
    return found


def _bounded(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise VslError(f"it is longer than {MAX_LENGTH >> 10} KiB")
    if not text.strip():
        raise NoValue("it is empty")
    return text


def _bound_depth(expression: Expression) -> None:
    """Refuse trees that a recursive walk could not take; a chain of + is a deep tree, too."""
    level: list[Expression] = [expression]
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return
    raise VslError(f"nested deeper than {MAX_DEPTH} levels")


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions that one is made of."""
    if isinstance(expression, Tuple):
        yield from (item.value for item in expression.items)
    elif isinstance(expression, Call):
        yield from (item.value for item in expression.arguments.items)
    elif isinstance(expression, Collection):
        yield from expression.values
    elif isinstance(expression, Interval):
        yield from (expression.lower, expression.upper)
    elif isinstance(expression, Operation):
        yield from expression.operands
