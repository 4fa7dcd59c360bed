"""MLIR to Python source: one function per ``func.func``, names and numbers made here, no text of a model."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from ._ranges import Interval, Ranges, canonical, inside, is_integer, width_of
from ._scalars import Scalars
from ._structured import Whole, structured

if TYPE_CHECKING:
    from collections.abc import Iterator

    Table = list[int | float] | array[Any]

_LONGEST_INLINE = 160  # longer expressions get a variable of their own

Number = int | float


class Emitter:
    """Collects the lines of a module; integers are canonical numbers, memory is flat lists."""

    def __init__(self, module: ModuleOp, blobs: Mapping[str, bytes]) -> None:
        self.lines: list[str] = []
        self.memories: list[tuple[str, tuple[int, ...]]] = []
        self.tables: dict[str, Table] = {}
        self.whole: dict[str, Whole] = {}  # functions that numpy executes, by their name in Python
        self._blobs = blobs
        self.functions: dict[str, str] = {}
        self.ranges = Ranges(self._read_tables(module))
        self._table_names = {symbol: f"g{i}" for i, symbol in enumerate(self.tables)}
        self._depth = 0
        self._count = 0
        self._texts: dict[SSAValue, str] = {}
        self._memory_ids: dict[SSAValue, int] = {}
        self._written: set[SSAValue] = set()  # memory whose every element has a value from the start
        self._scalars = Scalars(self)
        self._handlers: dict[type[Operation], Callable[..., None]] = {
            memref.LoadOp: self._load,
            memref.StoreOp: self._store,
            memref.AllocaOp: self._alloca,
            memref.GetGlobalOp: self._get_global,
            scf.ForOp: self._for,
            scf.IfOp: self._if,
            scf.WhileOp: self._while,
            func.CallOp: self._call,
            func.ReturnOp: self._return,
        }

    def _read_tables(self, module: ModuleOp) -> dict[str, Interval]:
        found: dict[str, Interval] = {}
        for op in module.ops:
            if isinstance(op, memref.GlobalOp):
                numbers = _table(op, self._blobs.get(op.sym_name.data))
                self.tables[op.sym_name.data] = numbers
                if is_integer(op.type.element_type):
                    found[op.sym_name.data] = (int(min(numbers)), int(max(numbers)))
        return found

    # --- what the scalar operations use ---

    def line(self, text: str) -> None:
        """Add a line at the current depth."""
        self.lines.append(" " * self._depth + text)

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Lines of a nested block; an empty one gets a ``pass``."""
        self._depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self._depth -= 1

    def fresh(self) -> str:
        """A new variable."""
        self._count += 1
        return f"v{self._count}"

    def variable(self, text: str) -> str:
        """A variable, or a literal, that holds the value of an expression."""
        if text.isidentifier() or text.lstrip("(-").rstrip(")").isdigit():
            return text
        name = self.fresh()
        self.line(f"{name} = {text}")
        return name

    def value(self, value: SSAValue) -> str:
        """The Python expression of a value."""
        return self._texts[value]

    def define(
        self, value: SSAValue, text: str, part: Interval | None = None, constant: bool = False
    ) -> None:
        """Bind a result: inline if it is used once in its own block, else through a variable."""
        if part is not None:
            self.ranges.learn(value, part)
        if constant or text.isidentifier():
            self._texts[value] = text
        elif self._used_once_nearby(value) and len(text) < _LONGEST_INLINE:
            self._texts[value] = f"({text})"
        else:
            name = self.fresh()
            self.line(f"{name} = {text}")
            self._texts[value] = name

    def _used_once_nearby(self, value: SSAValue) -> bool:
        uses = list(value.uses)
        return len(uses) == 1 and uses[0].operation.parent is value.owner.parent

    def is_nsw(self, op: Operation) -> bool:
        """Whether signed overflow of ``op`` is an error."""
        flags = op.properties.get("overflowFlags")
        return isinstance(flags, arith.IntegerOverflowAttr) and arith.IntegerOverflowFlag.NSW in flags.data

    def place(self, op: Operation) -> int:
        """The line in the body that ``op`` comes from, 0 if unknown."""
        line = op.attributes.get("aic.line")
        return int(line.value.data) if isinstance(line, IntegerAttr) else 0

    # --- functions and blocks ---

    def function(self, op: func.FuncOp) -> None:
        """Emit one function, unless numpy executes it; its name in Python is ``functions[symbol]``."""
        first = len(self.memories)
        name = self.functions[op.sym_name.data]
        if (whole := structured(op, first)) is not None:
            for argument in op.body.block.args:
                assert isinstance(argument.type, MemRefType)
                self._remember(argument, argument.name_hint or "array", argument.type.get_shape())
            self.whole[name] = whole
            return
        arguments = []
        for argument in op.body.block.args:
            variable = self.fresh()
            self._texts[argument] = variable
            arguments.append(variable)
            if isinstance(argument.type, MemRefType):
                self._remember(argument, argument.name_hint or "array", argument.type.get_shape())
                if op.sym_visibility is None:
                    self._written.add(argument)
        self.line(f"def {name}({', '.join(arguments)}):")
        with self.indented():
            self._block(op.body.block)

    def _remember(self, memory: SSAValue, name: str, shape: tuple[int, ...]) -> None:
        self._memory_ids[memory] = len(self.memories)
        self.memories.append((name, shape))

    def _block(self, block: Block) -> None:
        for op in block.ops:
            if (handler := self._handlers.get(type(op))) is not None:
                handler(op)
            elif not self._scalars.emit(op) and not isinstance(op, scf.YieldOp | scf.ConditionOp):
                raise NotImplementedError(f"the interpreter does not know {op.name}")

    def _assign(self, names: Sequence[str], values: Sequence[SSAValue]) -> None:
        pairs = [(n, t) for n, t in zip(names, (self.value(v) for v in values), strict=True) if n != t]
        if pairs:
            self.line(f"{', '.join(n for n, _ in pairs)} = {', '.join(t for _, t in pairs)}")

    def _name(self, values: Sequence[SSAValue]) -> list[str]:
        names = [self.fresh() for _ in values]
        self._texts.update(zip(values, names, strict=True))
        return names

    def _call(self, op: func.CallOp) -> None:
        arguments = ", ".join(self.value(v) for v in op.arguments)
        call = f"{self.functions[op.callee.root_reference.data]}({arguments})"
        names = self._name(op.res)
        self.line(f"{', '.join(names)} = {call}" if names else call)

    def _return(self, op: func.ReturnOp) -> None:
        self.line(f"return {', '.join(self.value(v) for v in op.arguments)}")

    # --- control ---

    def _for(self, op: scf.ForOp) -> None:
        variable, *carried = op.body.block.args
        names = self._name(carried)
        self._assign(names, op.iter_args)
        self._texts.update(zip(op.res, names, strict=True))
        index = self._name([variable])[0]
        low, high, step = (self.value(v) for v in (op.lb, op.ub, op.step))
        self.line(f"for {index} in range({low}, {high}, {step}):")
        with self.indented():
            self._block(op.body.block)
            self._assign(names, _terminator(op.body.block))

    def _if(self, op: scf.IfOp) -> None:
        names = self._name(op.output)
        self.line(f"if {self.value(op.cond)}:")
        for region in (op.true_region, op.false_region):
            if region.blocks:
                with self.indented():
                    self._block(region.block)
                    self._assign(names, _terminator(region.block))
            if region is op.true_region and op.false_region.blocks:
                self.line("else:")

    def _while(self, op: scf.WhileOp) -> None:
        test, body = op.before_region.block, op.after_region.block
        names = self._name(test.args)
        self._assign(names, op.arguments)
        passed = self._name(body.args)
        self._texts.update(zip(op.res, passed, strict=True))
        self.line("while True:")
        with self.indented():
            self._block(test)
            condition, *values = _terminator(test)
            stop = self.variable(self.value(condition))
            self._assign(passed, values)
            self.line(f"if not {stop}: break")
            self._block(body)
            self._assign(names, _terminator(body))

    # --- memory ---

    def _address(self, memory: SSAValue, indices: Sequence[SSAValue], line: int) -> str:
        """The position in the flat list, after checks of the indices that are not proved to be in bounds."""
        assert isinstance(memory.type, MemRefType)
        shape = memory.type.get_shape()
        texts = []
        checks = []
        for index, extent in zip(indices, shape, strict=True):
            text = self.value(index)
            if not inside(self.ranges.of(index), (0, extent - 1)):
                text = self.variable(text)
                checks.append(f"0 <= {text} < {extent}")
            elif len(text) > 40:
                text = self.variable(text)
            texts.append(text)
        if checks:
            values = ", ".join(str(v) for v in (line, self._memory_ids[memory], *texts))
            self.line(f"if not ({' and '.join(checks)}): outside({values})")
        strides = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
        terms = [t if s == 1 else f"{t} * {s}" for t, s in zip(texts, strides, strict=True)]
        return " + ".join(terms) or "0"

    def _load(self, op: memref.LoadOp) -> None:
        address = self._address(op.memref, op.indices, self.place(op))
        name = self._name([op.res])[0]
        self.line(f"{name} = {self.value(op.memref)}[{address}]")
        if op.memref not in self._written:
            self.line(f"if {name} is None: unset({self.place(op)}, {self._memory_ids[op.memref]})")

    def _store(self, op: memref.StoreOp) -> None:
        address = self._address(op.memref, op.indices, self.place(op))
        self.line(f"{self.value(op.memref)}[{address}] = {self.value(op.value)}")

    def _alloca(self, op: memref.AllocaOp) -> None:
        assert isinstance(op.memref.type, MemRefType)
        shape = op.memref.type.get_shape()
        self._remember(op.memref, op.memref.name_hint or "array", shape)
        name = self._name([op.memref])[0]
        self.line(f"{name} = [None] * {math.prod(shape)}")

    def _get_global(self, op: memref.GetGlobalOp) -> None:
        assert isinstance(op.memref.type, MemRefType)
        symbol = op.name_.root_reference.data
        self._remember(op.memref, symbol, op.memref.type.get_shape())
        self._written.add(op.memref)
        self._texts[op.memref] = self._table_names[symbol]

    @property
    def table_values(self) -> dict[str, Table]:
        """The constant tables under their names in Python."""
        return {self._table_names[symbol]: values for symbol, values in self.tables.items()}


