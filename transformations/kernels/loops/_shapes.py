"""What the rules for CPUs ask of loops: strides, sums, sweeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from aicompiler.transformations.kernels.passes import (
    LANES,
    Linear,
    array_shape,
    element_bits,
    linear,
    loops_in,
    surrounding_loops,
)
from xdsl.dialects import memref, scf
from xdsl.ir import Operation, SSAValue

from ._draft import body_ops, is_pure, nested_loop


@dataclass(frozen=True)
class Use:
    """A load or store and its subscripts as sums."""

    operation: memref.LoadOp | memref.StoreOp
    array: SSAValue
    sums: tuple[Linear, ...]

    @property
    def is_write(self) -> bool:
        """Whether it is a store."""
        return isinstance(self.operation, memref.StoreOp)

    def stride(self, counter: SSAValue) -> str:
        """``none``, ``unit`` or ``far``: how the element moves with a counter."""
        factors = [s.factor(counter) for s in self.sums]
        if not any(factors):
            return "none"
        return "unit" if factors[-1] == 1 and not any(factors[:-1]) else "far"


def uses_in(loop: scf.ForOp) -> Iterator[Use]:
    """All loads and stores inside a loop."""
    for op in loop.walk():
        if isinstance(op, memref.LoadOp | memref.StoreOp):
            yield Use(op, op.memref, tuple(linear(i) for i in op.indices))


def bytes_of(array: SSAValue) -> int:
    """Size of an array."""
    return prod(array_shape(array)) * element_bits(array) // 8


def band_of(loop: scf.ForOp) -> list[scf.ForOp]:
    """The perfect nest from a loop on."""
    band = [loop]
    while (inner := nested_loop(band[-1])) is not None:
        band.append(inner)
    return band


def inner_of(loop: scf.ForOp) -> list[scf.ForOp]:
    """The loops right inside a loop."""
    return [op for op in body_ops(loop) if isinstance(op, scf.ForOp)]


def straight(loop: scf.ForOp) -> bool:
    """Whether a loop's body is straight-line code."""
    return not any(op.regions for op in body_ops(loop))


def accumulates(loop: scf.ForOp) -> bool:
    """Whether a loop stores to an element that is the same in all its iterations."""
    counter = loop.body.block.args[0]
    children = [op for op in body_ops(loop) if isinstance(op, scf.ForOp)]
    if any(LANES not in child.attributes for child in children):
        return False
    return any(u.is_write and u.stride(counter) == "none" for u in uses_in(loop))


def is_sweep(loop: scf.ForOp) -> bool:
    """Whether every store inside is to another element in each iteration of each loop."""
    for use in uses_in(loop):
        if not use.is_write:
            continue
        inside = [b for b in surrounding_loops(use.operation) if b is loop or loop in surrounding_loops(b)]
        if any(use.stride(b.body.block.args[0]) == "none" for b in inside):
            return False
    return True


def reuses(loop: scf.ForOp) -> bool:
    """Whether a nest of at least two loops inside adds up elements, so that it deserves a nest of its own."""
    counter = loop.body.block.args[0]
    inner = [b for b in loops_in(loop) if b is not loop and not b.iter_args]
    if not inner or len([op for op in body_ops(loop) if not is_pure(op)]) < 2:
        return False
    depth = len(surrounding_loops(loop)) + 1
    deepest = max(len(surrounding_loops(b)) + 1 for b in inner)
    moves = any(u.is_write and u.stride(counter) != "none" for u in uses_in(loop))
    return moves and deepest >= 3 and deepest - depth >= 1


def in_place(loop: scf.ForOp) -> bool:
    """Whether a loop reads an array that it writes with other subscripts."""
    uses = list(uses_in(loop))
    written = {(u.array, u.sums) for u in uses if u.is_write}
    arrays = {array for array, _ in written}
    return any(not u.is_write and u.array in arrays and (u.array, u.sums) not in written for u in uses)


def neighbours(loops: Sequence[scf.ForOp]) -> Iterator[tuple[scf.ForOp, scf.ForOp]]:
    """Loops that follow each other with nothing but scalars between them, inside of another loop."""
    for loop in loops:
        following: Operation | None = loop.next_op
        while following is not None and is_pure(following):
            following = following.next_op
        if isinstance(following, scf.ForOp) and surrounding_loops(loop):
            yield loop, following
