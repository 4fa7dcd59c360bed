"""From the text of a body to a syntax tree whose line numbers are those of the body.

A body is the inside of ``void step(...)``.  Everything up to the end of its last function definition at
nesting depth 0 is taken to be at file scope (helper functions, tables); the rest are the step's statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aicompiler.metamodels.store import content_key
from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error
from pycparser import c_ast, c_parser

from ._preprocessor import Included, Preprocessor
from ._types import TYPE_NAMES

STEP = "aic_step"
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|'(?:\\.|[^'\\])+'|\S", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NOT_FUNCTIONS = {"if", "for", "while", "switch", "sizeof", "return", "else", "do"}


@dataclass(frozen=True)
class Unit:
    """A parsed body: helper functions by name, file-scope declarations, and the statements of the step."""

    functions: dict[str, c_ast.FuncDef]
    declarations: tuple[c_ast.Node, ...]
    statements: c_ast.Compound
    files: tuple[Included, ...] = ()


def parse_source(behaviour: Behaviour, folder: Path | None = None) -> Unit:
    """Parse a body and the files of ``folder`` that it includes; raises located errors for wrong syntax."""
    work = Preprocessor(behaviour, folder)
    text = work.body()
    split = _end_of_functions(text)
    types = " ".join(f"typedef int {name};" for name in TYPE_NAMES)
    parts = [f'#line 1 "{_file(i)}"\n{file.text}\n' for i, file in enumerate(work.files, 1)]
    body = f'#line 1 "body"\n{text[:split]} void {STEP}(void) {{{text[split:]}\n}}\n'
    tree = _parse(behaviour, f"{types}\n{''.join(parts)}{body}", text, work.files)
    return _unit(behaviour, tree, tuple(work.files))


def split_body(behaviour: Behaviour) -> tuple[str, str]:
    """What is at file scope in a body without includes, and the statements of its step."""
    text = Preprocessor(behaviour).body()
    split = _end_of_functions(text)
    return text[:split], text[split:]


def files_digest(behaviour: Behaviour, folder: Path | None) -> str:
    """A digest of the files that a body includes, '' if it includes none."""
    if "include" not in behaviour.body:
        return ""
    work = Preprocessor(behaviour, folder)
    work.body()
    texts = [f"{file.behaviour.source}\0{file.text}" for file in work.files]
    return content_key(*texts) if texts else ""


def _file(number: int) -> str:
    return f"included{number}"


def parse_definitions(behaviour: Behaviour, text: str, types: Iterable[str] = ()) -> list[c_ast.Node]:
    """The declarations and function definitions of a file without comments and directives (``preprocess``).

    ``types`` are names of further types; what they mean is the caller's to say.
    """
    known = " ".join(f"typedef int {name};" for name in dict.fromkeys((*TYPE_NAMES, *types)))
    tree = _parse(behaviour, f'{known}\n#line 1 "body"\n{text}\n', text)
    return [item for item in tree.ext if item.coord is not None and item.coord.file == "body"]


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


def _parse(behaviour: Behaviour, wrapped: str, text: str, files: Sequence[Included] = ()) -> c_ast.FileAST:
    parser = c_parser.CParser()
    try:
        return parser.parse(wrapped, "prelude")
    except c_parser.ParseError as error:
        match = re.match(r"(?:body|included(\d+)):(?:(\d+):\d+:)? (.*)", str(error))
        if match and match[1]:
            file = files[int(match[1]) - 1]
            behaviour, text = file.behaviour, file.text
        last = text.count("\n") + 1
        line = min(int(match[2]) if match and match[2] else _lexer_line(parser), last)
        what = (match[3] if match else str(error).rpartition(": ")[2]).replace("before:", "before")
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


def _unit(behaviour: Behaviour, tree: c_ast.FileAST, files: tuple[Included, ...]) -> Unit:
    functions: dict[str, c_ast.FuncDef] = {}
    declarations: list[c_ast.Node] = []
    statements: c_ast.Compound | None = None
    for item in tree.ext:
        if item.coord is None or item.coord.file == "prelude":
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
    return Unit(functions, tuple(declarations), statements, files)
