"""Kernels from C bodies, run by the interpreter and by the host's C compiler."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import C
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    Parameter,
    Signature,
    interpret,
    numpy_type,
    parse,
)

Values = dict[str, Any]


def lower(body: str, *parameters: str) -> Kernel:
    """A kernel from a C body; a parameter is written ``"in f64 a[4][8]"``."""
    signature = Signature("kernel_step", tuple(_parameter(text) for text in parameters))
    return parse(Behaviour(id="behaviour", language="C", body=body), signature)


def _parameter(text: str) -> Parameter:
    direction, kind, declared = text.split()
    name, *extents = declared.replace("]", "").split("[")
    return Parameter(name, ElementType(kind), tuple(int(e) for e in extents), Direction(direction))


def inputs(kernel: Kernel, seed: int = 0) -> Values:
    """Random inputs."""
    random = np.random.default_rng(seed)
    given = {}
    for p in kernel.signature.parameters:
        if p.direction is not Direction.OUT:
            draw = random.standard_normal(p.shape) if p.dtype.is_float else random.integers(0, 99, p.shape)
            given[p.name] = np.asarray(draw).astype(numpy_type(p.dtype))
    return given


def by_gcc(kernel: Kernel, given: Values, folder: Path) -> Values:
    """One job of the C that the target prints, warnings being errors."""
    for file in C().emit(kernel, None):
        path = folder / Path(file.path).name
        path.write_bytes(file.content)
    library = folder / "kernel.so"
    command = ["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-shared"]
    source = folder / f"{kernel.name}.c"
    subprocess.run([*command, "-fPIC", "-o", library, source, "-lm"], check=True)
    arrays = {
        p.name: np.array(given.get(p.name, np.zeros(p.shape)), numpy_type(p.dtype))
        for p in kernel.signature.parameters
    }
    scalars = [p for p in kernel.signature.parameters if not p.shape and p.direction is Direction.IN]
    assert all(p.dtype is ElementType.F64 for p in scalars)
    arguments = [
        ctypes.c_double(float(arrays[p.name]))
        if p in scalars
        else ctypes.c_void_p(arrays[p.name].ctypes.data)
        for p in kernel.signature.parameters
    ]
    getattr(ctypes.CDLL(str(library)), kernel.name)(*arguments)
    return {p.name: arrays[p.name] for p in kernel.signature.parameters if p.direction is not Direction.IN}


def assert_equal(expected: Values, found: Values) -> None:
    """Bit by bit."""
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.fixture
def unchanged(tmp_path: Path) -> Callable[..., Kernel]:
    """Apply transformations; interpreter before = interpreter after = the C of the result."""

    def check(kernel: Kernel, *steps: Any) -> Kernel:
        given = inputs(kernel)
        expected = interpret(kernel, given)
        for step in steps:
            kernel = step.apply(kernel)
            assert_equal(expected, interpret(kernel, given))
        assert_equal(expected, by_gcc(kernel, given, tmp_path))
        return kernel

    return check


@pytest.fixture
def c_kernel() -> Callable[..., Kernel]:
    """``lower`` as a fixture."""
    return lower
