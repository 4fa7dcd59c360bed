"""Estimated times of a kernel on a CPU core and on a GPU: operations and bytes over peak rates (roofline).

Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009: a phase takes the longer of its computation
and its memory traffic.  Weights are issue slots per operation, orders of magnitude of current in-order cores;
WCET_MARGIN_PERMILLE covers caches and stalls that the model leaves out.  It is an estimate, no bound.
"""

from __future__ import annotations

from aicompiler.metamodels.deployment import CostKind, Provenance
from aicompiler.metamodels.system import OperatingPoint, Unit, UnitKind
from aicompiler.transformations.kernels.passes import (
    OperationCounts,
    Operations,
    PhaseCounts,
)

from ._times import Times, ceil_div

DIVISION_WEIGHT = 20
"""A division or square root: both take the divider, which is hardly pipelined (A. Fog, "Instruction tables":
12 to 30 cycles on in-order cores, fewer on current large ones)."""
SPECIAL_WEIGHT = 30
"""A function of math.h; on a CPU in cycles, whatever the issue width: each is one long chain of dependent
operations (a polynomial of degree 5 to 10 and its argument reduction, at 4 cycles a multiply-add)."""
ITERATION_WEIGHT = 2
"""Increment and compare."""
WCET_MARGIN_PERMILLE = 1200
SEQUENTIAL_CYCLES = 8
"""Cycles per operation of a lone work-item on a GPU: no other work-item hides its latencies."""
_NS = 1_000_000_000


def weighted(operations: Operations) -> int:
    """Issue slots of a core that ``operations`` take."""
    return (
        operations.integer
        + operations.floating
        + operations.multiplications
        + operations.loads
        + operations.stores
        + DIVISION_WEIGHT * operations.divisions
        + SPECIAL_WEIGHT * operations.special
        + ITERATION_WEIGHT * operations.iterations
    )


class SoftwareEstimate:
    """The estimate of a kernel with these counts on one CPU or GPU, for any operating point."""

    def __init__(self, counts: OperationCounts, unit: Unit) -> None:
        self.unit, self.counts = unit, counts

    @property
    def sequential(self) -> bool:
        """Whether no phase runs more than one work-item."""
        return all(phase.work_items == 1 for phase in self.counts.phases)

    def times(self, point: OperatingPoint) -> Times:
        """Best: the smaller side of every branch; worst: the larger side, and the margin; usual: the mean."""
        best = self._ns([(phase, phase.least) for phase in self.counts.phases], point)
        larger = self._ns([(phase, phase.most) for phase in self.counts.phases], point)
        worst = ceil_div(larger * WCET_MARGIN_PERMILLE, 1000)
        assumed = self.counts.assumptions
        return Times(
            best,
            ceil_div(best + larger, 2),
            worst,
            provenance=Provenance.ASSUMED if assumed else Provenance.ESTIMATED,
            kind=CostKind.OBSERVED,
            note=self._note(point),
        )

    def _ns(self, phases: list[tuple[PhaseCounts, Operations]], point: OperatingPoint) -> int:
        return sum(self._phase_ns(phase, operations, point) for phase, operations in phases)

    def _phase_ns(self, phase: PhaseCounts, operations: Operations, point: OperatingPoint) -> int:
        computing = ceil_div(self._cycles(phase, operations) * _NS, point.frequency_hz)
        bandwidth = self.unit.memory_bandwidth_bytes_per_s
        size = phase.bytes_read + phase.bytes_written
        moving = ceil_div(size * _NS, bandwidth) if bandwidth else 0
        return max(computing, moving, 1) + self.unit.launch_overhead_ns

    def _cycles(self, phase: PhaseCounts, operations: Operations) -> int:
        work = weighted(operations)
        if self.unit.kind is UnitKind.CPU:
            serial = SPECIAL_WEIGHT * operations.special
            return ceil_div(work - serial, self.unit.ops_per_cycle) + serial
        if phase.work_items == 1:
            return work * SEQUENTIAL_CYCLES
        return ceil_div(work, min(self.unit.ops_per_cycle, phase.work_items))

    def _note(self, point: OperatingPoint) -> str:
        work, size = weighted(self.counts.most), self.counts.bytes_read + self.counts.bytes_written
        text = f"roofline: {work} weighted operations, {self.unit.ops_per_cycle} a cycle"
        margin = (WCET_MARGIN_PERMILLE - 1000) / 10
        text += f" at {point.frequency_hz} Hz, {size} bytes; the wcet has a margin of {margin:g} %"
        if self.unit.kind is UnitKind.GPU:
            items = ", ".join(str(phase.work_items) for phase in self.counts.phases)
            text += f"; work-items per launch: {items}"
            if self.sequential:
                text += f"; sequential: no loop is parallel, {SEQUENTIAL_CYCLES} cycles an operation"
        return "; ".join([text, *self.counts.assumptions])
