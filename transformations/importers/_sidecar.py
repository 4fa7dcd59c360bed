"""Read a side-car ``MODEL.aic.toml``: settings with their place, values as integers in base units.

What each section may say stands in ``SECTIONS``; docs/reference/sidecar.md explains it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.journal import noted
from aicompiler.metamodels.system import (
    ChannelProtocol,
    ElementType,
    FlowBound,
    LinkKind,
    SchedulingPolicy,
    Source,
    UnitKind,
)

from ._quantities import ENERGY, FREQUENCY, POWER, RATE, SIZE, TIME, Dimension, down, measure, up
from ._sayings import shown
from ._vsl import VslError

MAX_BYTES = 4 * 1024 * 1024

Parser = Callable[[Any], Any]  # TOML value -> value in base units; raises VslError


@dataclass(frozen=True)
class Setting:
    """One key of a side-car: ``pattern`` is the glob of its section, '' where the section has none."""

    section: str
    pattern: str
    key: str
    value: Any
    source: Source


@dataclass(frozen=True)
class Sidecar:
    """All settings of one file, in file order; of two for one feature the later one counts."""

    file: str = ""
    settings: tuple[Setting, ...] = ()

    def of(self, section: str) -> Iterator[Setting]:
        """The settings of one section, in file order."""
        return (s for s in self.settings if s.section == section)


# --- values -----------------------------------------------------------------------------------------------


def _quantity(dimension: Dimension, rounding: Callable[[Any], int], example: str, value: Any) -> int:
    if not isinstance(value, str):
        raise VslError(f'write a text with a unit, such as "{example}"')
    given = measure(value, dimension)
    if given.assumed or given.typical is None:
        raise VslError(f'it has no unit; write it as "{example}"')
    return rounding(given.typical)


def _integer(least: int, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise VslError(f"expected a whole number of at least {least}")
    return value


def _choice(kind: Any, value: Any) -> Any:
    wanted = value.lower() if isinstance(value, str) else value
    found = next((literal for literal in kind if literal.value.lower() == wanted), None)
    if found is None:
        raise VslError(f"expected one of {', '.join(literal.value for literal in kind)}")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise VslError("expected a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_text(v) for v in values)


def _literals(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(v, (int, float)) for v in values):
        raise VslError("expected numbers")
    return tuple(str(v).lower() for v in values)


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise VslError("expected a list of extents such as [480, 640]")
    return tuple(_integer(1, v) for v in value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise VslError("expected true or false")
    return value


def _vsl(value: Any) -> str:
    """The value of a variable, kept as the text it would have in a model."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or value == "":
        raise VslError('expected a number or a text such as "4 ms"')
    return str(value)


def _activation(value: Any) -> str:
    if value != "on data":
        raise VslError('expected "on data"; period and min_interarrival say the other activations')
    return "on data"


_DURATION = partial(_quantity, TIME, up, "4 ms")
_LIMIT = partial(_quantity, TIME, down, "4 ms")
_POWER_UP = partial(_quantity, POWER, up, "5 W")
_POWER_DOWN = partial(_quantity, POWER, down, "12 W")
_ENERGY = partial(_quantity, ENERGY, up, "3 mJ")
_BUDGET = partial(_quantity, ENERGY, down, "3 mJ")
_CLOCK = partial(_quantity, FREQUENCY, down, "1.2 GHz")
_RATE = partial(_quantity, RATE, down, "100 MB/s")
_SIZE_UP = partial(_quantity, SIZE, up, "64 KB")
_SIZE_DOWN = partial(_quantity, SIZE, down, "4 GB")
_COUNT, _NATURAL = partial(_integer, 1), partial(_integer, 0)

_TIMED: Mapping[str, Parser] = {
    **{f"{time}.{kind}": _DURATION for time in ("wcet", "acet", "bcet") for kind in ("cpu", "gpu", "fpga")},
    **{f"energy.{kind}": _ENERGY for kind in ("cpu", "gpu", "fpga")},
    "period": _LIMIT,
    "offset": _LIMIT,
    "jitter": _DURATION,
    "min_interarrival": _LIMIT,
    "activation": _activation,
    "deadline": _LIMIT,
}

