"""How often loops of unknown length run: counted by the interpreter on random inputs.

The kernel is given counters: how often each loop is entered, and how many rounds it makes in all.  Loops end
after ``MOST_ROUNDS`` in all, so that none runs forever.  What comes out is a profile, no bound: integers are
drawn from 0 to 63, floats from a normal distribution.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels._binding import numpy_type
from aicompiler.transformations.kernels._errors import InterpretationError
from aicompiler.transformations.kernels._kernel import Direction, Kernel, Parameter, Schedule
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, ModuleOp, i64
from xdsl.ir import Block, Operation, SSAValue

from ._inline import inlined
from ._structure import constant_trips, entry_function, line_of

MOST_ROUNDS = 20_000
RUNS = 3
_COUNTERS = "aic_rounds"
_LARGEST_INTEGER = 64


def profiled_rounds(kernel: Kernel) -> dict[int, int]:
    """Line of the body -> mean rounds (rounded up) of the loops there whose trips are not constant.

    Empty where there are none, or where no random inputs are ones for which the kernel is defined.
    """
    counted, lines = _with_counters(kernel)
    if not lines:
        return {}
    from aicompiler.transformations.kernels.interpreter import compile_python

    run, totals = compile_python(counted), np.zeros(2 * len(lines), np.int64)
    for seed in range(RUNS):
        try:
            totals += run(_inputs(kernel, seed))[_COUNTERS]
        except InterpretationError:  # these inputs are none that the kernel is for
            continue
    sums: dict[int, tuple[int, int]] = {}
    for i, line in enumerate(lines):
        entered, rounds = sums.get(line, (0, 0))
        sums[line] = entered + int(totals[2 * i]), rounds + int(totals[2 * i + 1])
    return {line: -(-rounds // entered) for line, (entered, rounds) in sums.items() if entered}


def _inputs(kernel: Kernel, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for p in kernel.signature.parameters:
        if p.direction is Direction.OUT:
            continue
        most = 2 if p.dtype is ElementType.BOOL else _LARGEST_INTEGER
        drawn = rng.normal(0, 1, p.shape) if p.dtype.is_float else rng.integers(0, most, p.shape)
        found[p.name] = np.asarray(drawn).astype(numpy_type(p.dtype))
    return found


def _with_counters(kernel: Kernel) -> tuple[Kernel, list[int]]:
    """A copy with counters of the loops of unknown length, and the lines of these."""
    module = inlined(kernel).module.clone()
    assert isinstance(module, ModuleOp)
    copy = replace(kernel, module=module, schedule=Schedule())
    function = entry_function(copy)
    loops = [
        op
        for op in function.walk()
        if isinstance(op, scf.WhileOp) or (isinstance(op, scf.ForOp) and constant_trips(op) is None)
    ]
    if not loops:
        return copy, []
    block = function.body.block
    kind = MemRefType(i64, [2 * len(loops)])
    counters = block.insert_arg(kind, len(block.args))
    function.update_function_type()  # type: ignore[no-untyped-call]
    for i, loop in enumerate(loops):
        _count(loop, counters, i)
    parameter = Parameter(_COUNTERS, ElementType.I64, (2 * len(loops),), Direction.OUT)
    parameters = (*kernel.signature.parameters, parameter)
    signature = replace(kernel.signature, parameters=parameters)
    module.verify()
    return replace(copy, signature=signature), [line_of(loop) for loop in loops]


def _count(loop: Operation, counters: SSAValue, number: int) -> None:
    """Count entries and rounds of a loop, and end it early."""
    outer = loop.parent_block()
    assert outer is not None
    _insert(outer, loop, _increment(counters, 2 * number))
    if isinstance(loop, scf.ForOp):
        _insert(loop.body.block, loop.body.block.first_op, _increment(counters, 2 * number + 1))
        limit = arith.ConstantOp(IntegerAttr(MOST_ROUNDS, IndexType()))
        span = arith.MuliOp(limit.result, loop.step)
        end = arith.AddiOp(loop.lb, span.result)
        bound = arith.MinSIOp(loop.ub, end.result)
        _insert(outer, loop, [limit, span, end, bound])
        loop.operands[1] = bound.result
        return
    assert isinstance(loop, scf.WhileOp)
    after = loop.after_region.block
    _insert(after, after.first_op, _increment(counters, 2 * number + 1))
    condition = loop.before_region.block.last_op
    assert isinstance(condition, scf.ConditionOp)
    place = arith.ConstantOp(IntegerAttr(2 * number + 1, IndexType()))
    made = memref.LoadOp.get(counters, [place.result])
    most = arith.ConstantOp(IntegerAttr(MOST_ROUNDS, i64))
    fewer = arith.CmpiOp(made.res, most.result, "slt")
    both = arith.AndIOp(condition.condition, fewer.result)
    _insert(loop.before_region.block, condition, [place, made, most, fewer, both])
    condition.operands[0] = both.result


def _increment(counters: SSAValue, place: int) -> list[Operation]:
    at = arith.ConstantOp(IntegerAttr(place, IndexType()))
    old = memref.LoadOp.get(counters, [at.result])
    one = arith.ConstantOp(IntegerAttr(1, i64))
    new = arith.AddiOp(old.res, one.result)
    return [at, old, one, new, memref.StoreOp.get(new.result, counters, [at.result])]


def _insert(block: Block, before: Operation | None, ops: list[Operation]) -> None:
    assert before is not None, "every block has a terminator"
    for op in ops:
        block.insert_op_before(op, before)
