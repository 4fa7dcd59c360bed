"""How much a UML file holds, counted in its XML alone, apart from what the reader makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from aicompiler.transformations.importers._accounting import Account

from ._metamodel import EObject, child_class, features, is_base, is_nfp, stereotype_class, uml_class
from ._names import is_uml, is_xmi, locations, split_tag


def count(root: Any) -> Counter[Account]:
    """The totals of one file.

    ``ELEMENTS``: XML elements in a UML root that have an id.  ``APPLICATIONS``: what stands beside one.
    ``REFERENCES``: every ``href`` and ``idref``, every word of an attribute that the metamodels call a
    reference, and elsewhere each word that is an id of the file.  ``NFP_VALUES``: values that are not empty
    of tags that are typed by a quantity.
    """
    totals = Counter(dict.fromkeys(Account, 0))
    ids = {value for node in root.iter("*") for value in _ids(node)}
    for top in _tops(root):
        uml = is_uml(split_tag(top.tag)[0])
        if uml:
            totals[Account.ELEMENTS] += sum(1 for node in top.iter("*") for _ in _ids(node))
        else:
            totals[Account.APPLICATIONS] += 1
        for node, eclass in _typed(top, uml, locations(root)):
            totals[Account.REFERENCES] += sum(_references(node, eclass, ids))
            totals[Account.NFP_VALUES] += sum(_values(node, eclass))
    return totals


def _ids(node: Any) -> list[str]:
    return [value for key, value in node.attrib.items() if key[0] == "{" and key.endswith("}id")]


def _tops(root: Any) -> Iterator[Any]:
    namespace, name = split_tag(root.tag)
    for node in root.iterchildren("*") if name == "XMI" and is_xmi(namespace) else (root,):
        if not is_xmi(split_tag(node.tag)[0]):
            yield node


def _typed(top: Any, uml: bool, known: dict[str, str]) -> Iterator[tuple[Any, EObject | None]]:
    """Every node below a root with its class; None where the metamodels have none for it."""
    namespace, name = split_tag(top.tag)
    eclass = stereotype_class(namespace, name, known.get(namespace, ""))
    pending = [(top, uml_class(name) or uml_class("NamedElement") if uml else eclass)]
    while pending:
        node, eclass = pending.pop()
        yield node, eclass
        for child in node.iterchildren("*"):
            pending.append((child, child_class(eclass, child) if eclass is not None else None))


def _references(node: Any, eclass: EObject | None, ids: set[str]) -> Iterator[int]:
    for key, value in node.attrib.items():
        if key == "href" or key.endswith("}idref"):
            yield 1
        elif key[0] != "{" and _refers(eclass, key):
            yield len(value.split())
        elif key[0] != "{" and not _is_text(eclass, key):
            yield sum(word in ids for word in value.split())


def _refers(eclass: EObject | None, name: str) -> bool:
    if eclass is None:
        return name.lower().startswith("base_")
    feature = features(eclass).get(name)
    return is_base(eclass, name) or (
        feature is not None and not (feature.is_attribute or feature.containment)
    )


def _is_text(eclass: EObject | None, name: str) -> bool:
    return eclass is not None and name in features(eclass)


def _values(node: Any, eclass: EObject | None) -> Iterator[int]:
    if eclass is None:
        return
    known = features(eclass)
    for key, value in node.attrib.items():
        if key in known and is_nfp(known[key]):
            yield _is_value(value)
    for child in node.iterchildren("*"):
        name = split_tag(child.tag)[1]
        if name in known and is_nfp(known[name]) and not any(k.endswith("}nil") for k in child.attrib):
            yield _is_value(child.text)


def _is_value(text: str | None) -> bool:
    return (text or "").strip() not in ("", "null")
