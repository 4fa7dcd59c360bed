"""One generated source file: its names, tables, helper functions and the local functions of the kernel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from aicompiler.transformations.kernels import Kernel
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, MemRefType, StringAttr
from xdsl.ir import Operation, SSAValue

from ._analysis import Effects
from ._blobs import UnsupportedTable, blob_symbol
from ._expressions import Expr
from ._helpers import HELPERS, counterpart
from ._memory import Array
from ._reserved import safe_name
from ._signs import Signs
from ._statements import Statements
from ._types import BOOL, U8, CType, of_element, of_mlir

if TYPE_CHECKING:
    from ._clike import CLike

Key = tuple[str, tuple[tuple[str, CType, bool], ...]]


class Module:
    """Collects what the kernel's functions need of their file, in the order in which C wants it."""

    def __init__(self, target: CLike, kernel: Kernel) -> None:
        self.target = target
        self.kernel = kernel
        self.effects = Effects(kernel.module)
        self.signs = Signs(kernel.module, _declared(kernel, self.function))
        self.loops: Mapping[str, tuple[str, ...]] = {}  # pragmas at the head of a loop, by its aic.loop
        self.array_notes: Mapping[str, tuple[str, ...]] = {}  # pragmas of an array, {name} for its C name
        self.labels = False
        self._globals = {g.sym_name.data: g for g in kernel.module.walk() if isinstance(g, memref.GlobalOp)}
        self._used = {kernel.name}
        self._tables: dict[str, Array] = {}
        self._helpers: dict[str, str] = {}
        self._instances: dict[Key, str] = {}
        self._texts: list[str] = []

    def snapshot(self) -> dict[str, object]:
        """What to give ``restore``."""
        return {k: copy(getattr(self, k)) for k in ("_used", "_tables", "_helpers", "_instances", "_texts")}

    def restore(self, state: dict[str, object]) -> None:
        """Forget what was asked for since ``snapshot``."""
        self.__dict__.update(state)

    @property
    def function(self) -> func.FuncOp:
        """The public function of the kernel."""
        return self.effects.functions[self.kernel.name]

    # --- names ------------------------------------------------------------------------------------------

    def free_name(self, hint: str, taken: set[str]) -> str:
        """``hint``, made a C identifier that nothing in the file nor in ``taken`` has."""
        base = hint if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", hint) and not hint.startswith("_") else "t"
        base = safe_name(base)
        name, number = base, 1
        while name in taken or name in self._used:
            number += 1
            name = f"{base}_{number}"
        return name

    def _file_name(self, text: str) -> str:
        name = self.free_name(f"{self.kernel.name}_{text}", set())
        self._used.add(name)
        return name

    # --- what functions ask for -------------------------------------------------------------------------

    def helper(self, name: str, type_: CType) -> str:
        """The name of a helper function for ``type_``; the file defines it."""
        full = f"{self.kernel.name}_{name}_{type_.key}"
        template = {**HELPERS, **self.target.bit_helpers}[name]
        spell = self.target.spelling.name
        self._helpers[full] = template.format(
            q=self.target.local_function,
            name=full,
            T=spell(type_),
            U=spell(type_.as_signed(False)) if type_.kind == "int" else "",
            B=spell(counterpart(type_)),
            N=type_.bits,
        )
        self._used.add(full)
        return full

    def vector(self, type_: CType) -> str:
        """The name of a vector type; the file defines it, and how it lies in memory."""
        name, element = self.target.spelling.name(type_), replace(type_, lanes=0)
        size = type_.bits // 8 * type_.lanes
        self._helpers[name] = (
            f"typedef {self.target.spelling.name(element)} {name} __attribute__((vector_size({size})));\n"
            f"typedef {name} {name}_in_memory __attribute__((aligned({type_.bits // 8}), may_alias));\n"
        )
        return name

    def table(self, symbol: str) -> Array:
        """A constant table of the kernel; the file defines it."""
        if symbol not in self._tables:
            global_ = self._globals[symbol]
            type_ = global_.type
            assert isinstance(type_, MemRefType)
            shape = tuple(type_.get_shape())
            name = self._table_name(symbol)
            truth = of_mlir(type_.element_type) == BOOL
            element = U8 if truth else of_mlir(type_.element_type, self.signs.signed(symbol))
            self._tables[symbol] = Array(
                name, element, shape, False, "constant", name, readonly=True, truth=truth
            )
        return self._tables[symbol]

    def _table_name(self, symbol: str) -> str:
        if symbol not in self.kernel.blobs:
            return self._file_name(symbol)
        if not self.target.file_tables:
            raise UnsupportedTable(self.kernel, self.target.name)
        return blob_symbol(self.kernel, symbol)

    def element_type(self, array: SSAValue) -> CType:
        """The C type of the elements of a local array or table."""
        type_ = array.type
        assert isinstance(type_, MemRefType)
        element = of_mlir(type_.element_type, self.signs.signed(array))
        return U8 if element == BOOL else element

    def instance(self, callee: str, arrays: tuple[Array, ...]) -> tuple[str, list[CType | None]]:
        """The C function for ``callee`` on such arrays, and its parameter types (None: an array)."""
        function = self.effects.functions[callee]
        key: Key = (callee, tuple((a.space, a.element, a.readonly) for a in arrays))
        arguments = function.body.block.args
        if key not in self._instances:
            self._instances[key] = self._file_name(callee)
            text = self._local_function(function, self._instances[key], arrays)
            self._texts.append(text)  # only now: what is printed meanwhile may be taken back, with the list
        types = [None if isinstance(a.type, MemRefType) else self.argument_type(a) for a in arguments]
        return self._instances[key], types

    def argument_type(self, argument: SSAValue) -> CType:
        """The C type of a local function's scalar parameter."""
        return of_mlir(argument.type, self.signs.signed(argument))

    def result_type(self, callee: str) -> CType:
        """The C type of a local function's result."""
        last = self.effects.functions[callee].body.block.last_op
        assert isinstance(last, func.ReturnOp)
        return of_mlir(last.arguments[0].type, self.signs.signed(last.arguments[0]))

    def _local_function(self, function: func.FuncOp, name: str, arrays: tuple[Array, ...]) -> str:
        out = Statements(self, function)
        given = iter(arrays)
        parameters = []
        for argument in function.body.block.args:
            label = out.fresh(out.hint(argument))
            if isinstance(argument.type, MemRefType):
                array = next(given)
                local = Array(label, array.element, tuple(argument.type.get_shape()), True, array.space, "*")
                out.arrays[argument] = local
                parameters.append(self.target.pointer(label, array.element, array.space, array.readonly))
            else:
                type_ = self.argument_type(argument)
                parameters.append(f"{self.target.spelling.name(type_)} {label}")
                out.bind(argument, Expr(label, type_))
        out.block(function.body.block)
        has_result = bool(function.function_type.outputs.data)
        result = self.target.spelling.name(self.result_type(function.sym_name.data)) if has_result else "void"
        head = f"{self.target.local_function}{result} {name}({', '.join(parameters) or 'void'})"
        return "\n".join([head, "{", *unused(out, function), *out.lines, "}", ""])

    # --- directives -------------------------------------------------------------------------------------

    def label(self, op: Operation) -> str:
        """``L0: `` before a loop, where the target labels loops."""
        name = op.attributes.get("aic.loop")
        return f"{name.data}: " if self.labels and isinstance(name, StringAttr) else ""

    def loop_pragmas(self, op: Operation) -> tuple[str, ...]:
        """Pragma lines at the head of a loop's body."""
        name = op.attributes.get("aic.loop")
        return self.loops.get(name.data, ()) if isinstance(name, StringAttr) else ()

    def array_pragmas(self, label: str, name: str) -> list[str]:
        """Pragma lines after the declaration of an array."""
        return [p.format(name=name) for p in self.array_notes.get(label, ())]

    def table_pragmas(self) -> list[str]:
        """Pragma lines of the constant tables in use; they stand in the function that uses them."""
        return [
            pragma
            for symbol, array in self._tables.items()
            for pragma in self.array_pragmas(symbol, array.name)
        ]

    # --- text -------------------------------------------------------------------------------------------

    def definitions(self) -> list[str]:
        """Tables, helper functions and local functions, each a block of text."""
        tables = [self._table_text(s, a) for s, a in self._tables.items()]
        return [*tables, *(h.lstrip("\n") for h in self._helpers.values()), *self._texts]

    def _table_text(self, symbol: str, array: Array) -> str:
        if symbol in self.kernel.blobs:
            return f"extern const {array.declaration(self.target.spelling)};\n"
        initial = self._globals[symbol].initial_value
        assert isinstance(initial, DenseIntOrFPElementsAttr)
        values = list(initial.get_values())
        if len(values) == 1:
            values *= prod(array.shape)
        spelling = self.target.spelling
        if array.element.kind == "float":
            texts = [spelling.floating(float(v), array.element).text for v in values]
        else:
            texts = [spelling.literal(int(v), array.element, typed=False).text for v in values]
        head = f"{self.target.table_qualifier}{array.declaration(spelling)}"
        return f"{head} = {_braces(texts, array.shape)};\n"


