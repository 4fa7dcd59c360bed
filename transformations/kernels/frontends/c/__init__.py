"""The front end for C: a body, the inside of ``void step(...)``, to one verified MLIR module.

The subset: integers of 8 to 64 bits, ``float``, ``double``, ``_Bool``, ``enum``; structs of these; arrays of
constant extent, up to four dimensions; all operators; all statements but ``goto``, ``switch`` without falling
through; functions on scalars, structs, arrays, addresses, without recursion; ``const`` tables, ``typedef``,
``#define NAME value``, ``#include`` of files in the model's folder; the functions of math.h in ``_calls``.
Types are LP64 with a signed ``char``; numbers are converted as C11 says.  See docs/reference/c.md.
"""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature
from aicompiler.transformations.kernels.frontends._contract import FileFrontEnd

from ._calls import ARITIES, Function
from ._effects import effects_of, is_pure, names_in
from ._emitter import Value
from ._preprocessor import LONGEST_BODY, preprocess
from ._program import Builtin, Dialect, Program
from ._source import Unit, files_digest, parse_definitions, parse_source, split_body, too_deep
from ._types import TYPE_NAMES, common, promoted, type_of_names

__all__ = [
    "ARITIES",
    "C",
    "LONGEST_BODY",
    "TYPE_NAMES",
    "Builtin",
    "Dialect",
    "Function",
    "Unit",
    "Value",
    "common",
    "effects_of",
    "is_pure",
    "lower",
    "names_in",
    "parse_c",
    "parse_definitions",
    "parse_source",
    "preprocess",
    "promoted",
    "split_body",
    "too_deep",
    "type_of_names",
]


class CFrontEnd(FileFrontEnd):
    """Reads bodies and the files that they include."""

    def parse(self, behaviour: Behaviour, signature: Signature, folder: Path | None) -> Kernel:
        """As ``parse_c``."""
        return parse_c(behaviour, signature, folder)

    def digest(self, behaviour: Behaviour, folder: Path | None) -> str:
        """A digest of the included files."""
        return files_digest(behaviour, folder)


C = CFrontEnd()


def parse_c(behaviour: Behaviour, signature: Signature, folder: Path | None = None) -> Kernel:
    """Lower a C body; raises ``UnsupportedConstruct`` outside the subset, ``BodyError`` for wrong C."""
    return lower(behaviour, signature, parse_source(behaviour, folder))


def lower(behaviour: Behaviour, signature: Signature, unit: Unit, dialect: Dialect | None = None) -> Kernel:
    """Lower syntax trees, of C or of a language rewritten into it, whose lines are those of the body."""
    try:
        module = Program(behaviour, signature, unit, dialect).module()
    except RecursionError:
        raise too_deep(behaviour) from None
    module.verify()
    return Kernel(signature, module)
