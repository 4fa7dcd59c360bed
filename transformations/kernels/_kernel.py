"""Kernels: what one entry computes, as a signature, an MLIR module and a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from math import prod
from typing import TYPE_CHECKING

from aicompiler.metamodels.system import ElementType

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


class Direction(Enum):
    """How a kernel uses a parameter."""

    IN = "in"
    OUT = "out"
    STATE = "state"


@dataclass(frozen=True)
class Parameter:
    """One parameter: an empty shape is a scalar (IN by value, OUT and STATE through a pointer)."""

    name: str
    dtype: ElementType
    shape: tuple[int, ...]
    direction: Direction
    extents: tuple[str, ...] = ()  # per dimension the constant that gives it, '' for a literal

    @property
    def elements(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return self.dtype.bytes * self.elements


@dataclass(frozen=True)
class NamedConstant:
    """A compile-time value that the body may use by name."""

    name: str
    dtype: ElementType
    value: int | float | bool


@dataclass(frozen=True)
class Signature:
    """Name (a C identifier), parameters (ports in model order, then attributes) and named constants."""

    name: str
    parameters: tuple[Parameter, ...]
    constants: tuple[NamedConstant, ...] = ()

    def at(self, **extents: int) -> Signature:
        """The same signature with other values for constants; shapes that they name follow."""
        known = {c.name for c in self.constants}
        if unknown := sorted(set(extents) - known):
            raise KeyError(f"{self.name} has no constants {unknown}; it has {sorted(known)}")
        constants = tuple(replace(c, value=extents.get(c.name, c.value)) for c in self.constants)
        return replace(
            self, constants=constants, parameters=tuple(_resize(p, extents) for p in self.parameters)
        )

    @property
    def shape_constants(self) -> tuple[str, ...]:
        """Constants that give an extent of some parameter: the free sizes of the kernel."""
        return tuple(dict.fromkeys(e for p in self.parameters for e in p.extents if e))


def _resize(parameter: Parameter, extents: Mapping[str, int]) -> Parameter:
    names = parameter.extents or ("",) * len(parameter.shape)
    shape = tuple(extents.get(n, old) for n, old in zip(names, parameter.shape, strict=True))
    return replace(parameter, shape=shape)


# --- schedules --------------------------------------------------------------------------------------------
# Loops are named by the ``aic.loop`` attribute (L0, L1, … in pre-order) that front ends put on every scf.for.


@dataclass(frozen=True)
class Phase:
    """A run of top-level operations [start, stop) of the kernel's function: one launch on a GPU.

    ``grid`` are the loops, outermost first, whose iterations are the work-items; empty = one work-item.
    """

    start: int
    stop: int
    grid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """HLS: iterations of ``loop`` start every ``interval`` cycles; loops inside it are unrolled."""

    loop: str
    interval: int


@dataclass(frozen=True)
class Unroll:
    """HLS: ``factor`` copies of the body of ``loop``; 0 unrolls it away."""

    loop: str
    factor: int = 0


@dataclass(frozen=True)
class Partition:
    """HLS: split dimension ``dimension`` (from 0) of ``array`` into registers or ``factor`` cyclic banks."""

    array: str
    dimension: int
    factor: int = 0  # 0: complete


@dataclass(frozen=True)
class Schedule:
    """Decisions on how a kernel runs on one kind of unit; the empty schedule is plain sequential code."""

    phases: tuple[Phase, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    unrolls: tuple[Unroll, ...] = ()
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True)
class Kernel:
    """One behaviour, lowered.  ``module`` is verified MLIR and never changed in place."""

    signature: Signature
    module: ModuleOp = field(compare=False)
    schedule: Schedule = Schedule()
    blobs: Mapping[str, bytes] = field(default_factory=dict, compare=False)
    """Values of large tables by symbol, little-endian; the module has their SHA-256 as ``aic.blob``."""

    @property
    def name(self) -> str:
        """The C identifier the kernel is emitted under."""
        return self.signature.name
