"""Event chains and process chains to flows; latencies and response times to deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from aicompiler.metamodels.system import Flow, FlowBound, StatedResult
from aicompiler.transformations.importers._quantities import down, up
from aicompiler.transformations.importers._sayings import shown

from ._software import SoftwareBuilder
from ._values import Values
from ._view import AmaltheaModel, Xml, child, children, identity, kind, name_of

_MOST_DEPTH, _MOST_SEGMENTS = 32, 1000
_STATED = ("worst-case response time", "worst-case reaction time")


class DeadlineReader:
    """Reads the deadlines of processes from the requirements of a model."""

    def __init__(self, model: AmaltheaModel, values: Values) -> None:
        self.model = model
        self.values = values
        self.processes: dict[Xml, int] = {}
        self.chains: dict[Xml, int] = {}

    def read(self) -> None:
        """The least upper limit of response time a process or process chain; others are reported."""
        for requirement in self.model.part("constraintsModel", "requirements"):
            limit = child(requirement, "limit")
            process = self.model.ref(requirement, "process")
            chain = self.model.ref(requirement, "processChain")
            subject = process if process is not None else chain
            metrics = ("ResponseTime",) if chain is None else ("ResponseTime", "EndToEnd")
            fitting = (
                limit is not None
                and limit.get("limitType") == "UpperLimit"
                and limit.get("metric") in metrics
            )
            if subject is None or not fitting:
                of = kind(requirement) if limit is None else f"{kind(requirement)} with {kind(limit)}"
                message = f"the requirement '{shown(name_of(requirement))}' ({of}) is not checked"
                self.model.leave(requirement, "requirement-left-out", message, "check it by hand")
                continue
            found = self.values.quantity(child(limit, "limitValue"), "time")
            self.model.use(requirement, limit)
            if found is not None:
                known = self.processes if process is not None else self.chains
                known[subject] = min(known.get(subject, down(found)), down(found))


class ChainBuilder:
    """Builds flows; a chain whose steps are no path along channels is reported."""

    def __init__(
        self, model: AmaltheaModel, values: Values, software: SoftwareBuilder, due: DeadlineReader
    ) -> None:
        self.model = model
        self.values = values
        self.software = software
        self.due = due
        owners = {p.id: box.id for box in software.boxes.values() for p in box.ports}
        self.edges = {(owners[c.source_port], owners[c.target_port]) for c in software.channels}
        self.flows: dict[Xml, Flow] = {}
        self._visits = 0

    def build(self) -> tuple[Flow, ...]:
        """The flows with the least of their latencies as deadline."""
        limits = self._latencies()
        for chain in self.model.part("constraintsModel", "eventChains"):
            self._visits = 0
            if (steps := self._events(chain, 0)) is not None:
                path = [p for event in steps for p in self._process(event)]
                self._flow(chain, path, limits.get(chain, (None, FlowBound.REACTION)))
        for chain in self.model.of_kind("ProcessChain"):
            path = self.model.refs(chain, "processes")
            self._flow(chain, path, (self.due.chains.get(chain), FlowBound.REACTION))
        return tuple(self.flows.values())

    # --- deadlines ----------------------------------------------------------------------------------------

    def _latencies(self) -> dict[Xml, tuple[int | None, FlowBound]]:
        found: dict[Xml, tuple[int | None, FlowBound]] = {}
        for constraint in self.model.part("constraintsModel", "timingConstraints"):
            chain = self.model.ref(constraint, "scope")
            greatest = child(constraint, "maximum")
            if kind(constraint) != "EventChainLatencyConstraint" or chain is None or greatest is None:
                message = f"'{shown(name_of(constraint))}' ({kind(constraint)}) is not checked"
                self.model.leave(constraint, "constraint-left-out", message, "check it by hand")
                continue
            self.model.use(constraint)
            limit = self.values.quantity(greatest, "time")
            bound = FlowBound.DATA_AGE if constraint.get("type") == "Age" else FlowBound.REACTION
            known = found.get(chain, (None, bound))[0]
            if limit is not None and (known is None or down(limit) < known):
                found[chain] = (down(limit), bound)
        return found

    # --- paths --------------------------------------------------------------------------------------------

    def _events(self, chain: Xml, depth: int) -> list[Xml] | None:
        """The events of a chain in order: its stimulus, what its segments respond with, its response."""
        self._visits += 1
        endless = depth > _MOST_DEPTH or self._visits > _MOST_SEGMENTS
        if chain.get("itemType") == "parallel" or children(chain, "strands") or endless:
            what = "refers to itself, or to too many others," if endless else "has parallel strands"
            message = f"the event chain '{shown(name_of(chain))}' {what}: it is no path"
            self.model.leave(chain, "flow-left-out", message, "give each strand a chain of its own")
            return None
        events = [self.model.ref(chain, "stimulus")]
        for item in children(chain, "segments", "items"):
            inner = child(item, "eventChain")
            if inner is None or inner.get("href") is not None:
                inner = self.model.ref(item, "eventChain")
            if inner is None:
                continue
            self.model.use(item, inner)
            if (steps := self._events(inner, depth + 1)) is None:
                return None
            events += steps
        events.append(self.model.ref(chain, "response"))
        return [e for e in events if e is not None]

    def _process(self, event: Xml) -> list[Xml]:
        """The one process at which an event occurs; none where that is open."""
        found = self.software.activations.producers(event)
        return found if len(found) == 1 and found[0] in self.software.boxes else []

    def _flow(self, chain: Xml, path: list[Xml], limit: tuple[int | None, FlowBound]) -> None:
        boxes = [self.software.boxes[p] for p in path if p in self.software.boxes]
        ids = [b.id for n, b in enumerate(boxes) if n == 0 or boxes[n - 1] is not b]
        joined = all(pair in self.edges for pair in pairwise(ids))
        if len(ids) < 2 or not joined or len(set(ids)) < len(ids):
            lack = "is no path of tasks that exchange data"
            message = f"the {kind(chain) or 'chain'} '{shown(name_of(chain))}' {lack}"
            step = 'state its tasks in the side-car: [flow."NAME"] entries = ["A", "B"]'
            self.model.leave(chain, "flow-left-out", message, step)
            return
        self.model.use(chain)
        self.flows[chain] = Flow(
            id=identity(kind(chain), name_of(chain)),
            name=name_of(chain),
            source=self.model.source(chain),
            entries=tuple(f"{i}.step" for i in ids),
            deadline_ns=limit[0],
            bound=limit[1],
        )

    # --- earlier results ----------------------------------------------------------------------------------

    def stated_results(self) -> Iterator[StatedResult]:
        """Worst-case times that another analysis left in the measurement model."""
        for number, measurement in enumerate(self.model.part("measurementModel", "measurements")):
            subject = self._subject(measurement)
            for entry in children(measurement, "customProperties"):
                value = child(entry, "value")
                if subject is None or entry.get("key", "").strip().lower() not in _STATED:
                    continue
                time: Fraction | None = self.values.quantity(value, "time")
                if time is not None:
                    self.model.use(measurement, entry)
                    yield StatedResult(
                        id=identity("stated", str(number), subject),
                        name=entry.get("key", ""),
                        source=self.model.source(measurement),
                        subject=subject,
                        figure="response_ns",
                        value=up(time),
                    )

    def _subject(self, measurement: Xml) -> str | None:
        task = self.model.ref(measurement, "task")
        chain = self.model.ref(measurement, "eventChain")
        if task is not None and task in self.software.boxes:
            return self.software.boxes[task].entry
        return self.flows[chain].id if chain in self.flows else None
