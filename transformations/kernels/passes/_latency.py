"""Latencies of operations in a circuit, in clock cycles: the one table that schedules and checks share.

Typical figures of vendor libraries for 28 to 16 nm devices at 200 to 300 MHz (AMD LogiCORE Floating-Point
Operator product guide PG060 and Vitis HLS's default binding give the same orders of magnitude): logic,
shifts, casts and selections chain into the cycle of their neighbours (0), an integer addition or comparison
takes a cycle, dividers deliver a bit per cycle.
"""

from __future__ import annotations

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Operation

from ._structure import bit_width, by_power_of_two

ADD_CYCLES = 1
MULTIPLY_CYCLES = {16: 1, 32: 3, 64: 5}  # up to so many bits
FLOAT_CYCLES = {  # f32, f64
    "arith.addf": (4, 5),
    "arith.subf": (4, 5),
    "arith.mulf": (3, 6),
    "arith.divf": (16, 30),
    "arith.cmpf": (1, 1),
    "arith.maximumf": (1, 1),
    "arith.minimumf": (1, 1),
    "arith.maxnumf": (1, 1),
    "arith.minnumf": (1, 1),
    "arith.sitofp": (4, 5),
    "arith.uitofp": (4, 5),
    "arith.fptosi": (4, 5),
    "arith.fptoui": (4, 5),
    "arith.extf": (2, 2),
    "arith.truncf": (2, 2),
    "math.sqrt": (16, 30),
    "math.absf": (0, 0),
    "math.copysign": (0, 0),
    "arith.negf": (0, 0),
    "math.floor": (2, 2),
    "math.ceil": (2, 2),
    "math.trunc": (2, 2),
    "math.round": (2, 2),
    "math.roundeven": (2, 2),
    "math.fma": (7, 11),
}
SPECIAL_CYCLES = (20, 40)  # any other function of the math dialect
MEMORY_LOAD_CYCLES = 2
MEMORY_STORE_CYCLES = 1
REGISTER_LOAD_CYCLES = 0  # arrays partitioned completely
REGISTER_STORE_CYCLES = 1
EXTERNAL_CYCLES = 40  # an m_axi access that no on-chip copy serves

_INTEGER_ADD = (
    arith.AddiOp,
    arith.SubiOp,
    arith.CmpiOp,
    arith.MinSIOp,
    arith.MaxSIOp,
    arith.MinUIOp,
    arith.MaxUIOp,
)
DIVISIONS = (
    arith.DivSIOp,
    arith.DivUIOp,
    arith.RemSIOp,
    arith.RemUIOp,
    arith.FloorDivSIOp,
    arith.CeilDivSIOp,
    arith.CeilDivUIOp,
)


def operand_bits(op: Operation) -> int:
    """Width of the first operand (of the result, where there is none)."""
    return bit_width(op.operands[0].type if op.operands else op.results[0].type)


def latency(op: Operation) -> int:
    """Cycles of one arithmetic operation; 0 for what chains into its neighbours or is no arithmetic.

    Loads and stores depend on where the array lives: see ``access_latency``.
    """
    if isinstance(op, _INTEGER_ADD) or by_power_of_two(op):
        return ADD_CYCLES
    if isinstance(op, arith.MuliOp):
        return next(cycles for bits, cycles in MULTIPLY_CYCLES.items() if operand_bits(op) <= bits)
    if isinstance(op, DIVISIONS):
        return operand_bits(op) + 4
    if op.name in FLOAT_CYCLES:
        return FLOAT_CYCLES[op.name][_is_double(op)]
    return SPECIAL_CYCLES[_is_double(op)] if op.name.startswith("math.") else 0


def _is_double(op: Operation) -> bool:
    values = [*op.operands, *op.results]
    return any(isinstance(v.type, AnyFloat) and bit_width(v.type) > 32 for v in values)


def access_latency(op: memref.LoadOp | memref.StoreOp, in_registers: bool, external: bool) -> int:
    """Cycles of a load or store, by where the array lives."""
    if external:
        return EXTERNAL_CYCLES
    if isinstance(op, memref.LoadOp):
        return REGISTER_LOAD_CYCLES if in_registers else MEMORY_LOAD_CYCLES
    return REGISTER_STORE_CYCLES if in_registers else MEMORY_STORE_CYCLES
