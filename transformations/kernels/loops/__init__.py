"""Transformations of loops: proposed, proved legal, applied."""

from __future__ import annotations

from aicompiler.transformations.kernels.passes import INDEPENDENT, LANES, Linear, linear

from ._cleanup import ConstantFold, Cse, Licm, StrengthReduce
from ._cpu import Core, cpu_schedule
from ._errors import IllegalTransformation, InapplicableTransformation, Violation
from ._fusion import Distribute, Fuse
from ._packing import Pack
from ._registers import ScalarReplace
from ._reorder import Interchange, Tile
from ._script import (
    PASSES,
    ScheduleError,
    Transformation,
    apply_schedule,
    parse_schedule,
    pass_name,
    print_schedule,
)
from ._splitting import IndexSetSplit, Peel, Shift, Skew
from ._unroll import Unroll, UnrollAndJam
from ._vectorize import Parallelize, Vectorize

__all__ = [
    "INDEPENDENT",
    "LANES",
    "PASSES",
    "ConstantFold",
    "Core",
    "Cse",
    "Distribute",
    "Fuse",
    "IllegalTransformation",
    "InapplicableTransformation",
    "IndexSetSplit",
    "Interchange",
    "Licm",
    "Linear",
    "Pack",
    "Parallelize",
    "Peel",
    "ScalarReplace",
    "ScheduleError",
    "Shift",
    "Skew",
    "StrengthReduce",
    "Tile",
    "Transformation",
    "Unroll",
    "UnrollAndJam",
    "Vectorize",
    "Violation",
    "apply_schedule",
    "cpu_schedule",
    "linear",
    "parse_schedule",
    "pass_name",
    "print_schedule",
]
