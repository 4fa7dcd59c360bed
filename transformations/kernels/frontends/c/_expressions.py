"""Expressions: reads and writes of variables and array elements, and operators."""

from __future__ import annotations

from collections.abc import Sequence

from aicompiler.metamodels.system import Behaviour, ElementType
from pycparser import c_ast
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Block, SSAValue

from ._branches import Branches
from ._effects import STEPS
from ._emitter import Value, memory_type
from ._literals import literal
from ._scope import Array, Cell, Local, Scope, Symbol
from ._types import E, promoted

Element = tuple[Array, tuple[SSAValue, ...]]
Place = Local | Cell | Element


class Expressions(Branches):
    """Lowers expressions."""

    def __init__(self, behaviour: Behaviour, scope: Scope) -> None:
        super().__init__(behaviour)
        self.scope = scope
        self.tables: dict[Array, memref.GetGlobalOp] = {}
        self.constants_only = False
        self._kinds = {
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
        }

    # --- what later layers add ---

    def call(self, node: c_ast.FuncCall) -> Value | None:
        """Lower a call; ``None`` for a function without result."""
        raise NotImplementedError

    def type_of(self, node: c_ast.Node) -> ElementType | None:
        """The scalar type that a type name means; ``None`` for void."""
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
        else:
            self.value(node)

    def constant(self, node: c_ast.Node, what: str) -> int:
        """The value of an integer constant expression; variables in it are refused."""
        self.constants_only = True
        try:
            value = self.value(node)
        finally:
            self.constants_only = False
        if value.const is None or value.dtype.is_float:
            raise self.wrong(f"{what} must be an integer constant", "use literals and named constants")
        return int(value.const)

    def _outside(self, node: c_ast.Node) -> Exception:
        known = {
            c_ast.StructRef: ("struct", "use one variable or array per member"),
            c_ast.CompoundLiteral: ("compound literal", "declare an array with an initialiser"),
            c_ast.InitList: ("initialiser list", "assign the elements one by one"),
        }
        construct, advice = known.get(
            type(node), (type(node).__name__, "use scalars, arrays, loops and branches")
        )
        return self.unsupported(construct, advice)

    # --- places ---

    def symbol(self, name: str) -> Symbol:
        """What a name stands for; raises if it is not declared."""
        if (found := self.scope.find(name)) is None:
            raise self.wrong(
                f"{name!r} is not declared", "declare it, or make it a port, attribute or constant"
            )
        return found

    def place(self, node: c_ast.Node) -> Place | Value:
        """Where an expression lives, its subscripts evaluated once; a value for named constants."""
        self.at(node)
        if isinstance(node, c_ast.ID):
            return self._named(node)
        if isinstance(node, c_ast.UnaryOp) and node.op == "*" and isinstance(node.expr, c_ast.ID):
            if isinstance(symbol := self.symbol(node.expr.name), Cell):
                return symbol
            if isinstance(symbol, Array):
                advice = f"write {symbol.name}{'[0]' * len(symbol.shape)}"
                raise self.unsupported(f"the dereference of the array {symbol.name!r}", advice)
        if isinstance(node, c_ast.ArrayRef):
            return self._element(node)
        if isinstance(node, c_ast.UnaryOp) and node.op == "*":
            raise self.unsupported(
                "pointer dereference", "pointers are array parameters only: use array[index]"
            )
        if isinstance(node, c_ast.StructRef):
            raise self._outside(node)
        raise self.wrong("this expression cannot be assigned to", "assign to a variable or an array element")

    def _named(self, node: c_ast.ID) -> Place | Value:
        symbol = self.symbol(node.name)
        if isinstance(symbol, Array):
            advice = f"arrays are used element by element, or passed whole to a function: {symbol.name}[...]"
            raise self.unsupported(f"pointer arithmetic on the array {symbol.name!r}", advice)
        if isinstance(symbol, Local | Cell):
            return symbol
        return symbol.value

    def _element(self, node: c_ast.ArrayRef) -> Element:
        subscripts: list[c_ast.Node] = []
        base: c_ast.Node = node
        while isinstance(base, c_ast.ArrayRef):
            subscripts.insert(0, base.subscript)
            base = base.name
        if not isinstance(base, c_ast.ID):
            raise self.unsupported("pointer arithmetic", "subscript an array by its name")
        array = self.symbol(base.name)
        if not isinstance(array, Array):
            raise self.wrong(f"{base.name!r} is no array", "drop the subscript")
        rank = len(array.shape)
        if len(subscripts) != rank:
            example = array.name + "".join(f"[{i}]" for i in ("w", "z", "y", "x")[-rank:])
            construct = f"{len(subscripts)} subscripts on the {rank}-D array {array.name!r}"
            raise self.unsupported(construct, f"give every subscript: {example}")
        return array, tuple(self.to_index(self.value(s)) for s in subscripts)

    def memory(self, array: Array) -> SSAValue:
        """The memref of an array; tables are fetched once at the top of the function."""
        if array.memref is not None:
            return array.memref
        assert array.table is not None
        if array not in self.tables:
            op = memref.GetGlobalOp(array.table, MemRefType(memory_type(array.dtype), array.shape))
            op.memref.name_hint = array.table
            self.tables[array] = op
        return self.tables[array].memref

    def read(self, place: Place | Value) -> Value:
        """The value at a place."""
        if isinstance(place, Value):
            return place
        if isinstance(place, Local):
            return self._read_local(place)
        if self.constants_only:
            raise self.unsupported(
                "a size that is not constant (variable-length array)", "use named constants"
            )
        array, indices = (place, ()) if isinstance(place, Cell) else place
        source = array.memref if isinstance(array, Cell) else self.memory(array)
        assert source is not None
        loaded = self.add(memref.LoadOp.get(source, indices), located=True).res
        return Value(array.dtype, self._from_byte(loaded) if array.dtype is E.BOOL else loaded)

    def _read_local(self, local: Local) -> Value:
        if self.constants_only:
            raise self.unsupported(
                "a size that is not constant (variable-length array)", "use named constants"
            )
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
            if (dtype := self.type_of(node)) is None:
                raise self.wrong("void has no size")
            return dtype.bytes
        if isinstance(node, c_ast.ID) and isinstance(array := self.symbol(node.name), Array):
            size = array.dtype.bytes
            for extent in array.shape:
                size *= extent
            return size
        state = dict(self.state)
        unused = Block()
        with self.into(unused):  # the operand of sizeof is not evaluated
            dtype = self.value(node).dtype
        unused.drop_all_references()
        self.state = state
        return dtype.bytes

    def _step(self, node: c_ast.UnaryOp) -> Value:
        place = self.place(node.expr)
        old = self.read(place)
        self.at(node)
        new = self.write(place, self.binary(node.op[-1], old, Value(E.I32, const=1)))
        return old if node.op[0] == "p" else new

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
