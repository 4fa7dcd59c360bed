"""Numbers as a person reads them: exact, in the largest unit that is not above the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_TIME = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))
_ENERGY = ((10**15, "J"), (10**12, "mJ"), (10**9, "µJ"), (10**6, "nJ"), (10**3, "pJ"), (1, "fJ"))
_POWER = ((1_000_000, "W"), (1_000, "mW"), (1, "µW"))
_SIZE = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))


def duration(ns: int) -> str:
    """A time in nanoseconds, such as ``4.2 ms``."""
    return _decimal(ns, _TIME)


def energy(fj: int) -> str:
    """An energy in femtojoules, such as ``3.1 mJ``."""
    return _decimal(fj, _ENERGY)


def power(uw: int) -> str:
    """A power in microwatts, such as ``12 W``."""
    return _decimal(uw, _POWER)


def size(count: int) -> str:
    """A number of bytes: binary prefixes where they are exact, else plain bytes."""
    factor, name = next(((f, n) for f, n in _SIZE if count >= f and count % f == 0), (1, "bytes"))
    return f"{count // factor} {name}"


def share(ppb: int) -> str:
    """A probability in parts per 10^9, as an exact decimal fraction."""
    return _decimal(ppb, ((1_000_000_000, ""),)).strip()


def listed(names: Iterable[str], limit: int = 4) -> str:
    """``a, b, c and 4 more``: the first names, quoted, and how many were left out."""
    known = [repr(name) for name in names]
    text = ", ".join(known[:limit])
    return f"{text} and {len(known) - limit} more" if len(known) > limit else text


def _decimal(value: int, scale: Sequence[tuple[int, str]]) -> str:
    """``value`` in the largest unit of ``scale`` not above it, with no digit lost."""
    factor, name = next((s for s in scale if abs(value) >= s[0]), scale[-1])
    whole, rest = divmod(abs(value), factor)
    digits = str(rest).zfill(len(str(factor)) - 1).rstrip("0") if rest else ""
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}{'.' if digits else ''}{digits} {name}"
