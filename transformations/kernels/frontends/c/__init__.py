"""The front end for C: a body, the inside of ``void step(...)``, to one verified MLIR module.

The subset: integers of 8 to 64 bits, ``float``, ``double``, ``_Bool``; arrays of constant extent, up to
four dimensions; all operators and statements but ``switch``, ``break``, ``continue``, ``goto``; functions
on scalars and whole arrays, without recursion; ``return`` at the end or from an ``if`` outside loops;
``const`` tables, ``enum``, ``typedef`` of scalars, ``#define NAME value``; the functions of math.h in
``_calls``.  Types are LP64 with a signed ``char``; numbers are converted as C11 says.
"""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature

from ._calls import ARITIES, Function
from ._effects import effects_of, is_pure, names_in
from ._emitter import Value
from ._program import Builtin, Dialect, Program
from ._source import LONGEST_BODY, Unit, parse_definitions, parse_source, preprocess, too_deep
from ._types import TYPE_NAMES, common, promoted, type_of_names

__all__ = [
    "ARITIES",
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
    "too_deep",
    "type_of_names",
]


def parse_c(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a C body; raises ``UnsupportedConstruct`` outside the subset, ``BodyError`` for wrong C."""
    return lower(behaviour, signature, parse_source(behaviour))


def lower(behaviour: Behaviour, signature: Signature, unit: Unit, dialect: Dialect | None = None) -> Kernel:
    """Lower syntax trees, of C or of a language rewritten into it, whose lines are those of the body."""
    try:
        module = Program(behaviour, signature, unit, dialect).module()
    except RecursionError:
        raise too_deep(behaviour) from None
    module.verify()
    return Kernel(signature, module)
