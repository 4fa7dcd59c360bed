"""Whatever stops a build, the output folder holds a whole result: the old one or the new one."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aicompiler.codegen import GeneratedFile, GeneratedProject, write_project
from aicompiler.metamodels.diagnostics import OutputFailed

FINE = Path(__file__).resolve().parent.parent / "errors" / "models" / "fine.uml"
AICOMPILER = [sys.executable, "-c", "from aicompiler.cli import main; main()"]
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
TRIES = 6


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {"AIC_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> dict[str, str]:
    """What an undisturbed build writes; it fills the cache, so that later builds are mostly writing."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = build(out, environment)
    assert done.returncode == 0, done.stderr
    return files(out)


def build(
    out: Path, environment: dict[str, str], **more: Callable[[], None]
) -> subprocess.CompletedProcess[str]:
    command = [*AICOMPILER, "build", str(FINE), "-o", str(out), "-q"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120, **more
    )


def files(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def names(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir()]


def mark_as_old(out: Path) -> dict[str, str]:
    """Make the result in ``out`` differ from a new one and give it a hand-written file; its files now."""
    (out / "README.md").write_text("an older result\n")
    (out / "user" / "mine.c").write_text("/* by hand */\n")
    return files(out)


def interrupt(
    command: list[str], number: signal.Signals, delay: float, environment: dict[str, str]
) -> tuple[int, str]:
    """Start a command; once it works, wait ``delay`` s and send a signal to its process group."""
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        time.sleep(delay)
        os.killpg(process.pid, number)
        rest = process.stderr.read()
        return process.wait(timeout=60), first + rest


@pytest.mark.parametrize("number", EXIT_CODES)
def test_a_signal_at_any_instant_leaves_a_whole_result(
    number: signal.Signals, tmp_path: Path, environment: dict[str, str], whole: dict[str, str]
) -> None:
    """Ctrl-C and SIGTERM end a build with their exit code and one sentence; old or new is there, whole."""
    out = tmp_path / "out"
    assert build(out, environment).returncode == 0
    draw = random.Random(number)
    command = [*AICOMPILER, "build", str(FINE), "-o", str(out)]
    codes = []
    for _ in range(TRIES):  # a build from the cache is mostly writing
        old = mark_as_old(out)
        code, said = interrupt(command, number, draw.uniform(0.0, 0.08), environment)
        codes.append(code)
        assert code in {0, EXIT_CODES[number]}, said
        assert "Traceback" not in said
        if code:
            assert said.splitlines()[-1].endswith("; what the output folder holds is whole"), said
        user = {"user/mine.c": old["user/mine.c"]}
        assert files(out) in (old, whole | user)
        assert names(tmp_path) == ["out"]
    assert any(codes), "no signal came in time"


def test_ctrl_c_stops_the_solver(tmp_path: Path, environment: dict[str, str]) -> None:
    """An uncached build is interrupted in the middle of its work, too."""
    command = [*AICOMPILER, "build", str(FINE), "-o", str(tmp_path / "out"), "--no-cache"]
    code, said = interrupt(command, signal.SIGINT, 0.8, environment)
    assert (code, "Traceback" in said) == (130, False), said
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "delay"), [(signal.SIGINT, 0.0), (signal.SIGTERM, 0.0), (signal.SIGINT, 0.02)]
)
def test_a_signal_stops_a_batch_and_its_workers(
    number: signal.Signals, delay: float, tmp_path: Path, environment: dict[str, str], whole: dict[str, str]
) -> None:
    """An interrupted batch ends all its processes; what is built is whole, and the next batch goes on."""
    models = []
    for name in ("a", "b", "c"):
        models.append(tmp_path / f"{name}.uml")
        shutil.copy(FINE, models[-1])
    out = tmp_path / "out"
    command = [*AICOMPILER, "batch", *map(str, models), "-o", str(out), "--workers", "2"]
    code, said = interrupt(command, number, delay, environment)  # after the first model
    assert code in {0, EXIT_CODES[number]} and "Traceback" not in said, said
    assert said.startswith("  [1/3]")
    for name in ("a", "b", "c"):
        assert not (out / name).exists() or set(files(out / name)) == set(whole)
    hidden = {p.name for p in out.iterdir() if p.name.startswith(".")}
    assert hidden == {".state"}
    assert not [p for p in (out / ".state").iterdir() if p.name.startswith(".")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting a file system needs to be root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_exit_2(
    small_disk: Path, environment: dict[str, str], whole: dict[str, str]
) -> None:
    """A disk that is too small ends a build with exit 2, the reason and the next step; nothing stays."""
    done = build(small_disk / "out", environment)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {small_disk / 'out'} cannot be written: No space left on device; "
        "what was there is unchanged; free some space there, or name a folder on another disk [output]\n"
    )
    assert names(small_disk) == []


