"""How well the CPU estimate orders and predicts measured times.

``python benchmarks/estimates.py [--quick] [--json]``.  The generated C of every kernel (the corpus of the
targets at two sizes, the shipped example's kernels at several) is compiled with ``gcc -O2`` and timed on this
host: the median of some samples of many jobs each, in time on the processor, without waiting for others.  The
estimate is that of a CPU unit that describes the host.  The last line with ``--json`` is one object:

- ``spearman``: rank correlation of estimated and measured times;
- ``median_error``: median of \\|estimate - measured\\| / measured;
- ``median_error_scaled``: the same after dividing all estimates by one factor, ``scale``;
- ``n``: kernels; ``scale``: median of estimate / measured; ``unit``: the host as a unit; ``rows``: the table.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import Behaviour, ElementType, OperatingPoint, Unit, UnitKind
from aicompiler.transformations.costs import SoftwareEstimate, software_counts
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    NamedConstant,
    Parameter,
    Signature,
    initial_state,
    numpy_type,
    parse,
    signature_of,
)
from aicompiler.transformations.kernels.passes import default_schedule

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "targets" / "corpus"
EXAMPLE = ROOT / "models" / "smart_intersection" / "smart_intersection.uml"
LARGER = {  # extents beside those that the corpus declares
    "bins": {"N": 4000},
    "blur": {"H": 120, "W": 160},
    "compare": {"N": 4096},
    "doubles": {"N": 4096},
    "filter": {"N": 4096},
    "matmul": {"M": 64, "N": 64, "K": 64},
    "search": {"N": 256},
    "shifts": {"N": 4096},
    "transcendental": {"N": 2048},
    "triangle": {"N": 96},
    "volume": {"B": 4, "D": 8, "H": 20, "W": 30},
    "widths": {"N": 2048},
}
IMAGES = ({"H": 48, "W": 64}, {"H": 120, "W": 160}, {"H": 480, "W": 640})
OPS_PER_CYCLE = 4
"""Operations that an x86-64 core starts in a cycle (Intel's optimisation manual: 4 to 6 by generation)."""
SAMPLE_SECONDS = 0.004
Values = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One kernel at one size; times in ns."""

    name: str
    measured: float
    least: float
    greatest: float
    estimated: int

    @property
    def error(self) -> float:
        """Relative error of the estimate."""
        return abs(self.estimated - self.measured) / self.measured


# --- kernels ----------------------------------------------------------------------------------------------


def corpus() -> Iterator[tuple[str, Kernel, Values]]:
    """The corpus of the targets, at the size that its first line gives and at a larger one."""
    for path in sorted(CORPUS.glob("*.c")):
        for number, extents in enumerate(({}, LARGER[path.stem]) if path.stem in LARGER else ({},)):
            kernel = _corpus_kernel(path, f"{path.stem}_{number}", extents)
            yield kernel.name, kernel, _inputs(kernel)


def _corpus_kernel(path: Path, name: str, extents: Mapping[str, int]) -> Kernel:
    head, body = path.read_text(encoding="utf-8").split("\n", 1)
    sizes, _, declared = head.removeprefix("//").partition(":")
    constants = {k: int(v) for k, v in (pair.split("=") for pair in sizes.split())} | dict(extents)
    parameters = []
    for text in declared.split(";"):
        direction, dtype, declarator = text.split()
        shape = tuple(constants[e] for e in re.findall(r"\[(\w+)\]", declarator))
        parameters.append(
            Parameter(declarator.split("[")[0], ElementType(dtype), shape, Direction(direction))
        )
    fixed = tuple(NamedConstant(k, ElementType.I32, v) for k, v in constants.items())
    return parse(Behaviour(id=name, language="C", body=body), Signature(name, tuple(parameters), fixed))


def example() -> Iterator[tuple[str, Kernel, Values]]:
    """The shipped example's C kernels, those on images at several sizes."""
    for part in load_system(EXAMPLE)[0].components:
        entry = part.entries[0]
        if entry.behaviours[0].language != "C":
            continue
        signature = signature_of(part, entry)
        sizes = IMAGES if {"H", "W"} <= set(signature.shape_constants) else ({},)
        for number, extents in enumerate(sizes):
            at = signature.at(**extents)
            named = Signature(f"example_{part.name}_{number}", at.parameters, at.constants)
            kernel = parse(entry.behaviours[0], named)
            start = {k: v for k, v in initial_state(part).items() if v.shape == _shape(kernel, k)}
            yield kernel.name, kernel, _inputs(kernel) | start


def _shape(kernel: Kernel, name: str) -> tuple[int, ...]:
    return next(p.shape for p in kernel.signature.parameters if p.name == name)


def _inputs(kernel: Kernel) -> Values:
    """Random values that are small enough for sums; outputs zero."""
    rng = np.random.default_rng(1)
    found: Values = {}
    for p in kernel.signature.parameters:
        dtype = np.uint8 if p.dtype is ElementType.BOOL else numpy_type(p.dtype)
        if p.direction is Direction.OUT:
            values = np.zeros(p.shape)
        elif p.dtype.is_float:
            values = rng.normal(0, 3, p.shape)
        else:
            values = rng.integers(0, 2 if p.dtype is ElementType.BOOL else 100, p.shape)
        found[p.name] = np.ascontiguousarray(values, dtype=dtype)
    return found


# --- measuring --------------------------------------------------------------------------------------------


def compiled(kernels: list[Kernel], folder: Path) -> ctypes.CDLL:
    """The C of the kernels with ``gcc -O2``, each with a function that runs it many times."""
    target = TARGETS.load("c")()
    unit = Unit(id="cpu", kind=UnitKind.CPU)
    sources = []
    for kernel in kernels:
        for file in target.emit(default_schedule(kernel, unit), unit):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            sources += [path] if path.suffix == ".c" else []
    main = folder / "all.c"  # apart from the kernels, so that no job is moved into another
    headers = "".join(f'#include "{path.with_suffix(".h")}"\n' for path in sources)
    main.write_text("#include <stdbool.h>\n" + headers + "".join(map(_repeater, kernels)), encoding="utf-8")
    flags = ["-std=c11", "-O2", "-fwrapv", "-ffp-contract=off", "-w", "-shared", "-fPIC"]
    library = folder / "all.so"
    command = ["gcc", *flags, f"-Wa,-I{folder}", "-o", library, main, *sources, "-lm"]
    subprocess.run(list(map(str, command)), check=True, cwd=folder)
    return ctypes.CDLL(str(library))


def _repeater(kernel: Kernel) -> str:
    arguments = []
    for i, p in enumerate(kernel.signature.parameters):
        by_value = p.direction is Direction.IN and not p.shape
        arguments.append(f"*({_c_type(p.dtype)} *)p[{i}]" if by_value else f"p[{i}]")
    call = f"{kernel.name}({', '.join(arguments)});"
    return f"void run_{kernel.name}(void **p, long n) {{ for (long i = 0; i < n; i++) {{ {call} }} }}\n"


def _c_type(dtype: ElementType) -> str:
    if dtype.is_float:
        return "float" if dtype is ElementType.F32 else "double"
    return "bool" if dtype is ElementType.BOOL else f"{'' if dtype.is_signed else 'u'}int{8 * dtype.bytes}_t"


def measured(library: ctypes.CDLL, kernel: Kernel, inputs: Values, samples: int) -> list[float]:
    """Nanoseconds a job, once a sample; every sample starts from the same inputs and state."""
    run = getattr(library, f"run_{kernel.name}")
    jobs, found = 1, []
    while len(found) < samples:
        arrays = [inputs[p.name].copy() for p in kernel.signature.parameters]
        pointers = (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))
        start = time.thread_time()
        run(pointers, ctypes.c_long(jobs))
        seconds = time.thread_time() - start
        if seconds < SAMPLE_SECONDS and jobs < 1 << 24:
            jobs *= 2
        else:
            found.append(seconds / jobs * 1e9)
    return found


