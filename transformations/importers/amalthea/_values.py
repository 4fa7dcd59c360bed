"""Values of AMALTHEA: quantities with units, and how ticks and times may vary, as exact fractions.

Times are in ns, frequencies in Hz, sizes in bytes, rates in bytes/s.  ``kB`` is 1000 bytes and ``KiB`` 1024:
the metamodel has both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from aicompiler.transformations.importers._sayings import shown

from ._view import AmaltheaModel, Xml, child, children, kind, tag

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?")
_LARGEST = 2**62  # every number of a system is a 64-bit integer
_SIGMAS = 3

_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SIZES = {f"{p}bit": Fraction(n, 8) for p, n in (_DECIMAL | _BINARY).items()} | {
    f"{p}B": Fraction(n) for p, n in (_DECIMAL | _BINARY).items()
}
UNITS: dict[str, dict[str, Fraction]] = {
    "time": {"ps": Fraction(1, 1000)}
    | {u: Fraction(n) for u, n in (("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9))},
    "frequency": {f"{p}Hz": Fraction(n) for p, n in _DECIMAL.items() if p != "T"},
    "size": _SIZES,
    "rate": {f"{u}PerSecond": n for u, n in _SIZES.items()},
    "voltage": {"uV": Fraction(1, 10**6), "mV": Fraction(1, 1000), "V": Fraction(1)},
}


_T = TypeVar("_T")


class NotUnderstood(ValueError):
    """A value that cannot be read; the message says what was expected."""


@dataclass(frozen=True)
class Spread:
    """The least, the mean and the greatest of what may occur."""

    best: Fraction = Fraction(0)
    mean: Fraction = Fraction(0)
    worst: Fraction = Fraction(0)

    def __add__(self, other: Spread) -> Spread:
        """One after the other."""
        return Spread(self.best + other.best, self.mean + other.mean, self.worst + other.worst)

    def times(self, factor: Fraction) -> Spread:
        """Scaled by ``factor``."""
        return Spread(self.best * factor, self.mean * factor, self.worst * factor)


def number(text: str) -> Fraction:
    """A decimal number; raises ``NotUnderstood`` for anything else and for what no 64-bit integer holds."""
    if not _NUMBER.fullmatch(text.strip()):
        raise NotUnderstood(f"'{shown(text[:40])}' is no number")
    value = Fraction(text.strip())
    if abs(value) > _LARGEST:
        raise NotUnderstood(f"{shown(text[:40])} is out of range")
    return value


def quantity(element: Xml, dimension: str) -> Fraction:
    """An element with ``value`` and ``unit`` in base units; raises ``NotUnderstood``."""
    units = UNITS[dimension]
    unit = element.get("unit", "")
    if unit not in units:
        said = f"'{shown(unit)}' is no unit of {dimension}" if unit else f"the {dimension} has no unit"
        raise NotUnderstood(f"{said}; known are {', '.join(units)}")
    value = number(element.get("value", "0")) * units[unit]
    if value < 0:
        raise NotUnderstood(f"a {dimension} cannot be negative")
    if value > _LARGEST:
        raise NotUnderstood(f"{shown(element.get('value', ''))} {unit} is out of range")
    return value


def is_value(element: Xml) -> bool:
    """Whether an element is a value: a quantity with a unit, a spread of numbers, or a hardware feature."""
    if "unit" in element.attrib:
        return True
    if kind(element).startswith(("DiscreteValue", "ContinuousValue", "Instructions")):
        return True
    return tag(element) == "features" and "value" in element.attrib


def check(element: Xml) -> None:
    """Raise ``NotUnderstood`` if an element that ``is_value`` cannot be read."""
    if "unit" in element.attrib:
        fitting = next((d for d, units in UNITS.items() if element.get("unit") in units), None)
        if fitting is None:
            raise NotUnderstood(f"'{shown(element.get('unit', ''))}' is no unit")
        quantity(element, fitting)
    elif tag(element) == "features":
        number(element.get("value", "0"))
    else:
        spread(element)


def spread(element: Xml, dimension: str = "") -> Spread:
    """What a deviation says: constants, bounds, statistics, histograms and distributions.

    A constant has ``value``; others have bounds and, where they state one, a mean.  Where none is stated,
    that of a uniform or beta distribution follows from its bounds and that of mere boundaries is their
    greatest value.  A Gauss distribution without an upper bound is cut at three standard deviations.
    Raises ``NotUnderstood``.
    """
    inner = child(element, "deviation")
    if inner is not None:
        return spread(inner, dimension)
    of = _reader(dimension)
    constant = _part(element, "value", of)
    if constant is not None or kind(element).endswith("Constant"):
        return _ordered(*[constant or Fraction(0)] * 3)
    if entries := children(element, "entries"):
        return _histogram(entries, of)
    mean = _mean(element, of)
    low, high = (_part(element, name, of) for name in ("lowerBound", "upperBound"))
    deviation = _part(element, "sd", of)
    if high is None and mean is not None and deviation is not None:
        high = mean + _SIGMAS * deviation
        low = max(Fraction(0), mean - _SIGMAS * deviation) if low is None else low
    if high is None:
        raise NotUnderstood("it has no greatest value: give upperBound")
    low = low or Fraction(0)
    return _ordered(low, _implied(element, low, high) if mean is None else mean, high)


def unbounded(element: Xml) -> bool:
    """Whether a deviation has a mean but no greatest value."""
    return (
        "Gauss" in kind(element)
        and "upperBound" not in element.attrib
        and not children(element, "upperBound")
    )


def _reader(dimension: str) -> Callable[[Xml], Fraction]:
    if dimension:
        return lambda e: quantity(e, dimension)
    return lambda e: number(e.get("value", "0"))


def _part(element: Xml, name: str, of: Callable[[Xml], Fraction]) -> Fraction | None:
    if (text := element.get(name)) is not None:
        return number(text)
    inner = child(element, name)
    return None if inner is None else of(inner)


def _mean(element: Xml, of: Callable[[Xml], Fraction]) -> Fraction | None:
    for holder in (element, *children(element, "distribution")):
        for name in ("average", "mean"):
            if (found := _part(holder, name, of)) is not None:
                return found
    return None


def _implied(element: Xml, low: Fraction, high: Fraction) -> Fraction:
    of = kind(element)
    if "Uniform" in of:
        return (low + high) / 2
    if "Beta" in of:
        alpha, beta = (number(element.get(name, "1")) for name in ("alpha", "beta"))
        if alpha <= 0 or beta <= 0:
            raise NotUnderstood("alpha and beta of a beta distribution are positive")
        return low + (high - low) * alpha / (alpha + beta)
    return high


def _histogram(entries: list[Xml], of: Callable[[Xml], Fraction]) -> Spread:
    bounds = [[_part(e, n, of) or Fraction(0) for n in ("lowerBound", "upperBound")] for e in entries]
    weights = [number(e.get("occurrences", "1")) for e in entries]
    if sum(weights) <= 0 or any(w < 0 for w in weights):
        raise NotUnderstood("occurrences of a histogram are positive")
    mean = sum(((low + high) / 2 * w for (low, high), w in zip(bounds, weights, strict=True)), Fraction(0))
    return _ordered(min(b[0] for b in bounds), mean / sum(weights), max(b[1] for b in bounds))


def _ordered(best: Fraction, mean: Fraction, worst: Fraction) -> Spread:
    if not 0 <= best <= mean <= worst:
        shown_values = f"{float(best):g}, {float(mean):g}, {float(worst):g}"
        raise NotUnderstood(f"least, mean and greatest value are not in this order: {shown_values}")
    return Spread(best, mean, worst)


class Values:
    """Reads values of a model: what is read counts as used, what cannot be read is said once."""

    def __init__(self, model: AmaltheaModel) -> None:
        self.model = model
        self.read: set[Xml] = set()

    def quantity(self, element: Xml | None, dimension: str) -> Fraction | None:
        """The quantity of an element; ``None`` where there is none or it cannot be read."""
        return self._try(element, lambda e: quantity(e, dimension))

    def number(self, element: Xml | None) -> Fraction | None:
        """The ``value`` of an element, without a unit."""
        return self._try(element, lambda e: number(e.get("value", "0")))

    def spread(self, element: Xml | None, dimension: str = "") -> Spread | None:
        """How a value may vary, without unit where ``dimension`` is ''."""
        found = self._try(element, lambda e: spread(e, dimension))
        if found is not None and unbounded(element):
            message = f"the distribution has no greatest value; mean + {_SIGMAS} standard deviations is taken"
            self.model.warn("worst-case-assumed", message, "give upperBound", element)
        return found

    def _try(self, element: Xml | None, of: Callable[[Xml], _T]) -> _T | None:
        if element is None:
            return None
        try:
            found = of(element)
        except NotUnderstood as error:
            message = f"{tag(element)}: {error}"
            self.model.error("value-not-understood", message, "correct the value", element)
            return None
        self.model.use_all(element)
        self.read.update(element.iter())
        return found
