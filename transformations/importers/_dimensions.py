"""Dimensions and their units: those of the MARTE library, and what people write for them.

A unit is worth a fraction of the base unit: ns, uW, Hz, byte, byte/s, fJ, um2, um, mg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from ._vsl import VslError


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: the size of its units in base units, and the unit of a bare number.

    ``shown`` are the units that messages propose; ``free`` dimensions count things of any name.
    """

    name: str
    units: Mapping[str, Fraction]
    bare: str
    shown: tuple[str, ...] = ()
    free: bool = False

    def size(self, unit: str | None) -> Fraction:
        """What one ``unit`` (None: left out) is worth in base units; raises ``VslError``."""
        name = self.bare if unit is None else unit.rpartition("::")[2]
        if (size := self.units.get(name)) is not None:
            return size
        others = [d.name for d in DIMENSIONS if d is not self and name in d.units]
        if others:
            raise VslError(f"{name!r} is a unit of {others[0]}, not of {self.name}{self._known()}")
        if self.free:
            return Fraction(1)
        if name in _LOGICAL:
            raise VslError(f"a {name} has no fixed length{self._known()}")
        raise VslError(f"{name!r} is no unit of {self.name}{self._advice(name)}")

    def _known(self) -> str:
        return f" ({', '.join(self.shown)})" if self.shown else ""

    def _advice(self, name: str) -> str:
        close = get_close_matches(name, self.units, n=1, cutoff=0.7) or _close_ignoring_case(name, self.units)
        return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(self.shown)}"


def _close_ignoring_case(name: str, units: Mapping[str, Fraction]) -> list[str]:
    return [unit for unit in units if unit.lower() == name.lower()][:1]


def _units(sizes: Mapping[str, Any], aliases: str = "") -> dict[str, Fraction]:
    """``aliases``: 'ms=msec,millis s=sec', further names for units of ``sizes``."""
    known = {unit: Fraction(size) for unit, size in sizes.items()}
    for group in aliases.split():
        unit, _, names = group.partition("=")
        known |= dict.fromkeys(names.split(","), known[unit])
    return known


_LOGICAL = ("tick",)  # a unit of the MARTE library whose length a clock would have to say
_BIT = Fraction(1, 8)
_MINUTE, _HOUR, _DAY = 60 * 10**9, 3600 * 10**9, 86400 * 10**9

TIME = Dimension(
    "time",
    _units(
        {"ps": Fraction(1, 1000), "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
        | {"min": _MINUTE, "hrs": _HOUR, "day": _DAY},
        "ns=nsec,nanosecond,nanoseconds us=µs,μs,usec,microsecond,microseconds "
        "ms=msec,msecs,millis,millisecond,milliseconds s=sec,secs,second,seconds "
        "min=mins,minute,minutes hrs=h,hr,hour,hours day=d,days",
    ),
    "ms",
    ("ns", "us", "ms", "s", "min", "hrs", "day"),
)
POWER = Dimension(
    "power",
    _units(
        {"nW": Fraction(1, 1000), "uW": 1, "mW": 10**3, "W": 10**6, "KW": 10**9, "MW": 10**12},
        "uW=µW,μW W=Watt,watt,Watts,watts KW=kW",
    ),
    "mW",
    ("uW", "mW", "W", "KW"),
)
FREQUENCY = Dimension(
    "frequency",
    _units(
        {"mHz": Fraction(1, 1000), "Hz": 1, "KHz": 10**3, "MHz": 10**6, "GHz": 10**9, "rpm": Fraction(1, 60)},
        "Hz=hz,HZ,hertz,Hertz KHz=kHz,khz,KHZ MHz=Mhz,MHZ GHz=Ghz,GHZ",
    ),
    "Hz",
    ("Hz", "KHz", "MHz", "GHz", "rpm"),
)
SIZE = Dimension(
    "size",
    _units(
        {"bit": _BIT, "Kb": 10**3 * _BIT, "Mb": 10**6 * _BIT, "Gb": 10**9 * _BIT}
        | {"byte": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40},
        "bit=bits,b Kb=kb,Kbit,kbit Mb=Mbit Gb=Gbit byte=Byte,bytes,Bytes,B,octet,octets "
        "KB=kB,KiB MB=MiB GB=GiB TB=TiB",
    ),
    "byte",
    ("bit", "Kb", "Mb", "byte", "KB", "MB", "GB"),
)
RATE = Dimension(
    "transfer rate",
    _units(
        {"b/s": _BIT, "Kb/s": 10**3 * _BIT, "Mb/s": 10**6 * _BIT, "Gb/s": 10**9 * _BIT}
        | {"B/s": 1, "KB/s": 10**3, "MB/s": 10**6, "GB/s": 10**9}
        | {"KiB/s": 2**10, "MiB/s": 2**20, "GiB/s": 2**30},
        "b/s=b_per_s,bps,bit/s,bits/s Kb/s=kb/s,Kb_per_s,kb_per_s,Kbps,kbps,Kbit/s,kbit/s "
        "Mb/s=Mb_per_s,Mbps,Mbit/s Gb/s=Gb_per_s,Gbps,Gbit/s B/s=B_per_s,Byte/s,byte/s,bytes/s "
        "KB/s=kB/s,KB_per_s,kB_per_s MB/s=MB_per_s GB/s=GB_per_s",
    ),
    "B/s",
    ("b/s", "Kb/s", "Mb/s", "Gb/s", "B/s", "KB/s", "MB/s", "GB/s"),
)
ENERGY = Dimension(
    "energy",
    _units(
        {"fJ": 1, "pJ": 10**3, "nJ": 10**6, "uJ": 10**9, "mJ": 10**12, "J": 10**15, "KJ": 10**18}
        | {"mWh": 3600 * 10**12, "Wh": 3600 * 10**15, "KWh": 3600 * 10**18},
        "uJ=µJ,μJ J=joule,joules,Joule,Joules KJ=kJ KWh=kWh",
    ),
    "mJ",
    ("fJ", "pJ", "nJ", "uJ", "mJ", "J", "KJ", "mWh", "Wh", "KWh"),
)
AREA = Dimension(
    "area", _units({"um2": 1, "mm2": 10**6, "cm2": 10**8}, "um2=µm2,um² mm2=mm²"), "mm2", ("um2", "mm2")
)
LENGTH = Dimension("length", _units({"um": 1, "mm": 10**3, "cm": 10**4, "m": 10**6}), "mm", ("mm", "cm", "m"))
WEIGHT = Dimension("weight", _units({"mg": 1, "g": 10**3, "kg": 10**6}), "g", ("mg", "g", "kg"))
SHARE = Dimension("share", _units({"": 1, "%": Fraction(1, 100)}, "%=percent"), "", ("%",))
COUNT = Dimension("number", _units({"": 1}), "", free=True)

DIMENSIONS = (TIME, POWER, FREQUENCY, SIZE, RATE, ENERGY, AREA, LENGTH, WEIGHT, SHARE, COUNT)