def host() -> Unit:
    """This machine as a unit: the clock that the system states, and the bandwidth of copying 1 MiB.

    That much lies in a cache of the second level, where jobs that are repeated find their data too.
    """
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    clock = round(max(map(float, re.findall(r"cpu MHz\s*:\s*([\d.]+)", text))) * 1e6)
    block = np.ones(1 << 16)
    copy = np.empty_like(block)
    seconds = []
    for _ in range(50):
        start = time.perf_counter()
        np.copyto(copy, block)
        seconds.append(time.perf_counter() - start)
    return Unit(
        id="host",
        kind=UnitKind.CPU,
        ops_per_cycle=OPS_PER_CYCLE,
        memory_bandwidth_bytes_per_s=round(2 * block.nbytes / min(seconds)),
        operating_points=(OperatingPoint(id="host.only", frequency_hz=clock),),
    )


# --- figures ----------------------------------------------------------------------------------------------


def ranks(values: list[float]) -> np.ndarray[Any, Any]:
    """Ranks from 1, the mean of their places for equal values."""
    array = np.array(values)
    return np.array([(np.sum(array < v) + np.sum(array <= v) + 1) / 2 for v in array])


def spearman(left: list[float], right: list[float]) -> float:
    """Rank correlation: that of Pearson on the ranks."""
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


def table(samples: int) -> tuple[Unit, list[Row]]:
    """Every kernel estimated and measured."""
    unit, work, rows = host(), [*corpus(), *example()], []
    with tempfile.TemporaryDirectory() as folder:
        library = compiled([kernel for _, kernel, _ in work], Path(folder))
        for name, kernel, inputs in work:
            times = measured(library, kernel, inputs, samples)
            counts = software_counts(default_schedule(kernel, unit))
            estimate = SoftwareEstimate(counts, unit).times(unit.operating_points[0]).acet_ns
            rows.append(Row(name, median(times), min(times), max(times), estimate))
    return unit, rows


def main() -> None:
    """Print the table and the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5 samples a kernel instead of 25")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    unit, rows = table(5 if options.quick else 25)
    print(f"{'kernel':20} {'measured ns':>14} {'least':>12} {'greatest':>12} {'estimated':>12} {'ratio':>7}")
    for row in rows:
        spread = f"{row.least:12.0f} {row.greatest:12.0f}"
        ratio = row.estimated / row.measured
        print(f"{row.name:20} {row.measured:14.0f} {spread} {row.estimated:12d} {ratio:7.2f}")
    figures = {
        "spearman": round(spearman([r.measured for r in rows], [float(r.estimated) for r in rows]), 3),
        "median_error": round(median(r.error for r in rows), 3),
        "n": len(rows),
        "scale": round(median(r.estimated / r.measured for r in rows), 3),
    }
    ratios = [r.estimated / r.measured / figures["scale"] for r in rows]
    figures["median_error_scaled"] = round(median(abs(ratio - 1) for ratio in ratios), 3)
    print(
        f"Spearman {figures['spearman']}, median error {figures['median_error']} "
        f"({figures['median_error_scaled']} after dividing by {figures['scale']}), {len(rows)} kernels"
    )
    if options.json:
        described = {
            "clock_hz": unit.operating_points[0].frequency_hz,
            "ops_per_cycle": unit.ops_per_cycle,
            "bytes_per_s": unit.memory_bandwidth_bytes_per_s,
        }
        print(json.dumps(figures | {"unit": described, "rows": [asdict(r) for r in rows]}))


if __name__ == "__main__":
    main()
