"""Results of an earlier analysis that the model keeps (``statQ=calc``): compared with ours, never inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from aicompiler.metamodels.system import Application, StatedResult
from aicompiler.transformations.importers._quantities import ENERGY, SHARE, TIME, Dimension, up

from ._resource import EObject
from ._view import UmlModel

# Stereotype, tag, figure of the system, dimension.
_OF_BEHAVIOUR = (
    ("GaStep", "respT", "response_ns", TIME),
    ("GaStep", "energy", "energy_fj", ENERGY),
    ("CHRtSpecification", "respT", "response_ns", TIME),
    ("SaEndtoEndFlow", "end2EndT", "response_ns", TIME),
)
_OF_HOSTS = (
    ("GaExecHost", "utilization", "utilisation_permille", SHARE),
    ("SaExecHost", "schedUtiliz", "utilisation_permille", SHARE),
    ("GaCommHost", "utilization", "utilisation_permille", SHARE),
)


class ResultReader:
    """Stated results of entries, flows, units and links.

    ``ids`` says what became of each element, ``hosted`` which units an element means.
    """

    def __init__(
        self,
        model: UmlModel,
        application: Application,
        ids: dict[EObject, list[str]],
        hosted: dict[EObject, list[str]],
    ) -> None:
        self.model = model
        self.ids = ids
        self.hosted = hosted
        self._owner = {e.id: c.id for c in application.components for e in c.entries}
        self._flows = {f.id for f in application.flows}

    def build(self, links: set[str]) -> Iterator[StatedResult]:
        """One result a subject of the system and figure, by kind in file order; ``links`` by id."""
        known: set[tuple[str, str]] = set()
        for result in (*self._of_behaviour(), *self._of_hosts(links)):
            if (key := (result.subject, result.figure)) not in known:  # tools repeat a figure in several tags
                known.add(key)
                yield result

    def _of_behaviour(self) -> Iterator[StatedResult]:
        subjects = {*self._owner, *self._flows}
        for stereotype, tag, figure, dimension in _OF_BEHAVIOUR:
            for application in self.model.applications(stereotype):
                found = [i for i in self._spoken_of(application) if i in subjects]
                if figure == "energy_fj" or self._fits(stereotype, found):
                    yield from self._results(application, tag, figure, dimension, found)

    def _of_hosts(self, links: set[str]) -> Iterator[StatedResult]:
        for stereotype, tag, figure, dimension in _OF_HOSTS:
            for application in self.model.applications(stereotype):
                carried = [i for i in self.ids.get(application.base, ()) if i in links]
                found = carried or self.hosted.get(application.base, [])
                yield from self._results(application, tag, figure, dimension, found[:1])

    def _fits(self, stereotype: str, found: list[str]) -> bool:
        return all((i in self._flows) == (stereotype == "SaEndtoEndFlow") for i in found)

    def _spoken_of(self, application: EObject) -> list[str]:
        """The entries or flows of an application; CHESS speaks of an operation of one part."""
        element = getattr(application, "context", None) or application.base
        found = self.ids.get(element, [])
        part = getattr(application, "partWithPort", None)
        owners = self.ids.get(part, []) if part is not None else []
        return [i for i in found if not owners or self._owner.get(i) in owners]

    def _results(
        self, application: EObject, tag: str, figure: str, dimension: Dimension, found: list[str]
    ) -> Iterator[StatedResult]:
        given = self.model.quantities(application, tag, dimension) if found else []
        values = [m.upper for m in given if m.calculated and m.upper is not None]
        if not values:
            return
        scale: Callable[[Fraction], int] = _permille if dimension is SHARE else up
        for subject in found:
            yield StatedResult(
                id=f"{self.model.id(application)}.{tag}.{subject}",
                name=tag,
                source=self.model.source(application),
                subject=subject,
                figure=figure,
                value=scale(max(values)),
            )


def _permille(value: Fraction) -> int:
    """A utilisation: tools write a share of one, or percent."""
    return up(value * 1000 if value <= 1 else value * 10)
