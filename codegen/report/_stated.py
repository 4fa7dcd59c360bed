"""What the model already says of its deployment: where components are today, and results it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from aicompiler.metamodels.deployment import Finding
from aicompiler.metamodels.system import Component, Entry, Flow, Link, Sporadic, StatedResult, System, Unit
from aicompiler.transformations.analysis import Facts

from ._budgets import energy
from ._format import percent, quantity
from ._index import Index, Ref


@dataclass(frozen=True)
class Current:
    """Where the model puts a component, beside where it is placed; ``place`` is '' where it is not placed."""

    component: Ref
    unit: Ref
    by: str
    place: Ref | None
    same: bool


@dataclass(frozen=True)
class Stated:
    """A result that the model keeps beside the same figure of this deployment; ``unit`` is that of both."""

    subject: Ref
    figure: str
    unit: str
    stated: int
    ours: int
    difference: str


def current(index: Index) -> tuple[Current, ...]:
    """The deployment of the model, one row a component that it allocates, in model order."""
    rows = []
    for allocation in index.system.allocations:
        placement = index.placements.get(allocation.component)
        rows.append(
            Current(
                component=index.ref(allocation.component),
                unit=index.ref(allocation.unit),
                by=allocation.by,
                place=index.ref(placement.unit) if placement else None,
                same=placement is not None and placement.unit == allocation.unit,
            )
        )
    return tuple(rows)


def stated(index: Index) -> tuple[Stated, ...]:
    """The kept results for which this deployment has the same figure, in model order."""
    if index.record.deployment is None or index.record.deployment.hyperperiod_ns <= 0:
        return ()
    ours = _Ours(index)
    rows = []
    for result in index.system.stated_results:
        value = ours.value(result)
        if value is None:
            continue
        name, _, unit = result.figure.rpartition("_")
        rows.append(
            Stated(
                subject=index.ref(result.subject),
                figure=name.replace("_", " "),
                unit=unit,
                stated=result.value,
                ours=value,
                difference=_difference(result.value, value, unit),
            )
        )
    return tuple(rows)


def _difference(stated: int, ours: int, unit: str) -> str:
    if ours == stated:
        return "none"
    more = "more" if ours > stated else "less"
    share = f" ({percent(abs(ours - stated), stated)})" if stated > 0 and unit != "permille" else ""
    return f"{quantity(abs(ours - stated), unit)} {more}{share}"


@dataclass(frozen=True)
class _Ours:
    """Figures of the deployment by the names that stated results have."""

    index: Index

    def value(self, result: StatedResult) -> int | None:
        """The figure of this deployment that a stated result can be compared with; None if there is none."""
        element = self.index.elements.get(result.subject)
        makers: Mapping[str, Callable[[object], int | None]] = {
            "response_ns": self._response,
            "utilisation_permille": self._utilisation,
            "energy_fj": self._energy,
        }
        maker = makers.get(result.figure)
        return maker(element) if maker is not None else None

    @property
    def _facts(self) -> Facts:
        return self.index.facts

    @cached_property
    def _energies(self) -> dict[str, int]:
        return {row.ref.id: row.total_fj for row in energy(self.index)}

    def _response(self, element: object) -> int | None:
        """From activation to end of a job, the worst of a hyperperiod; of a flow, as it was checked."""
        if isinstance(element, Flow):
            measured = (f for f in self.index.findings_of.get(element.id, ()) if _is_time(f))
            return max((f.value for f in measured if f.value is not None), default=None)
        if isinstance(element, Component):
            each = [self._response(e) for e in element.entries]
            known = [r for r in each if r is not None]
            return max(known) if known and len(known) == len(each) else None
        if not isinstance(element, Entry):
            return None
        home = self._facts.home(element.id)
        if home is None or not self._facts.has_all_slots(element.id, home):
            return None
        timing = self._facts.timing(element.id)
        # An event just after a poll waits for the next one.
        waiting = timing.period_ns if isinstance(element.activation, Sporadic) else 0
        ends = (self._facts.span(element.id, home, j)[1] for j in range(self._facts.jobs_of(element.id)))
        return max(end - timing.release_ns - n * timing.period_ns for n, end in enumerate(ends)) + waiting

    def _utilisation(self, element: object) -> int | None:
        """Busy time in the worst case over the time there is, rounded up."""
        deployment = self.index.record.deployment
        assert deployment is not None
        round_ns = deployment.hyperperiod_ns
        if isinstance(element, Link):
            slots = [t for t in deployment.transfers if t.link == element.id]
            return _permille(sum(t.end_ns - t.start_ns for t in slots), round_ns)
        if isinstance(element, Unit):
            jobs = [s for s in deployment.jobs if s.unit == element.id]
            return _permille(sum(s.end_ns - s.start_ns for s in jobs), round_ns * element.cores)
        if isinstance(element, Component | Entry):
            entries = {e.id for e in element.entries} if isinstance(element, Component) else {element.id}
            jobs = [s for s in deployment.jobs if s.entry in entries]
            return _permille(sum(s.end_ns - s.start_ns for s in jobs), round_ns) if jobs else None
        return None

    def _energy(self, element: object) -> int | None:
        """Of a job of an entry; of a unit, a link or the system, of one hyperperiod."""
        if isinstance(element, Entry):
            costs = [c for e, _, c in self._facts.used if e.id == element.id]
            return costs[0].energy_fj if costs else None
        if isinstance(element, System):
            return self._energies.get("")
        return self._energies.get(element.id) if isinstance(element, Unit | Link) else None


def _is_time(finding: Finding) -> bool:
    return finding.unit == "ns" and finding.value is not None


def _permille(part: int, whole: int) -> int:
    return -(-part * 1000 // whole)
