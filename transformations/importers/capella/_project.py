"""A Capella project as the importer sees it: elements by id and type, references, places, diagnostics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.importers._sayings import Sayings, shown
from lxml import etree

from ._open import Document, Role

Obj = Any  # an XML element of the project

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_LINK = re.compile(r"[^\s#]*#[\w.-]+")
# Attributes that hold prose: a number sign in them refers to nothing.
TEXTS = frozenset({"name", "summary", "description", "review", "ReqIFText", "ReqIFLongName", "label"})
_PLACEHOLDERS = etree.XPath("//*[@href and not(@id)]")
TEXT_KINDS = frozenset({"StringPropertyValue", "LiteralStringValue", "StringValueAttribute", "KeyValue"})


def kind_of(element: Obj) -> str:
    """The class of an element, without its package; '' where the file does not say it."""
    return str(element.get(XSI_TYPE, "")).rpartition(":")[2]


def links_in(element: Obj, key: str, text: str) -> Iterator[tuple[str, str]]:
    """The references in an attribute, each as file (or '') and id: ``#id``, ``file#id``, ``type file#id``."""
    if key not in TEXTS and (key != "value" or kind_of(element) not in TEXT_KINDS):
        for word in text.split():
            if _LINK.fullmatch(word):
                file, _, target = word.rpartition("#")
                yield file, target


