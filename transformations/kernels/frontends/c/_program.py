"""The module under construction: tables, instances of helper functions, the kernel's function, loop names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._kernel import Direction, Parameter, Signature
from aicompiler.transformations.kernels._names import c_identifier
from aicompiler.transformations.kernels._numbers import wrap
from pycparser import c_ast
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FunctionType,
    MemRefType,
    ModuleOp,
    TensorType,
    UnitAttr,
)
from xdsl.dialects.memref import GlobalOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ._calls import Function, Instance
from ._cleanup import clean
from ._emitter import Value, memory_type, string
from ._scope import Array, Cell, Fixed, Local, Scope
from ._source import Unit
from ._types import LIMITS, E, convert_number

Builtin = Callable[[Function, Sequence[c_ast.Node]], Value]
"""Lowers a call of a function that a dialect of C knows, given its arguments."""


@dataclass(frozen=True)
class Dialect:
    """What a language close to C has beyond it: names of scalar types, and functions."""

    types: Mapping[str, ElementType] = field(default_factory=dict)
    builtins: Mapping[str, Builtin] = field(default_factory=dict)


class Program:
    """One body on its way to one MLIR module."""

    def __init__(
        self, behaviour: Behaviour, signature: Signature, unit: Unit, dialect: Dialect | None = None
    ) -> None:
        self.builtins: Mapping[str, Builtin] = dialect.builtins if dialect else {}
        self.behaviour = behaviour
        self.signature = signature
        self.unit = unit
        limits = {n: Fixed(n, Value(t, const=v)) for n, (t, v) in LIMITS.items()}
        self.scope = Scope(Scope(symbols=dict(limits), types=dict(dialect.types) if dialect else {}))
        self.instances: dict[tuple[object, ...], Instance] = {}
        self.active: list[str] = []
        self.inlined = 0
        self._symbols = {signature.name}
        self._tables: list[Operation] = []
        self._functions: list[func.FuncOp] = []

    def module(self) -> ModuleOp:
        """Lower everything; raises located errors."""
        self._file_scope()
        step = self._step()
        module = ModuleOp([*self._tables, *self._functions, step])
        clean(module, self.signature.name)
        return module

    def add_table(
        self, name: str, dtype: ElementType, shape: tuple[int, ...], values: dict[int, Value]
    ) -> str:
        """Add a constant table, zero where ``values`` says nothing; gives its symbol."""
        size = math.prod(shape)
        element = memory_type(dtype)
        constants = {i: v.const for i, v in values.items() if v.const is not None}
        numbers = [constants.get(i, 0) for i in range(size)]
        if not dtype.is_float:
            signed = {1: E.I8, 2: E.I16, 4: E.I32, 8: E.I64}[dtype.bytes]
            numbers = [wrap(int(n), signed) for n in numbers]
        kind: TensorType[Any] = TensorType(element, shape)
        initial = DenseIntOrFPElementsAttr.from_list(kind, numbers)
        symbol = self.new_symbol(name)
        table = GlobalOp.get(string(symbol), MemRefType(element, shape), initial, constant=UnitAttr())
        self._tables.append(table)
        return symbol

    def new_symbol(self, name: str) -> str:
        """A name that no other function or table of the module has."""
        base = c_identifier(name)
        symbol, n = base, 0
        while symbol in self._symbols:
            n += 1
            symbol = f"{base}_{n}"
        self._symbols.add(symbol)
        return symbol

    def add_function(
        self, symbol: str, function: Function, result: Attribute | None, private: bool
    ) -> func.FuncOp:
        """Wrap a lowered function body."""
        block = function.finished()
        kind = FunctionType.from_lists([a.type for a in block.args], [] if result is None else [result])
        op = func.FuncOp(symbol, kind, Region([block]), visibility="private" if private else None)
        if private:
            self._functions.append(op)
        return op

    def _file_scope(self) -> None:
        context = Function(self.behaviour, self, self.scope)
        for constant in self.signature.constants:
            value = convert_number(constant.value, constant.dtype)
            context.declare(Fixed(constant.name, Value(constant.dtype, const=value)))
        for node in self.unit.declarations:
            context.declaration(node, file_scope=True)

    def _step(self) -> func.FuncOp:
        function = Function(self.behaviour, self, Scope(self.scope))
        for parameter in self.signature.parameters:
            self._bind(function, parameter)
        items = self.unit.statements.block_items or []
        function.function_body(items, None)
        function.add(func.ReturnOp())
        return self.add_function(self.signature.name, function, None, private=False)

    def _bind(self, function: Function, p: Parameter) -> None:
        by_value = p.direction is Direction.IN and not p.shape
        kind = memory_type(p.dtype) if by_value else MemRefType(memory_type(p.dtype), p.shape)
        argument = _argument(function.block, kind, p.name)
        if p.shape:
            function.declare(Array(p.name, p.dtype, p.shape, p.direction is not Direction.IN, argument))
        elif by_value:
            local = Local(p.name, p.dtype)
            function.declare(local)
            byte = Value(E.U8 if p.dtype is E.BOOL else p.dtype, argument)
            function.state[local] = function.convert(byte, p.dtype)
        else:
            function.declare(Cell(p.name, p.dtype, argument))


def _argument(block: Block, kind: Attribute, name: str) -> SSAValue:
    argument = block.insert_arg(kind, len(block.args))
    argument.name_hint = name
    return argument
