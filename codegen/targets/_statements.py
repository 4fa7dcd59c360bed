"""Prints the body of one function: straight-line code; loops and conditions are in ``_control``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import IntegerAttr, MemRefType, StringAttr
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from ._analysis import Effect, Effects, Liveness
from ._expressions import COND, POSTFIX, Expr, Spelling, compose
from ._lanes import declare, register
from ._memory import Array
from ._operations import UnsupportedOperation, printer_of
from ._types import BOOL, CType, of_mlir
from ._values import Intervals

if TYPE_CHECKING:
    from ._module import Module

LONGEST = 88  # a longer expression gets a name
_STATE = ("env", "arrays", "held", "names", "_pending", "_left", "_commented")


class Statements:
    """The state of printing one function: what each SSA value is called, and what waits to be written."""

    def __init__(self, module: Module, function: func.FuncOp) -> None:
        self.module = module
        self.function = function
        self.spelling: Spelling = module.target.spelling
        self.effects: Effects = module.effects
        self.live = Liveness(function, module.effects)
        self.intervals = Intervals()
        self.env: dict[SSAValue, Expr] = {}
        self.arrays: dict[SSAValue, Array] = {}
        self.lines: list[str] = []
        self.depth = 1
        self.variables: set[str] = set()
        self.held: dict[SSAValue, str] = {}  # values that live in a variable
        self.names: set[str] = set()
        self._pending: dict[SSAValue, None] = {}
        self._left: dict[SSAValue, int] = {}
        self._commented = 0

    # --- lines ------------------------------------------------------------------------------------------

    def line(self, text: str, op: Operation | None = None) -> None:
        """One line, with the line of the model it comes from where that changes."""
        number = op.attributes.get("aic.line") if op is not None else None
        if isinstance(number, IntegerAttr) and number.value.data != self._commented:
            self._commented = number.value.data
            text = f"{text} /* model line {self._commented} */"
        self.lines.append("    " * self.depth + text if not text.startswith("#") else text)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A block: one level deeper, its names free again after it."""
        names = set(self.names)
        self.depth += 1
        yield
        self.depth -= 1
        self.names = names

    def snapshot(self) -> tuple[dict[str, object], dict[str, object]]:
        """What to give ``restore`` to take back what was printed since."""
        mine = {k: copy(getattr(self, k)) for k in _STATE}
        return mine, self.module.snapshot()

    def restore(self, state: tuple[dict[str, object], dict[str, object]]) -> None:
        """Forget what was printed since ``snapshot``."""
        self.__dict__.update(state[0])
        self.module.restore(state[1])

    # --- names ------------------------------------------------------------------------------------------

    def fresh(self, hint: str | None) -> str:
        """A name that nothing visible has."""
        name = self.module.free_name(hint or "t", self.names)
        self.names.add(name)
        return name

    def hint(self, value: SSAValue) -> str | None:
        """The name that the model gives a value, if any."""
        named = value.name_hint
        return re.sub(r"_\d+$", "", named) if named and not re.fullmatch(r"[a-z]{1,2}\d+", named) else None

    # --- values -----------------------------------------------------------------------------------------

    def get(self, value: SSAValue) -> Expr:
        """The expression of an operand; it no longer waits if this was its last use."""
        left = self._left.get(value, 0) - 1
        self._left[value] = left
        if left <= 0:
            self._pending.pop(value, None)
        return self.env[value]

    def bind(self, value: SSAValue, expr: Expr) -> None:
        """``value`` is ``expr`` from now on, without a statement."""
        self.env[value] = expr
        self._left[value] = len(self.live.users(value))
        if expr.volatile:
            self._pending[value] = None

    def define(self, value: SSAValue, expr: Expr) -> None:
        """Give ``value`` a name, unless its expression may stand where it is used."""
        users = self.live.users(value)
        once = len(users) == 1 and _loop(users[0]) is _loop_of(value)
        inside = once and not isinstance(users[0], scf.YieldOp | memref.StoreOp)
        nested_choice = inside and expr.level == COND and self.hint(value) and len(expr.text) > 24
        if expr.atom or (once and len(expr.text) <= LONGEST and not nested_choice):
            self.bind(value, expr)
        else:
            self.name(value, expr)

    def name(self, value: SSAValue, expr: Expr) -> Expr:
        """Write ``const T name = expr;`` and let ``value`` be the name."""
        named = self.constant(expr, self.hint(value))
        self._pending.pop(value, None)
        self.env[value] = named
        return named

    def constant(self, expr: Expr, hint: str | None) -> Expr:
        """A new constant that holds ``expr``."""
        name = self.fresh(hint)
        self.line(f"const {self.spelling.name(expr.type)} {name} = {expr.text};")
        return Expr(name, expr.type)

    def atom(self, expr: Expr) -> Expr:
        """A name or literal for ``expr``, which is about to be repeated."""
        return expr if expr.atom else self.constant(expr, None)

    def settle(self, touched: AbstractSet[str]) -> None:
        """Name all waiting expressions that read one of the variables and arrays about to change."""
        for value in list(self._pending):
            if value in self._pending and self.env[value].variables & touched:
                self.name(value, self.env[value])

    def variable(self, value: SSAValue, name: str, type_: CType) -> None:
        """``value`` is what the variable holds; who assigns to the variable knows that the value is dead."""
        self.variables.add(name)
        self.held[value] = name
        self.env[value] = Expr(name, type_, variables=frozenset({name}))

    def written(self, op: Operation) -> set[str]:
        """The arrays, as far as they are visible here, that ``op`` writes."""
        tokens = set()
        for inner in op.walk():
            match inner:
                case memref.StoreOp():
                    targets = [inner.memref]
                case func.CallOp() if Effect.WRITE in self.effects.of(inner):
                    targets = [a for a in inner.arguments if isinstance(a.type, MemRefType)]
                case _:
                    targets = []
            tokens |= {self.arrays[t].token for t in targets if t in self.arrays}
        return tokens

    def type_of(self, value: SSAValue) -> CType:
        """The type of a variable for ``value``."""
        return of_mlir(value.type, self.module.signs.signed(value))

    def helper(self, name: str, type_: CType, *arguments: Expr) -> Expr:
        """A call of a helper function that the file then defines."""
        text = f"{self.module.helper(name, type_)}({', '.join(a.text for a in arguments)})"
        return compose(text, type_, POSTFIX, *arguments)

    def math(self, function: str, type_: CType, *arguments: Expr) -> Expr:
        """A call of a function of the target's math library."""
        name = self.module.target.math_name(function, type_)
        return compose(f"{name}({', '.join(a.text for a in arguments)})", type_, POSTFIX, *arguments)

    # --- operations -------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """All operations of a block but its terminator."""
        for op in block.ops:
            if op is not block.last_op or not isinstance(op, scf.YieldOp | scf.ConditionOp):
                self.operation(op)

    def operation(self, op: Operation) -> None:
        """Print one operation, or remember its expression; what nothing needs is left out."""
        if op not in self.live.ops:
            return
        if (printer := printer_of(op)) is not None:
            self.define(op.results[0], printer(op, self))
            return
        match op:
            case memref.LoadOp():
                subscripts = [self.get(i) for i in op.indices]
                self.define(op.res, self.arrays[op.memref].load(subscripts, self.spelling))
            case memref.StoreOp():
                self._store(op)
            case memref.AllocaOp():
                self.local(op)
            case memref.GetGlobalOp():
                self.arrays[op.memref] = self.module.table(op.name_.root_reference.data)
            case func.CallOp():
                self._call(op)
            case func.ReturnOp():
                if op.arguments:
                    result = self.module.result_type(self.function.sym_name.data)
                    value = self.spelling.converted(self.get(op.arguments[0]), result)
                    self.line(f"return {value.text};")
            case scf.ForOp() | scf.IfOp() | scf.WhileOp():
                from ._control import control

                control(self, op)
            case _:
                raise UnsupportedOperation(op)

    def _store(self, op: memref.StoreOp) -> None:
        array = self.arrays[op.memref]
        subscripts = [self.get(i) for i in op.indices]
        value = self.spelling.converted(self.get(op.value), array.element)
        self.settle({array.token})
        self.line(f"{array.at(subscripts, self.spelling).text} = {value.text};", op)

    def local(self, op: memref.AllocaOp) -> None:
        """Declare a local array; one that is passed to a function is flat."""
        if self.module.target.vectors and (lanes := register(op)) is not None:
            declare(self, op, lanes)
            return
        type_ = op.memref.type
        assert isinstance(type_, MemRefType)
        label = op.attributes.get("aic.name")
        name = self.fresh(label.data if isinstance(label, StringAttr) else self.hint(op.memref))
        storage = "static " if "aic.static" in op.attributes and self.module.target.static_locals else ""
        passed = any(isinstance(u.operation, func.CallOp) for u in op.memref.uses)
        shape = tuple(type_.get_shape())
        if passed and len(shape) > 1:
            array = Array(name, self.module.element_type(op.memref), shape, True, "private", name)
            size = 1
            for extent in shape:
                size *= extent
            self.line(f"{storage}{self.spelling.name(array.element)} {name}[{size}];", op)
        else:
            array = Array(
                name,
                self.module.element_type(op.memref),
                shape,
                False,
                "private",
                name,
                truth=_truth(op.memref),
            )
            self.line(f"{storage}{array.declaration(self.spelling)};", op)
        self.arrays[op.memref] = array
        for pragma in self.module.array_pragmas(label.data if isinstance(label, StringAttr) else name, name):
            self.line(pragma)

    def _call(self, op: func.CallOp) -> None:
        callee = op.callee.root_reference.data
        arrays = tuple(self.arrays[a] for a in op.arguments if isinstance(a.type, MemRefType))
        name, types = self.module.instance(callee, arrays)
        effect = self.effects.of(op)
        texts, parts = [], []
        for argument, type_ in zip(op.arguments, types, strict=True):
            if type_ is None:
                array = self.arrays[argument]
                texts.append(f"&{array.name}" if not array.shape and not array.flat else array.first())
                continue
            value = self.spelling.converted(self.get(argument), type_)
            texts.append(value.text)
            parts.append(value)
        text = f"{name}({', '.join(texts)})"
        if Effect.WRITE not in effect:
            if op.results:
                tokens = {a.token for a in arrays if not a.readonly}
                call = compose(text, self.module.result_type(callee), POSTFIX, *parts)
                call = Expr(call.text, call.type, POSTFIX, call.variables | tokens)
                self.define(op.results[0], call)
            return
        self.settle({a.token for a in arrays})
        if op.results and op.results[0] in self.live.values:
            self.name(op.results[0], Expr(text, self.module.result_type(callee), POSTFIX))
        else:
            self.line(f"{text};", op)


def _truth(value: SSAValue) -> bool:
    return isinstance(value.type, MemRefType) and of_mlir(value.type.element_type) == BOOL


def _loop(op: Operation) -> Operation | None:
    """The innermost loop around an operation."""
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, scf.ForOp | scf.WhileOp):
        parent = parent.parent_op()
    return parent


def _loop_of(value: SSAValue) -> Operation | None:
    if isinstance(value, BlockArgument):
        owner = value.owner.parent_op()
        return owner if isinstance(owner, scf.ForOp | scf.WhileOp) else None
    assert isinstance(value, OpResult)
    return _loop(value.op)
