"""Annotations of native XMI: allocations and stated results of the system itself."""

from __future__ import annotations

from aicompiler.metamodels.diagnostics import Diagnostic

from ._document import Document, Edits, Node, NotEditable, quoted
from ._orders import Orders

ROOT = "http://aicompiler/system/1 System"
OWN = "aic.result."


def handles(document: Document) -> bool:
    """Whether the root is a system."""
    return document.top().name == ROOT


def bare(document: Document) -> bytes:
    """The source without annotations of ours."""
    edits = Edits(document)
    for node in document.top().children:
        if _is_own(node):
            edits.remove(node)
    return edits.applied()


def _is_own(node: Node) -> bool:
    return node.name in ("allocations", "stated_results") and node.identifier.startswith(OWN)


def written(document: Document, orders: Orders) -> tuple[bytes, list[Diagnostic]]:
    """The bare source with annotations; every element of a system can be referred to."""
    if document.top().empty:
        raise NotEditable("its system is empty")
    edits = Edits(document)
    for component, unit in orders.placed:
        edits.insert_child(
            document.top(),
            f"<allocations id={quoted(f'{OWN}{component.id}')} component={quoted(component.id)}"
            f' unit={quoted(unit.id)} by="aicompiler"/>',
        )
    for result in orders.results:
        identifier = f"{OWN}{result.figure}.{result.subject.id}"
        edits.insert_child(
            document.top(),
            f"<stated_results id={quoted(identifier)} subject={quoted(result.subject.id)}"
            f' figure="{result.figure}" value="{result.value}"/>',
        )
    return edits.applied(), []
