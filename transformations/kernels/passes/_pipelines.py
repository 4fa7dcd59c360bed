"""FPGA schedules: which loops are pipelined, at which interval, what is unrolled, how arrays are split.

The interval of a pipelined loop L is II = max(recMII, resMII):

- recMII: the least II such that no cycle in L's dependence graph has Σ delay > II · Σ distance.  Delays are
  the latencies of ``_latency`` (times the trips of unrolled loops that carry a dependence); distances are
  those of the dependences that L carries, 0 within an iteration.
- resMII: the largest, over the arrays that L accesses, of ⌈accesses in one iteration to the busiest bank /
  ports⌉.  An access in unrolled loops counts once per copy; loads by equal expressions are one where the loop
  does not write the array.  Block RAM has 2 ports a bank, an array behind m_axi 1, registers have no limit.
  Accesses at indices of one linear form that differ by constants go to the banks (constant mod factor);
  accesses of different forms, or of none, may all meet in one bank.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from math import prod

from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels._kernel import Kernel, Partition, Pipeline, Schedule, Unroll
from xdsl.dialects import arith, memref, scf
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.traits import is_side_effect_free

from ._accesses import Access, accesses
from ._nests import inner_loops, lies_in, pipelined_loops
from ._recurrence import Body
from ._storage import PORTS, Storage, is_small, partition_completely, storage_of
from ._structure import constant, constant_trips, defined_in, loop_name

BANK_FACTORS = (2, 4, 8)


def circuit_schedule(kernel: Kernel, unit: Unit) -> Schedule:
    """Pipelines, unrolls and partitions of an inlined kernel on ``unit``."""
    loops = tuple(pipelined_loops(kernel))
    known = accesses(kernel)
    storage = storage_of(kernel, unit)
    used = {access.name for access in known if any(loop in access.loops for loop in loops)}
    partitions = [
        part
        for name, array in storage.arrays.items()
        if name in used and name in storage.on_chip and is_small(array)
        for part in partition_completely(array)
    ]
    storage = storage.with_partitions(partitions)
    recurrences = {loop: Body(kernel, loop, known, storage).recurrence_interval() for loop in loops}
    targets = {loop: max(recurrences[loop], _best_resource(loop, known, storage)) for loop in loops}
    for name in sorted(used - storage.registers):
        factor = _bank_factor(name, targets, known, storage)
        if factor > 1:
            partitions.append(Partition(name, len(storage.arrays[name].shape) - 1, factor))
    storage = storage.with_partitions(partitions)
    intervals = {loop: max(recurrences[loop], resource_interval(loop, known, storage)) for loop in loops}
    return Schedule(
        pipelines=tuple(Pipeline(loop_name(loop), interval) for loop, interval in intervals.items()),
        unrolls=tuple(Unroll(loop_name(inner)) for loop in loops for inner in inner_loops(loop)),
        partitions=tuple(partitions),
    )


# --- memory ports -------------------------------------------------------------------------------------------


def resource_interval(loop: scf.ForOp, known: tuple[Access, ...], storage: Storage) -> int:
    """resMII of ``loop``, at least 1."""
    names = {access.name for access in known if loop in access.loops}
    return max((_port_interval(name, loop, known, storage) for name in sorted(names)), default=1)


def _best_resource(loop: scf.ForOp, known: tuple[Access, ...], storage: Storage) -> int:
    """The resMII that splitting arrays into more banks can reach."""
    names = sorted({access.name for access in known if loop in access.loops})
    options = [
        min(_port_interval(name, loop, known, _split(storage, name, factor)) for factor in (1, *BANK_FACTORS))
        for name in names
    ]
    return max(options, default=1)


def _bank_factor(
    name: str, targets: dict[scf.ForOp, int], known: tuple[Access, ...], storage: Storage
) -> int:
    """The fewest banks with which no loop exceeds its target because of ``name``."""
    options = (1, *BANK_FACTORS) if name in storage.on_chip else (1,)
    for factor in options:
        split = _split(storage, name, factor)
        if all(_port_interval(name, loop, known, split) <= target for loop, target in targets.items()):
            return factor
    return 1


def _split(storage: Storage, name: str, factor: int) -> Storage:
    if name not in storage.on_chip or name in storage.registers:
        return storage
    return replace(storage, banks={**storage.banks, name: factor})


def _port_interval(name: str, loop: scf.ForOp, known: tuple[Access, ...], storage: Storage) -> int:
    mine = _distinct([access for access in known if access.name == name and loop in access.loops])
    if storage.ports(name) is None or not mine:
        return 1
    ports = PORTS if name in storage.on_chip else 1
    return max(1, -(-busiest_bank(mine, loop, storage.banks.get(name, 1)) // ports))


def _distinct(mine: list[Access]) -> list[Access]:
    """Loads of the same element by the same expression are one, unless the loop writes the array."""
    if any(access.is_write for access in mine):
        return mine
    numbers = _Numbers()
    keys = [(access.loops, *(numbers.of(v) for v in access.operation.operands)) for access in mine]
    return list(dict(zip(keys, mine, strict=True)).values())


class _Numbers:
    """Value numbering: equal pure computations of equal values have one number."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._known: dict[SSAValue, int] = {}

    def of(self, value: SSAValue) -> int:
        if value not in self._known:
            self._known[value] = self._numbers.setdefault(self._key(value), len(self._numbers))
        return self._known[value]

    def _key(self, value: SSAValue) -> object:
        op = value.owner
        if not isinstance(op, Operation) or op.regions or not is_side_effect_free(op):
            return value
        properties = tuple(sorted((name, str(given)) for name, given in op.properties.items()))
        return op.name, str(value.type), properties, tuple(self.of(operand) for operand in op.operands)


