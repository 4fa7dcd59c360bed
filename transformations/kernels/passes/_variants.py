"""Stage 3: every kernel with the default schedule of every unit, each computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aicompiler.metamodels.store import NO_STORE, Store, content_key, recalled
from aicompiler.metamodels.system import EntryRef, System, Unit, UnitKind, UnitRef
from aicompiler.transformations.kernels._codec import kernel_key, pack_kernel, unpack_kernel
from aicompiler.transformations.kernels._kernel import Kernel

from ._schedule import default_schedule

Limits = tuple[object, ...]
STAGE = "schedule"


@dataclass(frozen=True, eq=False)
class Variants:
    """(entry id, unit id) -> the entry's kernel as it would run there.

    Units that a schedule cannot tell apart share one kernel; on a CPU it is the kernel as it was lowered.
    ``store`` is where they were looked for, and where the stages after look for what rests on them.
    """

    kernels: Mapping[tuple[EntryRef, UnitRef], Kernel] = field(default_factory=dict)
    store: Store = NO_STORE
    refused: Mapping[tuple[EntryRef, UnitRef], str] = field(default_factory=dict)
    """Why an entry has no variant for a unit although it has a kernel."""

    def get(self, entry: EntryRef, unit: UnitRef) -> Kernel | None:
        """The variant of ``entry`` for ``unit``; ``None`` if the entry has no kernel."""
        return self.kernels.get((entry, unit))

    def placed(self, units: Mapping[EntryRef, UnitRef]) -> dict[EntryRef, Kernel]:
        """The variants for the units that ``units`` gives; entries without a kernel are left out."""
        return {entry: kernel for entry, unit in units.items() if (kernel := self.get(entry, unit))}


def schedule(system: System, kernels: Mapping[EntryRef, Kernel], store: Store = NO_STORE) -> Variants:
    """Schedule unscheduled ``kernels`` (entry id -> kernel) for all units of the platform."""
    made: dict[tuple[EntryRef, Limits], Kernel] = {}
    found, refused = {}, {}
    for entry, kernel in kernels.items():
        for unit in system.units:
            if kernel.blobs and unit.kind is not UnitKind.CPU:
                size = sum(map(len, kernel.blobs.values()))
                refused[entry, unit.id] = f"its {size} bytes of constant tables can be taken in by CPUs only"
                continue
            key = entry, limits_of(unit)
            if key not in made:
                made[key] = scheduled_for(kernel, unit, store)
            found[entry, unit.id] = made[key]
    return Variants(found, store, refused)


def scheduled_for(kernel: Kernel, unit: Unit, store: Store = NO_STORE) -> Kernel:
    """``default_schedule``, from ``store`` where it is known; on a CPU there is nothing to keep."""
    if unit.kind not in (UnitKind.GPU, UnitKind.FPGA):
        return default_schedule(kernel, unit)
    return recalled(
        store,
        STAGE,
        lambda: content_key(kernel_key(kernel), limits_of(unit)),
        lambda: default_schedule(kernel, unit),
        pack_kernel,
        unpack_kernel,
    )


def limits_of(unit: Unit) -> Limits:
    """All that schedules and circuits look at: the kind, and of an FPGA what there is to build from."""
    if unit.kind is not UnitKind.FPGA:
        return (unit.kind,)
    area = unit.area
    return unit.kind, unit.fill_permille, area and (area.lut, area.ff, area.bram, area.dsp)
