"""What this front end refuses, with the node and tensor it is about."""

from __future__ import annotations

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import BodyError, UnsupportedConstruct, place_in

LONGEST_NAME = 80


class Refusals:
    """Makes the errors of one behaviour: each at its place in the model, and naming the file."""

    def __init__(self, behaviour: Behaviour, file: str) -> None:
        self.behaviour = behaviour
        self.file = file

    def wrong(self, message: str, next_step: str) -> BodyError:
        """A file or graph that is no usable network."""
        return BodyError(self._diagnostic("onnx-file", message, next_step))

    def unsupported(self, construct: str, advice: str) -> UnsupportedConstruct:
        """A correct network outside the subset."""
        diagnostic = self._diagnostic(
            "unsupported-construct", f"{construct} is outside the ONNX subset of kernels", advice
        )
        return UnsupportedConstruct(diagnostic, construct)

    def _diagnostic(self, rule: str, message: str, next_step: str) -> Diagnostic:
        return Diagnostic(
            severity=Severity.ERROR,
            rule=rule,
            message=f"{self.file}: {message}",
            next_step=next_step,
            source=place_in(self.behaviour, 1),
        )


def shown(name: str) -> str:
    """A name from the file, quoted and of bounded length."""
    return repr(name[:LONGEST_NAME])


def shape_text(shape: tuple[int, ...]) -> str:
    """``[1, 3, 224, 224]``."""
    return str(list(shape))
