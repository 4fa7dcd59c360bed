"""What the name of a node component says about it, where nothing else does."""

from __future__ import annotations

import re

from aicompiler.metamodels.system import UnitKind

_PROCESSOR = re.compile(r"processor|cpu", re.IGNORECASE)
_KINDS = (
    (re.compile(r"gpu|graphics", re.IGNORECASE), UnitKind.GPU),
    (re.compile(r"fpga", re.IGNORECASE), UnitKind.FPGA),
    (re.compile(r"npu|tpu", re.IGNORECASE), UnitKind.NPU),
)


def kind_by_name(name: str) -> UnitKind:
    """The kind of unit that a name speaks of, else a CPU."""
    return next((kind for pattern, kind in _KINDS if pattern.search(name)), UnitKind.CPU)


def speaks_of_kind(name: str) -> bool:
    """Whether a name says what kind of unit it is."""
    return is_processor(name) or any(pattern.search(name) for pattern, _ in _KINDS)


def is_processor(name: str) -> bool:
    """Whether a node is called a processor."""
    return _PROCESSOR.search(name) is not None
