"""The generated project, compiled and run: what it computes follows from the rules alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cmake
import pytest
from aicompiler.codegen import write_project
from aicompiler.codegen.report import RunResult
from aicompiler.metamodels.diagnostics import SelfCheckFailed, UnreadableInput
from aicompiler.metamodels.system import Node, System
from aicompiler.run import RunOptions, opencl_fallback, run_project

Case = Any  # tests/project/conftest.py: a system with a decision, and generate()
Decide = Callable[..., Case]
PERIODS = 6
MS = 1_000_000


def expected_outputs(periods: int) -> dict[str, bytes]:
    """The small system by hand: the rules in plain Python, instants in ms, no code of ours."""
    source = [[n * 4 + i for i in range(4)] for n in range(5, 5 + 8 * periods)]  # job k is due at 10 + 10k
    slow = []  # released at 5 + 40j, due at 45 + 40j
    for j in range(2 * periods):
        k = (5 + 40 * j - 10) // 10
        x = source[k] if 0 <= k < len(source) else [0] * 4
        slow.append([v * 2 + j for v in x])
    pair = [sum(source[2 * j] + source[2 * j + 1]) for j in range(2 * periods)]  # due at 30 + 20j
    z = []
    for j in range(8 * periods):
        k, m = (5 * j - 45) // 40, (5 * j - 30) // 20
        y = slow[k] if k >= 0 else [-1, -2, -3, -4]
        z += [y[0] + y[3], pair[m] if m >= 0 else 77]
    log, total = [], 0.25
    for j in range(2 * periods):  # released at the latest when its pair is due: 30 + 20j
        total = total * 0.5 + pair[j] + source[(30 + 20 * j - 10) // 10][1] * 0.125
        log.append(total)
    return {"fast.z": struct.pack(f"<{len(z)}i", *z), "sink.log": struct.pack(f"<{len(log)}d", *log)}


def digests(result: RunResult) -> dict[str, str]:
    return {o.element: o.sha256 for o in result.outputs}


EXPECTED = {port: hashlib.sha256(content).hexdigest() for port, content in expected_outputs(PERIODS).items()}


def built(case: Case, out: Path, options: RunOptions) -> RunResult:
    write_project(case.generate() if options.self_checks else case.generate(vectors=()), out)
    return run_project(out, PERIODS, options)


@pytest.fixture(scope="module")
def cpu_run(all_cpu: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    """The small system on the CPU alone, calibrated, in step with its slots."""
    out = tmp_path_factory.mktemp("project") / "cpu"
    return out, built(all_cpu, out, RunOptions())


@pytest.fixture(scope="module")
def spread_run(spread: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    """The small system over three units, under the sanitizers, as fast as it can."""
    out = tmp_path_factory.mktemp("project") / "spread"
    return out, built(spread, out, RunOptions(sanitize="address,undefined", free_run=True, self_checks=False))


def test_outputs_are_those_of_the_rules(cpu_run: tuple[Path, RunResult]) -> None:
    """Multi-rate queues, samples in both directions, initial values and state follow the rules."""
    assert digests(cpu_run[1]) == EXPECTED


def test_outputs_do_not_depend_on_placement_or_pace(spread_run: tuple[Path, RunResult]) -> None:
    """OpenCL, HLS code and C, unpaced and sanitized, put out the same bytes."""
    assert digests(spread_run[1]) == EXPECTED


def test_every_kernel_agrees_with_the_interpreter_in_every_language(cpu_run: tuple[Path, RunResult]) -> None:
    """ctest names kernel and target, covers all of them, and passes."""
    assert_complete(cpu_run[1])


@pytest.mark.long
def test_self_checks_are_clean_under_the_sanitizers(spread: Case, tmp_path: Path) -> None:
    """Every kernel in every language, and what compares them, runs under ASan and UBSan."""
    result = built(spread, tmp_path / "out", RunOptions(sanitize="address,undefined", free_run=True))
    assert_complete(result)
    assert digests(result) == EXPECTED


def assert_complete(result: RunResult) -> None:
    """A passed self-check for each kernel and target."""
    kernels = [f"{c}_step" for c in ("source", "slow", "pair", "fast", "sink")]
    wanted = {f"reduced_{k}.{t}" for k in kernels for t in ("c", "opencl", "hls")}
    wanted |= {"system"} | {f"full_{k}.{t}" for k in kernels for t in ("opencl", "hls")}
    assert {c.name for c in result.self_checks if c.passed} == wanted
    assert {c.element for c in result.self_checks} == {
        "",
        *(f"{k.removesuffix('_step')}.step" for k in kernels),
    }


def test_result_says_what_really_ran(spread_run: tuple[Path, RunResult]) -> None:
    """Each unit's real device is named; a GPU or FPGA that is none is said to be stood in for."""
    devices = {d.unit: d for d in spread_run[1].devices}
    assert not devices["cpu"].stands_in
    assert devices["fpga"].stands_in and devices["fpga"].note == "C simulation of the circuits"
    assert devices["gpu"].real and "OpenCL" in devices["gpu"].note
    jobs = {t.entry: t.jobs for t in spread_run[1].times}
    assert jobs == {
        "source.step": 4 * PERIODS + 1,  # its last value is read after the last period
        "slow.step": PERIODS,
        "pair.step": 2 * PERIODS,
        "fast.step": 8 * PERIODS,
        "sink.step": 2 * PERIODS,
    }


