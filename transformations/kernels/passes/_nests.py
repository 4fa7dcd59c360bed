"""Which loops of a circuit are pipelined and which are unrolled: a matter of their structure alone."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from aicompiler.transformations.kernels._kernel import Kernel
from xdsl.dialects import scf
from xdsl.ir import Operation

from ._structure import constant_trips, entry_function, surrounding_loops

MAX_UNROLLED_COPIES = 64


def pipelined_loops(kernel: Kernel) -> Iterator[scf.ForOp]:
    """Outermost loops whose inner loops have constant trips of at most 64 copies together, and no ``while``.

    Loops around them run sequentially, and so do loops in which a ``while`` lies.
    """
    return _pipelined(entry_function(kernel))


def _pipelined(op: Operation) -> Iterator[scf.ForOp]:
    for region in op.regions:
        for block in region.blocks:
            for inner in block.ops:
                if isinstance(inner, scf.ForOp) and is_pipelinable(inner):
                    yield inner
                else:
                    yield from _pipelined(inner)


def is_pipelinable(loop: scf.ForOp) -> bool:
    """Whether all loops inside ``loop`` can be unrolled."""
    if any(isinstance(op, scf.WhileOp) for op in loop.walk()):
        return False
    return all(_copies_below(inner, loop) <= MAX_UNROLLED_COPIES for inner in inner_loops(loop))


def _copies_below(inner: scf.ForOp, outer: scf.ForOp) -> int:
    nest = [loop for loop in (*surrounding_loops(inner), inner) if loop is not outer and lies_in(loop, outer)]
    trips = [constant_trips(loop) for loop in nest]
    return prod(MAX_UNROLLED_COPIES + 1 if t is None else t for t in trips)


def lies_in(loop: scf.ForOp, outer: scf.ForOp) -> bool:
    """Whether ``loop`` lies inside ``outer``."""
    return outer in surrounding_loops(loop)


def inner_loops(loop: scf.ForOp) -> list[scf.ForOp]:
    """All loops inside ``loop``, in pre-order."""
    return [op for op in loop.walk() if isinstance(op, scf.ForOp) and op is not loop]
