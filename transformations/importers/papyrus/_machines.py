"""State machines to the text that the front end for machines reads (docs/reference/statemachines.md).

All that a machine has is written, also what that front end refuses: it then says so at the line of the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aicompiler.metamodels.system import (
    Activation,
    Attribute,
    Behaviour,
    ElementType,
    Periodic,
    Port,
    PortDirection,
)
from aicompiler.transformations.importers._quantities import TIME, measure
from aicompiler.transformations.importers._vsl import VslError

from ._resource import EObject
from ._view import UmlModel, is_a

LANGUAGE = "statemachine"
_DEEPEST = 40  # the front end refuses less than that
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_JOBS = re.compile(r"(\d{1,9})\s*(?:jobs?)?")
_POINTS = {
    **{"choice": "choice", "junction": "junction", "fork": "fork", "join": "join"},
    **{"deepHistory": "deephistory", "shallowHistory": "history", "terminate": "terminate"},
    **{"entryPoint": "entrypoint", "exitPoint": "exitpoint"},
}
_KNOWN_LANGUAGES = ("c", "alf")


def is_machine(element: EObject) -> bool:
    """Whether an element is a state machine that says what is done, not what may be called."""
    return is_a(element, "StateMachine") and not is_a(element, "ProtocolStateMachine")


def elements_of(machine: EObject) -> Iterator[EObject]:
    """All that a machine rests on: what it contains, and the events that its triggers name."""
    pending = [machine]
    while pending:
        element = pending.pop()
        yield element
        pending += list(element.eContents)
        event = getattr(element, "event", None) if is_a(element, "Trigger") else None
        if event is not None:
            pending.append(event)
            yield from (s for s in [getattr(event, "signal", None)] if s is not None)


@dataclass
class _Machine:
    """What was found in a machine besides its text."""

    changes: int = 0
    levels: int = 0


class MachineWriter:
    """Writes one machine of a component with these ports, whose jobs are released as ``activation`` says."""

    def __init__(
        self, model: UmlModel, machine: EObject, ports: Sequence[Port], activation: Activation | None
    ) -> None:
        self.model = model
        self.machine = machine
        self.ports = ports
        self.period = activation.period_ns if isinstance(activation, Periodic) else None
        self.name = _c_name(machine.name or "machine")
        self.found = _Machine()
        self._base = model.resource.lines.get(machine, 1)
        self._lines: list[str] = []
        self._next = 1
        self._names: dict[EObject, tuple[str, ...]] = {}
        self._actions: list[str] = []

    def behaviour(self, id_: str) -> Behaviour:
        """The machine as a behaviour."""
        self._name_all()
        self._body()
        return Behaviour(
            id=id_,
            name=self.machine.name or "",
            source=self.model.source(self.machine),
            language=LANGUAGE,
            body="\n".join(self._lines) + "\n",
        )

    def attributes(self, owner: str) -> Iterator[Attribute]:
        """The state that the machine keeps from job to job, once it is written."""
        stem = f"{owner}.{self.model.id(self.machine)}"
        plain = Attribute(
            id=f"{stem}.state",
            name=f"{self.name}_state",
            source=self.model.source(self.machine),
            element_type=ElementType.I32,
        )
        yield plain
        if levels := self.found.levels:
            yield replace(plain, id=f"{stem}.time", name=f"{self.name}_time", shape=(levels,), extents=("",))
        if count := self.found.changes:
            seen = replace(plain, id=f"{stem}.seen", name=f"{self.name}_seen", element_type=ElementType.BOOL)
            yield replace(seen, shape=(count,), extents=("",))
        for port in self._kept():
            kept = replace(plain, id=f"{stem}.last_{port.name}", name=f"{self.name}_last_{port.name}")
            yield replace(kept, element_type=port.element_type, shape=port.shape, extents=port.extents)

    # --- lines --------------------------------------------------------------------------------------------

    def _say(self, text: str, element: EObject, indent: int = 0, line: int | None = None) -> None:
        """One line that comes from an element, or from a line of the file."""
        at = self.model.resource.lines.get(element, 0) if line is None else line
        relative = max(at - self._base + 1, 1)
        if relative != self._next:
            self._lines.append(f"@{relative}")
        self._lines.append("  " * indent + text)
        self._next = relative + 1

    def _code(
        self, keyword: str, element: EObject | None, near: EObject, indent: int, action: bool = True
    ) -> None:
        """The body of a behaviour or an expression; of several the first in a language that is read."""
        if element is None:
            return
        language, body, line = self._body_of(element)
        if not body.strip():
            return
        if action:
            self._actions.append(body)
        if line < self._base:  # an event stands outside the machine
            line = self.model.resource.lines.get(near, self._base)
        first, *more = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._say(f"{keyword} {language}: {first}", near, indent, line)
        for text in more:
            self._lines.append("  " * indent + f"| {text}")
        self._next += len(more)

    def _body_of(self, element: EObject) -> tuple[str, str, int]:
        """Language, text and line."""
        line = self.model.resource.lines.get(element, 0)
        if is_a(element, "OpaqueBehavior", "OpaqueExpression"):
            lines = self.model.resource.text_lines.get((element, "body"), [])
            languages = [t.strip() for t in element.language]
            languages += [""] * (len(element.body) - len(languages))
            options = [i for i, text in enumerate(element.body) if text.strip()]
            known = [i for i in options if languages[i].lower() in _KNOWN_LANGUAGES]
            if not options:
                return "C", "", line
            chosen = (known or options)[0]
            if not languages[chosen]:
                message = f"a body of {self.model.label(element)} names no language; C is assumed"
                self.model.warn("language-assumed", message, "name its language", element)
            text_line = lines[chosen] if chosen < len(lines) else line
            return _word(languages[chosen]) or "C", element.body[chosen], text_line
        if is_a(element, "LiteralBoolean", "LiteralString", "LiteralInteger"):
            value = getattr(element, "value", None)
            return "C", str(value if value is not None else "").lower() or "false", line
        return element.eClass.name, getattr(element, "name", None) or "?", line

    # --- the machine --------------------------------------------------------------------------------------

    def _name_all(self) -> None:
        """Names of all vertices, unique among those of one state."""
        pending: list[tuple[EObject, tuple[str, ...]]] = [(self.machine, ())]
        while pending:
            owner, path = pending.pop()
            taken: set[str] = set()
            for vertex in _vertices(owner):
                stem = name = vertex.name or _keyword(vertex) or "state"
                number = 2
                while name in taken:
                    name, number = f"{stem}_{number}", number + 1
                taken.add(name)
                self._names[vertex] = (*path, name)
                if len(path) < _DEEPEST:
                    pending.append((vertex, self._names[vertex]))

    def _body(self) -> None:
        self._say(f"machine {self.name}", self.machine)
        for behaviour in self.machine.ownedBehavior:
            if behaviour.name in ("before", "after"):
                self._code(behaviour.name, behaviour, behaviour, 0, action=False)
        self._region(self.machine, 0)
        for region in _regions(self.machine, len(self._names)):
            for transition in region.transition:
                if _kind(transition.source) != "initial":
                    self._transition(transition)
        for port in self._kept():
            self._say(f"keep {port.name}", self.machine)

    def _kept(self) -> list[Port]:
        """The out-ports that actions name: they hold their values until the next one."""
        words = set(_IDENTIFIER.findall("\n".join(self._actions)))
        return [p for p in self.ports if p.direction is PortDirection.OUT and p.name in words]

    def _region(self, owner: EObject, indent: int) -> None:
        for number, region in enumerate(owner.region):
            if number:
                self._say(f"region {_word(region.name or '')}", region, indent)
            for transition in region.transition:
                if _kind(transition.source) == "initial":
                    self._initial(owner, transition, indent)
            for vertex in region.subvertex:
                self._vertex(vertex, indent)
        for point in getattr(owner, "connectionPoint", ()):
            self._say(f"{_POINTS.get(point.kind, 'entrypoint')} {_word(point.name or '')}", point, indent)

    def _vertex(self, vertex: EObject, indent: int) -> None:
        keyword = _keyword(vertex)
        if keyword == "initial":
            return
        name = _quoted(self._names[vertex][-1:])
        if keyword != "state":
            self._say(f"{keyword} {name}", vertex, indent)
            return
        inner = indent + 1
        self._say(f"state {name} {{", vertex, indent)
        self._code("entry", vertex.entry, vertex, inner)
        self._code("exit", vertex.exit, vertex, inner)
        for what, element in (("do", vertex.doActivity), ("submachine", vertex.submachine)):
            if element is not None:
                self._say(f"{what} {_word(element.name or '')}", vertex, inner)
        for trigger in vertex.deferrableTrigger:
            self._say("defer", trigger, inner)
        if len(self._names[vertex]) <= _DEEPEST:
            self._region(vertex, inner)
        self._lines.append("  " * indent + "}")
        self._next += 1

    # --- transitions --------------------------------------------------------------------------------------

    def _initial(self, owner: EObject, transition: EObject, indent: int) -> None:
        path, around = self._names.get(transition.target, ("?",)), self._names.get(owner, ())
        inside = path[: len(around)] == around
        self._say(f"initial -> {_quoted(path[len(around) :] if inside else path)}", transition, indent)
        self._parts(transition, indent + 1)

    def _transition(self, transition: EObject) -> None:
        ends = (self._names.get(v, ("?",)) for v in (transition.source, transition.target))
        kind = f" {transition.kind}" if transition.kind in ("internal", "local") else ""
        self._say(f"transition {' -> '.join(_quoted(end) for end in ends)}{kind}", transition)
        for trigger in transition.trigger:
            self._trigger(transition, trigger)
        self._parts(transition, 1)

    def _parts(self, transition: EObject, indent: int) -> None:
        guard = getattr(transition.guard, "specification", None)
        if guard is not None:
            _, text, _ = self._body_of(guard)
            if text.strip() == "else":
                self._say("guard else", guard, indent)
            elif not (is_a(guard, "LiteralBoolean") and text == "true"):
                self._code("guard", guard, transition, indent, action=False)
        self._code("effect", transition.effect, transition, indent)

    def _trigger(self, transition: EObject, trigger: EObject) -> None:
        event = trigger.event
        if is_a(event, "ChangeEvent"):
            self.found.changes += 1
            self._code("on change", event.changeExpression, trigger, 1, action=False)
        elif is_a(event, "TimeEvent"):
            depth = len(self._names.get(transition.source, ()))
            self.found.levels = max(self.found.levels, depth)
            self._say(f"on {self._moment(event)}", trigger, 1)
        else:
            self._say(f"on {self._signal(trigger)}", trigger, 1)

    def _signal(self, trigger: EObject) -> str:
        """The in-port that an event arrives at: the trigger's, or that of the signal's or event's name."""
        event = trigger.event
        named = [*trigger.port, getattr(event, "signal", None), event, trigger]
        names = [n.name for n in named if getattr(n, "name", None)]
        inputs = {p.name for p in self.ports if p.direction is PortDirection.IN}
        return next((n for n in names if n in inputs), next((_word(n) for n in names), "any"))

    def _moment(self, event: EObject) -> str:
        """``after N`` jobs; as it is written where it cannot be told in jobs."""
        when = getattr(event.when, "expr", None) or event.when
        text = "" if when is None else self._body_of(when)[1].strip()
        if match := _JOBS.fullmatch(text):
            return f"after {match[1]}" if event.isRelative else f"at {match[1]}"
        try:
            time = measure(text, TIME).typical
        except VslError:
            time = None
        if time is None or self.period is None or not event.isRelative:
            return f"{'after' if event.isRelative else 'at'} {_word(text)}"
        return f"after {max(-(-time // self.period), 1)}"


