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

from ._program import Program
from ._source import parse_source, too_deep


def parse_c(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a C body; raises ``UnsupportedConstruct`` outside the subset, ``BodyError`` for wrong C."""
    unit = parse_source(behaviour)
    try:
        module = Program(behaviour, signature, unit).module()
    except RecursionError:
        raise too_deep(behaviour) from None
    module.verify()
    return Kernel(signature, module)
