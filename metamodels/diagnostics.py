"""What the tool says about a model: located, with the expectation and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from .system import Source


class Severity(Enum):
    """ERROR stops the build, WARNING is counted in the verdict, NOTE only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One statement about one place: ``rule`` is a stable kebab-case name, ``next_step`` says what to do."""

    severity: Severity
    rule: str
    message: str
    next_step: str = ""
    source: Source | None = None

    def __str__(self) -> str:
        """``place: severity: message; next step [rule]``, on one line."""
        text = f"{self.severity.value}: {self.message}"
        if self.source is not None and str(self.source):
            text = f"{self.source}: {text}"
        return f"{text}; {self.next_step} [{self.rule}]" if self.next_step else f"{text} [{self.rule}]"


class AicError(Exception):
    """A failure that the user can act on; ``exit_code`` is what the command line returns."""

    exit_code = 3

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        items = (diagnostics,) if isinstance(diagnostics, Diagnostic) else tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in items))
        self.diagnostics = items


class UnreadableInput(AicError):
    """The input is no model that can be read at all (exit 2)."""

    exit_code = 2


class OutputFailed(AicError):
    """The system does not let the result be written (exit 2)."""

    exit_code = 2


class ModelError(AicError):
    """The model was read and is wrong (exit 3)."""

    exit_code = 3


class Infeasible(AicError):
    """No deployment satisfies the model (exit 4)."""

    exit_code = 4


class SelfCheckFailed(AicError):
    """Generated code does not do what its model says (exit 5)."""

    exit_code = 5
