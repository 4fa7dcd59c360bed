"""What the printer asks of MLIR: effects, live values, the signedness that reads best."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Flag, auto
from functools import reduce
from operator import or_

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue


class Effect(Flag):
    """What an operation does beyond giving results."""

    NONE = 0
    READ = auto()
    WRITE = auto()


class Effects:
    """Effects of operations of one module; a call has those of its callee."""

    def __init__(self, module: ModuleOp) -> None:
        self.functions = {f.sym_name.data: f for f in module.walk() if isinstance(f, func.FuncOp)}
        self._callees: dict[str, Effect] = {}

    def of(self, op: Operation) -> Effect:
        """Everything ``op`` and the operations inside it do to memory."""
        match op:
            case memref.StoreOp():
                return Effect.WRITE
            case memref.LoadOp():
                return Effect.READ
            case func.CallOp():
                return self._of_callee(op.callee.root_reference.data)
            case _:
                return _union(self.of(inner) for r in op.regions for b in r.blocks for inner in b.ops)

    def _of_callee(self, name: str) -> Effect:
        if name not in self._callees:
            body = self.functions[name].body.block
            self._callees[name] = _union(self.of(op) for op in body.ops)
        return self._callees[name]


def _union(effects: Iterable[Effect]) -> Effect:
    return reduce(or_, effects, Effect.NONE)


class Liveness:
    """The values of a function that reach a store, a call that writes, a condition of such, or the result."""

    def __init__(self, function: func.FuncOp, effects: Effects) -> None:
        self.values: set[SSAValue] = set()
        self.ops: set[Operation] = set()
        for op in function.walk():
            if isinstance(op, func.ReturnOp) or (not op.regions and Effect.WRITE in effects.of(op)):
                self._keep(op)
                for operand in op.operands:
                    self._mark(operand)

    def users(self, value: SSAValue) -> list[Operation]:
        """The live operations that use the value, once an operand; terminators where the target lives."""
        return [use.operation for use in value.uses if self._live_use(use.operation, use.index)]

    def forwards(self, loop: scf.WhileOp, index: int) -> bool:
        """Whether the value that the test of a ``while`` passes on is needed, in the loop or after it."""
        return loop.after_region.block.args[index] in self.values or loop.results[index] in self.values

    def _live_use(self, op: Operation, index: int) -> bool:  # noqa: PLR0911 - one return a kind of use
        parent = op.parent_op()
        match op, parent:
            case scf.YieldOp(), scf.IfOp() | scf.ForOp():
                return parent.results[index] in self.values
            case scf.YieldOp(), scf.WhileOp():
                return parent.before_region.block.args[index] in self.values
            case scf.ConditionOp(), scf.WhileOp() if index:
                return self.forwards(parent, index - 1)
            case scf.ConditionOp(), _:
                return parent in self.ops
            case scf.WhileOp(), _:
                return op.before_region.block.args[index] in self.values
            case scf.ForOp(), _ if index >= 3:
                return op.results[index - 3] in self.values
            case _:
                return op in self.ops

    def _keep(self, op: Operation) -> None:
        """``op`` is to be printed, and so is all that decides whether and how often it is executed."""
        pending: Operation | None = op
        while pending is not None and pending not in self.ops and not isinstance(pending, func.FuncOp):
            self.ops.add(pending)
            for value in _controls(pending):
                self._mark(value)
            pending = pending.parent_op()

    def _mark(self, value: SSAValue) -> None:
        stack = [value]
        while stack:
            value = stack.pop()
            if value in self.values:
                continue
            self.values.add(value)
            op = value.owner.parent_op() if isinstance(value.owner, Block) else value.owner
            if op is not None and not isinstance(op, func.FuncOp):
                stack += _sources(op, value)
                self._keep(op)


def _controls(op: Operation) -> list[SSAValue]:
    match op:
        case scf.ForOp():
            return [op.lb, op.ub, op.step]
        case scf.IfOp():
            return [op.cond]
        case scf.WhileOp():
            return [terminator(op.before_region.block).operands[0]]
        case _:
            return []


def _sources(op: Operation, value: SSAValue) -> list[SSAValue]:
    """What ``value``, a result or a block argument of ``op``, is made of."""
    match op, value:
        case scf.ForOp(), BlockArgument(index=0):
            return []
        case scf.ForOp(), BlockArgument() | OpResult():
            place = value.index - isinstance(value, BlockArgument)
            body = op.body.block
            return [
                op.results[place],
                body.args[place + 1],
                op.iter_args[place],
                terminator(body).operands[place],
            ]
        case scf.IfOp(), OpResult():
            return [terminator(r.block).operands[value.index] for r in op.regions]
        case scf.WhileOp(), BlockArgument(index=i) if value.owner is op.before_region.block:
            return [op.arguments[i], terminator(op.after_region.block).operands[i]]
        case scf.WhileOp(), BlockArgument(index=i) | OpResult(index=i):
            return [terminator(op.before_region.block).operands[i + 1]]
        case _:
            return list(op.operands)


def terminator(block: Block) -> Operation:
    """The last operation of a block."""
    assert block.last_op is not None
    return block.last_op
