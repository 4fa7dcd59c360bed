"""A self-check as recorded: jobs of one kernel as the interpreter runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aicompiler.transformations.kernels import Direction, Kernel, Parameter

from ._tables import np_little

if TYPE_CHECKING:
    import numpy as np

    Values = dict[str, "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class SelfCheck:
    """A kernel at reduced shapes with recorded jobs: inputs and state before, outputs and state after."""

    entry: str
    kernel: Kernel
    state: Mapping[str, np.ndarray[Any, Any]]
    vectors: bytes
    low: int
    high: int
    zero: tuple[str, ...] = ()
    """In-ports that are zero in every job: the check says little about what the kernel does with them."""

    def jobs(self) -> Iterator[tuple[Values, Values]]:
        """What each job reads, and what it leaves, by parameter."""
        parameters = self.kernel.signature.parameters
        before = [p for p in parameters if p.direction is not Direction.OUT]
        after = [p for p in parameters if p.direction is not Direction.IN]
        at = 0
        while at < len(self.vectors):
            values: list[Values] = []
            for wanted in (before, after):
                values.append(_read(self.vectors, at, wanted))
                at += sum(p.bytes for p in wanted)
            yield values[0], values[1]


def _read(vectors: bytes, at: int, parameters: list[Parameter]) -> Values:
    import numpy as np

    values = {}
    for parameter in parameters:
        flat = np.frombuffer(vectors, np_little(parameter.dtype), parameter.elements, at)
        values[parameter.name] = flat.reshape(parameter.shape)
        at += parameter.bytes
    return values
