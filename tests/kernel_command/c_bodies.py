"""The corpus of C bodies, whose first line gives constants and parameters."""

from __future__ import annotations

import re
from pathlib import Path

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, NamedConstant, Parameter, Signature, parse


def c_kernels(folder: Path) -> list[Kernel]:
    """All kernels of a folder."""
    return [_kernel(path) for path in sorted(folder.glob("*.c"))]


def _kernel(path: Path) -> Kernel:
    head, _, body = path.read_text().partition("\n")
    sizes, _, listed = head.removeprefix("//").partition(":")
    constants = {k: int(v) for k, v in (pair.split("=") for pair in sizes.split())}
    parameters = []
    for text in listed.split(";"):
        direction, dtype, declarator = text.strip().split(" ")
        shape = tuple(constants[e] for e in re.findall(r"\[(\w+)\]", declarator))
        name = declarator.partition("[")[0]
        parameters.append(Parameter(name, ElementType(dtype), shape, Direction(direction)))
    named = tuple(NamedConstant(k, ElementType.I32, v) for k, v in constants.items())
    signature = Signature(f"{path.stem}_step", tuple(parameters), named)
    return parse(Behaviour(id=path.stem, name=path.stem, language="C", body=body), signature)
