"""The command line keeps its contract: exit codes, one JSON document on stdout, located messages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aicompiler.cli import app
from aicompiler.errors import printable
from typer.testing import CliRunner

Golden = Callable[[str, str], None]
InProcess = Callable[..., Any]  # gives exit_code, stdout, stderr, exception
MODELS = Path(__file__).resolve().parent.parent / "errors" / "models"


def aicompiler(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from aicompiler.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    """Run a command in this process: a call of the script without a second start of Python."""
    handler, hook = signal.getsignal(signal.SIGTERM), sys.unraisablehook

    def run(*arguments: str | Path, cwd: Path) -> Any:
        monkeypatch.chdir(cwd)
        return CliRunner().invoke(app, list(map(str, arguments)), prog_name="aicompiler")

    yield run
    signal.signal(signal.SIGTERM, handler)
    sys.unraisablehook = hook


def test_impossible_deadline_names_the_flow(in_process: InProcess, golden: Golden) -> None:
    """A flow that nothing can make fast enough ends with exit 4 and the flow's name and place."""
    result = in_process("partition", "impossible_deadline.uml", "-q", cwd=MODELS)
    golden("errors/impossible_deadline.txt", f"exit {result.exit_code}\n{result.stderr}")
    assert result.exit_code == 4
    assert "sourceToSink" in result.stderr


def test_goto_is_refused_with_its_line(in_process: InProcess, golden: Golden, tmp_path: Path) -> None:
    """A body outside the subset ends with exit 3, the file's line, the construct and what to write."""
    result = in_process("build", "goto.uml", "-o", tmp_path / "out", "-q", cwd=MODELS)
    golden("errors/goto.txt", f"exit {result.exit_code}\n{result.stderr}")
    assert result.exit_code == 3
    line = 1 + (MODELS / "goto.uml").read_text(encoding="utf-8").split("goto done")[0].count("\n")
    assert result.stderr.startswith(f"goto.uml:{line}: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "code"), [(b"", 2), (b"not a model", 2), (b"<a><b></a>", 2), (b"\x89PNG\r\n\x1a\n", 2)]
)
def test_what_is_no_model_exits_with_2(
    content: bytes, code: int, in_process: InProcess, tmp_path: Path
) -> None:
    """Unreadable input ends with exit 2, a JSON document that says so, and no traceback."""
    (tmp_path / "model.uml").write_bytes(content)
    result = in_process("check", "model.uml", "--json", cwd=tmp_path)
    assert result.exit_code == code
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert document["exit_code"] == code
    assert "model.uml" in result.stderr
    assert isinstance(result.exception, SystemExit)  # an exit code, no traceback