class Project:
    """The documents of one project and what was said about them.

    ``used`` collects the ids of the elements that the system rests on.  Elements are found by the indices
    that capellambse made while it read the files: nothing is walked a second time for them.
    """

    def __init__(self, documents: tuple[Document, ...]) -> None:
        self.documents = documents
        self.file = documents[0].name
        self.by_id: dict[str, Obj] = {}
        self.of_type: dict[etree.QName, list[Obj]] = {}  # by namespace and class
        self.duplicates: list[Obj] = []
        self.used: set[str] = set()
        self._of_kind: dict[str, list[Obj]] = {}
        self._document_of: dict[Obj, Document] = {d.root: d for d in documents}
        self._placeholder: dict[str, Obj] = {}
        self._names: dict[Obj, str] = {}
        self._sources: dict[Obj, Source] = {}
        self.said = Sayings()
        for document in documents:
            self._take(document)

    def _take(self, document: Document) -> None:
        index = document.index
        for type_ in index.iter_qtypes():
            elements = list(index.iter_qtype(type_))
            self.of_type.setdefault(type_, []).extend(elements)
            self._of_kind.setdefault(type_.localname, []).extend(elements)
        for id_ in index.enumerate_uuids():
            self.by_id.setdefault(id_, index[id_])
        if document.role is Role.METADATA:  # capellambse does not index these
            for element in document.root.iter("*"):
                if (id_ := element.get("id")) is not None:
                    self.by_id.setdefault(id_, element)
        if any(d.role is Role.FRAGMENT for d in self.documents):
            for element in _PLACEHOLDERS(document.root):
                self._placeholder[element.get("href").rpartition("#")[2]] = element

    def elements(self) -> Iterator[Obj]:
        """All elements of all files, with an id or without."""
        for document in self.documents:
            yield from document.root.iter("*")

    def find_duplicates(self) -> None:
        """Report the elements whose id another one has: ``by_id`` holds fewer than there are."""
        first: dict[str, Obj] = {}
        for element in self.elements():
            id_ = element.get("id")
            if id_ is not None and first.setdefault(id_, element) is not element:
                self.duplicates.append(element)
                message = f"the id '{shown(id_)}' is used twice, first in line {first[id_].sourceline}"
                step = "merge the files of the project again, or give the copy its own id"
                self.say(Severity.ERROR, "duplicate-id", message, step, element)

    # --- elements -----------------------------------------------------------------------------------------

    def of(self, *kinds: str) -> Iterator[Obj]:
        """All elements of these classes, class by class in model order."""
        for kind in kinds:
            yield from self._of_kind.get(kind, ())

    def children(self, element: Obj, *kinds: str) -> Iterator[Obj]:
        """The elements contained in one, those kept in fragments too; of these classes if any are given."""
        for child in element.iterchildren("*"):
            href = child.get("href") if child.get("id") is None else None
            one = child if href is None else self.by_id.get(href.rpartition("#")[2])
            if one is not None and (not kinds or kind_of(one) in kinds):
                yield one

    def parent(self, element: Obj) -> Obj | None:
        """What contains an element; of a fragment's root, what the fragment was taken from."""
        above = element.getparent()
        if above is None and (placeholder := self._placeholder.get(element.get("id", ""))) is not None:
            above = placeholder.getparent()
        return above

    def above(self, element: Obj) -> Iterator[Obj]:
        """What contains an element, from the inside out; a cycle of fragments ends."""
        seen: set[Obj] = set()
        one = self.parent(element)
        while one is not None and one not in seen:
            seen.add(one)
            yield one
            one = self.parent(one)

    def document(self, element: Obj) -> Document:
        """The file that holds an element."""
        if len(self._document_of) == 1:
            return self.documents[0]
        return self._document_of[element.getroottree().getroot()]

    # --- references ---------------------------------------------------------------------------------------

    def refs(self, element: Obj, attribute: str) -> list[Obj]:
        """The elements that an attribute refers to; what is not there is reported where it is referred to."""
        found = []
        for word in element.get(attribute, "").split():
            file, sign, target = word.rpartition("#")
            if not sign:
                continue  # the type before a reference to another file
            if (one := self.by_id.get(target)) is not None:
                found.append(one)
            else:
                name = f"'{shown(element.get('name') or kind_of(element))}'"
                message = f"{attribute} of {name} cannot be followed: {self.missing(file, target)}"
                step = "repair the reference in Capella, or keep the file that it names in the model's folder"
                self.say(Severity.WARNING, "dangling-reference", message, step, element)
        return found

    def ref(self, element: Obj, attribute: str) -> Obj | None:
        """The first element that an attribute refers to, if any."""
        return next(iter(self.refs(element, attribute)), None)

    def missing(self, file: str, target: str) -> str:
        """Why a reference leads nowhere."""
        if file:
            return (
                f"'{shown(unquote(file))[:120]}' holds no '{shown(target)}' or is not in the model's folder"
            )
        return f"no element of the project has the id '{shown(target)}'"

    def use(self, *elements: Obj | None) -> None:
        """Say that the system rests on these elements."""
        self.used.update(e.get("id", "") for e in elements if e is not None)

    # --- places -------------------------------------------------------------------------------------------

    def source(self, element: Obj) -> Source:
        """The place of an element; the line is that in the file that holds it."""
        if (found := self._sources.get(element)) is None:
            found = self._sources[element] = Source(
                file=self.document(element).name,
                xml_id=element.get("id", ""),
                qualified_name=self.qualified_name(element),
                line=element.sourceline,
            )
        return found

    def qualified_name(self, element: Obj) -> str:
        """Names from the layer inwards."""
        known = self._names
        if (found := known.get(element)) is not None:
            return found
        waiting = [element]
        for one in self.above(element):
            if one in known or kind_of(one) in ("", "SystemEngineering"):
                break
            waiting.append(one)
        for one in reversed(waiting):
            above = known.get(self.parent(one), "")
            name = shown(one.get("name"))
            known[one] = "::".join(part for part in (above, name) if part)
        return known[element]

    # --- diagnostics --------------------------------------------------------------------------------------

    def say(self, severity: Severity, rule: str, message: str, step: str, element: Obj) -> None:
        """Record a diagnostic at an element."""
        self.said.say(severity, rule, message, step, self.source(element))

    def in_library(self, element: Obj) -> bool:
        """Whether an element belongs to a library that the project uses."""
        return self.document(element).role is Role.LIBRARY

    def layer(self, element: Obj) -> str:
        """The architecture that an element belongs to: ``PhysicalArchitecture`` and such, or ''."""
        kinds = (kind_of(one) for one in (element, *self.above(element)))
        return next((kind for kind in kinds if kind.endswith(("Architecture", "Analysis"))), "")

    def missing_libraries(self) -> Iterable[tuple[Obj, str]]:
        """The references to libraries that were not found, with the file that each names."""
        for element in self.of("LibraryReference"):
            for word in element.get("library", "").split():
                file, sign, target = word.rpartition("#")
                if sign and target not in self.by_id:
                    yield element, PurePosixPath(unquote(file)).name
