"""From a dialect of C to C, token by token: no line moves, so that errors keep their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import BodyError, UnsupportedConstruct, unsupported
from pycparser import c_ast

from .c import parse_definitions

_TOKEN = re.compile(
    r"[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.])*|'(?:\\.|[^'\\\n])+'|\"(?:\\.|[^\"\\\n])*\""
    r"|<<<|>>>|<<=|>>=|\.\.\.|::|->|\+\+|--|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||\s+|.",
    re.ASCII | re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_CASTS = {"static_cast", "reinterpret_cast", "const_cast"}
_SCALARS = {"char", "short", "int", "long", "float", "double", "bool", "unsigned", "signed"}

Refusals = Mapping[str, tuple[str, str]]
"""Word -> (construct, what to write instead)."""


@dataclass(frozen=True)
class Spelling:
    """A dialect as words: those that go, those that C spells differently, and those that are refused."""

    dropped: frozenset[str] = frozenset()
    replaced: Mapping[str, str] | None = None
    refused: Refusals | None = None
    vectors: re.Pattern[str] | None = None  # names of vector types
    cxx: bool = False  # C++: casts with angle brackets, ``type(value)``, ``std::``


def rewrite(behaviour: Behaviour, text: str, spelling: Spelling) -> str:
    """``text`` in C; raises ``UnsupportedConstruct`` for refused words, at their line."""
    tokens = _TOKEN.findall(text)
    _refuse(behaviour, tokens, spelling)
    if spelling.cxx:
        tokens = _plain_casts(_without_namespaces(tokens))
    return "".join(_spelled(tokens, spelling))


def parse_rewritten(behaviour: Behaviour, text: str, types: Iterable[str], advice: str) -> list[c_ast.Node]:
    """``parse_definitions`` of C that comes from another language; ``advice`` is what a syntax error gets."""
    try:
        return parse_definitions(behaviour, text, types)
    except UnsupportedConstruct:
        raise
    except BodyError as error:
        told = [replace(d, message=d.message.removeprefix("C "), next_step=advice) for d in error.diagnostics]
        raise BodyError(told) from None


def without_bodies(text: str) -> str:
    """``text`` with empty braces for the body of every function, lines kept."""
    result: list[str] = []
    depth, last, body = 0, "", False
    for token in split_tokens(text):
        if token == "{":
            body = body or (depth == 0 and last == ")")
            depth += 1
        inside = body and not (token == "{" and depth == 1) and not (token == "}" and depth == 1)
        result.append("\n" * token.count("\n") if inside else token)
        if token == "}":
            depth -= 1
            body = body and depth > 0
        if not token.isspace():
            last = token
    return "".join(result)


def arguments_end(tokens: list[str], start: int) -> int:
    """The position behind the parenthesis that closes the one at ``start`` (the end if none does)."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[i], 0)
        if depth == 0:
            return i + 1
    return len(tokens)


def split_tokens(text: str) -> list[str]:
    """The tokens of ``text``, white space included: joined they are the text."""
    return _TOKEN.findall(text)


def following(tokens: list[str], start: int) -> int:
    """The position of the next token from ``start`` that is no white space; the end if there is none."""
    while start < len(tokens) and tokens[start].isspace():
        start += 1
    return start


def _refuse(behaviour: Behaviour, tokens: list[str], spelling: Spelling) -> None:
    line = 1
    refused = spelling.refused or {}
    for token in tokens:
        if token in refused:
            raise unsupported(behaviour, line, *refused[token])
        if spelling.vectors is not None and spelling.vectors.fullmatch(token):
            advice = "write one scalar variable a component, or let a work-item compute one component"
            raise unsupported(behaviour, line, f"the vector type {token}", advice)
        line += token.count("\n")


def _spelled(tokens: list[str], spelling: Spelling) -> Iterator[str]:
    replaced = spelling.replaced or {}
    i = 0
    while i < len(tokens):
        token = tokens[i]
        i += 1
        if token in spelling.dropped:
            if (after := following(tokens, i)) < len(tokens) and tokens[after] == "(" and token in _WITH_LIST:
                end = arguments_end(tokens, after)
                yield "\n" * sum(t.count("\n") for t in tokens[i:end])
                i = end
        else:
            yield replaced.get(token, token)


_WITH_LIST = {"__attribute__", "__launch_bounds__", "__align__", "alignas"}


def _without_namespaces(tokens: list[str]) -> list[str]:
    kept: list[str] = []
    for token in tokens:
        if token == "::" and kept and kept[-1] == "std":
            kept.pop()
        else:
            kept.append(token)
    return kept


def _plain_casts(tokens: list[str]) -> list[str]:
    """``static_cast<T>(e)`` and ``T(e)`` as ``(T)(e)``."""
    result: list[str] = []
    i = 0
    while i < len(tokens):
        token, after = tokens[i], following(tokens, i + 1)
        opening = tokens[after] if after < len(tokens) else ""
        if token in _CASTS and opening == "<":
            end = tokens.index(">", after) if ">" in tokens[after:] else after
            result += ["(", "".join(tokens[after + 1 : end]).strip(), ")"]
            i = end + 1
        elif token in _SCALARS and opening == "(" and _is_operand(result):
            result += ["(", token, ")"]
            i += 1
        else:
            result.append(token)
            i += 1
    return result


def _is_operand(before: list[str]) -> bool:
    """Whether an expression, not a declaration, stands behind ``before``."""
    last = next((t for t in reversed(before) if not t.isspace()), "")
    return last == "return" or (not _WORD.fullmatch(last) and last not in ("", ";", "{", "}", ")"))
