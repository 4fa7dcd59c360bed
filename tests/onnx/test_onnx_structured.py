"""What numpy executes as a whole is bit for bit what the loops compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import Direction, Kernel, interpret, pack_kernel, unpack_kernel
from aicompiler.transformations.kernels.interpreter import _structured
from networks import kernel_of
from operator_cases import CASES
from xdsl.dialects import func

INTEGERS = {"casts", "gather_rows"}
"""Where not every float will do as an input."""


def marked(kernel: Kernel) -> set[str]:
    """The operations of a kernel that numpy may execute."""
    import json

    found = (
        op.attributes.get("aic.structured") for op in kernel.module.walk() if isinstance(op, func.FuncOp)
    )
    return {json.loads(text.data)["op"] for text in found if text is not None}  # type: ignore[attr-defined]


def values(kernel: Kernel, seed: int, special: bool) -> dict[str, Any]:
    """Random inputs; ``special`` puts NaN, infinities, zeros of both signs and denormals among them."""
    random = np.random.default_rng(seed)
    made = {}
    for p in kernel.signature.parameters:
        if p.direction is Direction.IN:
            made[p.name] = random.standard_normal(p.shape).astype(np.float32)
            if special:
                odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3e38], np.float32)
                flat = made[p.name].reshape(-1)
                flat[random.integers(0, flat.size, min(odd.size, flat.size))] = odd[
                    : min(odd.size, flat.size)
                ]
    return made


def test_whole_operations_compute_what_their_loops_compute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation that numpy knows, in all its cases: the same bits, any NaN for a NaN."""
    held: set[str] = set()
    for number, (name, build) in enumerate(CASES.items()):
        loops = kernel_of(build(), f"net_{name}", tmp_path)
        if name in INTEGERS or not (operations := marked(loops)):
            continue
        whole = unpack_kernel(pack_kernel(loops))
        for special in (False, True):
            inputs = values(loops, number, special)
            monkeypatch.setattr(_structured, "LEAST_WORK", 1 << 62)
            expected = interpret(loops, inputs)
            monkeypatch.setattr(_structured, "LEAST_WORK", 0)
            got = interpret(whole, inputs)
            for result, value in expected.items():
                np.testing.assert_array_equal(got[result], value, err_msg=f"{name}: {result}")
        held |= operations
    assert held == set(_structured.OPERATIONS), "an operation of numpy that no case has"
