"""A Capella project as the importer sees it: parts, places, property values, diagnostics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.importers._quantities import Dimension, measure
from aicompiler.transformations.importers._vsl import VslError

Obj = Any  # a capellambse model element


def shown(name: str) -> str:
    """A name on one line: quotes, controls and line ends escaped."""
    return json.dumps(name or "", ensure_ascii=False)[1:-1]


def is_behaviour(component: Obj) -> bool:
    """Whether a component says that it is behaviour: by its nature, kind is not reliable."""
    return str(component.nature) == "BEHAVIOR"


def is_node(component: Obj) -> bool:
    """Whether a component says that it is hardware."""
    return str(component.nature) == "NODE" and not component.is_actor


class CapellaModel:
    """One project and what was said about it."""

    def __init__(self, file: str, project: Obj) -> None:
        self.file = file
        self.project = project
        self.diagnostics: list[Diagnostic] = []

    def source(self, obj: Obj) -> Source:
        """The place of an element; the line is that in the file that holds it."""
        return Source(
            file=self.file,
            xml_id=obj.uuid,
            qualified_name=self.qualified_name(obj),
            line=obj._element.sourceline,
        )

    def qualified_name(self, obj: Obj) -> str:
        """Names from the layer inwards."""
        names: list[str] = []
        while obj is not None and type(obj).__name__ not in ("MelodyModel", "Project", "SystemEngineering"):
            if name := getattr(obj, "name", ""):
                names.append(shown(name))
            obj = getattr(obj, "parent", None)
        return "::".join(reversed(names))

    # --- structure ----------------------------------------------------------------------------------------

    def parts(self, component: Obj) -> list[Obj]:
        """The parts that instantiate a component, in model order."""
        return list(component.representing_parts)

    def inside(self, component: Obj) -> list[Obj]:
        """The components that are parts of a component."""
        found = [
            f.type for f in component.owned_features if type(f).__name__ == "Part" and f.type is not None
        ]
        return list({c.uuid: c for c in found}.values())

    def catalogued(self) -> set[str]:
        """Ids of what a collection of replicable elements owns: templates, no parts of the system."""
        found: set[str] = set()
        for tree in self.project._loader.trees.values():
            for catalog in tree.root.iter("ownedElements"):
                if _kind_of(catalog) == "CatalogElement" and catalog.get("kind", "REC") == "REC":
                    links = [link.get("target", "") for link in catalog.iterchildren("ownedLinks")]
                    found |= {link.rpartition("#")[2] for link in links}
        return found

    # --- values -------------------------------------------------------------------------------------------

    def quantity(self, obj: Obj, names: tuple[str, ...], dimension: Dimension) -> Fraction | None:
        """A property value of an element by its name; its unit is the child ``__UNIT__``, or in its text."""
        for value in self._values(obj):
            if re.sub(r"[\W_]", "", value.name).lower() not in names:
                continue
            units = [u.value for u in value.property_values if u.name == "__UNIT__"]
            text = f"{value.value} {units[0]}".strip() if units else str(value.value)
            try:
                found = measure(text, dimension)
            except VslError as error:
                message = f"{shown(value.name)} of '{shown(obj.name)}' is '{shown(text[:80])}': {error}"
                step = f'give it a value and a __UNIT__ such as "{dimension.bare}"'
                self.say(Severity.WARNING, "value-not-understood", message, step, obj)
                continue
            if found.assumed:
                message = (
                    f"{shown(value.name)} of '{shown(obj.name)}' has no unit; {dimension.bare} is assumed"
                )
                self.say(Severity.WARNING, "unit-assumed", message, "add a __UNIT__", obj)
            return found.typical
        return None

    def _values(self, obj: Obj) -> Iterator[Obj]:
        yield from obj.property_values
        for group in obj.property_value_groups:
            yield from group.property_values

    def duration(self, obj: Obj) -> Fraction | None:
        """The TimeConsumption of the performance viewpoint, which has no unit: ms."""
        for extension in obj._element.iterchildren("ownedExtensions"):
            text = extension.get("value", "")
            if _kind_of(extension) == "TimeConsumption" and re.fullmatch(r"\d+(\.\d+)?", text):
                message = f"the time of '{shown(obj.name)}' is {text} without a unit; ms is assumed"
                self.say(Severity.WARNING, "unit-assumed", message, "state it in the side-car", obj)
                return Fraction(text) * 10**6
        return None

    # --- diagnostics --------------------------------------------------------------------------------------

    def say(self, severity: Severity, rule: str, message: str, step: str, obj: Obj) -> None:
        """Record a diagnostic at an element; the same statement is made once."""
        source = self.source(obj)
        entry = Diagnostic(severity=severity, rule=rule, message=message, next_step=step, source=source)
        if entry not in self.diagnostics:
            self.diagnostics.append(entry)


def _kind_of(node: Any) -> str:
    """The class of an XML element, without its package."""
    return str(next((v for k, v in node.attrib.items() if k.endswith("}type")), "")).rpartition(":")[2]
