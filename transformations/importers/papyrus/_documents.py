"""Other files that a model refers to: those in its folder are read, all else is said and left alone."""

from __future__ import annotations

from collections import deque
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aicompiler.metamodels.diagnostics import UnreadableInput
from aicompiler.metamodels.journal import noted
from aicompiler.transformations.importers._reading import read_xml

from ._names import is_uml, is_xmi, split_tag
from ._resource import Document, LenientResource

MAX_DOCUMENTS = 64
MAX_BYTES = 64 * 1024 * 1024

_LIBRARIES = (
    *("pathmap://UML_", "pathmap://Papyrus", "pathmap://SysML", "pathmap://MARTE", "pathmap://CHESS"),
    *("pathmap://DAM_", "pathmap://DICE", "pathmap://FCM_", "pathmap://AICOMPILER_PROFILES/"),
    *("http://www.eclipse.org/", "http://www.omg.org/", "http://schema.omg.org/", "platform:/plugin/"),
    *("http:///schemas/CHESS/", "http://CHESS", "http://com.masdes.dam/", "http://es.unizar.disco.dice/"),
)
# Our own profile, which the shipped models refer to beside them: its stereotypes are in the metamodel.
_OWN_PROFILE = "aic.profile.uml"


class Fate(Enum):
    """What became of another document; the value says it in a message."""

    READ = "which was read too"
    LIBRARY = "a library or profile whose names are known"
    FOREIGN = "which is not opened"
    OUTSIDE = "which is outside the model's folder"
    MISSING = "which does not exist"
    UNREADABLE = "which is no UML file"
    TOO_MUCH = f"which is more than the {MAX_DOCUMENTS} files and {MAX_BYTES >> 20} MiB that are read"


class Documents:
    """Reads what a model refers to in its own folder and below; each file once, however they refer.

    Nothing else is opened: no address with a scheme, no path that leaves the folder, by ``..``, as an
    absolute path or through a link.
    """

    def __init__(self, path: Path, resource: LenientResource) -> None:
        self.path = path.resolve()
        self.folder = self.path.parent
        self.resource = resource
        self.fates: dict[tuple[str, str], Fate] = {}
        self.leads: dict[tuple[str, str], Document] = {}
        self._read: dict[Path, Document | None] = {}
        self._roots: list[Any] = []
        self._bytes = 0

    def follow(self) -> list[Any]:
        """Read them all, nearest first, and give their roots; the model itself has been read."""
        self._read[self.path] = self.resource.documents[0]
        waiting = deque([(self.path.parent, self.resource.documents[0])])
        while waiting:
            folder, document = waiting.popleft()
            tokens = dict.fromkeys(r.token.rpartition("#")[0] for r in document.references if r.certain)
            for address in filter(None, tokens):
                found = self._follow(folder, document, address)
                if found is not None:
                    waiting.append(found)
        return self._roots

    def _follow(self, folder: Path, document: Document, address: str) -> tuple[Path, Document] | None:
        key = (document.name, address)
        self.fates[key], target = self._target(folder, address)
        if target is None:
            return None
        fresh = target not in self._read
        if fresh:
            self._read[target] = self._load(key, target)
        if (found := self._read[target]) is None:
            self.fates[key] = Fate.UNREADABLE if self.fates[key] is Fate.READ else self.fates[key]
            return None
        self.leads[key] = found
        return (target.parent, found) if fresh else None

    def _target(self, folder: Path, address: str) -> tuple[Fate, Path | None]:
        if address.startswith(_LIBRARIES) or address.rpartition("/")[2] == _OWN_PROFILE:
            return Fate.LIBRARY, None
        if ":/" in address or address.startswith(("/", "\\", "//")):
            return Fate.FOREIGN, None
        try:
            target = (folder / unquote(address)).resolve()
            if not target.is_relative_to(self.folder):
                return Fate.OUTSIDE, None
            if target.is_file():
                return Fate.READ, target
            noted(target, None)
            return Fate.MISSING, None
        except (OSError, ValueError):  # no file name at all, or a ring of links
            return Fate.MISSING, None

    def _load(self, key: tuple[str, str], target: Path) -> Document | None:
        try:
            size = target.stat().st_size
        except OSError:  # it went away meanwhile
            return None
        if len(self._read) >= MAX_DOCUMENTS or self._bytes + size > MAX_BYTES:
            self.fates[key] = Fate.TOO_MUCH
            return None
        self._bytes += size
        try:
            root = read_xml(target)
        except UnreadableInput:  # said as a diagnostic of the reference, in which the model is not wrong
            return None
        if not has_model(root):
            return None
        self._roots.append(root)
        return self.resource.add(root, target.relative_to(self.folder).as_posix())


def has_model(root: Any) -> bool:
    """Whether a document is UML, or XMI that holds UML."""
    namespace, _ = split_tag(root.tag)
    inside = root.iterchildren("*") if is_xmi(namespace) else ()
    return is_uml(namespace) or any(is_uml(split_tag(n.tag)[0]) for n in inside)
