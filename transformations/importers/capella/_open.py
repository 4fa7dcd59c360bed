"""Open a Capella project from memory: only files of its own folder, each read once and not believed.

capellambse wants the ``.aird`` that lists the files of a project; it says nothing that is needed here and
many people do not keep it, so a list of our own stands in for it.
"""

from __future__ import annotations

import html
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from aicompiler.transformations.importers._reading import read_content, read_xml, unreadable
from lxml import etree

MODELS = (".capella", ".melodymodeller")
FRAGMENTS = (".capellafragment", ".melodyfragment")
LEADS = (".aird", ".afm")
PIECES = (*FRAGMENTS, ".airdfragment")
_PIECES_FOLDER = "fragments"  # where Capella puts them, in the project's folder
MAX_FILES = 1000
_LIST = "project.aird"
_OTHER_FILE = re.compile(rb"\.(?:capella|melodymodeller|capellafragment|melodyfragment|afm)#")
_LONGEST_NAME = 1000
# capellambse refuses the namespaces of Capella before 5, though the classes read here have not changed since.
_OLD_NAMESPACE = re.compile(
    rb"(http://www\.polarsys\.org/capella/(?:core|common)/[a-z/]+/)[1-4]\.\d+\.\d+(?=[\"'])"
)
_OLDEST = rb"\g<1>5.0.0"
_PROLOG = 20_000


class Role(Enum):
    """What a file is to the project."""

    MODEL = "model"
    FRAGMENT = "fragment"
    LIBRARY = "library"
    METADATA = "metadata"


@dataclass(frozen=True)
class Document:
    """One loaded file: its path in the project's folder, and what capellambse made of it."""

    name: str
    role: Role
    index: Any

    @property
    def root(self) -> Any:
        """The root element."""
        return self.index.root


def model_file(path: Path) -> Path:
    """The semantic file that a file of a project leads to; raises ``UnreadableInput`` if there is none."""
    suffix = path.suffix.lower()
    if suffix in PIECES:
        return _whole(path)
    if suffix not in LEADS:
        return path
    for suffix in MODELS:
        if (beside := path.with_suffix(suffix)).is_file():
            return beside
    found = [p for suffix in MODELS for p in sorted(path.parent.glob(f"*{suffix}"))]
    if len(found) == 1:
        return found[0]
    message = f"it leads to no model: {len(found)} .capella files lie beside it, none of this name"
    raise unreadable(path, "no-model", message, "give the .capella file", 1)


def _whole(path: Path) -> Path:
    """The project that a fragment is cut from: the one beside its folder whose files name it."""
    read_xml(path)  # a file that is none is refused as such
    if path.absolute().parent.name == _PIECES_FOLDER:
        piece = f"{_PIECES_FOLDER}/{path.with_suffix('.capellafragment').name}"
        old = f"{_PIECES_FOLDER}/{path.with_suffix('.melodyfragment').name}"
        beside = [p for s in MODELS for p in sorted(path.absolute().parent.parent.glob(f"*{s}"))]
        found = [p for p in beside if {piece, old} & _contents(p).keys()]
        if len(found) == 1:
            return found[0]
    message = "it is a fragment, a piece of a Capella project, and the project it belongs to is not beside it"
    raise unreadable(path, "fragment-alone", message, "give the .capella or .aird file of the project", 1)


def open_project(path: Path) -> tuple[Document, ...]:
    """The files of the project of a ``.capella`` file, the model first.

    Raises ``UnreadableInput`` where it is no Capella project or one of its files is no XML.
    """
    from capellambse import UnsupportedPluginError, UnsupportedPluginVersionError
    from capellambse.loader.core import MissingResourceLocationError

    contents = _contents(path)
    foreign = (UnsupportedPluginError, UnsupportedPluginVersionError)
    unlisted = (MissingResourceLocationError, FileNotFoundError)  # it names a file as only an .aird does
    try:
        trees = _load(contents)
    except (etree.XMLSyntaxError, ValueError, *foreign, *unlisted) as error:  # ValueError: comments inside
        # A file that is no XML is refused again, by the reader that knows its line.
        for name in contents:
            read_xml(path.parent / name)
        reason = str(error).splitlines()[0][:200]
        message = f"this is no Capella project that can be read: {reason}"
        raise unreadable(path, "not-capella", message, "open and save it with Capella", 1) from error
    documents = tuple(Document(name, _role(name, path), trees[name]) for name in contents)
    if etree.QName(documents[0].root).localname not in ("Project", "Library", "XMI"):
        message = f"its root is <{etree.QName(documents[0].root).localname}>, no Capella project"
        raise unreadable(path, "not-capella", message, "give the main .capella file, no fragment", 1)
    return documents


