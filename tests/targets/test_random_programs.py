"""Random programs full of carried variables, nested conditions and loops mean the same as C."""

from __future__ import annotations

import ctypes
import random
import subprocess
from pathlib import Path

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, parse
from aicompiler.transformations.kernels.interpreter import interpret

VARIABLES = ["a", "b", "c", "d"]
SIGNATURE = (
    Parameter("x", ElementType.U32, (8,), Direction.IN),
    Parameter("m", ElementType.U8, (8,), Direction.STATE),
    Parameter("r", ElementType.U32, (4,), Direction.OUT),
)


class Writer:
    """Writes a random body over unsigned variables, so that nothing in it is undefined."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loops = 0
        self.counters: list[str] = []

    def body(self) -> str:
        """The inside of the step function."""
        head = " ".join(f"uint32_t {v} = x[{i}];" for i, v in enumerate(VARIABLES))
        tail = " ".join(f"r[{i}] = {v};" for i, v in enumerate(VARIABLES))
        return f"{head}\n{self.statements(3, 5)}\n{tail}"

    def statements(self, depth: int, most: int) -> str:
        """One to ``most`` statements."""
        return "\n".join(self.statement(depth) for _ in range(self.random.randint(1, most)))

    def statement(self, depth: int) -> str:
        """A statement with blocks at most ``depth`` deep."""
        pick = self.random
        kind = pick.choice(
            ["set", "set", "swap", "store", "if", "if", "for", "while"] if depth else ["set", "store"]
        )
        one, two = pick.sample(VARIABLES, 2)
        match kind:
            case "set":
                return f"{one} = {self.value(2)};"
            case "swap":
                return f"{{ uint32_t t = {one}; {one} = {two}; {two} = t; }}"
            case "store":
                return f"m[{self.value(1)} & 7u] = (uint8_t)({self.value(2)});"
            case "if":
                other = f" else {{ {self.statements(depth - 1, 2)} }}" if pick.random() < 0.6 else ""
                return f"if ({self.condition()}) {{ {self.statements(depth - 1, 2)} }}{other}"
            case _:
                return self.loop(kind, depth)

    def loop(self, kind: str, depth: int) -> str:
        """A loop that ends."""
        name = f"i{self.loops}"
        self.loops += 1
        self.counters.append(name)
        inner = self.statements(depth - 1, 3)
        self.counters.pop()
        if kind == "for":
            return f"for (int {name} = 0; {name} < {self.random.randint(1, 3)}; {name}++) {{ {inner} }}"
        guard = f"{name} < 4 && ({self.condition()})"
        if self.random.random() < 0.5:
            return f"int {name} = 0; while ({guard}) {{ {inner} {name}++; }}"
        return f"int {name} = 0; do {{ {inner} {name}++; }} while ({guard});"

    def condition(self) -> str:
        """A condition."""
        test = f"{self.value(1)} {self.random.choice(['<', '>', '==', '!=', '<=', '>='])} {self.value(1)}"
        return (
            f"({test}) {self.random.choice(['&&', '||'])} ({self.condition()})"
            if self.random.random() < 0.2
            else test
        )

    def value(self, depth: int) -> str:
        """An expression."""
        pick = self.random
        leaves = [
            *VARIABLES,
            f"{pick.randint(0, 9)}u",
            f"m[{pick.randint(0, 7)}]",
            f"x[{pick.choice(VARIABLES)} & 7u]",
        ]
        leaves += [f"(uint32_t){c}" for c in self.counters]
        if depth == 0 or pick.random() < 0.3:
            return pick.choice(leaves)
        left, right = self.value(depth - 1), self.value(depth - 1)
        if pick.random() < 0.15:
            return f"({self.condition()} ? {left} : {right})"
        operator = pick.choice(["+", "-", "*", "^", "&", "|", ">>"])
        return f"({left} {operator} ({right} & 15u))" if operator == ">>" else f"({left} {operator} {right})"


def program(seed: int) -> Kernel:
    body = Writer(seed).body()
    behaviour = Behaviour(id=f"p{seed}", name=f"p{seed}", language="C", body=body)
    return parse(behaviour, Signature(f"program{seed}_step", SIGNATURE))


def compare(seeds: range, folder: Path) -> None:
    """All programs in one library, each called on three inputs."""
    kernels = [program(seed) for seed in seeds]
    sources = []
    for kernel in kernels:
        for file in TARGETS.load("c")().emit(kernel, None):
            path = folder / Path(file.path).name
            path.write_bytes(file.content)
            sources += [path] if path.suffix == ".c" else []
    library = folder / "programs.so"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, *sources, "-o", library], check=True)
    loaded = ctypes.CDLL(str(library))
    for kernel in kernels:
        for round_ in range(3):
            rng = np.random.default_rng(round_)
            x, m = (
                rng.integers(0, 2**32, 8, dtype=np.uint32) >> (8 * round_),
                rng.integers(0, 256, 8, dtype=np.uint8),
            )
            expected = interpret(kernel, {"x": x, "m": m})
            r = np.zeros(4, np.uint32)
            getattr(loaded, kernel.name)(*(ctypes.c_void_p(array.ctypes.data) for array in (x, m, r)))
            assert (r.tolist(), m.tolist()) == (expected["r"].tolist(), expected["m"].tolist()), kernel.name


def test_random_programs_agree(tmp_path: Path) -> None:
    """Twenty-five random programs compile without a warning and compute what the interpreter computes."""
    compare(range(25), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("start", range(1000, 3000, 100))
def test_many_random_programs_agree(start: int, tmp_path: Path) -> None:
    """Two thousand more."""
    compare(range(start, start + 100), tmp_path)
