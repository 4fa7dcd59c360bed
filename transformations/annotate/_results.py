"""What a deployment says of the elements of its model: allocations and figures, in model order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aicompiler.metamodels.deployment import CostTable, Deployment, Evidence
from aicompiler.metamodels.system import Component, Element, Entry, OnData, Sporadic, System, Unit
from aicompiler.transformations.analysis import Facts

RESPONSE, UTILISATION, ENERGY = "response_ns", "utilisation_permille", "energy_fj"


@dataclass(frozen=True)
class Result:
    """One figure of one element; ``figure`` names the quantity with its unit, as in ``StatedResult``."""

    subject: Element
    figure: str
    value: int


def results_of(
    system: System, costs: CostTable, deployment: Deployment, evidence: Evidence
) -> tuple[Result, ...]:
    """Response and energy of a job of each entry, reaction or age of each flow, utilisation of each unit.

    Responses are the worst of a hyperperiod, from activation to end; utilisations are busy time in the worst
    case over the time there is, rounded up.
    """
    facts = Facts(system=system, costs=costs, deployment=deployment)
    found = [*_entries(facts), *_flows(system, evidence)]
    found += (_utilisation(unit, deployment) for unit in system.units)
    return tuple(found)


def placed(system: System, deployment: Deployment) -> Iterator[tuple[Component, Unit]]:
    """Each component with the unit of its first replica."""
    homes = {p.component: p.unit for p in reversed(deployment.placements)}
    for component in system.components:
        if component.id in homes:
            yield component, system.element(Unit, homes[component.id])


def _entries(facts: Facts) -> Iterator[Result]:
    energies = {entry.id: cost.energy_fj for entry, _, cost in reversed(facts.used)}
    for entry in facts.system.entries:
        response = _response(facts, entry)
        if response is not None:
            yield Result(entry, RESPONSE, response)
        if entry.id in energies:
            yield Result(entry, ENERGY, energies[entry.id])


def _response(facts: Facts, entry: Entry) -> int | None:
    home = facts.home(entry.id)
    if home is None or not facts.has_all_slots(entry.id, home):
        return None
    ends = [facts.span(entry.id, home, job)[1] for job in range(facts.jobs_of(entry.id))]
    starts = [_activation(facts, entry, job) for job in range(len(ends))]
    known = [end - start for end, start in zip(ends, starts, strict=True) if start is not None]
    return max(known) if len(known) == len(ends) else None


def _activation(facts: Facts, entry: Entry, job: int) -> int | None:
    """When a job may start: its release, the arrival of all it consumes, the event its poll just missed."""
    timing = facts.timing(entry.id)
    if isinstance(entry.activation, Sporadic):
        return timing.release(job) - timing.period_ns
    if not isinstance(entry.activation, OnData):
        return timing.release(job)
    inputs = [w for w in facts.wires.values() if w.reader.id == entry.id and w.is_queue]
    arrivals = [facts.arrival(w, (job + 1) * w.channel.consume - 1) for w in inputs]
    known = [a for a in arrivals if a is not None]
    return max(known) if known and len(known) == len(arrivals) else None


def _flows(system: System, evidence: Evidence) -> Iterator[Result]:
    for flow in system.application.flows:
        times = [f.value for f in evidence.findings if flow.id in f.elements and f.unit == "ns"]
        known = [t for t in times if t is not None]
        if known:
            yield Result(flow, RESPONSE, max(known))


def _utilisation(unit: Unit, deployment: Deployment) -> Result:
    busy = sum(s.end_ns - s.start_ns for s in deployment.jobs if s.unit == unit.id)
    there_is = deployment.hyperperiod_ns * unit.cores
    return Result(unit, UTILISATION, -(-busy * 1000 // there_is))
