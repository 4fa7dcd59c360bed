"""Property values, of PVMT domains or an element's own, and the numbers of viewpoint extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.transformations.importers._quantities import TIME, Dimension, measure
from aicompiler.transformations.importers._sayings import shown
from aicompiler.transformations.importers._vsl import VslError

from ._project import Obj, Project, kind_of

PROPERTY_VALUES = (
    "StringPropertyValue",
    "IntegerPropertyValue",
    "FloatPropertyValue",
    "BooleanPropertyValue",
    "EnumerationPropertyValue",
)
_EXTENSIONS = ("TimeConsumption", "TimeCapacity")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "IntegerPropertyValue": re.compile(r"[+-]?\d+"),
    "FloatPropertyValue": re.compile(rf"{_NUMBER.pattern}|NaN|-?Infinity"),
    "BooleanPropertyValue": re.compile(r"true|false"),
}
# What an absent ``value`` means: Capella writes no default.
_ABSENT = {"IntegerPropertyValue": "0", "FloatPropertyValue": "0.0", "BooleanPropertyValue": "false"}
_SCOPE = re.compile(r"\[(CLASS|ARCHITECTURE)\]\s*(.*?)\s*\[/\1\]", re.DOTALL)
_ARCHITECTURES = {
    "OPERATIONAL": "OperationalAnalysis",
    "SYSTEM": "SystemAnalysis",
    "LOGICAL": "LogicalArchitecture",
    "PHYSICAL": "PhysicalArchitecture",
    "EPBS": "EPBSArchitecture",
}


class BadValue(Exception):
    """A property value or a viewpoint number that says nothing; the text is the reason."""


@dataclass(frozen=True)
class Value:
    """One property of an element: its text, its unit ('' if none is given), and what states it."""

    name: str
    text: str
    unit: str
    elements: tuple[Obj, ...]


class Values:
    """Reads the values of elements; what was read into the system is marked as used."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.numbers_used: set[tuple[str, str]] = set()  # id of an extension, attribute
        stated = project.of(*PROPERTY_VALUES, "PropertyValueGroup", *_EXTENSIONS)
        self._owners = {project.parent(e) for e in stated}

    def of(self, element: Obj) -> Iterator[Value]:
        """The values of an element: its own, then those of its groups, defaults of their domain last."""
        if element not in self._owners:
            return
        for one in self.project.children(element, *PROPERTY_VALUES):
            yield from self._readable(one)
        for group in self.project.children(element, "PropertyValueGroup"):
            if group.get("appliedPropertyValueGroups") and self.out_of_scope(group):
                continue
            stated = list(self.project.children(group, *PROPERTY_VALUES))
            for one in stated:
                yield from self._readable(one, group)
            names = {one.get("name") for one in stated}
            for definition in self.project.refs(group, "appliedPropertyValueGroups"):
                for default in self.project.children(definition, *PROPERTY_VALUES):
                    if default.get("name") not in names:
                        yield from self._readable(default, group)

    def _readable(self, element: Obj, *also: Obj) -> Iterator[Value]:
        try:
            text = self.text(element)
        except BadValue:
            return  # accounted for as a value that was not understood
        units = [u for one in (element, *self._definitions(element)) for u in self._units(one)]
        unit = units[0].get("value", "") if units else ""
        yield Value(element.get("name", ""), text, unit, (element, *also, *units[:1]))

    def _definitions(self, element: Obj) -> list[Obj]:
        return self.project.refs(element, "appliedPropertyValues")

    def _units(self, element: Obj) -> list[Obj]:
        children = self.project.children(element, "StringPropertyValue")
        return [c for c in children if c.get("name") == "__UNIT__"]

    def text(self, element: Obj) -> str:
        """What a property value says: of an enumeration, the name of its literal; raises ``BadValue``."""
        kind, text = kind_of(element), element.get("value", "")
        if kind == "EnumerationPropertyValue":
            literals = self.project.refs(element, "value")
            if text and not literals:
                raise BadValue("its literal is not in the project")
            return str(literals[0].get("name", "")) if literals else ""
        text = text.strip() if kind in _SHAPES else text
        text = text or _ABSENT.get(kind, "")
        if (shape := _SHAPES.get(kind)) is not None and shape.fullmatch(text) is None:
            raise BadValue(
                f"'{shown(text[:80])}' is no value of {kind.removesuffix('PropertyValue').lower()}"
            )
        return str(text)

    # --- quantities ---------------------------------------------------------------------------------------

    def quantity(self, element: Obj, names: tuple[str, ...], dimension: Dimension) -> Fraction | None:
        """The first value of one of these names as a quantity; its unit is ``__UNIT__``, or in its text."""
        for value in self._named(element, names):
            text = f"{value.text} {value.unit}".strip()
            where = f"{shown(value.name)} of '{shown(element.get('name'))}'"
            try:
                found = measure(text, dimension)
            except VslError as error:
                message = f"{where} is '{shown(text[:80])}': {error}"
                step = f'give it a value and a __UNIT__ such as "{dimension.bare or 1}"'
                self.project.say(Severity.WARNING, "value-not-understood", message, step, element)
                continue
            if found.assumed:
                message = f"{where} has no unit; {dimension.bare} is assumed"
                self.project.say(Severity.WARNING, "unit-assumed", message, "add a __UNIT__", element)
            self.project.use(*value.elements)
            return found.typical
        return None

    def word(self, element: Obj, names: tuple[str, ...]) -> str:
        """The first value of one of these names as a word, or ''."""
        for value in self._named(element, names):
            self.project.use(*value.elements)
            return value.text
        return ""

    def _named(self, element: Obj, names: tuple[str, ...]) -> Iterator[Value]:
        return (v for v in self.of(element) if re.sub(r"[\W_]", "", v.name).lower() in names)

    # --- viewpoints ---------------------------------------------------------------------------------------

    def consumption(self, element: Obj) -> Fraction | None:
        """The ``TimeConsumption`` of the performance viewpoint, in ns; it has no unit: ms."""
        return self._extension(element, "TimeConsumption", "value")

    def capacity(self, element: Obj) -> Fraction | None:
        """The ``TimeCapacity`` of the performance viewpoint on a chain, in ns; it has no unit: ms."""
        return self._extension(element, "TimeCapacity", "value")

    def _extension(self, element: Obj, kind: str, attribute: str) -> Fraction | None:
        for extension in self.project.children(element, kind) if element in self._owners else ():
            text = extension.get(attribute, "")
            if re.fullmatch(r"\d+(\.\d+)?", text):
                name = shown(element.get("name"))
                message = f"{kind}.{attribute} of '{name}' is {text} without a unit; ms is assumed"
                step = "state it in the side-car"
                self.project.say(Severity.WARNING, "unit-assumed", message, step, element)
                self.project.use(extension)
                self.numbers_used.add((extension.get("id", ""), attribute))
                return Fraction(text) * TIME.units["ms"]
        return None

    # --- what was not understood --------------------------------------------------------------------------

    def out_of_scope(self, group: Obj) -> str:
        """Why an applied group does not belong on its element, or ''."""
        owner = self.project.parent(group)
        definitions = self.project.refs(group, "appliedPropertyValueGroups")
        if owner is None or not definitions:
            return "its group is not in the project"
        for key, text in _SCOPE.findall(definitions[0].get("description", "")):
            wanted = [one.strip() for one in text.split(";")]
            if key == "CLASS" and kind_of(owner) not in [one.rpartition("/")[2] for one in wanted]:
                return f"it is meant for {shown(text)}, not for a {kind_of(owner)}"
            if key == "ARCHITECTURE" and self.project.layer(owner) not in map(_ARCHITECTURES.get, wanted):
                return f"it is meant for the architecture {shown(text)}"
        return ""


def is_number(text: str) -> bool:
    """Whether an attribute of a viewpoint extension is a number."""
    return _NUMBER.fullmatch(text) is not None
