"""What is to be written into a model, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Component, Element, Flow, System, Unit

from ._document import Document, Node
from ._results import ENERGY, RESPONSE, UTILISATION, Result


@dataclass(frozen=True)
class Orders:
    """The system, where its components go, and its figures."""

    system: System
    placed: tuple[tuple[Component, Unit], ...]
    results: tuple[Result, ...]

    def by_element(self) -> Mapping[tuple[str, str], Result]:
        """For each XML id and figure the worst result: a type in a model may stand for several instances."""
        worst: dict[tuple[str, str], Result] = {}
        for result in self.results:
            key = xml_id(result.subject), result.figure
            if key[0] and (key not in worst or result.value > worst[key].value):
                worst[key] = result
        return worst


def xml_id(element: Element) -> str:
    """What the element is called in its file, or ''."""
    return element.source.xml_id if element.source is not None else ""


def by_id(document: Document) -> dict[str, Node]:
    """The elements of a document by XML id."""
    return {node.identifier: node for node in document.top().all() if node.identifier}


def decimal(value: int, one: int) -> str:
    """``value`` in units of ``one``, a power of ten or twice that of it, exactly and without an exponent."""
    return f"{(Decimal(value) / one).normalize():f}"


def shown(result: Result) -> tuple[str, str]:
    """Number and unit of a result as an engineer reads them, exactly."""
    match result.figure:
        case figure if figure == RESPONSE:
            return decimal(result.value, 10**6), "ms"
        case figure if figure == ENERGY:
            return decimal(result.value, 10**15), "J"
        case figure if figure == UTILISATION:
            return decimal(result.value, 1000), ""
    raise AssertionError(f"no spelling for the figure {result.figure}")


def left_out(element: Element, reason: str) -> Diagnostic:
    """A warning: something was decided about ``element`` that the file has no place for."""
    kind = "flow" if isinstance(element, Flow) else type(element).__name__.lower()
    return Diagnostic(
        severity=Severity.WARNING,
        rule="annotation-left-out",
        message=f"nothing is written for {kind} '{element.name or element.id}': {reason}",
        next_step="read its results in the report",
        source=element.source,
    )
