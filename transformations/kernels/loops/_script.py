"""Schedules as text: a named sequence of MLIR's ``transform`` dialect, read and written without loss.

The grammar is in docs/reference/schedules.md.  A pass option is a field of the transformation's dataclass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import NoReturn, Protocol, get_type_hints

from aicompiler.metamodels.diagnostics import AicError, Diagnostic, Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.kernels._kernel import Kernel

from ._cleanup import ConstantFold, Cse, Licm, StrengthReduce
from ._errors import suggestion
from ._fusion import Distribute, Fuse
from ._packing import Pack
from ._registers import ScalarReplace
from ._reorder import Interchange, Tile
from ._splitting import IndexSetSplit, Peel, Shift, Skew
from ._unroll import Unroll, UnrollAndJam
from ._vectorize import Parallelize, Vectorize

MOST_STEPS = 1000
OptionValue = str | int | bool | tuple[str, ...] | tuple[int, ...]


class Transformation(Protocol):
    """What a schedule is made of: a frozen dataclass whose fields are its options."""

    def apply(self, kernel: Kernel) -> Kernel:
        """The transformed kernel; ``IllegalTransformation`` if that would compute something else."""


_CLASSES: tuple[type, ...] = (
    ConstantFold,
    Cse,
    Distribute,
    Fuse,
    IndexSetSplit,
    Interchange,
    Licm,
    Pack,
    Parallelize,
    Peel,
    ScalarReplace,
    Shift,
    Skew,
    StrengthReduce,
    Tile,
    Unroll,
    UnrollAndJam,
    Vectorize,
)


def pass_name(kind: type) -> str:
    """``aic-unroll-and-jam`` for ``UnrollAndJam``."""
    return "aic" + re.sub(r"([A-Z])", lambda m: f"-{m.group(1).lower()}", kind.__name__)


PASSES: dict[str, type] = {pass_name(kind): kind for kind in _CLASSES}


class ScheduleError(AicError):
    """A schedule's text that is not in the grammar, or names a pass or an option that does not exist."""

    exit_code = 1

    def __init__(self, name: str, line: int, message: str, next_step: str) -> None:
        super().__init__(
            Diagnostic(
                severity=Severity.ERROR,
                rule="schedule",
                message=message,
                next_step=next_step,
                source=Source(file=name, line=line),
            )
        )


def apply_schedule(kernel: Kernel, schedule: Sequence[Transformation]) -> Kernel:
    """All transformations, one after the other; each is proved legal on what the ones before it made."""
    for transformation in schedule:
        kernel = transformation.apply(kernel)
    return kernel


# --- writing ----------------------------------------------------------------------------------------------

_ANY = "!transform.any_op"
_HEAD = (
    "module attributes {transform.with_named_sequence} {\n"
    f"  transform.named_sequence @__transform_main(%module: {_ANY}) {{\n"
    f'    %0 = transform.structured.match ops{{["func.func"]}} in %module : ({_ANY}) -> {_ANY}\n'
)
_FOOT = "    transform.yield\n  }\n}\n"


def print_schedule(schedule: Sequence[Transformation]) -> str:
    """The text of a schedule; options that have their default value are left out."""
    lines = []
    for number, step in enumerate(schedule):
        options = ", ".join(f"{_quoted(f)} = {_literal(v)}" for f, v in _options(step))
        given = f" with options = {{{options}}}" if options else ""
        lines.append(
            f'    %{number + 1} = transform.apply_registered_pass "{pass_name(type(step))}"{given} '
            f"to %{number} : ({_ANY}) -> {_ANY}\n"
        )
    return _HEAD + "".join(lines) + _FOOT


def _options(step: Transformation) -> list[tuple[str, OptionValue]]:
    found = []
    for field in fields(step):  # type: ignore[arg-type]
        value = getattr(step, field.name)
        if field.default is MISSING or value != field.default:
            found.append((field.name.replace("_", "-"), value))
    return found


def _literal(value: OptionValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    return f"[{', '.join(_literal(v) for v in value)}]"


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(byte) for byte in text.encode("utf-8", "surrogatepass")) + '"'


def _escaped(byte: int) -> str:
    plain = 32 <= byte < 127 and chr(byte) not in '"\\'
    return chr(byte) if plain else f"\\{byte:02X}"


# --- reading ----------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'(?P<space>\s+|//[^\n]*)|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<number>-?[0-9]{1,9}(?![0-9]))'
    r"|(?P<word>[%@!]?[A-Za-z_0-9][A-Za-z0-9_.$]*)|(?P<sign>->|[{}()\[\]:=,])"
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


