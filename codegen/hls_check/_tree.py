"""Tokens and syntax tree of the C++ that target ``hls`` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TYPES = {
    "bool": "u1",
    "float": "f32",
    "double": "f64",
    "void": "void",
    **{f"{'' if s == 'i' else 'u'}int{w}_t": f"{s}{w}" for s in "iu" for w in (8, 16, 32, 64)},
}
_TOKEN = re.compile(
    r"""(?P<pragma>\#pragma[ ]HLS[^\n]*)|(?P<directive>\#[^\n]*)|(?P<space>\s+)|(?P<string>"[^"\n]*")
    |(?P<number>(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)[a-zA-Z]*)
    |(?P<name>[A-Za-z_]\w*)|(?P<operator>\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|[-+*/%<>=!&|^~?:;,(){}\[\]])""",
    re.VERBOSE,
)


class NotUnderstood(Exception):
    """The text is not what the target writes; ``line`` says where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Token:
    """A piece of the text."""

    kind: str
    text: str
    line: int


def tokenize(text: str) -> list[Token]:
    """All tokens but comments, white space and directives that are no HLS pragma."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n") or " ", text, flags=re.DOTALL)
    tokens, position, line = [], 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotUnderstood(f"unexpected character {text[position]!r}", line)
        kind = str(match.lastgroup)
        if kind not in ("space", "directive"):
            tokens.append(Token(kind, match[0].strip(), line))
        line += match[0].count("\n")
        position = match.end()
    return tokens


# --- the tree ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expression:
    """``operator`` over ``parts``; leaves are 'number' and 'name' with a ``text``, accesses 'index'."""

    operator: str
    parts: tuple[Expression, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Pragma:
    """``#pragma HLS NAME option=value flag``."""

    name: str
    options: dict[str, str]
    line: int


@dataclass(frozen=True)
class Declaration:
    """``T name[dims] = start;``."""

    type: str
    name: str
    dims: tuple[int, ...]
    start: Expression | None
    line: int


@dataclass(frozen=True)
class Assignment:
    """``target = value;`` (no target: an expression that is evaluated for its effect)."""

    target: Expression | None
    value: Expression
    line: int


@dataclass
class Loop:
    """A ``for`` with its counter; ``while`` and ``for (;;)`` have none."""

    label: str
    counter: str
    low: Expression | None
    high: Expression | None
    step: int
    line: int
    body: list[Statement] = field(default_factory=list)


@dataclass
class Condition:
    """``if``."""

    test: Expression
    then: list[Statement]
    other: list[Statement]
    line: int


Statement = Pragma | Declaration | Assignment | Loop | Condition


@dataclass
class Function:
    """A function: parameters are (type, name, is a pointer)."""

    name: str
    parameters: list[tuple[str, str, bool]]
    body: list[Statement]
    line: int


@dataclass
class Source:
    """A file: constant tables and functions."""

    tables: list[Declaration] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
