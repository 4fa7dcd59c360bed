"""Reads the C++ that target ``hls`` writes back into loops, arrays, pragmas and statements.

It knows the text alone: nothing of the kernel, of its schedule or of the printer.
"""

from __future__ import annotations

from ._tree import (
    TYPES,
    Assignment,
    Condition,
    Declaration,
    Expression,
    Function,
    Loop,
    NotUnderstood,
    Pragma,
    Source,
    Statement,
    Token,
    tokenize,
)


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
