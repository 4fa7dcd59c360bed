"""The preprocessor of bodies: comments, object-like macros, and files of the model's folder.

A body may include files by ``#include "name"``: headers or sources with helper functions, tables and types.
They are looked up beside the including file, then in the model's folder, and never outside that; each is
taken once, so that guards are not needed and cycles end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from aicompiler.metamodels.journal import noted
from aicompiler.metamodels.system import Behaviour, Source
from aicompiler.transformations.kernels._errors import body_error, unsupported

LONGEST_BODY = 1_000_000
MOST_FILES = 64
DEEPEST_INCLUDES = 16
_LONGEST_MACRO = 1000
_HEADERS = {"math.h", "stdint.h", "stdbool.h", "stddef.h", "stdlib.h", "limits.h"}
_INSTEAD = {"pragma": "schedules are the tool's decision: drop it"}
_COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PATH = re.compile(r"(?![./])[\w./ -]{1,200}", re.ASCII)


@dataclass(frozen=True)
class Included:
    """A file that a body includes: its preprocessed text, and the line of the body that brings it in."""

    behaviour: Behaviour  # whose place is the file
    text: str
    line: int


@dataclass
class Preprocessor:
    """Preprocesses one body; ``files`` are those it included, in the order in which they count."""

    behaviour: Behaviour
    folder: Path | None = None
    files: list[Included] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._macros: dict[str, str] = {}
        self._seen: set[Path] = set()
        self._size = 0
        self._line = 1  # of the body, while files are read

    def body(self) -> str:
        """The body without comments and directives; raises located errors."""
        length = len(self.behaviour.body)
        if length > LONGEST_BODY:
            message = f"the body has {length} characters"
            raise body_error(self.behaviour, 1, message, f"keep it under {LONGEST_BODY}")
        return self.text(self.behaviour, _plain_lines(self.behaviour.body), self.folder, 0)

    def text(self, behaviour: Behaviour, text: str, home: Path | None, depth: int) -> str:
        """The text of a file (or body) without comments and directives; lines keep their numbers."""
        text = _COMMENT_OR_TEXT.sub(_blank, text).replace("\\\n", " \n")
        source = text.split("\n")
        guard = _guard(source) if depth else set()
        lines: list[str] = []
        for number, line in enumerate(source, 1):
            self._line = number if depth == 0 else self._line
            if line.lstrip().startswith("#"):
                if number not in guard:
                    self._directive(behaviour, number, line.strip()[1:].strip(), home, depth)
                lines.append("")
            else:
                lines.append(self._expand(line))
                self._size += len(lines[-1])
            if self._size > 2 * LONGEST_BODY:
                raise body_error(
                    behaviour, number, "macros make the body too long", "use functions and constants"
                )
        return "\n".join(lines)

    def _expand(self, text: str) -> str:
        return _WORD.sub(lambda m: self._macros.get(m.group(), m.group()), text) if self._macros else text

    def _directive(self, behaviour: Behaviour, number: int, text: str, home: Path | None, depth: int) -> None:
        if match := re.fullmatch(r'include\s*(<[^>]*>|"[^"]*")', text):
            self._include(behaviour, number, match[1], home, depth)
        elif match := re.fullmatch(r"define\s+([A-Za-z_]\w*)\s+(.+)", text, re.ASCII):
            value = f"({self._expand(match[2])})"
            if len(value) > _LONGEST_MACRO:
                raise body_error(
                    behaviour, number, f"the macro {match[1]} is too long", "use a static const or a function"
                )
            self._macros[match[1]] = value
        elif not (depth and re.fullmatch(r"pragma\s+once", text)):
            name = (re.findall(r"\w+", text) or [""])[0]
            advice = _INSTEAD.get(name, "write a static function instead of a macro, if (...) instead of #if")
            raise unsupported(behaviour, number, f"the preprocessor directive #{name[:40]}", advice)

    # --- files ---

    def _include(self, behaviour: Behaviour, number: int, quoted: str, home: Path | None, depth: int) -> None:
        name = quoted[1:-1]
        if name in _HEADERS:
            return
        headers = ", ".join(sorted(_HEADERS))
        if quoted[0] == "<" or self.folder is None or home is None:
            advice = f"of the system's headers a body may name {headers}"
            if quoted[0] != "<":
                advice = "there is no folder of the model to look in: put the functions into the body"
            raise unsupported(behaviour, number, f"#include of {name[:80]!r}", advice)
        path = self._found(behaviour, number, name, home)
        if path in self._seen:
            return
        self._seen.add(path)
        if len(self._seen) > MOST_FILES or depth >= DEEPEST_INCLUDES:
            message = f"more than {MOST_FILES} files, or includes nested deeper than {DEEPEST_INCLUDES}"
            raise body_error(behaviour, number, message, "put the functions into fewer files")
        text = self._read(behaviour, number, path)
        relative = path.relative_to(self.folder.resolve()).as_posix()
        source = behaviour.source or Source()
        place = replace(source, file=relative, line=1)
        inside = replace(self.behaviour, source=place)
        inner = self.text(inside, text, path.parent, depth + 1)
        self.files.append(Included(inside, inner, self._line))

    def _found(self, behaviour: Behaviour, number: int, name: str, home: Path) -> Path:
        assert self.folder is not None
        root = self.folder.resolve()
        candidates = [(folder / name) for folder in (home, root)] if _PATH.fullmatch(name) else []
        for candidate in candidates:
            try:
                path = candidate.resolve()
            except (OSError, RuntimeError):  # a name that is too long, a loop of links
                continue
            if path.is_relative_to(root) and path.is_file():
                return path
        advice = "name a file in the model's folder, with / between folders"
        raise body_error(behaviour, number, f"the file {name[:80]!r} to include is not there", advice)

    def _read(self, behaviour: Behaviour, number: int, path: Path) -> str:
        try:
            with path.open("rb") as file:
                content = file.read(LONGEST_BODY + 1)
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            message = f"the file {path.name!r} cannot be read: {error.__class__.__name__}"
            raise body_error(behaviour, number, message, "make it a readable text in UTF-8") from None
        noted(path, content)
        if len(content) > LONGEST_BODY:
            message = f"the file {path.name!r} is longer than {LONGEST_BODY} bytes"
            raise body_error(behaviour, number, message, "split it, and include what is needed")
        return _plain_lines(text)


def _plain_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _blank(match: re.Match[str]) -> str:
    text = match.group()
    return text if text[0] in "\"'" else " " + "\n" * text.count("\n")


def _guard(lines: list[str]) -> set[int]:
    """The lines of an include guard around a whole file: ``#ifndef X``, ``#define X``, ``#endif``."""
    used = [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip()]
    if len(used) < 3 or not (opened := re.fullmatch(r"#\s*ifndef\s+(\w+)", used[0][1])):
        return set()
    defined = re.fullmatch(r"#\s*define\s+(\w+)", used[1][1])
    if not defined or defined[1] != opened[1] or not re.fullmatch(r"#\s*endif", used[-1][1]):
        return set()
    return {used[0][0], used[1][0], used[-1][0]}


def preprocess(behaviour: Behaviour, text: str) -> str:
    """Blank comments, drop known includes, expand object-like macros; lines keep their numbers."""
    return Preprocessor(behaviour).text(behaviour, text, None, 0)