SECTIONS: Mapping[str, Mapping[str, Parser]] = {
    "component": {
        **_TIMED,
        "pin": _text,
        "core": _NATURAL,
        "forbid": _texts,
        "criticality": _NATURAL,
        "replicas": _COUNT,
        "memory": _SIZE_UP,
        "split": _texts,
    },
    "entry": {**_TIMED, "ports": _texts},
    "port": {"type": partial(_choice, ElementType), "shape": _shape},
    "channel": {
        "protocol": partial(_choice, ChannelProtocol),
        "capacity": _COUNT,
        "consume": _COUNT,
        "initial": _literals,
        "type": partial(_choice, ElementType),
        "shape": _shape,
    },
    "flow": {
        "deadline": _LIMIT,
        "bound": partial(_choice, FlowBound),
        "max_outage": _LIMIT,
        "entries": _texts,
    },
    "unit": {
        "kind": partial(_choice, UnitKind),
        "cores": _COUNT,
        "frequency": _CLOCK,
        "dynamic_power": _POWER_UP,
        "static_power": _POWER_UP,
        "memory": _SIZE_DOWN,
        "memory_bandwidth": _RATE,
        "ops_per_cycle": _COUNT,
        "launch_overhead": _DURATION,
        "policy": partial(_choice, SchedulingPolicy),
        "can_fail": _flag,
        "device": _text,
    },
    "link": {
        "kind": partial(_choice, LinkKind),
        "bandwidth": _RATE,
        "latency": _DURATION,
        "energy_per_byte": _ENERGY,
    },
}
"""Sections whose tables carry a glob, and what may stand in them."""

GROUPS = ("separate", "isolate", "co_locate")
"""Sections whose keys are free names of groups of components."""

FREE: Mapping[str, Parser] = {**dict.fromkeys(GROUPS, _texts), "variables": _vsl}
"""Sections whose keys are free names, and what may stand behind each."""

PLAIN: Mapping[str, Mapping[str, Parser]] = {
    "platform": {"use": _text},
    "import": {"root": _text, "context": _text, "keep_allocation": _flag},
    "budget": {"power": _POWER_DOWN, "peak_power": _POWER_DOWN, "energy": _BUDGET},
    "objective": {"order": _texts},
}
"""Sections without globs."""


# --- reading ----------------------------------------------------------------------------------------------


def sidecar_path(model: Path) -> Path:
    """Where the side-car of a model lies: ``NAME.uml`` and ``NAME.system.xmi`` have ``NAME.aic.toml``."""
    return model.with_name(f"{model.name.removesuffix('.system.xmi').removesuffix(model.suffix)}.aic.toml")


def read_sidecar(path: Path) -> tuple[Sidecar, list[Diagnostic]]:
    """The settings of a side-car and what is wrong with it; ``UnreadableInput`` if it is no TOML."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unreadable(path, "too-large", f"it is larger than {MAX_BYTES >> 20} MiB", "split it", 0)
        content = path.read_bytes()
        noted(path, content)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise _unreadable(
            path, "unreadable-file", f"it cannot be read: {reason}", "check the path", 0
        ) from error
    return parse_sidecar(text, path)


def parse_sidecar(text: str, path: Path) -> tuple[Sidecar, list[Diagnostic]]:
    """As ``read_sidecar``, from its text."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+)", str(error))
        message = f"this is no TOML: {str(error).partition(' (at ')[0]}"
        raise _unreadable(
            path, "not-toml", message, "correct the line", int(found[1]) if found else 0
        ) from error
    return _Reader(path.name, _lines(text)).read(document)


def _unreadable(path: Path, rule: str, message: str, step: str, line: int) -> UnreadableInput:
    source = Source(file=path.name, line=line)
    return UnreadableInput(
        Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=step, source=source)
    )


