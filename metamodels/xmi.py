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
from pyecore.resources import URI
from pyecore.resources.xmi import XMIOptions, XMIResource

from ._mapper import EObjectBuilder, Metamodels, to_dataclass
from ._packages import PACKAGES
from .diagnostics import Diagnostic, Severity, UnreadableInput
from .system import Source

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


class _ClosedResource(XMIResource):
    """An XMI resource that opens nothing else: references into other documents stay proxies."""

    def _try_resource_autoload(self, uri: str, original_uri: str) -> Any:  # noqa: ARG002
        raise ValueError(f"{original_uri} is another document")


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
    content = path.read_bytes()
    _refuse_unsafe(content, path)
    metamodels = Metamodels.shipped()
    resource = _ClosedResource(_MemoryUri(path.name, content))
    resource.resource_set = metamodels.resource_set
    try:
        resource.load()
        return to_dataclass(resource.contents[0])
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, StopIteration) as error:
        raise _unreadable(path, f"is no instance of our metamodels: {error}") from error


def _refuse_unsafe(content: bytes, path: Path) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        tree = etree.fromstring(content, parser).getroottree()
    except etree.XMLSyntaxError as error:
        raise _unreadable(path, f"is not well-formed XML: {error.msg}", error.lineno or 0) from error
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        raise _unreadable(path, "declares a document type, which models do not need", 1)


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
