"""End-to-end flows: SaEndtoEndFlow on an activity whose actions call the entries in order."""

from __future__ import annotations

from collections.abc import Iterator

from aicompiler.metamodels.system import Component, Flow, FlowBound
from aicompiler.transformations.importers._quantities import TIME, down

from ._resource import EObject
from ._view import UmlModel, is_a, shown


class FlowBuilder:
    """Flows over the entries that ``ids`` knows."""

    def __init__(
        self, model: UmlModel, components: tuple[Component, ...], ids: dict[EObject, list[str]]
    ) -> None:
        self.model = model
        self.ids = ids
        self.owner = {e.id: c.id for c in components for e in c.entries}

    def build(self) -> Iterator[Flow]:
        """All flows that can be followed; the others are reported."""
        for application in self.model.applications("SaEndtoEndFlow"):
            activity = application.base
            entries = self._entries(activity) if is_a(activity, "Activity") else None
            if not entries:
                message = f"the end-to-end flow on {self.model.label(activity)} names no path of entries"
                step = "apply SaEndtoEndFlow to an activity whose CallOperationActions follow each other"
                self.model.warn("flow-left-out", message, step, application)
                continue
            deadline = self.model.quantity(application, "end2EndD", TIME)
            outage = self.model.quantity(self.model.applied(activity, "MaxOutage"), "duration", TIME)
            age = self.model.applied(activity, "DataAge") is not None
            id_ = self.model.id(activity)
            self.ids.setdefault(activity, []).append(id_)
            yield Flow(
                id=id_,
                name=activity.name or "",
                source=self.model.source(activity),
                entries=tuple(entries),
                deadline_ns=None if deadline is None else down(deadline),
                bound=FlowBound.DATA_AGE if age else FlowBound.REACTION,
                max_outage_ns=None if outage is None else down(outage),
            )

    def _entries(self, activity: EObject) -> list[str] | None:
        found = [self._entry(action) for action in self._path(activity)]
        return [f for f in found if f is not None] if all(f is not None for f in found) else None

    def _path(self, activity: EObject) -> list[EObject]:
        """The calls of an activity along its edges; empty where they do not form one path."""
        following: dict[EObject, list[EObject]] = {}
        for edge in activity.edge:
            following.setdefault(edge.source, []).append(edge.target)
        reached = {target for targets in following.values() for target in targets}
        starts = [n for n in activity.node if n not in reached]
        path: list[EObject] = []
        node = starts[0] if len(starts) == 1 else None
        while node is not None and node not in path:
            path.append(node)
            targets = following.get(node, [])
            node = targets[0] if len(targets) == 1 else None
        complete = len(path) == len(list(activity.node))
        return [n for n in path if is_a(n, "CallOperationAction", "CallBehaviorAction")] if complete else []

    def _entry(self, action: EObject) -> str | None:
        called = action.operation if is_a(action, "CallOperationAction") else action.behavior
        candidates = self.ids.get(called, [])
        parts = {id_ for p in action.inPartition for id_ in self.ids.get(getattr(p, "represents", None), [])}
        if parts:
            candidates = [c for c in candidates if self.owner.get(c) in parts]
        if len(candidates) == 1:
            return candidates[0]
        reason = f"{len(candidates)} instances" if candidates else "no component"
        message = f"{self.model.label(action)} calls '{shown(getattr(called, 'name', ''))}' of {reason}"
        step = "put it into an activity partition that represents the part" if candidates else "call an entry"
        self.model.warn("flow-step", message, step, action)
        return None
