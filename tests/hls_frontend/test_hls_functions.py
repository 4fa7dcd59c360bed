"""Functions in HLS C++ mean what their text says, in every target, and their pragmas start the schedule."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.hls_check import check_hls
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import Behaviour, ElementType, Source
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    Parameter,
    Partition,
    Pipeline,
    Signature,
    Unroll,
    interpret,
    numpy_type,
    parse,
)
from aicompiler.transformations.kernels.passes import circuit, default_schedule

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "targets"))

from batches import UNITS, batch
from hls_corpus import CORPUS, hls_kernel

NAMES = sorted(p.stem for p in CORPUS.glob("*.cpp"))


def _values(kernel: Kernel, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    values = {}
    for p in kernel.signature.parameters:
        if p.direction is not Direction.OUT:
            drawn = rng.normal(0, 3, p.shape) if p.dtype.is_float else rng.integers(0, 200, p.shape)
            values[p.name] = np.asarray(drawn).astype(numpy_type(p.dtype))
    return values


def _fir(x: Any) -> Any:
    """What fir.cpp computes, in numpy: eight taps, divided by 16, rounded down."""
    taps = np.array([1, 3, 5, 7, 7, 5, 3, 1])
    return np.convolve(x.astype(np.int64), taps)[: len(x)] >> 4


def test_fir_is_a_convolution() -> None:
    """The filter gives what numpy's convolution gives."""
    kernel, _ = hls_kernel("fir")
    values = _values(kernel, 3)
    np.testing.assert_array_equal(interpret(kernel, values)["y"], _fir(values["x"]))


def test_streams_are_read_in_order() -> None:
    """The mean of each row of a streamed picture, read pixel by pixel."""
    kernel, _ = hls_kernel("rows")
    values = _values(kernel, 4)
    expected = values["pixels"].astype(np.float32).sum(axis=1) / np.float32(20)
    np.testing.assert_array_equal(interpret(kernel, values)["mean"], expected)


def test_overloads_are_those_of_cxx() -> None:
    """``std::sqrt`` of a float is a float, not a double that is rounded twice."""
    kernel, _ = hls_kernel("gain")
    values = _values(kernel, 5)
    got = interpret(kernel, values)
    scaled = np.abs(values["x"] * values["factor"])
    np.testing.assert_array_equal(got["y"], np.sqrt(scaled))
    assert got["peak"] == max(scaled.max(), values["peak"])
    assert "f64" not in str(kernel.module)


@pytest.mark.parametrize("target", list(TARGETS))
def test_every_target_gives_the_interpreters_results(target: str, tmp_path: Path) -> None:
    """All functions of the corpus, with their wishes scheduled, in every target."""
    plain = [hls_kernel(name)[0] for name in NAMES]
    scheduled = {k.name: default_schedule(k, UNITS[target]) for k in plain}
    run = batch(target, list(scheduled.values()), tmp_path)
    for number, kernel in enumerate(plain):
        values = _values(kernel, number)
        expected, got = interpret(kernel, values), run(scheduled[kernel.name], values)
        for name, value in expected.items():
            np.testing.assert_array_equal(got[name], value, err_msg=f"{kernel.name}.{name}")


def test_pragmas_become_wishes() -> None:
    """PIPELINE, UNROLL and ARRAY_PARTITION name the loops and arrays that they stand in."""
    fir, gain = hls_kernel("fir")[0].schedule, hls_kernel("gain")[0].schedule
    assert fir.pipelines == (Pipeline("L1", 2),)
    assert fir.unrolls == (Unroll("L0", 0),)
    assert fir.partitions == (Partition("window", 0, 0),)
    assert gain.partitions == (Partition("x", 0, 4), Partition("y", 0, 4))
    assert gain.unrolls == (Unroll("L1", 4),)


def test_possible_wishes_are_kept() -> None:
    """An interval longer than needed stays, and so does a split; the rest is the usual schedule."""
    schedule = default_schedule(hls_kernel("fir")[0], UNITS["hls"]).schedule
    assert Pipeline("L1", 2) in schedule.pipelines
    assert Partition("window", 0, 0) in schedule.partitions
    assert Unroll("L2", 0) in schedule.unrolls  # a loop inside a pipeline


def test_impossible_intervals_are_raised() -> None:
    """Four square roots and the maximum that each iteration needs of the last: one cycle is not enough."""
    (pipeline,) = default_schedule(hls_kernel("gain")[0], UNITS["hls"]).schedule.pipelines
    assert pipeline.loop == "L0" and pipeline.interval > 1


@pytest.mark.parametrize("name", NAMES)
def test_the_check_of_emitted_text_accepts_the_schedule(name: str) -> None:
    """What is emitted with the wishes passes the independent check, and has a circuit."""
    kernel = default_schedule(hls_kernel(name)[0], UNITS["hls"])
    text = TARGETS.load("hls")().emit(kernel, UNITS["hls"])[0].content.decode()
    assert check_hls(text, "", kernel.schedule) == ()
    assert circuit(kernel, UNITS["hls"]).cycles > 1


def test_pragmas_without_effect_are_noted() -> None:
    """DATAFLOW has a note with its line; INTERFACE, which the tool writes itself, has none."""
    _, notes = hls_kernel("rows")
    assert [(n.source.line if n.source else 0, n.message.split(" is ")[0]) for n in notes] == [
        (12, "#pragma HLS DATAFLOW")
    ]
    assert hls_kernel("fir")[1] == ()


def test_refusals_have_their_messages(golden: Callable[[str, str], None]) -> None:
    """Every refused function gives its line, its construct and an advice."""
    parameters = (
        Parameter("x", ElementType.I32, (64,), Direction.IN),
        Parameter("y", ElementType.I32, (64,), Direction.OUT),
    )
    lines = []
    for part in (Path(__file__).parent / "refused.cpp").read_text().split("=== ")[1:]:
        title, _, text = part.partition("\n")
        place = Source(file="f", line=1)
        behaviour = Behaviour(id="f", name="f", language="HLS C++", body=text, source=place)
        with pytest.raises(ModelError) as caught:
            parse(behaviour, Signature("f", parameters))
        lines += [title, *(f"    {d}" for d in caught.value.diagnostics)]
    assert len(lines) >= 30
    golden("hls_frontend/refusals.txt", "\n".join(lines) + "\n")
