"""An AMALTHEA file as the importer sees it: elements by kind and name, references, places, diagnostics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote_plus

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.importers._sayings import Sayings, shown
from lxml import etree

Xml = Any  # an lxml element

_XMI_ID = ("{http://www.omg.org/XMI}id", "{http://schema.omg.org/spec/XMI/2.1}id")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NO_REFERENCE = frozenset({"name", "value", "description", "unit", "displayName", "id", "xmlid"})

# What an element is that states no xsi:type, by the feature that contains it.
_KINDS = {
    "tasks": "Task",
    "isrs": "ISR",
    "runnables": "Runnable",
    "labels": "Label",
    "channels": "Channel",
    "modeLabels": "ModeLabel",
    "processPrototypes": "ProcessPrototype",
    "processChains": "ProcessChain",
    "taskSchedulers": "TaskScheduler",
    "interruptControllers": "InterruptController",
    "structures": "HwStructure",
    "ports": "HwPort",
    "connections": "HwConnection",
    "internalConnections": "HwConnection",
    "featureCategories": "HwFeatureCategory",
    "features": "HwFeature",
    "eventChains": "EventChain",
    "tags": "Tag",
    "coreClassifiers": "CoreClassifier",
    "memoryClassifiers": "MemoryClassifier",
    "customEntities": "CustomEntity",
    "sections": "Section",
    "semaphores": "Semaphore",
    "caches": "Cache",
    "runnableCalls": "RunnableCall",
    "schedulerDefinitions": "SchedulerDefinition",
    "schedulingParameterDefinitions": "SchedulingParameterDefinition",
}
_UNIQUE = ("Task", "ISR", "Runnable", "Label", "Channel", "ModeLabel", "TaskScheduler", "ProcessPrototype")


def tag(element: Xml) -> str:
    """The name of the feature that contains an element."""
    return str(element.tag).rpartition("}")[2]


def kind(element: Xml) -> str:
    """The class of an element: its ``xsi:type``, else what its feature contains, else ''."""
    stated = element.get(_XSI_TYPE, "").rpartition(":")[2]
    return stated or _KINDS.get(tag(element), "")


def name_of(element: Xml) -> str:
    """The name of an element, '' where it has none."""
    return str(element.get("name", ""))


def children(element: Xml | None, *features: str) -> list[Xml]:
    """What an element contains in one of ``features`` (all where none is named), in file order."""
    if element is None:
        return []
    return [c for c in element.iterchildren(etree.Element) if not features or tag(c) in features]


def child(element: Xml | None, *features: str) -> Xml | None:
    """The first of ``children``."""
    return next(iter(children(element, *features)), None)


def identity(of: str, *names: str) -> str:
    """A stable id: the kind and the names, without characters that separate references."""
    return ".".join([of, *(quote(n, safe="") for n in names)])


def _named(text: str) -> Iterator[str]:
    """The references of an attribute, each ``NAME?type=KIND``; names may have blanks that are not escaped."""
    name, *rest = text.split("?type=")
    for part in rest:
        of = re.match(r"\w*", part)
        ending = of[0] if of else ""
        yield f"{name.strip()}?type={ending}"
        name = part[len(ending) :]


class AmaltheaModel:
    """One file, what of it was used, and what was said about it."""

    def __init__(self, file: str, root: Xml) -> None:
        self.file = file
        self.root = root
        self.elements: list[Xml] = list(root.iter(etree.Element))  # keeps the proxies, which serve as keys
        self.used: set[Xml] = set()
        self.left: dict[Xml, str] = {}
        self.followed: set[tuple[Xml, str]] = set()
        self.said = Sayings()
        self._kinds: dict[str, list[Xml]] = {}
        self._resolved: dict[str, Xml | None] = {}
        self._by_id: dict[str, Xml] = {}
        self._by_name: dict[tuple[str, str], Xml] = {}
        for element in self.elements:
            self._index(element)

    def _index(self, element: Xml) -> None:
        for attribute in _XMI_ID:
            if id_ := element.get(attribute):
                self._by_id.setdefault(id_, element)
        if not (name := name_of(element)):
            return
        key = (kind(element), name)
        self._kinds.setdefault(key[0], []).append(element)
        first: Xml = self._by_name.setdefault(key, element)
        if first is not element and key[0] in _UNIQUE:
            message = f"two elements of kind {key[0]} are called '{shown(name)}': references name both"
            self.error(
                "duplicate-name", message, f"rename this one or that of line {first.sourceline}", element
            )
        parent = element.getparent()
        if parent is not None and name_of(parent):
            self._by_name.setdefault((key[0], f"{name_of(parent)}/{name}"), element)

    # --- places -------------------------------------------------------------------------------------------

    def source(self, element: Xml) -> Source:
        """The place of an element; where it has no ``xmi:id``, the form in which references name it."""
        name = name_of(element)
        stated = next((i for a in _XMI_ID if (i := element.get(a))), "")
        return Source(
            file=self.file,
            xml_id=stated or (f"{name}?type={kind(element)}" if name else ""),
            qualified_name="::".join(self._names(element)),
            line=element.sourceline,
        )

    def _names(self, element: Xml) -> list[str]:
        chain = [element, *element.iterancestors()]
        return [shown(name_of(e)) for e in reversed(chain) if name_of(e)]

    # --- structure ----------------------------------------------------------------------------------------

    def of_kind(self, *kinds: str) -> list[Xml]:
        """All named elements of these kinds, kind by kind, in file order."""
        return [e for k in kinds for e in self._kinds.get(k, [])]

    def part(self, *path: str) -> list[Xml]:
        """What lies at a path of features below the root, such as ``swModel``, ``tasks``."""
        found = [self.root]
        for feature in path:
            found = [c for e in found for c in children(e, feature)]
        return found

    # --- references ---------------------------------------------------------------------------------------

    def tokens(self, element: Xml) -> Iterator[tuple[str, str]]:
        """The references of an element: the attribute that holds it and its text."""
        for attribute, text in element.attrib.items():
            yield from ((attribute, token) for token in self._tokens(element, attribute, text))

    def _tokens(self, element: Xml, attribute: str, text: str) -> Iterator[str]:
        if attribute == "href" or (attribute == "value" and kind(element) == "ReferenceObject"):
            yield text
        elif attribute not in _NO_REFERENCE and not attribute.startswith("{"):
            if "?type=" in text:
                yield from _named(text)
            elif self._by_id and all(t in self._by_id for t in text.split()):
                yield from text.split()

    def resolve(self, token: str) -> Xml | None:
        """The element that a reference names, by id, or by name and kind; ``None`` where there is none."""
        if token not in self._resolved:
            self._resolved[token] = self._find(token.rpartition("#")[2])
        return self._resolved[token]

    def _find(self, text: str) -> Xml | None:
        if (found := self._by_id.get(text)) is not None:
            return found
        name, _, of = text.partition("?type=")
        keys = [(k, n) for k in (of, "") for n in (unquote_plus(name), name)]
        return next((e for key in keys if (e := self._by_name.get(key)) is not None), None)

    def refs(self, element: Xml, feature: str) -> list[Xml]:
        """What an element refers to by ``feature``; a reference that leads nowhere is an error."""
        holders = [element] if element.get(feature) is not None else []
        holders += [c for c in children(element, feature) if c.get("href") is not None]
        found = []
        for holder in holders:
            attribute = feature if holder is element else "href"
            self.followed.add((holder, attribute))
            text = holder.get(attribute)
            tokens = list(self._tokens(holder, attribute, text))
            if text.strip() and not tokens:
                self._dangling(element, feature, text[:80])
            for token in tokens:
                if (target := self.resolve(token)) is None:
                    self._dangling(element, feature, token)
                else:
                    found.append(target)
        return found

    def ref(self, element: Xml, feature: str) -> Xml | None:
        """The first of ``refs``."""
        return next(iter(self.refs(element, feature)), None)

    def _dangling(self, element: Xml, feature: str, token: str) -> None:
        message = f"{feature} refers to '{shown(token)}', which the file does not contain"
        step = "correct the reference, or give one file that holds the whole model"
        self.error("dangling-reference", message, step, element)

    # --- what becomes of elements -------------------------------------------------------------------------

    def use(self, *elements: Xml | None) -> None:
        """Note that the system holds what these elements say."""
        self.used.update(e for e in elements if e is not None)

    def use_all(self, element: Xml) -> None:
        """As ``use``, for an element and all below it."""
        self.used.update(element.iter(etree.Element))

    def leave(self, element: Xml, rule: str, reason: str, step: str = "") -> None:
        """Report an element with all below it: it says something that the system cannot hold."""
        self.left.update((e, reason) for e in element.iter(etree.Element))
        self.say(Severity.WARNING, rule, reason, step, element)

    # --- diagnostics --------------------------------------------------------------------------------------

    def error(self, rule: str, message: str, step: str, element: Xml) -> None:
        """Record an error at an element."""
        self.say(Severity.ERROR, rule, message, step, element)

    def warn(self, rule: str, message: str, step: str, element: Xml) -> None:
        """Record a warning at an element."""
        self.say(Severity.WARNING, rule, message, step, element)

    def note(self, rule: str, message: str, step: str, element: Xml) -> None:
        """Record a note at an element."""
        self.say(Severity.NOTE, rule, message, step, element)

    def say(self, severity: Severity, rule: str, message: str, step: str, element: Xml) -> None:
        """Record a diagnostic at an element."""
        self.said.say(severity, rule, message, step, self.source(element))
