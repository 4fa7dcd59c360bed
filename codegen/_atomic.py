"""Writing that is done or not done: what fails, or is interrupted, leaves what was there before."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic, OutputFailed, Severity

_NEXT_STEPS = {
    errno.ENOSPC: "free some space there, or name a folder on another disk",
    errno.EDQUOT: "free some of your quota there, or name a folder on another disk",
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: "name a folder on a file system that can be written",
    errno.EACCES: "name a folder that you may write to",
    errno.EPERM: "name a folder that you may write to",
    errno.ENOTDIR: "name a folder whose parents are all folders",
    errno.EEXIST: "name a folder whose parents are all folders",
}
_HELD_BACK = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn a failure of the system to write into ``OutputFailed`` that names ``out`` and the next step."""
    try:
        yield
    except OSError as error:
        raise OutputFailed(
            Diagnostic(
                severity=Severity.ERROR,
                rule="output",
                message=f"{out} cannot be written: {error.strerror or error}; what was there is unchanged",
                next_step=_NEXT_STEPS.get(error.errno or 0, "mend that, or name another folder"),
            )
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of ``path`` in one step; raises ``OutputFailed``."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with writing(path):
        try:
            fresh.write_bytes(content)
            fresh.replace(path)
        finally:
            with uninterrupted():
                fresh.unlink(missing_ok=True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python runs handlers of signals in the main thread alone
        return
    held: list[int] = []
    previous = {s: signal.signal(s, lambda number, _: held.append(number)) for s in _HELD_BACK}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """One writer at a time in ``folder``; gives False where its file system has no locks."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
