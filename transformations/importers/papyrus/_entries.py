"""Operations, behaviours and steps to entries: when they run, how long they take, what they execute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour, Entry, OnData

from ._resource import EObject
from ._structure import inherited
from ._timing import Timing, bearers_of
from ._view import UmlModel, is_a


def entry_elements(type_: EObject, timing: Timing) -> list[EObject]:
    """What instances of a class execute, inherited first: operations, else behaviours, else the class itself.

    An operation counts if it has a behaviour or a time, the class if it has a time.
    """
    classes = inherited(type_)
    operations = [o for c in classes for o in c.ownedOperation]
    executed = [o for o in operations if bodies(o) or timing.annotated(*bearers_of(o))]
    if executed:
        return executed
    behaviours = [b for c in classes for b in getattr(c, "ownedBehavior", ())]
    own = [b for b in behaviours if is_a(b, "OpaqueBehavior") and b.specification is None]
    return own or [c for c in classes[-1:] if timing.annotated(c)]


def bodies(element: EObject) -> list[EObject]:
    """The opaque behaviours that implement an operation, or the behaviour itself."""
    methods = element.method if is_a(element, "Operation") else [element]
    return [m for m in methods if is_a(m, "OpaqueBehavior")]


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

    def build(
        self,
        owner: str,
        element: EObject,
        part: EObject | None = None,
        drawn: Drawn | None = None,
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
            behaviours=tuple(b for method in bodies(element) for b in self._behaviours(owner, method)),
            times=self.timing.times(id_, () if stepped else own, part, drawn.steps),
        )

    def _behaviours(self, owner: str, method: EObject) -> Iterator[Behaviour]:
        lines = self.model.resource.text_lines.get((method, "body"), [])
        for number, body in enumerate(method.body):
            language = method.language[number].strip() if number < len(method.language) else ""
            if not body.strip():
                continue
            if not language:
                message = f"body {number + 1} of {self.model.label(method)} names no language; C is assumed"
                self.model.warn("language-assumed", message, "name its language", method)
            suffix = f".{number + 1}" if number else ""
            yield Behaviour(
                id=f"{owner}.{self.model.id(method)}{suffix}",
                name=method.name or "",
                source=self.model.source(method, lines[number] if number < len(lines) else None),
                language=language or "C",
                body=body.replace("\r\n", "\n").replace("\r", "\n"),
            )
