"""The front end for C: a body, the inside of ``void step(...)``, to one verified MLIR module."""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature

from ._program import Program
from ._source import parse_source, too_deep


def parse_c(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a C body (see ``docs/kernels.md`` for the subset); raises located ``ModelError``."""
    unit = parse_source(behaviour)
    try:
        module = Program(behaviour, signature, unit).module()
    except RecursionError:
        raise too_deep(behaviour) from None
    module.verify()
    return Kernel(signature, module)
