"""The corpus of GPU kernels: each in OpenCL C, CUDA C++ and C, with one signature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
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

CORPUS = Path(__file__).parent / "corpus"
LANGUAGES = {"c": "C", "cl": "OpenCL C", "cu": "CUDA C++"}


def signature(name: str) -> Signature:
    """The signature in the first line of ``corpus/NAME.c``."""
    head = (CORPUS / f"{name}.c").read_text().partition("\n")[0]
    sizes, _, parameters = head.removeprefix("//").partition(":")
    constants = {k: int(v) for k, v in (pair.split("=") for pair in sizes.split())}
    return Signature(
        name,
        tuple(_parameter(text.strip(), constants) for text in parameters.split(";")),
        tuple(NamedConstant(k, ElementType.I32, v) for k, v in constants.items()),
    )


def _parameter(text: str, constants: Mapping[str, int]) -> Parameter:
    direction, dtype, declarator = text.split(" ")
    extents = tuple(re.findall(r"\[(\w+)\]", declarator))
    shape = tuple(constants[e] for e in extents)
    return Parameter(declarator.split("[")[0], ElementType(dtype), shape, Direction(direction), extents)


def text(name: str, extension: str) -> str:
    """The text of a kernel; that of C without the line of the signature, which stays empty."""
    found = (CORPUS / f"{name}.{extension}").read_text()
    return "\n" + found.partition("\n")[2] if extension == "c" else found


@cache
def kernel(name: str, extension: str, alone: bool = False) -> Kernel:
    """A kernel of the corpus; ``alone``: under a name that no other variant has."""
    own = signature(name)
    own = replace(own, name=f"{name}_{extension}") if alone else own
    language = LANGUAGES[extension]
    return parse(Behaviour(id=name, name=name, language=language, body=text(name, extension)), own)


def inputs(own: Signature, seed: int) -> dict[str, Any]:
    """Random values of all inputs; integers small enough that sums do not overflow."""
    rng = np.random.default_rng(seed)
    values = {}
    for p in own.parameters:
        if p.direction is Direction.OUT:
            continue
        dtype = numpy_type(p.dtype)
        drawn = rng.normal(0, 3, p.shape) if p.dtype.is_float else rng.integers(0, 200, p.shape)
        values[p.name] = drawn.astype(dtype)
    return values