def test_a_batch_goes_on_when_the_disk_has_room_again(
    small_disk: Path, tmp_path: Path, environment: dict[str, str], whole: dict[str, str]
) -> None:
    """A batch on a full disk says so for each model, and builds them the next time."""
    command = [*AICOMPILER, "batch", str(FINE), "-o", str(small_disk / "out"), "-q"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "No space left on device" in done.stderr
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert set(files(small_disk / "out" / "fine")) == set(whole)


def test_a_limit_on_files_keeps_the_old_result(
    tmp_path: Path, environment: dict[str, str], whole: dict[str, str]
) -> None:
    """Where no big file may be written, the build fails and the older result stays as it was."""
    assert build(tmp_path / "out", environment).returncode == 0
    old = mark_as_old(tmp_path / "out")
    limit = 20_000
    done = build(
        tmp_path / "out",
        environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "File too large" in done.stderr and "ulimit -f" in done.stderr
    assert files(tmp_path / "out") == old
    assert names(tmp_path) == ["out"]


def test_a_read_only_disk_is_one_line_and_exit_2(small_disk: Path, environment: dict[str, str]) -> None:
    """A read-only file system is said at once, with the next step."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = build(small_disk / "out", environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "Read-only file system" in done.stderr
    assert "name a folder on a file system that can be written" in done.stderr


def test_a_folder_below_a_file_is_one_line_and_exit_2(tmp_path: Path, environment: dict[str, str]) -> None:
    """An output path that leads through a file is refused with the next step, by build and batch."""
    (tmp_path / "file").write_text("")
    done = build(tmp_path / "file" / "out", environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "name a folder whose parents are all folders" in done.stderr
    command = [*AICOMPILER, "batch", str(FINE), "-o", str(tmp_path / "file" / "out"), "-q"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_two_builds_into_one_folder_take_turns(
    tmp_path: Path, environment: dict[str, str], whole: dict[str, str]
) -> None:
    """Both end well, and what is there is one whole result."""
    out = tmp_path / "out"
    command = [*AICOMPILER, "build", str(FINE), "-o", str(out), "-q"]
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(timeout=120) for process in both] == [0, 0, 0]
    assert files(out) == whole
    assert names(tmp_path) == ["out"]


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """A hidden folder of a killed build goes away; between two renames it is the result, and comes back."""
    out = tmp_path / "out"
    project = GeneratedProject((GeneratedFile("a.txt", b"a"),))
    write_project(project, out)
    (tmp_path / ".out.aic-dead").mkdir()
    (tmp_path / ".out.aic-dead" / "half").write_text("")
    write_project(project, out)
    assert names(tmp_path) == ["out"]
    (out / "user").mkdir()
    (out / "user" / "mine.c").write_text("/* by hand */\n")
    out.rename(tmp_path / ".out.aic-dead.old")
    (tmp_path / ".out.aic-dead").mkdir()
    write_project(project, out)
    assert (out / "user" / "mine.c").read_text() == "/* by hand */\n"
    assert names(tmp_path) == ["out"]


def test_hand_written_files_that_cannot_be_copied_are_said(small_disk: Path) -> None:
    """Where user/ does not fit beside itself, the reason is the disk, not a list of copies."""
    out = small_disk / "out"
    project = GeneratedProject((GeneratedFile("a.txt", b"a"),))
    write_project(project, out)
    (out / "user").mkdir()
    (out / "user" / "big.bin").write_bytes(b"x" * 160_000)
    with pytest.raises(OutputFailed, match=r"No space left on device.*free some space"):
        write_project(project, out)
    assert names(small_disk) == ["out"]
