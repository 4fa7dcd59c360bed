"""What a scheduled kernel becomes as a circuit: clock cycles, functional units, memories.

A pipelined loop of T iterations takes (T - 1) · II + depth cycles and LOOP_CYCLES to enter and leave; a
sequential loop T · (body + 1) and the same.  Code outside pipelines runs one operation after the other.
Array parameters with an on-chip copy are read before and, unless IN, written back after, at one element a
cycle (OUT is read too, for a body need not write all of it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels._kernel import Direction, Kernel
from xdsl.dialects import func, memref, scf
from xdsl.ir import Block, Operation, SSAValue

from ._accesses import accesses
from ._latency import EXTERNAL_CYCLES, operand_bits
from ._recurrence import Body
from ._storage import Storage, storage_of
from ._structure import (
    by_power_of_two,
    constant,
    constant_trips,
    entry_function,
    line_of,
    loop_name,
    loops_in,
)
from ._trips import ASSUMED_TRIPS, evaluate, varies_with, while_bound

LOOP_CYCLES = 2


@dataclass(frozen=True, order=True)
class FunctionalUnit:
    """``instances`` copies of an operator; ``by_power_of_two`` marks those that are mere shifts."""

    operation: str
    bits: int
    by_power_of_two: bool
    instances: int


@dataclass(frozen=True)
class Memory:
    """An array of the circuit; ``readers`` are the copies of accesses whose index is not a constant."""

    name: str
    elements: int
    bits: int
    is_parameter: bool
    is_table: bool
    in_registers: bool
    block_rams: int
    readers: int


@dataclass(frozen=True)
class Circuit:
    """Cycles of one job from start to end, and what is built for it."""

    cycles: int
    units: tuple[FunctionalUnit, ...]
    memories: tuple[Memory, ...]
    loops: int
    assumptions: tuple[str, ...]


def circuit(kernel: Kernel, unit: Unit) -> Circuit:
    """The circuit of a kernel that ``default_schedule`` scheduled for the FPGA ``unit``."""
    builder = _Builder(kernel, unit)
    cycles = builder.block_cycles(list(entry_function(kernel).body.block.ops), {}) + builder.copy_cycles()
    return Circuit(
        cycles=max(1, cycles),
        units=builder.functional_units(),
        memories=builder.memories(),
        loops=sum(1 for _ in loops_in(entry_function(kernel))),
        assumptions=tuple(dict.fromkeys(builder.assumptions)),
    )


class _Builder:
    def __init__(self, kernel: Kernel, unit: Unit) -> None:
        self.kernel = kernel
        self.storage: Storage = storage_of(kernel, unit).with_partitions(kernel.schedule.partitions)
        self.known = accesses(kernel)
        self.intervals = {p.loop: p.interval for p in kernel.schedule.pipelines}
        self.bodies = {
            loop: Body(kernel, loop, self.known, self.storage)
            for loop in loops_in(entry_function(kernel))
            if loop_name(loop) in self.intervals
        }
        self.depths = {loop: body.depth() for loop, body in self.bodies.items()}
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
        if loop in self.bodies:
            interval = self.intervals[loop_name(loop)]
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

    # --- what is built -----------------------------------------------------------------------------------

    def functional_units(self) -> tuple[FunctionalUnit, ...]:
        """Per pipeline ⌈operations an iteration / II⌉ of each operator, outside of pipelines one of each."""
        wanted: Counter[tuple[str, int, bool]] = Counter()
        shared: set[tuple[str, int, bool]] = set()
        inside: set[Operation] = set()
        for loop, body in self.bodies.items():
            mine: Counter[tuple[str, int, bool]] = Counter()
            for op in body.operations:
                inside.add(op)
                if _is_operator(op):
                    mine[_key(op)] += copies(op, loop)
            for key, number in mine.items():
                wanted[key] += -(-number // self.intervals[loop_name(loop)])
        for op in entry_function(self.kernel).walk():
            if op not in inside and _is_operator(op):
                shared.add(_key(op))
        wanted.update(shared)
        return tuple(sorted(FunctionalUnit(*key, number) for key, number in wanted.items()))

    def memories(self) -> tuple[Memory, ...]:
        """Every array, with where it lives."""
        readers: Counter[str] = Counter()
        for access in self.known:
            op = access.operation
            if isinstance(op, memref.LoadOp | memref.StoreOp) and any(
                constant(i) is None for i in op.indices
            ):
                loop = next((loop for loop in access.loops if loop in self.bodies), None)
                number = copies(op, loop) if loop is not None else 1
                readers[access.name] += number
        return tuple(
            Memory(
                name=name,
                elements=array.elements,
                bits=array.bits,
                is_parameter=array.is_parameter,
                is_table=array.is_table,
                in_registers=name in self.storage.registers,
                block_rams=self.storage.block_rams(name),
                readers=readers[name],
            )
            for name, array in self.storage.arrays.items()
        )


def copies(op: Operation, loop: scf.ForOp) -> int:
    """How often ``op`` stands in one iteration of the pipelined ``loop``, whose inner loops are unrolled."""
    trips = 1
    current = op.parent_op()
    while current is not None and current is not loop:
        if isinstance(current, scf.ForOp):
            trips *= constant_trips(current) or 1
        current = current.parent_op()
    return trips


def _is_operator(op: Operation) -> bool:
    if op.regions or not op.results or not op.operands:
        return False
    return op.name.startswith(("arith.", "math."))


def _key(op: Operation) -> tuple[str, int, bool]:
    return op.name, operand_bits(op), by_power_of_two(op)
