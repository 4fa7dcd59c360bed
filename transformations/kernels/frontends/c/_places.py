"""Places: which variable, element or member an expression names."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour
from pycparser import c_ast
from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from ._branches import Branches
from ._emitter import Value, memory_type
from ._scope import Alias, Array, Cell, Fixed, Local, Record, Scope, Symbol, locals_in

Element = tuple[Array, tuple[SSAValue, ...]]


@dataclass(frozen=True)
class Frozen:
    """A place that may only be read, because the way to it is const."""

    place: Local | Cell | Element
    name: str


@dataclass(frozen=True)
class Part:
    """An array or struct, or what some subscripts and members leave of it."""

    symbol: Array | Record
    indices: tuple[SSAValue, ...] = ()
    writable: bool = True


Place = Local | Cell | Element | Frozen
Target = Place | Part | Value


class Places(Branches):
    """Finds what expressions name; subscripts are evaluated once, from left to right."""

    def __init__(self, behaviour: Behaviour, scope: Scope) -> None:
        super().__init__(behaviour)
        self.scope = scope
        self.tables: dict[Array, memref.GetGlobalOp] = {}

    def value(self, node: c_ast.Node) -> Value:
        """The value of an expression, after its side effects."""
        raise NotImplementedError

    # --- names ---

    def symbol(self, name: str) -> Symbol:
        """What a name stands for; raises if it is not declared."""
        if (found := self.scope.find(name)) is None:
            raise self.wrong(
                f"{name!r} is not declared", "declare it, or make it a port, attribute or constant"
            )
        return found

    def symbol_at(self, path: str) -> object:
        """What ``name.member.member`` stands for, through pointers too; ``None`` if that is nothing."""
        name, *members = path.split(".")
        found: object = self.scope.find(path) or self.scope.find(name)
        for member in members if self.scope.find(path) is None else ():
            found = _pointed(found)
            found = found.members.get(member) if isinstance(found, Record) else None
        return _pointed(found)

    # --- places ---

    def place(self, node: c_ast.Node) -> Place | Value:
        """Where a scalar lives; a value for named constants."""
        self.at(node)
        if isinstance(node, c_ast.UnaryOp) and node.op == "*" and isinstance(node.expr, c_ast.ID):
            array = self.symbol(node.expr.name)
            if isinstance(array, Array):
                advice = f"write {array.name}{'[0]' * len(array.shape)}"
                raise self.unsupported(f"the dereference of the array {array.name!r}", advice)
        if isinstance(node, c_ast.ArrayRef) and (element := self._element(node)) is not None:
            return element
        return self.scalar(self.target(node), node)

    def scalar(self, target: Target, node: c_ast.Node) -> Place | Value:
        """A target that must be a scalar."""
        if not isinstance(target, Part):
            return target
        self.at(node)
        symbol = target.symbol
        if isinstance(symbol, Record):
            raise self.wrong(f"{symbol.name!r} is a struct and is used as a number", "use one of its members")
        if len(target.indices) == len(symbol.shape):
            element = symbol, target.indices
            return element if target.writable else Frozen(element, symbol.name)
        if isinstance(node, c_ast.ID):
            advice = f"arrays are used element by element, or passed whole to a function: {symbol.name}[...]"
            raise self.unsupported(f"pointer arithmetic on the array {symbol.name!r}", advice)
        raise self._subscripts(symbol, len(target.indices))

    def _subscripts(self, array: Array, given: int) -> Exception:
        rank = len(array.shape)
        example = array.name + "".join(f"[{i}]" for i in ("w", "z", "y", "x")[-rank:])
        construct = f"{given} subscripts on the {rank}-D array {array.name!r}"
        return self.unsupported(construct, f"give every subscript: {example}")

    def _element(self, node: c_ast.ArrayRef) -> Element | None:
        """The element of an array that is no member of a struct."""
        subscripts: list[c_ast.Node] = []
        base: c_ast.Node = node
        while isinstance(base, c_ast.ArrayRef):
            subscripts.insert(0, base.subscript)
            base = base.name
        if not isinstance(base, c_ast.ID):
            if isinstance(base, c_ast.StructRef):
                return None
            raise self.unsupported("pointer arithmetic", "subscript an array by its name")
        array = self.symbol(base.name)
        if isinstance(array, Record | Alias):
            return None
        if not isinstance(array, Array):
            raise self.wrong(f"{base.name!r} is no array", "drop the subscript")
        if len(subscripts) != len(array.shape):
            raise self._subscripts(array, len(subscripts))
        return array, tuple(self.to_index(self.value(s)) for s in subscripts)

    def target(self, node: c_ast.Node) -> Target:
        """What an expression names: a scalar's place, or (part of) an array or struct."""
        self.at(node)
        match node:
            case c_ast.ID(name=name):
                return self._named(name)
            case c_ast.StructRef(name=base, type="."):
                return self._member(self.target(base), node)
            case c_ast.StructRef(name=base):
                return self._member(self.pointed(base), node)
            case c_ast.ArrayRef(name=c_ast.ID(name=name)) if isinstance(self.symbol(name), Alias):
                return self._first(node)
            case c_ast.ArrayRef(name=base, subscript=subscript):
                return self._row(self.target(base), self.to_index(self.value(subscript)), node)
            case c_ast.UnaryOp(op="*", expr=pointer):
                return self.pointed(pointer)
        raise self.wrong("this expression cannot be assigned to", "assign to a variable or an array element")

    def pointed(self, node: c_ast.Node) -> Target:
        """What a pointer points to: a parameter, an address, or the first element of an array of structs."""
        self.at(node)
        if isinstance(node, c_ast.UnaryOp) and node.op == "&":
            return self.target(node.expr)
        if isinstance(node, c_ast.ID):
            symbol = self.symbol(node.name)
            if isinstance(symbol, Cell):
                return symbol
            if isinstance(symbol, Alias):
                return _through(symbol)
            if isinstance(symbol, Record) and len(symbol.shape) == 1:
                return Part(symbol, (self.index_constant(0),), symbol.writable)
            raise self.wrong(f"{node.name!r} is no pointer", "use the name alone, or . for a member")
        raise self.unsupported("pointer dereference", "pointers are array parameters only: use array[index]")

    def _first(self, node: c_ast.ArrayRef) -> Target:
        """``p[0]`` for a pointer to one variable."""
        index = self.value(node.subscript)
        if index.const != 0:
            advice = f"pass the whole array by its name, or use only {node.name.name}[0]"
            raise self.unsupported(f"a subscript on {node.name.name!r}, a pointer to one variable", advice)
        return self.pointed(node.name)

    def _named(self, name: str) -> Target:
        symbol = self.symbol(name)
        match symbol:
            case Array():
                return Part(symbol)
            case Record():
                return Part(symbol, (), symbol.writable)
            case Alias():
                advice = f"write *{name}, {name}->member, or pass it on to a function"
                raise self.unsupported(f"the pointer {name!r} as a value", advice)
            case Fixed():
                return symbol.value
        return symbol

    def _row(self, base: Target, index: SSAValue, node: c_ast.Node) -> Part:
        if not isinstance(base, Part) or len(base.indices) == len(base.symbol.shape):
            self.at(node)
            raise self.wrong("this is no array", "drop the subscript")
        return Part(base.symbol, (*base.indices, index), base.writable)

    def _member(self, base: Target, node: c_ast.StructRef) -> Target:
        self.at(node)
        name: str = node.field.name
        if not isinstance(base, Part) or not isinstance(base.symbol, Record):
            raise self.wrong(f"only a struct has a member {name!r}", "drop it, or declare a struct variable")
        record = base.symbol
        if len(base.indices) != len(record.shape):
            raise self.wrong(f"{record.name!r} is an array of structs", "subscript it before the member")
        if name not in record.members:
            known = ", ".join(record.members)
            raise self.wrong(f"struct {record.kind.name!r} has no member {name!r}", f"it has: {known}")
        return _with_indices(record.members[name], base)

    # --- memory ---

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


def _with_indices(member: Symbol, base: Part) -> Target:
    """A member of an element: the subscripts of the struct come first."""
    match member:
        case Array() | Record():
            return Part(member, base.indices, base.writable)
        case Local():
            return member if base.writable else Frozen(member, member.name)
        case Fixed():
            return member.value
    raise AssertionError(f"no member: {member}")


def _through(alias: Alias) -> Target:
    target = alias.target
    assert isinstance(target, Local | Cell | Frozen | Part | tuple)
    if alias.writable:
        return target
    if isinstance(target, Part):
        return Part(target.symbol, target.indices, writable=False)
    return target if isinstance(target, Frozen) else Frozen(target, alias.name)


def _pointed(symbol: object) -> object:
    """A symbol, behind pointers."""
    while isinstance(symbol, Alias | Frozen | Part):
        if isinstance(symbol, Alias):
            symbol = symbol.target
        else:
            symbol = symbol.place if isinstance(symbol, Frozen) else symbol.symbol
    return symbol


__all__ = ["Element", "Frozen", "Part", "Place", "Places", "Target", "locals_in"]
