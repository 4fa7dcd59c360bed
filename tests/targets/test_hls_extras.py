"""What AMD's tools get beside HLS C++: test benches that run here, configurations that name real files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS, link_configuration, tool_files, top_name
from aicompiler.metamodels.system import ElementType, OperatingPoint, Unit, UnitKind
from aicompiler.transformations.kernels import Direction, Kernel, interpret, numpy_type

CORPUS = sorted(p.stem for p in (Path(__file__).parent / "corpus").glob("*.c"))
PART = "xck26-sfvc784-2LV-c"
FPGA = Unit(
    id="fpga",
    name="fpga",
    kind=UnitKind.FPGA,
    device=PART,
    operating_points=(OperatingPoint(id="fast", frequency_hz=150_000_000, dynamic_power_uw=1),),
)
LoadKernel = Callable[..., Kernel]


def recorded(kernel: Kernel, inputs: Any) -> bytes:
    """Two jobs as the test bench reads them."""
    chunks = []
    for seed in (1, 2):
        values = inputs(kernel, seed)
        results = interpret(kernel, values)
        for source, left_out in ((values, Direction.OUT), (results, Direction.IN)):
            for p in kernel.signature.parameters:
                if p.direction is not left_out:
                    dtype = np.uint8 if p.dtype is ElementType.BOOL else numpy_type(p.dtype)
                    chunks.append(np.asarray(source[p.name]).astype(dtype).tobytes())
    return b"".join(chunks)


def placed(kernel: Kernel, inputs: Any, folder: Path) -> Path:
    """The kernel's folder with all that the tools want."""
    files = TARGETS.load("hls")().emit(kernel, FPGA)
    files += tool_files(kernel, FPGA, f"vectors/{kernel.name}.bin")
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    (folder / "vectors").mkdir()
    (folder / "vectors" / f"{kernel.name}.bin").write_bytes(recorded(kernel, inputs))
    return folder / "kernels" / "hls"


def files_named_in(text: str, key: str) -> list[str]:
    return [line.removeprefix(key) for line in text.splitlines() if line.startswith(key)]


@pytest.mark.parametrize("name", CORPUS)
def test_test_benches_pass_and_can_fail(
    name: str, kernels: LoadKernel, schedule: Any, inputs: Any, tmp_path: Path
) -> None:
    """What the configuration names compiles without a warning, agrees with the vectors, sees a change."""
    kernel = schedule("hls", kernels(name))
    folder = placed(kernel, inputs, tmp_path)
    text = (folder / f"{kernel.name}.cfg").read_text()
    sources = files_named_in(text, "syn.file=")
    bench, vectors = files_named_in(text, "tb.file=")
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-ffp-contract=off"]
    program = tmp_path / "bench"
    subprocess.run(["g++", *flags, *sources, bench, "-o", program], cwd=folder, check=True)
    done = subprocess.run([program, vectors], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{kernel.name}: 2 jobs, 0 differences\n")
    content = bytearray((folder / vectors).read_bytes())
    content[-1] ^= 0x40  # the last byte of the last result
    (folder / vectors).write_bytes(content)
    done = subprocess.run([program, vectors], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "expected" in done.stdout
    (folder / vectors).write_bytes(content[:-1])
    done = subprocess.run([program, vectors], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "the file of vectors ends within job 1\n")


def test_configuration_and_script_say_the_same(kernels: LoadKernel, inputs: Any, tmp_path: Path) -> None:
    """Part, clock, top function, sources and test bench; every file that is named is there."""
    kernel = kernels("collatz")  # with a scalar result
    folder = placed(kernel, inputs, tmp_path)
    configuration = (folder / "collatz_step.cfg").read_text()
    script = (folder / "collatz_step.tcl").read_text()
    assert top_name(kernel) == "collatz_step_axi"
    for line in (f"part={PART}", "clock=6.666ns", "syn.top=collatz_step_axi", "flow_target=vitis"):
        assert line in configuration.splitlines()
    for line in ("set_top collatz_step_axi", "create_clock -period 6.666ns", "cosim_design"):
        assert line in script.splitlines()
    assert f"else {{ set_part {PART} }}" in script
    named = files_named_in(configuration, "syn.file=") + files_named_in(configuration, "tb.file=")
    added = [
        line.split()[-1 if "-cflags" not in line else -3]
        for line in script.splitlines()
        if "add_files" in line
    ]
    assert named == added
    assert all((folder / path).is_file() for path in named)


def test_results_in_registers_get_memory(kernels: LoadKernel) -> None:
    """Only a kernel that writes scalars gets a top function; there every pointer is an m_axi port."""
    assert top_name(kernels("matmul")) == "matmul_step"
    assert not [f for f in tool_files(kernels("matmul"), FPGA) if f.path.endswith("_axi.cpp")]
    (top,) = [f for f in tool_files(kernels("collatz"), FPGA) if f.path.endswith("_axi.cpp")]
    text = top.content.decode()
    assert "m_axi port=steps offset=slave bundle=gmem_scalars depth=1" in text
    assert text.count("m_axi") == sum(
        bool(p.shape) or p.direction is not Direction.IN for p in kernels("collatz").signature.parameters
    )


def test_connectivity_names_every_array_once(kernels: LoadKernel) -> None:
    """One circuit a kernel; arrays take turns on the memory ports of the part; an unknown part is said."""
    chosen = [kernels("matmul"), kernels("collatz")]
    lines = link_configuration(chosen, FPGA).splitlines()
    assert lines[1:] == [
        "[connectivity]",
        "nk=matmul_step:1:matmul_step",
        "nk=collatz_step_axi:1:collatz_step",
        "sp=matmul_step.a:HP0",
        "sp=matmul_step.b:HP1",
        "sp=matmul_step.c:HP2",
        "sp=collatz_step.steps:HP3",
        "sp=collatz_step.history:HP0",
    ]
    unknown = link_configuration(chosen, replace(FPGA, device='own "board"\n[advanced]'))
    assert "DDR[0] is assumed" in unknown
    assert "[advanced]" not in unknown
