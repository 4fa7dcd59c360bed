"""What lives across barriers, in the shapes that programs have it: as PoCL runs the same text."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import (
    Direction,
    NamedConstant,
    Parameter,
    Signature,
    interpret,
    parse,
)

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "targets"))

from gpu_originals import run_opencl

SIGNATURE = Signature(
    "f",
    (
        Parameter("x", ElementType.I32, (64,), Direction.IN),
        Parameter("y", ElementType.I32, (64,), Direction.OUT),
    ),
    (NamedConstant("N", ElementType.I32, 64),),
)
HEAD = "// aic: global_size = N; local_size = 16\n"
KERNEL = "__kernel void f(__global const int *x, __global int *y, int N)\n{\n%s\n}\n"
BODIES = {
    "a loop variable declared before its loop": """
    __local int part[16];
    int l = get_local_id(0), s;
    part[l] = x[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (s = 8; s > 0; s >>= 1) {
        if (l < s) part[l] += part[l + s];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    y[get_global_id(0)] = part[0] + s;""",
    "a private array": """
    __local int part[16];
    int l = get_local_id(0), mine[3];
    for (int k = 0; k < 3; k++) mine[k] = x[get_global_id(0)] * (k + 1);
    part[l] = mine[2];
    barrier(CLK_LOCAL_MEM_FENCE);
    y[get_global_id(0)] = mine[0] + mine[1] + part[15 - l];""",
    "a variable that changes on both sides": """
    __local int part[16];
    int l = get_local_id(0), sum = x[get_global_id(0)];
    for (int k = 0; k < 4; k++) {
        part[l] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
        sum += part[(l + k) % 16];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    y[get_global_id(0)] = sum;""",
    "a uniform branch around a barrier": """
    __local int part[16];
    int l = get_local_id(0);
    part[l] = x[get_global_id(0)];
    if (get_group_id(0) % 2 == 0) {
        barrier(CLK_LOCAL_MEM_FENCE);
        y[get_global_id(0)] = part[15 - l];
    } else {
        y[get_global_id(0)] = part[l];
    }""",
    "a shared scalar": """
    __local int first;
    if (get_local_id(0) == 0) first = x[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    y[get_global_id(0)] = first + N;""",
    "names that are declared twice": """
    __local int part[16];
    int l = get_local_id(0);
    { int v = x[get_global_id(0)]; part[l] = v * 2; }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int v = 0; v < 2; v++) { int w = part[(l + v) % 16]; y[get_global_id(0)] = w; }""",
    "a uniform return": """
    __local int part[16];
    int l = get_local_id(0);
    y[get_global_id(0)] = 7;
    if (get_group_id(0) == 1) return;
    part[l] = x[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    y[get_global_id(0)] = part[15 - l];""",
    "a return after the last barrier": """
    __local int part[16];
    int l = get_local_id(0);
    y[get_global_id(0)] = 5;
    part[l] = x[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l > 9) return;
    y[get_global_id(0)] = part[15 - l];""",
    "a struct and its members": """
    struct pair { int sum; int other; };
    __local int part[16];
    int l = get_local_id(0), sum = l;
    struct pair p;
    p.sum = x[get_global_id(0)];
    p.other = 2;
    part[l] = p.sum + sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    p.other += part[15 - l];
    y[get_global_id(0)] = p.sum + p.other + sum;""",
    "switch, break and continue": """
    __local int part[16];
    int l = get_local_id(0), n = 0;
    switch (l % 3) { case 0: n = 5; break; case 1: n = 7; break; default: n = 1; }
    for (int k = 0; k < 9; k++) { if (k == 2) continue; if (k > n) break; n += k; }
    part[l] = n;
    barrier(CLK_LOCAL_MEM_FENCE);
    y[get_global_id(0)] = part[(l + 1) % 16] - n + x[get_global_id(0)];""",
    "unsigned ids in differences": """
    uint l = get_local_id(0);
    int d = l - 3;
    size_t i = get_global_id(0);
    y[i] = (i - 1 < 5 ? x[i] : -x[i]) + d + (int)(l - 20 > 4u);""",
}


@pytest.mark.parametrize("title", BODIES)
def test_barriers_mean_what_pocl_makes_of_them(title: str) -> None:
    """The kernel, lowered and interpreted, gives what PoCL gives for the text as it stands."""
    text = HEAD + KERNEL % BODIES[title]
    values = {"x": np.random.default_rng(3).integers(-50, 50, 64).astype(np.int32)}
    kernel = parse(Behaviour(id="f", name="f", language="OpenCL C", body=text), SIGNATURE)
    expected = run_opencl("f", text, SIGNATURE, values, ((64,), (16,)))
    np.testing.assert_array_equal(interpret(kernel, values)["y"], expected["y"])
