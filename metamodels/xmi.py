"""Save and load systems, deployments and plans as XMI, through pyecore.

What is saved opens in Eclipse and in stock pyecore: the metamodels travel with the documents and every root
names them by a relative ``xsi:schemaLocation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree
from pyecore.ecore import EObject
from pyecore.resources import URI
from pyecore.resources.xmi import XMIOptions, XMIResource

from ._mapper import EObjectBuilder, Metamodels, to_dataclass
from ._packages import PACKAGES
from ._reader import DirectResource, Malformed
from .diagnostics import Diagnostic, Severity, UnreadableInput
from .journal import noted
from .system import Source

MAX_BYTES = 256 * 1024 * 1024
_MISFITS = (LookupError, ValueError, TypeError, AttributeError, StopIteration)  # what pyecore raises
XSI = "http://www.w3.org/2001/XMLSchema-instance"


class _MemoryUri(URI):
    """A document that lives in memory under a file name."""

    def __init__(self, name: str, content: bytes = b"") -> None:
        super().__init__(name)
        self.buffer = BytesIO(content)

    def create_instream(self) -> BytesIO:
        return self.buffer

    def create_outstream(self) -> BytesIO:
        return self.buffer

    def close_stream(self) -> None:
        """Keep the buffer: its content is the result."""

    def normalize(self) -> str:
        return str(self.plain)

    def relative_from_me(self, other: URI) -> str:
        return str(other.plain)


def save(documents: Mapping[str, Any]) -> dict[str, bytes]:
    """Serialise dataclass trees that may refer to each other; keys are file names.

    The result also holds the .ecore files.  ``KeyError`` names a referenced id that no document defines.
    """
    metamodels = Metamodels.shipped()
    builder = EObjectBuilder(metamodels)
    resources = {}
    for name, value in documents.items():
        resource = XMIResource(_MemoryUri(name))
        resource.resource_set = metamodels.resource_set
        resource.append(builder.build(value))
        resources[name] = resource
    builder.link()
    return {name: _serialise(resource) for name, resource in resources.items()} | metamodel_files()


def metamodel_files() -> dict[str, bytes]:
    """The three .ecore files by name."""
    from ._mapper import metamodel_path

    return {p.file: metamodel_path(p.name).read_bytes() for p in PACKAGES}


def load(path: Path) -> Any:
    """The dataclass tree of an XMI document of ours; the root's class says which.

    Raises ``UnreadableInput`` with the place of what is wrong.
    """
    root = load_eobject(path)
    try:
        return to_dataclass(root)
    except _MISFITS as error:
        raise _misfit(path, error) from error


def load_eobject(path: Path) -> EObject:
    """The root of the EObject tree of an XMI document of ours, as stock pyecore would load it.

    References into other documents are proxies that stay unresolved: nothing but ``path`` is opened.  Raises
    ``UnreadableInput`` with the place of what is wrong.
    """
    resource = DirectResource(_MemoryUri(path.name, _content(path)))
    resource.resource_set = Metamodels.shipped().resource_set
    try:
        resource.load()
        resource.uri.buffer = BytesIO()  # the text is not needed any more, and as large as the model
        return resource.contents[0]
    except Malformed as error:
        raise _unreadable(path, str(error), error.line) from error
    except _MISFITS as error:
        raise _misfit(path, error, resource.line) from error


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise _unreadable(path, "is no file")
        if path.stat().st_size > MAX_BYTES:
            raise _unreadable(path, f"has more than {MAX_BYTES >> 20} MiB, the limit")
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror or error}") from error
    noted(path, content)
    return content


def _misfit(path: Path, error: Exception, line: int = 0) -> UnreadableInput:
    return _unreadable(path, f"is no instance of our metamodels: {error}", line)


def _unreadable(path: Path, message: str, line: int = 0) -> UnreadableInput:
    return UnreadableInput(
        Diagnostic(
            severity=Severity.ERROR,
            rule="unreadable-xmi",
            message=f"{path.name} {message}",
            next_step="save it again from the tool that made it",
            source=Source(file=str(path), line=line),
        )
    )


def _serialise(resource: XMIResource) -> bytes:
    resource.save(options={XMIOptions.SERIALIZE_DEFAULT_VALUES: True})  # what is set is written
    root = etree.fromstring(resource.uri.buffer.getvalue())
    used = {uri for node in root.iter() for uri in node.nsmap.values()}
    locations = " ".join(f"{p.uri} {p.file}" for p in PACKAGES if p.uri in used)
    root = _with_xsi(root)
    root.set(f"{{{XSI}}}schemaLocation", locations)
    text: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return text


def _with_xsi(root: Any) -> Any:
    """The same root with the xsi prefix declared (lxml cannot add a prefix in place)."""
    if XSI in root.nsmap.values():
        return root
    fresh = etree.Element(root.tag, attrib=dict(root.attrib), nsmap=root.nsmap | {"xsi": XSI})
    fresh[:] = root[:]
    return fresh
