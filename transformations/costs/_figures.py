"""What costs are estimated from: counts, memory and circuits of kernels, each found once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aicompiler.metamodels.exact import from_data, to_data
from aicompiler.metamodels.store import NO_STORE, Store, content_key, recalled
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel, kernel_key
from aicompiler.transformations.kernels.passes import (
    Circuit,
    OperationCounts,
    circuit,
    limits_of,
    local_bytes,
    operation_counts,
    profiled_rounds,
)

STAGE = "figures"
MOST_PROFILED = 300_000
"""Operations of a job up to which the interpreter profiles it."""
T = TypeVar("T")


@dataclass(frozen=True)
class Software:
    """Figures of a kernel as a program."""

    counts: OperationCounts
    local_bytes: int


def software_counts(kernel: Kernel) -> OperationCounts:
    """Operation counts; loops of unknown length by a profile, where running the interpreter takes no second.

    A profile on random inputs remains an assumption, and the counts say so.
    """
    counts = operation_counts(kernel)
    most = counts.most
    work = most.integer + most.floating + most.multiplications + most.loads + most.stores + most.iterations
    if not counts.assumptions or work > MOST_PROFILED:
        return counts
    return operation_counts(kernel, profiled_rounds(kernel))


@dataclass(frozen=True)
class Figures:
    """Asks ``store`` first; units that share a kernel share its figures."""

    store: Store = NO_STORE
    known: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def software(self, kernel: Kernel) -> Software:
        """Operation counts and the bytes of local arrays."""
        return self._found(
            Software, kernel, (), lambda: Software(software_counts(kernel), local_bytes(kernel))
        )

    def circuit(self, kernel: Kernel, unit: Unit) -> Circuit:
        """What ``kernel`` becomes on the FPGA ``unit``."""
        return self._found(Circuit, kernel, limits_of(unit), lambda: circuit(kernel, unit))

    def _found(self, cls: type[T], kernel: Kernel, limits: tuple[object, ...], make: Callable[[], T]) -> T:
        place = cls, id(kernel), limits
        if place not in self.known:
            self.known[place] = recalled(
                self.store,
                STAGE,
                lambda: content_key(cls.__name__, kernel_key(kernel), limits),
                make,
                lambda figures: json.dumps(to_data(figures)).encode(),
                lambda packed: from_data(cls, json.loads(packed)),
            )
        found: T = self.known[place]
        return found
