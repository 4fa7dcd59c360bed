"""End-to-end flows: the steps of interactions and activities that lead from entry to entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from aicompiler.metamodels.system import Channel, Component, Flow, FlowBound
from aicompiler.transformations.importers._quantities import TIME, down
from aicompiler.transformations.importers._sayings import shown

from ._resource import EObject
from ._scenarios import Scenario, Step, several
from ._timing import Timing
from ._view import UmlModel, is_a

Resolver = Callable[[Step], str | None]  # the entry that a step runs; None where it runs none


class FlowBuilder:
    """Flows over the entries of ``components``."""

    def __init__(
        self,
        model: UmlModel,
        timing: Timing,
        components: tuple[Component, ...],
        channels: tuple[Channel, ...],
        ids: dict[EObject, list[str]],
    ) -> None:
        self.model = model
        self.timing = timing
        self.ids = ids
        self.owner = {e.id: c.id for c in components for e in c.entries}
        users = {p.id: c.users_of(p.id) or c.entries for c in components for p in c.ports}
        self.joined = {
            (writer.id, reader.id)
            for c in channels
            for writer in users.get(c.source_port, ())
            for reader in users.get(c.target_port, ())
        }

    def build(self, scenarios: Iterable[Scenario], resolve: Resolver, *, drawn: bool) -> Iterator[Flow]:
        """A flow a scenario that can be followed; of those that are marked as flows the others are reported.

        ``drawn`` says that the scenarios are the design: a path among them is a flow without a mark, too.
        """
        for scenario in scenarios:
            if (strict := self._applied(scenario, "SaEndtoEndFlow")) is not None:
                entries = self._every(scenario, resolve)
            elif drawn or self._applied(scenario, "GaScenario") is not None:
                entries = self._timed(scenario, resolve)
            else:
                continue
            if entries:
                yield self._flow(scenario, strict, entries)

    def _applied(self, scenario: Scenario, *names: str) -> EObject | None:
        return next((a for b in scenario.bearers if (a := self.model.applied(b, *names)) is not None), None)

    def _flow(self, scenario: Scenario, end: EObject | None, entries: list[str]) -> Flow:
        behaviour = scenario.behaviour
        outage = self.model.quantity(self._applied(scenario, "MaxOutage"), "duration", TIME)
        age = self._applied(scenario, "DataAge") is not None
        id_ = self.model.id(behaviour)
        self.ids.setdefault(behaviour, []).append(id_)
        return Flow(
            id=id_,
            name=behaviour.name or "",
            source=self.model.source(behaviour),
            entries=tuple(entries),
            deadline_ns=self._deadline(scenario, end),
            bound=FlowBound.DATA_AGE if age else FlowBound.REACTION,
            max_outage_ns=None if outage is None else down(outage),
        )

    def _deadline(self, scenario: Scenario, end: EObject | None) -> int | None:
        """What is demanded of the whole; results of an analysis are no demands."""
        deadline = self.model.quantities(end, "end2EndD", TIME)
        given = [m for m in deadline if not m.calculated and m.typical is not None]
        if given and given[0].typical is not None:
            return down(given[0].typical)
        scenario_tags = self._applied(scenario, "GaScenario")
        observers = [*several(end, "timing"), *several(scenario_tags, "timing")]
        candidates = [(end, "end2EndT"), (scenario_tags, "respT"), *((o, "latency") for o in observers)]
        return next((d for a, tag in candidates if (d := self.timing.required(a, tag)) is not None), None)

    # --- paths --------------------------------------------------------------------------------------------

    def _every(self, scenario: Scenario, resolve: Resolver) -> list[str]:
        """The entries of an end-to-end flow: each of its steps is one."""
        calls = [s for s in scenario.path if not is_a(s.element, "InitialNode")]
        found = [resolve(step) for step in calls]
        entries = [f for f in found if f is not None]
        if entries and len(entries) == len(found):
            return entries
        behaviour = scenario.behaviour
        message = f"the end-to-end flow on {self.model.label(behaviour)} names no path of entries"
        step = "apply SaEndtoEndFlow to an activity whose CallOperationActions follow each other"
        self.model.warn("flow-left-out", message, step, behaviour)
        return []

    def _timed(self, scenario: Scenario, resolve: Resolver) -> list[str]:
        """The entries of the steps that take time, if each hands over to the next."""
        entries = [f for step in scenario.path if (f := resolve(step)) is not None]
        entries = [e for n, e in enumerate(entries) if n == 0 or entries[n - 1] != e]
        gap = next((pair for pair in pairwise(entries) if not self._linked(*pair)), None)
        if len(entries) > 1 and gap is None:
            return entries
        marked = self._applied(scenario, "GaScenario")
        if marked is not None and scenario.steps:
            reason = "its steps form no path" if gap is None else "its caller alone joins the steps"
            message = f"{self.model.label(scenario.behaviour)} gives no flow: {reason}"
            step = "say [flow.NAME] entries in the side-car if its time is bounded"
            self.model.note("flow-left-out", message, step, scenario.behaviour)
        return []

    def _linked(self, one: str, other: str) -> bool:
        return self.owner[one] == self.owner[other] or (one, other) in self.joined

    # --- steps over parts ---------------------------------------------------------------------------------

    def of_part(self, step: Step) -> str | None:
        """The entry that a step runs in a system of parts: its lifeline or partition says which part."""
        called = step.called
        candidates = self.ids.get(called, []) if called is not None else []
        roles = (step.participant, *several(step.element, "inPartition"))
        parts = {i for r in roles for i in self.ids.get(getattr(r, "represents", None), [])}
        if parts:
            candidates = [c for c in candidates if self.owner.get(c) in parts]
        if len(candidates) == 1:
            return candidates[0]
        reason = f"{len(candidates)} instances" if candidates else "no component"
        message = f"{self.model.label(step.element)} calls '{shown(getattr(called, 'name', ''))}' of {reason}"
        advice = (
            "put it into an activity partition that represents the part" if candidates else "call an entry"
        )
        self.model.warn("flow-step", message, advice, step.element)
        return None
