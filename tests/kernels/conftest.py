"""Bodies as test material: files that declare their parameters, and the same body compiled by gcc.

A body's file begins with its parameters, such as ``// in u8 image[4][5], out i32 total, const i32 W = 5``.
The reference is gcc with its undefined-behaviour checks, whose reports end the run instead of printing.
"""

from __future__ import annotations

import ctypes
import math
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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

Arrays = dict[str, np.ndarray[Any, Any]]
Reference = Callable[[Mapping[str, Any]], "Arrays | None"]

_PARAMETER = re.compile(r"(in|out|state) (\w+) (\w+)((?:\[\d+\])*)")
_CONSTANT = re.compile(r"const (\w+) (\w+) = ([-\w.]+)")
C_TYPES = {
    t: {"bool": "_Bool", "f32": "float", "f64": "double"}.get(
        t.value, f"{'' if t.is_signed else 'u'}int{8 * t.bytes}_t"
    )
    for t in ElementType
}
# What gcc calls on undefined behaviour: here they leave the body.
_HANDLERS = """
#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#define KEEP(x) ({ volatile __auto_type kept = (x); kept; })  // no folding across
static jmp_buf aic_out;
#define AIC_HANDLER(name) void __ubsan_handle_##name(void) { longjmp(aic_out, 1); }
AIC_HANDLER(add_overflow) AIC_HANDLER(sub_overflow) AIC_HANDLER(mul_overflow) AIC_HANDLER(negate_overflow)
AIC_HANDLER(divrem_overflow) AIC_HANDLER(shift_out_of_bounds) AIC_HANDLER(float_cast_overflow)
AIC_HANDLER(out_of_bounds) AIC_HANDLER(type_mismatch_v1) AIC_HANDLER(pointer_overflow)
AIC_HANDLER(load_invalid_value) AIC_HANDLER(vla_bound_not_positive) AIC_HANDLER(builtin_unreachable)
AIC_HANDLER(nonnull_arg) AIC_HANDLER(invalid_builtin)
"""


@dataclass(frozen=True)
class Body:
    """The text of a body and the signature that its first line declares."""

    text: str
    signature: Signature

    def kernel(self, **extents: int) -> Kernel:
        """The body lowered by the front end."""
        place = Source(file="model.uml", qualified_name="Model::step", line=100)
        text = self.text.replace("KEEP(", "(")
        behaviour = Behaviour(id="b", language="C", body=text, source=place)
        return parse(behaviour, self.signature.at(**extents))


def read_body(text: str, name: str = "kernel") -> Body:
    """A body whose first line declares its parameters."""
    head = text.splitlines()[0]
    parameters = tuple(
        Parameter(m[3], ElementType(m[2]), tuple(map(int, re.findall(r"\d+", m[4]))), Direction(m[1]))
        for m in _PARAMETER.finditer(head)
    )
    constants = tuple(
        NamedConstant(m[2], ElementType(m[1]), float(m[3]) if m[1][0] == "f" else int(m[3]))
        for m in _CONSTANT.finditer(head)
    )
    return Body(text, Signature(name, parameters, constants))


