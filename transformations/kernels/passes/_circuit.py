"""What a scheduled kernel becomes as a circuit: clock cycles, functional units, memories.

A pipelined loop of T iterations takes (T - 1) · II + depth cycles and LOOP_CYCLES to enter and leave; a
sequential loop T · (body + 1) and the same.  Code outside pipelines runs one operation after the other.
Array parameters with an on-chip copy are read before and, unless IN, written back after, at one element a
cycle (OUT is read too, for a body need not write all of it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels._kernel import Direction, Kernel
from xdsl.dialects import func, scf
from xdsl.ir import Block, Operation, SSAValue

from ._analysis import analysis_of
from ._area import Usage, usage_of
from ._latency import EXTERNAL_CYCLES
from ._recurrence import Body
from ._resources import Resources, Uses
from ._storage import Storage, storage_of
from ._structure import (
    entry_function,
    line_of,
    loop_name,
    loops_in,
)
from ._trips import ASSUMED_TRIPS, evaluate, varies_with, while_bound

LOOP_CYCLES = 2


@dataclass(frozen=True)
class Circuit:
    """Cycles of one job from start to end, what is built for it, and the area that this takes."""

    cycles: int
    resources: Resources
    usage: Usage
    assumptions: tuple[str, ...]


def circuit(kernel: Kernel, unit: Unit) -> Circuit:
    """The circuit of a kernel that ``default_schedule`` scheduled for the FPGA ``unit``."""
    builder = _Builder(kernel, unit)
    cycles = builder.block_cycles(list(entry_function(kernel).body.block.ops), {}) + builder.copy_cycles()
    built = builder.resources()
    return Circuit(
        cycles=max(1, cycles),
        resources=built,
        usage=usage_of(built),
        assumptions=tuple(dict.fromkeys(builder.assumptions)),
    )


class _Builder:
    def __init__(self, kernel: Kernel, unit: Unit) -> None:
        self.kernel = kernel
        self.storage: Storage = storage_of(kernel, unit).with_partitions(kernel.schedule.partitions)
        self.analysis = analysis_of(kernel)
        named = {p.loop: p.interval for p in kernel.schedule.pipelines}
        self.intervals = {
            loop: named[name]
            for loop in loops_in(entry_function(kernel))
            if (name := loop_name(loop)) in named
        }
        self.depths = {loop: Body(self.analysis, loop, self.storage).depth() for loop in self.intervals}
        self.assumptions: list[str] = []

    # --- cycles ------------------------------------------------------------------------------------------

    def block_cycles(self, ops: list[Operation], known: Mapping[SSAValue, int]) -> int:
        return sum(self._cycles(op, known) for op in ops)

    def _inside(self, block: Block | None, known: Mapping[SSAValue, int]) -> int:
        return self.block_cycles(list(block.ops), known) if block is not None else 0

    def _cycles(self, op: Operation, known: Mapping[SSAValue, int]) -> int:
        match op:
            case scf.ForOp():
                return self._for(op, known)
            case scf.WhileOp():
                return self._while(op, known)
            case scf.IfOp():
                sides = (op.true_region.blocks.first, op.false_region.blocks.first)
                return 1 + max(self._inside(side, known) for side in sides)
            case func.ReturnOp() | scf.YieldOp():
                return 0
            case _:
                return self.storage.delay(self.kernel, op)

    def _for(self, loop: scf.ForOp, known: Mapping[SSAValue, int]) -> int:
        lower, upper, step = (evaluate(bound, known) for bound in (loop.lb, loop.ub, loop.step))
        if lower is None or upper is None or step is None:
            trips = ASSUMED_TRIPS
            self.assumptions.append(f"the loop in line {line_of(loop)} is assumed to make {trips} rounds")
            places = range(trips)
        else:
            places = range(lower, upper, step)
        if loop in self.intervals:
            interval = self.intervals[loop]
            return LOOP_CYCLES + (max(0, len(places) - 1) * interval + self.depths[loop] if places else 0)
        variable = loop.body.block.args[0]
        if any(varies_with(bound, variable) for inner in loops_in(loop) for bound in (inner.lb, inner.ub)):
            rounds = sum(self._inside(loop.body.block, {**known, variable: place}) + 1 for place in places)
            return LOOP_CYCLES + rounds
        return LOOP_CYCLES + len(places) * (self._inside(loop.body.block, known) + 1)

    def _while(self, loop: scf.WhileOp, known: Mapping[SSAValue, int]) -> int:
        test = self._inside(loop.before_region.block, known) + 1
        bound = while_bound(loop)
        if bound is None:
            self.assumptions.append(
                f"the loop in line {line_of(loop)} is assumed to make {ASSUMED_TRIPS} rounds"
            )
        rounds = ASSUMED_TRIPS if bound is None else bound[0]
        return rounds * (test + self._inside(loop.after_region.block, known)) + test

    def copy_cycles(self) -> int:
        """Filling and draining the on-chip copies of array parameters."""
        total = 0
        for parameter in self.kernel.signature.parameters:
            if parameter.shape and parameter.name in self.storage.on_chip:
                times = 1 if parameter.direction is Direction.IN else 2
                total += times * (parameter.elements + EXTERNAL_CYCLES)
        return total

    def resources(self) -> Resources:
        """What is built."""
        return Uses(self.analysis, tuple(self.intervals)).resources(self.storage, self.intervals)
