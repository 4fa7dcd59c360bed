"""A loaded UML file as the importers see it: stereotypes of elements, tags as values, places, diagnostics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.importers._quantities import COUNT, Dimension, Measure, measure
from aicompiler.transformations.importers._sayings import Sayings, shown
from aicompiler.transformations.importers._vsl import Expression, NoValue, VslError, parse

from ._metamodel import features, kinds
from ._resource import EObject, LenientResource


def is_a(obj: EObject, *names: str) -> bool:
    """Whether ``obj`` is an instance of one of these metaclasses or stereotypes."""
    return obj is not None and not kinds(obj.eClass).isdisjoint(names)


def _stated(application: EObject | None, tag: str) -> list[str]:
    """The values of a tag, none where the file leaves it to its default."""
    if application is None or (feature := features(application.eClass).get(tag)) is None:
        return []
    value = getattr(application, tag)
    if feature.many:
        return list(value)
    return [value] if value is not None and application.eIsSet(feature) else []


class UmlModel:
    """One file, its stereotype applications by what they are applied to, and what was said about it.

    It also remembers what was asked of it, so that every value of the file can be accounted for: ``read``
    tags, ``consulted`` applications, and the ``rejected`` texts with the reason.
    """

    def __init__(self, file: str, resource: LenientResource) -> None:
        self.file = file
        self.resource = resource
        self.said = Sayings()
        self.variables: dict[str, Expression] = {}  # what $names stand for
        self.outputs: set[str] = set()  # what an analysis is to find: nobody is asked for it
        self.read: set[tuple[EObject, str]] = set()
        self.consulted: set[EObject] = set()
        self.rejected: dict[tuple[EObject, str, str], str] = {}
        self._applied: dict[EObject, list[EObject]] = defaultdict(list)
        for application in resource.stereotypes:
            if application.base is not None:  # an orphan speaks of nothing, not of the root's missing part
                self._applied[application.base].append(application)

    # --- elements -----------------------------------------------------------------------------------------

    def elements(self, *names: str) -> Iterator[EObject]:
        """All elements with an id that are instances of one of these metaclasses, in file order."""
        return (e for e in self.resource.by_id.values() if is_a(e, *names))

    def id(self, obj: EObject) -> str:
        """The XML id, or a stand-in made of the line."""
        return obj._internal_id or f"line{self.resource.lines.get(obj, 0)}"

    def source(self, obj: EObject, line: int | None = None) -> Source:
        """The place of an element in the file."""
        place = self.resource.lines.get(obj, 0) if line is None else line
        file = self.resource.files.get(obj, self.file)
        return Source(
            file=file, xml_id=obj._internal_id or "", qualified_name=self.qualified_name(obj), line=place
        )

    def qualified_name(self, obj: EObject) -> str:
        """Names from the outermost package inwards; of a stereotype application that of its base."""
        if (base := getattr(obj, "base", None)) is not None:
            return self.qualified_name(base)
        names: list[str] = []
        while obj is not None:
            if name := getattr(obj, "name", None):
                names.append(shown(name))
            obj = obj.eContainer()
        return "::".join(reversed(names))

    def label(self, obj: EObject) -> str:
        """How messages call an element."""
        name = getattr(obj, "name", None)
        kind = (getattr(obj, "metaclass", None) or obj.eClass.name).lower()
        return f"{kind} '{shown(name)}'" if name else f"{kind} {self.id(obj)}"

    # --- stereotypes --------------------------------------------------------------------------------------

    def applied(self, element: EObject, *names: str) -> EObject | None:
        """The first application to ``element`` of one of these stereotypes or a specialisation of it."""
        found = next((a for a in self._applied.get(element, ()) if is_a(a, *names)), None)
        if found is not None:
            self.consulted.add(found)
        return found

    def applications(self, *names: str) -> Iterator[EObject]:
        """All applications that have a base, in file order."""
        found = [a for a in self.resource.stereotypes if a.base is not None and is_a(a, *names)]
        self.consulted.update(found)
        return iter(found)

    def texts(self, application: EObject | None, tag: str) -> list[str]:
        """The non-empty values that the file states of a tag; MARTE tools also write 'null' for none."""
        values = _stated(application, tag)
        found = [v.strip() for v in values if v and v.strip() not in ("", "null")]
        if found:
            self.read.add((application, tag))
        return found

    def text(self, application: EObject | None, tag: str) -> str | None:
        """The first non-empty value of a tag."""
        return next(iter(self.texts(application, tag)), None)

    def quantities(self, application: EObject | None, tag: str, dimension: Dimension) -> list[Measure]:
        """The values of a tag as quantities; what is none is reported and left out."""
        found = []
        for text in self.texts(application, tag):
            try:
                found.append(measure(text, dimension, self.variables))
            except NoValue as lack:
                self._without_value(application, tag, text, lack)
                continue
            except VslError as error:
                self.bad_value(application, tag, text, str(error))
                continue
            if found[-1].assumed:
                given = f"{tag} of {self._bearer(application)} is {shown(text)} without a unit"
                message = f"{given}; {dimension.bare} is assumed"
                self.warn("unit-assumed", message, f"write ({tag}=..., unit={dimension.bare})", application)
            for correction in found[-1].corrections:
                message = f"{tag} of {self._bearer(application)} is '{shown(text[:80])}': {correction}"
                self.warn("spelling-corrected", message, "correct the spelling", application)
        return found

    def quantity(self, application: EObject | None, tag: str, dimension: Dimension) -> Fraction | None:
        """The typical value of a tag in base units; results of an analysis are none."""
        measures = [m for m in self.quantities(application, tag, dimension) if not m.calculated]
        return measures[0].typical if measures else None

    def count(self, application: EObject | None, tag: str) -> int | None:
        """A tag that counts something."""
        value = self.quantity(application, tag, COUNT)
        return None if value is None else int(value)

    def expression(self, application: EObject | None, tag: str) -> Expression | None:
        """A tag as a VSL tree; what is none is reported."""
        if (text := self.text(application, tag)) is None:
            return None
        try:
            return parse(text)
        except VslError as error:
            self.bad_value(application, tag, text, str(error))
            return None

    def _without_value(self, application: EObject | None, tag: str, text: str, lack: NoValue) -> None:
        """Ask for the value of a variable; an empty part of a tuple is understood and says nothing."""
        if lack.variable and lack.variable not in self.outputs:
            message = f"{tag} of {self._bearer(application)} is '{shown(text[:80])}': {lack}"
            step = f'say [variables] {lack.variable} = "..." in the side-car'
            self.warn("unresolved-variable", message, step, application)

    def bad_value(self, application: EObject | None, tag: str, text: str, reason: str) -> None:
        """Report a tag whose value is not understood."""
        self.rejected[application, tag, text] = reason
        message = f"{tag} of {self._bearer(application)} is '{shown(text[:80])}': {reason}"
        self.warn(
            "value-not-understood",
            message,
            "the value is left out; write it as (value=..., unit=...)",
            application,
        )

    def _bearer(self, application: EObject | None) -> str:
        base = getattr(application, "base", None)
        return self.label(base) if base is not None else "a stereotype"

    # --- diagnostics --------------------------------------------------------------------------------------

    def error(self, rule: str, message: str, next_step: str, obj: EObject) -> None:
        """Say what is wrong with an element."""
        self._say(Severity.ERROR, rule, message, next_step, obj)

    def warn(self, rule: str, message: str, next_step: str, obj: EObject) -> None:
        """Say what was assumed or left out at an element."""
        self._say(Severity.WARNING, rule, message, next_step, obj)

    def note(self, rule: str, message: str, next_step: str, obj: EObject) -> None:
        """Say what the user may want to know about an element."""
        self._say(Severity.NOTE, rule, message, next_step, obj)

    def _say(self, severity: Severity, rule: str, message: str, next_step: str, obj: EObject) -> None:
        self.add(severity, rule, message, next_step, self.source(obj))

    def add(self, severity: Severity, rule: str, message: str, next_step: str, source: Source) -> None:
        """Record a diagnostic at a place of the file."""
        self.said.say(severity, rule, message, next_step, source)
