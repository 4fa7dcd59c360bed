"""Scalar operations as Python expressions over canonical numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from aicompiler.transformations.kernels._numbers import MATH
from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, FloatAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue

from . import _ranges as ranges
from ._ranges import Interval, canonical, inside, signed, width_of

if TYPE_CHECKING:
    from ._emit import Emitter

_SIGNED_PREDICATES = {2: "<", 3: "<=", 4: ">", 5: ">="}
_PREDICATES = {0: "==", 1: "!=", **_SIGNED_PREDICATES, 6: "<", 7: "<=", 8: ">", 9: ">="}
_FLOAT_PREDICATES = {
    0: "False",
    1: "{0} == {1}",
    2: "{0} > {1}",
    3: "{0} >= {1}",
    4: "{0} < {1}",
    5: "{0} <= {1}",
    6: "({0} < {1} or {0} > {1})",
    7: "({0} == {0} and {1} == {1})",
    8: "not ({0} < {1} or {0} > {1})",
    9: "not {0} <= {1}",
    10: "not {0} < {1}",
    11: "not {0} >= {1}",
    12: "not {0} > {1}",
    13: "{0} != {1}",
    14: "({0} != {0} or {1} != {1})",
    15: "True",
}
_ARITHMETIC = {"arith.addi": "+", "arith.subi": "-", "arith.muli": "*"}
_BITWISE = {"arith.andi": "&", "arith.ori": "|", "arith.xori": "^"}
_FLOAT = {"arith.addf": "+", "arith.subf": "-", "arith.mulf": "*"}
_EXACT_IN_F32 = (-(1 << 24), 1 << 24)


class Scalars:
    """Emits scalar operations into an ``Emitter``."""

    def __init__(self, out: Emitter) -> None:
        self.out = out

    def emit(self, op: Operation) -> bool:
        """Emit ``op`` if it is a scalar operation of arith or math; whether it was."""
        name = op.name
        if name in _ARITHMETIC:
            self._arithmetic(op, _ARITHMETIC[name])
        elif name in _BITWISE:
            self._bitwise(op, _BITWISE[name])
        elif name in _FLOAT:
            self._float(op, f"{self._operand(op, 0)} {_FLOAT[name]} {self._operand(op, 1)}")
        elif name in MATH:
            arguments = ", ".join(self._operand(op, i) for i in range(len(op.operands)))
            self._float(op, f"{name.replace('.', '_')}({arguments})")
        elif (method := getattr(self, "_" + name.replace(".", "_"), None)) is not None:
            method(op)
        else:
            return False
        return True

    # --- operands and results ---

    def _operand(self, op: Operation, i: int) -> str:
        return self.out.value(op.operands[i])

    def _range(self, op: Operation, i: int) -> Interval:
        return self.out.ranges.of(op.operands[i])

    def _signed(self, value: SSAValue) -> tuple[str, Interval]:
        """The signed reading of an operand, and its interval."""
        text, part = self.out.value(value), self.out.ranges.of(value)
        if inside(part, signed(value.type)) or width_of(value.type) >= 32:
            return text, part
        half = 1 << width_of(value.type) - 1
        return f"(({text} ^ {half}) - {half})", signed(value.type)

    def _unsigned(self, value: SSAValue) -> tuple[str, Interval]:
        """The unsigned reading of an operand, and its interval."""
        text, part = self.out.value(value), self.out.ranges.of(value)
        if part[0] >= 0:
            return text, part
        mask = (1 << width_of(value.type)) - 1
        return f"({text} & {mask})", (0, mask)

    def _wrapped(self, text: str, part: Interval, kind: Attribute) -> tuple[str, Interval]:
        """A number modulo its type, in canonical form."""
        if inside(part, canonical(kind)):
            return text, part
        width = width_of(kind)
        mask = (1 << width) - 1
        if width < 32:
            return f"(({text}) & {mask})", canonical(kind)
        half = 1 << width - 1
        return f"((({text}) + {half} & {mask}) - {half})", canonical(kind)

    def _integer(self, op: Operation, text: str, part: Interval) -> None:
        kind = op.results[0].type
        text, part = self._wrapped(text, part, kind) if not ranges.is_index(kind) else (text, part)
        self.out.define(op.results[0], text, part)

    def _float(self, op: Operation, text: str) -> None:
        rounded = f"F({text}).value" if isinstance(op.results[0].type, Float32Type) else text
        self.out.define(op.results[0], rounded)

    # --- integers ---

    def _arithmetic(self, op: Operation, symbol: str) -> None:
        function = {"+": ranges.add, "-": ranges.sub, "*": ranges.mul}[symbol]
        (left, a), (right, b) = (self._signed(v) for v in op.operands)
        text, part = f"{left} {symbol} {right}", function(a, b)
        if self.out.is_nsw(op):
            self._checked(op, text, part)
        else:
            self._integer(op, text, part)

    def _checked(self, op: Operation, text: str, part: Interval) -> None:
        """A signed result that must fit its type."""
        limits = signed(op.results[0].type)
        if not inside(part, limits):
            text = self.out.variable(text)
            what = f"signed overflow: the result does not fit {width_of(op.results[0].type)} bits"
            self.out.line(
                f"if not {limits[0]} <= {text} <= {limits[1]}: fail({self.out.place(op)}, {what!r})"
            )
            part = (max(part[0], limits[0]), min(part[1], limits[1]))
        self._integer(op, text, part)

    def _bitwise(self, op: Operation, symbol: str) -> None:
        a, b = self._range(op, 0), self._range(op, 1)
        kind = op.results[0].type
        part = ranges.bitwise(op.name, a, b, kind)
        self._integer(op, f"{self._operand(op, 0)} {symbol} {self._operand(op, 1)}", part)

    def _division(self, op: Operation, is_signed: bool) -> None:
        read = self._signed if is_signed else self._unsigned
        (left, a), (right, b) = read(op.operands[0]), read(op.operands[1])
        quotient = "div" in op.name
        part = ranges.divide(a, b) if quotient else ranges.remainder(a, b)
        if a[0] >= 0 and b[0] > 0:
            text = f"{left} {'//' if quotient else '%'} {right}"
        else:
            most = signed(op.operands[0].type)[1] if is_signed else (1 << 64)
            function = "divide" if quotient else "remainder"
            text = f"{function}({self.out.place(op)}, {left}, {right}, {most})"
            part = (part[0], min(part[1], most))
        self._integer(op, text, part)

    def _arith_divsi(self, op: Operation) -> None:
        self._division(op, is_signed=True)

    def _arith_divui(self, op: Operation) -> None:
        self._division(op, is_signed=False)

    def _arith_remsi(self, op: Operation) -> None:
        self._division(op, is_signed=True)

    def _arith_remui(self, op: Operation) -> None:
        self._division(op, is_signed=False)

    def _amount(self, op: Operation) -> tuple[str, Interval]:
        width = width_of(op.operands[0].type)
        text, part = self._unsigned(op.operands[1])
        if part[1] < width:
            return text, part
        signed_text, _ = self._signed(op.operands[1])
        return f"shift_amount({self.out.place(op)}, {signed_text}, {width})", (0, width - 1)

    def _arith_shrsi(self, op: Operation) -> None:
        (left, a), (amount, b) = self._signed(op.operands[0]), self._amount(op)
        self._integer(op, f"{left} >> {amount}", ranges.shift_right(a, b))

    def _arith_shrui(self, op: Operation) -> None:
        (left, a), (amount, b) = self._unsigned(op.operands[0]), self._amount(op)
        self._integer(op, f"{left} >> {amount}", ranges.shift_right(a, b))

    def _arith_shli(self, op: Operation) -> None:
        (left, a), (amount, b) = self._signed(op.operands[0]), self._amount(op)
        text, part = f"{left} << {amount}", ranges.shift_left(a, b)
        if not self.out.is_nsw(op):
            self._integer(op, text, part)
            return
        if a[0] < 0:
            self.out.line(f"if {left} < 0: fail({self.out.place(op)}, 'left shift of a negative number')")
            part = ranges.shift_left((0, max(a[1], 0)), b)
        self._checked(op, text, part)

    def _minmax(self, op: Operation, function: str, is_signed: bool) -> None:
        read = self._signed if is_signed else self._unsigned
        (left, a), (right, b) = read(op.operands[0]), read(op.operands[1])
        pick = min if function == "min" else max
        part = (pick(a[0], b[0]), pick(a[1], b[1]))
        self._integer(op, f"{function}({left}, {right})", part)

    def _arith_minsi(self, op: Operation) -> None:
        self._minmax(op, "min", is_signed=True)

    def _arith_maxsi(self, op: Operation) -> None:
        self._minmax(op, "max", is_signed=True)

    def _arith_minui(self, op: Operation) -> None:
        self._minmax(op, "min", is_signed=False)

    def _arith_maxui(self, op: Operation) -> None:
        self._minmax(op, "max", is_signed=False)

    def _math_absi(self, op: Operation) -> None:
        text, part = self._signed(op.operands[0])
        self._checked(op, f"abs({text})", (0, max(abs(part[0]), abs(part[1]))))

    # --- comparison and choice ---

    def _arith_cmpi(self, op: Operation) -> None:
        predicate = cast(arith.CmpiOp, op).predicate.value.data
        if predicate in (0, 1):
            left, right = self._operand(op, 0), self._operand(op, 1)
        else:
            read = self._signed if predicate in _SIGNED_PREDICATES else self._unsigned
            left, right = (read(v)[0] for v in op.operands)
        self.out.define(op.results[0], f"{left} {_PREDICATES[predicate]} {right}", (0, 1))

    def _arith_cmpf(self, op: Operation) -> None:
        form = _FLOAT_PREDICATES[cast(arith.CmpfOp, op).predicate.value.data]
        twice = form.count("{0}") > 1
        operands = [
            self.out.variable(self._operand(op, i)) if twice else self._operand(op, i) for i in (0, 1)
        ]
        self.out.define(op.results[0], form.format(*operands), (0, 1))

    def _arith_select(self, op: Operation) -> None:
        condition, then, other = (self._operand(op, i) for i in range(3))
        text = f"{then} if {condition} else {other}"
        if ranges.is_integer(op.results[0].type):
            self.out.define(op.results[0], text, ranges.hull(self._range(op, 1), self._range(op, 2)))
        else:
            self.out.define(op.results[0], text)

    # --- constants and conversions ---

    def _arith_constant(self, op: Operation) -> None:
        value = cast(arith.ConstantOp, op).value
        if isinstance(value, FloatAttr):
            number = value.value.data
            text = repr(number) if math.isfinite(number) else "nan" if math.isnan(number) else f"{number}"
            self.out.define(op.results[0], f"({text})", constant=True)
            return
        assert isinstance(value, IntegerAttr)
        kind = op.results[0].type
        low, high = canonical(kind)
        whole = (value.value.data - low) % (high - low + 1) + low
        self.out.define(
            op.results[0], f"({whole})" if whole < 0 else str(whole), (whole, whole), constant=True
        )

    def _arith_index_cast(self, op: Operation) -> None:
        self._integer(op, *self._signed(op.operands[0]))

    def _arith_extsi(self, op: Operation) -> None:
        self._integer(op, *self._signed(op.operands[0]))

    def _arith_extui(self, op: Operation) -> None:
        self._integer(op, *self._unsigned(op.operands[0]))

    def _arith_trunci(self, op: Operation) -> None:
        self._integer(op, self._operand(op, 0), self._range(op, 0))

    def _to_float(self, op: Operation, text: str, part: Interval) -> None:
        if not isinstance(op.results[0].type, Float32Type) or inside(part, _EXACT_IN_F32):
            self.out.define(op.results[0], f"float({text})")
        else:
            self.out.define(op.results[0], f"int_to_f32({text})")

    def _arith_sitofp(self, op: Operation) -> None:
        self._to_float(op, *self._signed(op.operands[0]))

    def _arith_uitofp(self, op: Operation) -> None:
        self._to_float(op, *self._unsigned(op.operands[0]))

    def _to_integer(self, op: Operation, limits: Interval) -> None:
        text = f"to_integer({self.out.place(op)}, {self._operand(op, 0)}, {limits[0]}, {limits[1]})"
        self._integer(op, text, limits)

    def _arith_fptosi(self, op: Operation) -> None:
        self._to_integer(op, signed(op.results[0].type))

    def _arith_fptoui(self, op: Operation) -> None:
        self._to_integer(op, (0, (1 << width_of(op.results[0].type)) - 1))

    def _arith_extf(self, op: Operation) -> None:
        self.out.define(op.results[0], self._operand(op, 0))

    def _arith_truncf(self, op: Operation) -> None:
        self._float(op, self._operand(op, 0))

    # --- floating point ---

    def _arith_negf(self, op: Operation) -> None:
        self.out.define(op.results[0], f"-{self._operand(op, 0)}")

    def _arith_divf(self, op: Operation) -> None:
        self._float(op, f"fdiv({self._operand(op, 0)}, {self._operand(op, 1)})")

    def _math_fma(self, op: Operation) -> None:
        function = "fma32" if isinstance(op.results[0].type, Float32Type) else "fma64"
        self.out.define(op.results[0], f"{function}({', '.join(self._operand(op, i) for i in range(3))})")
