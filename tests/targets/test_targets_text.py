"""What the emitted text looks like, how it is launched, and what the targets refuse."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aicompiler.codegen.targets import TARGETS, Launch, UnsupportedSchedule, launches
from aicompiler.transformations.kernels import Kernel, Partition, Phase, Schedule

GOLDEN = ["blur", "functions", "collatz"]
LoadKernel = Callable[..., Kernel]


def emitted(target: str, kernel: Kernel) -> dict[str, str]:
    files = TARGETS.load(target)().emit(kernel, None)
    return {f.path: f.content.decode() for f in files if not f.path.endswith(".o")}


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("name", GOLDEN)
def test_text_is_as_reviewed(name: str, target: str, kernels: LoadKernel, schedule: Any, golden: Any) -> None:
    """Sources and headers of three kernels are those that were reviewed."""
    for path, text in emitted(target, schedule(target, kernels(name))).items():
        golden(f"targets/{path}", text)


@pytest.mark.parametrize("target", list(TARGETS))
def test_same_input_same_text(target: str, kernels: LoadKernel, schedule: Any) -> None:
    """Parsing, scheduling and emitting twice gives the same bytes."""
    texts = [emitted(target, schedule(target, kernels("functions"))) for _ in range(2)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("target", ["c", "hls"])
def test_headers_serve_c_and_cpp(target: str, kernels: LoadKernel, tmp_path: Path) -> None:
    """A header compiles by itself in C11 and in C++17 with all warnings."""
    path, text = next((p, t) for p, t in emitted(target, kernels("names")).items() if p.endswith(".h"))
    header = tmp_path / Path(path).name
    header.write_text(text)
    for command in (["gcc", "-std=c11", "-xc"], ["g++", "-std=c++17", "-xc++"]):
        flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
        subprocess.run([*command, *flags, "-include", header, "/dev/null"], check=True)


def test_lines_lead_back_to_the_body(kernels: LoadKernel) -> None:
    """Comments give the line of the model's body that a line of C comes from."""
    text = emitted("c", kernels("collatz"))["kernels/c/collatz_step.c"]
    assert "while (n > 1 && count < 1000) { /* model line 4 */" in text


@pytest.mark.parametrize("target", ["c", "opencl", "hls"])
def test_names_of_the_language_are_avoided(target: str, kernels: LoadKernel) -> None:
    """Ports and variables may be called like keywords and functions of a target language."""
    text = next(iter(emitted(target, kernels("functions")).values()))
    assert "half_" in text
    text = next(iter(emitted(target, kernels("names")).values()))
    assert " uint = 5" not in text
    assert " min = 2" not in text


def test_work_items_cover_the_grid(kernels: LoadKernel, schedule: Any) -> None:
    """A parallel nest is launched on whole work-groups that cover it; the innermost loop is dimension 0."""
    plan = launches(schedule("opencl", kernels("blur", H=9, W=13)))
    grid = next(launch for launch in plan.launches if len(launch.global_size) == 2)
    assert grid.global_size == (16, 16)
    assert all(g % s == 0 for g, s in zip(grid.global_size, grid.local_size, strict=True))
    assert grid.arguments == ("image", "smooth")


def test_unscheduled_kernels_run_on_one_work_item(kernels: LoadKernel) -> None:
    """Without phases there is one launch of one work-item with every parameter it uses."""
    plan = launches(kernels("collatz"))
    assert plan.launches == (Launch("collatz_step", (1,), (1,), ("start", "steps", "history")),)
    assert plan.temporaries == ()


def test_local_arrays_between_launches_are_buffers(kernels: LoadKernel, inputs: Any, execute: Any) -> None:
    """A local array made in one launch and read in a later one is a temporary of its size."""
    from aicompiler.transformations.kernels.interpreter import interpret

    kernel = kernels("bins")
    cut = [str(op.attributes.get("aic.loop", "")) for op in kernel.module.body.block.first_op.body.block.ops]
    place = cut.index('"L1"') + 1
    phases = (Phase(0, place), Phase(place, len(cut) - 1))
    kernel = replace(kernel, schedule=Schedule(phases=phases))
    plan = launches(kernel)
    assert plan.temporaries == (("counts_global", 8 * 4),)
    assert [launch.arguments[-1] for launch in plan.launches] == ["counts_global", "counts_global"]
    values = inputs(kernel, 1)
    expected, got = interpret(kernel, values), execute("opencl", kernel, values)
    assert all((expected[n] == got[n]).all() for n in expected)


@pytest.mark.parametrize(
    ("phases", "problem"),
    [
        ((Phase(0, 99, ("L9",)),), "has no loop L9 in its phase"),
        ((Phase(0, 99, ("L0", "L9")),), "spreads L9, which is not alone in its loop"),
    ],
)
def test_impossible_grids_are_refused(phases: tuple[Phase, ...], problem: str, kernels: LoadKernel) -> None:
    """A schedule that names loops which are not there is an error that says so."""
    kernel = replace(kernels("matmul"), schedule=Schedule(phases=phases))
    with pytest.raises(UnsupportedSchedule, match=f"the schedule of kernel matmul_step {problem}"):
        launches(kernel)


def test_partitioned_parameters_are_copied_on_chip(kernels: LoadKernel) -> None:
    """A parameter that the schedule splits gets a buffer, filled by a labelled loop."""
    kernel = replace(kernels("matmul"), schedule=Schedule(partitions=(Partition("b", 1, 4),)))
    text = emitted("hls", kernel)["kernels/hls/matmul_step.cpp"]
    assert "float buf_b[5][11];\n#pragma HLS ARRAY_PARTITION variable=buf_b cyclic factor=4 dim=2\n" in text
    assert "load_b_0: for (int32_t i = 0; i < 5; ++i) {" in text
    assert "buf_a" not in text
