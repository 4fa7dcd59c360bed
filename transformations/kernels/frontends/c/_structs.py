"""Structs: taken apart into one variable, or one array, a member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aicompiler.metamodels.system import ElementType
from pycparser import c_ast

from ._declarations import Declarations
from ._emitter import Value
from ._places import Element, Frozen, Part
from ._scope import Alias, Array, Cell, Fixed, Kind, Local, Member, Record, Struct, Symbol

MOST_MEMBERS = 256
_Path = tuple[str, ...]
_Given = dict[_Path, dict[int, Value]]
"""Member -> flat position in it (its array and those around it) -> value."""


@dataclass
class _Items:
    """The items of an initialiser and how far they are used up."""

    items: list[c_ast.Node]
    used: int = 0

    def peek(self) -> c_ast.Node | None:
        """The next item; ``None`` at the end."""
        return self.items[self.used] if self.used < len(self.items) else None


class Structs(Declarations):
    """Lowers declarations, copies and initialisers of structs."""

    # --- types ---

    def struct_type(self, node: c_ast.Struct) -> Struct:
        """The type that a struct specifier names or defines."""
        self.at(node)
        if node.decls is None:
            known = self.scope.find_type(f"struct {node.name}")
            if not isinstance(known, Struct):
                raise self.wrong(
                    f"struct {node.name!r} is not defined", "define its members before it is used"
                )
            return known
        members = tuple(self._member_type(d) for d in node.decls)
        names = [m.name for m in members]
        if len(set(names)) < len(names) or not names:
            raise self.wrong(
                f"struct {node.name!r} needs members with names of their own", "rename or add members"
            )
        struct = Struct(node.name or "", members)
        if _count(struct) > MOST_MEMBERS:
            raise self.wrong(
                f"struct {node.name!r} has {_count(struct)} numbers as members", f"use at most {MOST_MEMBERS}"
            )
        if node.name is not None:
            self.scope.types[f"struct {node.name}"] = struct
        return struct

    def _member_type(self, node: c_ast.Node) -> Member:
        self.at(node)
        if not isinstance(node, c_ast.Decl) or node.name is None:
            raise self.unsupported("a struct member without a name", "name every member")
        if node.bitsize is not None:
            raise self.unsupported("bit-field", "use a whole integer, with shifts and masks")
        if isinstance(node.type, c_ast.PtrDecl):
            raise self.unsupported("a pointer in a struct", "use an index into an array")
        if isinstance(node.type, c_ast.ArrayDecl):
            shape, base = self.extents(node.type, None)
            return Member(node.name, self.kind(base), shape)
        return Member(node.name, self.kind(node.type))

    def struct_kind(self, node: c_ast.Node) -> Struct | None:
        """The struct that an expression is; ``None`` for all others.  Nothing is evaluated."""
        match node:
            case c_ast.FuncCall(name=c_ast.ID(name=name)) if name in self.program.unit.functions:
                result = self.kind_of(self.program.unit.functions[name].decl.type.type)
                return result if isinstance(result, Struct) else None
            case c_ast.CompoundLiteral(type=named):
                return literal if isinstance(literal := self.kind_of(named), Struct) else None
            case c_ast.Assignment(op="=", lvalue=inner) | c_ast.TernaryOp(iftrue=inner):
                return self.struct_kind(inner)
            case c_ast.ExprList(exprs=[*_, inner]):
                return self.struct_kind(inner)
        symbol, depth = self._static(node)
        return symbol.kind if isinstance(symbol, Record) and depth == len(symbol.shape) else None

    def _static(self, node: c_ast.Node) -> tuple[object, int]:
        """What a place names and with how many subscripts, found without evaluating any."""
        match node:
            case c_ast.ID(name=name):
                named = self.scope.find(name)
                return (None, 0) if isinstance(named, Alias) else (named, 0)
            case c_ast.ArrayRef(name=c_ast.ID(name=name)) if isinstance(self.scope.find(name), Alias):
                return self._static_pointed(node.name)
            case c_ast.ArrayRef(name=base):
                symbol, depth = self._static(base)
                return symbol, depth + 1
            case c_ast.UnaryOp(op="*", expr=pointer):
                return self._static_pointed(pointer)
            case c_ast.StructRef(name=base, type=how, field=c_ast.ID(name=member)):
                symbol, depth = self._static(base) if how == "." else self._static_pointed(base)
                if isinstance(symbol, Record) and depth == len(symbol.shape):
                    return symbol.members.get(member), depth
        return None, 0

    def _static_pointed(self, node: c_ast.Node) -> tuple[object, int]:
        if isinstance(node, c_ast.UnaryOp) and node.op == "&":
            return self._static(node.expr)
        symbol = self.scope.find(node.name) if isinstance(node, c_ast.ID) else None
        if isinstance(symbol, Alias):
            inner: object = symbol.target
            inner = inner.place if isinstance(inner, Frozen) else inner
            return (inner.symbol, len(inner.indices)) if isinstance(inner, Part) else (inner, 0)
        return symbol, 1

    # --- values ---

    def struct_target(self, node: c_ast.Node) -> Part | None:
        """The struct that an assignment changes; ``None`` if it is of a number."""
        if self.struct_kind(node) is None:
            return None
        target = self.target(node)
        assert isinstance(target, Part)
        return target

    def struct_value(self, node: c_ast.Node) -> tuple[Struct, list[Value]] | None:
        """The values of the members of a struct; ``None`` if the expression is no struct."""
        if (kind := self.struct_kind(node)) is None:
            return None
        self.at(node)
        if not kind.scalar:
            advice = "copy member by member, or pass its address to a function"
            raise self.unsupported(f"struct {kind.name!r}, which has an array, as a value", advice)
        return kind, self._struct_values(node, kind)

    def _struct_values(self, node: c_ast.Node, kind: Struct) -> list[Value]:
        match node:
            case c_ast.FuncCall():
                return list(self.call_values(node))
            case c_ast.CompoundLiteral(init=init):
                given = self._initial_values(init, kind, ())
                return [self._zero_or(given, path, dtype) for path, dtype in leaves(kind)]
            case c_ast.Assignment():
                self.effect_of_assignment(node)
                return self._struct_values(node.lvalue, kind)
            case c_ast.TernaryOp():
                return self._choice(node, kind)
            case c_ast.ExprList(exprs=[*before, last]):
                for expression in before:
                    self.effect(expression)
                return self._struct_values(last, kind)
        part = self.target(node)
        assert isinstance(part, Part)
        return [self.read(place) for place in self.member_places(part)]

    def _choice(self, node: c_ast.TernaryOp, kind: Struct) -> list[Value]:
        if self.struct_kind(node.iffalse) != kind:
            raise self.wrong("both sides of ?: must be the same struct", "make them agree")
        condition = self.truth(self.value(node.cond))

        def side(arm: c_ast.Node) -> Callable[[], list[Value]]:
            return lambda: self._struct_values(arm, kind)

        return self.fork(condition, side(node.iftrue), side(node.iffalse))

    def call_values(self, node: c_ast.FuncCall) -> list[Value]:
        """The results of a call: none, one, or one a member of a struct."""
        raise NotImplementedError

    def assign_struct(self, target: Part, node: c_ast.Node) -> None:
        """Assign to a struct all that another one holds."""
        found = self.struct_value(node)
        assert isinstance(target.symbol, Record)
        self.at(node)
        if found is None or found[0] != target.symbol.kind:
            raise self.wrong(f"{target.symbol.name!r} takes another struct of its type", "assign its members")
        for place, value in zip(self.member_places(target), found[1], strict=True):
            self.write(place, value)

    def member_places(self, part: Part) -> Iterator[Local | Cell | Element | Frozen | Value]:
        """The numbers that make up a struct."""
        record = part.symbol
        assert isinstance(record, Record)
        for member in record.members.values():
            if isinstance(member, Record):
                yield from self.member_places(Part(member, part.indices, part.writable))
            elif isinstance(member, Fixed):
                yield member.value
            else:
                assert isinstance(member, Local | Array)
                place = member if isinstance(member, Local) else (member, part.indices)
                yield place if part.writable else Frozen(place, member.name)

    def _zero_or(self, given: _Given, path: _Path, dtype: ElementType) -> Value:
        zero = self.convert(Value(ElementType.I32, const=0), dtype)
        return given.get(path, {}).get(0, zero)

    # --- declarations ---

    def declare_struct(
        self, node: c_ast.Decl, kind: Struct, shape: tuple[int, ...], file_scope: bool
    ) -> None:
        """Declare a struct variable or an array of them."""
        is_const = self.storage(node, file_scope)
        unchanging = file_scope or "static" in node.storage
        given = None if node.init is None else self._given(node.init, kind, shape)
        self.at(node)
        if unchanging and given is None:
            raise self.wrong(f"the constant {node.name!r} has no value", "initialise it")
        self.declare(self.record(node.name, kind, shape, given, is_const, unchanging))

    def _given(self, init: c_ast.Node, kind: Struct, shape: tuple[int, ...]) -> _Given:
        if isinstance(init, c_ast.InitList):
            return self._initial_values(init, kind, shape)
        found = None if shape else self.struct_value(init)
        self.at(init)
        if found is None or found[0] != kind:
            raise self.wrong(f"a struct {kind.name!r} cannot start as this", "list its members in braces")
        return {path: {0: v} for (path, _), v in zip(leaves(kind), found[1], strict=True)}

    def record(
        self,
        name: str,
        kind: Struct,
        shape: tuple[int, ...],
        given: _Given | None,
        is_const: bool = False,
        unchanging: bool = False,
    ) -> Record:
        """The symbols of a struct variable; zero where ``given`` says nothing, no value if it is none."""
        members: dict[str, Symbol] = {}
        for member in kind.members:
            path, extents = f"{name}.{member.name}", (*shape, *member.shape)
            below = None if given is None else _below(given, member.name)
            if len(extents) > 4:
                raise self.unsupported(f"an array of {len(extents)} dimensions", "use at most four")
            if isinstance(member.kind, Struct):
                members[member.name] = self.record(path, member.kind, extents, below, is_const, unchanging)
            elif extents:
                self.check_size(path, extents)
                values = None if below is None else below.get((), {})
                members[member.name] = self.array(path, member.kind, extents, values, is_const, unchanging)
            else:
                value = None if below is None else self._zero_or(below, (), member.kind)
                members[member.name] = self._number(path, member.kind, value, is_const, unchanging)
        return Record(name, kind, shape, members)

    def _number(
        self, path: str, dtype: ElementType, value: Value | None, is_const: bool, unchanging: bool
    ) -> Symbol:
        if unchanging:
            if value is None or value.const is None:
                raise self.wrong(f"the value of {path!r} is not constant", "use literals and named constants")
            return Fixed(path, value)
        local = Local(path, dtype, is_const)
        if value is not None:
            self.name(value, path)
            self.state[local] = value
        return local

    # --- initialisers ---

    def _initial_values(self, init: c_ast.InitList, kind: Struct, shape: tuple[int, ...]) -> _Given:
        given: _Given = {}
        self._braces(init, kind, shape, (), 0, given)
        return given

    def _braces(
        self, init: c_ast.InitList, kind: Kind, shape: tuple[int, ...], path: _Path, at: int, given: _Given
    ) -> None:
        items = _Items(list(init.exprs))
        self._fill_struct(items, kind, shape, path, at, given, braced=True)
        if (extra := items.peek()) is not None:
            self.at(extra)
            raise self.wrong("the initialiser has more values than there are members", "drop the extra ones")

    def _fill_struct(
        self,
        items: _Items,
        kind: Kind,
        shape: tuple[int, ...],
        path: _Path,
        at: int,
        given: _Given,
        braced: bool = False,
    ) -> None:
        """Take the items of an array or struct; inner braces may be left out (C11 6.7.9)."""
        if not shape and not isinstance(kind, Struct):
            self._item(items, kind, (), path, at, given)
            return
        count = shape[0] if shape else len(kind.members) if isinstance(kind, Struct) else 0
        position = 0
        while (item := items.peek()) is not None:
            if isinstance(item, c_ast.NamedInitializer) and braced:
                position = self._designated(items, item, kind, shape)
            elif position == count or isinstance(item, c_ast.NamedInitializer):
                return
            if shape:
                self._item(items, kind, shape[1:], path, at * shape[0] + position, given)
            else:
                assert isinstance(kind, Struct)
                member = kind.members[position]
                self._item(items, member.kind, member.shape, (*path, member.name), at, given)
            position += 1

    def _designated(
        self, items: _Items, item: c_ast.NamedInitializer, kind: Kind, shape: tuple[int, ...]
    ) -> int:
        """The position that a designator names; its value takes its place among the items."""
        self.at(item)
        if shape:
            position, items.items[items.used] = self.designated(item, shape[0])
            return position
        assert isinstance(kind, Struct)
        names = [m.name for m in kind.members]
        if len(item.name) != 1 or not isinstance(item.name[0], c_ast.ID):
            raise self.unsupported("a designator of more than one step", "nest braces: .a = {.b = 5}")
        if item.name[0].name not in names:
            known = ", ".join(names)
            raise self.wrong(f"struct {kind.name!r} has no member {item.name[0].name!r}", f"it has: {known}")
        items.items[items.used] = item.expr
        return names.index(item.name[0].name)

    def _item(
        self, items: _Items, kind: Kind, shape: tuple[int, ...], path: _Path, at: int, given: _Given
    ) -> None:
        item = items.peek()
        assert item is not None
        if isinstance(item, c_ast.InitList):
            items.used += 1
            self._braces(item, kind, shape, path, at, given)
        elif shape:
            self._fill_struct(items, kind, shape, path, at, given)
        elif isinstance(kind, Struct):
            if self.struct_kind(item) is None:
                self._fill_struct(items, kind, shape, path, at, given)
                return
            items.used += 1
            for inner, values in self._given(item, kind, ()).items():
                given.setdefault((*path, *inner), {})[at] = values[0]
        else:
            items.used += 1
            given.setdefault(path, {})[at] = self.convert(self.value(item), kind)


def leaves(kind: Struct) -> Iterator[tuple[_Path, ElementType]]:
    """The numbers that make up a struct without arrays, with the members that lead to them."""
    for member in kind.members:
        if isinstance(member.kind, Struct):
            yield from (((member.name, *path), dtype) for path, dtype in leaves(member.kind))
        else:
            yield (member.name,), member.kind


def _below(given: _Given, member: str) -> _Given:
    return {path[1:]: values for path, values in given.items() if path[0] == member}


def _count(struct: Struct) -> int:
    """Numbers and arrays that a struct is taken apart into."""
    return sum(_count(m.kind) if isinstance(m.kind, Struct) else 1 for m in struct.members)
