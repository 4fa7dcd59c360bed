"""Numbers and foreign text, made readable without changing what they say."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_SCALES: dict[str, tuple[tuple[int, str], ...]] = {
    "ns": ((10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns")),
    "uw": ((10**6, "W"), (10**3, "mW"), (1, "µW")),
    "fj": ((10**15, "J"), (10**12, "mJ"), (10**9, "µJ"), (10**6, "nJ"), (10**3, "pJ"), (1, "fJ")),
    "hz": ((10**9, "GHz"), (10**6, "MHz"), (10**3, "kHz"), (1, "Hz")),
    "bytes": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")),
    "bytes_per_s": ((10**9, "GB/s"), (10**6, "MB/s"), (10**3, "kB/s"), (1, "B/s")),
    "permille": ((10, "%"),),
    "ppb": ((10**7, "%"),),
}
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def quantity(value: int, unit: str) -> str:
    """``value`` in the best-fitting multiple of ``unit``, four significant digits; zero is ``0``.

    Units are those of field names (``ns``, ``fj``, ``uw``, ``bytes``, ``hz``); others are printed as is.
    """
    scales = _SCALES.get(unit.lower())
    if scales is None:
        return f"{grouped(value)}\N{NO-BREAK SPACE}{unit}".strip()
    if value == 0:
        return "0"
    factor, name = next((s for s in scales if abs(value) >= s[0]), scales[-1])
    return f"{_ratio(value, factor)}\N{NO-BREAK SPACE}{name}"


def _ratio(value: int, factor: int) -> str:
    whole = abs(value) // factor
    decimals = max(0, 4 - len(str(whole))) if factor > 1 else 0
    scaled = (abs(value) * 10**decimals * 2 + factor) // (2 * factor)
    digits = str(scaled).rjust(decimals + 1, "0")
    head, tail = (digits[:-decimals], digits[-decimals:].rstrip("0")) if decimals else (digits, "")
    text = f"{grouped(int(head))}.{tail}" if tail else grouped(int(head))
    return f"\N{MINUS SIGN}{text}" if value < 0 else text


def grouped(value: int) -> str:
    """An integer in groups of three digits, parted by narrow no-break spaces."""
    return f"{value:,}".replace(",", "\u202f").replace("-", "\N{MINUS SIGN}")


def exact(value: int, unit: str) -> str:
    """The unrounded number with its unit, for tooltips."""
    return f"{grouped(value)} {unit}".strip()


def count(number: int, one: str, many: str = "") -> str:
    """``1 job``, ``2 jobs``."""
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop, for messages that come as phrases."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".") if text else ""


def percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent with one decimal; ``n/a`` where there is no whole."""
    return "n/a" if whole == 0 else f"{part * 100 / whole:.1f}\N{NO-BREAK SPACE}%"


@lru_cache(maxsize=1 << 14)
def visible(text: str) -> str:
    """Foreign text with every invisible, control or direction-changing character spelled out.

    So no name can reorder, hide or break what stands around it; line feeds and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spell(c) for c in text)


def _spell(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    return f"⟨U+{ord(character):04X}⟩"


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` visible characters; an ellipsis replaces the middle, as ends tell names apart."""
    text = visible(text)
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[len(text) - tail :]}"


def line_ranges(lines: list[int]) -> str:
    """Line numbers as ranges: ``3-7, 12``."""
    spans: list[list[int]] = []
    for line in sorted(set(lines)):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
