"""Why a transformation of loops is refused: it would break a dependence, or it does not fit the loops."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from aicompiler.metamodels.diagnostics import AicError, Diagnostic, Severity
from aicompiler.metamodels.system import Source


@dataclass(frozen=True)
class Violation:
    """A dependence whose sink would run before its source.

    ``loops`` are those around both ends, outermost first; ``distance`` has a number per loop where it is the
    same for all violated pairs, else ``<``, ``>`` or ``*`` (sink later, earlier, either).
    """

    array: str
    kind: str
    source_line: int
    sink_line: int
    loops: tuple[str, ...]
    distance: tuple[int | str, ...]
    reason: str = ""

    def __str__(self) -> str:
        """One sentence for messages."""
        vector = ", ".join(str(d) for d in self.distance)
        around = ", ".join(self.loops)
        text = (
            f"{self.kind} dependence on {self.array} from line {self.source_line} to line {self.sink_line}, "
            f"distance ({vector}) in ({around})"
        )
        return f"{text} (assumed: {self.reason})" if self.reason else text


class IllegalTransformation(AicError):
    """A transformation that would change what the kernel computes; ``violation`` is the dependence."""

    exit_code = 1

    def __init__(self, kernel: str, what: str, violation: Violation) -> None:
        super().__init__(
            Diagnostic(
                severity=Severity.ERROR,
                rule="illegal-transformation",
                message=f"{what} breaks kernel {kernel!r}: {violation}",
                next_step="choose loops that do not carry this dependence, or leave the transformation out",
                source=Source(file="kernel body", line=violation.sink_line) if violation.sink_line else None,
            )
        )
        self.violation = violation


class InapplicableTransformation(AicError):
    """A transformation that is not defined for these loops, whatever they compute."""

    exit_code = 1

    def __init__(self, kernel: str, what: str, why: str, next_step: str = "", line: int = 0) -> None:
        super().__init__(
            Diagnostic(
                severity=Severity.ERROR,
                rule="inapplicable-transformation",
                message=f"{what} cannot be applied to kernel {kernel!r}: {why}",
                next_step=next_step or "see docs/reference/schedules.md for what each transformation takes",
                source=Source(file="kernel body", line=line) if line else None,
            )
        )


def suggestion(word: str, known: list[str]) -> str:
    """``; did you mean …?`` for a close match, else the list of what is known."""
    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
