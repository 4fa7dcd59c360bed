"""What the front ends and the interpreter refuse, with the place in the body."""

from __future__ import annotations

from dataclasses import replace

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Behaviour, Source


class BodyError(ModelError):
    """A body that its language does not allow: a syntax error, an undeclared name, a wrong type."""


class UnsupportedConstruct(BodyError):
    """A body that is correct and outside the subset; ``construct`` names what it uses."""

    def __init__(self, diagnostic: Diagnostic, construct: str) -> None:
        super().__init__(diagnostic)
        self.construct = construct


class InterpretationError(ModelError):
    """A kernel did something that C leaves undefined; ``line`` is the line in its body, 0 if unknown."""

    def __init__(self, kernel: str, line: int, what: str) -> None:
        place = f"{kernel}, line {line} of the body" if line else kernel
        super().__init__(
            Diagnostic(
                severity=Severity.ERROR,
                rule="undefined-behaviour",
                message=f"{place}: {what}",
                next_step="C leaves this undefined; guard it in the body",
            )
        )
        self.line = line


def place_in(behaviour: Behaviour, line: int) -> Source:
    """The place of ``line`` (from 1) of a body; a body that knows its own line shifts it."""
    source = behaviour.source or Source(qualified_name=behaviour.name or behaviour.id)
    return replace(source, line=source.line + line - 1 if source.line else line)


def body_error(behaviour: Behaviour, line: int, message: str, next_step: str = "") -> BodyError:
    """A ``BodyError`` at ``line`` of the body."""
    return BodyError(
        Diagnostic(
            severity=Severity.ERROR,
            rule="kernel-body",
            message=message,
            next_step=next_step,
            source=place_in(behaviour, line),
        )
    )


# How messages call the languages of bodies; all others are told about C.
_SUBSETS = {
    "alf": "Alf",
    "statemachine": "state machine",
    "opencl": "OpenCL C",
    "opencl c": "OpenCL C",
    "cuda": "CUDA C++",
    "cuda c++": "CUDA C++",
    "hls": "HLS C++",
    "hls c++": "HLS C++",
}


def unsupported(behaviour: Behaviour, line: int, construct: str, advice: str) -> UnsupportedConstruct:
    """An ``UnsupportedConstruct`` at ``line`` of the body; ``advice`` says what to write instead."""
    language = _SUBSETS.get(behaviour.language.strip().lower(), "C")
    diagnostic = Diagnostic(
        severity=Severity.ERROR,
        rule="unsupported-construct",
        message=f"{construct} is outside the {language} subset of kernels",
        next_step=advice,
        source=place_in(behaviour, line),
    )
    return UnsupportedConstruct(diagnostic, construct)
