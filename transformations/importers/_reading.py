"""Read a model file as XML without believing it: no entities, no network, no bombs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.parsers import expat

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.journal import noted
from aicompiler.metamodels.system import Source
from lxml import etree

MAX_BYTES = 256 * 1024 * 1024


def read_xml(path: Path) -> Any:
    """The root element of an XML file; raises ``UnreadableInput`` with the place of what is wrong."""
    content = read_content(path)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        reason = (error.msg or "not well-formed").partition(", line ")[0]
        message = f"this is no well-formed XML: {reason}"
        raise unreadable(path, "not-xml", message, "give a .uml or .xmi model", error.lineno or 0) from error
    if root.getroottree().docinfo.doctype:  # in an encoding that the scan of the prolog does not know
        raise _document_type(path)
    return root


def read_content(path: Path) -> bytes:
    """The bytes of an XML file that another parser may be given: of bounded size, without a document type.

    Raises ``UnreadableInput`` with the place of what is wrong.
    """
    content = _read(path)
    try:
        found = _declares_document_type(content)
    except (LookupError, ValueError) as error:  # a parser that knows the encoding might find a document type
        message = f"its encoding is not supported: {error}"
        raise unreadable(path, "unknown-encoding", message, "save it in UTF-8", 1) from error
    if found:
        raise _document_type(path)
    return content


def _document_type(path: Path) -> UnreadableInput:
    message = "it declares a document type, through which files and networks could be reached"
    return unreadable(path, "document-type", message, "remove the <!DOCTYPE ...> declaration", 1)


class _Stop(Exception):
    """Ends the scan of the prolog."""


def _declares_document_type(content: bytes) -> bool:
    """Whether there is a DOCTYPE before the root element; nothing of it is expanded to find out."""
    found = False

    def doctype(*_: object) -> None:
        nonlocal found
        found = True
        raise _Stop

    def element(*_: object) -> None:
        raise _Stop

    scanner = expat.ParserCreate()
    scanner.StartDoctypeDeclHandler = doctype
    scanner.StartElementHandler = element
    # What is malformed is reported by the real parser, with a better message.
    with suppress(_Stop, expat.ExpatError):
        scanner.Parse(content, True)
    return found


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, a device may never end
            raise unreadable(path, "unreadable-file", "it is no file", "give the model's file")
        if path.stat().st_size > MAX_BYTES:
            size = f"{path.stat().st_size >> 20} MiB"
            raise unreadable(
                path, "too-large", f"it has {size}, the limit is {MAX_BYTES >> 20} MiB", "split the model"
            )
        content = path.read_bytes()
    except OSError as error:
        message = f"it cannot be read: {error.strerror or error}"
        raise unreadable(path, "unreadable-file", message, "check the path and its permissions") from error
    noted(path, content)
    if not content.strip():
        raise unreadable(path, "empty-file", "the file is empty", "save the model again from its editor")
    return content


def unreadable(path: Path, rule: str, message: str, next_step: str, line: int = 0) -> UnreadableInput:
    """The exception that says why ``path`` is no model."""
    source = Source(file=path.name, line=line)
    return UnreadableInput(
        Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=next_step, source=source)
    )