def busiest_bank(mine: list[Access], loop: scf.ForOp, factor: int) -> int:
    """Accesses of one iteration of ``loop`` that may meet in one of ``factor`` banks (last dimension)."""
    groups: dict[object, Counter[int]] = {}
    anywhere = 0
    for access in mine:
        inner = [other for other in access.loops if lies_in(other, loop)]
        op = access.operation
        form = None
        if factor > 1 and isinstance(op, memref.LoadOp | memref.StoreOp):
            form = _linear(op.indices[-1], loop)
        if form is None:
            anywhere += prod(constant_trips(other) or 1 for other in inner)
            continue
        own = [form.pop(other.body.block.args[0], 0) for other in inner]
        offset = form.pop(None, 0)
        banks = groups.setdefault(frozenset(form.items()), Counter())
        for place in product(*(_iterations(other) for other in inner)):
            banks[(offset + sum(c * i for c, i in zip(own, place, strict=True))) % factor] += 1
    return anywhere + sum(max(banks.values(), default=0) for banks in groups.values())


def _iterations(loop: scf.ForOp) -> range:
    lower, step = constant(loop.lb), constant(loop.step)
    trips = constant_trips(loop)
    assert lower is not None and step is not None and trips is not None
    return range(lower, lower + trips * step, step)


def _linear(value: SSAValue, loop: scf.ForOp) -> dict[SSAValue | None, int] | None:
    """``value`` as Σ coefficient · symbol + constant (key ``None``).

    Symbols are induction variables and what does not change within an iteration of ``loop``.
    """
    if (number := constant(value)) is not None:
        return {None: number}
    op = value.owner
    if (
        isinstance(value, BlockArgument)
        and isinstance(value.owner.parent_op(), scf.ForOp)
        and value.index == 0
    ):
        return {value: 1}
    if isinstance(op, arith.IndexCastOp | arith.ExtSIOp):
        return _linear(op.operands[0], loop)
    if isinstance(op, arith.AddiOp | arith.SubiOp) and not _wraps(op):
        return _sum(_linear(op.lhs, loop), _linear(op.rhs, loop), -1 if isinstance(op, arith.SubiOp) else 1)
    if isinstance(op, arith.MuliOp) and not _wraps(op):
        for factor, other in ((constant(op.rhs), op.lhs), (constant(op.lhs), op.rhs)):
            if factor is not None:
                return _sum({}, _linear(other, loop), factor)
    return None if defined_in(value, loop) else {value: 1}


def _wraps(op: arith.AddiOp | arith.SubiOp | arith.MuliOp) -> bool:
    """Unsigned arithmetic may wrap, after which the value is no linear form any more."""
    return "nsw" not in str(op.properties.get("overflowFlags", "")) and str(op.result.type) != "index"


def _sum(
    left: dict[SSAValue | None, int] | None, right: dict[SSAValue | None, int] | None, factor: int
) -> dict[SSAValue | None, int] | None:
    if left is None or right is None:
        return None
    result = dict(left)
    for symbol, coefficient in right.items():
        result[symbol] = result.get(symbol, 0) + factor * coefficient
    return {symbol: c for symbol, c in result.items() if c or symbol is None}
