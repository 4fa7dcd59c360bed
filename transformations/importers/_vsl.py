"""VSL, the value language of MARTE, as far as models use it: text to a small tree.

``(value=50, unit=ms)``, ``(50, ms)``, ``50 ms``, ``periodic(period=(50, ms))``, ``{H, W}``, ``[1..256]``,
``(expr=$x, unit=ms)``, ``'text'``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

MAX_DEPTH = 32

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<variable>(?:inout|in|out)?\$[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_µ%][\w/%:.-]*)
    |(?P<text>'[^']*')
    |(?P<sign>\.\.|[(){}\[\],=]))""",
    re.VERBOSE,
)
_MAX_EXPONENT = 30


class VslError(ValueError):
    """A text that is no VSL; the message says what was expected where."""


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: Fraction


@dataclass(frozen=True)
class Name:
    """A unit, an enumeration literal or the name of a constant."""

    text: str


@dataclass(frozen=True)
class Variable:
    """``$x``: a value that the model gives elsewhere, if at all."""

    name: str


@dataclass(frozen=True)
class Text:
    """A quoted string."""

    text: str


@dataclass(frozen=True)
class Item:
    """One part of a tuple; positional parts have the key ''."""

    key: str
    value: Expression


@dataclass(frozen=True)
class Tuple:
    """``(value=50, unit=ms)``, positional or mixed."""

    items: tuple[Item, ...]

    def get(self, *keys: str) -> Expression | None:
        """The first value under one of ``keys``."""
        return next((i.value for key in keys for i in self.items if i.key == key), None)


@dataclass(frozen=True)
class Call:
    """A choice with its argument: ``periodic(...)``, ``sporadic(...)``."""

    name: str
    arguments: Tuple


@dataclass(frozen=True)
class Collection:
    """``{a, b}``, or ``[a..b]`` as its two ends."""

    values: tuple[Expression, ...]


Expression = Number | Name | Variable | Text | Tuple | Call | Collection


def parse(text: str) -> Expression:
    """The tree of a VSL text; raises ``VslError``."""
    reader = _Reader(_tokens(text))
    value = reader.expression(0)
    if reader.kind:
        raise VslError(f"unexpected {reader.text!r} after the value")
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        if (match := _TOKEN.match(text, position)) is None:
            raise VslError(f"unexpected {text[position:].strip()[:12]!r}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    return tokens


@dataclass
class _Reader:
    tokens: Sequence[tuple[str, str]]
    at: int = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    @property
    def text(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def accept(self, sign: str) -> bool:
        found = self.kind == "sign" and self.text == sign
        self.at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            raise VslError(
                f"expected {sign!r}, found {self.text!r}" if self.kind else f"expected {sign!r} at the end"
            )

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise VslError(f"nested deeper than {MAX_DEPTH} levels")
        if self.kind == "number":
            return self._number()
        if self.kind == "variable":
            return Variable(self.take().partition("$")[2])
        if self.kind == "text":
            return Text(self.take()[1:-1])
        return self._name(depth) if self.kind == "name" else self._bracketed(depth)

    def _bracketed(self, depth: int) -> Expression:
        if self.accept("("):
            return self._tuple(depth)
        for opening, closing in ("{}", "[]"):
            if self.accept(opening):
                return self._collection(closing, depth)
        raise VslError(
            f"expected a value, found {self.text!r}" if self.kind else "expected a value at the end"
        )

    def _number(self) -> Expression:
        number = Number(_fraction(self.take()))
        if self.kind == "name":
            return Tuple((Item("value", number), Item("unit", Name(self.take()))))
        return number

    def _name(self, depth: int) -> Expression:
        name = self.take()
        if self.accept("("):
            return Call(name, self._tuple(depth))
        if self.kind == "sign" and self.text == "=" and depth == 0:  # open=(...) is written for open(...)
            self.take()
            value = self.expression(depth + 1)
            return Call(name, value if isinstance(value, Tuple) else Tuple((Item("", value),)))
        return Name(name)

    def _tuple(self, depth: int) -> Tuple:
        items: list[Item] = []
        first = True
        while not self.accept(")"):
            if not first:
                self.expect(",")
            first = False
            items += self._item(depth)
        return Tuple(tuple(items))

    def _item(self, depth: int) -> list[Item]:
        if (
            self.kind == "name"
            and self.at + 1 < len(self.tokens)
            and self.tokens[self.at + 1] == ("sign", "=")
        ):
            key = self.take()
            self.take()
            if self.kind == "sign" and self.text in (",", ")"):  # (value=, ...): left empty
                return []
            return [Item(key, self.expression(depth + 1))]
        return [Item("", self.expression(depth + 1))]

    def _collection(self, end: str, depth: int) -> Collection:
        values: list[Expression] = []
        while not self.accept(end):
            if values and not self.accept(".."):
                self.expect(",")
            values.append(self.expression(depth + 1))
        return Collection(tuple(values))


def _fraction(text: str) -> Fraction:
    exponent = re.search(r"[eE]([+-]?\d+)", text)
    if exponent and abs(int(exponent[1])) > _MAX_EXPONENT:
        raise VslError(f"the number {text} is out of range")
    return Fraction(text)