def _vertices(owner: EObject) -> list[EObject]:
    return [v for region in getattr(owner, "region", ()) for v in region.subvertex]


def _regions(machine: EObject, most: int) -> Iterator[EObject]:
    """All regions, outer ones first."""
    pending: list[EObject] = [machine]
    while pending and most >= 0:
        owner = pending.pop(0)
        yield from owner.region
        pending += [v for v in _vertices(owner) if getattr(v, "region", None)]


def _kind(vertex: EObject | None) -> str:
    return str(vertex.kind) if vertex is not None and is_a(vertex, "Pseudostate") else ""


def _keyword(vertex: EObject) -> str:
    if is_a(vertex, "Pseudostate"):
        return _POINTS.get(_kind(vertex), "initial")
    return "final" if is_a(vertex, "FinalState") else "state"


def _quoted(path: Sequence[str]) -> str:
    return ".".join(n if _IDENTIFIER.fullmatch(n) else json.dumps(n) for n in path)


def _word(text: str) -> str:
    """A name on its line."""
    return re.sub(r"[^\w+/ ]+", "_", text, flags=re.ASCII).strip()[:80]


def _c_name(name: str) -> str:
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:40]
    return plain if _IDENTIFIER.fullmatch(plain) else f"m_{plain}".rstrip("_")
