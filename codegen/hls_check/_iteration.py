"""The body of a pipelined loop, executed symbolically once with inner loops unrolled.

Each value knows its linear form (for subscripts) and the longest delay from each *source*: a variable carried
into the iteration, or a load.  Delays are cycles at 200 to 300 MHz, of the same orders as the vendors'
libraries; what chains is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from ._tree import Assignment, Condition, Declaration, Expression, Loop, Pragma, Statement

LOAD, STORE, OUTSIDE, REGISTER_STORE = 2, 1, 40, 1
MOST_COPIES = 4096
_INTEGER = {"+": 1, "-": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1}
_FLOAT = {"+": (4, 5), "-": (4, 5), "*": (3, 6), "/": (16, 30)}
_CALLS = {
    "sqrt": (16, 30),
    "fabs": (0, 0),
    "copysign": (0, 0),
    "fmin": (1, 1),
    "fmax": (1, 1),
    "fma": (7, 11),
}
_ROUNDING = ("floor", "ceil", "trunc", "round", "rint")
_LIBRARY = "sin cos tan asin acos atan atan2 exp exp2 expm1 log log2 log10 log1p pow cbrt sinh cosh tanh erf"

Form = tuple[tuple[str, int], ...]  # (symbol, coefficient), sorted; '' stands for the constant
Source = tuple[str, object]


class NotUnrollable(Exception):
    """A pipelined loop holds a loop without constant bounds."""

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop.label)
        self.loop = loop


@dataclass(frozen=True)
class Value:
    """A symbolic value: its type, linear form if it has one, and the longest delay from each source."""

    type: str
    form: Form | None
    delays: dict[Source, int]


@dataclass(frozen=True)
class Memory:
    """An array or a scalar behind a pointer: where it lives and how it is split."""

    name: str
    type: str
    dims: tuple[int, ...]
    outside: bool = False
    complete: frozenset[int] = frozenset()  # dimensions, from 0
    cyclic: tuple[tuple[int, int], ...] = ()  # (dimension, banks)
    written: bool = True

    @property
    def registers(self) -> bool:
        """Whether every element is a register of its own."""
        return not self.outside and len(self.complete) == len(self.dims)


@dataclass
class Access:
    """One load or store in the iteration; ``arms`` are the branches it stands in."""

    memory: Memory
    subscripts: tuple[Form | None, ...]
    is_store: bool
    delays: dict[Source, int]
    number: int
    arms: tuple[tuple[int, int], ...]
    version: int = 0


@dataclass
class Iteration:
    """Executes the body of a pipelined loop symbolically."""

    loop: Loop
    memories: dict[str, Memory]
    types: dict[str, str]
    carried: set[str]
    variables: dict[str, Value] = field(default_factory=dict)
    accesses: list[Access] = field(default_factory=list)
    arms: tuple[tuple[int, int], ...] = ()
    control: dict[Source, int] = field(default_factory=dict)  # until the conditions around are known
    _numbers: Iterator[int] = field(default_factory=count)

    def run(self, statements: Iterable[Statement]) -> None:
        """Execute statements in order."""
        for statement in statements:
            match statement:
                case Declaration(dims=()):
                    self.types[statement.name] = statement.type
                    if statement.start is not None:
                        self._set(statement.name, self.value(statement.start))
                case Declaration():
                    self.memories[statement.name] = Memory(statement.name, statement.type, statement.dims)
                case Assignment(target=None):
                    self.value(statement.value)
                case Assignment():
                    self._assign(statement)
                case Condition():
                    self._condition(statement)
                case Loop():
                    self._unroll(statement)
                case Pragma():
                    pass

    def _assign(self, statement: Assignment) -> None:
        target, value = statement.target, self.value(statement.value)
        assert target is not None
        if target.operator == "name":
            self._set(target.text, value)
            return
        memory, subscripts = self._place(target)
        parts = [self.value(s, address=True) for s in subscripts]
        delays = _latest(value.delays, *(p.delays for p in parts), self.control)
        self._access(memory, parts, True, delays)

    def _set(self, name: str, value: Value) -> None:
        form = value.form if value.form is not None else ((f"{name}#{next(self._numbers)}", 1),)
        self.variables[name] = Value(self.types.get(name, value.type), form, value.delays)

    def _condition(self, statement: Condition) -> None:
        test = self.value(statement.test)
        before, arms, number = dict(self.variables), self.arms, next(self._numbers)
        control, self.control = self.control, _latest(self.control, test.delays)
        results = []
        for arm, body in enumerate((statement.then, statement.other)):
            self.variables, self.arms = dict(before), (*arms, (number, arm))
            self.run(body)
            results.append(self.variables)
        self.arms, self.control = arms, control
        self.variables = before
        for name in sorted({n for r in results for n, v in r.items() if before.get(n) is not v}):
            parts = [r.get(name) or self._name(name) for r in results]
            same = parts[0].form if parts[0].form == parts[1].form else None
            merged = Value(parts[0].type, same, _latest(test.delays, *(p.delays for p in parts)))
            self._set(name, merged)

    def _unroll(self, loop: Loop) -> None:
        values = constant_range(loop)
        if values is None or len(values) > MOST_COPIES:
            raise NotUnrollable(loop)
        for number in values:
            self.variables[loop.counter] = Value("i32", (("", number),), {})
            self.run(loop.body)

    # --- values -----------------------------------------------------------------------------------------

    def value(self, expression: Expression, address: bool = False) -> Value:  # noqa: PLR0911 - one an operator
        """Evaluate; additions and multiplications that make an ``address`` are free."""
        match expression.operator:
            case "number":
                return _number(expression.text)
            case "name":
                return self._name(expression.text)
            case "index" | "deref":
                return self._load(expression)
            case "cast":
                return _cast(self.value(expression.parts[0], address), expression.text)
            case "?":
                test, yes, no = (self.value(p) for p in expression.parts)
                return Value(_wider(yes.type, no.type), None, _latest(test.delays, yes.delays, no.delays))
            case "call":
                parts = [self.value(p) for p in expression.parts if p.operator != "address"]
                return _call(expression.text, parts)
            case "neg" | "!" | "~":
                part = self.value(expression.parts[0])
                form = scaled(part.form, -1) if expression.operator == "neg" else None
                return Value(part.type, form, part.delays)
            case _:
                left, right = (self.value(p, address) for p in expression.parts)
                return _binary(expression.operator, left, right, address)

    def _name(self, name: str) -> Value:
        if name in self.variables:
            return self.variables[name]
        type_ = self.types.get(name, "i32")
        if name in self.carried:
            return Value(type_, ((f"{name}@", 1),), {("variable", name): 0})
        return Value(type_, ((name, 1),), {})

    def _place(self, expression: Expression) -> tuple[Memory, tuple[Expression, ...]]:
        if expression.operator == "deref":
            return self.memories[expression.parts[0].text], ()
        return self.memories[expression.text], expression.parts

    def _load(self, expression: Expression) -> Value:
        memory, subscripts = self._place(expression)
        parts = [self.value(s, address=True) for s in subscripts]
        start = _latest(*(p.delays for p in parts))
        access = self._access(memory, parts, False, start)
        forwarded = self._forwarded(access)
        cycles = 0 if memory.registers else OUTSIDE if memory.outside else LOAD
        delays = {s: d + cycles for s, d in _latest(start, forwarded).items()}
        if memory.written:
            delays["load", access.number] = cycles
        return Value(memory.type, None, delays)

    def _forwarded(self, access: Access) -> dict[Source, int]:
        """A store of the same iteration to the same place has to end first."""
        for other in reversed(self.accesses[:-1]):
            excluded = any((n, 1 - arm) in access.arms for n, arm in other.arms)
            if other.is_store and other.memory == access.memory and not excluded:
                same = other.subscripts == access.subscripts and None not in access.subscripts
                wait = store_cycles(other.memory)
                return {s: d + wait for s, d in other.delays.items()} if same else {}
        return {}

    def _access(
        self, memory: Memory, parts: list[Value], is_store: bool, delays: dict[Source, int]
    ) -> Access:
        version = sum(a.is_store and a.memory == memory for a in self.accesses)
        forms = tuple(p.form for p in parts)
        access = Access(memory, forms, is_store, delays, len(self.accesses), self.arms, version)
        self.accesses.append(access)
        return access


def store_cycles(memory: Memory) -> int:
    """Cycles until a later load sees a store."""
    return OUTSIDE if memory.outside else REGISTER_STORE if memory.registers else STORE


# --- values -------------------------------------------------------------------------------------------------


def constant_range(loop: Loop) -> range | None:
    """The values of a loop's counter, if its bounds are literals."""
    if loop.low is None or loop.high is None:
        return None
    low, high = _number_of(loop.low), _number_of(loop.high)
    return None if low is None or high is None else range(low, high, loop.step)


