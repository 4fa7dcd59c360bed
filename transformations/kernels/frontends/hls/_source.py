"""From the text of an HLS C++ function to trees of C, with statements in the places of its pragmas."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels.frontends._rewriting import (
    Spelling,
    following,
    parse_rewritten,
    rewrite,
    split_tokens,
)
from aicompiler.transformations.kernels.frontends._trees import called, walk
from aicompiler.transformations.kernels.frontends.c import LONGEST_BODY, preprocess
from pycparser import c_ast

STREAM = "register"  # in the C that comes out, marks a parameter that is a stream
PRAGMA = "hls_pragma__"
WIDTHS = (8, 16, 32, 64)

_HEADERS = frozenset({"ap_int.h", "hls_stream.h", "hls_math.h", "cmath", "cstdint", "cstring", "ap_fixed.h"})
_DIRECTIVE = re.compile(
    r"^[ \t]*#[ \t]*(?:pragma[ \t]+(?P<pragma>[^\n]*)|include[ \t]*<(?P<header>[\w./]+)>[^\n]*)", re.MULTILINE
)
_LOOPS = {"for", "while", "do"}
_TYPES = "use ap_int and ap_uint of 8, 16, 32 or 64 bits, float or double"
_SPELLING = Spelling(
    dropped=frozenset({"inline", "restrict", "__restrict__", "__restrict", "noexcept", '"C"', STREAM}),
    replaced={"constexpr": "const", "hls_stream__": STREAM},
    refused={
        "template": ("a template", "write the function for one type"),
        "class": ("a class", "use scalars, arrays and functions"),
        "namespace": ("a namespace", "put the functions at file scope"),
        "auto": ("auto", "name the type"),
        "new": ("new", "declare arrays of constant extent"),
        "delete": ("delete", "declare arrays of constant extent"),
        "ap_fixed": ("the type ap_fixed", _TYPES),
        "ap_ufixed": ("the type ap_ufixed", _TYPES),
        "half": ("the type half", "use float"),
    },
    cxx=True,
)


@dataclass(frozen=True)
class Source:
    """A parsed text: the top function, the others, declarations, and the texts of its pragmas."""

    top: c_ast.FuncDef
    functions: dict[str, c_ast.FuncDef]
    declarations: tuple[c_ast.Node, ...]
    pragmas: tuple[str, ...]


def read_source(behaviour: Behaviour, name: str = "") -> Source:
    """Parse a text whose top function is called ``name``, or is the only one that no other calls."""
    body = behaviour.body.replace("\r\n", "\n").replace("\r", "\n")
    if len(body) > LONGEST_BODY:
        message = f"the body has {len(body)} characters"
        raise body_error(behaviour, 1, message, f"keep it under {LONGEST_BODY}")
    pragmas: list[str] = []
    text = preprocess(behaviour, _DIRECTIVE.sub(lambda m: _directive(m, pragmas), body))
    text = re.sub(r'\bextern(\s+)"C"', r"\1", text)
    tokens = _without_labels(_with_types(behaviour, split_tokens(text)))
    _check_places(behaviour, tokens)
    advice = "the text is a whole function: void name(const float a[64], float b[64]) { }, others before it"
    nodes = parse_rewritten(behaviour, rewrite(behaviour, "".join(tokens), _SPELLING), (), advice)
    functions = {n.decl.name: n for n in nodes if isinstance(n, c_ast.FuncDef)}
    declarations = tuple(n for n in nodes if not isinstance(n, c_ast.FuncDef) and not _is_prototype(n))
    top = _top(behaviour, functions, name)
    return Source(functions.pop(top), functions, declarations, tuple(pragmas)) if top else _none(behaviour)


def _none(behaviour: Behaviour) -> Source:
    advice = "a behaviour in HLS C++ is a whole function: void name(const float a[64], float b[64]) { }"
    raise body_error(behaviour, 1, "there is no function", advice)


def _is_prototype(node: c_ast.Node) -> bool:
    return isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl)


def _directive(match: re.Match[str], pragmas: list[str]) -> str:
    if match["header"] is not None:
        return "" if match["header"] in _HEADERS else match.group()
    words = match["pragma"].split(None, 1)
    if not words or words[0] != "HLS":
        return "" if words and words[0] in ("once", "GCC") else match.group()
    pragmas.append(words[1].strip() if len(words) > 1 else "")
    return f"{PRAGMA}{len(pragmas) - 1};"


def _top(behaviour: Behaviour, functions: dict[str, c_ast.FuncDef], name: str) -> str:
    if name in functions:
        return name
    calls = {callee for f in functions.values() for n in walk(f.body) if (callee := called(n)) is not None}
    tops = [f for f in functions if f not in calls]
    if len(tops) > 1:
        line = functions[tops[1]].coord.line
        advice = f"keep one that no other calls, or name it {name}" if name else "name one of them"
        raise unsupported(behaviour, line, f"the second top function {tops[1]!r}", advice)
    return tops[0] if tops else ""


def _with_types(behaviour: Behaviour, tokens: list[str]) -> list[str]:
    """``ap_int<16>`` as ``int16_t``; ``hls::stream<T> &s`` as a marked pointer to T."""
    result: list[str] = []
    i, line = 0, 1
    while i < len(tokens):
        token = tokens[i]
        line += token.count("\n")
        if token in ("ap_int", "ap_uint"):
            end = _angle_end(tokens, i)
            result.append(_integer(behaviour, line, token, "".join(tokens[i + 1 : end]).strip("<> \t\n")))
            i = end
        elif token == "stream" and _follows_hls(result):
            end = _angle_end(tokens, i)
            inner = "".join(_with_types(behaviour, tokens[i + 1 : end])).strip()
            result += ["hls_stream__ ", inner[1:-1].split(",")[0].strip(), " *"]
            after = following(tokens, end)
            i = after + 1 if after < len(tokens) and tokens[after] == "&" else end
        else:
            result.append(token)
            i += 1
    return result


def _follows_hls(result: list[str]) -> bool:
    """Take ``hls ::`` off the end of what is there."""
    if result[-2:] != ["hls", "::"]:
        return False
    del result[-2:]
    return True


def _angle_end(tokens: list[str], start: int) -> int:
    """The position behind the ``>`` that closes the ``<`` behind ``start``."""
    depth = 0
    for i in range(start + 1, len(tokens)):
        depth += {"<": 1, ">": -1, ">>": -2, "<<": 2}.get(tokens[i], 0)
        if depth <= 0 and not tokens[i].isspace():
            return i + 1
    return len(tokens)


def _integer(behaviour: Behaviour, line: int, token: str, width: str) -> str:
    if width.isdecimal() and int(width) in WIDTHS:
        return f"{'u' if token == 'ap_uint' else ''}int{width}_t"
    larger = next((w for w in WIDTHS if width.isdecimal() and w > int(width)), None)
    advice = f"use {token}<{larger}>" if larger else "use 8, 16, 32 or 64 bits"
    if width == "1":
        advice = "use bool"
    raise unsupported(behaviour, line, f"the type {token}<{width}>", advice)


def _without_labels(tokens: list[str]) -> list[str]:
    """Loop labels dropped: ``rows: for`` is ``for``."""
    result: list[str] = []
    last = ";"
    i = 0
    while i < len(tokens):
        colon = following(tokens, i + 1)
        loop = following(tokens, colon + 1)
        is_label = last in "{};" and re.fullmatch(r"[A-Za-z_]\w*", tokens[i]) and tokens[i] != "default"
        if is_label and loop < len(tokens) and tokens[colon] == ":" and tokens[loop] in _LOOPS:
            result += [t for t in tokens[i:loop] if t.isspace()]
            i = loop
        if not tokens[i].isspace():
            last = tokens[i]
        result.append(tokens[i])
        i += 1
    return result


def _check_places(behaviour: Behaviour, tokens: list[str]) -> None:
    """Pragmas stand between statements, inside the braces of what they are about."""
    last, line, depth = "{", 1, 0
    for i, token in enumerate(tokens):
        if token.startswith(PRAGMA):
            if last not in "{};":
                advice = "put it inside the braces of the loop or function that it is about"
                raise body_error(behaviour, line, "this pragma stands where no statement can", advice)
            if depth == 0:
                tokens[i], tokens[i + 1] = "", ""
                continue
        line += token.count("\n")
        depth += {"{": 1, "}": -1}.get(token, 0)
        if not token.isspace():
            last = token
