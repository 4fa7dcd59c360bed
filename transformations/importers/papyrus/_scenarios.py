"""Interactions and activities as steps in order, by whom they are executed, and what passes between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._resource import EObject
from ._view import UmlModel, is_a

_REPLIES = ("reply", "createMessage", "deleteMessage")
_ACTIONS = ("CallOperationAction", "CallBehaviorAction", "OpaqueAction")
MAX_NESTING = 50


@dataclass(frozen=True, eq=False)
class Step:
    """One execution: what it is drawn as, by whom, and of which operation or behaviour.

    ``drawn`` are the message, its executions or the action: annotations of the step sit on them.
    """

    element: EObject
    participant: EObject
    called: EObject | None
    drawn: tuple[EObject, ...]
    name: str


@dataclass(frozen=True, eq=False)
class Transfer:
    """A message or edge that leads to ``step``: from a participant, and from its step ``origin`` if known."""

    element: EObject
    sender: EObject
    step: Step
    origin: Step | None = None


@dataclass(eq=False)
class Scenario:
    """The steps of one interaction or activity; ``path`` are those that follow each other, if all do.

    ``first`` are the steps that it begins with.
    """

    behaviour: EObject
    steps: list[Step] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    path: list[Step] = field(default_factory=list)
    first: list[Step] = field(default_factory=list)

    @property
    def bearers(self) -> tuple[EObject, ...]:
        """What annotations of the whole may be applied to: the behaviour, the use case that owns it."""
        owner = self.behaviour.eContainer()
        first = (self.behaviour, owner) if is_a(owner, "UseCase") else (self.behaviour,)
        return (*first, *self.starts)

    @property
    def starts(self) -> tuple[EObject, ...]:
        """The initial nodes, which workload events are drawn on."""
        return tuple(n for n in several(self.behaviour, "node") if is_a(n, "InitialNode"))


def several(obj: EObject, feature: str) -> list[Any]:
    """The values of a feature, whether it holds none, one or many."""
    value = getattr(obj, feature, None)
    if value is None:
        return []
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]


def scenarios(model: UmlModel) -> Iterator[Scenario]:
    """All interactions and activities of a model, in file order."""
    for behaviour in model.elements("Interaction", "Activity"):
        interaction = is_a(behaviour, "Interaction")
        yield _interaction(behaviour) if interaction else _Activity(model, behaviour).scenario()


# --- interactions -----------------------------------------------------------------------------------------


def _interaction(interaction: EObject) -> Scenario:
    fragments = list(_flat(interaction, 0))
    place = {fragment: number for number, fragment in enumerate(fragments)}
    calls = [m for m in several(interaction, "message") if m.messageSort not in _REPLIES]
    calls.sort(key=lambda m: place.get(m.receiveEvent, len(place)))  # stable: unplaced ones in file order
    executions = _executions(fragments, place, calls)
    found = Scenario(interaction)
    for message in calls:
        receiver = _lifeline(message.receiveEvent)
        if receiver is None:
            continue
        called = message.signature if is_a(message.signature, "Operation") else None
        name = message.name or getattr(called, "name", "") or ""
        drawn = (message, *executions.get(message, ()))
        step = Step(message, receiver, called, drawn, name)
        found.steps.append(step)
        sender = _lifeline(message.sendEvent)
        if sender is not None and sender is not receiver:
            found.transfers.append(Transfer(message, sender, step))
    for execution in executions.get(None, ()):
        if (lifeline := _lifeline(execution)) is not None:
            found.steps.append(Step(execution, lifeline, None, (execution,), execution.name or ""))
    found.first = found.steps[:1]
    # Alternatives and loops are no path.
    found.path = [] if any(is_a(f, "CombinedFragment") for f in fragments) else found.steps
    return found


def _flat(owner: EObject, depth: int) -> Iterator[EObject]:
    for fragment in several(owner, "fragment"):
        yield fragment
        if depth < MAX_NESTING:
            for operand in several(fragment, "operand"):
                yield from _flat(operand, depth + 1)


def _lifeline(event: EObject) -> EObject | None:
    return next((line for line in several(event, "covered") if is_a(line, "Lifeline")), None)


def _executions(
    fragments: list[EObject], place: dict[EObject, int], calls: list[EObject]
) -> dict[EObject | None, list[EObject]]:
    """The execution specifications by the message whose receipt they follow on their lifeline."""
    found: dict[EObject | None, list[EObject]] = {}
    received: dict[EObject, list[tuple[int, EObject]]] = {}  # by lifeline, in order
    for message in calls:
        if message.receiveEvent in place:
            line = received.setdefault(_lifeline(message.receiveEvent), [])
            line.append((place[message.receiveEvent], message))
    for execution in fragments:
        if is_a(execution, "ExecutionSpecification"):
            start = place.get(execution.start, place[execution])
            line = received.get(_lifeline(execution), [])
            before = bisect_right(line, start, key=lambda item: item[0])
            found.setdefault(line[before - 1][1] if before else None, []).append(execution)
    return found


# --- activities -------------------------------------------------------------------------------------------


class _Activity:
    """Follows the edges of one activity from action to action, through pins and control nodes."""

    def __init__(self, model: UmlModel, activity: EObject) -> None:
        self.model = model
        self.activity = activity
        self.nodes = several(activity, "node")
        self.partitions: dict[EObject, EObject] = {}
        for partition in several(activity, "group"):
            for node in several(partition, "node"):
                self.partitions.setdefault(node, partition)
        for node in self.nodes:
            for partition in several(node, "inPartition"):
                self.partitions.setdefault(node, partition)
        self.following: dict[EObject, list[tuple[EObject, EObject]]] = {}
        for edge in several(activity, "edge"):
            if edge.source is not None and edge.target is not None:
                self.following.setdefault(edge.source, []).append((edge, edge.target))

    def scenario(self) -> Scenario:
        found = Scenario(self.activity)
        steps = {n: self._step(n) for n in self.nodes if self._is_step(n)}
        found.steps = list(steps.values())
        after: dict[Step, list[Step]] = {}
        for node, step in steps.items():
            for edge, target in self._reached(node, steps):
                after.setdefault(step, []).append(steps[target])
                found.transfers.append(Transfer(edge, step.participant, steps[target], step))
        for start in found.starts:
            found.first += (
                [steps[start]] if start in steps else [steps[n] for _, n in self._reached(start, steps)]
            )
        found.path = _chain(found.steps, after)
        return found

    def _is_step(self, node: EObject) -> bool:
        return is_a(node, *_ACTIONS) or self.model.applied(node, "GaStep") is not None

    def _step(self, node: EObject) -> Step:
        called = getattr(node, "operation", None) or getattr(node, "behavior", None)
        operation = called if is_a(called, "Operation") else getattr(called, "specification", None)
        name = getattr(operation if operation is not None else called, "name", None) or node.name or ""
        participant = self._participant(node, operation)
        return Step(node, participant, operation if operation is not None else called, (node,), name)

    def _participant(self, node: EObject, operation: EObject | None) -> EObject:
        """Who owns what is called, else whose partition it is, else whose task, else whose behaviour."""
        if operation is not None and operation.eContainer() is not None:
            return operation.eContainer()
        if (partition := self.partitions.get(node)) is not None:
            return partition
        task = getattr(self.model.applied(node, "GaStep"), "concurRes", None)
        if (holder := getattr(task, "base", None)) is not None:
            return holder
        owner = self.activity.eContainer()
        return owner if is_a(owner, "Class") else self.activity

    def _reached(self, node: EObject, steps: Mapping[EObject, Step]) -> Iterator[tuple[EObject, EObject]]:
        """The next steps with the edge that leads into each."""
        pending, seen = [node, *self._pins(node)], {node}
        while pending:
            for edge, target in self.following.get(pending.pop(), ()):
                holder = target if target in steps else target.eContainer()
                if holder in steps:
                    if holder not in seen:
                        yield edge, holder
                    seen.add(holder)
                elif target not in seen:
                    seen.add(target)
                    pending += [target, *self._pins(target)]

    @staticmethod
    def _pins(node: EObject) -> list[EObject]:
        return [*several(node, "result"), *several(node, "outputValue"), *several(node, "kept")]


def _chain(steps: list[Step], after: dict[Step, list[Step]]) -> list[Step]:
    """All steps if they follow each other one by one; else none."""
    reached = {target for targets in after.values() for target in targets}
    starts = [step for step in steps if step not in reached]
    path: dict[Step, None] = {}  # in order
    step = starts[0] if len(starts) == 1 else None
    while step is not None and step not in path:
        path[step] = None
        targets = after.get(step, [])
        step = targets[0] if len(targets) == 1 else None
    return list(path) if len(path) == len(steps) else []
