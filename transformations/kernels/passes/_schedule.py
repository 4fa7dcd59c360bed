"""The default schedule of a kernel on a unit."""

from __future__ import annotations

from dataclasses import replace

from aicompiler.metamodels.system import Unit, UnitKind
from aicompiler.transformations.kernels._kernel import Kernel, Schedule

from ._inline import inline
from ._launches import phases
from ._pipelines import circuit_schedule
from ._wishes import renamed


def default_schedule(kernel: Kernel, unit: Unit) -> Kernel:
    """The kernel scheduled for ``unit``: phases on a GPU, pipelines on an FPGA, nothing elsewhere.

    For a GPU and an FPGA local functions are inlined first and loops renumbered; the result's module is then
    another one than the input's.  The rules are those of ``_launches.phases`` and ``_pipelines``; an FPGA's
    starts from the schedule that the kernel has, which is what a front end asks for.
    """
    if unit.kind is UnitKind.GPU:
        flat = inline(kernel)
        return replace(flat, schedule=Schedule(phases=phases(flat)))
    if unit.kind is UnitKind.FPGA:
        flat = inline(kernel)
        wish = renamed(kernel.schedule, kernel, flat)
        return replace(flat, schedule=circuit_schedule(flat, unit, wish))
    return kernel if kernel.schedule == Schedule() else replace(kernel, schedule=Schedule())
