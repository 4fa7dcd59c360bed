"""Lowers one function: memory, loops, conditions and calls; scalar operations are in ``_operations``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aicompiler.codegen.targets._operations import UnsupportedOperation
from llvmlite import ir
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.ir import Block, Operation, SSAValue

from ._module import BOOL, BYTE, array_type, number, stored, type_of
from ._operations import find

if TYPE_CHECKING:
    from ._module import _Module


class Function:
    """The state of lowering one function: the LLVM value of each SSA value."""

    def __init__(self, module: _Module, op: func.FuncOp) -> None:
        self.module = module
        self.op = op
        self.function = module.functions[op.sym_name.data]
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.values: dict[SSAValue, Any] = {}

    def lower(self) -> None:
        """Write the body."""
        for argument, given in zip(self.op.body.block.args, self.function.args, strict=True):
            own = type_of(argument.type)
            narrowed = own == BOOL and given.type == BYTE
            self.values[argument] = self._truth(given) if narrowed else given
        self._block(self.op.body.block)

    def get(self, value: SSAValue) -> Any:
        """The LLVM value of an operand."""
        return self.values[value]

    def intrinsic(self, name: str, *arguments: Any) -> Any:
        """A call of the LLVM intrinsic ``llvm.NAME`` for the type of the first argument."""
        type_ = arguments[0].type
        declared = ir.FunctionType(type_, [a.type for a in arguments])
        function = self.module.ir.declare_intrinsic(f"llvm.{name}", [type_], declared)
        return self.builder.call(function, arguments)

    def library(self, name: str, *arguments: Any) -> Any:
        """A call of the mathematical library of C."""
        type_ = arguments[0].type
        full = f"{name}f" if isinstance(type_, ir.FloatType) else name
        return self.builder.call(self.module.external(full, type_, len(arguments)), arguments)

    # --- operations -------------------------------------------------------------------------------------

    def _block(self, block: Block) -> Sequence[SSAValue]:
        """All operations of a block; gives the operands of its terminator."""
        for op in block.ops:
            if isinstance(op, scf.YieldOp | scf.ConditionOp):
                return op.operands
            self._operation(op)
        return ()

    def _operation(self, op: Operation) -> None:
        if (scalar := find(op)) is not None:
            self.values[op.results[0]] = scalar(op, self)
            return
        match op:
            case memref.LoadOp():
                self.values[op.res] = self._load(op)
            case memref.StoreOp():
                self._store(op)
            case memref.AllocaOp():
                self.values[op.memref] = self._local(op)
            case memref.GetGlobalOp():
                self.values[op.memref] = self.module.table(op.name_.root_reference.data)
            case func.CallOp():
                self._call(op)
            case func.ReturnOp():
                self._return(op)
            case scf.ForOp():
                self._for(op)
            case scf.IfOp():
                self._if(op)
            case scf.WhileOp():
                self._while(op)
            case _:
                raise UnsupportedOperation(op, language="LLVM IR")

    # --- memory -----------------------------------------------------------------------------------------

    def _truth(self, byte: Any) -> Any:
        return self.builder.icmp_unsigned("!=", byte, number(BYTE, 0))

    def _address(self, array: SSAValue, indices: Sequence[SSAValue]) -> Any:
        """Inner extents are the type that is stepped over, so that every subscript stays visible."""
        type_ = array.type
        assert isinstance(type_, MemRefType)
        pointer = self.get(array)
        if not indices:
            return pointer
        row = array_type(stored(type_.element_type), tuple(type_.get_shape())[1:])
        subscripts = [self.get(i) for i in indices]
        return self.builder.gep(pointer, subscripts, inbounds=True, source_etype=row)

    def _load(self, op: memref.LoadOp) -> Any:
        type_ = op.memref.type
        assert isinstance(type_, MemRefType)
        element = stored(type_.element_type)
        value = self.builder.load(self._address(op.memref, op.indices), typ=element)
        return self._truth(value) if type_of(type_.element_type) == BOOL else value

    def _store(self, op: memref.StoreOp) -> None:
        value = self.get(op.value)
        if value.type == BOOL:
            value = self.builder.zext(value, BYTE)
        self.builder.store(value, self._address(op.memref, op.indices))

    def _local(self, op: memref.AllocaOp) -> Any:
        """In the entry block, so that a loop around it does not grow the stack."""
        type_ = op.memref.type
        assert isinstance(type_, MemRefType)
        label = op.attributes.get("aic.name")
        name = label.data if isinstance(label, StringAttr) else "local"
        if "aic.static" in op.attributes:
            return self.module.static(name, array_type(stored(type_.element_type), tuple(type_.get_shape())))
        with self.builder.goto_entry_block():
            local = self.builder.alloca(
                array_type(stored(type_.element_type), tuple(type_.get_shape())), name=name
            )
        local.type = ir.PointerType()  # not llvmlite's older pointer to that very type
        return local

    # --- calls ------------------------------------------------------------------------------------------

    def _call(self, op: func.CallOp) -> None:
        callee = self.module.functions[op.callee.root_reference.data]
        result = self.builder.call(callee, [self.get(a) for a in op.arguments])
        if op.results:
            self.values[op.results[0]] = result

    def _return(self, op: func.ReturnOp) -> None:
        if op.arguments:
            self.builder.ret(self.get(op.arguments[0]))
        else:
            self.builder.ret_void()

    # --- control ----------------------------------------------------------------------------------------

    def _blocks(self, prefix: str, *names: str) -> list[Any]:
        return [self.function.append_basic_block(f"{prefix}.{name}") for name in names]

    def _phis(self, values: Sequence[SSAValue]) -> list[Any]:
        """A join for each value; the values stand for the joins from now on."""
        for value in values:
            self.values[value] = self.builder.phi(type_of(value.type), name=_hint(value))
        return [self.values[v] for v in values]

    def _join(self, phis: Sequence[Any], values: Sequence[SSAValue]) -> None:
        """What the joins are when control comes from here."""
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(self.get(value), self.builder.block)

    def _for(self, op: scf.ForOp) -> None:
        label = op.attributes.get("aic.loop")
        prefix = label.data if isinstance(label, StringAttr) else "loop"
        head, body, end = self._blocks(prefix, "head", "body", "end")
        counter, *carried = op.body.block.args
        before = self.builder.block
        self.builder.branch(head)
        self.builder.position_at_end(head)
        index, *joins = self._phis([counter, *carried])
        index.add_incoming(self.get(op.lb), before)
        for join, start in zip(joins, op.iter_args, strict=True):
            join.add_incoming(self.get(start), before)
        self.builder.cbranch(self.builder.icmp_signed("<", index, self.get(op.ub)), body, end)
        self.builder.position_at_end(body)
        last = self._block(op.body.block)
        index.add_incoming(self.builder.add(index, self.get(op.step)), self.builder.block)
        self._join(joins, last)
        self.builder.branch(head)
        self.builder.position_at_end(end)
        self.values.update(zip(op.results, joins, strict=True))

    def _if(self, op: scf.IfOp) -> None:
        yes, no, end = self._blocks("if", "then", "else", "end")
        self.builder.cbranch(self.get(op.cond), yes, no)
        arms: list[tuple[Any, Sequence[Any]]] = []
        for start, region in ((yes, op.true_region), (no, op.false_region)):
            self.builder.position_at_end(start)
            given = self._block(region.block) if region.blocks else ()
            arms.append((self.builder.block, [self.get(v) for v in given]))
            self.builder.branch(end)
        self.builder.position_at_end(end)
        for place, join in enumerate(self._phis(op.results)):
            for block, given in arms:
                join.add_incoming(given[place], block)

    def _while(self, op: scf.WhileOp) -> None:
        head, body, end = self._blocks("while", "head", "body", "end")
        before, after = op.before_region.block, op.after_region.block
        source = self.builder.block
        starts = [self.get(v) for v in op.arguments]
        self.builder.branch(head)
        self.builder.position_at_end(head)
        joins = self._phis(before.args)
        for join, start in zip(joins, starts, strict=True):
            join.add_incoming(start, source)
        condition, *passed = (self.get(v) for v in self._block(before))
        self.values.update(zip(after.args, passed, strict=True))
        self.builder.cbranch(condition, body, end)
        self.builder.position_at_end(body)
        self._join(joins, self._block(after))
        self.builder.branch(head)
        self.builder.position_at_end(end)
        self.values.update(zip(op.results, passed, strict=True))


def _hint(value: SSAValue) -> str:
    """The name that the model gives a value, if it is one that LLVM prints without quotes."""
    name = value.name_hint or ""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else ""
