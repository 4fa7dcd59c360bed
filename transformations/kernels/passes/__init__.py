"""Analyses and schedules of kernels: dependences, default schedules per unit kind, operation counts."""

from __future__ import annotations

from ._accesses import Access, accesses
from ._affine import Values
from ._area import Usage, usage_of
from ._circuit import Circuit, circuit
from ._counts import OperationCounts, Operations, PhaseCounts, operation_counts
from ._dependences import Carried, Dependence, DependenceKind, LoopVerdict, Parallel
from ._inline import inline
from ._latency import access_latency, latency
from ._linear import Linear, linear
from ._parallel import parallel_loops
from ._resources import FunctionalUnit, Memory, Resources
from ._rounds import profiled_rounds
from ._schedule import default_schedule
from ._storage import Storage, storage_of
from ._structure import (
    INDEPENDENT,
    LANES,
    LOOP,
    NAME,
    array_name,
    array_shape,
    constant,
    constant_trips,
    defined_in,
    element_bits,
    encloses,
    entry_function,
    line_of,
    local_bytes,
    loop_name,
    loops_in,
    rematerialisable,
    surrounding_loops,
)
from ._variants import Variants, limits_of, schedule, scheduled_for

__all__ = [
    "Access",
    "INDEPENDENT",
    "LANES",
    "LOOP",
    "Linear",
    "NAME",
    "Values",
    "accesses",
    "array_name",
    "array_shape",
    "constant",
    "constant_trips",
    "defined_in",
    "element_bits",
    "encloses",
    "entry_function",
    "line_of",
    "linear",
    "loop_name",
    "loops_in",
    "surrounding_loops",
    "Carried",
    "Circuit",
    "Dependence",
    "DependenceKind",
    "FunctionalUnit",
    "LoopVerdict",
    "Memory",
    "OperationCounts",
    "Operations",
    "Parallel",
    "PhaseCounts",
    "Resources",
    "Storage",
    "Usage",
    "Variants",
    "circuit",
    "default_schedule",
    "inline",
    "access_latency",
    "latency",
    "limits_of",
    "local_bytes",
    "operation_counts",
    "parallel_loops",
    "profiled_rounds",
    "rematerialisable",
    "schedule",
    "scheduled_for",
    "storage_of",
    "usage_of",
]
