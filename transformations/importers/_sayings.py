"""What importers say of a model: names on one line, and each statement once."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Source


def shown(name: str | None) -> str:
    """A name on one line: quotes, controls, line ends and what is invisible escaped, letters as they are."""
    text = name or ""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in escaped)


class Sayings:
    """Diagnostics in the order in which they were said first, each of them once."""

    def __init__(self) -> None:
        self._said: dict[Diagnostic, None] = {}

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._said)

    @property
    def failed(self) -> bool:
        """Whether one of them is an error."""
        return any(d.severity is Severity.ERROR for d in self)

    def add(self, said: Diagnostic) -> None:
        """Add a diagnostic, unless it was said before."""
        self._said.setdefault(said)

    def say(self, severity: Severity, rule: str, message: str, next_step: str, source: Source) -> None:
        """Say something of a place."""
        said = Diagnostic(severity=severity, rule=rule, message=message, next_step=next_step, source=source)
        self.add(said)
