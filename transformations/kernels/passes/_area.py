"""FPGA area of a circuit, from figures per operator.

Figures are typical of AMD 7-series and UltraScale+ devices: floating point from the LogiCORE Floating-Point
Operator guide (PG060, full DSP usage), integer multipliers from DSP48 widths (25 x 18), adders one LUT a bit
(carry chain), dividers one subtracting row a bit (PG151, radix 2).  An estimate: routing and packing are not
in it, hence ``Unit.fill_permille``.
"""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import Area

from ._resources import FunctionalUnit, Memory, Resources
from ._storage import PORT_BLOCK_RAMS


@dataclass(frozen=True)
class Usage:
    """LUTs, flip-flops, 18 Kbit block RAMs and DSP slices."""

    lut: int = 0
    ff: int = 0
    bram: int = 0
    dsp: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.lut + other.lut, self.ff + other.ff, self.bram + other.bram, self.dsp + other.dsp)

    def times(self, factor: int) -> Usage:
        """``factor`` copies."""
        return Usage(self.lut * factor, self.ff * factor, self.bram * factor, self.dsp * factor)

    def exceeded(self, area: Area, fill_permille: int) -> tuple[str, ...]:
        """The resources of which ``area``, filled up to ``fill_permille``, has too few."""
        return tuple(
            name
            for name in ("lut", "ff", "bram", "dsp")
            if getattr(self, name) > getattr(area, name) * fill_permille // 1000
        )

    def excess(self, area: Area, fill_permille: int) -> str:
        """What does not fit into ``area`` filled up to ``fill_permille``, as a phrase; '' if all fits."""
        return ", ".join(
            f"{getattr(self, name)} {name.upper()} of {getattr(area, name) * fill_permille // 1000} usable "
            f"({getattr(area, name)} in all)"
            for name in self.exceeded(area, fill_permille)
        )


CONTROL = Usage(lut=600, ff=800)
"""Start, done, scalar parameters (AXI4-Lite)."""
MEMORY_PORT = Usage(lut=700, ff=1100, bram=PORT_BLOCK_RAMS)
"""One m_axi adapter with its FIFO."""
LOOP = Usage(lut=50, ff=60)
"""Counter and state of one loop."""

_FLOAT: dict[str, tuple[Usage, Usage]] = {  # f32, f64
    "arith.addf": (Usage(lut=230, ff=360, dsp=2), Usage(lut=700, ff=1000, dsp=3)),
    "arith.subf": (Usage(lut=230, ff=360, dsp=2), Usage(lut=700, ff=1000, dsp=3)),
    "arith.mulf": (Usage(lut=90, ff=170, dsp=3), Usage(lut=250, ff=500, dsp=11)),
    "arith.divf": (Usage(lut=800, ff=1500), Usage(lut=3200, ff=6000)),
    "arith.cmpf": (Usage(lut=70, ff=70), Usage(lut=140, ff=140)),
    "math.sqrt": (Usage(lut=500, ff=800), Usage(lut=1800, ff=3300)),
}
_FLOAT_OTHER = (Usage(lut=200, ff=240), Usage(lut=400, ff=500))
_SPECIAL = (Usage(lut=2000, ff=2500, dsp=20), Usage(lut=5000, ff=6000, dsp=60))
_WIRES = ("arith.index_cast", "arith.extsi", "arith.extui", "arith.trunci", "arith.bitcast", "arith.negf")
_DIVISIONS = ("arith.divsi", "arith.divui", "arith.remsi", "arith.remui")
_CONVERSIONS = ("arith.sitofp", "arith.uitofp", "arith.fptosi", "arith.fptoui", "arith.extf", "arith.truncf")
_MULTIPLIER_DSP = {18: 1, 32: 3, 64: 10}  # up to so many bits


def usage_of(built: Resources) -> Usage:
    """What a whole circuit takes of the device."""
    total = CONTROL + LOOP.times(built.loops)
    for unit in built.units:
        total += _operator(unit).times(unit.instances)
    for memory in built.memories:
        total += _memory(memory)
    return total


def _operator(unit: FunctionalUnit) -> Usage:
    name, bits = unit.operation, unit.bits
    if name in _WIRES or unit.by_power_of_two:
        return Usage()
    if name in _FLOAT:
        return _FLOAT[name][bits > 32]
    if name in _CONVERSIONS or (name.endswith("f") and name.startswith("arith.")):
        return _FLOAT_OTHER[bits > 32]
    if name.startswith("math."):
        return _SPECIAL[bits > 32]
    return _integer(name, bits)


def _integer(name: str, bits: int) -> Usage:
    if name == "arith.muli":
        dsp = next(number for width, number in _MULTIPLIER_DSP.items() if bits <= width)
        return Usage(lut=bits, ff=2 * bits, dsp=dsp)
    if name in _DIVISIONS:
        return Usage(lut=bits * bits, ff=2 * bits * bits)
    return Usage(lut=bits, ff=bits)


def _memory(memory: Memory) -> Usage:
    """Where the array lives, the multiplexers of accesses to registers, and the port of a parameter."""
    usage = Usage(bram=memory.block_rams)
    size = memory.elements * memory.bits
    if memory.in_registers and memory.is_table:
        usage += Usage(lut=memory.readers * -(-memory.elements // 64) * memory.bits)
    elif memory.in_registers:
        usage += Usage(ff=size, lut=memory.readers * -(-memory.elements // 4) * memory.bits)
    elif memory.on_chip and not memory.block_rams:
        usage += Usage(lut=-(-size // 32))
    return usage + MEMORY_PORT if memory.is_parameter and memory.elements > 1 else usage