def _number_of(expression: Expression) -> int | None:
    if expression.operator == "neg":
        inner = _number_of(expression.parts[0])
        return None if inner is None else -inner
    digits = expression.text.rstrip("uUlL")
    return int(digits) if expression.operator == "number" and digits.isdigit() else None


def _number(text: str) -> Value:
    if any(c in text for c in ".eE") and not text.lower().startswith("0x"):
        return Value("f32" if text.endswith("f") else "f64", None, {})
    digits = text.rstrip("uUlL")
    number = int(digits, 0)
    return Value(
        "i64" if number > 0xFFFFFFFF else "u32" if text.endswith("U") else "i32", (("", number),), {}
    )


def _latest(*parts: dict[Source, int]) -> dict[Source, int]:
    result: dict[Source, int] = {}
    for part in parts:
        for source, delay in part.items():
            result[source] = max(delay, result.get(source, 0))
    return result


def _after(cycles: int, *values: Value) -> dict[Source, int]:
    return {s: d + cycles for s, d in _latest(*(v.delays for v in values)).items()}


def _wider(left: str, right: str) -> str:
    for type_ in ("f64", "f32"):
        if type_ in (left, right):
            return type_
    bits = max(int(left[1:]), int(right[1:]), 32)
    unsigned = any(t[0] == "u" and int(t[1:]) == bits for t in (left, right))
    return f"{'u' if unsigned else 'i'}{bits}"


