"""Where things stand in an XML file, byte by byte, and edits that leave every other byte alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

# A start tag: '>' counts only outside of quotes.
_START_TAG = re.compile(rb"<[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*>")
_SPACE = b" \t\r\n"


class NotEditable(ValueError):
    """The file cannot be edited byte by byte; the text says why."""


@dataclass
class Node:
    """One element: ``start`` to ``end`` are its bytes, ``inside`` is where its content begins."""

    name: str
    attributes: dict[str, str]
    parent: Node | None
    line: int
    start: int
    inside: int
    empty: bool
    end: int = 0
    close: int = 0
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def get(self, name: str) -> str:
        """The attribute of that name in any namespace, or ''."""
        return next((v for k, v in self.attributes.items() if k.rpartition(" ")[2] == name), "")

    @property
    def identifier(self) -> str:
        """Its XML id, or ''."""
        return self.get("id")

    def all(self) -> Iterator[Node]:
        """This element and all below it, in file order."""
        yield self
        for child in self.children:
            yield from child.all()

    @property
    def last(self) -> int:
        """Where a further child is inserted: behind the last one."""
        return self.children[-1].end if self.children else self.inside


class Document:
    """The elements of a file with their places.  Raises ``NotEditable``."""

    def __init__(self, source: bytes) -> None:
        if source.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in source[:200]:
            raise NotEditable("it is not written in an encoding that extends ASCII")
        self.source = source
        self.newline = "\r\n" if b"\r\n" in source else "\n"
        self.prefixes: dict[str, str] = {}  # namespace -> prefix, as declared for the whole document
        self.root: Node | None = None
        self._open: list[Node] = []
        self._parser = self._prepared()
        try:
            self._parser.Parse(source, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise NotEditable(f"it cannot be parsed again: {error}") from error

    def _prepared(self) -> Any:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse
        return parser

    def top(self) -> Node:
        """The root element."""
        assert self.root is not None  # the parser refuses a document without one
        return self.root

    def _refuse(self, *_: Any) -> None:
        raise NotEditable("it declares a document type")

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        if self.root is None and prefix and uri:
            self.prefixes[uri] = prefix

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        match = _START_TAG.match(self.source, at)
        if match is None:
            raise NotEditable("its encoding hides where elements begin")
        parent = self._open[-1] if self._open else None
        node = Node(
            name=name,
            attributes=attributes,
            parent=parent,
            line=self._parser.CurrentLineNumber,
            start=at,
            inside=match.end(),
            empty=match.group().endswith(b"/>"),
        )
        if parent is None:
            self.root = node
        else:
            parent.children.append(node)
        self._open.append(node)

    def _end(self, name: str) -> None:  # noqa: ARG002
        node = self._open.pop()
        if node.empty:
            node.close = node.end = node.inside
        else:
            node.close = self._parser.CurrentByteIndex
            node.end = self.source.index(b">", node.close) + 1

    def _text(self, data: str) -> None:
        self._open[-1].text += data


class Edits:
    """Insertions and removals in a document, applied at once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._edits: list[tuple[int, int, int, bytes]] = []  # begin, end, number, replacement

    def remove(self, node: Node) -> None:
        """Take out an element with the white space before it."""
        start = node.start
        while self.document.source[start - 1] in _SPACE:
            start -= 1
        self._replace(start, node.end, "")

    def replace(self, start: int, end: int, text: str) -> None:
        """Put ``text`` in the place of some bytes."""
        self._replace(start, end, text)

    def insert_child(self, node: Node, text: str) -> None:
        """Put the text of an element behind the last child of ``node``, on a line of its own."""
        self.insert_children(node, [text])

    def insert_children(self, node: Node, texts: list[str]) -> None:
        """Put elements behind the last child of ``node``; an empty element is opened for them."""
        indent = self._indent(node.children[-1].start) if node.children else self._indent(node.start) + "  "
        lines = "".join(f"{self.document.newline}{indent}{text}" for text in texts)
        if not node.empty:
            self._replace(node.last, node.last, lines)
        elif texts:
            self._open_up(node, lines)

    def _open_up(self, node: Node, lines: str) -> None:
        """``<a/>`` becomes ``<a>...</a >``: the space says that it was empty, as a comment might."""
        source = self.document.source
        name = re.split(rb"[\s/>]", source[node.start + 1 : node.inside], maxsplit=1)[0].decode()
        end = f"{self.document.newline}{self._indent(node.start)}</{name} >"
        self._replace(node.inside - 2, node.inside, f">{lines}{end}")

    def close_again(self, node: Node) -> None:
        """Take back what ``insert_children`` made of an empty element."""
        self._replace(node.inside - 1, node.end, "/>")

    def was_empty(self, node: Node) -> bool:
        """Whether ``insert_children`` opened an empty element."""
        return not node.empty and self.document.source[node.close : node.end].endswith(b" >")

    def _indent(self, at: int) -> str:
        line = self.document.source.rfind(b"\n", 0, at) + 1
        before = self.document.source[line:at]
        return before.decode("ascii") if not before.strip(_SPACE) else ""

    def _replace(self, start: int, end: int, text: str) -> None:
        self._edits.append((start, end, len(self._edits), text.encode("ascii", "xmlcharrefreplace")))

    def applied(self) -> bytes:
        """The bytes with all edits; everything between them is as it was."""
        parts, at = [], 0
        for start, end, _, text in sorted(self._edits):
            parts += [self.document.source[at:start], text]
            at = end
        return b"".join([*parts, self.document.source[at:]])


def quoted(text: str) -> str:
    """A text as the value of an attribute, with its quotes."""
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ('"', "&quot;"),
        ("\n", "&#10;"),
        ("\t", "&#9;"),
    ):
        text = text.replace(character, entity)
    return f'"{text}"'
