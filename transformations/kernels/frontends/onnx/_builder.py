"""Writes loop nests over tensors: indices, reductions, loads and stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from aicompiler.metamodels.system import ElementType
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, MemRefType
from xdsl.ir import Block, Operation, Region, SSAValue

from ._types import E, TensorType, value_type

INDEX = IndexType()
Index = SSAValue | int
Indices = Sequence[Index]
_Op = TypeVar("_Op", bound=Operation)


@dataclass(frozen=True)
class View:
    """A tensor in memory: extents of 1 may lie in memory or not."""

    memory: SSAValue
    type: TensorType

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's extents."""
        return self.type.shape

    @property
    def dtype(self) -> ElementType:
        """The tensor's element type."""
        return self.type.dtype

    def subscripts(self, indices: Indices) -> list[Index]:
        """What addresses the element in memory."""
        assert isinstance(self.memory.type, MemRefType)
        given = iter([i for i, n in zip(indices, self.shape, strict=True) if n != 1])
        return [0 if n == 1 else next(given) for n in self.memory.type.get_shape()]


class Body:
    """The body of one function, written from top to bottom."""

    def __init__(self, block: Block | None = None) -> None:
        self.block = Block() if block is None else block

    def add(self, op: _Op) -> _Op:
        """Append an operation."""
        self.block.add_op(op)
        return op

    @contextmanager
    def _into(self, block: Block) -> Iterator[None]:
        outer, self.block = self.block, block
        try:
            yield
        finally:
            self.block = outer

    # --- numbers ----------------------------------------------------------------------------------------

    def constant(self, value: float, dtype: ElementType) -> SSAValue:
        """A constant of an element type."""
        kind = value_type(dtype)
        if dtype.is_float:
            return self.add(arith.ConstantOp(FloatAttr(float(value), kind))).result
        return self.add(arith.ConstantOp(IntegerAttr(int(value), kind, truncate_bits=True))).result

    def index(self, index: Index) -> SSAValue:
        """An index as a value."""
        if isinstance(index, SSAValue):
            return index
        return self.add(arith.ConstantOp(IntegerAttr(index, INDEX))).result

    def plus(self, left: Index, right: Index) -> Index:
        """The sum of two indices; constants are added here."""
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        if right == 0 or left == 0:
            return left if right == 0 else right
        return self.add(arith.AddiOp(self.index(left), self.index(right))).result

    def times(self, index: Index, factor: int) -> Index:
        """An index times a constant."""
        if isinstance(index, int):
            return index * factor
        if factor in (0, 1):
            return index if factor else 0
        return self.add(arith.MuliOp(index, self.index(factor))).result

    def split(self, index: Index, inner: int) -> tuple[Index, Index]:
        """Quotient and remainder of an index that is not negative by a constant."""
        if isinstance(index, int):
            return divmod(index, inner)
        divisor = self.index(inner)
        quotient = self.add(arith.DivUIOp(index, divisor)).result
        return quotient, self.add(arith.RemUIOp(index, divisor)).result

    # --- loops ------------------------------------------------------------------------------------------

    def nest(self, shape: Sequence[int], body: Callable[[list[Index]], None]) -> None:
        """``body`` for every index of ``shape``; an extent of 1 makes no loop."""

        def every(at: list[Index], _: list[SSAValue]) -> list[SSAValue]:
            body(at)
            return []

        self.reduce(shape, [], every)

    def reduce(
        self,
        shape: Sequence[int],
        initial: list[SSAValue],
        body: Callable[[list[Index], list[SSAValue]], list[SSAValue]],
    ) -> list[SSAValue]:
        """What ``body`` makes of ``initial``, index after index of ``shape`` in row-major order."""
        return self._reduce(list(shape), [], initial, body)

    def _reduce(
        self,
        rest: list[int],
        outer: list[Index],
        initial: list[SSAValue],
        body: Callable[[list[Index], list[SSAValue]], list[SSAValue]],
    ) -> list[SSAValue]:
        if not rest:
            return body(outer, initial)
        extent, *inner = rest
        if extent == 1:
            return self._reduce(inner, [*outer, 0], initial, body)
        bounds = [self.index(n) for n in (0, extent, 1)]
        block = Block(arg_types=[INDEX, *(v.type for v in initial)])
        with self._into(block):
            made = self._reduce(inner, [*outer, block.args[0]], list(block.args[1:]), body)
            self.add(scf.YieldOp(*made))
        low, high, step = bounds
        return list(self.add(scf.ForOp(low, high, step, initial, Region([block]))).results)

    def when(self, condition: SSAValue, body: Callable[[], None]) -> None:
        """``body`` where ``condition`` holds."""
        block = Block()
        with self._into(block):
            body()
            self.add(scf.YieldOp())
        self.add(scf.IfOp(condition, [], Region([block])))

    # --- memory -----------------------------------------------------------------------------------------

    def load(self, view: View, indices: Indices) -> SSAValue:
        """An element."""
        subscripts = [self.index(i) for i in view.subscripts(indices)]
        return self.add(memref.LoadOp.get(view.memory, subscripts)).res

    def spread(self, view: View, indices: Indices) -> SSAValue:
        """An element of a tensor that is broadcast to the shape that ``indices`` are of."""
        own = indices[len(indices) - len(view.shape) :]
        return self.load(view, [0 if n == 1 else i for i, n in zip(own, view.shape, strict=True)])

    def store(self, view: View, indices: Indices, value: SSAValue) -> None:
        """Set an element."""
        subscripts = [self.index(i) for i in view.subscripts(indices)]
        self.add(memref.StoreOp.get(value, view.memory, subscripts))

    def local(self, name: str, type_: TensorType) -> View:
        """A local array."""
        from xdsl.dialects.builtin import StringAttr

        from ._types import stored_shape

        op = self.add(memref.AllocaOp.get(value_type(type_.dtype), shape=stored_shape(type_.shape)))
        op.attributes["aic.name"] = StringAttr(name)
        op.memref.name_hint = name
        return View(op.memref, type_)


def is_integer(dtype: ElementType) -> bool:
    """Whether values of ``dtype`` are numbers without a fraction."""
    return not dtype.is_float and dtype is not E.BOOL
