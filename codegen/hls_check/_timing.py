"""The least initiation interval of a pipelined loop, from the emitted statements alone.

The body is executed symbolically once, inner loops unrolled.  Each value knows its linear form (for
subscripts) and the longest delay from each *source*: a variable carried into the iteration, or a load.

- Recurrences: an edge source -> carried variable has distance 1; a store that a source reaches gives an edge
  to each load that may read it d iterations later.  Any cycle needs II · Σ distance >= Σ delay.
- Ports: distinct accesses of one iteration to one bank, over its ports.  Block RAM has two ports, m_axi one
  for reading and one for writing, registers have no limit.  Branches that exclude each other share ports.

Delays are cycles at 200 to 300 MHz, of the same orders as the vendors' libraries; what chains is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, product

from ._syntax import Assignment, Condition, Declaration, Expression, Loop, Pragma, Statement

LOAD, STORE, OUTSIDE, REGISTER_STORE = 2, 1, 40, 1
PORTS = 2
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

Form = dict[str, int]  # symbol -> coefficient; '' is the constant
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
    form: tuple[tuple[str, int], ...] | None
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
    subscripts: tuple[tuple[tuple[str, int], ...] | None, ...]
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
                form = _scaled(part.form, -1) if expression.operator == "neg" else None
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


def _linear(
    operator: str, left: tuple[tuple[str, int], ...] | None, right: tuple[tuple[str, int], ...] | None
) -> tuple[tuple[str, int], ...] | None:
    if left is None or right is None:
        return None
    if operator in ("+", "-"):
        return _sum(left, right if operator == "+" else _scaled(right, -1))
    if operator == "*":
        for factor, other in ((left, right), (right, left)):
            if set(dict(factor)) <= {""}:
                return _scaled(other, dict(factor).get("", 0))
    return None


def _sum(
    left: tuple[tuple[str, int], ...], right: tuple[tuple[str, int], ...] | None
) -> tuple[tuple[str, int], ...] | None:
    if right is None:
        return None
    total = dict(left)
    for symbol, coefficient in right:
        total[symbol] = total.get(symbol, 0) + coefficient
    return tuple(sorted((s, c) for s, c in total.items() if c))


def _scaled(form: tuple[tuple[str, int], ...] | None, factor: int) -> tuple[tuple[str, int], ...] | None:
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


# --- intervals ----------------------------------------------------------------------------------------------


def recurrence_interval(iteration: Iteration, trip: int, limit: int) -> int:
    """The least II, up to ``limit``, at which no cycle needs more time than II · distance."""
    edges = list(_edges(iteration, trip))
    interval = 1
    while interval < limit and _positive_cycle(edges, interval):
        interval += 1
    return interval


Edge = tuple[Source, Source, int, int]


def _edges(iteration: Iteration, trip: int) -> Iterator[Edge]:
    for name in sorted(iteration.carried):
        if name in iteration.variables:
            for source, delay in iteration.variables[name].delays.items():
                yield source, ("variable", name), delay, 1
    loads = [a for a in iteration.accesses if not a.is_store]
    stores = [a for a in iteration.accesses if a.is_store]
    for store, load in product(stores, loads):
        if store.memory == load.memory and (distance := carried_distance(iteration.loop, store, load, trip)):
            for source, delay in store.delays.items():
                yield source, ("load", load.number), delay + store_cycles(store.memory), distance


def _positive_cycle(edges: list[Edge], interval: int) -> bool:
    nodes = {n for a, b, _, _ in edges for n in (a, b)}
    time = dict.fromkeys(nodes, 0)
    for _ in range(len(nodes) + 1):
        changed = False
        for start, end, delay, distance in edges:
            later = time[start] + delay - interval * distance
            if later > time[end]:
                time[end], changed = later, True
        if not changed:
            return False
    return True


def carried_distance(loop: Loop, store: Access, load: Access, trip: int) -> int | None:
    """After how many iterations ``load`` may first read what ``store`` wrote; ``None``: never."""
    step, counter = loop.step, loop.counter
    needed: int | None = None
    for left, right in zip(store.subscripts, load.subscripts, strict=True):
        if left is None or right is None:
            return 1
        difference = dict(_sum(left, _scaled(right, -1)) or ())
        offset = difference.pop("", 0)
        slope = dict(left).get(counter, 0)
        if difference or any("#" in s or "@" in s for s, _ in (*left, *right)):
            return 1  # values that differ from iteration to iteration: nothing is known
        if slope == 0:
            if offset:
                return None
            continue
        distance, rest = divmod(offset, slope * step)
        if rest or distance < 1 or needed not in (None, distance):
            return None
        needed = distance
    return None if needed is not None and needed >= trip else needed or 1


def port_intervals(iteration: Iteration) -> dict[str, int]:
    """Per array, the least II that its ports allow."""
    result: dict[str, int] = {}
    by_name: dict[str, list[Access]] = {}
    for access in iteration.accesses:
        if access.memory.dims or access.memory.outside:
            by_name.setdefault(access.memory.name, []).append(access)
    for name, accesses in by_name.items():
        memory = accesses[0].memory
        if memory.registers:
            continue
        if memory.outside:
            kinds = [[a for a in accesses if a.is_store is kind] for kind in (False, True)]
            result[name] = max(1, *(_busiest(k, memory) for k in kinds))
        else:
            result[name] = max(1, -(-_busiest(accesses, memory) // PORTS))
    return result


def _busiest(accesses: list[Access], memory: Memory) -> int:
    """Accesses that certainly meet in one bank: distinct places, and of excluding branches the larger."""
    banks = 1
    for dimension, factor in (*memory.cyclic, *((d, memory.dims[d]) for d in sorted(memory.complete))):
        del dimension
        banks *= factor
    shares = -(-_distinct(accesses) // banks)
    groups: dict[object, list[Access]] = {}
    split = {**dict(memory.cyclic), **{d: memory.dims[d] for d in memory.complete}}
    for access in accesses:
        if None not in access.subscripts:
            groups.setdefault(_bank(access, split), []).append(access)
    return max([shares, *(_distinct(group) for group in groups.values())])


def _bank(access: Access, split: dict[int, int]) -> tuple[object, ...]:
    key: list[object] = []
    for dimension, factor in sorted(split.items()):
        form = dict(access.subscripts[dimension] or ())
        offset = form.pop("", 0)
        key += [tuple(sorted(form.items())), offset % factor]
    return tuple(key)


def _distinct(accesses: list[Access]) -> int:
    """Different places, counting of branches that exclude each other the one with more."""
    arms = {a.arms for a in accesses}
    fewest = 0
    for chosen in _choices(arms):
        seen = {
            (a.is_store, a.version, a.subscripts if None not in a.subscripts else a.number)
            for a in accesses
            if all(chosen.get(n, arm) == arm for n, arm in a.arms)
        }
        fewest = max(fewest, len(seen))
    return fewest


def _choices(arms: set[tuple[tuple[int, int], ...]]) -> Iterator[dict[int, int]]:
    numbers = sorted({n for path in arms for n, _ in path})
    if len(numbers) > 8:  # too many to try: all taken as the first arm is still one possible run
        numbers = numbers[:8]
    for taken in product((0, 1), repeat=len(numbers)):
        yield dict(zip(numbers, taken, strict=True))
