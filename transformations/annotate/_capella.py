"""Annotations of Capella models: string property values on components, functions, chains."""

from __future__ import annotations

import re
import uuid

from aicompiler.metamodels.diagnostics import Diagnostic

from ._document import Document, Edits, Node, NotEditable, quoted
from ._orders import Orders, by_id, left_out, shown, xml_id
from ._results import ENERGY, RESPONSE, UTILISATION

_CORE = re.compile(r"http://www\.polarsys\.org/capella/core/core/[\d.]+")
_MODELLER = re.compile(r"http://www\.polarsys\.org/capella/core/modeller/[\d.]+ (Project|Library)")
_NAMES = {RESPONSE: "aic.result.response", ENERGY: "aic.result.energy", UTILISATION: "aic.result.utilisation"}
_PLACE = "aic.result.unit"
_SPACE = uuid.UUID("6f2d2a52-0d35-5d0c-9f4e-2b8f0f6f4a11")


def handles(document: Document) -> bool:
    """Whether the root is a Capella project, or holds one."""
    top = document.top()
    return any(_MODELLER.fullmatch(n.name) for n in (top, *top.children))


def bare(document: Document) -> bytes:
    """The source without annotations of ours: known by their name and the id made for it."""
    edits = Edits(document)
    for node in document.top().all():
        if node.children and edits.was_empty(node) and all(map(_is_own, node.children)):
            edits.close_again(node)
            continue
        for child in node.children:
            if _is_own(child):
                edits.remove(child)
    return edits.applied()


def _is_own(node: Node) -> bool:
    owner = node.parent.identifier if node.parent is not None else ""
    return node.name == "ownedPropertyValues" and node.identifier == _identifier(owner, node.get("name"))


def _identifier(owner: str, name: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{owner} {name}"))


def written(document: Document, orders: Orders) -> tuple[bytes, list[Diagnostic]]:
    """The bare source with annotations; elements of other files, such as fragments, are left out."""
    prefix = next((p for uri, p in document.prefixes.items() if _CORE.fullmatch(uri)), None)
    if prefix is None:
        raise NotEditable("it does not declare the namespace of Capella's property values (capellacore)")
    known, edits, diagnostics = by_id(document), Edits(document), []
    values: dict[str, list[tuple[str, str]]] = {}
    for component, unit in orders.placed:
        if xml_id(component) in known:
            values.setdefault(xml_id(component), []).append((_PLACE, unit.name or unit.id))
        else:
            diagnostics.append(left_out(component, "it is not an element of this file"))
    for (identifier, figure), result in orders.by_element().items():
        if identifier in known:
            number, unit_name = shown(result)
            values.setdefault(identifier, []).append((_NAMES[figure], f"{number} {unit_name}".strip()))
        elif figure != ENERGY:
            diagnostics.append(left_out(result.subject, "it is not an element of this file"))
    for identifier, stated in values.items():
        _write(edits, known[identifier], prefix, dict(stated))
    return edits.applied(), diagnostics


def _write(edits: Edits, owner: Node, prefix: str, stated: dict[str, str]) -> None:
    texts = [
        f'<ownedPropertyValues xsi:type="{prefix}:StringPropertyValue"'
        f' id="{_identifier(owner.identifier, name)}" name="{name}" value={quoted(value)}/>'
        for name, value in stated.items()
    ]
    edits.insert_children(owner, texts)
