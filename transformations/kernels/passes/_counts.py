"""How many operations of which class a job executes, and how many bytes of its parameters it touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import prod

import islpy as isl
from aicompiler.transformations.kernels._kernel import Kernel, Phase
from xdsl.dialects import arith, func, math, memref, scf
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from ._accesses import Access
from ._analysis import analysis_of
from ._inline import inline
from ._latency import DIVISIONS
from ._structure import (
    by_power_of_two,
    constant_trips,
    element_bits,
    entry_function,
    line_of,
    local_functions,
    loop_name,
    loops_in,
)
from ._trips import ASSUMED_TRIPS, evaluate, varies_with, while_bound


@dataclass(frozen=True)
class Operations:
    """Executed operations by class; ``iterations`` counts loop rounds, whose bookkeeping no other class has.

    ``integer`` are additions, comparisons, logic, shifts, selections; ``floating`` the same on floats, and
    conversions; ``multiplications`` and ``divisions`` (remainders and square roots too) are of either kind,
    but those by powers of two are shifts; ``special`` are the functions of math.h.  Casts between integers
    and constants cost nothing and are not counted.
    """

    integer: int = 0
    floating: int = 0
    multiplications: int = 0
    divisions: int = 0
    special: int = 0
    loads: int = 0
    stores: int = 0
    iterations: int = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(*(a + b for a, b in zip(_numbers(self), _numbers(other), strict=True)))

    def times(self, factor: int) -> Operations:
        """Repeated ``factor`` times."""
        return Operations(*(a * factor for a in _numbers(self)))

    def most(self, other: Operations) -> Operations:
        """The larger of both, class by class."""
        return Operations(*(max(a, b) for a, b in zip(_numbers(self), _numbers(other), strict=True)))

    def least(self, other: Operations) -> Operations:
        """The smaller of both, class by class."""
        return Operations(*(min(a, b) for a, b in zip(_numbers(self), _numbers(other), strict=True)))


@dataclass(frozen=True)
class PhaseCounts:
    """All work-items of a phase together; bytes are the distinct ones of parameters, as a bounding box."""

    phase: Phase
    work_items: int
    least: Operations
    most: Operations
    bytes_read: int
    bytes_written: int


@dataclass(frozen=True)
class OperationCounts:
    """Counts of a job: ``least`` and ``most`` differ where branches do (class by class) and ``while`` loops.

    Without a GPU schedule there is one phase, the whole kernel on one work-item.  ``assumptions`` are
    sentences on loops whose trips are not known; such counts are no bounds.
    """

    phases: tuple[PhaseCounts, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def least(self) -> Operations:
        """Of all phases."""
        return sum((phase.least for phase in self.phases), Operations())

    @property
    def most(self) -> Operations:
        """Of all phases."""
        return sum((phase.most for phase in self.phases), Operations())

    @property
    def bytes_read(self) -> int:
        """Of all phases."""
        return sum(phase.bytes_read for phase in self.phases)

    @property
    def bytes_written(self) -> int:
        """Of all phases."""
        return sum(phase.bytes_written for phase in self.phases)


def operation_counts(kernel: Kernel, rounds: Mapping[int, int] | None = None) -> OperationCounts:
    """Count the operations of one job: exactly, where loops have affine bounds and nothing branches.

    A branch counts as the larger (``most``) or smaller (``least``) of its sides.  A ``while`` that compares a
    counter with a constant is bounded by it; any other loop of unknown length is assumed to make as many
    ``rounds`` as a profile gives for its line, else ``ASSUMED_TRIPS`` (``least``: 0), as ``assumptions`` say.
    """
    counter = _Counter(kernel, rounds or {})
    known = analysis_of(inline(kernel)).accesses
    ops = [op for op in entry_function(kernel).body.block.ops if not isinstance(op, func.ReturnOp)]
    trips = {loop_name(loop): constant_trips(loop) for loop in loops_in(entry_function(kernel))}
    result = []
    for phase in kernel.schedule.phases or (Phase(0, len(ops)),):
        inside = ops[phase.start : phase.stop]
        least, most = counter.operations(inside, {})
        mine = known
        if kernel.schedule.phases:
            members = {inner for op in inside for inner in op.walk()}
            mine = tuple(access for access in known if access.operation in members)
        items = prod(trips[name] or 1 for name in phase.grid)
        result.append(PhaseCounts(phase, items, least, most, _footprint(mine, False), _footprint(mine, True)))
    return OperationCounts(tuple(result), tuple(dict.fromkeys(counter.assumptions)))


def _numbers(operations: Operations) -> list[int]:
    return [getattr(operations, field.name) for field in fields(operations)]


Pair = tuple[Operations, Operations]
_NOTHING: Pair = (Operations(), Operations())
_FREE = (
    arith.ConstantOp,
    arith.IndexCastOp,
    arith.ExtSIOp,
    arith.ExtUIOp,
    arith.TruncIOp,
    arith.BitcastOp,
    memref.AllocaOp,
    memref.GetGlobalOp,
    scf.YieldOp,
    scf.ConditionOp,
    func.ReturnOp,
)
_CHEAP_MATH = ("math.absf", "math.absi", "math.copysign", "math.fma", "math.floor", "math.ceil", "math.trunc")


class _Counter:
    """Counts by structure; loops are enumerated only where an inner bound depends on them."""

    def __init__(self, kernel: Kernel, rounds: Mapping[int, int]) -> None:
        self.functions = local_functions(kernel.module)
        self.rounds = rounds
        self.assumptions: list[str] = []

    def operations(self, ops: list[Operation], known: Mapping[SSAValue, int]) -> Pair:
        least, most = _NOTHING
        for op in ops:
            few, many = self._operation(op, known)
            least, most = least + few, most + many
        return least, most

    def _block(self, block: Block | None, known: Mapping[SSAValue, int]) -> Pair:
        return self.operations(list(block.ops), known) if block is not None else _NOTHING

    def _operation(self, op: Operation, known: Mapping[SSAValue, int]) -> Pair:
        match op:
            case scf.ForOp():
                return self._for(op, known)
            case scf.WhileOp():
                return self._while(op, known)
            case scf.IfOp():
                then = self._block(op.true_region.block, known)
                otherwise = self._block(op.false_region.blocks.first, known)
                return then[0].least(otherwise[0]), then[1].most(otherwise[1])
            case func.CallOp():
                return self._block(self.functions[op.callee.root_reference.data].body.block, {})
            case _:
                one = _classify(op)
                return one, one

    def _for(self, loop: scf.ForOp, known: Mapping[SSAValue, int]) -> Pair:
        bounds = [evaluate(bound, known) for bound in (loop.lb, loop.ub, loop.step)]
        lower, upper, step = bounds
        block, variable = loop.body.block, loop.body.block.args[0]
        if lower is None or upper is None or step is None:
            return self._assumed(loop, self._block(block, known))
        places = range(lower, upper, step)
        if any(varies_with(bound, variable) for inner in loops_in(loop) for bound in (inner.lb, inner.ub)):
            least, most = _NOTHING
            for place in places:
                few, many = self._block(block, {**known, variable: place})
                least, most = least + few, most + many
        else:
            few, many = self._block(block, known)
            least, most = few.times(len(places)), many.times(len(places))
        rounds = Operations(iterations=len(places))
        return least + rounds, most + rounds

    def _assumed(self, loop: Operation, once: Pair) -> Pair:
        line = line_of(loop)
        trips = self.rounds.get(line, ASSUMED_TRIPS)
        how = ", as it does on random inputs" if line in self.rounds else ""
        self.assumptions.append(f"the loop in line {line} is assumed to make {trips} rounds{how}")
        return Operations(), once[1].times(trips) + Operations(iterations=trips)

    def _while(self, loop: scf.WhileOp, known: Mapping[SSAValue, int]) -> Pair:
        test = self._block(loop.before_region.block, known)
        body = self._block(loop.after_region.block, known)
        bound = while_bound(loop)
        if bound is None:
            least, most = self._assumed(loop, (Operations(), test[1] + body[1]))
            return least + test[0], most + test[1]
        rounds, exact = bound
        many = (test[1] + body[1]).times(rounds) + test[1] + Operations(iterations=rounds)
        few = (test[0] + body[0]).times(rounds) + Operations(iterations=rounds) if exact else Operations()
        return few + test[0], many


_CLASSES: tuple[tuple[tuple[type[Operation], ...], Operations], ...] = (
    (_FREE, Operations()),
    ((memref.LoadOp,), Operations(loads=1)),
    ((memref.StoreOp,), Operations(stores=1)),
    ((arith.MuliOp, arith.MulfOp), Operations(multiplications=1)),
    ((*DIVISIONS, arith.DivfOp, math.SqrtOp), Operations(divisions=1)),
)


def _classify(op: Operation) -> Operations:
    if by_power_of_two(op):
        return Operations(integer=1)
    for members, counted in _CLASSES:
        if isinstance(op, members):
            return counted
    if op.name.startswith("math.") and op.name not in _CHEAP_MATH:
        return Operations(special=1)
    return Operations(floating=1) if _touches_floats(op) else Operations(integer=1)


def _touches_floats(op: Operation) -> bool:
    return any(str(value.type)[0] == "f" for value in (*op.operands, *op.results))


def _footprint(known: tuple[Access, ...], written: bool) -> int:
    """Bytes in the smallest box around the accessed elements of each parameter, summed over parameters."""
    boxes: dict[int, tuple[isl.Set, int]] = {}
    for access in known:
        if access.is_write is written and isinstance(access.array, BlockArgument):
            elements = access.relation.range().project_out_all_params()
            before = boxes.get(access.array.index)
            merged = elements if before is None else before[0].union(elements)
            boxes[access.array.index] = (merged, element_bits(access.array) // 8)
    return sum(_box_size(elements) * size for elements, size in boxes.values())


def _box_size(elements: isl.Set) -> int:
    if elements.is_empty():
        return 0
    dimensions = range(elements.dim(isl.dim_type.set))
    return prod(
        int(elements.dim_max_val(k).to_python()) - int(elements.dim_min_val(k).to_python()) + 1
        for k in dimensions
    )
