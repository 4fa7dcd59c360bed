"""Components of models without parts: who executes the steps of interactions and activities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ._contexts import is_environment
from ._entries import entry_elements
from ._resource import EObject
from ._scenarios import Scenario, Step, Transfer
from ._timing import Timing
from ._view import UmlModel, is_a

_ROLES = ("Lifeline", "ActivityPartition", "Property")
_STRUCTURAL = ("Class", "Artifact")


@dataclass(eq=False)
class Task:
    """What becomes an entry: an operation or, where there is none, the first step that is drawn for it."""

    element: EObject
    name: str
    drawn: list[Sequence[EObject]] = field(default_factory=list)
    triggers: list[EObject] = field(default_factory=list)  # of the scenarios that begin with it


@dataclass(eq=False)
class Player:
    """What becomes a component: a classifier, else the role that a lifeline or partition plays."""

    element: EObject
    _tasks: dict[object, Task] = field(default_factory=dict)  # by what is called, and by name

    @property
    def tasks(self) -> list[Task]:
        """In the order in which they were found."""
        return list(dict.fromkeys(self._tasks.values()))

    def find(self, called: EObject | None, name: str) -> Task | None:
        """The task of an operation, else the one so called."""
        return self._tasks.get(called) or self._tasks.get(name)

    def add(self, called: EObject | None, task: Task) -> Task:
        """Keep a new task."""
        self._tasks[called if called is not None else task.name] = task
        self._tasks.setdefault(task.name, task)
        return task


@dataclass(frozen=True, eq=False)
class Call:
    """What becomes a channel: the first of the transfers between two tasks.

    ``origin`` is the sender's task; None where nothing is drawn that the sender runs then.
    """

    element: EObject
    sender: Player
    receiver: Player
    origin: Task | None
    task: Task
    name: str


class Cast:
    """The players of some scenarios, and ``everywhere`` of all classifiers whose operations have times."""

    def __init__(
        self, model: UmlModel, timing: Timing, scenarios: Sequence[Scenario], *, everywhere: bool = True
    ) -> None:
        self.model = model
        self.timing = timing
        self._players: dict[EObject, Player] = {}
        self._tasks: dict[Step, Task] = {}
        self._canonical: dict[str, EObject] = {}
        self.started: dict[EObject, list[Task]] = {}  # what comes from outside the system, by who sends it
        self._called: dict[str, list[EObject]] = {}
        for classifier in model.elements(*_STRUCTURAL):
            if not is_a(classifier, "Behavior", "Node"):
                if everywhere:
                    self._classifier(classifier)
                if is_a(classifier, "Artifact") or classifier in self._players:
                    self._called.setdefault(classifier.name or "", []).append(classifier)
        crowds = [_crowded(s) for s in scenarios]
        for scenario, crowded in zip(scenarios, crowds, strict=True):
            for step in scenario.steps:
                self._step(step, crowded)
            for step in scenario.first:
                if step in self._tasks:
                    self._tasks[step].triggers += scenario.bearers
        self.calls = list(self._merged(scenarios, crowds))

    @property
    def players(self) -> list[Player]:
        """Those that execute something, in file order."""
        place = {obj: number for number, obj in enumerate(self.model.resource.by_id.values())}
        filled = [p for p in self._players.values() if p.tasks]
        return sorted(filled, key=lambda p: place.get(p.element, 0))

    def task(self, step: Step) -> Task | None:
        """What a step runs; None where nothing says that it takes time."""
        return self._tasks.get(step)

    def _classifier(self, classifier: EObject) -> None:
        timed = [o for o in entry_elements(classifier, self.timing) if self.timing.annotated(o)]
        for element in timed:
            self._player(classifier).add(element, Task(element, element.name or ""))

    def _player(self, element: EObject) -> Player:
        return self._players.setdefault(element, Player(element))

    # --- steps --------------------------------------------------------------------------------------------

    def _step(self, step: Step, crowded: set[EObject]) -> None:
        element = self._executor(step, crowded)
        if is_environment(element):
            return
        player = self._player(element)
        task = player.find(step.called, step.name)
        if task is None and self.timing.annotated(*step.drawn):
            task = player.add(step.called, Task(step.element, step.name))
        if task is not None:
            task.drawn.append(step.drawn)
            self._tasks[step] = task

    def _executor(self, step: Step, crowded: set[EObject]) -> EObject:
        """Who executes a step; in the partition of a node, what is so called on the node, else the step."""
        element = self._resolved(step.participant, crowded)
        if not is_a(element, "Node"):
            return element
        return next((c for c in element.nestedClassifier if step.name and c.name == step.name), step.element)

    def _resolved(self, participant: EObject, crowded: set[EObject]) -> EObject:
        """The classifier that a role stands for; the role where two have one classifier, or it has none."""
        represented = getattr(participant, "represents", None)
        if is_a(represented, "Classifier"):
            return represented
        type_ = getattr(represented, "type", None)
        if type_ is not None and not is_a(type_, "External"):
            return represented if type_ in crowded else type_
        if not is_a(participant, *_ROLES):
            return participant
        return self._by_name(participant)

    def _by_name(self, role: EObject) -> EObject:
        """A role that represents nothing is the only artifact or timed class so called, else the first."""
        if not (name := role.name or ""):
            return role
        if name not in self._canonical:
            called = self._called.get(name, [])
            self._canonical[name] = called[0] if len(called) == 1 else role
            if len(called) == 1:
                label, other = self.model.label(role), self.model.label(called[0])
                message = f"{label} represents nothing and is taken for {other}, which is called so"
                self.model.note("role-matched", message, "let it represent what it stands for", role)
        return self._canonical[name]

    # --- transfers ----------------------------------------------------------------------------------------

    def _merged(self, scenarios: Sequence[Scenario], crowds: Sequence[set[EObject]]) -> Iterator[Call]:
        seen: set[tuple[Player, Task | None, Task]] = set()
        for scenario, crowded in zip(scenarios, crowds, strict=True):
            busy = self._busy(scenario, crowded)
            for transfer in scenario.transfers:
                call = self._call(transfer, crowded, busy.get(transfer))
                if call is not None and (call.sender, call.origin, call.task) not in seen:
                    seen.add((call.sender, call.origin, call.task))
                    yield call

    def _busy(self, scenario: Scenario, crowded: set[EObject]) -> dict[Transfer, Task]:
        """What the sender of each transfer was last seen to do."""
        sent: dict[Step, list[Transfer]] = {}
        for transfer in scenario.transfers:
            sent.setdefault(transfer.step, []).append(transfer)
        found: dict[Transfer, Task] = {}
        latest: dict[EObject, Task] = {}
        for step in scenario.steps:
            for transfer in sent.get(step, ()):
                if (task := latest.get(self._source(transfer, crowded))) is not None:
                    found[transfer] = task
            if (task := self._tasks.get(step)) is not None:
                latest[self._executor(step, crowded)] = task
        return found

    def _source(self, transfer: Transfer, crowded: set[EObject]) -> EObject:
        origin = transfer.origin
        return self._executor(origin, crowded) if origin else self._resolved(transfer.sender, crowded)

    def _call(self, transfer: Transfer, crowded: set[EObject], busy: Task | None) -> Call | None:
        task, source = self._tasks.get(transfer.step), self._source(transfer, crowded)
        if is_environment(source) and task is not None:
            self.started.setdefault(source, []).append(task)
        sender = self._players.get(source)
        receiver = self._players.get(self._executor(transfer.step, crowded))
        if sender is None or receiver is None or task is None or sender is receiver or not sender.tasks:
            return None
        own = (self._tasks.get(transfer.origin) if transfer.origin is not None else None) or busy
        if len(sender.tasks) == 1:
            own = sender.tasks[0]
        return Call(transfer.element, sender, receiver, own, task, task.name)


def _crowded(scenario: Scenario) -> set[EObject]:
    """The classifiers that several roles of one scenario have: each role is then an instance of its own."""
    roles = {getattr(s.participant, "represents", None) for s in scenario.steps}
    roles |= {getattr(t.sender, "represents", None) for t in scenario.transfers}
    typed = [getattr(r, "type", None) for r in roles if is_a(r, "Property")]
    types = Counter(t for t in typed if t is not None)
    return {type_ for type_, count in types.items() if count > 1}
