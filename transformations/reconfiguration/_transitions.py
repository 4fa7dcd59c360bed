"""The way from the normal configuration to another: steps, how long they take, how long flows are silent.

All bounds are sums of worst cases; units are heard, and tables change, at the begin of a hyperperiod H:

- transition = H (a failure just after a begin is noticed at the next) + what slots of the old table run past
  it + for each component that a surviving unit hands over, one after the other, its state over the route of
  least time + for each FPGA that gets a component, the longest time to load one of its regions;
- outage of a flow = longest pause between two responses in the old table + transition + its reaction time
  (data age plus a period of its first entry, where that is bounded) in the new table.

The state of what ran on the failed unit, or has no route left, is lost: it starts from its initial values.
Code for CPUs and GPUs is loaded beforehand; a change of the operating point takes no time that is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import networkx as nx
from aicompiler.metamodels.deployment import Deployment, Evidence
from aicompiler.metamodels.plan import Configuration, Outage, Step, StepKind, Transition
from aicompiler.metamodels.system import Flow, System, Unit, UnitKind


def transition(
    system: System, rest: System, origin: Configuration, destination: Configuration, evidence: Evidence
) -> Transition:
    """From ``origin`` (on ``system``) to ``destination``, which ``evidence`` accepts on ``rest``."""
    steps = tuple(_steps(system, rest, origin.deployment, destination.deployment))
    took = (_change_ns(origin.deployment) + sum(s.worst_ns for s in steps)) if steps else 0
    flows = rest.application.flows if steps else ()
    outages = tuple(
        Outage(flow=f.id, worst_ns=_pause_ns(origin.deployment, f) + took + response)
        for f in flows
        if (response := _response_ns(f, destination.deployment, evidence)) is not None
    )
    identifier = f"transition.{origin.id}.{destination.id}"
    return Transition(
        id=identifier,
        origin=origin.id,
        destination=destination.id,
        steps=steps,
        outages=outages,
        worst_ns=took,
    )


def too_silent(system: System, change: Transition) -> Iterator[str]:
    """A sentence for each flow that is silent for longer than the model allows; one given up is for good."""
    worst = {o.flow: o.worst_ns for o in change.outages}
    for flow in system.application.flows if change.steps else ():
        limit, told = flow.max_outage_ns, f"flow {flow.name or flow.id!r} ({flow.place}) may be silent for"
        if limit is None:
            continue
        if flow.id not in worst:
            yield f"{told} {limit} ns, and would be for good"
        elif worst[flow.id] > limit:
            yield f"{told} {limit} ns, and would be for {worst[flow.id]} ns"


def _steps(system: System, rest: System, old: Deployment, new: Deployment) -> Iterator[Step]:
    """Stop, load, hand over, clock, start: components in model order."""
    alive = {u.id for u in rest.units}
    before = {p.component: (p.unit, p.core) for p in old.placements}
    after = {p.component: (p.unit, p.core) for p in new.placements}
    moved = [c for c in system.components if before.get(c.id) != after.get(c.id)]
    for component in moved:
        if component.id in before and before[component.id][0] in alive:
            yield Step(kind=StepKind.STOP, component=component.id, unit=before[component.id][0])
    loaded: set[str] = set()
    for component in (c for c in moved if c.id in after):
        unit = rest.element(Unit, after[component.id][0])
        first = unit.id not in loaded
        loaded.add(unit.id)
        yield Step(
            kind=StepKind.LOAD, component=component.id, unit=unit.id, worst_ns=_load_ns(unit) if first else 0
        )
    for component in (c for c in moved if c.id in before and c.id in after):
        source, target = before[component.id][0], after[component.id][0]
        size = sum(a.bytes for a in component.attributes)
        worst = _carry_ns(rest, source, target, size) if size and source in alive else None
        if worst is not None and source != target:
            yield Step(kind=StepKind.MOVE_STATE, component=component.id, unit=target, worst_ns=worst)
    for setting in new.settings:
        known = {s.unit: (s.operating_point, s.off) for s in old.settings}
        if known.get(setting.unit) != (setting.operating_point, setting.off):
            yield Step(kind=StepKind.SET_OPERATING_POINT, unit=setting.unit)
    for component in (c for c in moved if c.id in after):
        yield Step(kind=StepKind.START, component=component.id, unit=after[component.id][0])


def _load_ns(unit: Unit) -> int:
    if unit.kind is not UnitKind.FPGA:
        return 0
    return max((r.reconfiguration_ns for r in unit.regions), default=0)


def _carry_ns(rest: System, source: str, target: str, size: int) -> int | None:
    """Least time over any route, ``None`` if there is none."""
    graph = nx.Graph()
    for link in sorted(rest.platform.links, key=lambda k: (-k.transfer_ns(size), k.id)):
        pairs = ((a, b) for a in link.ends for b in link.ends if a < b)
        graph.add_edges_from(pairs, ns=link.transfer_ns(size))
    if source not in graph or target not in graph or not nx.has_path(graph, source, target):
        return None
    return int(nx.shortest_path_length(graph, source, target, weight="ns"))


def _change_ns(old: Deployment) -> int:
    """Until the next begin of a hyperperiod, and what runs past it."""
    last = max((*(s.end_ns for s in old.jobs), *(t.end_ns for t in old.transfers)), default=0)
    return old.hyperperiod_ns + max(0, last - old.hyperperiod_ns)


def _pause_ns(old: Deployment, flow: Flow) -> int:
    """The longest time between the ends of two jobs of the flow's last entry."""
    ends = sorted(s.end_ns for s in old.jobs if s.entry == flow.entries[-1])
    return max(b - a for a, b in pairwise([*ends, ends[0] + old.hyperperiod_ns]))


def _response_ns(flow: Flow, new: Deployment, evidence: Evidence) -> int | None:
    """From the begin of the new table to the first response, as the evidence bounds it."""
    jobs = sum(s.entry == flow.entries[0] for s in new.jobs)
    for finding in evidence.findings:
        if finding.value is not None and finding.elements[:1] == (flow.id,):
            if finding.check == "reaction-time":
                return finding.value
            if finding.check == "data-age":
                return finding.value + new.hyperperiod_ns // jobs
    return None