def _c_source(name: str, body: Body) -> str:
    """The body as a C function and a wrapper that takes an array of pointers."""
    functions, _, statements = body.text.rpartition("// step\n")
    lines = [f"enum {{ {c.name} = {c.value} }};" for c in body.signature.constants if not c.dtype.is_float]
    lines += [
        f"#define {c.name} (({C_TYPES[c.dtype]}){c.value})"
        for c in body.signature.constants
        if c.dtype.is_float
    ]
    formals, actuals, names = [], [], []
    for i, p in enumerate(body.signature.parameters):
        kind = C_TYPES[p.dtype]
        inner = "".join(f"[{n}]" for n in p.shape[1:])
        if p.shape:
            formals.append(f"{kind} {p.name}[{p.shape[0]}]{inner}")
            actuals.append(f"({kind} (*){inner})p[{i}]" if inner else f"({kind} *)p[{i}]")
        elif p.direction is Direction.IN:
            formals.append(f"{kind} {p.name}")
            actuals.append(f"*({kind} *)p[{i}]")
        else:
            formals.append(f"{kind} *{p.name}_p")
            actuals.append(f"({kind} *)p[{i}]")
            names.append(p.name)
    defines = [f"#define {n} (*{n}_p)" for n in names]
    undefines = [f"#undef {n}" for n in names]
    step = f"static void step_{name}({', '.join(formals)}) {{\n{statements}\n}}"
    guarded = f"if (setjmp(aic_out)) return 1; step_{name}({', '.join(actuals)}); return 0;"
    call = f"int {name}(void **p) {{ {guarded} }}"
    return "\n".join([_HANDLERS, *lines, functions, *defines, step, *undefines, call])


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Body], Reference]]:
    """Compile a body with gcc: inputs -> outputs, or ``None`` where it runs into undefined behaviour."""
    if (gcc := shutil.which("gcc")) is None:
        pytest.skip("needs gcc")
    folder = tmp_path_factory.mktemp("gcc")
    count = 0

    def build(body: Body) -> Reference:
        nonlocal count
        count += 1
        source = folder / f"case{count}.c"
        source.write_text(_c_source("run", body))
        checks = "-fsanitize=undefined,float-cast-overflow"
        flags = ["-std=c11", "-O0", "-w", "-ffp-contract=off", "-fPIC", checks, "-fno-sanitize=vptr"]
        subprocess.run([gcc, *flags, "-c", source.name, "-o", f"case{count}.o"], cwd=folder, check=True)
        shared = folder / f"case{count}.so"
        subprocess.run([gcc, "-shared", f"case{count}.o", "-o", shared.name, "-lm"], cwd=folder, check=True)
        return _caller(body, ctypes.CDLL(str(shared)).run)

    yield build


def _caller(body: Body, function: Callable[..., int]) -> Reference:
    def call(inputs: Mapping[str, Any]) -> Arrays | None:
        memory = {
            p.name: np.array(inputs.get(p.name, np.zeros(p.shape)), dtype=numpy_type(p.dtype), order="C")
            for p in body.signature.parameters
        }
        pointers = (ctypes.c_void_p * len(memory))(*(a.ctypes.data for a in memory.values()))
        if function(pointers):
            return None
        return {p.name: memory[p.name] for p in body.signature.parameters if p.direction is not Direction.IN}

    return call


def random_inputs(signature: Signature, rng: np.random.Generator) -> Arrays:
    """Values for the IN and STATE parameters: small ones, extremes and anything."""
    return {
        p.name: random_values(p.dtype, math.prod(p.shape), rng).reshape(p.shape)
        for p in signature.parameters
        if p.direction is not Direction.OUT
    }


def random_values(dtype: ElementType, count: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """``count`` values of a type, a third of them small and a third extreme."""
    kind = np.dtype(numpy_type(dtype))
    if dtype is ElementType.BOOL:
        return rng.integers(0, 2, count).astype(kind)
    if dtype.is_float:
        small, wide = (
            rng.integers(-8, 9, count) / 2,
            rng.normal(0, 1, count) * 10.0 ** rng.integers(-9, 12, count),
        )
        edges = rng.choice(
            [0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 1e30, 2147483648.0, 1e-40, -3e-310],
            count,
        )
        return np.choose(rng.integers(0, 3, count), [small, wide, edges]).astype(kind)
    info = np.iinfo(kind)
    small = rng.integers(max(info.min, -9), 10, count)
    wide = rng.integers(info.min, info.max, count, dtype=kind, endpoint=True)
    candidates = [info.min, info.max, 0, 1, 31, 32, 63, 64]
    edges = rng.choice(np.array([v for v in candidates if info.min <= v <= info.max], dtype=kind), count)
    columns = (small, wide, edges)
    picked = rng.integers(0, 3, count)
    return np.array([int(columns[k][i]) for i, k in enumerate(picked)], dtype=kind)


@pytest.fixture(scope="session")
def body_of() -> Callable[..., Body]:
    """Read a body from its text; the first line declares the parameters."""
    return read_body


@pytest.fixture(scope="session")
def inputs_for() -> Callable[[Signature, np.random.Generator], Arrays]:
    """Random inputs for a signature."""
    return random_inputs


@pytest.fixture
def corpus() -> Path:
    """The folder of bodies."""
    return Path(__file__).parent / "corpus"
