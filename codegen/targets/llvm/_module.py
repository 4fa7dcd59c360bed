"""One LLVM module a kernel: its public function, local functions and constant tables."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

from aicompiler.transformations.kernels import Direction, Kernel
from llvmlite import ir
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
    MemRefType,
)
from xdsl.ir import Attribute

BOOL, BYTE, INDEX = ir.IntType(1), ir.IntType(8), ir.IntType(64)


def type_of(type_: Attribute) -> Any:
    """The LLVM type of an MLIR value; arrays are pointers.  ``TypeError`` for what no target prints."""
    match type_:
        case MemRefType():
            return ir.PointerType()
        case IndexType():
            return INDEX
        case IntegerType(width=width):
            return ir.IntType(width.data)
        case Float32Type():
            return ir.FloatType()
        case Float64Type():
            return ir.DoubleType()
        case _:
            raise TypeError(f"no LLVM type for {type_}")


def stored(type_: Attribute) -> Any:
    """The type of an array's elements in memory: bools are bytes."""
    own = type_of(type_)
    return BYTE if own == BOOL else own


def array_type(element: Any, shape: tuple[int, ...]) -> Any:
    """``[a x [b x element]]``."""
    for extent in reversed(shape):
        element = ir.ArrayType(element, extent)
    return element


def number(type_: Any, value: float) -> Any:
    """A constant; integers are taken modulo their width."""
    if isinstance(type_, ir.IntType):
        value = int(value) & ((1 << type_.width) - 1)
        if type_.width > 1 and value >> (type_.width - 1):
            value -= 1 << type_.width
    return ir.Constant(type_, value)


def lower(kernel: Kernel) -> str:
    """LLVM IR of a kernel, for any processor of 64 bits: no triple, no data layout, no schedule."""
    return str(_Module(kernel).lowered())


class _Module:
    """What the functions of one module share."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.ir = ir.Module(name=kernel.name, context=ir.Context())
        self.ir.triple = ""
        self._globals = {g.sym_name.data: g for g in kernel.module.walk() if isinstance(g, memref.GlobalOp)}
        self._tables: dict[str, Any] = {}

    @cached_property
    def functions(self) -> dict[str, Any]:
        """The declared functions by their MLIR name."""
        ops = [op for op in self.kernel.module.walk() if isinstance(op, func.FuncOp)]
        return {op.sym_name.data: self._declare(op) for op in ops}

    def lowered(self) -> Any:
        """The module with the bodies of all functions."""
        from ._function import Function

        for op in self.kernel.module.walk():
            if isinstance(op, func.FuncOp):
                Function(self, op).lower()
        return self.ir

    def table(self, symbol: str) -> Any:
        """A constant table, private to the module."""
        if symbol not in self._tables:
            global_ = self._globals[symbol]
            type_, values = global_.type, global_.initial_value
            assert isinstance(type_, MemRefType)
            assert isinstance(values, DenseIntOrFPElementsAttr)
            element, count = stored(type_.element_type), prod(type_.get_shape())
            flat = list(values.get_values())
            flat = flat * count if len(flat) == 1 else flat
            table = ir.GlobalVariable(self.ir, ir.ArrayType(element, count), f"{self.kernel.name}.{symbol}")
            table.initializer = ir.Constant(table.value_type, [number(element, v) for v in flat])
            table.linkage, table.global_constant, table.unnamed_addr = "private", True, True
            table.type = ir.PointerType()  # not llvmlite's older pointer to that very type
            self._tables[symbol] = table
        return self._tables[symbol]

    def external(self, name: str, type_: Any, arity: int) -> Any:
        """A function of the mathematical library, declared once."""
        known = self.ir.globals.get(name)
        if known is None:
            known = ir.Function(self.ir, ir.FunctionType(type_, [type_] * arity), name)
            known.attributes.add("nounwind")
        return known

    def _declare(self, op: func.FuncOp) -> Any:
        public = op.sym_name.data == self.kernel.name
        inputs, outputs = op.function_type.inputs.data, op.function_type.outputs.data
        types = [stored(t) if public and not isinstance(t, MemRefType) else type_of(t) for t in inputs]
        result = type_of(outputs[0]) if outputs else ir.VoidType()
        name = op.sym_name.data if public else f"{self.kernel.name}.{op.sym_name.data}"
        function = ir.Function(self.ir, ir.FunctionType(result, types), name)
        function.attributes.add("nounwind")
        if public:
            self._promise(function)
        else:
            function.linkage = "internal"
        return function

    def _promise(self, function: Any) -> None:
        """The kernel ABI: arrays do not overlap, inputs are only read."""
        for argument, parameter in zip(function.args, self.kernel.signature.parameters, strict=True):
            argument.name = parameter.name
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
                argument.add_attribute("captures(none)")
                if parameter.direction is Direction.IN:
                    set.add(argument.attributes, "readonly")  # valid, yet not in llvmlite's list
