"""Calls: of math.h, and of the body's own functions, lowered once per shape of their array arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast
from xdsl.dialects import arith, func, math
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ._emitter import Value, mlir_type
from ._inlining import Formal, Inlined
from ._scope import Array, Local, Scope
from ._types import E

if TYPE_CHECKING:
    pass

_MATH: dict[str, tuple[Callable[..., Operation], int]] = {
    "sqrt": (math.SqrtOp, 1),
    "fabs": (math.AbsFOp, 1),
    "exp": (math.ExpOp, 1),
    "log": (math.LogOp, 1),
    "sin": (math.SinOp, 1),
    "cos": (math.CosOp, 1),
    "tan": (math.TanOp, 1),
    "atan": (math.AtanOp, 1),
    "atan2": (math.Atan2Op, 2),
    "pow": (math.PowFOp, 2),
    "floor": (math.FloorOp, 1),
    "ceil": (math.CeilOp, 1),
    "round": (math.RoundOp, 1),
    "fmin": (arith.MinnumfOp, 2),
    "fmax": (arith.MaxnumfOp, 2),
    "fma": (math.FmaOp, 3),
}
ARITIES = {name: arity for name, (_, arity) in _MATH.items()}
"""Functions of math.h by the name for double, and how many arguments they take."""
_ABS = {"abs": E.I32, "labs": E.I64, "llabs": E.I64}
_NO_MEMORY = dict.fromkeys(
    ("malloc", "calloc", "realloc", "free", "alloca"), "declare arrays of constant extent"
)
_NO_OUTPUT = dict.fromkeys(
    ("printf", "puts", "putchar", "fprintf", "scanf"), "give results out through ports"
)
_NO_BLOCKS = dict.fromkeys(("memcpy", "memset", "memmove", "strlen"), "write the loop")
_ADVICE = {**_NO_MEMORY, **_NO_OUTPUT, **_NO_BLOCKS}


@dataclass(frozen=True)
class Instance:
    """A helper function lowered for certain argument shapes."""

    symbol: str
    result: ElementType | None


class Function(Inlined):
    """One function being lowered."""

    def finished(self) -> Block:
        """The body, with the tables it uses fetched at its top."""
        for op in reversed(list(self.tables.values())):
            if self.block.first_op is None:
                self.block.add_op(op)
            else:
                self.block.insert_op_before(op, self.block.first_op)
        return self.block

    def call(self, node: c_ast.FuncCall) -> Value | None:
        """Lower a call; ``None`` for a function without result."""
        if not isinstance(node.name, c_ast.ID):
            raise self.unsupported("function pointer", "call the functions by name and choose with if")
        if self.constants_only:
            raise self.wrong(
                "a constant expression cannot call a function", "use literals and named constants"
            )
        name: str = node.name.name
        arguments: list[c_ast.Node] = list(node.args.exprs) if node.args is not None else []
        if name in self.program.unit.functions:
            return self._call_own(self.program.unit.functions[name], arguments, node)
        if name in self.program.builtins:
            return self.program.builtins[name](self, arguments)
        if name in _ABS:
            return self._abs(name, arguments, node)
        base, dtype = (name[:-1], E.F32) if name.endswith("f") and name[:-1] in _MATH else (name, E.F64)
        if base in _MATH:
            return self._math(name, base, dtype, arguments)
        if name in _ADVICE:
            raise self.unsupported(name, _ADVICE[name])
        if self.scope.find(name) is not None:
            raise self.wrong(f"{name!r} is no function", "call the functions of the body and of math.h")
        known = ", ".join(sorted([*_MATH, *_ABS]))
        raise self.wrong(
            f"the function {name!r} is not defined",
            f"define it in the body or in a file that it includes, or use one of: {known}",
        )

    # --- math.h ---

    def _math(self, name: str, base: str, dtype: ElementType, nodes: list[c_ast.Node]) -> Value:
        self.check_count(name, len(nodes), _MATH[base][1])
        return self.elementary(base, [self.value(n) for n in nodes], dtype)

    def elementary(self, base: str, values: Sequence[Value], dtype: ElementType) -> Value:
        """The function ``base`` of math.h (named as that for double) on ``values`` converted to ``dtype``."""
        operands = [self.ssa(self.convert(v, dtype)) for v in values]
        return Value(dtype, self.add(_MATH[base][0](*operands)).results[0])

    def _abs(self, name: str, nodes: list[c_ast.Node], node: c_ast.Node) -> Value:
        self.check_count(name, len(nodes), 1)
        operand = self.ssa(self.convert(self.value(nodes[0]), _ABS[name]))
        self.at(node)
        return Value(_ABS[name], self.add(math.AbsIOp(operand), located=True).result)

    # --- the body's own functions ---

    def _call_own(self, definition: c_ast.FuncDef, nodes: list[c_ast.Node], node: c_ast.Node) -> Value | None:
        name: str = definition.decl.name
        self.check_recursion(name)
        formals = self.formals(definition)
        self.at(node)
        self.check_count(name, len(nodes), len(formals))
        if self.belongs_here(definition, formals, nodes):
            values = self.inlined(definition, formals, nodes)
            return values[0] if len(values) == 1 and self.struct_kind(node) is None else None
        operands: list[SSAValue] = []
        arrays: dict[str, tuple[Array, bool]] = {}
        for formal, argument in zip(formals, nodes, strict=True):
            if formal.inner is None:
                operands.append(self.ssa(self.convert(self.value(argument), formal.dtype)))
            else:
                array = self.array_argument(formal, argument, arrays)
                operands.append(self.memory(array))
        self.at(node)
        instance = self._instance(definition, formals, operands)
        results: list[Attribute] = [] if instance.result is None else [mlir_type(instance.result)]
        op = self.add(func.CallOp(instance.symbol, operands, results), located=True)
        return None if instance.result is None else Value(instance.result, op.results[0])

    def _instance(
        self, definition: c_ast.FuncDef, formals: list[Formal], operands: Sequence[SSAValue]
    ) -> Instance:
        name: str = definition.decl.name
        key: tuple[Any, ...] = (name, *(o.type for o in operands))
        if key not in self.program.instances:
            self.program.instances[key] = self._lower(definition, formals, operands)
        return self.program.instances[key]

    def _lower(
        self, definition: c_ast.FuncDef, formals: list[Formal], operands: Sequence[SSAValue]
    ) -> Instance:
        """Lower a helper function for arguments of these types."""
        program = self.program
        name: str = definition.decl.name
        function = Function(self.behaviour, program, Scope(program.scope))
        function.at(definition)
        declared = definition.decl.type.type
        result = function.type_of(declared)
        for formal, operand in zip(formals, operands, strict=True):
            argument = function.block.insert_arg(operand.type, len(function.block.args))
            argument.name_hint = formal.name
            if isinstance(operand.type, MemRefType):
                shape = operand.type.get_shape()
                function.declare(Array(formal.name, formal.dtype, shape, formal.writable, argument))
            else:
                local = Local(formal.name, formal.dtype)
                function.declare(local)
                function.state[local] = Value(formal.dtype, argument)
        program.active.append(name)
        values = function.function_body(definition.body.block_items or [], result, declared)
        program.active.pop()
        function.add(func.ReturnOp(*(function.ssa(v) for v in values)))
        symbol = program.new_symbol(name)
        program.add_function(symbol, function, None if result is None else mlir_type(result), private=True)
        return Instance(symbol, result)