def node(out: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(out / "build" / "node_board"), *arguments]
    settings = os.environ | opencl_fallback() | {"ASAN_OPTIONS": "detect_leaks=0"} | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=settings)


def test_missing_opencl_is_said_and_never_papered_over(
    spread_run: tuple[Path, RunResult], tmp_path: Path
) -> None:
    """Without OpenCL a run with a GPU fails with a sentence; C stands in only when asked, and says so."""
    out, _ = spread_run
    absent = {"AIC_OPENCL_LIB": "/nonexistent/libOpenCL.so"}
    refused = node(out, "--free-run", **absent)
    assert refused.returncode == 4
    assert "gpu is unavailable: no OpenCL library /nonexistent/libOpenCL.so can be opened" in refused.stderr
    log = tmp_path / "log"
    arguments = ["--free-run", "--allow-host-fallback", "--periods", str(PERIODS), "--log", str(log)]
    assert node(out, *arguments, "--record", str(tmp_path), **absent).returncode == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    gpu = next(e for e in events if e.get("unit") == "gpu" and e["event"] == "device")
    assert gpu["note"] == "C in the place of OpenCL" and gpu["stand_in"]
    for port, content in expected_outputs(PERIODS).items():
        assert (tmp_path / f"{port}.bin").read_bytes() == content