@pytest.mark.parametrize(
    "arguments", [["check", "absent.uml"], ["run", "absent"], ["build", "x.uml"], ["nonsense"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str], in_process: InProcess, tmp_path: Path) -> None:
    """A missing file, folder, option or command ends with exit 2 and a sentence."""
    result = in_process(*arguments, cwd=tmp_path)
    assert result.exit_code == 2
    assert result.stderr
    assert isinstance(result.exception, SystemExit)  # an exit code, no traceback


def test_quotes_in_names_are_only_names(in_process: InProcess, tmp_path: Path) -> None:
    """A name that looks like code is imported, decided on and reported as the text it is."""
    out = tmp_path / "out"
    result = in_process("build", "quoted_name.uml", "-o", out, "--json", "-q", cwd=MODELS)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["verdict"] == "ready with assumptions"
    assert 'a"; system("reboot"); //' in result.stderr
    generated = [p for p in out.rglob("*") if p.suffix in {".c", ".h", ".cpp", ".cl", ".cu", ".txt", ".cfg"}]
    assert {p.suffix for p in generated} >= {".c", ".h", ".txt"}
    for file in generated:
        assert 'system("reboot' not in file.read_text(encoding="utf-8"), file
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_check_says_what_was_understood(in_process: InProcess, example: Path) -> None:
    """``check --json`` counts the elements of the example and finds nothing wrong."""
    result = in_process("check", example.name, "--json", cwd=example.parent)
    assert result.exit_code == 0, result.stderr
    [report] = json.loads(result.stdout)["models"]
    assert (report["components"], report["flows"], report["units"]) == (6, 1, 4)


def test_check_looks_at_every_model(in_process: InProcess, example: Path, tmp_path: Path) -> None:
    """One bad model among good ones sets the exit code; the others are still reported."""
    (tmp_path / "bad.uml").write_bytes(b"")
    result = in_process("check", tmp_path / "bad.uml", example, "--json", cwd=tmp_path)
    assert result.exit_code == 2
    assert "6 components" in result.stderr


def test_partition_prints_placements_and_proof(example: Path) -> None:
    """``partition`` lists every component with its unit and says how good the decision is."""
    result = aicompiler("partition", example.name, "-q", cwd=example.parent)
    assert result.returncode == 0, result.stderr
    assert all(name in result.stdout for name in ("camera", "blur", "sobel", "blobs", "telemetry", "optimal"))


def test_help_lists_the_commands(tmp_path: Path) -> None:
    """``--help`` names every command of the contract."""
    result = aicompiler("--help", cwd=tmp_path)
    assert result.returncode == 0
    assert all(f"  {name} " in result.stdout for name in ("check", "partition", "build", "run", "demo"))


def test_run_takes_its_options(tmp_path: Path) -> None:
    """``run`` paces and checks as asked, with or without self-checks; two paces at once are refused."""
    model = Path(__file__).resolve().parent.parent / "errors" / "models" / "fine.uml"
    assert aicompiler("build", model, "-o", "out", "-q", cwd=tmp_path).returncode == 0
    options = ["run", "out", "--periods", "2", "--no-self-checks", "--json", "-q"]
    stretched = aicompiler(*options, "--stretch", "1.5", "--host-fallback", cwd=tmp_path)
    assert stretched.returncode == 0, stretched.stderr
    document = json.loads(stretched.stdout)
    assert (document["stretch_permille"], document["self_checks"]) == (1500, [])
    free = aicompiler(*options[:-3], "--free-run", "--json", cwd=tmp_path)
    assert free.returncode == 0, free.stderr
    document = json.loads(free.stdout)
    assert document["stretch_permille"] == 1000
    assert document["self_checks"] and "stretched by" not in free.stderr
    both = aicompiler("run", "out", "--free-run", "--stretch", "2", cwd=tmp_path)
    assert both.returncode == 2
    assert "leave one of the two out" in both.stderr
    for command in ("run", "demo"):
        text = aicompiler(command, "--help", cwd=tmp_path).stdout
        assert all(f"--{name}" in text for name in ("stretch", "free-run", "host-fallback", "no-self-checks"))


def test_the_current_folder_is_not_replaced(tmp_path: Path) -> None:
    """``-o .`` would take the folder from under the shell: it is refused before any work, untouched."""
    shutil.copy(MODELS / "fine.uml", tmp_path)
    result = aicompiler("build", "fine.uml", "-o", ".", "--json", cwd=tmp_path)
    assert result.returncode == 2
    assert "is or holds the current folder" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["fine.uml"]


def test_a_closed_pipe_is_no_defect(tmp_path: Path) -> None:
    """A reader that goes away ends the command as shells expect, without a traceback."""
    shutil.copy(MODELS / "fine.uml", tmp_path)
    code = "from aicompiler.cli import main; main()"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code, "partition", "fine.uml", "-q"],
        cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 128 + signal.SIGPIPE
    assert "Traceback" not in done.stderr


def test_foreign_names_do_not_steer_the_terminal() -> None:
    """Control and direction characters of a name are spelled out; what can be printed stays."""
    assert printable("a\x1b[31m\u202eb\nß") == "a\\x1b[31m\\u202eb\\nß"
