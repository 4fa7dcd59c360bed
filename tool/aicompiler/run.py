"""Stage 10: compile a generated project, test it, execute it on this host, and say what happened.

Model time is stretched by one factor, because this host is not the platform: deadlines are judged in
stretched time, and what is computed does not depend on it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from aicompiler.codegen.report import (
    DeadlineMisses,
    DeviceUse,
    HostTime,
    OutputDigest,
    RunResult,
    SelfCheck,
)
from aicompiler.metamodels.diagnostics import Diagnostic, SelfCheckFailed, Severity, UnreadableInput
from aicompiler.stretch import stretch_factor

Progress = Callable[[str], None]
Event = Mapping[str, Any]

CALIBRATION_PERIODS = 3
OVERFLOW = 3  # exit status of a node whose only trouble is that writers met full queues
LAST_LINES = 20
BUILD_LIMIT_S = 900
SLACK_S = 120


@dataclass(frozen=True)
class RunOptions:
    """How to run: ``stretch`` instead of a calibrated factor, ``free_run`` without pacing at all.

    ``build`` is the folder to build in (default ``OUT/build``), ``host_fallback`` lets C code stand in for
    OpenCL where there is none, ``sanitize`` names sanitizers to build with.

    ``cpu_backend`` makes the kernels of CPUs: ``c``, or ``llvm`` (the objects that came with the project).
    ``cuda`` and ``xrt`` let GPUs run through CUDA and FPGAs through the Xilinx Runtime where there is such a
    device.
    """

    build: Path | None = None
    stretch: float | None = None
    free_run: bool = False
    self_checks: bool = True
    host_fallback: bool = False
    sanitize: str = ""
    cpu_backend: str = "c"
    cuda: bool = False
    xrt: bool = False
    jobs: int = 2


def run_project(
    out: Path, periods: int = 10, options: RunOptions | None = None, progress: Progress = lambda _: None
) -> RunResult:
    """Run the project in ``out`` for ``periods`` hyperperiods.

    Raises ``UnreadableInput`` if ``out`` holds no project, ``SelfCheckFailed`` with the last lines of what
    failed if it does not compile, a self-check fails, or the system does not run to its end.
    """
    project = _Project(out.absolute(), options or RunOptions(), progress)
    project.compile()
    checks = project.self_checks() if project.options.self_checks else ()
    factor = project.options.stretch
    if project.options.free_run:
        factor = 1.0
    elif factor is None:
        factor = project.calibrate(min(periods, CALIBRATION_PERIODS))
        progress(f"model time is stretched by {factor:.3f}")
    progress(f"executing {periods} hyperperiods")
    events, outputs = project.execute(periods, factor, project.options.free_run)
    return _result(events, outputs, checks, periods, factor)


@dataclass(frozen=True)
class _Project:
    """A generated project and how to run it."""

    out: Path
    options: RunOptions
    progress: Progress

    @property
    def build(self) -> Path:
        return self.options.build or self.out / "build"

    @property
    def nodes(self) -> list[str]:
        names = sorted(p.stem for p in (self.out / "src" / "nodes").glob("*.c"))
        if not names or not (self.out / "CMakeLists.txt").is_file():
            raise UnreadableInput(
                Diagnostic(
                    severity=Severity.ERROR,
                    rule="run",
                    message=f"{self.out} holds no generated project",
                    next_step="give the folder that `aicompiler build` wrote",
                )
            )
        return names

    def compile(self) -> None:
        """Configure and build with the cmake and ninja of this Python environment."""
        import ninja

        self.progress(f"compiling {len(self.nodes)} node(s) and their self-checks")
        settings = {
            "CMAKE_MAKE_PROGRAM": str(Path(ninja.BIN_DIR) / "ninja"),
            "AIC_SANITIZE": self.options.sanitize,
            "CPU_BACKEND": self.options.cpu_backend,
            "WITH_CUDA": "ON" if self.options.cuda else "OFF",
            "WITH_XRT": "ON" if self.options.xrt else "OFF",
            "AIC_OPENCL_FALLBACK": "",
            "AIC_OPENCL_FALLBACK_ICD": "",
        } | opencl_fallback()
        settings["AIC_PYOPENCL_HOME"] = settings.pop("PYOPENCL_HOME", "")
        defines = [f"-D{name}={value}" for name, value in settings.items()]
        folders = ["-S", str(self.out), "-B", str(self.build)]
        self._tool("cmake", *folders, "-G", "Ninja", *defines, rule="configure")
        self._tool("cmake", "--build", str(self.build), "-j", str(self.options.jobs), rule="compile")

    def self_checks(self) -> tuple[SelfCheck, ...]:
        """Run ctest; what is skipped says why."""
        self.progress("comparing each kernel with the interpreter")
        report = self.build / "ctest.xml"
        report.unlink(missing_ok=True)
        self._tool(
            "ctest",
            *("--test-dir", str(self.build), "--output-on-failure", "--no-tests=ignore"),
            *("-j", str(self.options.jobs), "--output-junit", str(report)),
            rule="self-check",
        )
        cases = list(ElementTree.parse(report).iter("testcase"))
        skipped = [
            case for case in cases if case.find("skipped") is not None or case.get("status") == "notrun"
        ]
        if skipped:
            self.progress(f"{len(skipped)} self-checks skipped: {_last_line(skipped[0])}")
        return tuple(_self_check(case, case in skipped) for case in cases)

    def calibrate(self, periods: int) -> float:
        """How much slower than the model this host is, from a free run; the one before it fills caches."""
        self.progress("measuring how fast this host is")
        self.execute(periods, 1.0, free_run=True)
        events, _ = self.execute(periods, 1.0, free_run=True)
        return stretch_factor(events, os.cpu_count() or 1)

    def execute(self, periods: int, factor: float, free_run: bool) -> tuple[list[Event], list[OutputDigest]]:
        """Run all nodes to their end; the events of all logs, and the digests of what the system puts out."""
        pace = ["--free-run"] if free_run else ["--stretch", repr(factor)]
        fallback = ["--allow-host-fallback"] if self.options.host_fallback else []
        with tempfile.TemporaryDirectory(prefix="aicompiler-run-") as folder:
            place = Path(folder)
            common = ["--periods", str(periods), *pace, *fallback, "--record", folder]
            commands = {
                name: [
                    str(self.build / f"node_{name}"),
                    *common,
                    "--shared",
                    str(place / "channels"),
                    "--log",
                    f"{place / name}.log",
                ]
                for name in self.nodes
            }
            events: list[Event] = []
            _run_together(commands, place, self._environment())
            for name in commands:
                lines = (place / f"{name}.log").read_text(encoding="utf-8").splitlines()
                events += [json.loads(line) for line in lines]
            return events, list(_digests(events, place))

    def _environment(self) -> dict[str, str]:
        cache = self.build / "pocl"
        cache.mkdir(exist_ok=True)
        return (
            {"POCL_CACHE_DIR": str(cache), "ASAN_OPTIONS": "detect_leaks=0"} | opencl_fallback() | os.environ
        )

    def _tool(self, name: str, *arguments: str, rule: str) -> None:
        import cmake

        command = [str(Path(cmake.CMAKE_BIN_DIR) / name), *arguments]
        environment = {k: v for k, v in os.environ.items() if k not in ("CFLAGS", "CXXFLAGS", "LDFLAGS")}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False,
                timeout=BUILD_LIMIT_S, env=environment,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _failure(rule, f"{name} did not end in {BUILD_LIMIT_S} s", "") from None
        if done.returncode != 0:
            raise _failure(rule, f"{name} failed", done.stdout + done.stderr)


def opencl_fallback() -> dict[str, str]:
    """Environment that lets generated code find PyPI's OpenCL where the system has none.

    pyopencl's loader crashes unless ``PYOPENCL_HOME`` is set, and finds PoCL only by its full path.
    """
    spec = importlib.util.find_spec("pyopencl")
    if spec is None or spec.origin is None:
        return {}
    home = Path(spec.origin).parent
    loaders = sorted((home / ".libs").glob("libOpenCL*.so*"))
    drivers = sorted((home / ".libs").glob("libpocl*.so*"))
    if not loaders or not drivers:
        return {}
    return {
        "PYOPENCL_HOME": str(home),
        "AIC_OPENCL_FALLBACK": str(loaders[0]),
        "AIC_OPENCL_FALLBACK_ICD": str(drivers[0]),
    }


def _run_together(commands: Mapping[str, list[str]], place: Path, environment: dict[str, str]) -> None:
    """Start all nodes at once and wait for them; an overflow is an event, anything else a failure.

    A node ends by itself when one of its processes dies or makes no progress.
    """
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            with (place / f"{name}.txt").open("wb") as text:
                running[name] = subprocess.Popen(command, stdout=text, stderr=text, env=environment)
        for process in running.values():
            process.wait()
    finally:
        for process in running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=SLACK_S)
    for name, process in running.items():
        if process.returncode not in (0, OVERFLOW):
            said = (place / f"{name}.txt").read_text(encoding="utf-8", errors="replace")
            raise _failure("run", f"node {name} ended with status {process.returncode}", said)


def _digests(events: Sequence[Event], place: Path) -> Iterator[OutputDigest]:
    for event in events:
        if event["event"] == "output":
            content = (place / event["file"]).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            yield OutputDigest(
                element=event["port"], sha256=digest, values=len(content) // event["value_bytes"]
            )


def _result(
    events: Sequence[Event],
    outputs: Sequence[OutputDigest],
    checks: tuple[SelfCheck, ...],
    periods: int,
    factor: float,
) -> RunResult:
    devices = [e for e in events if e["event"] == "device"]
    names = {e["unit"]: f"{e['device']} ({e['driver']})" for e in devices}
    jobs: dict[str, list[Event]] = {}
    for event in events:
        if event["event"] == "job":
            jobs.setdefault(event["entry"], []).append(event)
    return RunResult(
        host=f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}",
        periods=periods,
        stretch_permille=round(factor * 1000),
        times=tuple(_times(entry, own, names) for entry, own in jobs.items()),
        devices=tuple(
            DeviceUse(unit=e["unit"], real=names[e["unit"]], stands_in=e["stand_in"], note=e["note"])
            for e in devices
        ),
        misses=tuple(
            DeadlineMisses(element=entry, missed=sum(e["missed"] for e in own), jobs=len(own))
            for entry, own in jobs.items()
        ),
        outputs=tuple(sorted(outputs, key=lambda o: o.element)),
        self_checks=checks,
        overflows=sum(e["count"] for e in events if e["event"] == "overflow"),
    )


def _times(entry: str, jobs: Sequence[Event], devices: Mapping[str, str]) -> HostTime:
    busy = [e["busy_ns"] for e in jobs]
    return HostTime(
        entry=entry,
        device=devices[jobs[0]["unit"]],
        jobs=len(busy),
        best_ns=min(busy),
        mean_ns=sum(busy) // len(busy),
        worst_ns=max(busy),
    )


def _self_check(case: ElementTree.Element, skipped: bool) -> SelfCheck:
    labels = [p.get("value", "") for p in case.iter("property") if p.get("name") == "cmake_labels"]
    return SelfCheck(
        name=case.get("name", ""),
        passed=case.get("status") == "run" and not skipped,
        skipped=skipped,
        message=_last_line(case),
        element=labels[0] if labels else "",
    )


def _last_line(case: ElementTree.Element) -> str:
    lines = (case.findtext("system-out") or "").strip().splitlines()
    return lines[-1] if lines else ""


def _failure(rule: str, message: str, text: str) -> SelfCheckFailed:
    last = "\n".join(text.strip().splitlines()[-LAST_LINES:])
    return SelfCheckFailed(
        Diagnostic(
            severity=Severity.ERROR,
            rule=rule,
            message=f"{message}:\n{last}\n" if last else message,
            next_step="report it as a defect of AI-COMPILER, unless hand-written code is at fault",
        )
    )
