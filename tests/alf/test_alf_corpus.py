"""Accepted Alf bodies compute what the same behaviour in C does, in every target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import InterpretationError, Kernel
from aicompiler.transformations.kernels.interpreter import interpret
from aicompiler.transformations.kernels.passes import default_schedule
from batches import UNITS, Run, batch
from bodies import CORPUS, random_inputs, read_body, variant_of

BODIES = sorted((CORPUS / "accepted").glob("*.alf"))
TARGETS = ("c", "llvm", "opencl", "hls")
JOBS = 40


@pytest.fixture(scope="module")
def kernels() -> dict[str, Kernel]:
    """Every body of the corpus, lowered."""
    return {path.stem: read_body(path).kernel() for path in BODIES}


@pytest.fixture(scope="module")
def runs(kernels: dict[str, Kernel], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All bodies as one program a target."""
    folder = tmp_path_factory.mktemp("alf")
    return {t: batch(t, [default_schedule(k, UNITS[t]) for k in kernels.values()], folder) for t in TARGETS}


def assert_same(expected: dict[str, Any], got: dict[str, Any]) -> None:
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_corpus_is_there() -> None:
    """Every accepted body has its variant in C."""
    assert len(BODIES) >= 9
    assert all(p.with_suffix(".c").exists() for p in BODIES)


@pytest.mark.parametrize("path", BODIES, ids=lambda p: p.stem)
def test_variant_in_c_gives_the_same(path: Path, kernels: dict[str, Kernel]) -> None:
    """On random inputs the interpreter gives the same bits for both languages, or an error for both."""
    kernel, variant = kernels[path.stem], variant_of(path).kernel()
    rng, compared = np.random.default_rng(5), 0
    for _ in range(JOBS):
        inputs = random_inputs(kernel.signature, rng)
        try:
            expected = interpret(variant, inputs)
        except InterpretationError:
            with pytest.raises(InterpretationError):
                interpret(kernel, inputs)
            continue
        assert_same(expected, interpret(kernel, inputs))
        compared += 1
    assert compared > JOBS // 2


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", BODIES, ids=lambda p: p.stem)
def test_targets_give_the_interpreters_results(
    path: Path, target: str, kernels: dict[str, Kernel], runs: dict[str, Run]
) -> None:
    """The same bits on random inputs on which the body is defined."""
    kernel = kernels[path.stem]
    rng, compared = np.random.default_rng(9), 0
    while compared < 3:
        inputs = random_inputs(kernel.signature, rng)
        try:
            expected = interpret(kernel, inputs)
        except InterpretationError:
            continue
        scheduled = default_schedule(kernel, UNITS[target])
        assert_same(expected, runs[target](scheduled, inputs))
        compared += 1
