"""Analyses and schedules of kernels: dependences, default schedules per unit kind, operation counts."""

from __future__ import annotations

from ._circuit import Circuit, FunctionalUnit, Memory, circuit
from ._counts import OperationCounts, Operations, PhaseCounts, operation_counts
from ._dependences import Carried, Dependence, DependenceKind, LoopVerdict, Parallel, parallel_loops
from ._inline import inline
from ._latency import access_latency, latency
from ._schedule import default_schedule
from ._storage import Storage, storage_of
from ._structure import local_bytes, rematerialisable

__all__ = [
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
    "Storage",
    "circuit",
    "default_schedule",
    "inline",
    "access_latency",
    "latency",
    "local_bytes",
    "operation_counts",
    "parallel_loops",
    "rematerialisable",
    "storage_of",
]
