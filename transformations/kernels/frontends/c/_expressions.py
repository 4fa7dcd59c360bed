"""Expressions: reads and writes of variables and array elements, and operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from aicompiler.metamodels.system import Behaviour, ElementType
from pycparser import c_ast
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, SSAValue

from ._effects import STEPS
from ._emitter import Value
from ._literals import literal
from ._places import Frozen, Part, Place, Places
from ._scope import Array, Cell, Kind, Local, Record, Scope, Struct, layout
from ._types import E, promoted

EXTENT = "the extent of an array"


class Expressions(Places):
    """Lowers expressions."""

    def __init__(self, behaviour: Behaviour, scope: Scope) -> None:
        super().__init__(behaviour, scope)
        self.constants_only = ""  # what must be constant, while that is evaluated
        self._kinds: dict[type[c_ast.Node], Callable[[Any], Value]] = {
            c_ast.Constant: lambda node: literal(self, node),
            c_ast.ID: lambda node: self.read(self.place(node)),
            c_ast.ArrayRef: lambda node: self.read(self.place(node)),
            c_ast.BinaryOp: self._binary,
            c_ast.UnaryOp: self._unary,
            c_ast.Assignment: self._assignment,
            c_ast.TernaryOp: self._ternary,
            c_ast.Cast: self._cast,
            c_ast.FuncCall: self._result,
            c_ast.ExprList: self._sequence,
            c_ast.StructRef: lambda node: self.read(self.place(node)),
        }

    # --- what later layers add ---

    def call(self, node: c_ast.FuncCall) -> Value | None:
        """Lower a call; ``None`` for a function without result."""
        raise NotImplementedError

    def type_of(self, node: c_ast.Node) -> ElementType | None:
        """The scalar type that a type name means; ``None`` for void."""
        raise NotImplementedError

    def kind_of(self, node: c_ast.Node) -> Kind | None:
        """The scalar or struct type that a type name means; ``None`` for void."""
        raise NotImplementedError

    def struct_value(self, node: c_ast.Node) -> tuple[Struct, list[Value]] | None:
        """The values of the members of a struct; ``None`` if the expression is no struct."""
        raise NotImplementedError

    def struct_target(self, node: c_ast.Node) -> Part | None:
        """The struct that an assignment changes; ``None`` if it is of a number."""
        raise NotImplementedError

    def assign_struct(self, target: Part, node: c_ast.Node) -> None:
        """Assign to a struct all that another one holds."""
        raise NotImplementedError

    # --- values ---

    def value(self, node: c_ast.Node) -> Value:
        """The value of an expression, after its side effects."""
        self.at(node)
        if (lower := self._kinds.get(type(node))) is None:
            raise self._outside(node)
        return lower(node)

    def _result(self, node: c_ast.FuncCall) -> Value:
        if (result := self.call(node)) is None:
            raise self.wrong("this function has no result", "call it as a statement")
        return result

    def _sequence(self, node: c_ast.ExprList) -> Value:
        for expression in node.exprs[:-1]:
            self.effect(expression)
        return self.value(node.exprs[-1])

    def effect(self, node: c_ast.Node) -> None:
        """Evaluate an expression for its side effects."""
        self.at(node)
        if isinstance(node, c_ast.FuncCall):
            self.call(node)
        elif isinstance(node, c_ast.Cast) and self.type_of(node.to_type) is None:
            self.effect(node.expr)
        elif isinstance(node, c_ast.ExprList):
            for expression in node.exprs:
                self.effect(expression)
        elif isinstance(node, c_ast.Assignment):
            self.effect_of_assignment(node)
        else:
            self.value(node)

    def constant(self, node: c_ast.Node, what: str) -> int:
        """The value of an integer constant expression; variables in it are refused."""
        outer, self.constants_only = self.constants_only, what
        try:
            value = self.value(node)
        finally:
            self.constants_only = outer
        if value.const is None or value.dtype.is_float:
            raise self.wrong(f"{what} must be an integer constant", "use literals and named constants")
        return int(value.const)

    def _check_constant(self) -> None:
        """Refuse to read a variable where only constants are allowed."""
        if self.constants_only == EXTENT:
            raise self.unsupported(
                "a size that is not constant (variable-length array)", "use named constants"
            )
        if self.constants_only:
            raise self.wrong(f"{self.constants_only} must be constant", "use literals and named constants")

    def _outside(self, node: c_ast.Node) -> Exception:
        known = {
            c_ast.CompoundLiteral: ("compound literal", "declare an array with an initialiser"),
            c_ast.InitList: ("initialiser list", "assign the elements one by one"),
        }
        construct, advice = known.get(
            type(node), (type(node).__name__, "use scalars, arrays, loops and branches")
        )
        return self.unsupported(construct, advice)

    # --- reading and writing ---

    def read(self, place: Place | Value) -> Value:
        """The value at a place."""
        if isinstance(place, Value):
            return place
        if isinstance(place, Local):
            return self._read_local(place)
        if isinstance(place, Frozen):
            return self.read(place.place)
        self._check_constant()
        array, indices = (place, ()) if isinstance(place, Cell) else place
        source = array.memref if isinstance(array, Cell) else self.memory(array)
        assert source is not None
        loaded = self.add(memref.LoadOp.get(source, indices), located=True).res
        return Value(array.dtype, self._from_byte(loaded) if array.dtype is E.BOOL else loaded)

    def _read_local(self, local: Local) -> Value:
        self._check_constant()
        if local not in self.state:
            raise self.wrong(
                f"{local.name!r} may be read before it is given a value", "initialise it where it is declared"
            )
        return self.state[local]

    def _from_byte(self, byte: SSAValue) -> SSAValue:
        zero = self.ssa(Value(E.I8, const=0))
        return self.add(arith.CmpiOp(byte, zero, "ne")).result

    def write(self, place: Place | Value, value: Value) -> Value:
        """Store a value, converted to the place's type; gives the converted value."""
        if isinstance(place, Value):
            raise self.wrong("a constant cannot be assigned to", "assign to a variable")
        if self.constants_only:
            raise self.wrong("a constant expression cannot assign")
        if isinstance(place, Frozen):
            raise self.wrong(f"{place.name!r} is const here", "drop the const, or use a variable of your own")
        if isinstance(place, Local):
            if place.constant:
                raise self.wrong(f"{place.name!r} is const", "drop the const, or use another variable")
            value = self.convert(value, place.dtype)
            self.name(value, place.name)
            self.state[place] = value
            return value
        array, indices = (place, ()) if isinstance(place, Cell) else place
        if isinstance(array, Array) and not array.writable:
            raise self.wrong(f"{array.name!r} is read-only", "copy it into an array of your own to change it")
        value = self.convert(value, array.dtype)
        target = array.memref if isinstance(array, Cell) else self.memory(array)
        assert target is not None
        stored = self.ssa(value)
        if array.dtype is E.BOOL:
            stored = self.add(arith.ExtUIOp(stored, IntegerType(8))).result
        self.add(memref.StoreOp.get(stored, target, indices), located=True)
        return value

    # --- operators ---

    def _binary(self, node: c_ast.BinaryOp) -> Value:
        if node.op in ("&&", "||"):
            return self._short_circuit(node)
        left = self.value(node.left)
        right = self.value(node.right)
        self.at(node)
        return self.binary(node.op, left, right)

    def _unary(self, node: c_ast.UnaryOp) -> Value:
        if node.op == "sizeof":
            return Value(E.U64, const=self._sizeof(node.expr))
        if node.op in STEPS:
            return self._step(node)
        if node.op == "*":
            return self.read(self.place(node))
        return self._operator(node)

    def _operator(self, node: c_ast.UnaryOp) -> Value:
        if node.op == "&":
            advice = "return the result by value, or pass a whole array"
            raise self.unsupported("the address operator &", advice)
        value = self.value(node.expr)
        self.at(node)
        if node.op == "-":
            return self.negate(value)
        if node.op == "~":
            return self.invert(value)
        if node.op == "!":
            return self.binary("==", self.truth(value), Value(E.BOOL, const=0))
        if node.op == "+":
            return self.convert(value, promoted(value.dtype))
        raise self.unsupported(f"the operator {node.op}", "use the operators of C11")

    def _sizeof(self, node: c_ast.Node) -> int:
        if isinstance(node, c_ast.Typename):
            if (kind := self.kind_of(node)) is None:
                raise self.wrong("void has no size")
            return layout(kind)[0]
        if isinstance(node, c_ast.ID) and isinstance(named := self.symbol(node.name), Array | Record):
            size = layout(named.kind if isinstance(named, Record) else named.dtype)[0]
            return size * prod(named.shape)
        state = dict(self.state)
        unused = Block()
        with self.into(unused):  # the operand of sizeof is not evaluated
            struct = self.struct_value(node)
            size = layout(struct[0])[0] if struct is not None else self.value(node).dtype.bytes
        unused.drop_all_references()
        self.state = state
        return size

    def _step(self, node: c_ast.UnaryOp) -> Value:
        place = self.place(node.expr)
        old = self.read(place)
        self.at(node)
        new = self.write(place, self.binary(node.op[-1], old, Value(E.I32, const=1)))
        return old if node.op[0] == "p" else new

    def effect_of_assignment(self, node: c_ast.Assignment) -> None:
        """An assignment as a statement: of a number, or of a struct."""
        if node.op == "=" and (target := self.struct_target(node.lvalue)) is not None:
            self.assign_struct(target, node.rvalue)
        else:
            self._assignment(node)

    def _assignment(self, node: c_ast.Assignment) -> Value:
        place = self.place(node.lvalue)
        if node.op == "=":
            value = self.value(node.rvalue)
        else:
            old = self.read(place)
            value = self.value(node.rvalue)
            self.at(node)
            value = self.binary(node.op[:-1], old, value)
        self.at(node)
        return self.write(place, value)

    def _cast(self, node: c_ast.Cast) -> Value:
        if (dtype := self.type_of(node.to_type)) is None:
            raise self.wrong("a value cast to void cannot be used")
        value = self.value(node.expr)
        self.at(node)
        return self.convert(value, dtype)

    # --- branches ---

    def _short_circuit(self, node: c_ast.BinaryOp) -> Value:
        left = self.truth(self.value(node.left))
        decided = (Value(E.BOOL, const=int(node.op == "||")),)

        def other() -> Sequence[Value]:
            return (self.truth(self.value(node.right)),)

        arms = (other, lambda: decided) if node.op == "&&" else (lambda: decided, other)
        return self.fork(left, *arms)[0]

    def _ternary(self, node: c_ast.TernaryOp) -> Value:
        condition = self.truth(self.value(node.cond))
        return self.fork(condition, lambda: (self.value(node.iftrue),), lambda: (self.value(node.iffalse),))[
            0
        ]
