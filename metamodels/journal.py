"""Which files a build reads: what its report names, and what a kept build depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

ABSENT = ""
"""In the place of a digest: the file was looked for and is not there."""

_open: ContextVar[dict[Path, str] | None] = ContextVar("journal", default=None)


@contextmanager
def journal() -> Iterator[dict[Path, str]]:
    """Collect what is read while the block runs: each file, and the SHA-256 of the content that was used."""
    files: dict[Path, str] = {}
    outer, token = _open.get(), _open.set(files)
    try:
        yield files
    finally:
        _open.reset(token)
        if outer is not None:
            outer.update(files)


def noted(path: Path, content: bytes | None) -> None:
    """Say that ``path`` was read and held ``content``, or was not there; without a journal, nothing."""
    files = _open.get()
    if files is not None:
        files[path.resolve()] = ABSENT if content is None else hashlib.sha256(content).hexdigest()
