"""Generated C with the default CPU schedules against the same bodies as plain C, one thread, one core.

The 16 kernels are bodies of our own in ``polybench/``; sizes and loop order are those of PolyBench/C 4.2.1,
LARGE.  Both sides get the same compiler, flags and licence on floats.  Times are processor time of the one
thread; both are run in turn, the figure is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from aicompiler.codegen.targets import C
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    NamedConstant,
    Parameter,
    Signature,
    numpy_type,
    parse,
)
from aicompiler.transformations.kernels.loops import Core, apply_schedule, cpu_schedule, print_schedule

CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
FOLDER = Path(__file__).parent / "polybench"
FLAGS = ["gcc", "-std=c11", "-O3", "-march=native", "-shared", "-fPIC"]
STRICT, LICENSED = ["-ffp-contract=off"], ["-ffast-math"]
C_TYPES = {ElementType.F64: "double", ElementType.I32: "int"}


@dataclass(frozen=True)
class Case:
    """One kernel: its parameters as ``"in f64 A[NI][NK]"``, its sizes (LARGE) and those of ``--quick``.

    ``fewer`` are time steps (or a size) of the full run where those of LARGE take minutes.
    """

    name: str
    group: str
    parameters: str
    large: dict[str, int]
    quick: dict[str, int]
    fewer: dict[str, int]


def _case(name: str, group: str, parameters: str, large: str, quick: str, fewer: str = "") -> Case:
    return Case(name, group, parameters, _sizes(large), _sizes(quick), _sizes(fewer))


def _sizes(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in (pair.split("=") for pair in text.split())}


CASES = (
    _case("gemm", "dense", "in f64 alpha; in f64 beta; in f64 A[NI][NK]; in f64 B[NK][NJ];"
          " state f64 C[NI][NJ]",
          "NI=1000 NJ=1100 NK=1200", "NI=500 NJ=550 NK=600"),
    _case("two_mm", "dense", "in f64 alpha; in f64 beta; in f64 A[NI][NK]; in f64 B[NK][NJ]; "
          " in f64 C[NJ][NL]; state f64 D[NI][NL]; state f64 tmp[NI][NJ]",
          "NI=800 NJ=900 NK=1100 NL=1200", "NI=400 NJ=450 NK=500 NL=600"),
    _case("syrk", "dense", "in f64 alpha; in f64 beta; in f64 A[N][M]; state f64 C[N][N]",
          "M=1000 N=1200", "M=500 N=600"),
    _case("trmm", "dense", "in f64 alpha; in f64 A[M][M]; state f64 B[M][N]", "M=1000 N=1200", "M=500 N=600"),
    _case("doitgen", "dense", "in f64 C4[NP][NP]; state f64 A[NR][NQ][NP]; state f64 sum[NP]",
          "NQ=140 NR=150 NP=160", "NQ=40 NR=50 NP=160"),
    _case("correlation", "dense", "state f64 data[N][M]; state f64 corr[M][M]; state f64 mean[M];"
          " state f64 stddev[M]", "M=1200 N=1400", "M=400 N=500"),
    _case("atax", "blas2", "in f64 A[M][N]; in f64 x[N]; state f64 y[N]; state f64 tmp[M]",
          "M=1900 N=2100", "M=1900 N=2100"),
    _case("mvt", "blas2", "in f64 A[N][N]; in f64 y1[N]; in f64 y2[N]; state f64 x1[N]; state f64 x2[N]",
          "N=2000", "N=2000"),
    _case("gesummv", "blas2", "in f64 alpha; in f64 beta; in f64 A[N][N]; in f64 B[N][N]; in f64 x[N];"
          " state f64 y[N]; state f64 tmp[N]", "N=1300", "N=1300"),
    _case("jacobi_2d", "stencil", "state f64 A[N][N]; state f64 B[N][N]",
          "TSTEPS=500 N=1300", "TSTEPS=10 N=1300", "TSTEPS=50"),
    _case("heat_3d", "stencil", "state f64 A[N][N][N]; state f64 B[N][N][N]",
          "TSTEPS=500 N=120", "TSTEPS=10 N=120", "TSTEPS=50"),
    _case("seidel_2d", "stencil", "state f64 A[N][N]", "TSTEPS=500 N=2000", "TSTEPS=4 N=1000", "TSTEPS=10"),
    _case("fdtd_2d", "stencil", "in f64 fict[TMAX]; state f64 ex[NX][NY]; state f64 ey[NX][NY];"
          " state f64 hz[NX][NY]", "TMAX=500 NX=1000 NY=1200", "TMAX=10 NX=1000 NY=1200", "TMAX=50"),
    _case("conv2d", "stencil", "in f64 w[3][3]; in f64 in[H][W]; state f64 out[H][W]",
          "H=4096 W=4096", "H=2048 W=2048"),
    _case("durbin", "other", "in f64 r[N]; state f64 y[N]; state f64 z[N]", "N=2000", "N=2000"),
    _case("floyd_warshall", "other", "state i32 path[N][N]", "N=2800", "N=500", "N=1400"),
)  # fmt: skip


# --- the two programs -------------------------------------------------------------------------------------


def kernel_of(case: Case, sizes: dict[str, int]) -> Kernel:
    """The body, lowered."""
    constants = tuple(NamedConstant(n, ElementType.I32, v) for n, v in sizes.items())
    parameters = tuple(_parameter(text, sizes) for text in case.parameters.split(";"))
    behaviour = Behaviour(id=case.name, language="C", body=body_of(case))
    return parse(behaviour, Signature(f"{case.name}_step", parameters, constants))


def body_of(case: Case) -> str:
    """The body that both programs have."""
    return (FOLDER / f"{case.name}.c").read_text()


def _parameter(text: str, sizes: dict[str, int]) -> Parameter:
    direction, kind, declared = text.split()
    name, *extents = declared.replace("]", "").split("[")
    shape = tuple(int(e) if e.isdigit() else sizes[e] for e in extents)
    return Parameter(name, ElementType(kind), shape, Direction(direction))


def plain(case: Case, kernel: Kernel, sizes: dict[str, int]) -> str:
    """The body in a function, as one would write it by hand."""
    declared = []
    for p in kernel.signature.parameters:
        const = "const " if p.direction is Direction.IN else ""
        inner = "".join(f"[{n}]" for n in p.shape[1:])
        extent = f"[restrict {p.shape[0]}]{inner}" if p.shape else ""
        declared.append(f"{const if p.shape else ''}{C_TYPES[p.dtype]} {p.name}{extent}")
    constants = "".join(f"enum {{ {n} = {v} }};\n" for n, v in sizes.items())
    head = f"void {kernel.name}({', '.join(declared)})"
    return f"#include <math.h>\n{constants}{head}\n{{\n{body_of(case)}}}\n"


def compiled(folder: Path, name: str, kernel: Kernel, text: str, licence: list[str]) -> Any:
    """The kernel's function."""
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(text)
    subprocess.run([*FLAGS, *licence, "-I", folder, "-o", library, source, "-lm"], check=True)
    return getattr(ctypes.CDLL(str(library)), kernel.name)


