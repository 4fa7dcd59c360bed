"""Operations, behaviours and steps to entries: when they run, how long they take, what they execute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aicompiler.metamodels.system import Activation, Attribute, Behaviour, Entry, OnData, Port

from ._machines import MachineWriter, is_machine
from ._resource import EObject
from ._structure import inherited
from ._textual import textual_behaviour
from ._timing import Timing, bearers_of
from ._view import UmlModel, is_a


def entry_elements(type_: EObject, timing: Timing) -> list[EObject]:
    """What instances of a class execute, inherited first: operations, else behaviours, else the class itself.

    An operation counts if it has a behaviour or a time, a state machine or the class if it has a time.
    """
    classes = inherited(type_)
    operations = [o for c in classes for o in c.ownedOperation]
    executed = [o for o in operations if bodies(o) or timing.annotated(*bearers_of(o)) or _texts(o, timing)]
    if executed:
        return executed
    behaviours = [b for c in classes for b in getattr(c, "ownedBehavior", ())]
    own = [b for b in behaviours if _runs(b, timing) and b.specification is None]
    return own or [c for c in classes[-1:] if timing.annotated(c)]


def bodies(element: EObject) -> list[EObject]:
    """The opaque behaviours and state machines that implement an operation, or the behaviour itself."""
    if is_a(element, "Operation"):
        methods = list(element.method)
    elif is_a(element, "Behavior"):
        methods = [element]
    else:
        methods = [getattr(element, "classifierBehavior", None)]
    return [m for m in methods if is_a(m, "OpaqueBehavior") or is_machine(m)]


def _texts(element: EObject, timing: Timing) -> list[EObject]:
    """The comments with a body in Alf for an operation or a behaviour, and for its methods."""
    return [c for bearer in bearers_of(element) for c in timing.textual.get(bearer, ())]


def _runs(behaviour: EObject, timing: Timing) -> bool:
    """Whether a behaviour says what a class executes; machines without a time may only describe its life."""
    return is_a(behaviour, "OpaqueBehavior") or (is_machine(behaviour) and timing.annotated(behaviour))


@dataclass(frozen=True)
class Drawn:
    """How interactions and activities draw an entry: the steps that run it, and the scenarios it begins."""

    name: str
    steps: Sequence[Sequence[EObject]] = ()
    triggers: Sequence[EObject] = ()


class EntryBuilder:
    """Builds entries; ``ids`` records what became of which element."""

    def __init__(self, model: UmlModel, timing: Timing, ids: dict[EObject, list[str]]) -> None:
        self.model = model
        self.timing = timing
        self.ids = ids
        self.kept: dict[str, list[Attribute]] = {}  # by component: what its state machines remember

    def build(
        self,
        owner: str,
        element: EObject,
        part: EObject | None = None,
        drawn: Drawn | None = None,
        ports: Sequence[Port] = (),
    ) -> Entry:
        """The entry of ``element`` in the component ``owner``; without an arrival pattern it runs on data."""
        drawn = drawn or Drawn(element.name or "")
        id_ = f"{owner}.{self.model.id(element)}"
        own = bearers_of(element)
        steps = tuple(e for group in drawn.steps for e in group if e not in own)
        for bearer in (*own, *steps):
            self.ids.setdefault(bearer, []).append(id_)
        stepped = any(element in group for group in drawn.steps)  # its own time is part of a step's
        activation = self.timing.activation((*own, *steps, *drawn.triggers), part)
        return Entry(
            id=id_,
            name=drawn.name,
            source=self.model.source(element),
            activation=activation if activation is not None else OnData(),
            deadline_ns=self.timing.deadline((*own, *steps), part),
            behaviours=tuple(self._bodies(owner, element, ports, activation)),
            times=self.timing.times(id_, () if stepped else own, part, drawn.steps),
        )

    def _bodies(
        self, owner: str, element: EObject, ports: Sequence[Port], activation: Activation | None
    ) -> Iterator[Behaviour]:
        """The methods of an operation, then what comments say."""
        for method in bodies(element):
            if is_machine(method):
                yield from self._machine(owner, element, method, ports, activation)
            else:
                yield from self._behaviours(owner, element, method)
        for comment in _texts(element, self.timing):
            yield textual_behaviour(self.model, owner, element, comment)

    def _machine(
        self,
        owner: str,
        entry: EObject,
        machine: EObject,
        ports: Sequence[Port],
        activation: Activation | None,
    ) -> Iterator[Behaviour]:
        suffix = ".body" if machine is entry else ""
        writer = MachineWriter(self.model, machine, ports, activation)
        yield writer.behaviour(f"{owner}.{self.model.id(machine)}{suffix}")
        self.kept.setdefault(owner, []).extend(writer.attributes(owner))

    def _behaviours(self, owner: str, entry: EObject, method: EObject) -> Iterator[Behaviour]:
        first = ".body" if method is entry else ""  # such an entry has the id of its behaviour already
        lines = self.model.resource.text_lines.get((method, "body"), [])
        for number, body in enumerate(method.body):
            language = method.language[number].strip() if number < len(method.language) else ""
            if not body.strip():
                continue
            if not language:
                message = f"body {number + 1} of {self.model.label(method)} names no language; C is assumed"
                self.model.warn("language-assumed", message, "name its language", method)
            suffix = f".{number + 1}" if number else first
            yield Behaviour(
                id=f"{owner}.{self.model.id(method)}{suffix}",
                name=method.name or "",
                source=self.model.source(method, lines[number] if number < len(lines) else None),
                language=language or "C",
                body=body.replace("\r\n", "\n").replace("\r", "\n"),
            )
