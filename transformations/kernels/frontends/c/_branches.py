"""Branches: alternatives are lowered apart, then merged by ``scf.if`` or a selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aicompiler.metamodels.system import Behaviour
from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, Region

from ._emitter import Emitter, Value, mlir_type
from ._types import E, common

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._scope import Local

DEEPEST_LOOPS = 16
DEEPEST_BLOCKS = 48
_CHEAP = 8  # operations per side up to which both sides of a branch are computed and one selected
_CANNOT_FAIL = (
    arith.ConstantOp,
    arith.IndexCastOp,
    arith.ExtSIOp,
    arith.ExtUIOp,
    arith.TruncIOp,
    arith.ExtFOp,
    arith.TruncFOp,
    arith.SIToFPOp,
    arith.UIToFPOp,
    arith.NegfOp,
    arith.CmpiOp,
    arith.CmpfOp,
    arith.SelectOp,
    arith.AndIOp,
    arith.OrIOp,
    arith.XOrIOp,
)


class Branches(Emitter):
    """Emits branches; ``state`` holds the current value of every initialised local."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self.state: dict[Local, Value] = {}
        self._loops = 0
        self._blocks = 0

    @contextmanager
    def deeper(self, loops: int = 0) -> Iterator[None]:
        """Enter a nested block; refuses nesting that no target could compile."""
        self._loops += loops
        self._blocks += 1
        if self._loops > DEEPEST_LOOPS:
            advice = "move the inner ones into a function"
            raise self.unsupported(f"more than {DEEPEST_LOOPS} nested loops", advice)
        if self._blocks > DEEPEST_BLOCKS:
            advice = "move the inner ones into a function, or use a table instead of a long else-if chain"
            raise self.unsupported(f"more than {DEEPEST_BLOCKS} nested blocks", advice)
        yield
        self._loops -= loops
        self._blocks -= 1

    def fork(
        self, condition: Value, then: Callable[[], Sequence[Value]], other: Callable[[], Sequence[Value]]
    ) -> list[Value]:
        """Lower two alternatives; gives their results merged, and leaves the merged state.

        Locals that only one side initialises count as uninitialised after.
        """
        line, before = self.line, self.state
        blocks, states, results = (Block(), Block()), [], []
        for block, arm in zip(blocks, (then, other), strict=True):
            self.state = dict(before)
            with self.into(block), self.deeper():
                results.append(list(arm()))
            states.append(self.state)
        self.line = line
        self._unify(blocks, results)
        if condition.const is not None:
            taken = 0 if condition.const else 1
            self.splice(blocks[taken])
            blocks[1 - taken].drop_all_references()
            self.state = states[taken]
            return results[taken]
        changed = [v for v in states[0] if v in states[1] and not _same(states[0][v], states[1][v])]
        self.state = {v: states[0][v] for v in states[0] if v in states[1]}
        pairs = list(zip(*results, strict=True)) + [(states[0][v], states[1][v]) for v in changed]
        merged = self._merge(condition, blocks, pairs)
        count = len(results[0])
        for local, value in zip(changed, merged[count:], strict=True):
            self.name(value, local.name)
            self.state[local] = value
        return merged[:count]

    def _unify(self, blocks: tuple[Block, Block], results: list[list[Value]]) -> None:
        """Convert the results of two arms to their common type (a logical one stays a bool)."""
        for i, (a, b) in enumerate(zip(*results, strict=True)):
            dtype = a.dtype if a.dtype is b.dtype else common(a.dtype, b.dtype)
            for side, block in enumerate(blocks):
                with self.into(block):
                    results[side][i] = self.convert(results[side][i], dtype)

    def _merge(
        self, condition: Value, blocks: tuple[Block, Block], pairs: list[tuple[Value, Value]]
    ) -> list[Value]:
        if all(_cheap(b) for b in blocks):
            for block in blocks:
                self.splice(block)
            return [self._select(condition, a, b) for a, b in pairs]
        needs_other = bool(pairs) or blocks[1].first_op is not None
        for side, block in enumerate(blocks):
            with self.into(block):
                self.add(scf.YieldOp(*(self.ssa(pair[side]) for pair in pairs)))
        types = [mlir_type(a.dtype) for a, _ in pairs]
        other = Region([blocks[1]]) if needs_other else None
        op = self.add(scf.IfOp(self.ssa(condition), types, Region([blocks[0]]), other), located=True)
        return [Value(a.dtype, r) for (a, _), r in zip(pairs, op.results, strict=True)]

    def _select(self, condition: Value, then: Value, other: Value) -> Value:
        if _same(then, other):
            return then
        if then.dtype is E.BOOL:  # && and ||
            if other.const == 0:
                return Value(E.BOOL, self.add(arith.AndIOp(self.ssa(condition), self.ssa(then))).result)
            if then.const == 1:
                return Value(E.BOOL, self.add(arith.OrIOp(self.ssa(condition), self.ssa(other))).result)
        op = arith.SelectOp(self.ssa(condition), self.ssa(then), self.ssa(other))
        return Value(then.dtype, self.add(op).result)

    def either(self, left: Value, right: Value) -> Value:
        """Whether one of two truth values holds."""
        for one, other in ((left, right), (right, left)):
            if one.const is not None:
                return one if one.const else other
        return Value(E.BOOL, self.add(arith.OrIOp(self.ssa(left), self.ssa(right))).result)

    def splice(self, block: Block) -> None:
        """Move the operations of a block to the end of the current one."""
        for op in list(block.ops):
            self.block.add_op(block.detach_op(op))


def _same(a: Value, b: Value) -> bool:
    if a.ssa is not None or b.ssa is not None:
        return a.ssa is b.ssa
    return repr(a.const) == repr(b.const)  # tells 0.0 from -0.0


def _cheap(block: Block) -> bool:
    """Whether a side may be computed for nothing: few operations, and none can fail or has effects."""
    ops: list[Operation] = list(block.ops)
    return len(ops) <= _CHEAP and all(isinstance(op, _CANNOT_FAIL) for op in ops)
