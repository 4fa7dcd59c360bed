"""Which ``for`` loops count: the test that lets one become an ``scf.for``, or else stay a general loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aicompiler.transformations.kernels._numbers import range_of
from pycparser import c_ast
from xdsl.ir import Block

from ._effects import Effects, effects_of, is_pure, names_in
from ._emitter import Value
from ._scope import Array, Cell, Fixed, Local
from ._types import common

if TYPE_CHECKING:
    from ._declarations import Declarations

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Counted:
    """``for (variable = first; variable < bound; variable += step)``, or its mirror image."""

    variable: Local
    first: Value
    bound: Value  # evaluated before the loop, converted to the type of the comparison
    step: int
    up: bool
    inclusive: bool

    def final(self, first: int, bound: int) -> int:
        """The variable's value after the loop, for known bounds."""
        span = (bound - first if self.up else first - bound) + self.inclusive
        trips = max(0, -(-span // self.step))
        return first + trips * self.step * (1 if self.up else -1)


def counted_loop(ctx: Declarations, node: c_ast.For) -> Counted | None:
    """The counted form of a ``for`` whose initialisation is lowered, or ``None``.

    It counts if the variable is an initialised integer that only the step changes, the bound does not change
    in the body, the step is a constant towards the bound, and the variable cannot wrap around on the way.
    """
    if (stride := _stride(ctx, node.next)) is None or (test := _test(node.cond, stride[0])) is None:
        return None
    (name, step), (operator, bound) = stride, test
    variable = ctx.scope.find(name)
    up = operator in ("<", "<=")
    effects = effects_of(node.stmt)
    if not isinstance(variable, Local) or variable.constant or variable not in ctx.state:
        return None
    if name in effects.assigned or (step > 0) != up or not _invariant(ctx, bound, name, effects):
        return None
    return _attempt(ctx, variable, bound, step, operator)


def _attempt(
    ctx: Declarations, variable: Local, node: c_ast.Node, step: int, operator: str
) -> Counted | None:
    """Evaluate the bound on trial; keep it if the loop counts."""
    trial = Block()
    with ctx.into(trial):
        own = ctx.value(node)
        bound = ctx.convert(own, common(variable.dtype, own.dtype))
    loop = Counted(variable, ctx.state[variable], bound, abs(step), step > 0, operator in ("<=", ">="))
    if bound.dtype.is_float or not _cannot_wrap(loop, own):
        trial.drop_all_references()
        return None
    ctx.splice(trial)
    return loop


def _test(node: c_ast.Node | None, variable: str) -> tuple[str, c_ast.Node] | None:
    """(operator, bound) of ``variable < n`` or ``n > variable``."""
    if not isinstance(node, c_ast.BinaryOp) or node.op not in _FLIPPED:
        return None
    if isinstance(node.left, c_ast.ID) and node.left.name == variable:
        return node.op, node.right
    if isinstance(node.right, c_ast.ID) and node.right.name == variable:
        return _FLIPPED[node.op], node.left
    return None


def _stride(ctx: Declarations, node: c_ast.Node | None) -> tuple[str, int] | None:
    """(variable, change) of ``i++``, ``i -= 2``, ``i = i + 2`` and the like with a constant change."""
    match node:
        case c_ast.UnaryOp(op="++" | "p++" | "--" | "p--", expr=c_ast.ID(name=name)):
            return name, 1 if "+" in node.op else -1
        case c_ast.Assignment(op="+=" | "-=", lvalue=c_ast.ID(name=name), rvalue=amount):
            return _signed(ctx, name, amount, node.op[0])
        case c_ast.Assignment(
            op="=", lvalue=c_ast.ID(name=name), rvalue=c_ast.BinaryOp(op="+" | "-", left=c_ast.ID(name=same))
        ) if name == same:
            return _signed(ctx, name, node.rvalue.right, node.rvalue.op)
    return None


def _signed(ctx: Declarations, name: str, amount: c_ast.Node, sign: str) -> tuple[str, int] | None:
    if not is_pure(amount) or any(not isinstance(ctx.scope.find(n), Fixed) for n in names_in(amount)):
        return None
    value = ctx.value(amount)
    if value.const is None or value.dtype.is_float or not 0 < value.const < 1 << 31:
        return None
    return name, int(value.const) if sign == "+" else -int(value.const)


def _invariant(ctx: Declarations, bound: c_ast.Node, variable: str, effects: Effects) -> bool:
    """Whether a bound stays the same; what a function gets may change, unless it is a constant."""
    found = {name: ctx.scope.find(name) for name in names_in(bound)}
    if variable in found or not is_pure(bound):
        return False
    return all(
        isinstance(symbol, Fixed) or (isinstance(symbol, Local | Cell | Array) and name not in effects.stored)
        for name, symbol in found.items()
    )


def _cannot_wrap(loop: Counted, own: Value) -> bool:
    """Whether the variable stays in its type, and compares as the mathematical number it is.

    Overflow of signed types from int on is undefined in C, so there it need not be considered; unsigned and
    narrow types wrap.
    """
    dtype = loop.variable.dtype
    if not loop.bound.dtype.is_signed and dtype.is_signed and not _never_negative(loop):
        return False
    if loop.first.const is not None and loop.bound.const is not None:
        low, high = range_of(dtype)
        return low <= loop.final(int(loop.first.const), int(loop.bound.const)) <= high
    if dtype.is_signed and dtype.bytes >= 4:
        return True
    if loop.inclusive or loop.step != 1:
        return False
    least, most = (int(own.const),) * 2 if own.const is not None else range_of(own.dtype)
    return most <= range_of(dtype)[1] if loop.up else least >= range_of(dtype)[0]


def _never_negative(loop: Counted) -> bool:
    """Whether a signed variable that is compared as unsigned is no negative number on the way."""
    return loop.up and loop.first.const is not None and loop.first.const >= 0
