"""The emitted C and C++ run clean under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels import Direction, Kernel, numpy_type
from aicompiler.transformations.kernels.interpreter import interpret

CORPUS = sorted(p.stem for p in (Path(__file__).parent / "corpus").glob("*.c"))
COMPILERS = {"c": ["gcc", "-std=c11"], "hls": ["g++", "-std=c++17", "-Wno-unknown-pragmas"]}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
FLAGS = ["-O0", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def driver(kernels: list[Kernel]) -> str:
    """A program that reads all parameters of all kernels, calls them, and writes what they wrote.

    Every parameter has memory of its own of exactly its size, so that the sanitizer sees each wrong access.
    """
    lines = ["#include <stdio.h>", "#include <stdlib.h>"]
    lines += [f'#include "{k.name}.h"' for k in kernels]
    lines += ["static void *take(size_t size) {", "    void *p = malloc(size);"]
    lines += ["    if (fread(p, 1, size, stdin) != size) exit(9);", "    return p;", "}", "int main(void) {"]
    for n, kernel in enumerate(kernels):
        arguments = []
        for p in kernel.signature.parameters:
            c_type = "uint8_t" if p.dtype is ElementType.BOOL else c_name(p.dtype)
            lines.append(f"    {c_type} *{p.name}_{n} = ({c_type} *)take({p.bytes});")
            by_value = p.direction is Direction.IN and not p.shape
            arguments.append(f"{'*' * by_value}{p.name}_{n}")
        lines.append(f"    {kernel.name}({', '.join(arguments)});")
        for p in kernel.signature.parameters:
            if p.direction is not Direction.IN:
                lines.append(f"    fwrite({p.name}_{n}, 1, {p.bytes}, stdout);")
            lines.append(f"    free({p.name}_{n});")
    return "\n".join([*lines, "    return 0;", "}", ""])


def c_name(dtype: ElementType) -> str:
    if dtype.is_float:
        return "float" if dtype is ElementType.F32 else "double"
    return f"{'' if dtype.is_signed else 'u'}int{dtype.bytes * 8}_t"


@pytest.mark.parametrize("target", sorted(COMPILERS))
def test_corpus_is_clean_under_sanitizers(
    target: str, kernels: Callable[[str], Kernel], inputs: Any, schedule: Any, tmp_path: Path
) -> None:
    """All kernels of the corpus, in one program, end without a report and with the interpreter's bytes."""
    every = [kernels(name) for name in CORPUS]
    sources, given, expected = [], b"", b""
    for kernel in every:
        for file in TARGETS.load(target)().emit(schedule(target, kernel), None):
            path = tmp_path / Path(file.path).name
            path.write_bytes(file.content)
            sources += [path] if path.suffix in {".c", ".cpp"} else []
        values = inputs(kernel, 5)
        for p in kernel.signature.parameters:
            dtype = np.uint8 if p.dtype is ElementType.BOOL else numpy_type(p.dtype)
            given += np.asarray(values.get(p.name, np.zeros(p.shape)), dtype=dtype).tobytes()
        results = interpret(kernel, values)
        written = (p for p in kernel.signature.parameters if p.direction is not Direction.IN)
        expected += b"".join(results[p.name].astype(numpy_type(p.dtype)).tobytes() for p in written)
    main = tmp_path / f"main{'.c' if target == 'c' else '.cpp'}"
    main.write_text(driver(every))
    program = tmp_path / "program"
    command = [
        *COMPILERS[target],
        "-Wall",
        "-Wextra",
        "-Werror",
        *FLAGS,
        main,
        *sources,
        "-o",
        program,
        "-lm",
    ]
    subprocess.run(command, check=True)
    done = subprocess.run([program], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == expected
