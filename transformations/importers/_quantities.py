"""Quantities: a VSL value and the dimension it should have, to exact base units and then to integers.

Base units: ns, uW, Hz, bytes, bytes/s, fJ.  Symbols are those of the MARTE library and those users write.
Arithmetic is exact; where its operands have bounds, so has its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from itertools import product
from math import ceil, floor

from ._dimensions import (
    AREA,
    COUNT,
    ENERGY,
    FREQUENCY,
    LENGTH,
    POWER,
    RATE,
    SHARE,
    SIZE,
    TIME,
    WEIGHT,
    Dimension,
)
from ._vsl import (
    MAX_DEPTH,
    Call,
    Collection,
    Expression,
    Interval,
    Name,
    NoValue,
    Number,
    Operation,
    Text,
    Tuple,
    Variable,
    VslError,
    parse,
)

__all__ = [
    "Measure",
    "measure",
    "measure_of",
    "corrected",
    "up",
    "down",
    "Dimension",
    "TIME",
    "POWER",
    "FREQUENCY",
    "SIZE",
    "RATE",
    "ENERGY",
    "AREA",
    "LENGTH",
    "WEIGHT",
    "SHARE",
    "COUNT",
]


@dataclass(frozen=True)
class Measure:
    """What a VSL value says in base units; ``assumed`` if its unit was left out.

    ``source`` (est, meas, calc, req) and ``statistic`` (statQ: mean, max, calc, ...) are the words of the
    value; ``distribution`` is the name of the one that it was given by.  ``corrections`` say which spellings
    were read as others.
    """

    best: Fraction | None = None
    value: Fraction | None = None
    worst: Fraction | None = None
    assumed: bool = False
    source: str = ""
    statistic: str = ""
    distribution: str = ""
    corrections: tuple[str, ...] = ()

    @property
    def typical(self) -> Fraction | None:
        """The value, else the worst, else the best one given."""
        return next((x for x in (self.value, self.worst, self.best) if x is not None), None)

    @property
    def upper(self) -> Fraction | None:
        """The worst, else the greatest one given."""
        given = [x for x in (self.best, self.value, self.worst) if x is not None]
        return self.worst if self.worst is not None else max(given, default=None)

    @property
    def calculated(self) -> bool:
        """Whether an analysis tool wrote it (statQ=calc): a result to compare with, never an input.

        ``source=calc`` is not that: a time may come from a calculation and still be meant as an input.
        """
        return self.statistic == "calc"


def measure(text: str, dimension: Dimension, variables: Mapping[str, Expression] | None = None) -> Measure:
    """Read a VSL text as a quantity of ``dimension``; ``variables`` give values to ``$names``.

    Raises ``VslError``; its ``NoValue`` where the text is understood and states no number.
    """
    return measure_of(parse(text), dimension, variables)


def measure_of(
    expression: Expression, dimension: Dimension, variables: Mapping[str, Expression] | None = None
) -> Measure:
    """The quantity a VSL tree stands for, as ``measure``; raises ``VslError`` for what is no quantity."""
    reading = _Reading(dimension, variables or {})
    amount = reading.amount(expression)
    size = Fraction(1) if amount.united else dimension.size(None)
    numbers = amount.scaled(size)
    if any(number < 0 for number in numbers.numbers().values()):
        raise VslError(f"a {dimension.name} cannot be negative")
    return Measure(
        numbers.best,
        numbers.value,
        numbers.worst,
        assumed=not amount.united and bool(dimension.bare),
        source=reading.words.get("source", ""),
        statistic=reading.words.get("statistic", ""),
        distribution=reading.words.get("distribution", ""),
        corrections=tuple(dict.fromkeys(reading.corrections)),
    )


def up(value: Fraction) -> int:
    """Times and energies round up."""
    return ceil(value)


def down(value: Fraction) -> int:
    """Deadlines, capacities and budgets round down."""
    return floor(value)


# --- spelling ---------------------------------------------------------------------------------------------


def corrected(key: str, known: Sequence[str]) -> str:
    """The one of ``known`` that ``key`` is or is meant to be, else ''."""
    if key in known:
        return key
    same = [k for k in known if k.lower() == key.lower()]
    return next(iter(same or get_close_matches(key, known, n=1, cutoff=0.75)), "")


_BOUNDS = {"best": "best", "min": "best", "value": "value", "expr": "value", "mean": "value"}
_BOUNDS |= {"worst": "worst", "max": "worst"}
_WORDS = {"source": "source", "statQ": "statistic"}
_OTHER = ("unit", "precision", "dir", "mode", "clock")
_KEYS = (*_BOUNDS, *_WORDS, *_OTHER)
_SOURCES = ("est", "meas", "calc", "req")


# --- evaluation -------------------------------------------------------------------------------------------

_MAX_BITS = 512


@dataclass(frozen=True)
class _Amount:
    """Numbers with bounds; ``united``: they are in base units of the dimension, else plain numbers."""

    best: Fraction | None = None
    value: Fraction | None = None
    worst: Fraction | None = None
    united: bool = False

    def numbers(self) -> dict[str, Fraction]:
        given = {"best": self.best, "value": self.value, "worst": self.worst}
        return {key: number for key, number in given.items() if number is not None}

    def low_to_high(self) -> tuple[Fraction, Fraction, Fraction]:
        numbers = self.numbers().values()
        low, high = min(numbers), max(numbers)
        return low, self.value if self.value is not None else high, high

    def scaled(self, size: Fraction) -> _Amount:
        return _Amount(**{key: number * size for key, number in self.numbers().items()}, united=True)


@dataclass
class _Reading:
    """The evaluation of one text: what it may refer to, and what was noticed on the way."""

    dimension: Dimension
    variables: Mapping[str, Expression]
    corrections: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _known: dict[str, _Amount] = field(default_factory=dict)

    def amount(self, expression: Expression) -> _Amount:
        match expression:
            case Number(value):
                found = _Amount(value=value)
            case Variable(name):
                found = self._variable(name)
            case Tuple():
                found = self._tuple(expression)
            case Operation():
                found = self._operation(expression)
            case Interval(lower, upper):
                found = _between(self.amount(lower), self.amount(upper))
            case Collection((single,)):
                found = self.amount(single)
            case Call(name, arguments) if name in _DISTRIBUTIONS:
                found = self._distribution(name, arguments)
            case Name(name) if name in self.variables:  # VSL refers to a variable by its mere name, too
                found = self._variable(name)
            case _:
                raise VslError(f"expected a {self.dimension.name}")
        return found

    def _variable(self, name: str) -> _Amount:
        if name in self._open:
            path = " -> ".join(f"${n}" for n in (*self._open[self._open.index(name) :], name))
            raise VslError(f"the variable ${name} is defined by itself: {path}")
        if name not in self.variables:
            raise NoValue(f"the variable ${name} has no value in the model", name)
        if len(self._open) >= MAX_DEPTH:
            raise VslError(f"the variable ${self._open[0]} leads through more than {MAX_DEPTH} others")
        if name not in self._known:
            self._open.append(name)
            self._known[name] = self.amount(self.variables[name])
            self._open.pop()
        return self._known[name]

    def _tuple(self, given: Tuple) -> _Amount:
        if given.bare:
            self.corrections.append(f"'{str(given)[1:-1]}' is read as '{given}'")
        parts: dict[str, Expression] = {}
        for item in given.items:
            key = self._key(item.key) if item.key else _role(item.value, "unit" in parts)
            parts.setdefault(key, item.value)
        unit = part.text if isinstance(part := parts.get("unit"), Name | Text) else ""
        if unit:
            self.dimension.size(unit)  # a wrong dimension is wrong whether or not the variables have values
        words = {_WORDS[key]: part.text for key in _WORDS if isinstance(part := parts.get(key), Name | Text)}
        self.words |= words
        amounts = self._bounds(parts)
        if (statistic := words.get("statistic")) in ("min", "max") and set(amounts) == {"value"}:
            amounts = {"best" if statistic == "min" else "worst": amounts["value"]}
        return self._united(amounts, unit)

    def _bounds(self, parts: Mapping[str, Expression]) -> dict[str, _Amount]:
        """The numbers of a tuple; of a value and an expression the value, which is what it came to."""
        amounts: dict[str, _Amount] = {}
        for key, bound in _BOUNDS.items():
            if key in parts and key != "expr":
                amounts.setdefault(bound, self.amount(parts[key]))
        if "expr" in parts and not amounts:
            amounts["value"] = self.amount(parts["expr"])
        if not amounts:
            raise NoValue("it gives no number")
        return amounts

    def _key(self, written: str) -> str:
        key = corrected(written, _KEYS)
        if key not in ("", written):
            self.corrections.append(f"'{written}' is read as '{key}'")
        return key

    def _united(self, parts: dict[str, _Amount], unit: str) -> _Amount:
        """The parts as one amount; a unit counts for those that have none of their own."""
        if unit:
            size = self.dimension.size(unit)
            parts = {key: part if part.united else part.scaled(size) for key, part in parts.items()}
        if len({part.united for part in parts.values()}) > 1:
            raise VslError("some of its numbers have a unit and others have none")
        if set(parts) == {"value"}:  # a variable or an interval may have bounds of its own
            return parts["value"]
        ends = {"best": 0, "value": 1, "worst": 2}
        numbers = {key: part.low_to_high()[ends[key]] for key, part in parts.items()}
        return _Amount(**numbers, united=next(iter(parts.values())).united)

    def _operation(self, operation: Operation) -> _Amount:
        operands = [self.amount(operand) for operand in operation.operands]
        if len(operands) == 1:
            return _combined("-", _Amount(value=Fraction(0), united=operands[0].united), operands[0])
        return _combined(operation.operator, *operands)

    def _distribution(self, name: str, arguments: Tuple) -> _Amount:
        self.words["distribution"] = name
        known = iter(_DISTRIBUTIONS[name])
        given: dict[str, Expression] = {}
        for item in arguments.items:
            unit = not item.key and _role(item.value, "unit" in given) == "unit"
            given.setdefault("unit" if unit else item.key or next(known, ""), item.value)
        if "min" in given and "max" in given:
            low, high = self.amount(given["min"]), self.amount(given["max"])
            middle = _combined("/", _combined("+", low, high), _Amount(value=Fraction(2)))
            parts = {"best": low, "value": middle, "worst": high}
        elif "mean" in given:
            parts = {"value": self.amount(given["mean"])}
        else:
            raise NoValue(f"the distribution {name} gives no mean")
        unit_name = given.get("unit")
        return self._united(parts, unit_name.text if isinstance(unit_name, Name | Text) else "")


_DISTRIBUTIONS = {
    "exp": ("mean",),
    "poisson": ("mean",),
    "normal": ("mean", "standDev"),
    "gamma": ("k", "mean"),
    "uniform": ("min", "max"),
}


def _role(value: Expression, has_unit: bool) -> str:
    """What a positional part of a tuple is: the first name is the unit, a number the value."""
    if isinstance(value, Name):
        return "source" if value.text in _SOURCES else "" if has_unit else "unit"
    return "" if isinstance(value, Text) else "value"


def _between(lower: _Amount, upper: _Amount) -> _Amount:
    """An interval: its ends are the bounds."""
    lower, upper = _alike(lower, upper, "bounded by")
    return _Amount(lower.low_to_high()[0], None, upper.low_to_high()[2], lower.united)


def _alike(left: _Amount, right: _Amount, verb: str) -> tuple[_Amount, _Amount]:
    if left.united != right.united:
        raise VslError(f"a number with a unit is {verb} one without")
    return left, right


def _combined(operator: str, left: _Amount, right: _Amount) -> _Amount:
    """The exact result of an operation, with bounds where an operand has some."""
    united = left.united or right.united
    if operator in "+-":
        _alike(left, right, "added to" if operator == "+" else "subtracted from")
    elif operator == "*" and left.united and right.united:
        raise VslError("two numbers with units are multiplied")
    elif operator == "/":
        if right.united and not left.united:
            raise VslError("a number is divided by one with a unit")
        united = left.united and not right.united
    (a, typical, b), (c, other, d) = left.low_to_high(), right.low_to_high()
    corners = [_applied(operator, x, y) for x, y in product({a, b}, {c, d})]
    value = _applied(operator, typical, other)
    if min(corners) == max(corners):
        return _Amount(value=value, united=united)
    return _Amount(min(corners), value, max(corners), united)


def _applied(operator: str, left: Fraction, right: Fraction) -> Fraction:
    if operator == "/" and right == 0:
        raise VslError("it divides by zero")
    result = {"+": left.__add__, "-": left.__sub__, "*": left.__mul__, "/": left.__truediv__}[operator](right)
    assert isinstance(result, Fraction)
    if max(result.numerator.bit_length(), result.denominator.bit_length()) > _MAX_BITS:
        raise VslError("its numbers grow out of range")
    return result
