"""What the passes ask of a kernel's MLIR: its function, loops, arrays and constants."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from aicompiler.transformations.kernels._kernel import Direction, Kernel
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, MemRefType, ModuleOp, StringAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue
from xdsl.traits import is_side_effect_free

LOOP = "aic.loop"
LINE = "aic.line"
NAME = "aic.name"
LANES = "aic.lanes"
"""On a loop: its iterations are lanes, statement by statement; on a local array: one value a lane."""
INDEPENDENT = "aic.independent"
"""On a loop: no iteration depends on another, whatever a compiler can prove."""


def entry_function(kernel: Kernel) -> func.FuncOp:
    """The public function that bears the kernel's name."""
    for op in kernel.module.body.block.ops:
        if isinstance(op, func.FuncOp) and op.sym_name.data == kernel.name:
            return op
    raise KeyError(f"the module of kernel {kernel.name!r} defines no function of that name")


def local_functions(module: ModuleOp) -> dict[str, func.FuncOp]:
    """All functions of the module by name."""
    return {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}


def loops_in(op: Operation) -> Iterator[scf.ForOp]:
    """All ``scf.for`` inside ``op`` (and ``op`` itself), in pre-order."""
    return (inner for inner in op.walk() if isinstance(inner, scf.ForOp))


def loop_name(loop: scf.ForOp) -> str:
    """The name that the front end gave the loop."""
    name = loop.attributes[LOOP]
    assert isinstance(name, StringAttr)
    return name.data


def line_of(op: Operation) -> int:
    """Line (from 1) of the body that the nearest operation around ``op`` comes from; 0 if unknown."""
    current: Operation | None = op
    while current is not None:
        line = current.attributes.get(LINE)
        if isinstance(line, IntegerAttr):
            return line.value.data
        current = current.parent_op()
    return 0


def surrounding_loops(op: Operation) -> tuple[scf.ForOp, ...]:
    """The ``scf.for`` around ``op``, outermost first, without ``op`` itself."""
    found: list[scf.ForOp] = []
    current = op.parent_op()
    while current is not None and not isinstance(current, func.FuncOp):
        if isinstance(current, scf.ForOp):
            found.append(current)
        current = current.parent_op()
    return tuple(reversed(found))


def encloses(outer: Operation, inner: Operation) -> bool:
    """Whether ``inner`` is ``outer`` or lies in one of its regions."""
    current: Operation | None = inner
    while current is not None:
        if current is outer:
            return True
        current = current.parent_op()
    return False


def defined_in(value: SSAValue, region_owner: Operation) -> bool:
    """Whether ``value`` is computed inside ``region_owner`` (its block arguments included)."""
    owner = value.owner
    if isinstance(owner, Block):
        parent = owner.parent_op()
        return parent is not None and encloses(region_owner, parent)
    return owner is not region_owner and encloses(region_owner, owner)


def constant(value: SSAValue) -> int | None:
    """The integer that ``value`` always is, through casts of constants; ``None`` if unknown."""
    op = value.owner
    if isinstance(op, arith.ConstantOp):
        attribute = op.value
        return int(attribute.value.data) if isinstance(attribute, IntegerAttr) else None
    if isinstance(op, arith.IndexCastOp | arith.ExtSIOp):
        return constant(op.operands[0])
    return None


def by_power_of_two(op: Operation) -> bool:
    """Whether an integer multiplication, division or remainder is one by a constant power of two: a shift."""
    if isinstance(op, arith.MuliOp):
        factors = [constant(operand) for operand in op.operands]
    elif isinstance(op, arith.DivSIOp | arith.DivUIOp | arith.RemSIOp | arith.RemUIOp):
        factors = [constant(op.rhs)]
    else:
        return False
    return any(f is not None and f > 0 and not f & (f - 1) for f in factors)


def constant_trips(loop: scf.ForOp) -> int | None:
    """How often the body of ``loop`` runs each time it is entered, where that is a constant."""
    lower, upper, step = constant(loop.lb), constant(loop.ub), constant(loop.step)
    if lower is None or upper is None or step is None or step <= 0:
        return None
    return max(0, -(-(upper - lower) // step))


def is_array(value: SSAValue) -> bool:
    """Whether ``value`` is a memref (rank 0 included)."""
    return isinstance(value.type, MemRefType)


def array_shape(value: SSAValue) -> tuple[int, ...]:
    """Extents of a memref."""
    assert isinstance(value.type, MemRefType)
    return tuple(value.type.get_shape())


def bit_width(kind: Attribute) -> int:
    """Bits of a scalar type (an index counts 64)."""
    if isinstance(kind, IntegerType):
        return int(kind.width.data)
    if isinstance(kind, IndexType):
        return 64
    width = getattr(kind, "bitwidth", None)
    assert isinstance(width, int), f"no scalar type: {kind}"
    return width


def element_bits(value: SSAValue) -> int:
    """Bits that one element of a memref takes in memory (whole bytes)."""
    assert isinstance(value.type, MemRefType)
    return -(-bit_width(value.type.get_element_type()) // 8) * 8


def local_bytes(kernel: Kernel) -> int:
    """Memory of local arrays and constant tables of all functions of the kernel."""
    arrays = {op.results[0] for op in kernel.module.walk() if isinstance(op, memref.AllocaOp)}
    tables = [op.type for op in kernel.module.walk() if isinstance(op, memref.GlobalOp)]
    types = [array.type for array in arrays] + [table for table in tables if isinstance(table, MemRefType)]
    return sum(_type_bytes(kind) for kind in types if isinstance(kind, MemRefType))


def _type_bytes(kind: MemRefType) -> int:
    return prod(kind.get_shape()) * -(-bit_width(kind.get_element_type()) // 8)


def array_name(kernel: Kernel, value: SSAValue) -> str:
    """How the user calls the memory: parameter, local array or constant table; '?' if it is none of these."""
    owner = value.owner
    if isinstance(value, BlockArgument) and isinstance(owner, Block):
        if owner is entry_function(kernel).body.block:
            return kernel.signature.parameters[value.index].name
        return "?"
    if isinstance(owner, memref.AllocaOp):
        name = owner.attributes.get(NAME)
        return name.data if isinstance(name, StringAttr) else "?"
    if isinstance(owner, memref.GetGlobalOp):
        return owner.name_.root_reference.data
    return "?"


def rematerialisable(kernel: Kernel, op: Operation) -> bool:
    """Whether every phase may compute ``op`` again for itself instead of receiving its result.

    The rule: constants, addresses of constant tables, side-effect-free arithmetic, and loads from IN
    parameters or constant tables, as long as all operands are arguments of the function or results of such
    operations.  It never holds for an operation with a region.
    """
    if op.regions or not op.results:
        return False
    if isinstance(op, memref.LoadOp):
        if not _read_only(kernel, op.memref):
            return False
    elif not is_side_effect_free(op):
        return False
    return all(_available(kernel, operand) for operand in op.operands)


def _available(kernel: Kernel, value: SSAValue) -> bool:
    owner = value.owner
    if isinstance(owner, Block):
        return owner is entry_function(kernel).body.block
    return rematerialisable(kernel, owner)


def _read_only(kernel: Kernel, array: SSAValue) -> bool:
    if isinstance(array, BlockArgument):
        if array.owner is not entry_function(kernel).body.block:
            return False
        return kernel.signature.parameters[array.index].direction is Direction.IN
    return isinstance(array.owner, memref.GetGlobalOp)