def _binary(operator: str, left: Value, right: Value, address: bool) -> Value:
    type_ = _wider(left.type, right.type)
    form = None if type_[0] == "f" else _linear(operator, left.form, right.form)
    if type_[0] == "f":
        cycles = _FLOAT.get(operator, (1, 1))[type_ == "f64"]
    elif operator in ("+", "-", "*") and address and form is not None:
        cycles = 0
    elif operator == "*":
        cycles = 5 if type_[1:] == "64" else 3
    elif operator in ("/", "%"):
        cycles = int(type_[1:]) + 4
    else:
        cycles = _INTEGER.get(operator, 0)
    wraps = type_[0] == "u" and operator in ("+", "-", "*")
    logical = operator in ("&&", "||", "==", "!=", "<", "<=", ">", ">=")
    return Value("u1" if logical else type_, None if wraps else form, _after(cycles, left, right))


def _linear(operator: str, left: Form | None, right: Form | None) -> Form | None:
    if left is None or right is None:
        return None
    if operator in ("+", "-"):
        return linear_sum(left, right if operator == "+" else scaled(right, -1))
    if operator == "*":
        for factor, other in ((left, right), (right, left)):
            if set(dict(factor)) <= {""}:
                return scaled(other, dict(factor).get("", 0))
    return None


def linear_sum(left: Form, right: Form | None) -> Form | None:
    """The sum of two linear forms."""
    if right is None:
        return None
    total = dict(left)
    for symbol, coefficient in right:
        total[symbol] = total.get(symbol, 0) + coefficient
    return tuple(sorted((s, c) for s, c in total.items() if c))


def scaled(form: Form | None, factor: int) -> Form | None:
    """A linear form times a number."""
    return None if form is None else tuple((s, c * factor) for s, c in form if c * factor)


def _cast(value: Value, type_: str) -> Value:
    kinds = value.type[0] == "f", type_[0] == "f"
    if kinds == (True, True):
        return Value(type_, None, _after(2 if value.type != type_ else 0, value))
    if kinds == (False, False):
        narrows = int(type_[1:]) < min(int(value.type[1:]), 32) or type_[0] == "u"
        return Value(type_, None if narrows else value.form, value.delays)
    return Value(type_, None, _after(5 if "f64" in (value.type, type_) else 4, value))


def _call(name: str, parts: list[Value]) -> Value:
    double = any(p.type == "f64" for p in parts)
    base = name if name in _CALLS or name in _ROUNDING else name.removesuffix("f")
    if base in _CALLS:
        cycles = _CALLS[base][double]
    elif base in _ROUNDING:
        cycles = 2
    else:
        cycles = (20, 40)[double] if base in _LIBRARY.split() else 0
    return Value("f64" if double else "f32", None, _after(cycles, *parts))
