"""Functions on structs and addresses: lowered where they are called, on the variables of the caller."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast

from ._effects import path_of
from ._emitter import Value
from ._places import Frozen, Part, Target
from ._scope import Alias, Array, Kind, Local, Record, Scope, Struct, Symbol
from ._statements import Statements
from ._structs import leaves

MOST_INLINED = 1000
"""Calls of functions that are lowered where they are called."""


@dataclass(frozen=True)
class Formal:
    """A parameter of a helper function; ``inner``: the extents behind the first one, ``None`` by value."""

    name: str
    kind: Kind
    inner: tuple[int, ...] | None
    writable: bool

    @property
    def dtype(self) -> ElementType:
        """Of a parameter that is no struct."""
        assert not isinstance(self.kind, Struct)
        return self.kind


class Inlined(Statements):
    """Binds the parameters of functions; lowers those that need the variables of their caller."""

    def check_count(self, name: str, given: int, expected: int) -> None:
        """Refuse a call with too many or too few arguments."""
        if given != expected:
            raise self.wrong(f"{name} takes {expected} arguments, not {given}", "check the call")

    def array_argument(
        self, formal: Formal, node: c_ast.Node, passed: dict[str, tuple[Array, bool]]
    ) -> Array:
        """The array that is passed for a parameter; ``passed`` are those of the parameters before."""
        self.at(node)
        if not isinstance(node, c_ast.ID):
            advice = "pass a whole array by its name, and an index as a further argument"
            raise self.unsupported("a part of an array as an argument", advice)
        array = self.symbol(node.name)
        if not isinstance(array, Array):
            raise self.wrong(f"{node.name!r} is no array, and {formal.name!r} is one", "pass an array")
        if array.dtype is not formal.dtype or array.shape[1:] != formal.inner:
            got = f"{array.dtype.value}{list(array.shape)}"
            wanted = f"{formal.dtype.value}[{', '.join(['any', *map(str, formal.inner or ())])}]"
            raise self.wrong(
                f"the array {array.name!r} is {got}, and {formal.name!r} takes {wanted}", "make them agree"
            )
        if formal.writable and not array.writable:
            raise self.wrong(f"{array.name!r} is read-only", f"declare the parameter {formal.name!r} const")
        if array.name in passed and (formal.writable or passed[array.name][1]):
            advice = "a function may not write an array that it gets twice: pass it once"
            raise self.unsupported(f"the array {array.name!r} under two names", advice)
        passed[array.name] = (array, formal.writable)
        return array

    def formals(self, definition: c_ast.FuncDef) -> list[Formal]:
        """The parameters of a function."""
        arguments = definition.decl.type.args
        formals = []
        for node in arguments.params if arguments is not None else ():
            self.at(node)
            if isinstance(node, c_ast.EllipsisParam):
                raise self.unsupported("a variable number of arguments", "list the parameters")
            if isinstance(node, c_ast.Typename):
                if self.type_of(node) is None and len(arguments.params) == 1:
                    return []
                raise self.wrong("a parameter has no name", "name it")
            if not isinstance(node, c_ast.Decl):
                raise self.wrong("a parameter has no type", "declare it as in: int name")
            formals.append(self._formal(node))
        return formals

    def _formal(self, node: c_ast.Decl) -> Formal:
        base: c_ast.Node = node.type
        inner: tuple[int, ...] | None = None
        if isinstance(base, c_ast.ArrayDecl | c_ast.PtrDecl) and not isinstance(base.type, c_ast.FuncDecl):
            inner_shape, base = [], base.type
            while isinstance(base, c_ast.ArrayDecl):
                inner_shape.append(self._extent(base, False, None))
                base = base.type
            inner = tuple(inner_shape)
        writable = "const" not in (*node.quals, *getattr(base, "quals", ()))
        return Formal(node.name, self.kind(base), inner, writable)

    # --- functions that are lowered where they are called: those on structs and on addresses ---

    def call_values(self, node: c_ast.FuncCall) -> list[Value]:
        """The values of the struct that a function returns."""
        assert isinstance(node.name, c_ast.ID)
        definition = self.program.unit.functions[node.name.name]
        nodes: list[c_ast.Node] = list(node.args.exprs) if node.args is not None else []
        formals = self.formals(definition)
        self.at(node)
        self.check_recursion(node.name.name)
        self.check_count(node.name.name, len(nodes), len(formals))
        return self.inlined(definition, formals, nodes)

    def check_recursion(self, name: str) -> None:
        """Refuse a call of a function that is being lowered."""
        if name in self.program.active:
            raise self.unsupported(
                f"recursion of {name!r}", "use a loop, with an array as the stack if need be"
            )

    def belongs_here(self, definition: c_ast.FuncDef, formals: list[Formal], nodes: list[c_ast.Node]) -> bool:
        """Whether a function needs the variables of its caller, or has structs, which only names know."""
        if any(isinstance(formal.kind, Struct) for formal in formals):
            return True
        if isinstance(self.kind_of(definition.decl.type.type), Struct):
            return True
        return any(
            formal.inner is not None and not self._is_whole_array(node)
            for formal, node in zip(formals, nodes, strict=True)
        )

    def _is_whole_array(self, node: c_ast.Node) -> bool:
        if isinstance(node, c_ast.UnaryOp) and node.op == "&":
            return False
        if isinstance(node, c_ast.StructRef):
            return False
        return not (isinstance(node, c_ast.ID) and isinstance(self.scope.find(node.name), Alias))

    def inlined(
        self, definition: c_ast.FuncDef, formals: list[Formal], nodes: list[c_ast.Node]
    ) -> list[Value]:
        """Lower a function's body in the place of a call; gives its results."""
        program = self.program
        program.inlined += 1
        if program.inlined > MOST_INLINED:
            advice = "pass numbers and arrays instead: functions on these are lowered once"
            raise self.unsupported(f"more than {MOST_INLINED} calls of functions on structs", advice)
        inside = Scope(program.scope)
        arrays: dict[str, tuple[Array, bool]] = {}
        records: dict[str, bool] = {}
        for formal, node in zip(formals, nodes, strict=True):
            inside.symbols[formal.name] = self._bound(formal, node, arrays, records)
        outer, self.scope = self.scope, inside
        declared = definition.decl.type.type
        program.active.append(definition.decl.name)
        with self.deeper():
            result = self.kind_of(declared)
            values = self.function_body(definition.body.block_items or [], result, declared)
        program.active.pop()
        self.scope = outer
        return list(values)

    def _bound(
        self,
        formal: Formal,
        node: c_ast.Node,
        arrays: dict[str, tuple[Array, bool]],
        records: dict[str, bool],
    ) -> Symbol:
        """What a parameter stands for in a function that is lowered where it is called."""
        self.at(node)
        if formal.inner is None:
            return self._by_value(formal, node)
        if self._is_whole_array(node):
            named = self.scope.find(node.name) if isinstance(node, c_ast.ID) else None
            if isinstance(named, Record):
                return self._whole_record(formal, named, records)
            if not isinstance(formal.kind, Struct):
                array = self.array_argument(formal, node, arrays)
                writable = formal.writable and array.writable
                return Array(formal.name, array.dtype, array.shape, writable, array.memref, array.table)
        address = isinstance(node, c_ast.UnaryOp) and node.op == "&"
        whole = self.target(node) if isinstance(node, c_ast.StructRef) else None
        if isinstance(whole, Part) and isinstance(whole.symbol, Array) and not whole.indices:
            return self._member_array(formal, whole)
        if not address and not isinstance(node, c_ast.ID):
            raise self.wrong(f"{formal.name!r} takes an address", "pass &variable or a whole array")
        return self._address(formal, self.pointed(node), path_of(node) or "it")

    def _member_array(self, formal: Formal, part: Part) -> Array:
        array = part.symbol
        assert isinstance(array, Array)
        if array.dtype is not formal.kind or array.shape[1:] != formal.inner:
            raise self.wrong(f"the array {array.name!r} does not fit {formal.name!r}", "make them agree")
        if formal.writable and not (array.writable and part.writable):
            raise self.wrong(f"{array.name!r} is read-only", f"declare the parameter {formal.name!r} const")
        return Array(formal.name, array.dtype, array.shape, formal.writable, array.memref, array.table)

    def _by_value(self, formal: Formal, node: c_ast.Node) -> Symbol:
        if not isinstance(formal.kind, Struct):
            value = self.convert(self.value(node), formal.dtype)
            local = Local(formal.name, formal.dtype)
            self.state[local] = value
            return local
        found = self.struct_value(node)
        self.at(node)
        if found is None or found[0] != formal.kind:
            raise self.wrong(
                f"{formal.name!r} takes a struct {formal.kind.name!r}", "pass a variable of that type"
            )
        given = {path: {0: v} for (path, _), v in zip(leaves(formal.kind), found[1], strict=True)}
        return self.record(formal.name, formal.kind, (), given)

    def _whole_record(self, formal: Formal, record: Record, passed: dict[str, bool]) -> Symbol:
        if record.kind != formal.kind or not record.shape or record.shape[1:] != formal.inner:
            advice = f"pass an array of them, or &{record.name}" if not record.shape else "make them agree"
            raise self.wrong(f"{record.name!r} does not fit the parameter {formal.name!r}", advice)
        if formal.writable and not record.writable:
            raise self.wrong(f"{record.name!r} is read-only", f"declare the parameter {formal.name!r} const")
        if record.name in passed and (formal.writable or passed[record.name]):
            advice = "a function may not write an array that it gets twice: pass it once"
            raise self.unsupported(f"the array {record.name!r} under two names", advice)
        passed[record.name] = formal.writable
        return Record(formal.name, record.kind, record.shape, record.members, formal.writable)

    def _address(self, formal: Formal, target: Target, name: str) -> Symbol:
        """A pointer to one variable, element or struct of the caller."""
        kind: Kind | None = None
        frozen = isinstance(target, Frozen)
        place = target.place if isinstance(target, Frozen) else target
        if isinstance(place, Value):
            raise self.wrong("a constant has no address", "copy it into a variable")
        if isinstance(place, Part):
            if isinstance(place.symbol, Record):
                kind = place.symbol.kind if len(place.indices) == len(place.symbol.shape) else None
            else:
                kind = place.symbol.dtype if len(place.indices) == len(place.symbol.shape) else None
            frozen = frozen or not place.writable
            place = (
                place if kind is None or isinstance(place.symbol, Record) else (place.symbol, place.indices)
            )
        else:
            kind = (place[0] if isinstance(place, tuple) else place).dtype
        if kind != formal.kind or formal.inner:
            raise self.wrong(f"the address of {name!r} does not fit {formal.name!r}", "make the types agree")
        frozen = frozen or (isinstance(place, Local) and place.constant)
        frozen = frozen or (isinstance(place, tuple) and not place[0].writable)
        if formal.writable and frozen:
            raise self.wrong(f"{name!r} is const", f"declare the parameter {formal.name!r} const")
        return Alias(formal.name, place, formal.writable)
