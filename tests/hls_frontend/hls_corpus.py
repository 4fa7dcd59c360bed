"""The corpus of HLS C++ functions: the first line of each file gives constants and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, NamedConstant, Parameter, Signature
from aicompiler.transformations.kernels.frontends.hls import parse_with_notes

CORPUS = Path(__file__).parent / "corpus"


def hls_kernel(name: str) -> tuple[Kernel, tuple[Diagnostic, ...]]:
    """A function of the corpus, and the notes on its pragmas."""
    head, _, body = (CORPUS / f"{name}.cpp").read_text().partition("\n")
    sizes, _, parameters = head.removeprefix("//").partition(":")
    constants = {k: int(v) for k, v in (pair.split("=") for pair in sizes.split())}
    signature = Signature(
        name,
        tuple(_parameter(text.strip(), constants) for text in parameters.split(";")),
        tuple(NamedConstant(k, ElementType.I32, v) for k, v in constants.items()),
    )
    return parse_with_notes(Behaviour(id=name, name=name, language="HLS C++", body=f"\n{body}"), signature)


def _parameter(text: str, constants: Mapping[str, int]) -> Parameter:
    direction, dtype, declarator = text.split(" ")
    extents = tuple(re.findall(r"\[(\w+)\]", declarator))
    shape = tuple(constants[e] for e in extents)
    return Parameter(declarator.split("[")[0], ElementType(dtype), shape, Direction(direction), extents)
