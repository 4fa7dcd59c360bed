"""The reader of the text: one line an item, names resolved at the end (docs/reference/statemachines.md)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import BodyError, body_error, unsupported

from ._machine import After, Change, Code, Kind, Machine, Signal, Transition, Vertex

LONGEST_BODY = 1_000_000
MOST_STATES = 4096
DEEPEST = 16
_NAME = r'(?:[A-Za-z_]\w*|"(?:[^"\\]|\\.)*")'
_PATH = rf"{_NAME}(?:\.{_NAME})*"
_CODE = re.compile(r"\s*([A-Za-z][\w+/ ]*?)\s*:(.*)", re.DOTALL)
_VERTEX = re.compile(rf"({_NAME})\s*(\{{)?")
_TRANSITION = re.compile(rf"({_PATH})\s*->\s*({_PATH})(?:\s+(external|local|internal))?")
_INITIAL = re.compile(rf"->\s*({_PATH})")
_REFUSED = {
    "history": ("a history state", "keep the last state in an attribute and choose by it"),
    "deephistory": ("a history state", "keep the last state in an attribute and choose by it"),
    "region": ("an orthogonal region", "make a component of each region, or one state of each combination"),
    "fork": ("a fork", "make a component of each region: a machine is in one state at a time"),
    "join": ("a join", "make a component of each region: a machine is in one state at a time"),
    "terminate": ("a terminate state", "use a final state of the machine"),
    "entrypoint": ("an entry point", "let the transition end in the state, or in a choice within"),
    "exitpoint": ("an exit point", "let the transition begin in the state, or in a final state within"),
    "submachine": ("a submachine", "write its states into the state"),
    "do": ("a do activity", "write what runs in every job into before or after"),
    "defer": ("a deferred event", "count the events in an attribute"),
}


@dataclass
class _Pending:
    """A transition whose ends are still names."""

    source: str | None
    target: str
    line: int
    inside: Vertex
    made: Transition


class _Reader:
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.line = 0
        self.machine = Machine("", Vertex("", Kind.STATE, None, 1))
        self.open: list[Vertex] = [self.machine.root]
        self.pending: list[_Pending] = []
        self.current: Transition | None = None
        self.changes = 0
        self.count = 0

    def wrong(self, message: str, next_step: str) -> BodyError:
        return body_error(self.behaviour, self.line, message, next_step)

    def read(self, text: str) -> Machine:
        lines = text.split("\n")
        number, self.line = 0, 0
        while number < len(lines):
            self.line += 1
            line = lines[number].strip()
            number += 1
            if match := re.fullmatch(r"@(\d{1,7})", line):
                self.line = int(match[1]) - 1
            elif line and not line.startswith("#"):
                more, start = [], number
                while number < len(lines) and lines[number].lstrip().startswith("|"):
                    more.append(lines[number].lstrip()[1:].removeprefix(" "))
                    number += 1
                self._item(line, more)
                self.line += number - start
        return self._finished()

    def _item(self, line: str, more: list[str]) -> None:
        keyword, _, rest = line.partition(" ")
        if keyword in _REFUSED:
            raise unsupported(self.behaviour, self.line, *_REFUSED[keyword])
        if line == "}":
            self._close()
            return
        handler = getattr(self, f"_read_{keyword}", None) if keyword in _KEYWORDS else None
        if handler is None:
            known = ", ".join(sorted(_KEYWORDS))
            raise self.wrong(f"a line begins with {keyword[:40]!r}", f"begin lines with {known} or |")
        if keyword not in _WITH_CODE and more:
            raise self.wrong(f"lines of code after {keyword}", "put them after entry, exit, guard or effect")
        if not self.machine.name and keyword != "machine":
            raise self.wrong("the text does not begin with the machine", "write: machine name")
        handler("\n".join([rest, *more]) if more else rest)

    # --- the machine --------------------------------------------------------------------------------------

    def _read_machine(self, rest: str) -> None:
        if self.machine.name or not re.fullmatch(r"[A-Za-z_]\w*", rest.strip(), re.ASCII):
            raise self.wrong(f"machine {rest[:40]!r}", "name one machine by a C identifier: machine control")
        self.machine.name = rest.strip()

    def _read_keep(self, rest: str) -> None:
        self.machine.keep.append((rest.strip(), self.line))

    def _read_before(self, rest: str) -> None:
        self.machine.before = self._code(rest, self.machine.before)

    def _read_after(self, rest: str) -> None:
        self.machine.after = self._code(rest, self.machine.after)

    # --- vertices -----------------------------------------------------------------------------------------

    def _read_state(self, rest: str) -> None:
        self._vertex(rest, Kind.STATE)

    def _read_final(self, rest: str) -> None:
        self._vertex(rest, Kind.FINAL)

    def _read_choice(self, rest: str) -> None:
        self._vertex(rest, Kind.CHOICE)

    def _read_junction(self, rest: str) -> None:
        self._vertex(rest, Kind.JUNCTION)

    def _vertex(self, rest: str, kind: Kind) -> None:
        match = _VERTEX.fullmatch(rest.strip())
        if match is None or (match[2] and kind is not Kind.STATE):
            raise self.wrong(
                f"{kind.value} {rest[:40]!r}", f"write: {kind.value} Name; states may end with {{"
            )
        parent, name = self.open[-1], _names(match[1])[0]
        if any(v.name == name for v in parent.children):
            raise self.wrong(f"there are two vertices {name!r}", "give each a name of its own")
        vertex = Vertex(name, kind, parent, self.line)
        parent.children.append(vertex)
        self.count += 1
        if self.count > MOST_STATES:
            raise self.wrong(
                f"the machine has more than {MOST_STATES} vertices", "use attributes for numbers"
            )
        self.current = None
        if match[2]:
            self.open.append(vertex)
            if len(self.open) > DEEPEST:
                raise self.wrong(f"states are nested more than {DEEPEST} deep", "flatten them")

    def _close(self) -> None:
        if len(self.open) == 1:
            raise self.wrong("a } without a state", "drop it")
        self.open.pop()
        self.current = None

    def _read_entry(self, rest: str) -> None:
        self._within("entry").entry = self._code(rest, self.open[-1].entry)

    def _read_exit(self, rest: str) -> None:
        self._within("exit").exit = self._code(rest, self.open[-1].exit)

    def _within(self, what: str) -> Vertex:
        if len(self.open) == 1:
            raise self.wrong(f"{what} outside a state", "write it between the { } of a state")
        return self.open[-1]

    # --- transitions --------------------------------------------------------------------------------------

    def _read_initial(self, rest: str) -> None:
        match = _INITIAL.fullmatch(rest.strip())
        if match is None:
            raise self.wrong(f"initial {rest[:40]!r}", "write: initial -> State")
        self._start(None, match[1], "external")

    def _read_transition(self, rest: str) -> None:
        match = _TRANSITION.fullmatch(rest.strip())
        if match is None:
            step = "write: transition Source -> Target, with local or internal behind it where it is"
            raise self.wrong(f"transition {rest[:60]!r}", step)
        self._start(match[1], match[2], match[3] or "external")

    def _start(self, source: str | None, target: str, kind: str) -> None:
        self.current = Transition(None, self.machine.root, self.line, kind)
        self.pending.append(_Pending(source, target, self.line, self.open[-1], self.current))

    def _of_transition(self, what: str) -> Transition:
        if self.current is None:
            raise self.wrong(f"{what} outside a transition", f"write {what} below the transition's line")
        return self.current

    def _read_on(self, rest: str) -> None:
        transition, event = self._of_transition("on"), rest.strip()
        if self.pending[-1].source is None:
            raise self.wrong("an initial transition has no trigger", "drop it")
        if match := re.fullmatch(r"after (\d{1,9})", event):
            if int(match[1]) < 1:
                raise self.wrong("after 0 jobs", "wait for 1 job or more, or drop the trigger")
            transition.triggers.append(After(int(match[1]), self.line))
        elif event.startswith("change "):
            condition = self._code(rest.lstrip().removeprefix("change "), None)
            transition.triggers.append(Change(condition, self.changes))
            self.changes += 1
        elif re.fullmatch(r"[A-Za-z_]\w*", event, re.ASCII):
            transition.triggers.append(Signal(event, self.line))
        else:
            step = "write: on port, on after 5, or on change C: condition"
            raise self.wrong(f"the event {event[:60]!r}", step)

    def _read_guard(self, rest: str) -> None:
        transition = self._of_transition("guard")
        if transition.guard is not None or transition.otherwise:
            raise self.wrong("a second guard", "join the two by &&")
        if rest.strip() == "else":
            transition.otherwise = True
        else:
            transition.guard = self._code(rest, None)

    def _read_effect(self, rest: str) -> None:
        transition = self._of_transition("effect")
        transition.effect = self._code(rest, transition.effect)

    def _code(self, rest: str, known: Code | None) -> Code:
        if known is not None:
            raise self.wrong(
                "a second one of this", "write all statements into one, on lines that begin with |"
            )
        match = _CODE.fullmatch(rest)
        if match is None:
            raise self.wrong("the code names no language", "write it as C: ... or Alf: ...")
        return Code(match[1].lower(), match[2], self.line)

    # --- names --------------------------------------------------------------------------------------------

    def _finished(self) -> Machine:
        machine = self.machine
        if not machine.name:
            raise self.wrong("there is no machine", "write: machine name")
        if len(self.open) > 1:
            self.line = self.open[-1].line
            raise self.wrong(f"the state {self.open[-1].name!r} is not closed", "end it with }")
        known = {v.names: v for v in machine.root.all}
        for pending in self.pending:
            self.line, made = pending.line, pending.made
            made.target = self._named(known, pending.inside, pending.target)
            if pending.source is None:
                if pending.inside.initial is not None:
                    raise self.wrong("a second initial transition", "use a choice")
                pending.inside.initial = made
            else:
                made.source = self._named(known, pending.inside, pending.source)
                made.source.outgoing.append(made)
            machine.transitions.append(made)
        for number, state in enumerate(machine.states, 1):
            state.first = state.last = number
            for above in state.ancestors:
                above.first, above.last = above.first or number, number
        return machine

    def _named(self, known: dict[tuple[str, ...], Vertex], inside: Vertex, path: str) -> Vertex:
        """What a path means: the vertex of that name in the state around it, or in one further out."""
        names = tuple(_names(path))
        for around in (inside, *inside.ancestors):
            if (found := known.get((*around.names, *names))) is not None:
                return found
        step = "name it from here or from the machine inwards: Outer.Inner"
        raise self.wrong(f"there is no vertex {path[:60]!r}", step)


_KEYWORDS = {name.removeprefix("_read_") for name in vars(_Reader) if name.startswith("_read_")}
_WITH_CODE = {"before", "after", "entry", "exit", "on", "guard", "effect"}


def _names(path: str) -> list[str]:
    return [json.loads(n) if n.startswith('"') else n for n in re.findall(_NAME, path)]


def read(behaviour: Behaviour) -> Machine:
    """The machine of a text; raises located errors for what is no line of it, and for names unknown."""
    body = behaviour.body.replace("\r\n", "\n").replace("\r", "\n")
    if len(body) > LONGEST_BODY:
        raise body_error(
            behaviour, 1, f"the text has {len(body)} characters", f"keep it under {LONGEST_BODY}"
        )
    return _Reader(behaviour).read(body)
