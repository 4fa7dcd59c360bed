"""FPGA schedules: which loops are pipelined, at which interval, what is unrolled, how arrays are split.

The interval of a pipelined loop L is II = max(recMII, resMII, areaMII):

- recMII: the least II such that no cycle in L's dependence graph has Σ delay > II · Σ distance.  Delays are
  the latencies of ``_latency`` (times the trips of unrolled loops in whose recurrences they are); distances
  are those of the dependences that L carries, 0 within an iteration.
- resMII: the largest, over the arrays that L accesses, of ⌈accesses in one iteration to the busiest bank /
  ports⌉.  An access in unrolled loops counts once per copy; loads by equal expressions are one where the loop
  does not write the array.  Block RAM has 2 ports a bank, an array behind m_axi 1, registers have no limit.
  A bank is a combination of the cyclic banks of all split dimensions (``_ports``).
- areaMII: the least II at which the operators fit the unit, ⌈uses in one iteration / II⌉ of each kind: LUT,
  FF and DSP (``_area``) within the fill limit.  Of several pipelines the one with the most operators of what
  is short gives way first.  Where nothing helps, operators are
  shared as far as possible, and the estimate refuses the circuit for what it then still lacks.

Arrays are split into the banks that cost the fewest block RAMs, within the fill limit, among those that bring
all pipelines closest to the intervals that any affordable split allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels._kernel import Kernel, Partition, Pipeline, Schedule, Unroll
from xdsl.dialects import scf

from ._analysis import Analysis, analysis_of
from ._area import Usage, usage_of
from ._nests import inner_loops
from ._ports import ArrayPorts, bank_options
from ._recurrence import Body
from ._resources import Uses
from ._storage import Storage, block_ram_budget, is_small, partition_completely, storage_of
from ._structure import loop_name
from ._wishes import wished_loops, wished_partitions

NO_WISH = Schedule()

Intervals = Mapping[scf.ForOp, int]


def circuit_schedule(kernel: Kernel, unit: Unit, wish: Schedule = NO_WISH) -> Schedule:
    """Pipelines, unrolls and partitions of an inlined kernel on ``unit``, from what ``wish`` asks for."""
    loops = wished_loops(wish, kernel)
    analysis = analysis_of(kernel)
    used = {access.name for access in analysis.accesses if any(loop in access.loops for loop in loops)}
    storage = storage_of(kernel, unit)
    partitions = list(wished_partitions(wish, storage, unit))
    settled = {part.array for part in partitions}
    partitions += [
        part
        for name, array in storage.arrays.items()
        if name in used - settled and name in storage.on_chip and is_small(array)
        for part in partition_completely(array)
    ]
    storage = storage.with_partitions(partitions)
    asked = {p.loop: p.interval for p in wish.pipelines}
    least = {
        loop: max(asked.get(loop_name(loop), 1), Body(analysis, loop, storage).recurrence_interval())
        for loop in loops
    }
    ports = {
        name: {loop: ArrayPorts(name, loop, analysis.accesses) for loop in loops} for name in sorted(used)
    }
    free = {name: uses for name, uses in ports.items() if name not in settled}
    storage = _banked(storage, unit, least, free)
    for name in free:
        partitions += [Partition(name, d, f) for d, f in enumerate(storage.factors(name)) if f > 1]
    intervals = {
        loop: max([least[loop], *(uses[loop].interval(storage) for uses in ports.values())]) for loop in loops
    }
    intervals = _affordable(analysis, unit, storage, intervals)
    return Schedule(
        pipelines=tuple(Pipeline(loop_name(loop), interval) for loop, interval in intervals.items()),
        unrolls=tuple(Unroll(loop_name(inner)) for loop in loops for inner in inner_loops(loop)),
        partitions=tuple(partitions),
    )


def _banked(
    storage: Storage,
    unit: Unit,
    least: Intervals,
    ports: Mapping[str, Mapping[scf.ForOp, ArrayPorts]],
) -> Storage:
    """Every array split so that the pipelines are as fast as block RAM allows, at the least cost."""
    budget = block_ram_budget(storage.arrays, unit)
    targets = dict(least)
    for name, uses in ports.items():
        options = bank_options(name, storage, budget)
        for loop in least:
            reachable = min(_intervals(uses[loop], storage, options))
            targets[loop] = max(targets[loop], reachable)
    for name, uses in ports.items():
        options = bank_options(name, storage, budget)
        delays = [
            sum(max(0, uses[loop].interval(storage.split(name, factors)) - targets[loop]) for loop in least)
            for factors in options
        ]
        storage = storage.split(name, options[delays.index(min(delays))])
    return storage


def _intervals(uses: ArrayPorts, storage: Storage, options: list[tuple[int, ...]]) -> list[int]:
    return [uses.interval(storage.split(uses.name, factors)) for factors in options]


def _affordable(
    analysis: Analysis, unit: Unit, storage: Storage, intervals: Intervals
) -> dict[scf.ForOp, int]:
    """The least intervals, not below the given ones, at which the shared operators fit, if any do."""
    uses = Uses(analysis, tuple(intervals))
    built = uses.resources(storage, intervals)

    def usage(chosen: Intervals) -> Usage:
        return usage_of(replace(built, units=uses.units(chosen)))

    chosen = dict(intervals)
    while unit.area is not None:
        now = usage(chosen)
        short = next((n for n in now.exceeded(unit.area, unit.fill_permille) if n != "bram"), None)
        if short is None:
            return chosen
        savings = {
            loop: getattr(now, short) - getattr(usage({**chosen, loop: most}), short)
            for loop, inside in uses.inside.items()
            if (most := max(inside.values(), default=1)) > chosen[loop]
        }
        if max(savings.values(), default=0) <= 0:
            break
        chosen[max(savings, key=lambda loop: savings[loop])] += 1
    return chosen
