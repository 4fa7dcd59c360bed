"""Quantities as a person reads them, exactly."""

from __future__ import annotations

from decimal import Decimal

_SCALES = {
    "ns": (("s", 9), ("ms", 6), ("us", 3)),
    "uW": (("W", 6), ("mW", 3)),
    "fJ": (("J", 15), ("mJ", 12), ("uJ", 9), ("nJ", 6), ("pJ", 3)),
}


def quantity(value: int, unit: str) -> str:
    """``value`` in the largest unit in which it is at least 1, without loss: 1500 ns is 1.5 us."""
    for name, digits in _SCALES.get(unit, ()):
        if abs(value) >= 10**digits:
            return f"{Decimal(value).scaleb(-digits).normalize():f} {name}"
    return f"{value} {unit}"


def ns(value: int) -> str:
    """A time."""
    return quantity(value, "ns")
