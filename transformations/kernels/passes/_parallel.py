"""Which loops may run their iterations in any order."""

from __future__ import annotations

from collections.abc import Mapping

from aicompiler.transformations.kernels._kernel import Kernel

from ._analysis import analysis_of
from ._dependences import Carried, DependenceKind, LoopVerdict, Parallel
from ._inline import inlined
from ._structure import entry_function, loop_name, loops_in

# True dependences explain best why a loop is sequential, so they come first.
_ORDER = (
    DependenceKind.VALUE,
    DependenceKind.FLOW,
    DependenceKind.LAST_VALUE,
    DependenceKind.OUTPUT,
    DependenceKind.ANTI,
)


def parallel_loops(kernel: Kernel) -> Mapping[str, LoopVerdict]:
    """For every loop of the kernel's function, by name: is it parallel, else what it carries.

    Parameters never overlap each other (the ABI's ``restrict``); arrays declared inside a loop are private to
    its iterations; a data-dependent index may be any element of its array.  Calls of local functions are
    looked into, loops inside of them are not reported.
    """
    names = {loop_name(loop) for loop in loops_in(entry_function(kernel))}
    flat = inlined(kernel)
    analysis = analysis_of(flat)
    verdicts: dict[str, LoopVerdict] = {}
    for loop in loops_in(entry_function(flat)):
        if loop_name(loop) in names:
            found = tuple(sorted(analysis.carried(loop), key=lambda d: _ORDER.index(d.kind)))
            verdicts[loop_name(loop)] = Carried(found) if found else Parallel()
    return verdicts
