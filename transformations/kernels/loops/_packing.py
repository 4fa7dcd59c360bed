"""Copies of arrays in another order, or nearer: what a loop reads then lies side by side."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import LOOP, NAME, accesses, array_name, array_shape
from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import MemRefType, StringAttr, UnitAttr
from xdsl.ir import Block, Region, SSAValue

from ._draft import INDEX, Draft, end, index_constant, splice
from ._errors import IllegalTransformation, Violation

STATIC = "aic.static"
MOST_ON_STACK = 16 * 1024
"""Larger copies (in bytes) are kept in static memory where the target has it."""


@dataclass(frozen=True)
class Pack:
    """A local copy of an array for all that a loop reads of it, its dimensions in the order ``order``.

    The copy is made before the loop, which must not write the array.  The identity order promotes an array
    to local memory; ``(1, 0)`` transposes a matrix.
    """

    loop: str
    array: str
    order: tuple[int, ...]

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the loop reading the copy."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        known = [a for a in accesses(draft.kernel, [loop]) if a.within(loop) and a.name in (self.array, "?")]
        loads = [a.operation for a in known if isinstance(a.operation, memref.LoadOp)]
        for access in known:
            if access.is_write:
                raise IllegalTransformation(
                    draft.kernel.name,
                    draft.what,
                    Violation(self.array, "flow", access.line, access.line, (self.loop,), ("*",)),
                )
        arrays = {op.memref for op in loads if array_name(draft.kernel, op.memref) == self.array}
        if len(arrays) != 1:
            draft.refuse(f"{self.loop} reads no array {self.array!r}", loop)
        array = arrays.pop()
        shape = array_shape(array)
        if sorted(self.order) != list(range(len(shape))):
            draft.refuse(f"{self.order} is no order of the {len(shape)} dimensions of {self.array}", loop)
        copy = self._copy(draft, loop, array, shape)
        for op in loads:
            if op.memref is array:
                block = op.parent_block()
                assert block is not None
                made = memref.LoadOp.get(copy, [op.indices[d] for d in self.order])
                made.attributes.update(op.attributes)
                block.insert_op_before(made, op)
                op.res.replace_all_uses_with(made.res)
                block.erase_op(op)
        return draft.finish()

    def _copy(self, draft: Draft, loop: scf.ForOp, array: SSAValue, shape: tuple[int, ...]) -> SSAValue:
        assert isinstance(array.type, MemRefType)
        element = array.type.get_element_type()
        scratch = Block()
        local = memref.AllocaOp.get(element, shape=[shape[d] for d in self.order])
        local.attributes[NAME] = StringAttr(f"{self.array}_packed")
        local.memref.name_hint = f"{self.array}_packed"
        size = getattr(element, "size", 8)
        for extent in shape:
            size *= extent
        if size > MOST_ON_STACK:
            local.attributes[STATIC] = UnitAttr()
        scratch.add_op(local)
        counters: list[SSAValue] = []
        made: list[scf.ForOp] = []
        into = scratch
        for extent in shape:
            low, high, step = (index_constant(into, v) for v in (0, extent, 1))
            one = scf.ForOp(low, high, step, [], Region([Block(arg_types=[INDEX])]))
            one.attributes.update({k: v for k, v in loop.attributes.items() if k == "aic.line"})
            one.attributes[LOOP] = draft.fresh(f"{self.array}_pack")
            into.add_op(one)
            made.append(one)
            counters.append(one.body.block.args[0])
            into = one.body.block
        load = memref.LoadOp.get(array, counters)
        store = memref.StoreOp.get(load.res, local.memref, [counters[d] for d in self.order])
        into.add_ops([load, store])
        for one in made:
            end(one)
        splice(scratch, loop)
        return local.memref
