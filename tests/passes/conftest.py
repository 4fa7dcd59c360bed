"""Kernels from C bodies."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, parse


def lower(body: str, *parameters: str) -> Kernel:
    """A kernel from a C body; a parameter is written ``"in i32 a[4][8]"``."""
    signature = Signature("kernel_step", tuple(_parameter(text) for text in parameters))
    return parse(Behaviour(id="behaviour", language="C", body=body), signature)


def _parameter(text: str) -> Parameter:
    direction, kind, declared = text.split()
    name, *extents = declared.replace("]", "").split("[")
    return Parameter(name, ElementType(kind), tuple(int(e) for e in extents), Direction(direction))


@pytest.fixture
def c_kernel() -> Callable[..., Kernel]:
    """``lower`` as a fixture."""
    return lower
