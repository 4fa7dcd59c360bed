"""Stage 3: every kernel with the default schedule of every unit, each computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aicompiler.metamodels.system import EntryRef, System, Unit, UnitKind, UnitRef
from aicompiler.transformations.kernels._kernel import Kernel

from ._schedule import default_schedule

Limits = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class Variants:
    """(entry id, unit id) -> the entry's kernel as it would run there.

    Units that a schedule cannot tell apart share one kernel; on a CPU it is the kernel as it was lowered.
    """

    kernels: Mapping[tuple[EntryRef, UnitRef], Kernel] = field(default_factory=dict)

    def get(self, entry: EntryRef, unit: UnitRef) -> Kernel | None:
        """The variant of ``entry`` for ``unit``; ``None`` if the entry has no kernel."""
        return self.kernels.get((entry, unit))

    def placed(self, units: Mapping[EntryRef, UnitRef]) -> dict[EntryRef, Kernel]:
        """The variants for the units that ``units`` gives; entries without a kernel are left out."""
        return {entry: kernel for entry, unit in units.items() if (kernel := self.get(entry, unit))}


def schedule(system: System, kernels: Mapping[EntryRef, Kernel]) -> Variants:
    """Schedule unscheduled ``kernels`` (entry id -> kernel) for all units of the platform."""
    made: dict[tuple[EntryRef, Limits], Kernel] = {}
    found = {}
    for entry, kernel in kernels.items():
        for unit in system.units:
            key = entry, _limits(unit)
            if key not in made:
                made[key] = default_schedule(kernel, unit)
            found[entry, unit.id] = made[key]
    return Variants(found)


def _limits(unit: Unit) -> Limits:
    """All that ``default_schedule`` looks at: the kind, and of an FPGA what there is to build from."""
    if unit.kind is not UnitKind.FPGA:
        return (unit.kind,)
    area = unit.area
    return unit.kind, unit.fill_permille, area and (area.lut, area.ff, area.bram, area.dsp)