def scheduled(folder: Path, kernel: Kernel, licence: list[str], show: bool) -> tuple[Any, int]:
    """What the C target makes of the kernel with its default schedule; and the number of its steps."""
    steps = cpu_schedule(kernel, core=this_core())
    if show:
        print(print_schedule(steps))
    files = C().emit(apply_schedule(kernel, steps), None)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    header = next(f for f in files if f.path.endswith(".h"))
    (folder / Path(header.path).name).write_bytes(header.content)
    text = next(f for f in files if f.path.endswith(".c")).content.decode()
    return compiled(folder, f"{kernel.name}_default", kernel, text, licence), len(steps)


def this_core() -> Core:
    """The sizes of the core that this runs on (Linux; else the documented defaults)."""
    info = Path("/proc/cpuinfo")
    wide = info.exists() and "avx512f" in info.read_text()
    return Core(vector_bytes=64, registers=32) if wide else Core()


# --- measuring --------------------------------------------------------------------------------------------


def values(kernel: Kernel) -> dict[str, Any]:
    """Random inputs; small ones where sums would grow."""
    random = np.random.default_rng(1)
    made = {}
    for p in kernel.signature.parameters:
        if p.dtype is ElementType.I32:
            made[p.name] = random.integers(1, 1000, p.shape).astype(numpy_type(p.dtype))
        else:
            made[p.name] = random.random(p.shape) * (1e-3 if p.name == "r" else 1.0)
    return made


