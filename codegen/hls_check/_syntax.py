"""Reads the C++ that target ``hls`` writes back into loops, arrays, pragmas and statements.

It knows the text alone: nothing of the kernel, of its schedule or of the printer.
"""

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


def parse(text: str) -> Source:
    """Read a file; raises ``NotUnderstood``."""
    return _Parser(tokenize(text)).source()


_BINARY = [
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
]
_LEVELS = [*_BINARY, ("*", "/", "%")]


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    # --- tokens -----------------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place].text if place < len(self.tokens) else ""

    @property
    def line(self) -> int:
        return self.tokens[min(self.place, len(self.tokens) - 1)].line

    def take(self, expected: str | None = None) -> str:
        text = self.peek()
        if not text or (expected is not None and text != expected):
            raise NotUnderstood(f"expected {expected or 'more'}, found {text or 'the end'}", self.line)
        self.place += 1
        return text

    def accept(self, text: str) -> bool:
        if self.peek() == text:
            self.place += 1
            return True
        return False

    # --- file -------------------------------------------------------------------------------------------

    def source(self) -> Source:
        source = Source()
        while self.place < len(self.tokens):
            line = self.line
            if self.tokens[self.place].kind == "pragma":
                raise NotUnderstood(f"{self.peek()!r} stands outside any function", line)
            while self.peek() in ("extern", "static", "const") or self.peek().startswith('"'):
                self.take()
            type_, name = self.type(), self.take()
            if self.peek() == "(":
                source.functions.append(Function(name, self.parameters(), self.block(), line))
            else:
                dims = self.dims()
                self.take("=")
                self.braces()
                self.take(";")
                source.tables.append(Declaration(type_, name, dims, None, line))
        return source

    def type(self) -> str:
        text = self.take()
        if text not in TYPES:
            raise NotUnderstood(f"{text!r} is no type that the target writes", self.line)
        return TYPES[text]

    def parameters(self) -> list[tuple[str, str, bool]]:
        self.take("(")
        found = []
        while not self.accept(")"):
            self.accept("const")
            type_ = self.type()
            if type_ == "void" and self.peek() == ")":
                continue
            pointer = self.accept("*")
            found.append((type_, self.take(), pointer))
            self.accept(",")
        return found

    def braces(self) -> None:
        depth = 0
        while True:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
            if depth == 0:
                return

    def dims(self) -> tuple[int, ...]:
        found = []
        while self.accept("["):
            found.append(int(self.take()))
            self.take("]")
        return tuple(found)

    # --- statements -------------------------------------------------------------------------------------

    def block(self) -> list[Statement]:
        self.take("{")
        found = []
        while not self.accept("}"):
            statement = self.statement()
            if statement is not None:
                found.append(statement)
        return found

    def statement(self) -> Statement | None:  # noqa: PLR0911 - one return a kind
        line = self.line
        if self.tokens[self.place].kind == "pragma":
            return _pragma(self.take(), line)
        label = ""
        if self.tokens[self.place].kind == "name" and self.peek(1) == ":":
            label = self.take()
            self.take(":")
        match self.peek():
            case "for":
                return self.loop(label)
            case "while":
                self.take()
                self.take("(")
                test = self.expression()
                self.take(")")
                loop = Loop(label, "", None, None, 0, line, self.block())
                loop.body.insert(0, Assignment(None, test, line))
                return loop
            case "if":
                return self.condition()
            case "break" | "return":
                value = None if self.take() == "break" or self.peek() == ";" else self.expression()
                self.take(";")
                return None if value is None else Assignment(None, value, line)
            case "(" if self.peek(1) == "void":
                while not self.accept(";"):
                    self.take()
                return None
            case "const":
                self.take()
                return self.declaration()
            case text if text in TYPES:
                return self.declaration()
            case _:
                return self.assignment()

    def declaration(self) -> Declaration:
        line, type_, name = self.line, self.type(), self.take()
        dims = self.dims()
        start = self.expression() if self.accept("=") else None
        self.take(";")
        return Declaration(type_, name, dims, start, line)

    def assignment(self) -> Assignment:
        line = self.line
        target = self.unary()
        value = self.expression() if self.accept("=") else None
        self.take(";")
        return Assignment(target if value else None, value or target, line)

    def condition(self) -> Condition:
        line = self.line
        self.take("if")
        self.take("(")
        test = self.expression()
        self.take(")")
        then = self.block()
        other: list[Statement] = []
        if self.accept("else"):
            other = [self.condition()] if self.peek() == "if" else self.block()
        return Condition(test, then, other, line)

    def loop(self, label: str) -> Loop:
        line = self.line
        self.take("for")
        self.take("(")
        if self.accept(";"):
            self.take(";")
            self.take(")")
            return Loop(label, "", None, None, 0, line, self.block())
        self.type()
        counter = self.take()
        self.take("=")
        low = self.expression()
        self.take(";")
        self.take(counter)
        self.take("<")
        high = self.expression()
        self.take(";")
        step = 1
        if not self.accept("++"):
            self.take(counter)
            self.take("+=")
            step = int(self.take())
        else:
            self.take(counter)
        self.take(")")
        return Loop(label, counter, low, high, step, line, self.block())

    # --- expressions ------------------------------------------------------------------------------------

    def expression(self) -> Expression:
        test = self.binary(0)
        if not self.accept("?"):
            return test
        yes = self.expression()
        self.take(":")
        return Expression("?", (test, yes, self.expression()))

    def binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in _LEVELS[level]:
            operator = self.take()
            left = Expression(operator, (left, self.binary(level + 1)))
        return left

    def unary(self) -> Expression:
        text = self.peek()
        if text in ("-", "!", "~", "*", "&"):
            self.take()
            return Expression({"-": "neg", "*": "deref", "&": "address"}.get(text, text), (self.unary(),))
        if text == "(" and self.peek(1) in TYPES and self.peek(2) == ")":
            self.take()
            type_ = self.type()
            self.take(")")
            return Expression("cast", (self.unary(),), type_)
        return self.postfix()

    def postfix(self) -> Expression:
        if self.accept("("):
            inner = self.expression()
            self.take(")")
            return inner
        token = self.tokens[self.place]
        self.take()
        if token.kind == "number":
            return Expression("number", (), token.text)
        if token.kind != "name":
            raise NotUnderstood(f"expected a value, found {token.text}", token.line)
        if self.accept("("):
            return Expression("call", tuple(self.arguments()), token.text)
        subscripts = []
        while self.accept("["):
            subscripts.append(self.expression())
            self.take("]")
        return (
            Expression("index", tuple(subscripts), token.text)
            if subscripts
            else Expression("name", (), token.text)
        )

    def arguments(self) -> list[Expression]:
        found = []
        while not self.accept(")"):
            found.append(self.expression())
            self.accept(",")
        return found


def _pragma(text: str, line: int) -> Pragma:
    _, _, name, *words = text.split()
    options = {option: value for option, _, value in (w.partition("=") for w in words)}
    return Pragma(name.upper(), options, line)
