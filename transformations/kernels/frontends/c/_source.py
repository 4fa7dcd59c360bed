"""From the text of a body to a syntax tree whose line numbers are those of the body.

A body is the inside of ``void step(...)``.  Everything up to the end of its last function definition at
nesting depth 0 is taken to be at file scope (helper functions, tables); the rest are the step's statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from pycparser import c_ast, c_parser

from ._types import TYPE_NAMES

STEP = "aic_step"
LONGEST_BODY = 1_000_000
_LONGEST_MACRO = 1000
_HEADERS = {"math.h", "stdint.h", "stdbool.h", "stddef.h", "stdlib.h", "limits.h"}
_INSTEAD = {"pragma": "schedules are the tool's decision: drop it"}
_COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|'(?:\\.|[^'\\])+'|\S", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NOT_FUNCTIONS = {"if", "for", "while", "switch", "sizeof", "return", "else", "do"}


@dataclass(frozen=True)
class Unit:
    """A parsed body: helper functions by name, file-scope declarations, and the statements of the step."""

    functions: dict[str, c_ast.FuncDef]
    declarations: tuple[c_ast.Node, ...]
    statements: c_ast.Compound


def parse_source(behaviour: Behaviour) -> Unit:
    """Parse a body; raises a located ``ModelError`` for syntax errors and for preprocessor lines."""
    if len(behaviour.body) > LONGEST_BODY:
        raise body_error(
            behaviour, 1, f"the body has {len(behaviour.body)} characters", f"keep it under {LONGEST_BODY}"
        )
    text = preprocess(behaviour, behaviour.body.replace("\r\n", "\n").replace("\r", "\n"))
    split = _end_of_functions(text)
    types = " ".join(f"typedef int {name};" for name in TYPE_NAMES)
    wrapped = f'{types}\n#line 1 "body"\n{text[:split]} void {STEP}(void) {{{text[split:]}\n}}\n'
    return _unit(behaviour, _parse(behaviour, wrapped, text))


def parse_definitions(behaviour: Behaviour, text: str, types: Iterable[str] = ()) -> list[c_ast.Node]:
    """The declarations and function definitions of a file without comments and directives (``preprocess``).

    ``types`` are names of further types; what they mean is the caller's to say.
    """
    known = " ".join(f"typedef int {name};" for name in dict.fromkeys((*TYPE_NAMES, *types)))
    tree = _parse(behaviour, f'{known}\n#line 1 "body"\n{text}\n', text)
    return [item for item in tree.ext if item.coord is not None and item.coord.file == "body"]


def preprocess(behaviour: Behaviour, text: str) -> str:
    """Blank comments, drop known includes, expand object-like macros; lines keep their numbers."""
    text = _COMMENT_OR_TEXT.sub(_blank, text).replace("\\\n", " \n")
    macros: dict[str, str] = {}
    lines: list[str] = []
    size = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            _directive(behaviour, number, line.strip()[1:].strip(), macros)
            lines.append("")
        else:
            lines.append(_expand(line, macros))
            size += len(lines[-1])
        if size > 2 * LONGEST_BODY:
            raise body_error(
                behaviour, number, "macros make the body too long", "use functions and constants"
            )
    return "\n".join(lines)


def _blank(match: re.Match[str]) -> str:
    text = match.group()
    return text if text[0] in "\"'" else " " + "\n" * text.count("\n")


def _expand(text: str, macros: dict[str, str]) -> str:
    return _WORD.sub(lambda m: macros.get(m.group(), m.group()), text) if macros else text


def _directive(behaviour: Behaviour, number: int, text: str, macros: dict[str, str]) -> None:
    if match := re.fullmatch(r'include\s*[<"]([\w./]+)[>"]', text):
        if match[1] not in _HEADERS:
            advice = f"a body is self-contained; of the headers it may name {', '.join(sorted(_HEADERS))}"
            raise unsupported(behaviour, number, f"#include of {match[1]!r}", advice)
    elif match := re.fullmatch(r"define\s+([A-Za-z_]\w*)\s+(.+)", text, re.ASCII):
        value = f"({_expand(match[2], macros)})"
        if len(value) > _LONGEST_MACRO:
            raise body_error(
                behaviour, number, f"the macro {match[1]} is too long", "use a static const or a function"
            )
        macros[match[1]] = value
    else:
        name = (re.findall(r"\w+", text) or [""])[0]
        advice = _INSTEAD.get(name, "write a static function instead of a macro, if (...) instead of #if")
        raise unsupported(behaviour, number, f"the preprocessor directive #{name[:40]}", advice)


def _end_of_functions(text: str) -> int:
    """Where the last function definition at depth 0 ends; 0 if there is none."""
    end, depth, in_function = 0, 0, False
    before: list[str] = []  # the tokens of the item at depth 0 so far
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "{":
            if depth == 0:
                in_function = _heads_function(before)
            depth += 1
        elif token == "}":
            depth -= 1
            if depth == 0:
                end = match.end() if in_function else end
                before = []
        elif depth == 0:
            before = [] if token == ";" else [*before, token]
    return end


def _heads_function(tokens: list[str]) -> bool:
    """Whether ``tokens`` before a brace read ``type name ( ... )``."""
    if "(" not in tokens or tokens[-1] != ")" or "=" in tokens:
        return False
    head = tokens[: tokens.index("(")]
    words = [t for t in head if _WORD.fullmatch(t)]
    return len(words) >= 2 and words[-1] == head[-1] and not _NOT_FUNCTIONS & set(words)


def _parse(behaviour: Behaviour, wrapped: str, text: str) -> c_ast.FileAST:
    parser = c_parser.CParser()
    try:
        return parser.parse(wrapped, "prelude")
    except c_parser.ParseError as error:
        match = re.match(r"body:(\d+):\d+: (.*)", str(error))
        last = text.count("\n") + 1
        line = min(int(match[1]), last) if match else min(_lexer_line(parser), last)
        what = (match[2] if match else str(error).rpartition(": ")[2]).replace("before:", "before")
        advice = "the body is the inside of void step(...): helper functions first, then statements"
        raise body_error(behaviour, line, f"C syntax error: {what}", advice) from None
    except RecursionError:
        raise too_deep(behaviour) from None


def _lexer_line(parser: c_parser.CParser) -> int:
    return max(1, int(parser.clex._lineno))


def too_deep(behaviour: Behaviour) -> Exception:
    """The error for a body whose nesting exhausts the stack."""
    return body_error(
        behaviour, 1, "the body is nested too deeply", "split expressions and blocks into functions"
    )


def _unit(behaviour: Behaviour, tree: c_ast.FileAST) -> Unit:
    functions: dict[str, c_ast.FuncDef] = {}
    declarations: list[c_ast.Node] = []
    statements: c_ast.Compound | None = None
    for item in tree.ext:
        if item.coord is None or item.coord.file != "body":
            continue
        if not isinstance(item, c_ast.FuncDef):
            declarations.append(item)
        elif item.decl.name == STEP:
            statements = item.body
        elif item.decl.name in functions:
            raise body_error(behaviour, item.coord.line, f"the function {item.decl.name!r} is defined twice")
        else:
            functions[item.decl.name] = item
    if statements is None or tree.ext[-1].decl.name != STEP:
        raise body_error(behaviour, 1, "C syntax error: braces do not match", "close every block of the body")
    return Unit(functions, tuple(declarations), statements)