def ctest(out: Path, name: str) -> subprocess.CompletedProcess[str]:
    program = Path(cmake.CMAKE_BIN_DIR) / "ctest"
    command = [str(program), "--test-dir", str(out / "build"), "-R", f"^{name}$"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_what_a_node_prints_cannot_skip_the_system_test(cpu_run: tuple[Path, RunResult]) -> None:
    """A node that fails and says "skipped:" fails the test; only the status of a missing device skips it."""
    program = cpu_run[0] / "build" / "node_board"
    kept = program.rename(program.with_name("kept"))
    try:
        for status, said in ((1, "***Failed"), (4, "***Skipped")):
            program.write_text(f"#!/bin/sh\necho skipped: no device >&2\nexit {status}\n")
            program.chmod(0o755)
            done = ctest(cpu_run[0], "system")
            assert said in done.stdout
            assert (done.returncode == 0) is (status == 4)
    finally:
        kept.replace(program)


def test_a_missing_device_does_not_hide_a_crash(spread_run: tuple[Path, RunResult], tmp_path: Path) -> None:
    """Where one process dies and another finds no device, the run has failed; it is not just unavailable."""
    (tmp_path / "crash.c").write_text(
        "#include <pthread.h>\n#include <stdlib.h>\nstatic int forks;\n"
        "static void parent(void) { forks++; }\nstatic void child(void) { if (forks == 0) abort(); }\n"
        "__attribute__((constructor)) static void start(void) { pthread_atfork(NULL, parent, child); }\n"
    )
    library = tmp_path / "crash.so"
    command = ["gcc", "-shared", "-fPIC", str(tmp_path / "crash.c"), "-o", str(library)]
    subprocess.run(command, check=True)
    settings = {
        "AIC_OPENCL_LIB": "/nonexistent/libOpenCL.so",
        "LD_PRELOAD": str(library),
        "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0",
    }
    done = node(spread_run[0], "--free-run", **settings)
    assert done.returncode == 1, done.stderr


def test_jobs_keep_to_their_slots_in_stretched_time(cpu_run: tuple[Path, RunResult], tmp_path: Path) -> None:
    """No job starts before its release, and the log judges lateness by the stretched deadline."""
    log = tmp_path / "log"
    assert node(cpu_run[0], "--stretch", "2", "--periods", "3", "--log", str(log)).returncode in (0, 3)
    jobs = [e for e in map(json.loads, log.read_text().splitlines()) if e["event"] == "job"]
    fast = [e for e in jobs if e["entry"] == "fast.step"]
    assert [e["job"] for e in fast] == list(range(24))
    for e in fast:
        assert e["release_ns"] == e["job"] * 5 * MS
        assert e["start_ns"] >= 2 * e["release_ns"]
        assert e["missed"] == (e["end_ns"] > 2 * (e["release_ns"] + 5 * MS))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_cleanly(cpu_run: tuple[Path, RunResult], tmp_path: Path, number: int) -> None:
    """Within a second or two all processes are gone, the log is complete, and the status says interrupted."""
    log = tmp_path / "log"
    command = [str(cpu_run[0] / "build" / "node_board"), "--periods", "100000", "--log", str(log)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        time.sleep(0.3)
        process.send_signal(number)
        _, text = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in text
    assert json.loads(log.read_text().splitlines()[-1])["status"] == 130
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize(
    "arguments", [["--periods", "0"], ["--periods", "1.5"], ["--stretch", "x"], ["--unknown"], ["extra"]]
)
def test_wrong_arguments_are_a_usage_error(cpu_run: tuple[Path, RunResult], arguments: list[str]) -> None:
    """Exit status 2 and the usage, before anything runs."""
    done = node(cpu_run[0], *arguments)
    assert done.returncode == 2
    assert "usage: board" in done.stderr


def without_behaviour(system: System, name: str) -> System:
    components = tuple(
        replace(c, entries=tuple(replace(e, behaviours=()) for e in c.entries)) if c.id == name else c
        for c in system.components
    )
    return replace(system, application=replace(system.application, components=components))


def test_hand_written_code_runs_and_its_crash_ends_the_run(
    small: System, decide: Decide, tmp_path: Path
) -> None:
    """A stub filled by hand gives the outputs; a crash in it fails the run and says whose process died."""
    pins = dict.fromkeys([c.id for c in small.components], "cpu")
    case = decide(without_behaviour(small, "source"), **pins)
    out = tmp_path / "out"
    write_project(case.generate(vectors=()), out)
    stub = out / "user" / "source_step.c"
    body = "(void)x;\n    (void)n;"
    assert body in stub.read_text()
    code = "for (int i = 0; i < 4; i++) { x[i] = *n * 4 + i; }\n    ++*n;"
    stub.write_text(stub.read_text().replace(body, code))
    options = RunOptions(free_run=True, self_checks=False)
    assert digests(run_project(out, PERIODS, options)) == EXPECTED
    stub.write_text(stub.read_text().replace(code, "if (++*n > 8) { __builtin_trap(); }\n    x[0] = 0;"))
    with pytest.raises(SelfCheckFailed, match=r"the process of cpu was ended by signal \d+") as failure:
        run_project(out, PERIODS, options)
    assert failure.value.exit_code == 5
    stub.write_text("this is no C\n")
    with pytest.raises(SelfCheckFailed, match=r"(?s)cmake failed:.*user/source_step\.c.*error"):
        run_project(out, PERIODS, options)


def test_long_initial_values_live_in_a_binary_file(small: System, decide: Decide, tmp_path: Path) -> None:
    """State of 80 kB starts with its defaults, on the GPU too, and is no text."""
    source, *others = small.application.components
    defaults = tuple(str(i) for i in range(20_000))
    table = replace(source.attributes[0], id="source.table", name="table", shape=(20_000,), default=defaults)
    body = "for (int i = 0; i < 4; i++) { x[i] = table[n * 4 + i]; }\nn = n + 1;\ntable[0] = n;"
    (entry,) = source.entries
    entry = replace(entry, behaviours=(replace(entry.behaviours[0], body=body),))
    source = replace(source, attributes=(*source.attributes, table), entries=(entry,))
    system = replace(small, application=replace(small.application, components=(source, *others)))
    case = decide(system, source="gpu")
    out = tmp_path / "out"
    write_project(case.generate(vectors=()), out)
    assert (out / "src" / "data" / "source.table.bin").stat().st_size == 80_000
    assert (out / "src" / "components" / "source.c").stat().st_size < 3_000
    assert digests(run_project(out, PERIODS, RunOptions(free_run=True, self_checks=False))) == EXPECTED


def test_two_nodes_run_as_two_programs(small: System, decide: Decide, tmp_path: Path) -> None:
    """Nodes are separate executables that meet in the shared channels; the outputs are the same."""
    point = replace(small.units[0].fastest, id="far.op")
    far = replace(small.units[0], id="far", name="far", cores=2, operating_points=(point,))
    remote = Node(id="remote", name="remote", units=(far,))
    platform = small.platform
    links = tuple(replace(link, ends=(*link.ends, "far")) for link in platform.links)
    system = replace(small, platform=replace(platform, nodes=(*platform.nodes, remote), links=links))
    case = decide(system, source="cpu", slow="far", pair="far", fast="cpu", sink="far")
    out = tmp_path / "out"
    write_project(case.generate(vectors=()), out)
    assert digests(run_project(out, PERIODS, RunOptions(free_run=True, self_checks=False))) == EXPECTED
    assert (out / "build" / "node_remote").exists()
    alone = node(out, "--free-run")
    assert alone.returncode == 2 and "--shared FILE" in alone.stderr


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    """`run` on anything else is unreadable input (exit 2) with advice."""
    with pytest.raises(UnreadableInput, match="holds no generated project; give the folder"):
        run_project(tmp_path)