def parse_schedule(text: str, name: str = "schedule") -> tuple[Transformation, ...]:
    """The transformations of a schedule's text; ``name`` is its file for messages (``ScheduleError``)."""
    return _Reader(text, name).schedule()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.tokens = list(self._scan(text))
        self.place = 0

    def _scan(self, text: str) -> list[_Token]:
        found, at, line = [], 0, 1
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self._fail(line, f"{text[at]!r} is no part of a schedule", "see docs/reference/schedules.md")
            if match.lastgroup != "space":
                found.append(_Token(str(match.lastgroup), match.group(), line))
            line += match.group().count("\n")
            at = match.end()
        found.append(_Token("end", "the end of the text", line))
        return found

    def _fail(self, line: int, message: str, next_step: str) -> NoReturn:
        raise ScheduleError(self.name, line, message, next_step)

    @property
    def now(self) -> _Token:
        return self.tokens[self.place]

    def take(self, text: str | None = None, kind: str | None = None) -> _Token:
        """The next token, which must be this text or of this kind."""
        token = self.now
        if (text is not None and token.text != text) or (kind is not None and token.kind != kind):
            self._fail(
                token.line, f"{text or kind} is expected, not {token.text}", "see docs/reference/schedules.md"
            )
        self.place += token.kind != "end"
        return token

    def phrase(self, text: str) -> None:
        """Exactly these tokens."""
        for token in self._scan(text)[:-1]:
            self.take(token.text)

    def handle(self) -> str:
        token = self.take(kind="word")
        if not token.text.startswith("%"):
            self._fail(token.line, f"{token.text} is no value: it lacks the %", "write %0, %1, …")
        return token.text

    def schedule(self) -> tuple[Transformation, ...]:
        self.phrase("module attributes {transform.with_named_sequence} {")
        self.phrase("transform.named_sequence @__transform_main(")
        root = self.handle()
        self.phrase(f": {_ANY}) {{")
        current = self.handle()
        self.phrase('= transform.structured.match ops{["func.func"]} in')
        self.known(root)
        self.phrase(f": ({_ANY}) -> {_ANY}")
        steps: list[Transformation] = []
        while self.now.text != "transform.yield":
            following = self.handle()
            self.phrase("= transform.apply_registered_pass")
            steps.append(self.step())
            self.phrase("to")
            self.known(current)
            self.phrase(f": ({_ANY}) -> {_ANY}")
            current = following
            if len(steps) > MOST_STEPS:
                self._fail(self.now.line, f"more than {MOST_STEPS} passes", "leave some out")
        self.phrase("transform.yield } }")
        self.take(kind="end")
        return tuple(steps)

    def known(self, handle: str) -> None:
        """The value that the line before gives: schedules are chains."""
        token = self.now
        if self.handle() != handle:
            self._fail(token.line, f"{token.text} is used where {handle} is expected", f"write {handle}")

    def step(self) -> Transformation:
        token = self.take(kind="string")
        name = self.text(token)
        kind = PASSES.get(name)
        if kind is None:
            self._fail(token.line, f"there is no pass {name!r}", suggestion(name, list(PASSES)))
        hints = get_type_hints(kind)
        known = {f.name.replace("_", "-"): f for f in fields(kind)}
        given: dict[str, OptionValue] = {}
        for option in self.options():
            name = self.text(option) if option.kind == "string" else option.text
            if name not in known:
                what = f"{pass_name(kind)} has no option {name!r}"
                self._fail(option.line, what, suggestion(name, list(known)) if known else "it has no options")
            if known[name].name in given:
                self._fail(option.line, f"the option {name!r} is given twice", "leave one out")
            self.take("=")
            given[known[name].name] = self.value(name, hints[known[name].name])
        for name, field in known.items():
            if field.default is MISSING and field.name not in given:
                self._fail(token.line, f"{pass_name(kind)} needs the option {name!r}", f"add {name} = …")
        made: Callable[..., Transformation] = kind
        return made(**given)

    def text(self, token: _Token) -> str:
        """What a string stands for."""
        try:
            return _unquoted(token.text)
        except UnicodeDecodeError:
            self._fail(token.line, f"{token.text} is no UTF-8", "write such characters as they are")

    def options(self) -> Iterator[_Token]:
        """The names of the options, one at a time: the caller reads what follows a name."""
        if self.now.text != "with":
            return
        self.phrase("with options = {")
        while self.now.text != "}":
            yield self.take(kind="word" if self.now.kind == "word" else "string")
            if self.now.text != "}":
                self.take(",")
        self.take("}")

    def value(self, option: str, hint: object) -> OptionValue:
        token = self.now
        value = self._list() if token.text == "[" else self._scalar()
        if not _fits(value, hint):
            expected = _SPELLED.get(hint, str(hint))
            self._fail(token.line, f"{option} takes {expected}, not {token.text}", f"write {expected}")
        return value

    def _scalar(self) -> str | int | bool:
        token = self.now
        self.place += token.kind != "end"
        if token.kind == "string":
            return self.text(token)
        if token.kind == "number":
            return int(token.text)
        if token.text not in ("true", "false"):
            self._fail(token.line, f"{token.text} is no value", 'write "text", a number, true or false')
        return token.text == "true"

    def _list(self) -> OptionValue:
        self.take("[")
        found: list[str | int | bool] = []
        while self.now.text != "]":
            found.append(self._scalar())
            if self.now.text != "]":
                self.take(",")
        self.take("]")
        return tuple(found)  # type: ignore[return-value]


_SPELLED: dict[object, str] = {
    str: 'a "text"',
    int: "a number",
    bool: "true or false",
    tuple[str, ...]: 'a list ["text", …]',
    tuple[int, ...]: "a list [1, …]",
}


def _fits(value: object, hint: object) -> bool:
    if hint in (str, int, bool):
        return type(value) is hint
    item = str if hint == tuple[str, ...] else int
    return isinstance(value, tuple) and all(type(v) is item for v in value)


def _unquoted(text: str) -> str:
    plain = re.sub(rb"\\([0-9A-Fa-f]{2}|.)", _byte, text[1:-1].encode("utf-8", "surrogatepass"))
    return plain.decode("utf-8", "surrogatepass")


def _byte(match: re.Match[bytes]) -> bytes:
    given = match.group(1)
    if len(given) == 2:
        return bytes([int(given, 16)])
    return {b"n": b"\n", b"t": b"\t"}.get(given, given)
