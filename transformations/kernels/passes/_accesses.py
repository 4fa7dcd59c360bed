"""Which elements of which arrays a kernel touches, as relations from iterations to element indices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import islpy as isl
from aicompiler.transformations.kernels._kernel import Kernel
from xdsl.dialects import func, memref, scf
from xdsl.ir import Operation, SSAValue

from ._affine import Values
from ._structure import (
    array_name,
    array_shape,
    encloses,
    entry_function,
    is_array,
    line_of,
    surrounding_loops,
)


@dataclass(frozen=True)
class Access:
    """One load or store.

    ``relation`` maps the iterations of ``loops`` (outermost first) to the elements that may be touched;
    ``reason`` says why it is larger than the truth, '' where it is exact.
    """

    operation: Operation
    array: SSAValue
    name: str
    is_write: bool
    line: int
    loops: tuple[scf.ForOp, ...]
    relation: isl.Map
    reason: str

    def within(self, loop: scf.ForOp) -> bool:
        """Whether each iteration of ``loop`` repeats the access on memory that outlives the iteration."""
        owner = self.array.owner
        is_private = isinstance(owner, memref.AllocaOp) and encloses(loop, owner)
        return loop in self.loops and not is_private


def accesses(kernel: Kernel, within: Iterable[Operation] | None = None) -> tuple[Access, ...]:
    """All accesses of the kernel's function, in program order, or those ``within`` some of its operations.

    Calls must have been inlined.

    An operation other than load and store that takes an array is taken to write all of it.
    """
    nests: dict[tuple[scf.ForOp, ...], Values] = {}
    found: list[Access] = []
    roots = [entry_function(kernel)] if within is None else within
    for op in (op for root in roots for op in root.walk()):
        if isinstance(op, memref.AllocaOp | memref.GetGlobalOp | func.FuncOp):
            continue
        for array in (operand for operand in op.operands if is_array(operand)):
            loops = surrounding_loops(op)
            if loops not in nests:
                nests[loops] = Values(loops)
            found.append(_access(kernel, op, array, nests[loops]))
    return tuple(found)


def _access(kernel: Kernel, op: Operation, array: SSAValue, values: Values) -> Access:
    indices: tuple[SSAValue, ...] = ()
    reason = ""
    if isinstance(op, memref.LoadOp | memref.StoreOp):
        indices = tuple(op.indices)
        parts = [values.of(index) for index in indices]
        reason = next((part.reason for part in parts if part.reason), "")
        relation = isl.Map.from_domain(values.domain)
        for part in parts:
            relation = relation.flat_range_product(part.relation)
    else:
        reason = f"{op.name} takes the whole array"
        relation = isl.Map.from_domain(values.domain).add_dims(isl.dim_type.out, len(array_shape(array)))
    relation = relation.intersect_range(_box(array_shape(array)))
    for guard, holds in _guards(op):
        relation = relation.intersect_domain(values.where(guard, holds))
    return Access(
        operation=op,
        array=array,
        name=array_name(kernel, array),
        is_write=not isinstance(op, memref.LoadOp),
        line=line_of(op),
        loops=values.loops,
        relation=relation.coalesce(),
        reason=reason,
    )


def _box(shape: tuple[int, ...]) -> isl.Set:
    """All elements of an array: an access outside is an error of the body, never a dependence."""
    names = ", ".join(f"e{k}" for k in range(len(shape)))
    bounds = " and ".join(f"0 <= e{k} < {extent}" for k, extent in enumerate(shape)) or "true"
    return isl.Set(f"{{ [{names}] : {bounds} }}")


def _guards(op: Operation) -> list[tuple[SSAValue, bool]]:
    """Conditions of the ``scf.if`` around an operation and whether they hold where it runs."""
    found: list[tuple[SSAValue, bool]] = []
    inner: Operation = op
    outer = op.parent_op()
    while outer is not None and not isinstance(outer, func.FuncOp):
        if isinstance(outer, scf.IfOp):
            found.append((outer.cond, _in_true_branch(outer, inner)))
        inner, outer = outer, outer.parent_op()
    return found


def _in_true_branch(branch: scf.IfOp, inner: Operation) -> bool:
    """Whether ``inner``, a direct child, is in the branch taken where the condition holds."""
    block = inner.parent_block()
    return block is not None and block.parent_region() is branch.true_region
