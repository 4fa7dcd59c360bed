"""Kernels in OpenCL C and CUDA C++ compute what their original texts compute, in every target."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS
from aicompiler.transformations.kernels import interpret
from aicompiler.transformations.kernels.passes import Parallel, default_schedule, parallel_loops

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "targets"))

from batches import UNITS, batch
from gpu_corpus import CORPUS, inputs, kernel, signature, text
from gpu_originals import SPACES, build_cuda, run_cuda, run_opencl

NAMES = sorted(p.stem for p in CORPUS.glob("*.c"))
VARIANTS = [(name, extension) for name in NAMES for extension in ("cl", "cu")]


def same(expected: dict[str, Any], got: dict[str, Any]) -> None:
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


@cache
def expected(name: str, extension: str) -> dict[str, Any]:
    """What the interpreter computes."""
    own = kernel(name, extension, alone=True)
    return interpret(own, inputs(own.signature, 13))


def test_there_is_something_to_compare() -> None:
    """Every kernel is there in three languages, with an index space for its original."""
    assert len(NAMES) >= 7 and set(NAMES) == set(SPACES)
    assert all((CORPUS / f"{n}.{e}").exists() for n, e in VARIANTS)


@pytest.mark.parametrize("name", NAMES)
def test_variants_are_equal(name: str) -> None:
    """OpenCL C, CUDA C++ and C give the same bits for the same inputs."""
    values = inputs(signature(name), 5)
    expected = interpret(kernel(name, "c"), values)
    for extension in ("cl", "cu"):
        same(expected, interpret(kernel(name, extension), values))


@pytest.mark.parametrize("name", NAMES)
def test_pocl_runs_the_original_with_the_same_result(name: str) -> None:
    """PoCL, given the original text, computes what the interpreter computes from ours."""
    own = signature(name)
    values = inputs(own, 7)
    same(run_opencl(name, text(name, "cl"), own, values), interpret(kernel(name, "cl"), values))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_cuda(NAMES, [text(n, "cu") for n in NAMES], tmp_path_factory.mktemp("originals"))


@pytest.mark.parametrize("name", NAMES)
def test_the_original_cuda_text_has_the_same_result(name: str, originals: Path) -> None:
    """The original CUDA text, each thread a fiber, computes what the interpreter computes from ours."""
    own = signature(name)
    values = inputs(own, 11)
    got = run_cuda(name, text(name, "cu"), originals, own, values)
    same(got, interpret(kernel(name, "cu"), values))


@pytest.mark.parametrize("target", list(TARGETS))
def test_every_target_gives_the_interpreters_results(target: str, tmp_path: Path) -> None:
    """All kernels of the corpus, in both languages, compiled as one program for each target."""
    plain = {f"{n}_{e}": kernel(n, e, alone=True) for n, e in VARIANTS}
    scheduled = {name: default_schedule(k, UNITS[target]) for name, k in plain.items()}
    run = batch(target, list(scheduled.values()), tmp_path)
    for (stem, extension), (name, own) in zip(VARIANTS, plain.items(), strict=True):
        same(expected(stem, extension), run(scheduled[name], inputs(own.signature, 13)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("extension", ["cl", "cu"])
def test_work_items_are_found_parallel(name: str, extension: str) -> None:
    """The loops over the index space (over groups, where there are barriers) are parallel by analysis."""
    verdicts = parallel_loops(kernel(name, extension))
    for dimension in range(len(SPACES[name][0])):
        assert isinstance(verdicts[f"L{dimension}"], Parallel), str(verdicts[f"L{dimension}"])
