"""Declarations: types, scalars, arrays, constant tables and their initialisers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._names import c_identifier
from pycparser import c_ast
from xdsl.dialects import memref, scf
from xdsl.ir import Block, Region, SSAValue

from ._emitter import INDEX, Value, memory_type, string
from ._expressions import EXTENT, Expressions
from ._scope import Array, Fixed, Kind, Local, Scope, Struct, Symbol
from ._types import TYPE_NAMES, type_of_names

if TYPE_CHECKING:
    from ._program import Program

MOST_ELEMENTS = 1 << 22
MOST_IN_TABLE = 1 << 16
_MOST_STORES = 64  # an initialiser up to this size is written out, a larger one zero-filled by a loop first


class Declarations(Expressions):
    """Adds names to the current scope."""

    def __init__(self, behaviour: Behaviour, program: Program, scope: Scope) -> None:
        super().__init__(behaviour, scope)
        self.program = program
        self.files = program.unit.files

    def declare(self, symbol: Symbol) -> None:
        """Make a name visible; raises if the scope has it already or it is reserved."""
        if symbol.name.lower().startswith("aic_"):
            raise self.wrong(
                f"the name {symbol.name!r} is reserved", "names that begin with aic_ are the tool's own"
            )
        known = self.scope.symbols.get(symbol.name)
        if isinstance(known, Fixed) and isinstance(symbol, Fixed) and known.value == symbol.value:
            return  # the enumerators of "enum {A} x, y", which two declarations share
        if known is not None:
            raise self.wrong(f"{symbol.name!r} is declared twice", "rename one of the two")
        self.scope.symbols[symbol.name] = symbol

    def declaration(self, node: c_ast.Node, file_scope: bool = False) -> None:
        """Lower one declaration (variable, array, table, enum, typedef)."""
        self.at(node)
        if isinstance(node, c_ast.Typedef):
            self._typedef(node)
        elif not isinstance(node, c_ast.Decl):
            raise self.unsupported(type(node).__name__, "declare functions, const tables and constants here")
        elif isinstance(node.type, c_ast.Enum):
            self._enum(node.type)
        elif isinstance(node.type, c_ast.FuncDecl):
            pass  # the order of functions does not matter, and a call looks for the definition
        elif node.name is None:
            self.kind(node.type)
        elif isinstance(node.type, c_ast.ArrayDecl):
            self._array(node, file_scope)
        elif isinstance(struct := self.kind(node.type), Struct):
            self.declare_struct(node, struct, (), file_scope)
        else:
            self._scalar(node, file_scope)

    def declare_struct(
        self, node: c_ast.Decl, kind: Struct, shape: tuple[int, ...], file_scope: bool
    ) -> None:
        """Declare a struct variable or an array of them."""
        raise NotImplementedError

    def struct_type(self, node: c_ast.Struct) -> Struct:
        """The type that a struct specifier names or defines."""
        raise NotImplementedError

    # --- types ---

    def type_of(self, node: c_ast.Node) -> ElementType | None:
        """The scalar type of a type name; ``None`` for void."""
        kind = self.kind_of(node)
        if isinstance(kind, Struct):
            raise self.wrong(f"struct {kind.name!r} is no number", "convert its members one by one")
        return kind

    def kind_of(self, node: c_ast.Node) -> Kind | None:
        """The scalar or struct type of a type name; ``None`` for void."""
        self.at(node)
        inner = node.type if isinstance(node, c_ast.Typename) else node
        if isinstance(inner, c_ast.PtrDecl):
            raise self.unsupported("pointer type", "use arrays; helper functions may take them as parameters")
        if isinstance(inner, c_ast.ArrayDecl):
            raise self.unsupported("array type", "name the array itself")
        assert isinstance(inner, c_ast.TypeDecl)
        if isinstance(inner.type, c_ast.IdentifierType) and inner.type.names == ["void"]:
            return None
        return self.kind(inner)

    def scalar_type(self, node: c_ast.Node) -> ElementType:
        """The scalar type that a declarator has; raises for all others."""
        kind = self.kind(node)
        if isinstance(kind, Struct):
            raise self.wrong(f"struct {kind.name!r} is no number", "use one of its members")
        return kind

    def kind(self, node: c_ast.Node) -> Kind:
        """The scalar or struct type that a declarator has; raises for all others."""
        match node:
            case c_ast.PtrDecl(type=c_ast.FuncDecl()):
                raise self.unsupported("function pointer", "call the functions by name and choose with if")
            case c_ast.PtrDecl():
                raise self.unsupported("pointer variable", "use the array itself and an index variable")
            case c_ast.Struct():
                return self.struct_type(node)
            case c_ast.TypeDecl(type=c_ast.Struct()):
                return self.struct_type(node.type)
            case c_ast.Union() | c_ast.TypeDecl(type=c_ast.Union()):
                raise self.unsupported("union", "use shifts and masks to take a value apart")
            case c_ast.TypeDecl(type=c_ast.Enum()):
                return self._enum(node.type)
            case c_ast.TypeDecl(type=c_ast.IdentifierType(names=names)):
                return self._named_type(names)
        raise self.unsupported("this type", "use integers, float, double, structs and arrays of them")

    def _named_type(self, names: list[str]) -> Kind:
        if len(names) == 1 and (named := self.scope.find_type(names[0])) is not None:
            return named
        if (dtype := type_of_names(names)) is not None:
            return dtype
        text = " ".join(names)
        if text == "void":
            raise self.wrong("a variable cannot be void")
        raise self.unsupported(f"the type {text!r}", "use integers up to 64 bits, float, double and _Bool")

    def _typedef(self, node: c_ast.Typedef) -> None:
        if node.name in TYPE_NAMES:
            raise self.wrong(f"the type {node.name!r} is known already", "drop the typedef")
        self.scope.types[node.name] = self.kind(node.type)

    def _enum(self, node: c_ast.Enum) -> ElementType:
        """Declare the constants; the type is that of gcc: unsigned unless one is negative."""
        if node.values is None:
            known = self.scope.find_type(f"enum {node.name}")
            if not isinstance(known, ElementType):
                raise self.wrong(f"enum {node.name} is not defined", "define it before it is used")
            return known
        following = least = 0
        for item in node.values.enumerators:
            self.at(item)
            if item.value is not None:
                following = self.constant(item.value, f"the value of {item.name!r}")
            self.declare(Fixed(item.name, Value(ElementType.I32, const=following)))
            least, following = min(least, following), following + 1
        dtype = ElementType.U32 if least >= 0 else ElementType.I32
        self.scope.types[f"enum {node.name}"] = dtype
        return dtype

    # --- scalars ---

    def _scalar(self, node: c_ast.Decl, file_scope: bool) -> None:
        dtype = self.scalar_type(node.type)
        is_const = self.storage(node, file_scope)
        if "static" in node.storage or file_scope:
            if node.init is None:
                raise self.wrong(f"the constant {node.name!r} has no value", "initialise it")
            value = self.convert(self.value(node.init), dtype)
            if value.const is None:
                raise self.wrong(
                    f"the value of {node.name!r} is not constant", "use literals and named constants"
                )
            self.declare(Fixed(node.name, value))
            return
        local = Local(node.name, dtype, is_const)
        self.declare(local)  # before its own initialiser, where it has no value yet
        if node.init is not None:
            initial = self._initial(node, dtype)
            self.name(initial, node.name)
            self.state[local] = initial

    def _initial(self, node: c_ast.Decl, dtype: ElementType) -> Value:
        init = node.init
        if isinstance(init, c_ast.InitList) and len(init.exprs) == 1:
            init = init.exprs[0]
        value = self.value(init)
        self.at(node)
        return self.convert(value, dtype)

    def storage(self, node: c_ast.Decl, file_scope: bool) -> bool:
        """Check storage class and qualifiers; gives whether the declaration is const."""
        is_const = "const" in node.quals
        if "extern" in node.storage:
            raise self.unsupported(
                "extern variable", "a body is self-contained: use a port, attribute or constant"
            )
        if "volatile" in node.quals or "_Atomic" in node.quals:
            raise self.unsupported("volatile", "what a body shares with others goes through its ports")
        if ("static" in node.storage or file_scope) and not is_const:
            advice = "make it an attribute of the component (its state), or const"
            raise self.unsupported(f"the static variable {node.name!r}", advice)
        return is_const

    # --- arrays ---

    def _array(self, node: c_ast.Decl, file_scope: bool) -> None:
        shape, base = self.extents(node.type, node.init)
        kind = self.kind(base)
        if node.type.dim is None and node.init is not None:
            self._check_open(node.init, kind)
        if isinstance(kind, Struct):
            self.declare_struct(node, kind, shape, file_scope)
            return
        is_const = self.storage(node, file_scope)
        if node.init is not None and not isinstance(node.init, c_ast.InitList):
            raise self.unsupported(
                "an array initialiser without braces", "write the elements as a list in braces"
            )
        self.check_size(node.name, shape)
        values = None if node.init is None else self._elements(node.init, shape, kind)
        self.at(node)
        if is_const and values is None:
            raise self.wrong(f"the constant array {node.name!r} has no values", "initialise it")
        unchanging = file_scope or "static" in node.storage
        self.declare(self.array(node.name, kind, shape, values, is_const, unchanging))

    def _check_open(self, init: c_ast.Node, kind: Kind) -> None:
        """Whether an open extent can be counted off the initialiser."""
        items = init.exprs if isinstance(init, c_ast.InitList) else []
        if any(isinstance(item, c_ast.NamedInitializer) for item in items):
            raise self.unsupported("a designator where the extent is left open", "give the extent")
        if isinstance(kind, Struct) and not all(isinstance(item, c_ast.InitList) for item in items):
            raise self.unsupported("an open extent without braces around each struct", "give the extent")

    def check_size(self, name: str, shape: tuple[int, ...]) -> None:
        """Refuse arrays that no target could hold."""
        if (size := math.prod(shape)) > MOST_ELEMENTS:
            raise self.wrong(f"the array {name!r} has {size} elements", f"use at most {MOST_ELEMENTS}")

    def array(
        self,
        name: str,
        dtype: ElementType,
        shape: tuple[int, ...],
        values: dict[int, Value] | None,
        is_const: bool,
        unchanging: bool,
    ) -> Array:
        """An array of its own: a table if its values never change, else memory that is filled here."""
        size, label = math.prod(shape), name.replace(".", "_")
        if is_const and size > MOST_IN_TABLE:
            raise self.wrong(f"the table {name!r} has {size} values", f"use at most {MOST_IN_TABLE}")
        if is_const and values is not None and all(v.const is not None for v in values.values()):
            symbol = self.program.add_table(label, dtype, shape, values)
            return Array(name, dtype, shape, writable=False, table=symbol)
        if unchanging:
            raise self.wrong(f"the values of {name!r} are not constant", "use literals and named constants")
        op = self.add(memref.AllocaOp.get(memory_type(dtype), shape=shape))
        op.attributes["aic.name"] = string(c_identifier(label))
        op.memref.name_hint = label
        array = Array(name, dtype, shape, writable=True, memref=op.memref)
        if values is not None:
            self.initialise(array, values)
        return array if not is_const else Array(name, dtype, shape, writable=False, memref=op.memref)

    def extents(self, node: c_ast.Node, init: c_ast.Node | None) -> tuple[tuple[int, ...], c_ast.Node]:
        """Shape and element type of an array declarator; an open first extent comes from the initialiser."""
        shape: list[int] = []
        first = True
        while isinstance(node, c_ast.ArrayDecl):
            shape.append(self._extent(node, first, init))
            node, first = node.type, False
        if len(shape) > 4:
            raise self.unsupported(f"an array of {len(shape)} dimensions", "use at most four")
        if shape[0] == 0:  # open: as many rows as the initialiser fills
            assert isinstance(init, c_ast.InitList)
            nested = any(isinstance(e, c_ast.InitList) for e in init.exprs)
            row = 1 if nested else math.prod(shape[1:])
            shape[0] = -(-len(init.exprs) // row)
        return tuple(shape), node

    def _extent(self, node: c_ast.ArrayDecl, first: bool, init: c_ast.Node | None) -> int:
        if node.dim is None:
            if first and isinstance(init, c_ast.InitList):
                return 0
            raise self.unsupported("an array without extent", "give it a constant extent")
        extent = self.constant(node.dim, EXTENT)
        if extent < 1:
            raise self.wrong(f"an array cannot have {extent} elements", "give it at least 1")
        return extent

    def _elements(self, init: c_ast.InitList, shape: tuple[int, ...], dtype: ElementType) -> dict[int, Value]:
        """Flat position -> converted value of the elements that an initialiser mentions."""
        items = iter(init.exprs)
        values: dict[int, Value] = {}
        self._fill(items, shape, 0, values, dtype, braced=True)
        return values

    def _fill(
        self,
        items: Iterator[c_ast.Node],
        shape: Sequence[int],
        offset: int,
        values: dict[int, Value],
        dtype: ElementType,
        braced: bool = False,
    ) -> None:
        """Take the items of one (sub)array; inner braces may be left out (C11 6.7.9)."""
        stride = math.prod(shape[1:])
        i = -1
        while (i + 1 < shape[0] or braced) and (item := next(items, None)) is not None:
            i += 1
            if isinstance(item, c_ast.NamedInitializer):
                if not braced:
                    self.at(item)
                    raise self.unsupported("a designator after a row without braces", "put rows into braces")
                i, item = self.designated(item, shape[0])
            elif i == shape[0]:
                self.at(item)
                raise self.wrong("the initialiser has more values than the array", "drop the extra ones")
            position = offset + i * stride
            if len(shape) == 1:
                values[position] = self.convert(self.value(item), dtype)
            elif isinstance(item, c_ast.InitList):
                for place, value in self._elements(item, tuple(shape[1:]), dtype).items():
                    values[position + place] = value
            else:
                self._fill(_chain(item, items), shape[1:], position, values, dtype)

    def designated(self, item: c_ast.NamedInitializer, extent: int) -> tuple[int, c_ast.Node]:
        """Position and value of ``[position] = value``."""
        self.at(item)
        if len(item.name) != 1 or not isinstance(item.name[0], c_ast.ArrayDesignator):
            raise self.unsupported("a designator of more than one step", "nest braces: [2] = {[1] = 5}")
        position = self.constant(item.name[0].expr, "a designator")
        if not 0 <= position < extent:
            raise self.wrong(f"the designator [{position}] is outside the array", f"it has {extent} elements")
        return position, item.expr

    def initialise(self, array: Array, values: dict[int, Value]) -> None:
        """Store ``values`` by flat position, and zero elsewhere."""
        size = math.prod(array.shape)
        zero = self.convert(Value(ElementType.I32, const=0), array.dtype)
        if size <= _MOST_STORES:
            values = {i: values.get(i, zero) for i in range(size)}
        else:
            self._zero_fill(array, zero, ())
        for position, value in values.items():
            indices: list[SSAValue] = []
            for extent in reversed(array.shape):
                position, index = divmod(position, extent)  # noqa: PLW2901 - peeled digit by digit
                indices.insert(0, self.index_constant(index))
            self.write((array, tuple(indices)), value)

    def _zero_fill(self, array: Array, zero: Value, indices: tuple[SSAValue, ...]) -> None:
        if len(indices) == len(array.shape):
            self.write((array, indices), zero)
            return
        body = Block(arg_types=[INDEX])
        low, high, step = (self.index_constant(n) for n in (0, array.shape[len(indices)], 1))
        with self.into(body):
            self._zero_fill(array, zero, (*indices, body.args[0]))
            self.add(scf.YieldOp())
        self.add(scf.ForOp(low, high, step, [], Region([body])), located=True)


def _chain(first: c_ast.Node, rest: Iterator[c_ast.Node]) -> Iterator[c_ast.Node]:
    yield first
    yield from rest
