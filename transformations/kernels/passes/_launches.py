"""GPU schedules: the kernel's top-level operations cut into phases, parallel loop nests as grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from aicompiler.transformations.kernels._kernel import Kernel, Phase
from xdsl.dialects import func, memref, scf
from xdsl.ir import Operation
from xdsl.traits import is_side_effect_free

from ._dependences import LoopVerdict, Parallel
from ._parallel import parallel_loops
from ._structure import (
    array_shape,
    constant_trips,
    element_bits,
    entry_function,
    loop_name,
    rematerialisable,
)

MAX_GRID_DIMENSIONS = 3
MIN_WORK_ITEMS = 32
"""Fewer do not fill a single wavefront and are not worth a launch."""
PRIVATE_BYTES = 4096
"""Each work-item of a grid phase has its own copy of local arrays up to this size."""


@dataclass
class _Run:
    start: int
    stop: int
    grid: tuple[str, ...] = ()


def phases(kernel: Kernel) -> tuple[Phase, ...]:
    """Cut the top-level operations of an inlined kernel into launches.

    - A perfect nest of one to three parallel loops with constant bounds and at least MIN_WORK_ITEMS
      iterations is a grid phase of its own; pure operations may surround the inner loop of a nest, since
      each work-item can repeat them.  The first sequential loop ends the grid.
    - Everything else is collected into sequential phases of one work-item.
    - The phases tile the block without its return.  Rematerialisable operations (``rematerialisable``) belong
      to the phase that follows them, and every phase computes again those that it uses.
    - A top-level local array belongs to the one phase that uses it; in a grid phase each work-item has its
      own, and one that is too large for that makes the phase sequential.  A local array that several phases
      use lives on in device memory between the launches.
    - Any other value that is made in one phase and used in another one joins them and all between them into
      one sequential phase: no scalar but those behind parameters lives from launch to launch.
    """
    ops = [op for op in entry_function(kernel).body.block.ops if not isinstance(op, func.ReturnOp)]
    verdicts = parallel_loops(kernel)
    runs: list[_Run] = []
    for place, op in enumerate(ops):
        grid = grid_of(op, verdicts)
        if grid or not runs or runs[-1].grid:
            runs.append(_Run(place, place + 1, grid))
        else:
            runs[-1].stop = place + 1
    runs = _absorb(kernel, ops, runs)
    while (crossing := _crossing(kernel, ops, runs)) is not None:
        first, last = crossing
        runs[first : last + 1] = [_Run(runs[first].start, runs[last].stop)]
    return tuple(Phase(run.start, run.stop, run.grid) for run in _joined(runs) if run.stop > run.start)


def grid_of(op: Operation, verdicts: Mapping[str, LoopVerdict]) -> tuple[str, ...]:
    """The loops of the parallel nest that begins with ``op``; none if it runs on one work-item."""
    nest: list[scf.ForOp] = []
    current: Operation | None = op
    while isinstance(current, scf.ForOp) and len(nest) < MAX_GRID_DIMENSIONS:
        if current.res or not isinstance(verdicts[loop_name(current)], Parallel):
            break
        if constant_trips(current) is None:
            break
        nest.append(current)
        current = _only_loop(current)
    if prod(constant_trips(loop) or 0 for loop in nest) < MIN_WORK_ITEMS:
        return ()
    return tuple(loop_name(loop) for loop in nest)


def _only_loop(loop: scf.ForOp) -> scf.ForOp | None:
    """The inner loop of a perfect nest: the only operation of the body that is not pure."""
    impure = [op for op in loop.body.block.ops if op.regions or not is_side_effect_free(op)]
    found = impure[0] if len(impure) == 1 else None
    return found if isinstance(found, scf.ForOp) else None


def _absorb(kernel: Kernel, ops: list[Operation], runs: list[_Run]) -> list[_Run]:
    """Give the rematerialisable operations before a run to it, so that they make no launch of their own."""
    result: list[_Run] = []
    for run in runs:
        if run.grid and result and not result[-1].grid:
            before = result[-1]
            while before.stop > before.start and _repeatable(kernel, ops[before.stop - 1]):
                before.stop -= 1
            run.start = before.stop
            if before.stop == before.start:
                result.pop()
        result.append(run)
    if len(result) > 1 and not result[-1].grid:
        last = result[-1]
        if all(_repeatable(kernel, op) for op in ops[last.start : last.stop]):
            result.pop()
            result[-1].stop = last.stop
    return result


def _repeatable(kernel: Kernel, op: Operation) -> bool:
    return isinstance(op, memref.AllocaOp) or rematerialisable(kernel, op)


def _crossing(kernel: Kernel, ops: list[Operation], runs: list[_Run]) -> tuple[int, int] | None:
    """The first pair of runs that share a value which cannot be computed in both."""
    run_of = {op: n for n, run in enumerate(runs) for op in ops[run.start : run.stop]}
    for op in ops:
        if rematerialisable(kernel, op):
            continue
        users = sorted({run_of[_top_level(use.operation, run_of)] for r in op.results for use in r.uses})
        if isinstance(op, memref.AllocaOp):
            if len(users) == 1 and runs[users[0]].grid and not _fits_in_work_item(op):
                return users[0], users[0]
        elif users and (users[-1] != run_of[op]):
            return run_of[op], users[-1]
    return None


def _fits_in_work_item(op: memref.AllocaOp) -> bool:
    return prod(array_shape(op.memref)) * element_bits(op.memref) // 8 <= PRIVATE_BYTES


def _top_level(op: Operation, known: Mapping[Operation, int]) -> Operation:
    while op not in known:
        parent = op.parent_op()
        assert parent is not None
        op = parent
    return op


def _joined(runs: list[_Run]) -> list[_Run]:
    """Neighbouring sequential runs are one launch."""
    result: list[_Run] = []
    for run in runs:
        if result and not result[-1].grid and not run.grid:
            result[-1].stop = run.stop
        else:
            result.append(run)
    return result
