"""The reader of VSL: the grammar ``vsl.lark``, the tree made of what it finds, and its errors in words."""

from __future__ import annotations

import builtins
import re
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from ._vsl import (
    Call,
    Collection,
    Declaration,
    Expression,
    Interval,
    Item,
    Name,
    NoValue,
    Number,
    Operation,
    Text,
    Tuple,
    Variable,
    VslError,
)

_MAX_EXPONENT = 30
_MAX_DIGITS = 64


def read_value(text: str) -> Expression:
    """The tree of a text; raises ``VslError``."""
    found: Expression = _read(text, "start")
    return found


def read_declarations(text: str) -> tuple[Declaration, ...]:
    """The declarations of a text; raises ``VslError``."""
    found: tuple[Declaration, ...] = _read(text, "declarations")
    return found


def _read(text: str, start: str) -> Any:
    try:
        return _parser(start).parse(text)
    except UnexpectedInput as error:
        raise VslError(_in_words(error, text)) from None


@cache
def _parser(start: str) -> Lark:
    """Built when it is first needed, which takes as long as reading a few hundred values."""
    grammar = (files(__package__) / "vsl.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=start, transformer=_Builder(), maybe_placeholders=False)


# --- the tree ---------------------------------------------------------------------------------------------


@v_args(inline=True)
class _Builder(Transformer[Token, Expression]):
    """One method a rule or alias of the grammar."""

    def start(self, *items: Item | None) -> Expression:
        given = tuple(i for i in items if i is not None)
        if len(items) > 1:
            return Tuple(given, bare=True)
        if not given:
            raise NoValue("it gives no value")
        return self.choice_after_colon(given[0].key, given[0].value) if given[0].key else given[0].value

    def choice_after_colon(self, name: str, value: Expression) -> Call:
        return Call(str(name), value if isinstance(value, Tuple) else Tuple((Item("", value),)))

    def named(self, key: Token, value: Expression | None = None) -> Item | None:
        return None if value is None else Item(str(key), value)  # (value=, unit=ms): left empty

    def positional(self, value: Expression) -> Item:
        return Item("", value)

    def add(self, left: Expression, right: Expression) -> Operation:
        return Operation("+", (_operand(left), _operand(right)))

    def subtract(self, left: Expression, right: Expression) -> Operation:
        return Operation("-", (_operand(left), _operand(right)))

    def multiply(self, left: Expression, right: Expression) -> Operation:
        return Operation("*", (_operand(left), _operand(right)))

    def divide(self, left: Expression, right: Expression) -> Operation:
        return Operation("/", (_operand(left), _operand(right)))

    def negative(self, value: Expression) -> Expression:
        return Number(-value.value) if isinstance(value, Number) else Operation("-", (_operand(value),))

    def number(self, digits: Token) -> Number:
        return Number(_fraction(digits))

    def variable(self, name: Token) -> Variable:
        return Variable(name.partition("$")[2])

    def number_of_unit(self, digits: Token, unit: Token) -> Tuple:
        return Tuple((Item("value", self.number(digits)), Item("unit", Name(str(unit)))))

    def variable_of_unit(self, name: Token, unit: Token) -> Tuple:
        return Tuple((Item("expr", self.variable(name)), Item("unit", Name(str(unit)))))

    def name(self, name: Token) -> Name:
        return Name(str(name))

    def unlimited(self) -> Name:
        return Name("*")

    def text(self, quoted: Token) -> Text:
        return Text(str(quoted)[1:-1])

    def call(self, name: Token, arguments: Tuple) -> Call:
        return Call(str(name), arguments)

    def tuple(self, *items: Item | None) -> Tuple:
        return Tuple(builtins.tuple(i for i in items if i is not None))

    def collection(self, *values: Expression) -> Collection:
        return Collection(values)

    def interval(self, lower: Expression, upper: Expression, upper_open: bool) -> Interval:
        return Interval(lower, upper, upper_open=upper_open)

    def open_interval(self, lower: Expression, upper: Expression, upper_open: bool) -> Interval:
        return Interval(lower, upper, lower_open=True, upper_open=upper_open)

    def closed_end(self) -> bool:
        return False

    def open_end(self) -> bool:
        return True

    def type(self, name: Token) -> None:
        """A variable's type adds nothing: its unit says it."""

    def declaration(self, variable: Token, *rest: Expression | None) -> Declaration:
        direction, _, name = variable.partition("$")
        return Declaration(name, direction, next((r for r in rest if r is not None), None))

    def declarations(self, *found: Declaration) -> builtins.tuple[Declaration, ...]:
        return found


def _operand(value: Expression) -> Expression:
    """Brackets around an operation only group it."""
    grouped = isinstance(value, Tuple) and len(value.items) == 1 and not value.items[0].key
    if isinstance(value, Tuple) and grouped and isinstance(value.items[0].value, Operation):
        return value.items[0].value
    return value


def _fraction(text: str) -> Fraction:
    exponent = re.search(r"[eE]([+-]?\d+)", text)
    if len(text) > _MAX_DIGITS or (exponent and abs(int(exponent[1])) > _MAX_EXPONENT):
        raise VslError(f"the number {text[:20]} is out of range")
    return Fraction(text)


# --- errors -----------------------------------------------------------------------------------------------

_SIGNS = {"COMMA": "','", "RPAR": "')'", "RBRACE": "'}'", "RSQB": "']'", "LPAR": "'('", "EQUAL": "'='"}
_SIGNS |= {"SEMICOLON": "';'", "NAME": "a name", "VARIABLE": "a variable such as in$x", "$END": "the end"}


def _in_words(error: UnexpectedInput, text: str) -> str:
    column = f"at column {(error.pos_in_stream or 0) + 1}"
    if not isinstance(error, UnexpectedToken):
        assert isinstance(error, UnexpectedCharacters)
        return f"unexpected {text[error.pos_in_stream :][:12].splitlines()[0]!r} {column}"
    expected = f"expected {_expected(error.accepts or error.expected)}"
    ends = error.token.type == "$END"
    return f"{expected}, found the end" if ends else f"{expected}, found {str(error.token)[:20]!r} {column}"


def _expected(terminals: set[str]) -> str:
    """What may come, without the operators, which may come almost anywhere."""
    if "NUMBER" in terminals:
        return "a value"
    signs = [sign for terminal, sign in _SIGNS.items() if terminal in terminals]
    return " or ".join(signs) if signs else "a value"
