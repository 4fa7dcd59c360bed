"""What is built for a scheduled kernel: operators, shared over the cycles of an interval, and memories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.dialects import memref, scf
from xdsl.ir import Operation

from ._analysis import Analysis
from ._latency import operand_bits
from ._storage import Storage
from ._structure import by_power_of_two, constant, constant_trips, entry_function, loops_in

Operator = tuple[str, int, bool]


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
    on_chip: bool
    block_rams: int
    readers: int


@dataclass(frozen=True)
class Resources:
    """All that is built."""

    units: tuple[FunctionalUnit, ...]
    memories: tuple[Memory, ...]
    loops: int


class Uses:
    """How often an iteration of each pipelined loop, and the code outside of them, uses each operator."""

    def __init__(self, analysis: Analysis, loops: tuple[scf.ForOp, ...]) -> None:
        self.analysis, self.loops = analysis, loops
        self.function = entry_function(analysis.kernel)
        self.inside = {loop: _uses(loop) for loop in loops}
        members = {op for loop in loops for op in loop.walk()}
        self.outside = {_key(op) for op in self.function.walk() if op not in members and _is_operator(op)}

    def resources(self, storage: Storage, intervals: Mapping[scf.ForOp, int]) -> Resources:
        """What is built if the pipelines start an iteration every so many cycles."""
        loops = sum(1 for _ in loops_in(self.function))
        return Resources(self.units(intervals), self._memories(storage), loops)

    def units(self, intervals: Mapping[scf.ForOp, int]) -> tuple[FunctionalUnit, ...]:
        """Per pipeline ⌈uses an iteration / II⌉ of each operator, outside of pipelines one of each."""
        wanted = Counter(self.outside)
        for loop, uses in self.inside.items():
            for key, number in uses.items():
                wanted[key] += -(-number // intervals[loop])
        return tuple(sorted(FunctionalUnit(*key, number) for key, number in wanted.items()))

    def _memories(self, storage: Storage) -> tuple[Memory, ...]:
        """Every array, with where it lives."""
        readers: Counter[str] = Counter()
        for access in self.analysis.accesses:
            op = access.operation
            if isinstance(op, memref.LoadOp | memref.StoreOp) and any(
                constant(i) is None for i in op.indices
            ):
                loop = next((loop for loop in access.loops if loop in self.inside), None)
                readers[access.name] += copies(op, loop) if loop is not None else 1
        return tuple(
            Memory(
                name=name,
                elements=array.elements,
                bits=array.bits,
                is_parameter=array.is_parameter,
                is_table=array.is_table,
                in_registers=name in storage.registers,
                on_chip=name in storage.on_chip,
                block_rams=storage.block_rams(name),
                readers=readers[name],
            )
            for name, array in storage.arrays.items()
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


def _uses(loop: scf.ForOp) -> Counter[Operator]:
    found: Counter[Operator] = Counter()
    for op in loop.walk():
        if op is not loop and _is_operator(op):
            found[_key(op)] += copies(op, loop)
    return found


def _is_operator(op: Operation) -> bool:
    if op.regions or not op.results or not op.operands:
        return False
    return op.name.startswith(("arith.", "math."))


def _key(op: Operation) -> Operator:
    return op.name, operand_bits(op), by_power_of_two(op)
