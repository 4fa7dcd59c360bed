"""What the passes know of one kernel, each fact computed once: accesses, dependences, loop bodies."""

from __future__ import annotations

from functools import cached_property, lru_cache

from aicompiler.transformations.kernels._kernel import Kernel, Signature
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp

from ._accesses import Access, accesses
from ._dependences import Dependence, carried_by

KEPT = 64
"""Kernels whose analyses are kept: those of a build at full and at reduced shapes."""


class Analysis:
    """The facts of one kernel whose calls are inlined."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._carried: dict[scf.ForOp, tuple[Dependence, ...]] = {}

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """All loads and stores, in program order."""
        return accesses(self.kernel)

    def carried(self, loop: scf.ForOp) -> tuple[Dependence, ...]:
        """The dependences that ``loop`` carries; none if it is parallel."""
        if loop not in self._carried:
            self._carried[loop] = tuple(carried_by(loop, self.accesses))
        return self._carried[loop]


def analysis_of(kernel: Kernel) -> Analysis:
    """The facts of an inlined kernel; a module never changes, so they hold under every schedule."""
    return _analysis(kernel.module, kernel.signature)


@lru_cache(maxsize=KEPT)
def _analysis(module: ModuleOp, signature: Signature) -> Analysis:
    return Analysis(Kernel(signature, module))
