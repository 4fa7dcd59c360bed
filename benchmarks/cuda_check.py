"""Runs a generated project on an NVIDIA GPU through CUDA and compares it with the same program on the CPU.

``python benchmarks/cuda_check.py`` builds the shipped example with as many components on the GPU as stay
feasible; ``--from OUT`` takes a folder generated elsewhere and needs no Python package, only a C and a C++
compiler and nvcc or NVRTC.  It prints one JSON object, last; exit 0: all agreed, 1: something did not,
77: no CUDA device here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

PERIODS = {"full": 20, "quick": 3}
NO_DEVICE = 77
LIMIT_S = 300
EXECUTABLE = re.compile(r"^(?:aic_)?add_executable\((\w+)\s+([^()$]*)\)", re.M)
RENAMED = re.compile(r'^set_source_files_properties\((\S+) PROPERTIES COMPILE_DEFINITIONS "([^"]*)"\)', re.M)
ON_CPU = {"AIC_GPU_INTERFACE": "opencl", "AIC_OPENCL_LIB": "/none"}  # then --allow-host-fallback runs C


class Failed(Exception):
    """A tool did not do what it was asked to; the text says which and what it printed."""


@dataclass
class Project:
    """A generated project, compiled without CMake: its CMakeLists.txt is read for sources and names."""

    out: Path
    build: Path
    arch: str
    nvcc: str | None = field(default_factory=lambda: shutil.which("nvcc"))

    def __post_init__(self) -> None:
        text = (self.out / "CMakeLists.txt").read_text(encoding="utf-8")
        self.renamed = dict(RENAMED.findall(text))
        self.executables = {name: sources.split() for name, sources in EXECUTABLE.findall(text)}
        self.nodes = sorted(n for n in self.executables if n.startswith("node_"))
        self.checks = sorted(n for n in self.executables if re.match(r"(reduced|full)_", n))
        if not self.nodes:
            raise Failed(f"{self.out} holds no generated project")

    def compile(self, names: list[str]) -> None:
        """Images of all kernels (with nvcc), then the executables ``names``; what is there already stays."""
        kernels = sorted(p.relative_to(self.out) for p in self.out.glob("**/kernels/cuda/*.cu"))
        wanted = {n: self.executables[n] for n in names}
        runtime = [f"runtime/{p.name}" for p in sorted((self.out / "runtime").glob("*.c"))]
        sources = sorted({*runtime, *(s for of in wanted.values() for s in of)})
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            if self.nvcc is not None:
                list(pool.map(self._image, kernels))
            list(pool.map(self._object, sources))
            list(pool.map(lambda n: self._link(n, [*wanted[n], *runtime]), wanted))

    def _image(self, kernel: Path) -> None:
        image = self.build / "fatbin" / kernel
        if image.exists():
            return
        image.parent.mkdir(parents=True, exist_ok=True)
        flags = ["-fatbin", "-fmad=false", f"-arch={self.arch}"]
        tool(str(self.nvcc), *flags, "-o", image, self.out / kernel)

    def _place(self, source: str) -> Path:
        return self.build / "objects" / f"{source}.o"

    def _object(self, source: str) -> None:
        place = self._place(source)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        cpp = source.endswith(".cpp")
        compiler = os.environ.get("CXX", "c++") if cpp else os.environ.get("CC", "cc")
        flags = ["-O2", "-ffp-contract=off", "-pthread", "-DAIC_WITH_CUDA", "-w"]
        flags += ["-std=c++17" if cpp else "-std=c11", *(f"-I{self.out / f}" for f in ("runtime", "src"))]
        flags += [f"-Wa,-I{self.build / 'fatbin'}", f"-Wa,-I{self.out}"]
        if source in self.renamed:
            flags.append(f"-D{self.renamed[source]}")
        tool(compiler, *flags, "-c", self.out / source, "-o", place)

    def _link(self, name: str, sources: list[str]) -> None:
        objects = [self._place(s) for s in dict.fromkeys(sources)]
        linker = os.environ.get("CXX", "c++") if any(s.endswith(".cpp") for s in sources) else "cc"
        tool(linker, "-pthread", *objects, "-o", self.build / name, "-lm", "-ldl")

    def check(self, name: str) -> tuple[int, str]:
        """One kernel through CUDA against the interpreter's vectors or its C code: status and text."""
        vectors = self.out / "tests" / "vectors" / f"{name.removeprefix('reduced_')}.bin"
        more = [str(vectors)] if name.startswith("reduced_") else []
        done = subprocess.run(
            [self.build / name, "cuda", *more], capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
        return done.returncode, done.stdout.strip()

    def run(
        self, periods: int, environment: Mapping[str, str], *options: str
    ) -> tuple[list[Any], dict[str, bytes]]:
        """Run all nodes to their end: the events of their logs, and what the system puts out."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "record").mkdir()
            common = ["--free-run", "--periods", str(periods), *options, "--record", str(place / "record")]
            common += ["--shared", str(place / "channels")]
            running = [
                subprocess.Popen(
                    [self.build / n, *common, "--log", place / f"{n}.jsonl"],
                    env={**os.environ, **environment},
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for n in self.nodes
            ]
            for name, process in zip(self.nodes, running, strict=True):
                _, said = process.communicate(timeout=LIMIT_S)
                if process.returncode != 0:
                    raise Failed(f"{name} ended with status {process.returncode}: {said.strip()}")
            lines = [x for n in self.nodes for x in (place / f"{n}.jsonl").read_text().splitlines()]
            outputs = {p.name: p.read_bytes() for p in sorted((place / "record").iterdir())}
        return [json.loads(line) for line in lines], outputs


def tool(*command: object) -> None:
    """Run a tool; raises ``Failed`` with the end of what it printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(
            f"{command[0]} failed: {' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-3000:]}"
        )


# --- the example, with as much on the GPU as possible -----------------------------------------------------


def generate(model: Path, out: Path) -> list[str]:
    """Write the project of ``model``; gives the components that are on a GPU."""
    from dataclasses import replace

    from aicompiler.codegen import write_project
    from aicompiler.codegen.project import generate_project
    from aicompiler.metamodels.diagnostics import Infeasible
    from aicompiler.metamodels.system import Pin, Unit, UnitKind
    from aicompiler.transformations.costs import estimate_costs
    from aicompiler.transformations.importers import load_system
    from aicompiler.transformations.kernels import parse_entry
    from aicompiler.transformations.kernels.passes import default_schedule, schedule
    from aicompiler.transformations.partition import partition

    system, _ = load_system(model)
    kernels = {e.id: parse_entry(c, e) for c in system.components for e in c.entries if e.behaviours}
    costs = estimate_costs(system, schedule(system, kernels))
    gpu = next(u for u in system.units if u.kind is UnitKind.GPU)
    deployment, pins = partition(system, costs), []
    for component in system.components:
        if not all(e.id in kernels for e in component.entries):
            continue
        tried = [*pins, Pin(id=f"pin.{component.id}", component=component.id, unit=gpu.id)]
        try:
            constrained = replace(system, constraints=(*system.constraints, *tried))
            deployment, pins = partition(constrained, costs), tried
        except Infeasible:
            continue
    system = replace(system, constraints=(*system.constraints, *pins))
    placed = {e: deployment.placement(system.component_of(e).id).unit for e in kernels}
    scheduled = {e: default_schedule(k, system.element(Unit, placed[e])) for e, k in kernels.items()}
    write_project(generate_project(system, deployment, scheduled), out)
    return [system.component_of(e).name for e, unit in placed.items() if unit == gpu.id]


# --- the comparison ---------------------------------------------------------------------------------------


def compare(project: Project, periods: int) -> dict[str, Any]:
    """All self-checks through CUDA, then the whole system through CUDA and on the CPU alone."""
    project.compile(project.checks[:1])
    status, text = project.check(project.checks[0])
    if status == NO_DEVICE:
        raise Failed(text)
    project.compile([*project.nodes, *project.checks])
    checks = {name: project.check(name) for name in project.checks}
    failed = {n: text for n, (status, text) in checks.items() if status not in (0, NO_DEVICE)}
    skipped = sum(status == NO_DEVICE for status, _ in checks.values())
    cuda_events, through_cuda = project.run(periods, {"AIC_GPU_INTERFACE": "cuda"})
    cpu_events, on_cpu = project.run(periods, ON_CPU, "--allow-host-fallback")
    devices = [e for e in cuda_events if e["event"] == "device" and e["note"] == "CUDA"]
    different = sorted(n for n in on_cpu if through_cuda.get(n) != on_cpu[n])
    return {
        "ok": not failed and not skipped and not different and bool(devices) and bool(on_cpu),
        "device": devices[0]["device"] if devices else "",
        "driver": devices[0]["driver"] if devices else "",
        "compiler": version(project.nvcc) if project.nvcc else "NVRTC",
        "kernels": len(list(project.out.glob("**/kernels/cuda/*.cu"))),
        "self_checks_passed": len(checks) - len(failed) - skipped,
        "self_checks_failed": failed,
        "self_checks_skipped": skipped,
        "periods": periods,
        "outputs": len(on_cpu),
        "outputs_different": different,
        "mean_busy_us": dict(times(cuda_events, cpu_events, {d["unit"] for d in devices})),
    }


def times(cuda: list[Any], cpu: list[Any], units: set[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """Per entry on the GPU: mean time of a job, copies included, through CUDA and in C on the CPU."""
    entries = {e["entry"] for e in cuda if e["event"] == "job" and e["unit"] in units}
    for entry in sorted(entries):
        both = {"cuda": cuda, "cpu": cpu}
        yield (
            entry,
            {
                key: round(
                    mean(e["busy_ns"] for e in events if e["event"] == "job" and e["entry"] == entry) / 1000,
                    1,
                )
                for key, events in both.items()
            },
        )


def version(nvcc: str) -> str:
    """The release that nvcc says it is."""
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release ([0-9.]+)", text)
    return f"nvcc {found[1]}" if found else "nvcc"


def main() -> int:
    """Parse, run, print one JSON object."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="source", type=Path, metavar="OUT", help="a folder generated already")
    parser.add_argument(
        "--model", type=Path, default=root / "models/smart_intersection/smart_intersection.uml"
    )
    parser.add_argument("--generate", type=Path, metavar="OUT", help="only write the project, for --from")
    parser.add_argument("--arch", default="native", help="what nvcc compiles for (default: the GPU here)")
    parser.add_argument("--quick", action="store_true", help="fewer hyperperiods")
    parser.add_argument("--json", action="store_true", help="accepted, as by the other benchmarks")
    options = parser.parse_args()
    if options.generate:
        print(
            json.dumps(
                {"generated": str(options.generate), "on_gpu": generate(options.model, options.generate)}
            )
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="cuda-check-") as folder:
        try:
            out = options.source or Path(folder) / "out"
            placed = {} if options.source else {"on_gpu": generate(options.model, out)}
            project = Project(out.resolve(), Path(folder) / "build", options.arch)
            result = placed | compare(project, PERIODS["quick" if options.quick else "full"])
        except Failed as problem:
            missing = "CUDA has no device" in str(problem) or "no CUDA driver" in str(problem)
            print(json.dumps({"ok": False, "no_device": missing, "problem": str(problem)}))
            return NO_DEVICE if missing else 1
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
