"""Arrival patterns of MARTE as they are written: which one, and its parts under their standard names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._quantities import corrected
from ._vsl import Call, Expression, Name, Tuple, VslError

PATTERNS: Mapping[str, tuple[str, ...]] = {
    "periodic": ("period", "jitter", "phase", "occurrences"),
    "sporadic": ("minInterarrival", "maxInterarrival", "jitter"),
    "aperiodic": ("distribution",),
    "burst": ("minInterarrival", "maxInterarrival", "minEventInterval", "maxEventInterval", "burstSize"),
    "irregular": ("phase", "interarrivals"),
    "open": ("interArrivalTime", "arrivalRate", "arrivalProcess"),
    "closed": ("population", "extDelay"),
}
"""Each pattern of the MARTE library with its parts in the order of the standard."""

_ALSO = {
    "bursty": "burst",
    "interArrT": "interArrivalTime",
    "interArrTime": "interArrivalTime",
    "minInterarrivalTime": "minInterarrival",
    "maxInterarrivalTime": "maxInterarrival",
    "arrRate": "arrivalRate",
    "offset": "phase",
    "pop": "population",
}


@dataclass(frozen=True)
class Pattern:
    """An arrival pattern; ``parts`` has the names of ``PATTERNS``, '' for one whose meaning is not said.

    ``corrections`` say which spellings were read as others.
    """

    name: str
    parts: Mapping[str, Expression]
    corrections: tuple[str, ...] = ()


def pattern_of(expression: Expression) -> Pattern:
    """The arrival pattern that a VSL tree is; raises ``VslError`` for what is none."""
    if isinstance(expression, Name):
        expression = Call(expression.text, Tuple(()))
    if not isinstance(expression, Call):
        raise VslError(f"expected an arrival pattern: {', '.join(PATTERNS)}")
    notes: list[str] = []
    name = _standard(expression.name, tuple(PATTERNS), notes)
    if not name:
        raise VslError(f"{expression.name!r} is no arrival pattern; known are {', '.join(PATTERNS)}")
    parts: dict[str, Expression] = {}
    for position, item in enumerate(expression.arguments.items):
        key = _standard(item.key, PATTERNS[name], notes) if item.key else _positional(name, position)
        if item.key and not key:
            raise VslError(f"{name} has no part {item.key!r}; known are {', '.join(PATTERNS[name])}")
        parts.setdefault(key, item.value)
    return Pattern(name, parts, tuple(notes))


def _standard(written: str, known: tuple[str, ...], notes: list[str]) -> str:
    meant = _ALSO.get(written, "")
    if meant in known:
        return meant
    found = corrected(written, known)
    if found not in ("", written):
        notes.append(f"'{written}' is read as '{found}'")
    return found


def _positional(name: str, position: int) -> str:
    """``open(exp(5))`` does not say whether it means a rate or a time between arrivals."""
    known = PATTERNS[name]
    return known[position] if name != "open" and position < len(known) else ""
