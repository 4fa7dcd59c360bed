"""Where the arrays of a circuit live: registers, block RAM banks, or outside behind m_axi."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import prod

from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels._kernel import Kernel, Parameter, Partition
from xdsl.dialects import memref
from xdsl.ir import Operation, SSAValue

from ._latency import access_latency, latency
from ._nests import pipelined_loops
from ._structure import array_name, array_shape, element_bits, entry_function, is_array

BLOCK_RAM_BYTES = 2048
"""Data bytes of one 18 Kbit block RAM (2048 x 9 bits, of which one is parity); ``Area.bram`` counts these."""
PORTS = 2
"""Accesses per cycle of one bank: block RAM has two ports."""
PORT_BLOCK_RAMS = 2
"""Block RAMs of one m_axi adapter: its FIFOs."""
SMALL_BANK_BITS = 1024
"""Banks up to this size are built from logic (distributed RAM) and cost no block RAM."""
SMALL_ARRAY = 64
SMALL_TABLE = 256
"""Elements up to which an array (a constant table) used in a pipeline is partitioned completely."""


@dataclass(frozen=True)
class Array:
    """An array of a kernel, by the name that the user gave it."""

    name: str
    shape: tuple[int, ...]
    bits: int  # per element
    is_parameter: bool = False
    is_table: bool = False

    @property
    def elements(self) -> int:
        """Number of values."""
        return prod(self.shape)


@dataclass(frozen=True)
class Storage:
    """What is on chip, and in how many banks; anything else is accessed through m_axi."""

    arrays: dict[str, Array]
    on_chip: frozenset[str]
    registers: frozenset[str] = frozenset()
    banks: dict[str, tuple[int, ...]] = field(default_factory=dict)  # per dimension

    def factors(self, name: str) -> tuple[int, ...]:
        """Banks of an array, dimension by dimension."""
        return self.banks.get(name, (1,) * len(self.arrays[name].shape))

    def split(self, name: str, factors: tuple[int, ...]) -> Storage:
        """The same storage with other banks for one array."""
        return replace(self, banks={**self.banks, name: factors})

    def with_partitions(self, partitions: Iterable[Partition]) -> Storage:
        """The same storage, split as a schedule says."""
        known = tuple(partitions)
        complete = {p.array for p in known if p.factor == 0}
        scalars = {name for name, array in self.arrays.items() if not array.shape}
        banks: dict[str, tuple[int, ...]] = {}
        for part in (p for p in known if p.factor):
            factors = list(banks.get(part.array, (1,) * len(self.arrays[part.array].shape)))
            factors[part.dimension] = part.factor
            banks[part.array] = tuple(factors)
        return Storage(self.arrays, self.on_chip, frozenset(complete | scalars), banks)

    def delay(self, kernel: Kernel, op: Operation) -> int:
        """Cycles from the start of one operation to its result."""
        if not isinstance(op, memref.LoadOp | memref.StoreOp):
            return latency(op)
        name = array_name(kernel, op.memref)
        in_registers = name in self.registers
        return access_latency(op, in_registers, not in_registers and name not in self.on_chip)

    def block_rams(self, name: str) -> int:
        """18 Kbit block RAMs that an on-chip array takes."""
        if name not in self.on_chip or name in self.registers:
            return 0
        array, factors = self.arrays[name], self.factors(name)
        words = prod(-(-extent // banks) for extent, banks in zip(array.shape, factors, strict=True))
        bits = words * array.bits
        return 0 if bits <= SMALL_BANK_BITS else prod(factors) * -(-bits // (8 * BLOCK_RAM_BYTES))


def storage_of(kernel: Kernel, unit: Unit) -> Storage:
    """Array parameters get an on-chip copy ``buf_<name>`` in signature order while ``unit`` has block RAM.

    Only those that a pipelined loop accesses: any other gains nothing from a copy.  Local arrays and constant
    tables are always on chip and are counted first.  Scalars live in registers.
    A unit without a declared area is taken to be large enough; the estimate refuses it anyway.
    """
    arrays = _arrays(kernel)
    local = frozenset(name for name, array in arrays.items() if not array.is_parameter)
    storage = Storage(arrays, local).with_partitions(())
    budget = block_ram_budget(arrays, unit)
    used = sum(storage.block_rams(name) for name in local)
    wanted = _used_in_pipelines(kernel) | {name for name, array in arrays.items() if not array.shape}
    for name in (p.name for p in kernel.signature.parameters if p.name in arrays and p.name in wanted):
        larger = Storage(arrays, storage.on_chip | {name}, storage.registers)
        if budget is None or used + larger.block_rams(name) <= budget:
            used, storage = used + larger.block_rams(name), larger
    return storage


def block_ram_budget(arrays: dict[str, Array], unit: Unit) -> int | None:
    """Block RAMs that ``unit`` leaves to arrays after the ports of parameters; ``None`` if unknown."""
    if unit.area is None:
        return None
    ports = sum(1 for array in arrays.values() if array.is_parameter and array.elements > 1)
    return unit.area.bram * unit.fill_permille // 1000 - PORT_BLOCK_RAMS * ports


def partition_completely(array: Array) -> tuple[Partition, ...]:
    """Every dimension of ``array`` split into registers."""
    return tuple(Partition(array.name, dimension) for dimension in range(len(array.shape)))


def is_small(array: Array) -> bool:
    """Whether the array is split into registers when a pipeline uses it."""
    return array.elements <= (SMALL_TABLE if array.is_table else SMALL_ARRAY)


def _used_in_pipelines(kernel: Kernel) -> set[str]:
    inside = (op for loop in pipelined_loops(kernel) for op in loop.walk())
    return {array_name(kernel, v) for op in inside for v in op.operands if is_array(v)}


def _arrays(kernel: Kernel) -> dict[str, Array]:
    block = entry_function(kernel).body.block
    found: dict[str, Array] = {}
    for argument, parameter in zip(block.args, kernel.signature.parameters, strict=True):
        if is_array(argument):
            found[parameter.name] = _parameter(argument, parameter)
    for op in entry_function(kernel).walk():
        if isinstance(op, memref.AllocaOp | memref.GetGlobalOp):
            value = op.results[0]
            name = array_name(kernel, value)
            is_table = isinstance(op, memref.GetGlobalOp)
            found[name] = Array(name, array_shape(value), element_bits(value), is_table=is_table)
    return found


def _parameter(value: SSAValue, parameter: Parameter) -> Array:
    return Array(parameter.name, array_shape(value), element_bits(value), is_parameter=True)
