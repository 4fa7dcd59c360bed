"""What a front end's schedule asks of an FPGA, as far as it is possible there.

A wish is kept if the kernel's structure allows it: a pipelined loop must hold only loops that can be
unrolled, and lie in no other one; an array must be on chip, and be split within its extents and the block
RAM.  The interval of a pipeline is a lower bound.  Unrolling is kept where it is part of a pipeline, for only
there it is in the figures of the circuit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels._kernel import Kernel, Partition, Schedule
from xdsl.dialects import scf

from ._inline import inlined
from ._nests import is_pipelinable, lies_in, pipelined_loops
from ._storage import Storage, block_ram_budget
from ._structure import entry_function, loop_name, loops_in


def renamed(wish: Schedule, kernel: Kernel, flat: Kernel) -> Schedule:
    """``wish`` on the loops of ``kernel`` as one on those of ``flat``, which is ``kernel`` inlined."""
    if wish == Schedule() or flat.module is kernel.module:
        return wish
    after = [loop_name(loop) for loop in loops_in(entry_function(flat))]
    before = [loop_name(loop) for loop in loops_in(entry_function(inlined(kernel)))]
    names: dict[str, list[str]] = {}
    for old, new in zip(before, after, strict=True):
        names.setdefault(old.rpartition(".")[2], []).append(new)
    return replace(
        wish,
        pipelines=tuple(replace(p, loop=new) for p in wish.pipelines for new in names.get(p.loop, [])),
        unrolls=tuple(replace(u, loop=new) for u in wish.unrolls for new in names.get(u.loop, [])),
    )


def wished_loops(wish: Schedule, kernel: Kernel) -> tuple[scf.ForOp, ...]:
    """The loops to pipeline: those of the wish that can be, and the usual ones of all other nests."""
    asked = {p.loop for p in wish.pipelines}
    loops = [loop for loop in loops_in(entry_function(kernel)) if loop_name(loop) in asked]
    chosen: list[scf.ForOp] = []
    for loop in loops:
        if is_pipelinable(loop) and not any(lies_in(loop, other) for other in chosen):
            chosen.append(loop)
    for loop in pipelined_loops(kernel):
        if not any(other is loop or lies_in(other, loop) or lies_in(loop, other) for other in chosen):
            chosen.append(loop)
    order = list(loops_in(entry_function(kernel)))
    return tuple(sorted(chosen, key=order.index))


def wished_partitions(wish: Schedule, storage: Storage, unit: Unit) -> Iterator[Partition]:
    """The splits of the wish that are possible, array by array."""
    budget = block_ram_budget(storage.arrays, unit)
    for name in dict.fromkeys(p.array for p in wish.partitions):
        parts = [p for p in wish.partitions if p.array == name]
        if name not in storage.on_chip or not _fits(parts, storage.arrays[name].shape):
            continue
        split = storage.with_partitions(parts)
        if budget is None or sum(split.block_rams(other) for other in storage.arrays) <= budget:
            yield from parts


def _fits(parts: list[Partition], shape: tuple[int, ...]) -> bool:
    dimensions = [p.dimension for p in parts]
    complete = [p for p in parts if p.factor == 0]
    if len(set(dimensions)) != len(dimensions) or (complete and len(complete) != len(shape)):
        return False
    return all(p.dimension < len(shape) and p.factor <= shape[p.dimension] for p in parts)
