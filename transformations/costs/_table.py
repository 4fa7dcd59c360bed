"""The cost table: every entry on every unit at every operating point, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from aicompiler.metamodels.deployment import Cost, CostTable, Refusal
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Component, Entry, OperatingPoint, System, Unit, UnitKind
from aicompiler.transformations.kernels import Kernel
from aicompiler.transformations.kernels.passes import Usage, Variants

from ._figures import Figures
from ._hardware import CircuitEstimate
from ._profile import Profile
from ._software import SoftwareEstimate
from ._times import Times, annotated, measured

TARGET_KINDS = (UnitKind.CPU, UnitKind.GPU, UnitKind.FPGA)
"""Kinds of units that code can be generated for."""


def estimate_costs(system: System, variants: Variants, profile: Profile | None = None) -> CostTable:
    """Price every entry on every unit.

    ``variants`` are the scheduled kernels; an entry without one rests on its annotations.
    Numbers are taken from annotations, else from measurements on the declared device, else estimated, else
    assumed; each row says which in ``provenance`` and ``note``.  Energy is dynamic power times usual time,
    unless annotated.  ``kind`` is BOUND for an annotated wcet only: other times bound nothing.

    Raises ``ModelError`` for entries that nothing gives a time for.
    """
    rows = profile or Profile()
    if untimed := [entry for entry in system.entries if not _has_time(system, entry, variants, rows)]:
        raise ModelError(_missing_time(system, entry) for entry in untimed)
    figures = Figures(variants.store)
    costs: list[Cost] = []
    refusals: list[Refusal] = []
    for component in system.components:
        for entry in component.entries:
            for unit in system.units:
                pricing = _Pricing(component, entry, unit, variants.get(entry.id, unit.id), rows, figures)
                if reason := variants.refused.get((entry.id, unit.id)) or pricing.refusal():
                    refusals.append(Refusal(entry=entry.id, unit=unit.id, reason=reason))
                else:
                    costs.extend(pricing.costs())
    return CostTable(costs=tuple(costs), refusals=tuple(refusals))


def _has_time(system: System, entry: Entry, variants: Variants, profile: Profile) -> bool:
    given = any(value is not None for t in entry.times for value in (t.bcet_ns, t.acet_ns, t.wcet_ns))
    has_kernel = any(variants.get(entry.id, unit.id) for unit in system.units)
    return given or has_kernel or any(row.entry == entry.id for row in profile.rows)


def _missing_time(system: System, entry: Entry) -> Diagnostic:
    deadline = "" if entry.deadline_ns is None else f" has a deadline of {entry.deadline_ns} ns and"
    name = f"{system.component_of(entry.id).name}.{entry.name or entry.id}"
    return Diagnostic(
        severity=Severity.ERROR,
        rule="entry-without-time",
        message=f"entry {name!r}{deadline} has no execution time: neither a behaviour nor an annotated time",
        next_step="give it a body in a supported language, or annotate its worst-case execution time",
        source=entry.source,
    )


class _Pricing:
    """One entry on one unit."""

    def __init__(
        self,
        component: Component,
        entry: Entry,
        unit: Unit,
        kernel: Kernel | None,
        profile: Profile,
        figures: Figures,
    ) -> None:
        self.component, self.entry, self.unit, self.kernel = component, entry, unit, kernel
        self.figures = figures
        self.rows = profile.on(entry.id, unit)

    @cached_property
    def circuit(self) -> CircuitEstimate | None:
        is_fpga = self.unit.kind is UnitKind.FPGA
        return (
            CircuitEstimate(self.kernel, self.unit, self.figures)
            if is_fpga and self.kernel is not None
            else None
        )

    @cached_property
    def software(self) -> SoftwareEstimate | None:
        is_fpga = self.unit.kind is UnitKind.FPGA
        return (
            SoftwareEstimate(self.figures.software(self.kernel).counts, self.unit)
            if not is_fpga and self.kernel is not None
            else None
        )

    def refusal(self) -> str:
        """Why the entry cannot run on the unit, '' if it can."""
        kind, name = self.unit.kind, self.unit.name or self.unit.id
        if kind not in TARGET_KINDS:
            return f"{name} is an {kind.value} and no target that generates code for it is registered"
        if not self.unit.operating_points:
            return f"{name} declares no operating point, so no time can be derived"
        if self.kernel is None and self._given(self.unit.fastest) is None:
            return f"the entry has neither a behaviour to estimate from nor a time for {kind.value} {name}"
        return f"{name}: {misfit}" if self.circuit is not None and (misfit := self.circuit.misfit()) else ""

    def costs(self) -> Iterator[Cost]:
        """One row an operating point."""
        for point in self.unit.operating_points:
            yield self._cost(point, self._given(point) or self._estimated(point))

    def _given(self, point: OperatingPoint) -> Times | None:
        return annotated(self.entry, self.unit, point) or measured(self.rows, point)

    def _estimated(self, point: OperatingPoint) -> Times:
        estimate = self.circuit or self.software
        assert estimate is not None, "refused above"
        return estimate.times(point)

    def _cost(self, point: OperatingPoint, times: Times) -> Cost:
        energy = point.dynamic_power_uw * times.acet_ns if times.energy_fj is None else times.energy_fj
        usage = self.circuit.usage if self.circuit is not None else Usage()
        return Cost(
            entry=self.entry.id,
            unit=self.unit.id,
            operating_point=point.id,
            variant=self.entry.behaviours[0].id if self.entry.behaviours else None,
            bcet_ns=times.bcet_ns,
            acet_ns=times.acet_ns,
            wcet_ns=times.wcet_ns,
            interval_ns=times.wcet_ns if times.interval_ns is None else times.interval_ns,
            energy_fj=energy,
            memory_bytes=self._memory_bytes(),
            lut=usage.lut,
            ff=usage.ff,
            bram=usage.bram,
            dsp=usage.dsp,
            provenance=times.provenance,
            kind=times.kind,
            note=times.note,
        )

    def _memory_bytes(self) -> int:
        """The declared memory of the component, else the entry's port buffers, the state and local arrays.

        What the entries of a component share counts with the first of them, and so once.
        """
        first = self.entry is self.component.entries[0]
        if self.component.memory_bytes:
            return self.component.memory_bytes if first else 0
        buffers = sum(port.bytes for port in self.component.ports_of(self.entry))
        state = sum(attribute.bytes for attribute in self.component.attributes) if first else 0
        return buffers + state + (self.figures.software(self.kernel).local_bytes if self.kernel else 0)
