"""Writing a project: all of it or nothing, and never over what a user wrote."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.system import Source

from ._atomic import alone_in, uninterrupted, writing
from ._files import GeneratedFile, GeneratedProject

USER = "user/"
"""Where hand-written code lives: created once, never overwritten."""


MARK = ".aicompiler"
"""A file in every folder written here: only a folder that has it, or an empty one, is replaced."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_OLD = ".old"


def write_project(project: GeneratedProject, out: Path) -> tuple[Diagnostic, ...]:
    """Replace ``out`` by the project; what is in ``out/user`` stays as it is.

    Files are written beside ``out``, in a hidden folder which is then exchanged with it, so an interrupted
    run leaves the old result; one that was killed leaves its hidden folder too, which the next one removes.
    Two at once take turns.  A warning tells of each hand-written file whose signature the model has changed;
    a ``.new`` file beside it has the new one.  Raises ``UnreadableInput`` if ``out`` holds something else
    than a generated project, ``OutputFailed`` if the system does not let it be written.
    """
    out = out.absolute()
    with writing(out):
        _refuse_foreign(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(out.parent) as alone:
            if alone:
                _remove_leftovers(out)
            _refuse_foreign(out)  # another one may have put something there meanwhile
            with _folder_beside(out) as fresh:
                diagnostics = _fill(fresh, project, out)
                with uninterrupted():
                    _swap(fresh, out)
    return diagnostics


def remove_stale(out: Path) -> None:
    """Remove what a killed ``write_project`` left beside ``out``; waits for one that is under way."""
    out = out.absolute()
    if out.parent.is_dir():
        with writing(out), alone_in(out.parent) as alone:
            if alone:
                _remove_leftovers(out)


@contextmanager
def _folder_beside(out: Path) -> Iterator[Path]:
    """A hidden folder beside ``out`` that goes away whatever happens."""
    fresh: Path | None = None
    try:
        with uninterrupted():
            fresh = Path(tempfile.mkdtemp(prefix=_prefix(out), dir=out.parent))
        yield fresh
    finally:
        if fresh is not None:
            with uninterrupted():
                shutil.rmtree(fresh, ignore_errors=True)


def _prefix(out: Path) -> str:
    return f".{out.name}.aic-"


def _remove_leftovers(out: Path) -> None:
    for path in sorted(p for p in out.parent.iterdir() if p.name.startswith(_prefix(out))):
        if path.name.endswith(_OLD) and not out.exists():
            path.rename(out)  # killed between the two renames of a system that cannot exchange
        else:
            shutil.rmtree(path, ignore_errors=True)


def _fill(fresh: Path, project: GeneratedProject, out: Path) -> tuple[Diagnostic, ...]:
    fresh.chmod(0o755)
    (fresh / MARK).write_text("AI-COMPILER wrote this folder and replaces it, all but user/.\n")
    if (out / USER).is_dir():
        _copy(out / USER, fresh / USER)
    return tuple(d for file in project.files for d in _place(file, fresh))


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, symlinks=True)
    except shutil.Error as error:  # it has only the texts of the errors met
        reason = str(error.args[0][0][2])
        code = int(found[1]) if (found := re.search(r"\[Errno (\d+)\]", reason)) else 0
        raise OSError(code, os.strerror(code) if code else reason) from error


def _refuse_foreign(out: Path) -> None:
    if not out.exists() and not out.is_symlink():
        return
    if out.is_dir() and not out.is_symlink() and ((out / MARK).is_file() or not any(out.iterdir())):
        return
    raise UnreadableInput(
        Diagnostic(
            severity=Severity.ERROR,
            rule="output-folder",
            message=f"{out} exists and is no project that AI-COMPILER generated",
            next_step="name another folder, or remove it yourself",
        )
    )


def _place(file: GeneratedFile, root: Path) -> list[Diagnostic]:
    path = PurePosixPath(file.path)
    if path.is_absolute() or ".." in path.parts or "\0" in file.path:
        raise AssertionError(f"a generated file has the path {file.path!r}")
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.path.startswith(USER) and (target.exists() or target.is_symlink()):
        return _keep(file, target) if target.exists() else []  # a link that leads nowhere stays as it is
    target.write_bytes(file.content)
    if file.executable:
        target.chmod(0o755)
    return []


def _keep(file: GeneratedFile, target: Path) -> list[Diagnostic]:
    """A hand-written file stays; a warning and a ``.new`` file where its signature is out of date."""
    newer = target.with_name(target.name + ".new")
    symbol = PurePosixPath(file.path).stem
    wanted = signature_in(file.content.decode(), symbol)
    newer.unlink(missing_ok=True)  # it may be a link
    if wanted is None or wanted == signature_in(target.read_text(encoding="utf-8", errors="replace"), symbol):
        return []
    newer.write_bytes(file.content)
    return [
        Diagnostic(
            severity=Severity.WARNING,
            rule="user-code",
            message=f"the model now asks for {wanted.rstrip(';')}",
            next_step=f"adapt it; {file.path}.new shows the new signature",
            source=Source(file=file.path),
        )
    ]


def _swap(fresh: Path, out: Path) -> None:
    """Put ``fresh`` in the place of ``out``; what was there is then in the place of ``fresh``."""
    if not out.exists():
        fresh.rename(out)
    elif not _exchange(fresh, out):
        old = fresh.with_name(fresh.name + _OLD)
        out.rename(old)
        fresh.rename(out)
        old.rename(fresh)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0)


def signature_in(text: str, symbol: str) -> str | None:
    """The prototype of ``symbol`` in a hand-written file, with single spaces; comments in it, which tell the
    shapes, are part of it.  Whether it is the one of the stub tells whether the model moved on."""
    found = re.search(rf"^void {re.escape(symbol)}\(([^;{{]*)\);$", text, re.MULTILINE)
    return " ".join(found[0].split()) if found else None
