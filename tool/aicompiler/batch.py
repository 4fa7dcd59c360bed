"""Many models, each built in a process of its own: one bad model never stops the rest.

Every model ends as one state file, so a batch that was interrupted goes on where it stopped; the index page
and ``index.json`` list all of them and are the same for any number of workers.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import re
import resource
import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from aicompiler.inputs import Inputs, relative, unchanged
from aicompiler.metamodels.diagnostics import AicError, Diagnostic, OutputFailed, Severity
from aicompiler.metamodels.journal import journal

Progress = Callable[[str], None]

DEFECT, TIMED_OUT, OUT_OF_MEMORY = 1, 124, 137
NOT_WRITTEN = "not written"
PRELOAD = [  # loaded once by the fork server, not once a model
    "aicompiler.pipeline",
    "aicompiler.codegen.project",
    "aicompiler.codegen.report",
    "aicompiler.metamodels.xmi",
    "aicompiler.transformations.analysis",
    "aicompiler.transformations.costs",
    "aicompiler.transformations.importers",
    "aicompiler.transformations.partition",
    "aicompiler.transformations.reconfiguration",
    "ortools.sat.python.cp_model",
]


@dataclass(frozen=True)
class Limits:
    """What one model may cost: wall-clock seconds and bytes of address space."""

    seconds: float = 600.0
    memory_bytes: int = 8 * 1024**3


@dataclass(frozen=True)
class ModelResult:
    """What became of one model.  ``folder`` is below the batch's output folder."""

    model: str
    folder: str
    key: str
    exit_code: int
    verdict: str
    messages: tuple[str, ...] = ()
    inputs: Inputs = ()


def run_batch(
    models: Sequence[Path], out: Path, workers: int, limits: Limits, progress: Progress
) -> tuple[ModelResult, ...]:
    """Build every model below ``out`` with ``workers`` processes; results come in the order of ``models``."""
    from aicompiler.codegen import writing

    with writing(out):
        (out / ".state").mkdir(parents=True, exist_ok=True)
    folders = _folders(models)
    results = {}
    todo = []
    for path, folder in zip(models, folders, strict=True):
        if (known := _known(path, folder, out)) is not None:
            results[folder] = known
        else:
            todo.append((path, folder))
    if results:
        progress(f"{len(results)} of {len(models)} models are unchanged since the last batch")
    with closing(_build_all(todo, out, workers, limits)) as building:  # ends the workers, whatever happens
        for done, result in enumerate(building, start=1):
            results[result.folder] = result
            _write_state(result, out)
            progress(f"[{done}/{len(todo)}] {result.model}: {result.verdict}")
    ordered = tuple(results[folder] for folder in folders)
    _write_index(ordered, out)
    return ordered


def raise_worst(results: Sequence[ModelResult]) -> None:
    """Raise ``BatchFailed`` with the exit code of the worst model, if one was not built."""
    failed = [result for result in results if result.exit_code]
    if not failed:
        return
    # a defect of ours outweighs what a model got wrong
    worst = min(result.exit_code if result.exit_code == DEFECT else -result.exit_code for result in failed)
    raise BatchFailed(
        abs(worst),
        [
            Diagnostic(
                severity=Severity.ERROR,
                rule="batch",
                message=f"{result.model}: {result.verdict}"
                + (f": {result.messages[0]}" if result.messages else ""),
            )
            for result in failed
        ],
    )


class BatchFailed(AicError):
    """At least one model of a batch was not built."""

    def __init__(self, exit_code: int, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.exit_code = exit_code


# --- one process a model ------------------------------------------------------------------------------------


@dataclass
class _Running:
    path: Path
    folder: str
    process: BaseProcess
    receiver: Connection
    deadline: float


def _build_all(
    todo: Sequence[tuple[Path, str]], out: Path, workers: int, limits: Limits
) -> Generator[ModelResult, None, None]:
    from aicompiler.codegen import uninterrupted

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    _start_forkserver()
    waiting = list(reversed(todo))
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                path, folder = waiting.pop()
                with uninterrupted():  # half a word would end the fork server
                    running.append(_start(context, path, folder, out, limits))
            wait(
                [r.receiver for r in running],
                timeout=max(0.0, min(r.deadline for r in running) - time.monotonic()),
            )
            for one in list(running):
                if (result := _finished(one, out, limits)) is not None:
                    running.remove(one)
                    yield result
    finally:
        _stop(running, out)


def _start_forkserver() -> None:
    """Start it deaf to Ctrl-C, and so all that it forks: the batch stops its workers itself."""
    resource_tracker.ensure_running()  # it would open our ears again
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _stop(running: Sequence[_Running], out: Path) -> None:
    """Kill processes, and remove what they had begun to write."""
    from aicompiler.codegen import remove_stale

    for one in running:
        one.process.kill()
    for one in running:
        one.process.join()
        remove_stale(out / one.folder)


def _start(context: Any, path: Path, folder: str, out: Path, limits: Limits) -> _Running:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=build_one, args=(sender, path, out / folder, limits.memory_bytes))
    process.start()
    sender.close()  # so that the pipe ends when the process does
    return _Running(path, folder, process, receiver, time.monotonic() + limits.seconds)