class _Reader:
    """Walks the tables of a document and keeps what is understood."""

    def __init__(self, file: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self.file = file
        self.lines = lines
        self.settings: list[Setting] = []
        self.diagnostics: list[Diagnostic] = []

    def read(self, document: Mapping[str, Any]) -> tuple[Sidecar, list[Diagnostic]]:
        for section, content in document.items():
            if section not in (*SECTIONS, *PLAIN, *FREE):
                self._unknown((section,), "section", section, (*PLAIN, *SECTIONS, *FREE))
            elif not isinstance(content, dict):
                self._error((section,), "sidecar-value", f"{section} is no table", f"write [{section}]")
            elif section in SECTIONS:
                for pattern, table in content.items():
                    self._glob(section, pattern, table)
            elif section in PLAIN:
                self._table((section,), content, PLAIN[section], section, "")
            else:
                self._table((section,), content, dict.fromkeys(content, FREE[section]), section, "")
        return Sidecar(self.file, tuple(self.settings)), self.diagnostics

    def _glob(self, section: str, pattern: str, table: Any) -> None:
        if not isinstance(table, dict) or pattern in SECTIONS[section]:
            step = f'write [{section}."NAME"] and the key below it'
            message = f"{section} lacks the name of what '{pattern}' speaks of"
            self._error((section, pattern), "sidecar-value", message, step)
            return
        self._table((section, pattern), table, SECTIONS[section], section, pattern)

    def _table(
        self,
        path: tuple[str, ...],
        table: Mapping[str, Any],
        known: Mapping[str, Parser],
        section: str,
        pattern: str,
    ) -> None:
        for place, key, value in _leaves(table, path):
            if key not in known:
                self._unknown(place, "key", key, tuple(known))
                continue
            try:
                parsed = known[key](value)
            except VslError as error:
                message = f"{key} is {_shown(value)}: {error}"
                self._error(place, "sidecar-value", message, "correct the value")
                continue
            self.settings.append(Setting(section, pattern, key, parsed, self._source(place)))

    def _unknown(self, path: tuple[str, ...], kind: str, name: str, known: tuple[str, ...]) -> None:
        close = get_close_matches(name, known, n=1)
        step = f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(known)}"
        self._error(path, f"sidecar-{kind}", f"there is no {kind} '{shown(name)[:80]}' here", step)

    def _error(self, path: tuple[str, ...], rule: str, message: str, step: str) -> None:
        source = self._source(path)
        self.diagnostics.append(
            Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=step, source=source)
        )

    def _source(self, path: tuple[str, ...]) -> Source:
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 0)
        return Source(file=self.file, line=line)


def _leaves(
    table: Mapping[str, Any], path: tuple[str, ...], prefix: str = ""
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key), f"{prefix}{key}.")
        else:
            yield (*path, key), f"{prefix}{key}", value


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and key, as far as they start a line of their own."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        with suppress(tomllib.TOMLDecodeError, RecursionError):
            if line.lstrip().startswith("["):
                table = _path(tomllib.loads(line))
                for length in range(1, len(table) + 1):
                    found.setdefault(table[:length], number)
            elif "=" in line and not line.lstrip().startswith("#"):
                path = (*table, *_path(tomllib.loads(_key(line))))
                for length in range(len(table) + 1, len(path) + 1):
                    found.setdefault(path[:length], number)
    return found


def _key(line: str) -> str:
    """The assignment of a line with its value left out; the first '=' outside quotes ends the key."""
    quote = ""
    for position, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == "=":
            return f"{line[:position]}= 0"
    return ""


def _path(document: Mapping[str, Any]) -> tuple[str, ...]:
    path: tuple[str, ...] = ()
    while isinstance(document, dict) and document:
        key, document = next(iter(document.items()))
        path = (*path, key)
    return path


def _shown(value: Any) -> str:
    text = shown(str(value))[:80]
    return f"'{text}'" if isinstance(value, str) else text
