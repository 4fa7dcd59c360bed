"""Open a Capella project from memory: only files of its own folder, each read without believing it.

capellambse wants the ``.aird`` that lists the files of a project; it says nothing that is needed here and
many people do not keep it, so a list of our own stands in for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aicompiler.transformations.importers._reading import read_xml, unreadable

SUFFIXES = (".capella", ".melodymodeller")
_FRAGMENTS = (".capellafragment", ".melodyfragment")
_LIST = "project.aird"
MAX_FILES = 1000


def open_project(path: Path) -> Any:
    """The capellambse model of a ``.capella`` file; raises ``UnreadableInput`` where it is none."""
    files = [path, *_fragments(path.parent), *sorted(path.parent.glob("*.afm"))]
    for file in files:
        read_xml(file)
    try:
        return _load(path, files)
    except Exception as error:
        # capellambse raises whatever its parts raise; for a user they all mean that it is no project.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"this is no Capella project that can be read: {reason[:200]}"
        step = "open and save it with Capella, with its libraries and fragments in its folder"
        raise unreadable(path, "not-capella", message, step) from error


def _fragments(folder: Path) -> Iterator[Path]:
    found = sorted(p for p in (folder / "fragments").glob("*") if p.suffix in _FRAGMENTS)
    yield from found[:MAX_FILES]


def _load(path: Path, files: list[Path]) -> Any:
    import capellambse
    from capellambse.filehandler.memory import MemoryFileHandler

    handler: Any = MemoryFileHandler()
    listed = []
    for file in files:
        name = file.relative_to(path.parent).as_posix()
        with handler.open(name, "wb") as stream:
            stream.write(file.read_bytes())
        if file.suffix not in _FRAGMENTS:
            listed.append(f"<semanticResources>{quote(name)}</semanticResources>")
    space = 'xmlns:viewpoint="http://www.eclipse.org/sirius/1.1.0"'
    root = f'<viewpoint:DAnalysis {space} uid="_AAAAAAAAAAAAAAAAAAAAAA">'
    with handler.open(_LIST, "wb") as stream:
        stream.write(f"{root}{''.join(listed)}</viewpoint:DAnalysis>".encode())
    return capellambse.MelodyModel(handler, entrypoint=_LIST)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the deprecation warnings of capellambse, which tell a user nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