def _finished(one: _Running, out: Path, limits: Limits) -> ModelResult | None:
    inputs: Inputs = ()
    if one.receiver.poll():
        try:
            exit_code, verdict, messages, inputs = one.receiver.recv()
        except EOFError:  # the process died without a word
            one.process.join()
            code = one.process.exitcode
            exit_code, verdict, messages = DEFECT, "died", [f"the process ended with status {code}"]
    elif time.monotonic() >= one.deadline:
        _stop([one], out)
        text = f"not done after {limits.seconds:g} s; raise --time-limit or make the model smaller"
        exit_code, verdict, messages = TIMED_OUT, "timed out", [text]
    else:
        return None
    one.process.join()
    one.receiver.close()
    return ModelResult(str(one.path), one.folder, _key(one.path), exit_code, verdict, tuple(messages), inputs)


def build_one(sender: Connection, path: Path, out: Path, memory_bytes: int) -> None:
    """Build one model in this process and send (exit code, verdict, messages, files that were read)."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with journal() as files:
        told = _told(path, out, memory_bytes)
    sender.send((*told, relative(files, path.parent)))


def _told(path: Path, out: Path, memory_bytes: int) -> tuple[int, str, list[str]]:
    """What became of one model: exit code, verdict, messages."""
    from aicompiler import pipeline
    from aicompiler.codegen import write_project

    try:
        made = pipeline.build(path)
        diagnostics = (*made.model.diagnostics, *write_project(pipeline.report(made), out))
        return 0, pipeline.verdict(made)["verdict"], [str(d) for d in diagnostics]
    except OutputFailed as error:
        return error.exit_code, NOT_WRITTEN, [str(d) for d in error.diagnostics]
    except AicError as error:
        return error.exit_code, "refused", [str(d) for d in error.diagnostics]
    except MemoryError:
        limit = f"{memory_bytes // 1024**2} MiB"
        text = f"needs more than {limit}; raise --memory-limit or make the model smaller"
        return OUT_OF_MEMORY, "out of memory", [text]
    except Exception as error:
        # A defect of ours in one model must not end the batch; its name and text reach the index.
        return DEFECT, "defect", [f"{type(error).__name__}: {error}"]


# --- folders, states, index ---------------------------------------------------------------------------------


def _folders(models: Sequence[Path]) -> list[str]:
    """A folder name a model: its stem, told apart by a digest of the path where two are alike."""
    stems = [
        re.sub(r"[^A-Za-z0-9_-]+", "_", path.name.partition(".")[0]).strip("_") or "model" for path in models
    ]
    alike = {stem for stem in stems if sum(other.lower() == stem.lower() for other in stems) > 1}
    return [
        f"{stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}" if stem in alike else stem
        for stem, path in zip(stems, models, strict=True)
    ]


def _key(path: Path) -> str:
    from aicompiler.cache import key_of
    from aicompiler.transformations.importers import sidecar_path

    sidecar = sidecar_path(path)
    try:
        return key_of(path.read_bytes(), sidecar.read_bytes() if sidecar.is_file() else b"", str(path))
    except OSError:
        return ""


def _known(path: Path, folder: str, out: Path) -> ModelResult | None:
    """The result of an earlier batch, if neither the model nor the tool has changed since."""
    try:
        state = json.loads((out / ".state" / f"{folder}.json").read_text(encoding="utf-8"))
        read = tuple((str(name), str(digest)) for name, digest in state["inputs"])
        result = ModelResult(**(state | {"messages": tuple(state["messages"]), "inputs": read}))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if not result.key or result.key != _key(path) or result.verdict == NOT_WRITTEN:
        return None
    if not unchanged(result.inputs, path.parent):
        return None
    if result.exit_code in {DEFECT, TIMED_OUT, OUT_OF_MEMORY}:
        return None
    if result.exit_code == 0 and not (out / folder / "verdict.json").is_file():
        return None
    return result


def _write_state(result: ModelResult, out: Path) -> None:
    _replace(out / ".state" / f"{result.folder}.json", json.dumps(asdict(result), indent=2) + "\n")


def _write_index(results: Sequence[ModelResult], out: Path) -> None:
    from aicompiler.codegen.report import render_index

    rows = [asdict(result) for result in results]
    _replace(out / "index.json", json.dumps({"version": "1.0", "models": rows}, indent=2) + "\n")
    _replace(out / "index.html", render_index(rows))


def _replace(path: Path, text: str) -> None:
    from aicompiler.codegen import replace_file

    replace_file(path, text.encode())
