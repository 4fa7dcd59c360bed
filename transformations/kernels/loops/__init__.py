"""Transformations of loops: proposed, proved legal, applied."""

from __future__ import annotations

from ._draft import INDEPENDENT, LANES
from ._errors import IllegalTransformation, InapplicableTransformation, Violation
from ._linear import Linear, linear
from ._registers import ScalarReplace
from ._reorder import Interchange, Tile
from ._unroll import Unroll, UnrollAndJam
from ._vectorize import Parallelize, Vectorize

__all__ = [
    "INDEPENDENT",
    "LANES",
    "IllegalTransformation",
    "InapplicableTransformation",
    "Interchange",
    "Linear",
    "Parallelize",
    "ScalarReplace",
    "Tile",
    "Unroll",
    "UnrollAndJam",
    "Vectorize",
    "Violation",
    "linear",
]
