"""The files that a build read: named for its report, and compared before an earlier build is taken again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aicompiler.metamodels.journal import ABSENT

Inputs = tuple[tuple[str, str], ...]
"""Paths relative to the model's folder, each with the SHA-256 of its content, or ``ABSENT``."""


def relative(files: Mapping[Path, str], folder: Path) -> Inputs:
    """A journal as the inputs of a model in ``folder``, in the order of reading."""
    home = folder.resolve()
    return tuple((os.path.relpath(path, home), digest) for path, digest in files.items())


def unchanged(inputs: Iterable[Iterable[str]], folder: Path) -> bool:
    """Whether every file holds what it held, and what was absent still is."""
    return all(_digest(folder / name) == digest for name, digest in inputs)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ABSENT
