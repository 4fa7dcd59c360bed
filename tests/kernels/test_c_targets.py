"""Every accepted body means the same in every target: random inputs, extremes and special floats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import InterpretationError, Kernel, compile_python
from aicompiler.transformations.kernels.passes import default_schedule

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "targets"))

from batches import UNITS, batch

CORPUS = Path(__file__).parent / "corpus" / "accepted"
INPUTS = 12
Case = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> list[tuple[Kernel, list[Case]]]:
    """Each kernel with inputs for which it is defined, and what gcc makes of its body there."""
    body_of, inputs_for = request.getfixturevalue("body_of"), request.getfixturevalue("inputs_for")
    reference = request.getfixturevalue("reference")
    return [_cases(path, body_of, inputs_for, reference) for path in sorted(CORPUS.glob("*.c"))]


def _cases(path: Path, body_of: Any, inputs_for: Any, reference: Any) -> tuple[Kernel, list[Case]]:
    body = body_of(path.read_text(encoding="utf-8"), f"{path.stem}_step")
    kernel, expected = body.kernel(), reference(body)
    run, rng, found = compile_python(kernel), np.random.default_rng(3), []
    for _ in range(200):
        inputs = inputs_for(body.signature, rng)
        if (want := expected(inputs)) is None:
            with pytest.raises(InterpretationError):
                run(inputs)
            continue
        _same(run(inputs), want, path.stem)
        found.append((inputs, want))
        if len(found) == INPUTS:
            return kernel, found
    raise AssertionError(f"hardly any input of {path.stem} is defined")


def _same(got: dict[str, Any], want: dict[str, Any], context: str) -> None:
    for name, array in want.items():
        np.testing.assert_array_equal(got[name], array, err_msg=f"{name} of {context}")


@pytest.mark.parametrize("target", ["c", "llvm", "opencl", "hls"])
def test_the_corpus_agrees(target: str, cases: list[tuple[Kernel, list[Case]]], tmp_path: Path) -> None:
    """gcc's results of the body itself, on the same bits, from the kernel scheduled for the target."""
    kernels = [default_schedule(kernel, UNITS[target]) for kernel, _ in cases]
    run = batch(target, kernels, tmp_path)
    for kernel, (_, runs) in zip(kernels, cases, strict=True):
        for inputs, want in runs:
            _same(run(kernel, inputs), want, f"{kernel.name} in {target}")