def _terminator(block: Block) -> Sequence[SSAValue]:
    return block.last_op.operands if isinstance(block.last_op, scf.YieldOp | scf.ConditionOp) else ()


def _table(op: memref.GlobalOp, blob: bytes | None) -> Table:
    """The values of a constant table in canonical form; those of a large one stay packed."""
    if blob is not None:
        return _packed(op, blob)
    values: list[Any] = list(cast(DenseIntOrFPElementsAttr, op.initial_value).get_values())
    kind = op.type.element_type
    size = math.prod(op.type.get_shape())
    values = values * size if len(values) == 1 else values  # a splat
    if not is_integer(kind):
        return [float(v) for v in values]
    low = canonical(kind)[0]
    return [(int(v) - low) % (1 << width_of(kind)) + low for v in values]


def _packed(op: memref.GlobalOp, blob: bytes) -> Table:
    kind = op.type.element_type
    codes = {8: "B", 16: "H", 32: "i", 64: "q"}
    code = codes[width_of(kind)] if is_integer(kind) else {32: "f", 64: "d"}[kind.bitwidth]
    values: array[Any] = array(code)
    values.frombytes(blob)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def emit_module(module: ModuleOp, blobs: Mapping[str, bytes]) -> Emitter:
    """Emit all functions of a module; ``blobs`` are the values of its large tables."""
    out = Emitter(module, blobs)
    functions = [op for op in module.ops if isinstance(op, func.FuncOp)]
    out.functions = {op.sym_name.data: f"f{i}" for i, op in enumerate(functions)}
    for op in functions:
        out.function(op)
    return out