def _declared(kernel: Kernel, function: func.FuncOp) -> dict[SSAValue, bool]:
    parameters = kernel.signature.parameters
    pairs = zip(function.body.block.args, parameters, strict=True)
    return {argument: of_element(parameter.dtype).signed for argument, parameter in pairs}


def _braces(texts: list[str], shape: tuple[int, ...], depth: int = 0) -> str:
    pad = "    " * (depth + 1)
    if len(shape) > 1:
        size = len(texts) // shape[0]
        rows = [_braces(texts[i : i + size], shape[1:], depth + 1) for i in range(0, len(texts), size)]
        return "{\n" + "".join(f"{pad}{r},\n" for r in rows) + "    " * depth + "}"
    per_line = max(1, 96 // (max(map(len, texts)) + 2))
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    if len(lines) == 1:
        return f"{{{lines[0]}}}"
    return "{\n" + "".join(f"{pad}{line},\n" for line in lines) + "    " * depth + "}"


def unused(out: Statements, function: func.FuncOp) -> list[str]:
    """``(void)x;`` for parameters that the printed body does not mention."""
    text = "\n".join(out.lines)
    names = [
        out.arrays[a].name if isinstance(a.type, MemRefType) else out.env[a].text
        for a in function.body.block.args
    ]
    return [f"    (void){n};" for n in names if not re.search(rf"\b{n}\b", text)]
