"""Analyses and schedules of kernels: dependences, default schedules per unit kind, operation counts."""

from __future__ import annotations

from ._dependences import Carried, Dependence, DependenceKind, LoopVerdict, Parallel, parallel_loops
from ._inline import inline
from ._schedule import default_schedule
from ._structure import rematerialisable

__all__ = [
    "Carried",
    "Dependence",
    "DependenceKind",
    "LoopVerdict",
    "Parallel",
    "default_schedule",
    "inline",
    "parallel_loops",
    "rematerialisable",
]
