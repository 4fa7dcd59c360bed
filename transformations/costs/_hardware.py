"""Estimated time and area of a kernel on an FPGA."""

from __future__ import annotations

from aicompiler.metamodels.deployment import CostKind, Provenance
from aicompiler.metamodels.system import OperatingPoint, Unit
from aicompiler.transformations.kernels import Kernel

from ._figures import Figures
from ._times import Times, ceil_div

_NS = 1_000_000_000


class CircuitEstimate:
    """The estimate of one kernel, scheduled for one FPGA, for any operating point.

    A circuit has no caches and its schedule is static: branches are padded to the longer side, so best, usual
    and worst time are one.  Without dataflow between jobs the next one starts when the last has ended.
    """

    def __init__(self, kernel: Kernel, unit: Unit, figures: Figures) -> None:
        self.unit = unit
        self.circuit = figures.circuit(kernel, unit)
        self.usage = self.circuit.usage
        counts = figures.software(kernel).counts
        self._bytes = counts.bytes_read + counts.bytes_written
        pipelines = ", ".join(f"{p.loop} every {p.interval}" for p in kernel.schedule.pipelines)
        self._pipelines = f"pipelines: {pipelines}" if pipelines else "no pipeline"

    def misfit(self) -> str:
        """Why the circuit cannot be built on the unit; '' if it can."""
        if self.unit.area is None:
            return "the unit declares no area (LUT, FF, BRAM, DSP), so nothing is known to fit"
        excess = self.usage.excess(self.unit.area, self.unit.fill_permille)
        return f"the circuit is estimated to need {excess}" if excess else ""

    def times(self, point: OperatingPoint) -> Times:
        """Cycles over the clock, or bytes over the memory's bandwidth where that is longer."""
        bandwidth = self.unit.memory_bandwidth_bytes_per_s
        moving = ceil_div(self._bytes * _NS, bandwidth) if bandwidth else 0
        latency = (
            max(ceil_div(self.circuit.cycles * _NS, point.frequency_hz), moving)
            + self.unit.launch_overhead_ns
        )
        note = f"circuit: {self.circuit.cycles} cycles at {point.frequency_hz} Hz, {self._pipelines}"
        assumed = self.circuit.assumptions
        return Times(
            latency,
            latency,
            latency,
            provenance=Provenance.ASSUMED if assumed else Provenance.ESTIMATED,
            kind=CostKind.OBSERVED,
            note="; ".join([note, *assumed]),
            interval_ns=latency,
        )