def timed(function: Any, kernel: Kernel, given: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Processor seconds of one job on fresh copies, and what it leaves."""
    arrays = {name: np.array(value) for name, value in given.items()}
    arguments = [
        ctypes.c_void_p(arrays[p.name].ctypes.data) if p.shape else ctypes.c_double(float(arrays[p.name]))
        for p in kernel.signature.parameters
    ]
    start = time.thread_time()
    function(*arguments)
    return time.thread_time() - start, arrays


def pin(core: int = -1) -> None:
    """Run on one core only; on all again without one (Linux; elsewhere nothing)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CORES if core < 0 else {core})


def measure(case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Both programs in turn."""
    sizes = case.quick if options.quick else case.large | ({} if options.large else case.fewer)
    kernel = kernel_of(case, sizes)
    licence = LICENSED if options.reassociate else STRICT
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        start = time.perf_counter()
        ours, steps = scheduled(folder, kernel, licence, options.show)
        seconds = time.perf_counter() - start
        base = compiled(folder, f"{case.name}_plain", kernel, plain(case, kernel, sizes), licence)
        given = values(kernel)
        times: dict[str, list[float]] = {"plain": [], "default": []}
        pin(options.core)
        for _ in range(options.rounds):
            spent, expected = timed(base, kernel, given)
            times["plain"].append(spent)
            spent, found = timed(ours, kernel, given)
            times["default"].append(spent)
        pin()
    same = all(_equal(expected[n], found[n], options.reassociate) for n in expected)
    medians = {name: statistics.median(all_) for name, all_ in times.items()}
    return {
        "group": case.group,
        "sizes": sizes,
        "plain_seconds": medians["plain"],
        "default_seconds": medians["default"],
        "spread": {name: [min(all_), max(all_)] for name, all_ in times.items()},
        "ratio": medians["plain"] / medians["default"],
        "same_results": same,
        "steps": steps,
        "scheduling_seconds": seconds,
    }


def _equal(expected: Any, found: Any, licensed: bool) -> bool:
    if licensed and expected.dtype.kind == "f":
        return bool(np.allclose(expected, found, rtol=1e-9, equal_nan=True))
    return bool(np.array_equal(expected, found, equal_nan=expected.dtype.kind == "f"))


def geomean(ratios: list[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else 0.0


def summary(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The figures by their keys."""
    groups = {str(r["group"]) for r in results.values()}
    ratios = {n: float(r["ratio"]) for n, r in results.items()}
    worst = min(ratios, key=lambda n: ratios[n])
    figures: dict[str, Any] = {
        f"{g}_default": geomean([ratios[n] for n, r in results.items() if r["group"] == g]) for g in groups
    }
    return {
        "geomean_default": geomean(list(ratios.values())),
        **dict(sorted(figures.items())),
        "worst": ratios[worst],
        "worst_kernel": worst,
        "all_same_results": all(r["same_results"] for r in results.values()),
        "kernels": results,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="reduced sizes, one round")
    parser.add_argument("--large", action="store_true", help="all time steps of LARGE; takes many minutes")
    parser.add_argument("--rounds", type=int, default=0, help="runs of each program (default 3, quick 1)")
    parser.add_argument("--core", type=int, default=-1, help="the core to measure on (default: the last)")
    parser.add_argument("--only", default="", help="names of kernels, with commas")
    parser.add_argument("--reassociate", action="store_true", help="-ffast-math for both programs")
    parser.add_argument("--show", action="store_true", help="print the schedules")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    if options.core < 0:
        options.core = max(CORES)
    chosen = [c for c in CASES if not options.only or c.name in options.only.split(",")]
    results = {}
    for case in chosen:
        results[case.name] = r = measure(case, options)
        print(
            f"{case.name:15} plain {r['plain_seconds']:8.4f} s  default {r['default_seconds']:8.4f} s"
            f"  ratio {r['ratio']:6.2f}  {'same' if r['same_results'] else 'DIFFERENT'} results,"
            f" {r['steps']} steps in {r['scheduling_seconds']:.1f} s",
            flush=True,
        )
    found = summary(results)
    print({k: round(v, 2) if isinstance(v, float) else v for k, v in found.items() if k != "kernels"})
    if options.json:
        print(json.dumps(found))
    return 0 if found["all_same_results"] else 1


if __name__ == "__main__":
    sys.exit(main())