def _contents(path: Path) -> dict[str, bytes]:
    """The model, then what it names of its folder: fragments and libraries, directly or through others."""
    folder = path.parent
    found = {path.name: read_content(path)}
    if (metadata := path.with_suffix(".afm")).is_file():
        found[metadata.name] = read_content(metadata)
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        for other in dict.fromkeys(_named(found[name], PurePosixPath(name).parent, folder)):
            if other not in found and len(found) < MAX_FILES:
                found[other] = read_content(folder / other)
                waiting.append(other)
    return found


def _named(content: bytes, base: PurePosixPath, folder: Path) -> Iterator[str]:
    hrefs = dict.fromkeys(
        re.split(rb'[\s"]', content[max(0, m.start() - _LONGEST_NAME) : m.end() - 1])[-1]
        for m in _OTHER_FILE.finditer(content)
    )
    for href in hrefs:
        text = unquote(html.unescape(href.decode("utf-8", "replace")))
        if (name := located(text, base, folder)) is not None:
            yield name


def located(href: str, base: PurePosixPath, folder: Path) -> str | None:
    """The file of the project's folder that a relative path names, if there is one.

    A library lies beside a project (``../Library/Library.capella``), where nothing is read: it is looked for
    in the folder itself, under its last two names and under its last one.
    """
    names = [p for p in PurePosixPath(href).parts if p not in ("/", "..", ".") and ":" not in p]
    tries = [base / href, PurePosixPath(*names[-2:]), PurePosixPath(*names[-1:])]
    home = folder.resolve()
    for one in tries:
        try:
            real = (folder / one).resolve()
            inside = real.is_relative_to(home) and real.is_file()
        except (OSError, ValueError):
            continue  # a name that no file can have
        if inside:
            return real.relative_to(home).as_posix()
    return None


def _role(name: str, model: Path) -> Role:
    suffix = PurePosixPath(name).suffix
    if name == model.name:
        return Role.MODEL
    if suffix in FRAGMENTS:
        return Role.FRAGMENT
    return Role.METADATA if suffix == ".afm" else Role.LIBRARY


def _load(contents: Mapping[str, bytes]) -> dict[str, Any]:
    """What capellambse makes of these files."""
    from capellambse.filehandler.memory import MemoryFileHandler
    from capellambse.loader import MelodyLoader

    handler: Any = MemoryFileHandler()
    listed = []
    for name, content in contents.items():
        with handler.open(name, "wb") as stream:
            stream.write(_OLD_NAMESPACE.sub(_OLDEST, content[:_PROLOG]) + content[_PROLOG:])
        listed.append(f"<semanticResources>{quote(name)}</semanticResources>")
    space = 'xmlns:viewpoint="http://www.eclipse.org/sirius/1.1.0"'
    root = f'<viewpoint:DAnalysis {space} uid="_AAAAAAAAAAAAAAAAAAAAAA">'
    with handler.open(_LIST, "wb") as stream:
        stream.write(f"{root}{''.join(listed)}</viewpoint:DAnalysis>".encode())
    # Ids that are used twice are an error of the model, which the project's index locates.
    loader: Any = MelodyLoader(handler, entrypoint=_LIST, ignore_duplicate_uuids_and_void_all_warranties=True)
    return {PurePosixPath(*path.parts[1:]).as_posix(): tree for path, tree in loader.trees.items()}


@contextmanager
def quiet() -> Iterator[None]:
    """Without the deprecation warnings and logs of capellambse: what matters becomes a diagnostic."""
    logger = logging.getLogger("capellambse")
    handler = logging.NullHandler()  # or Python would print what nobody listens to
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(handler)
