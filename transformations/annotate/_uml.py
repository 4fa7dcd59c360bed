"""Annotations of UML models: MARTE tags and allocations, by profiles that the file already applies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import Element, Entry, Flow, Unit

from ._document import Document, Edits, Node, NotEditable, quoted
from ._orders import Orders, by_id, left_out, shown, xml_id
from ._results import ENERGY, RESPONSE, UTILISATION, Result

_MODEL = re.compile(r".*(/UML|/uml\.xml|/spec/UML/[\d.]+)(/[\w.]+)? (Model|Package|Profile)")
# The namespaces of MARTE's packages: static, dynamic (defined in a file), and generated from Ecore.
_PROFILES = (
    re.compile(r"http://www\.eclipse\.org/papyrus/(\w+)/\d+"),
    re.compile(r"http:///schemas/(\w+)/[^/]+/\d+"),
    re.compile(r"http:///MARTE/(?:.*/)?(\w+)\.ecore"),
)
_OWN = "_aic_result_"
_MARK = "mode='aicompiler'"
_MARKED = re.compile(rb"[ ]\w+=\"[^\"]*mode='aicompiler'\)\"")
_STEPS, _HOSTS, _FLOWS = ("SaStep", "GaStep", "PaStep"), ("SaExecHost", "GaExecHost"), ("SaEndtoEndFlow",)
_TAGS: Mapping[str, Mapping[type[Element], tuple[str, tuple[str, ...]]]] = {
    RESPONSE: {Entry: ("respT", _STEPS), Flow: ("end2EndT", _FLOWS)},
    ENERGY: {Entry: ("energy", _STEPS)},
    UTILISATION: {Unit: ("utilization", _HOSTS)},
}
# Which base_... attributes an application has by the metaclass of its element; all have base_NamedElement.
_HOST_BASES: Mapping[str, tuple[str, ...]] = {
    "Property": ("base_Property", "base_ConnectableElement"),
    "InstanceSpecification": ("base_InstanceSpecification",),
    **dict.fromkeys(("Class", "Component", "Node", "Device", "ExecutionEnvironment"), ("base_Classifier",)),
}
_STEP_BASES: Mapping[str, tuple[str, ...]] = {
    "Operation": ("base_NamedElement", "base_BehavioralFeature"),
    "Reception": ("base_NamedElement", "base_BehavioralFeature"),
}


def handles(document: Document) -> bool:
    """Whether the root is a UML model, or holds one."""
    top = document.top()
    return any(_MODEL.fullmatch(n.name) for n in (top, *top.children))


def bare(document: Document) -> bytes:
    """The source without annotations of ours: known by their ids, tags by their mode."""
    edits = Edits(document)
    _strip(edits, document.top())
    return edits.applied()


def _strip(edits: Edits, node: Node) -> None:
    if node.identifier.startswith(_OWN) or (not node.children and node.text.rstrip(")").endswith(_MARK)):
        edits.remove(node)
        return
    if any(value.endswith(f"{_MARK})") for value in node.attributes.values()):
        tag = edits.document.source[node.start : node.inside]
        for match in _MARKED.finditer(tag):
            edits.replace(node.start + match.start(), node.start + match.end(), "")
    for child in node.children:
        _strip(edits, child)


def written(document: Document, orders: Orders) -> tuple[bytes, list[Diagnostic]]:
    """The bare source with annotations; raises ``NotEditable`` where no profile of MARTE is applied."""
    return _Writer(document).write(orders)


class _Writer:
    """One bare document on its way to an annotated one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.edits = Edits(document)
        self.elements = by_id(document)
        self.diagnostics: list[Diagnostic] = []
        self.prefixes = _profiles(document)
        top = document.top()
        self.model = next(n for n in (*top.children, top) if _MODEL.fullmatch(n.name))
        if not self.prefixes.keys() & {"SAM", "GQAM", "Alloc"} or self.model is top:
            raise NotEditable(
                "it applies none of MARTE's profiles SAM, GQAM and Alloc, and annotating adds no profile"
            )
        self.applied = self._applications()
        self.tags: dict[int, list[tuple[str, str]]] = {}
        self.new: list[str] = []

    def write(self, orders: Orders) -> tuple[bytes, list[Diagnostic]]:
        made: dict[str, list[Result]] = {}
        for (identifier, figure), result in orders.by_element().items():
            self._result(identifier, figure, result, made)
        for identifier, results in made.items():
            self._application(identifier, results)
        for index, tags in self.tags.items():
            self._tag(self.document.top().children[index], tags)
        self._allocations(orders)
        self.edits.insert_children(self.document.top(), self.new)
        return self.edits.applied(), self.diagnostics

    def _applications(self) -> dict[tuple[str, str], int]:
        """Applications of the stereotypes that have our tags: (stereotype, XML id) -> child of the root."""
        found: dict[tuple[str, str], int] = {}
        for index, node in enumerate(self.document.top().children):
            namespace, _, name = node.name.rpartition(" ")
            if name in (*_STEPS, *_HOSTS, *_FLOWS) and _profile(namespace):
                for key, value in node.attributes.items():
                    if key.startswith("base_"):
                        found.setdefault((name, value), index)
        return found

    # --- figures ------------------------------------------------------------------------------------------

    def _result(self, identifier: str, figure: str, result: Result, made: dict[str, list[Result]]) -> None:
        if type(result.subject) not in _TAGS[figure] or identifier not in self.elements:
            reason = "it is not an element of this file"
            self.diagnostics.append(left_out(result.subject, reason))
            return
        tag, stereotypes = _TAGS[figure][type(result.subject)]
        bearer = next(
            (self.applied[s, identifier] for s in stereotypes if (s, identifier) in self.applied), None
        )
        if bearer is not None:
            node = self.document.top().children[bearer]
            if node.empty and node.get(tag):
                self.diagnostics.append(left_out(result.subject, f"its {tag} is stated by another tool"))
            else:
                self.tags.setdefault(bearer, []).append((tag, _value(result)))
        elif stereotypes is _FLOWS:
            self.diagnostics.append(left_out(result.subject, "it has no SaEndtoEndFlow"))
        else:
            made.setdefault(identifier, []).append(result)

    def _application(self, identifier: str, results: list[Result]) -> None:
        """A new application of a stereotype to an element that has none."""
        steps = isinstance(results[0].subject, Entry)
        package = next((p for p in ("SAM", "GQAM") if p in self.prefixes), None)
        metaclass = self.elements[identifier].get("type").rpartition(":")[2]
        bases = _STEP_BASES.get(metaclass, ("base_NamedElement",)) if steps else _HOST_BASES.get(metaclass)
        if package is None or bases is None:
            reason = (
                "the profiles SAM and GQAM are not applied" if bases else f"a {metaclass} is no host in MARTE"
            )
            self.diagnostics.append(left_out(results[0].subject, reason))
            return
        stereotype = (_STEPS if steps else _HOSTS)[0 if package == "SAM" else 1]
        name = f"{self.prefixes[package]}:{stereotype}"
        tags = "".join(
            f"<{tag}>{_value(r)}</{tag}>" for r in results for tag in [_TAGS[r.figure][type(r.subject)][0]]
        )
        said = "".join(f" {base}={quoted(identifier)}" for base in bases)
        own = f"{_OWN}{stereotype}{identifier}"
        self.new.append(f"<{name} {self._id(own)}{said}>{tags}</{name}>")

    def _tag(self, node: Node, tags: Iterable[tuple[str, str]]) -> None:
        """Tags of an application that is there: child elements, attributes where it is an empty element."""
        if node.empty:
            at = node.inside - 2
            self.edits.replace(at, at, "".join(f' {tag}="{value}"' for tag, value in tags))
        else:
            self.edits.insert_children(node, [f"<{tag}>{value}</{tag}>" for tag, value in tags])

    # --- allocations --------------------------------------------------------------------------------------

    def _allocations(self, orders: Orders) -> None:
        """An abstraction with Allocate for each component that the model itself does not allocate."""
        if "Alloc" not in self.prefixes:
            self.diagnostics += [left_out(c, "the profile Alloc is not applied") for c, _ in orders.placed]
            return
        stated = {a.component: a for a in orders.system.allocations if not _is_own(a)}
        drawn: dict[str, str] = {}
        abstractions: list[str] = []
        name = f"{self.prefixes['Alloc']}:Allocate"
        for component, unit in orders.placed:
            client, supplier = xml_id(component), xml_id(unit)
            known = stated.get(component.id)
            if known is not None:
                if known.unit != unit.id:
                    reason = (
                        f"{known.by} puts it elsewhere than '{unit.name or unit.id}', where it was placed"
                    )
                    self.diagnostics.append(left_out(component, reason))
                continue
            if not {client, supplier} <= self.elements.keys():
                self.diagnostics.append(left_out(component, "it or its unit is not an element of this file"))
                continue
            if drawn.setdefault(client, supplier) != supplier:
                reason = "another instance of the same element was placed on another unit"
                self.diagnostics.append(left_out(component, reason))
                continue
            own = f"{_OWN}on{client}"
            if any(own in text for text in abstractions):
                continue
            abstractions.append(
                f'<packagedElement {self._xmi("type")}="{self._uml()}:Abstraction" {self._id(own)}'
                f" client={quoted(client)} supplier={quoted(supplier)}/>"
            )
            self.new.append(f"<{name} {self._id(f'{_OWN}Allocate{client}')} base_Abstraction={quoted(own)}/>")
        self.edits.insert_children(self.model, abstractions)

    # --- names --------------------------------------------------------------------------------------------

    def _xmi(self, name: str) -> str:
        """The attribute ``name`` of XMI, with the prefix that this file has for it."""
        key = next(k for k in self.model.attributes if k.rpartition(" ")[2] == "id")
        return f"{self.document.prefixes[key.rpartition(' ')[0]]}:{name}"

    def _id(self, value: str) -> str:
        return f"{self._xmi('id')}={quoted(value)}"

    def _uml(self) -> str:
        return self.document.prefixes[self.model.name.rpartition(" ")[0]]


def _is_own(element: Element) -> bool:
    return xml_id(element).startswith(_OWN)


def _profile(namespace: str) -> str:
    return next((m[1] for p in _PROFILES if (m := p.fullmatch(namespace))), "")


def _profiles(document: Document) -> dict[str, str]:
    """MARTE's packages that the file applies, with their prefixes."""
    found: dict[str, str] = {}
    for namespace, prefix in document.prefixes.items():
        if package := _profile(namespace):
            found.setdefault(package, prefix)
    return found


def _value(result: Result) -> str:
    number, unit = shown(result)
    unit = f",unit={unit}" if unit else ""
    worst = "worst" if result.figure == RESPONSE else "value"
    return f"({worst}={number}{unit},statQ=calc,source=calc,{_MARK})"
