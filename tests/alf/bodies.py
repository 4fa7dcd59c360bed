"""Bodies as test material: the first line of a file declares its parameters, as in tests/kernels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aicompiler.metamodels.system import Behaviour, ElementType, Source
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
_PARAMETER = re.compile(r"(in|out|state) (\w+) (\w+)((?:\[\d+\])*)")
_CONSTANT = re.compile(r"const (\w+) (\w+) = (-?\d+)")


@dataclass(frozen=True)
class Body:
    """A text, its language, and the signature that its first line declares."""

    text: str
    signature: Signature
    language: str = "Alf"

    def kernel(self) -> Kernel:
        """The body lowered; it is said to begin in line 100 of a model."""
        place = Source(file="model.uml", qualified_name="Model::step", line=100)
        return parse(Behaviour(id="b", language=self.language, body=self.text, source=place), self.signature)


def signature_of(head: str, name: str) -> Signature:
    """The parameters and constants of a line such as ``// in u8 image[4][5], const i32 W = 5``."""
    parameters = tuple(
        Parameter(m[3], ElementType(m[2]), tuple(map(int, re.findall(r"\d+", m[4]))), Direction(m[1]))
        for m in _PARAMETER.finditer(head)
    )
    constants = (NamedConstant(m[2], ElementType(m[1]), int(m[3])) for m in _CONSTANT.finditer(head))
    return Signature(name, parameters, tuple(constants))


def read_body(path: Path, name: str = "") -> Body:
    """A body in Alf."""
    text = path.read_text(encoding="utf-8")
    return Body(text, signature_of(text.splitlines()[0], name or f"{path.stem}_step"))


def variant_of(path: Path) -> Body:
    """The same behaviour in C, with the same signature."""
    body = read_body(path)
    return Body(path.with_suffix(".c").read_text(encoding="utf-8"), body.signature, "C")


def random_inputs(signature: Signature, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Values for the IN and STATE parameters: all of a type where overflow is defined, else small ones."""
    return {
        p.name: _values(p, rng).reshape(p.shape)
        for p in signature.parameters
        if p.direction is not Direction.OUT
    }


def _values(parameter: Parameter, rng: np.random.Generator) -> np.ndarray:
    kind, count = np.dtype(numpy_type(parameter.dtype)), int(np.prod(parameter.shape, dtype=int))
    if parameter.dtype is ElementType.BOOL:
        return rng.integers(0, 2, count).astype(kind)
    if parameter.dtype.is_float:
        return (rng.integers(-40, 41, count) / 8 + rng.choice([0, 1e-3, 0.3], count)).astype(kind)
    info = np.iinfo(kind)
    if not parameter.dtype.is_signed:
        return rng.integers(0, info.max, count, dtype=kind, endpoint=True)
    return rng.integers(max(info.min, -2000), min(info.max, 2000), count).astype(kind)
