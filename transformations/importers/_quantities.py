"""Quantities: a VSL value and the dimension it should have, to exact base units and then to integers.

Base units: ns, uW, Hz, bytes, bytes/s, fJ.  Symbols are those of the MARTE library and those users write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from ._vsl import Collection, Expression, Name, Number, Text, Tuple, Variable, VslError, parse


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: the size of its units in base units, and the unit of a bare number."""

    name: str
    units: Mapping[str, Fraction]
    bare: str


def _dimension(name: str, bare: str, units: Mapping[str, Any]) -> Dimension:
    return Dimension(name, {symbol: Fraction(size) for symbol, size in units.items()}, bare)


_BIT = Fraction(1, 8)
TIME = _dimension(
    "time",
    "ms",
    {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "sec": 10**9}
    | {"min": 60 * 10**9, "hrs": 3600 * 10**9, "h": 3600 * 10**9, "day": 86400 * 10**9},
)
POWER = _dimension("power", "mW", {"uW": 1, "µW": 1, "mW": 10**3, "W": 10**6, "KW": 10**9, "kW": 10**9})
FREQUENCY = _dimension(
    "frequency",
    "Hz",
    {"Hz": 1, "kHz": 10**3, "KHz": 10**3, "MHz": 10**6, "GHz": 10**9, "rpm": Fraction(1, 60)},
)
SIZE = _dimension(
    "size",
    "byte",
    {"bit": _BIT, "Kb": 1000 * _BIT, "Mb": 10**6 * _BIT, "Gb": 10**9 * _BIT, "byte": 1, "Byte": 1, "B": 1}
    | {"KB": 2**10, "kB": 2**10, "KiB": 2**10, "MB": 2**20, "MiB": 2**20, "GB": 2**30, "GiB": 2**30},
)
RATE = _dimension(
    "transfer rate",
    "B/s",
    {"b/s": _BIT, "Kb/s": 10**3 * _BIT, "kb/s": 10**3 * _BIT, "Mb/s": 10**6 * _BIT, "Gb/s": 10**9 * _BIT}
    | {"b_per_s": _BIT, "Kb_per_s": 10**3 * _BIT, "Mb_per_s": 10**6 * _BIT, "Gb_per_s": 10**9 * _BIT}
    | {
        "B/s": 1,
        "KB/s": 10**3,
        "kB/s": 10**3,
        "MB/s": 10**6,
        "GB/s": 10**9,
        "MB_per_s": 10**6,
        "GB_per_s": 10**9,
    },
)
ENERGY = _dimension(
    "energy",
    "mJ",
    {"fJ": 1, "pJ": 10**3, "nJ": 10**6, "uJ": 10**9, "µJ": 10**9, "mJ": 10**12, "J": 10**15, "KJ": 10**18}
    | {"mWh": 3600 * 10**12, "Wh": 3600 * 10**15, "KWh": 3600 * 10**18},
)
COUNT = _dimension("number", "", {"": 1})


@dataclass(frozen=True)
class Measure:
    """What a VSL value says in base units; ``assumed`` if its unit was left out."""

    best: Fraction | None = None
    value: Fraction | None = None
    worst: Fraction | None = None
    assumed: bool = False

    @property
    def typical(self) -> Fraction | None:
        """The value, else the worst, else the best one given."""
        return next((x for x in (self.value, self.worst, self.best) if x is not None), None)

    @property
    def upper(self) -> Fraction | None:
        """The worst, else the greatest one given."""
        given = [x for x in (self.best, self.value, self.worst) if x is not None]
        return self.worst if self.worst is not None else max(given, default=None)


_KEYS = {"best": "best", "min": "best", "value": "value", "mean": "value", "worst": "worst", "wort": "worst"}


def measure(text: str, dimension: Dimension) -> Measure:
    """Read a VSL text as a quantity of ``dimension``; raises ``VslError``."""
    return measure_of(parse(text), dimension)


def measure_of(expression: Expression, dimension: Dimension) -> Measure:
    """The quantity a VSL tree stands for; raises ``VslError`` for other dimensions, variables and choices."""
    if isinstance(expression, Collection) and len(expression.values) == 1:
        return measure_of(expression.values[0], dimension)
    if isinstance(expression, Number):
        return _scaled({"value": expression.value}, None, dimension)
    if isinstance(expression, Tuple):
        return _scaled(_numbers(expression), _unit_name(expression), dimension)
    if isinstance(expression, Variable):
        raise VslError(f"the variable ${expression.name} has no value in the model")
    raise VslError(f"expected a {dimension.name}")


def _numbers(given: Tuple) -> dict[str, Fraction]:
    """The numbers of a tuple under best, value and worst; the first positional one is the value."""
    found: dict[str, Fraction] = {}
    for item in given.items:
        if isinstance(item.value, Number) and (key := _KEYS.get(item.key or "value")):
            found.setdefault(key, item.value.value)
        elif isinstance(item.value, Tuple) and item.key == "value":
            found |= _numbers(item.value)
    if not found and isinstance(variable := given.get("expr", "value", ""), Variable):
        raise VslError(f"the variable ${variable.name} has no value in the model")
    if not found:
        raise VslError("it gives no number")
    return found


def _unit_name(given: Tuple) -> str | None:
    explicit = given.get("unit")
    positional = next((i.value for i in given.items if not i.key and isinstance(i.value, Name)), None)
    unit = explicit if isinstance(explicit, (Name, Text)) else positional
    return unit.text.rpartition("::")[2] if isinstance(unit, (Name, Text)) else None


def _scaled(numbers: Mapping[str, Fraction], unit: str | None, dimension: Dimension) -> Measure:
    if (size := dimension.units.get(dimension.bare if unit is None else unit)) is None:
        known = ", ".join(dimension.units)
        raise VslError(f"{unit!r} is no unit of {dimension.name}; known are {known}")
    if any(number < 0 for number in numbers.values()):
        raise VslError(f"a {dimension.name} cannot be negative")
    scaled = {key: number * size for key, number in numbers.items()}
    return Measure(**scaled, assumed=unit is None and bool(dimension.bare))


def up(value: Fraction) -> int:
    """Times and energies round up."""
    return ceil(value)


def down(value: Fraction) -> int:
    """Deadlines, capacities and budgets round down."""
    return floor(value)
