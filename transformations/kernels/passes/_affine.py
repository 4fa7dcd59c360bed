"""Integer values of a kernel as relations from loop iterations to the values they may have (islpy).

A value is an isl map {[i0, …] -> [v]} over the loops around its use.  Affine values give functions; whatever
cannot be followed gives a larger relation, up to every value of its type, together with the reason.  All
relations over-approximate: a pair that is absent cannot happen.  Values are signed, i1 is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import islpy as isl
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue

from ._structure import bit_width, constant, defined_in, is_array


@dataclass(frozen=True)
class Value:
    """What a value may be; ``reason`` says why the relation is larger than the truth ('' where exact)."""

    relation: isl.Map
    reason: str = ""


_LESS = {2: "<", 3: "<=", 4: ">", 5: ">=", 6: "<", 7: "<=", 8: ">", 9: ">=", 0: "=", 1: "!="}
_PAIR: dict[type[Operation], str] = {
    arith.AddiOp: "c = a + b",
    arith.SubiOp: "c = a - b",
    arith.MinSIOp: "(c = a and a <= b) or (c = b and b < a)",
    arith.MaxSIOp: "(c = a and a >= b) or (c = b and b > a)",
    arith.MinUIOp: "(c = a and a <= b) or (c = b and b < a)",
    arith.MaxUIOp: "(c = a and a >= b) or (c = b and b > a)",
}
_UNSIGNED = (arith.MinUIOp, arith.MaxUIOp, arith.DivUIOp, arith.RemUIOp, arith.ShRUIOp)
_MOST_CASES = 12
_WRAPPING = (arith.AddiOp, arith.SubiOp, arith.MuliOp, arith.ShLIOp)


@cache
def _unary(condition: str) -> isl.Map:
    return isl.Map(f"{{ [a] -> [c] : {condition} }}")


@cache
def _binary(condition: str) -> isl.Map:
    return isl.Map(f"{{ [a, b] -> [c] : {condition} }}")


class Values:
    """Values at a point of the kernel that lies in ``loops``, outermost first."""

    def __init__(self, loops: tuple[scf.ForOp, ...]) -> None:
        self.loops = loops
        self._known: dict[SSAValue, Value] = {}
        names = ", ".join(f"i{k}" for k in range(len(loops)))
        self._head = f"[{names}]"
        self.domain = self._domain()

    def of(self, value: SSAValue) -> Value:
        """The relation of an integer or index value."""
        if value not in self._known:
            self._known[value] = _bounded(self._argument(value) or self._result(value))
        return self._known[value]

    def where(self, condition: SSAValue, holds: bool) -> isl.Set:
        """Iterations in which ``condition`` may hold (or may not)."""
        relation = self.of(condition).relation
        return relation.intersect_range(isl.Set(f"{{ [{int(holds)}] }}")).domain().coalesce()

    # --- the iteration domain ------------------------------------------------------------------------------

    def _domain(self) -> isl.Set:
        if not self.loops:
            return isl.Set("{ [] }")
        outer, loop = Values(self.loops[:-1]), self.loops[-1]
        bounds = outer.of(loop.lb).relation.flat_range_product(outer.of(loop.ub).relation)
        step = constant(loop.step)
        stride = f" and (i - l) mod {step} = 0" if step is not None and step > 1 else ""
        iterations = bounds.apply_range(isl.Map(f"{{ [l, u] -> [i] : l <= i < u{stride} }}"))
        return iterations.intersect_domain(outer.domain).wrap().flatten()

    # --- values --------------------------------------------------------------------------------------------

    def _map(self, condition: str, parameters: str = "") -> isl.Map:
        return isl.Map(f"{parameters}{{ {self._head} -> [c] : {condition} }}")

    def _anything(self, value: SSAValue, reason: str) -> Value:
        """Every value of the type; where it is computed outside all loops, one unknown but fixed value."""
        bounds = _type_bounds(value.type)
        if _is_fixed(value):
            name = f"p{_fixed_number(value)}"
            return Value(self._map(f"c = {name} and {bounds}", f"[{name}] -> "))
        return Value(self._map(bounds), reason)

    def _argument(self, value: SSAValue) -> Value | None:
        if not isinstance(value, BlockArgument):
            return None
        loop = value.owner.parent_op()
        if isinstance(loop, scf.ForOp) and loop in self.loops:
            depth = self.loops.index(loop)
            if value.index == 0:
                return Value(self._map(f"c = i{depth}"))
            if (induced := self._induction(loop, value)) is not None:
                return induced
        if isinstance(loop, scf.ForOp | scf.WhileOp):
            return self._anything(value, "a value carried from iteration to iteration")
        return self._anything(value, "an argument")

    def _induction(self, loop: scf.ForOp, value: BlockArgument) -> Value | None:
        """A loop value that grows by a constant each iteration: start + growth * iteration number."""
        terminator = loop.body.block.last_op
        step = constant(loop.step)
        assert terminator is not None
        following = terminator.operands[value.index - 1].owner
        if not isinstance(following, arith.AddiOp) or following.lhs is not value or step is None:
            return None
        if (growth := constant(following.rhs)) is None or "nsw" not in _flags(following):
            return None
        start, lower = self.of(loop.iter_args[value.index - 1]), self.of(loop.lb)
        iteration = self.of(loop.body.block.args[0]).relation.sum(lower.relation.neg())
        grown = iteration.apply_range(_unary(f"exists t : a = {step} t and c = {growth} t"))
        return Value(start.relation.sum(grown), start.reason or lower.reason)

    def _result(self, value: SSAValue) -> Value:
        op = value.owner
        assert isinstance(op, Operation)
        if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr):
            return Value(self._map(f"c = {_signed(op.value.value.data, value.type)}"))
        if isinstance(op, scf.IfOp) and isinstance(value, OpResult):
            return self._branches(op, value.index)
        if isinstance(op, arith.SelectOp):
            return self._either(op.cond, op.lhs, op.rhs)
        found = self._cast(op) or self._comparison(op) or self._arithmetic(op)
        if found is None:
            return self._anything(value, _reason(op))
        return self._wrapped(op, found)

    def _wrapped(self, op: Operation, value: Value) -> Value:
        if not isinstance(op, _WRAPPING) or isinstance(op.results[0].type, IndexType) or "nsw" in _flags(op):
            return value
        return self._fit(value, op.results[0].type)

    def _fit(self, value: Value, kind: Attribute) -> Value:
        """Two's complement wrap-around into a type, if the value can leave it."""
        bounds = isl.Set(f"{{ [c] : {_type_bounds(kind)} }}")
        if value.relation.intersect_domain(self.domain).range().is_subset(bounds):
            return value
        wrap = _unary(f"(a - c) mod {1 << bit_width(kind)} = 0 and {_type_bounds(kind)}")
        return Value(value.relation.apply_range(wrap), value.reason)

    def _branches(self, op: scf.IfOp, index: int) -> Value:
        yields = [region.block.last_op for region in (op.true_region, op.false_region)]
        assert yields[0] is not None and yields[1] is not None
        return self._either(op.cond, yields[0].operands[index], yields[1].operands[index])

    def _either(self, condition: SSAValue, then: SSAValue, otherwise: SSAValue) -> Value:
        first, second = self.of(then), self.of(otherwise)
        taken = first.relation.intersect_domain(self.where(condition, True))
        other = second.relation.intersect_domain(self.where(condition, False))
        reason = self.of(condition).reason or first.reason or second.reason
        return Value(taken.union(other), reason)

    def _cast(self, op: Operation) -> Value | None:
        if isinstance(op, arith.IndexCastOp | arith.ExtSIOp):
            source = self.of(op.operands[0])
            return self._apply(source, "c = -a") if _is_bool(op) and isinstance(op, arith.ExtSIOp) else source
        if isinstance(op, arith.ExtUIOp):
            return self._unsigned(op.operands[0])
        if isinstance(op, arith.TruncIOp):
            return self._fit(self.of(op.operands[0]), op.results[0].type)
        return None

    def _unsigned(self, value: SSAValue) -> Value:
        if isinstance(value.type, IndexType) or bit_width(value.type) == 1:
            return self.of(value)
        span = 1 << bit_width(value.type)
        return self._apply(self.of(value), f"(a >= 0 and c = a) or (a < 0 and c = a + {span})")

    def _comparison(self, op: Operation) -> Value | None:
        if not isinstance(op, arith.CmpiOp):
            return None
        code = op.predicate.value.data
        left, right = (self._unsigned(v) if code >= 6 else self.of(v) for v in (op.lhs, op.rhs))
        sign, opposite = _LESS[code], {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
        return self._pair(left, right, f"(c = 1 and a {sign} b) or (c = 0 and a {opposite[sign]} b)")

    def _arithmetic(self, op: Operation) -> Value | None:
        if len(op.operands) != 2 or not isinstance(op.operands[0].type, IntegerType | IndexType):
            return None
        operands = [self._unsigned(v) if isinstance(op, _UNSIGNED) else self.of(v) for v in op.operands]
        if (condition := _PAIR.get(type(op))) is not None:
            paired = self._pair(operands[0], operands[1], condition)
            return self._fit(paired, op.results[0].type) if isinstance(op, _UNSIGNED) else paired
        if _is_bool(op):
            return self._boolean(op, operands)
        if isinstance(op, arith.MuliOp | arith.AndIOp) and constant(op.lhs) is not None:
            operands.reverse()
            factor = constant(op.lhs)
        else:
            factor = constant(op.operands[1])
        condition = None if factor is None else _with_constant(op, factor)
        if condition is None:
            return None
        bounded = isinstance(op, arith.AndIOp) and factor is not None and factor & (factor + 1)
        return self._apply(operands[0], condition, "a bit mask that is no 2^n - 1" if bounded else "")

    def _boolean(self, op: Operation, operands: list[Value]) -> Value | None:
        tables = {
            arith.AndIOp: "c = a and b = 1 or c = 0 and b = 0",
            arith.OrIOp: "c = a and b = 0 or c = 1 and b = 1",
            arith.XOrIOp: "c = a and b = 0 or c = 1 - a and b = 1",
        }
        table = next((text for kind, text in tables.items() if isinstance(op, kind)), None)
        return None if table is None else self._pair(operands[0], operands[1], table)

    def _apply(self, value: Value, condition: str, reason: str = "") -> Value:
        return Value(value.relation.apply_range(_unary(condition)), value.reason or reason)

    def _pair(self, left: Value, right: Value, condition: str) -> Value:
        product = left.relation.flat_range_product(right.relation)
        return Value(product.apply_range(_binary(condition)), left.reason or right.reason)


def _bounded(value: Value) -> Value:
    """The value in few cases: each operation on conditions may double them."""
    relation = value.relation
    if relation.n_basic_map() > 1:
        relation = relation.coalesce()
    if relation.n_basic_map() <= _MOST_CASES:
        return Value(relation, value.reason)
    return Value(isl.Map.from_basic_map(relation.simple_hull()), value.reason or "too many cases")


def _with_constant(op: Operation, factor: int) -> str | None:
    """The relation of a binary operation whose second operand is a constant, if it is (quasi-)affine."""
    rules: dict[type[Operation], Callable[[], str | None]] = {
        arith.MuliOp: lambda: f"c = {factor} a",
        arith.DivSIOp: lambda: _truncated(factor),
        arith.RemSIOp: lambda: _remainder(factor),
        arith.DivUIOp: lambda: _truncated(factor),
        arith.RemUIOp: lambda: _remainder(factor),
        arith.ShLIOp: lambda: f"c = {1 << factor} a" if 0 <= factor < 64 else None,
        arith.ShRSIOp: lambda: _floor(1 << factor) if 0 <= factor < 64 else None,
        arith.ShRUIOp: lambda: _floor(1 << factor) if 0 <= factor < 64 else None,
        arith.AndIOp: lambda: _masked(factor),
    }
    rule = rules.get(type(op))
    return None if rule is None else rule()


def _floor(by: int) -> str:
    return f"{by} c <= a < {by} c + {by}"


def _truncated(by: int) -> str | None:
    if by <= 0:
        return None
    return f"(a >= 0 and {by} c <= a < {by} c + {by}) or (a < 0 and {by} c >= a > {by} c - {by})"


def _remainder(by: int) -> str | None:
    if by <= 0:
        return None
    return f"(a - c) mod {by} = 0 and ((a >= 0 and 0 <= c < {by}) or (a < 0 and -{by} < c <= 0))"


def _masked(mask: int) -> str | None:
    if mask < 0:
        return None
    if mask & (mask + 1) == 0:
        return f"(a - c) mod {mask + 1} = 0 and 0 <= c <= {mask}"
    return f"0 <= c <= {mask}"


def _type_bounds(kind: Attribute) -> str:
    if isinstance(kind, IndexType):
        return "true"
    width = bit_width(kind)
    return "0 <= c <= 1" if width == 1 else f"-{1 << (width - 1)} <= c < {1 << (width - 1)}"


def _signed(number: int, kind: Attribute) -> int:
    if isinstance(kind, IndexType):
        return number
    width = bit_width(kind)
    number &= (1 << width) - 1
    return number - (1 << width) if width > 1 and number >> (width - 1) else number


def _flags(op: Operation) -> str:
    return str(op.properties.get("overflowFlags", ""))


def _is_bool(op: Operation) -> bool:
    kind = op.operands[0].type
    return isinstance(kind, IntegerType) and kind.width.data == 1


def _is_fixed(value: SSAValue) -> bool:
    """Whether the value is computed once per run of the kernel."""
    owner: Operation | None = value.owner.parent_op() if isinstance(value.owner, Block) else value.owner
    while owner is not None and not isinstance(owner, func.FuncOp):
        if isinstance(owner, scf.ForOp | scf.WhileOp) and defined_in(value, owner):
            return False
        owner = owner.parent_op()
    return owner is not None


def _fixed_number(value: SSAValue) -> str:
    """A name for a fixed value that is the same wherever it is used."""
    if isinstance(value, BlockArgument):
        return f"a{value.index}"
    owner = value.owner
    assert isinstance(owner, Operation)
    path: list[int] = [value.index] if isinstance(value, OpResult) else []
    current: Operation | None = owner
    while current is not None and not isinstance(current, func.FuncOp):
        block = current.parent_block()
        assert block is not None
        path.append(block.get_operation_index(current))
        region = block.parent_region()
        parent = block.parent_op()
        if region is not None and parent is not None:
            path.append(parent.get_region_index(region))
        current = parent
    return "v" + "_".join(str(n) for n in reversed(path))


def _reason(op: Operation) -> str:
    if isinstance(op, memref.LoadOp):
        return "a value read from memory"
    if any(is_array(v) for v in op.operands):
        return f"the result of {op.name} on an array"
    return f"the result of {op.name}"
