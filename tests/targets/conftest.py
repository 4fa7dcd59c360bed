"""Runs kernels in every target, and loads the corpus of C bodies."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    NamedConstant,
    Parameter,
    Signature,
    numpy_type,
    parse,
)
from aicompiler.transformations.kernels.passes import default_schedule

sys.path.insert(0, str(Path(__file__).resolve().parent))

from batches import UNITS, Run, Values, batch, call_native

CORPUS = Path(__file__).parent / "corpus"


def corpus_kernel(name: str, **extents: int) -> Kernel:
    """The kernel in ``corpus/NAME.c``: its first line gives constants and parameters."""
    head, body = (CORPUS / f"{name}.c").read_text().split("\n", 1)
    sizes, _, parameters = head.removeprefix("//").partition(":")
    constants = {k: int(v) for k, v in (pair.split("=") for pair in sizes.split())} | extents
    signature = Signature(
        f"{name}_step",
        tuple(_parameter(text.strip(), constants) for text in parameters.split(";")),
        tuple(NamedConstant(k, ElementType.I32, v) for k, v in constants.items()),
    )
    return parse(Behaviour(id=name, name=name, language="C", body=body), signature)


def _parameter(text: str, constants: Mapping[str, int]) -> Parameter:
    direction, dtype, declarator = text.split(" ")
    extents = tuple(re.findall(r"\[(\w+)\]", declarator))
    shape = tuple(constants[e] for e in extents)
    return Parameter(declarator.split("[")[0], ElementType(dtype), shape, Direction(direction), extents)


def random_inputs(kernel: Kernel, seed: int) -> Values:
    """Values for all IN and STATE parameters; signed ones small enough that sums do not overflow."""
    rng = np.random.default_rng(seed)
    return {p.name: _random(rng, p) for p in kernel.signature.parameters if p.direction is not Direction.OUT}


def _random(rng: np.random.Generator, parameter: Parameter) -> Any:
    dtype = numpy_type(parameter.dtype)
    if parameter.dtype is ElementType.BOOL:
        return rng.integers(0, 2, parameter.shape).astype(dtype)
    if parameter.dtype.is_float:
        return rng.normal(0, 3, parameter.shape).astype(dtype)
    limits = np.iinfo(dtype)
    low, high = max(-2000, int(limits.min)), int(limits.max)
    if parameter.dtype.is_signed:
        high = min(2000, high)
    return rng.integers(low, high, parameter.shape, dtype=dtype, endpoint=True)


def scheduled(target: str, kernel: Kernel) -> Kernel:
    """The kernel with the default schedule of the kind of unit that the target is for."""
    return default_schedule(kernel, UNITS[target])


@pytest.fixture(scope="session")
def kernels() -> Callable[..., Kernel]:
    """Loads a kernel of the corpus, at other extents if wanted."""
    return corpus_kernel


@pytest.fixture(scope="session")
def inputs() -> Callable[[Kernel, int], Values]:
    """Makes random inputs."""
    return random_inputs


@pytest.fixture(scope="session")
def call() -> Callable[[Path, Kernel, Values], Values]:
    """Runs one job of a kernel in a shared library."""
    return call_native


@pytest.fixture(scope="session")
def schedule() -> Callable[[str, Kernel], Kernel]:
    """Schedules a kernel for a target."""
    return scheduled


@pytest.fixture
def execute(tmp_path: Path) -> Callable[[str, Kernel, Values], Values]:
    """Runs one job of a kernel in a target; a kernel of a name is compiled once a test."""
    built: dict[tuple[str, str], Run] = {}

    def run(target: str, kernel: Kernel, inputs: Values) -> Values:
        key = target, kernel.name
        if key not in built:
            built[key] = batch(target, [kernel], tmp_path)
        return built[key](kernel, inputs)

    return run
