"""From the text of a body to the tree of ``alf.lark``; what is no Alf, or not ours, is told in words."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import BodyError, body_error, unsupported
from lark import Lark, Token
from lark import Tree as LarkTree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

Tree: TypeAlias = "LarkTree[Token]"
LONGEST_BODY = 1_000_000

_OBJECTS = "a kernel has no objects: use ports, attributes and local names"
_STATEMENTS = "end statements with ; and put the bodies of if, for, while and do into { }"
# Words of Alf outside the subset: what they are, and what to write instead.
REFUSED_WORDS = {
    "accept": ("accept", "signals arrive as values of in-ports: read the port"),
    "active": ("an active class", _OBJECTS),
    "classify": ("classify", _OBJECTS),
    "clear": ("clear", "a kernel has no links: use arrays"),
    "delete": ("delete", _OBJECTS),
    "destroy": ("destroy", _OBJECTS),
    "hastype": ("hastype", "types are known from the model: compare values"),
    "instanceof": ("instanceof", "types are known from the model: compare values"),
    "null": ("null", "every name has a value: use a number that stands for none"),
    "reclassify": ("reclassify", _OBJECTS),
    "super": ("super", _OBJECTS),
    "WriteLine": ("WriteLine", "give results out through ports"),
    "ReadLine": ("ReadLine", "take inputs from ports"),
}
_REFUSED_SYMBOLS = {
    ".": ("a feature of an object", "name ports and attributes alone, or as this.name"),
    "->": ("this operation on a sequence", "write the loop: for (x in sequence) { ... }"),
    '"': ("a string", "use an array of integers"),
    "'": ("a name in quotes", "rename it to letters, digits and underscores"),
    "/": ("an inline statement", "write the whole body in that language"),
    "@": ("an annotation", "put // before it"),
    "#": ("a link or preprocessor line", "constants are read-only attributes of the component"),
    "$": ("link creation", "a kernel has no links: use arrays"),
}


_HEADER = re.compile(
    r"(?:\s|//[^\n]*|/\*.*?\*/)*\b(namespace|import|package|class|activity|abstract|private|public)\b",
    re.ASCII | re.DOTALL,
)


@cache
def _parser() -> Lark:
    """Built when it is first needed."""
    grammar = (files(__package__) / "alf.lark").read_text(encoding="utf-8")
    starts = ["body", "condition"]
    return Lark(grammar, parser="lalr", lexer="basic", start=starts, propagate_positions=True)


def read(behaviour: Behaviour, text: str, start: str) -> Tree:
    """The tree of a ``body`` or a ``condition``; raises located errors."""
    if len(text) > LONGEST_BODY:
        raise body_error(
            behaviour, 1, f"the body has {len(text)} characters", f"keep it under {LONGEST_BODY}"
        )
    if header := _HEADER.match(text):
        line = text.count("\n", 0, header.start(1)) + 1
        step = "write the statements alone: ports, attributes and constants are known by name"
        raise unsupported(behaviour, line, f"the definition of a unit ({header[1]})", step)
    try:
        return _parser().parse(text, start=start)
    except UnexpectedCharacters as error:
        before = text.split("\n")[error.line - 1][: error.column - 1]
        found = "->" if error.char == "'" and "->" in before else error.char  # a->reduce '+'
        raise _explained(behaviour, text, error.line, found) from None
    except UnexpectedToken as error:
        raise _explained(behaviour, text, _line(error, text), str(error.token)) from None


def _explained(behaviour: Behaviour, text: str, line: int, found: str) -> BodyError:
    known = REFUSED_WORDS.get(found) or _REFUSED_SYMBOLS.get(found)
    if known is not None:
        return unsupported(behaviour, line, *known)
    what = f"unexpected {found[:40]!r}" if found else "the body ends too early"
    return body_error(behaviour, min(line, text.count("\n") + 1), f"Alf syntax error: {what}", _STATEMENTS)


def _line(error: UnexpectedInput, text: str) -> int:
    """The line of a token; that of the end has none."""
    return error.line if isinstance(error.line, int) and error.line > 0 else text.rstrip().count("\n") + 1


def line_of(item: Tree | Token) -> int:
    """The line that a construct begins in."""
    if isinstance(item, Token):
        return item.line or 1
    return 1 if item.meta.empty else item.meta.line


def child(tree: Tree, number: int) -> Tree:
    """A child that is no token."""
    found = tree.children[number]
    assert not isinstance(found, Token)
    return found
