"""Loops over lanes as vectors: GNU C vector types, which GCC and Clang lower to what the machine has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aicompiler.transformations.kernels.passes import INDEPENDENT, LANES, linear
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import AnyFloat, IntegerAttr, MemRefType
from xdsl.ir import Operation, SSAValue

from ._expressions import UNARY, Expr, compose
from ._memory import Array
from ._operations import printer_of, width
from ._types import CType
from ._values import constant

if TYPE_CHECKING:
    from ._statements import Statements

_ARITHMETIC = (arith.AddfOp, arith.SubfOp, arith.MulfOp, arith.DivfOp, arith.NegfOp)
SIZES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Lanes:
    """A loop over lanes that can be printed as vectors: how many, of what, and which values are vectors."""

    count: int
    element: CType
    vectors: frozenset[SSAValue]

    @property
    def type(self) -> CType:
        """The vector type."""
        return replace(self.element, lanes=self.count)


def independent(op: Operation) -> bool:
    """Whether a loop is marked as one whose iterations may run in any order."""
    return INDEPENDENT in op.attributes


def lanes_of(op: Operation) -> Lanes | None:
    """The lanes of a loop; ``None`` if it is no loop over lanes, or one that no vectors can express.

    They can where all lanes read and write neighbours in memory, or the same element, and only add,
    subtract, multiply and divide numbers of one float type.
    """
    mark = op.attributes.get(LANES)
    if not isinstance(op, scf.ForOp) or not isinstance(mark, IntegerAttr) or op.iter_args:
        return None
    bounds = constant(op.lb), constant(op.ub), constant(op.step)
    count = mark.value.data
    if bounds != (0, count, 1) or count not in SIZES:
        return None
    counter = op.body.block.args[0]
    varying: set[SSAValue] = {counter}
    vectors: set[SSAValue] = set()
    elements: set[CType] = set()
    for inner in list(op.body.block.ops)[:-1]:
        if not _fits(inner, counter, varying, vectors, elements):
            return None
    if len(elements) != 1:
        return None
    return Lanes(count, elements.pop(), frozenset(vectors))


def _fits(
    op: Operation,
    counter: SSAValue,
    varying: set[SSAValue],
    vectors: set[SSAValue],
    elements: set[CType],
) -> bool:
    match op:
        case memref.LoadOp():
            follows = _follows(list(op.indices), counter, varying)
            if follows and isinstance(op.res.type, AnyFloat):
                vectors.add(op.res)
                elements.add(width(op.res.type))
            return follows is False or op.res in vectors
        case memref.StoreOp():
            floats = isinstance(op.value.type, AnyFloat)
            elements.update({width(op.value.type)} if floats else ())
            return floats and bool(_follows(list(op.indices), counter, varying))
        case _ if printer_of(op) is None:
            return False
        case _ if any(v in vectors for v in op.operands):
            vectors.update(op.results)
            return isinstance(op, _ARITHMETIC)
        case _:
            if any(v in varying for v in op.operands):
                varying.update(op.results)
                return not isinstance(op.results[0].type, AnyFloat)
            return True


def _follows(indices: list[SSAValue], counter: SSAValue, varying: set[SSAValue]) -> bool | None:
    """Whether lanes touch neighbours (True) or one element (False); ``None`` for everything else."""
    sums = [linear(i) for i in indices]
    if any(v in varying and v is not counter for s in sums for v, _ in s.terms):
        return None
    factors = [s.factor(counter) for s in sums]
    if not any(factors):
        return False
    return True if factors[-1] == 1 and not any(factors[:-1]) else None


def register(op: memref.AllocaOp) -> Lanes | None:
    """The lanes of a local array that can be a vector: all that touches it are vectors as long as it is."""
    type_ = op.memref.type
    if LANES not in op.attributes or not isinstance(type_, MemRefType) or type_.get_num_dims() != 1:
        return None
    found: set[Lanes] = set()
    for use in op.memref.uses:
        user, parent = use.operation, use.operation.parent_op()
        lanes = lanes_of(parent) if parent is not None else None
        if lanes is None or not isinstance(user, memref.LoadOp | memref.StoreOp):
            return None
        assert isinstance(parent, scf.ForOp)
        if list(user.indices) != [parent.body.block.args[0]] or lanes.count != type_.get_shape()[0]:
            return None
        found.add(replace(lanes, vectors=frozenset()))
    return found.pop() if len(found) == 1 else None


def declare(out: Statements, op: memref.AllocaOp, lanes: Lanes) -> None:
    """A variable for the array."""
    name = out.fresh(out.hint(op.memref))
    out.line(f"{out.module.vector(lanes.type)} {name};", op)
    out.arrays[op.memref] = Array(name, lanes.type, (), False, "private", name)


def statements(out: Statements, loop: scf.ForOp, lanes: Lanes) -> None:
    """The body of a loop over lanes, each statement for all lanes at once."""
    for operand in (loop.lb, loop.ub, loop.step):
        out.get(operand)
    body = loop.body.block
    out.bind(body.args[0], out.spelling.literal(0, width(body.args[0].type), typed=False))
    for op in list(body.ops)[:-1]:
        if op in out.live.ops:
            _statement(out, op, lanes)


def _statement(out: Statements, op: Operation, lanes: Lanes) -> None:
    match op:
        case memref.LoadOp() if op.res in lanes.vectors:
            out.define(op.res, _place(out, op.memref, [out.get(i) for i in op.indices], lanes, "const "))
        case memref.StoreOp():
            array = out.arrays[op.memref]
            place = _place(out, op.memref, [out.get(i) for i in op.indices], lanes, "")
            value = out.get(op.value)
            out.settle({array.token})
            spread = "" if value.type.lanes else f" - ({out.module.vector(lanes.type)}){{0}}"
            text = f"({value.text})" if spread and value.level < UNARY else value.text
            out.line(f"{place.text} = {text}{spread};", op)
        case arith.AddiOp() if 0 in (out.env[op.lhs].value, out.env[op.rhs].value):
            left, right = out.get(op.lhs), out.get(op.rhs)
            out.bind(op.result, right if left.value == 0 else left)
        case _:
            printer = printer_of(op)
            if printer is None:
                out.operation(op)
                return
            expr = printer(op, out)
            if op.results[0] in lanes.vectors:
                expr = replace(expr, type=lanes.type)
            out.define(op.results[0], expr)


def _place(out: Statements, memory: SSAValue, subscripts: list[Expr], lanes: Lanes, const: str) -> Expr:
    """All lanes in memory, or the variable that holds them."""
    array = out.arrays[memory]
    if array.element.lanes:
        return Expr(array.name, lanes.type, variables=frozenset({array.token}))
    element = array.at(subscripts, out.spelling)
    pointer = f"{const}{out.module.vector(lanes.type)}_in_memory *"
    return compose(f"*({pointer})&{element.text}", lanes.type, UNARY, element)
