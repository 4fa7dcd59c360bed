"""What a machine must be before it is lowered."""

from __future__ import annotations

from collections.abc import Iterator

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._errors import BodyError, body_error
from aicompiler.transformations.kernels._kernel import Direction, Parameter, Signature

from ._machine import After, Kind, Machine, Signal, Transition, Vertex

E = ElementType


def check(behaviour: Behaviour, machine: Machine, signature: Signature) -> None:
    """Raise a located error at the first rule of docs/reference/statemachines.md that is broken."""
    _Checker(behaviour, machine, signature).check()


class _Checker:
    def __init__(self, behaviour: Behaviour, machine: Machine, signature: Signature) -> None:
        self.behaviour = behaviour
        self.machine = machine
        self.parameters = {p.name: p for p in signature.parameters}

    def wrong(self, line: int, message: str, next_step: str) -> BodyError:
        return body_error(self.behaviour, line, message, next_step)

    def check(self) -> None:
        root = self.machine.root
        if not self.machine.states:
            raise self.wrong(root.line, "the machine has no state", "write: state Name")
        self._attributes()
        for vertex in root.all:
            self._vertex(vertex)
        for transition in self.machine.transitions:
            self._transition(transition)
        self._no_pseudo_cycle()
        self._no_endless_completion()

    # --- what the component must have ---------------------------------------------------------------------

    def _attributes(self) -> None:
        name, line = self.machine.name, self.machine.root.line
        self._attribute(f"{name}_state", E.I32, (), line)
        if self.machine.levels:
            self._attribute(f"{name}_time", E.I32, (self.machine.levels,), line)
        if changes := len(self.machine.changes):
            self._attribute(f"{name}_seen", E.BOOL, (changes,), line)
        for port, at in self.machine.keep:
            found = self.parameters.get(port)
            if found is None or found.direction is not Direction.OUT:
                raise self.wrong(at, f"{port[:60]!r} is no out-port", "keep out-ports only")
            self._attribute(f"{name}_last_{port}", found.dtype, found.shape, at)

    def _attribute(self, name: str, dtype: ElementType, shape: tuple[int, ...], line: int) -> None:
        found: Parameter | None = self.parameters.get(name)
        if found is None or found.direction is not Direction.STATE:
            message = f"the machine needs the attribute {name!r}"
        elif (found.dtype, found.shape) != (dtype, shape):
            message = f"the attribute {name!r} of the machine is {_shown(found.dtype, found.shape)}"
        else:
            return
        step = f"declare it in the component: {name}: {_shown(dtype, shape)}, without a default"
        raise self.wrong(line, message, step)

    # --- vertices and transitions -------------------------------------------------------------------------

    def _vertex(self, vertex: Vertex) -> None:
        label = f"{vertex.kind.value} {vertex.path!r}"
        if vertex.children or vertex.parent is None:
            if not any(v.is_state for v in vertex.children):
                raise self.wrong(vertex.line, f"{label} has points and no state in it", "add a state")
            if vertex.initial is None and (vertex.parent is None or self._is_entered(vertex)):
                what = "the machine" if vertex.parent is None else label
                raise self.wrong(vertex.line, f"{what} has no initial transition", "write: initial -> State")
        elif vertex.initial is not None:
            raise self.wrong(vertex.initial.line, f"{label} has no states to begin in", "drop it")
        if vertex.kind is Kind.FINAL and vertex.outgoing:
            raise self.wrong(vertex.outgoing[0].line, f"{label} is left", "let the state around it be left")
        if not vertex.is_state:
            self._point(vertex, label)

    def _is_entered(self, vertex: Vertex) -> bool:
        return any(t.target is vertex for t in self.machine.transitions)

    def _point(self, vertex: Vertex, label: str) -> None:
        if not vertex.outgoing:
            raise self.wrong(vertex.line, f"{label} leads nowhere", "add a transition from it")
        others = [t for t in vertex.outgoing if t.otherwise]
        if len(others) > 1:
            raise self.wrong(others[1].line, f"{label} has two guards else", "keep one")
        free = [t for t in vertex.outgoing if t.guard is None]
        if vertex.kind is Kind.CHOICE and not free:
            step = "give one of its transitions the guard else"
            raise self.wrong(vertex.line, f"{label} may have no way out", step)

    def _transition(self, transition: Transition) -> None:
        source, target, line = transition.source, transition.target, transition.line
        if source is None:
            self._initial(transition)
            return
        if transition.kind == "internal" and (target is not source or not source.is_state):
            raise self.wrong(line, "an internal transition leads elsewhere", "let it end where it begins")
        if transition.kind == "local" and not source.children:
            raise self.wrong(line, "a local transition of a state without states", "drop local")
        if not source.is_state:
            if transition.triggers:
                step = "put the trigger on the transitions that lead there"
                raise self.wrong(
                    line, f"a transition of {source.kind.value} {source.path!r} has a trigger", step
                )
        elif transition.otherwise:
            raise self.wrong(line, "the guard else after a state", "use a choice, or write the condition")
        elif not transition.triggers:
            self._completion(transition, source)
        for trigger in transition.triggers:
            if isinstance(trigger, Signal):
                self._signal(trigger)

    def _initial(self, transition: Transition) -> None:
        if transition.guard is not None or transition.otherwise:
            raise self.wrong(transition.line, "an initial transition has a guard", "lead it to a choice")
        around = next(v for v in self.machine.root.all if v.initial is transition)
        if around not in transition.target.ancestors:
            step = "let it end in a state inside"
            raise self.wrong(transition.line, f"an initial transition leaves {around.path!r}", step)

    def _completion(self, transition: Transition, source: Vertex) -> None:
        if transition.kind == "internal":
            raise self.wrong(transition.line, "an internal transition without a trigger", "give it one")
        if source.children and not any(v.kind is Kind.FINAL for v in source.children):
            message = f"a transition without a trigger of {source.path!r}, which has no final state to end in"
            step = "give it a trigger, such as: on change C: condition, or add a final state"
            raise self.wrong(transition.line, message, step)

    def _signal(self, trigger: Signal) -> None:
        port = self.parameters.get(trigger.port)
        ok = port is not None and port.direction is Direction.IN and not port.shape
        if not ok or port is None or port.dtype.is_float:
            message = f"the event {trigger.port!r} is no in-port of one Boolean or whole number"
            step = "add such a port, or use: on change C: condition"
            raise self.wrong(trigger.line, message, step)

    # --- cycles -------------------------------------------------------------------------------------------

    def _no_pseudo_cycle(self) -> None:
        edges = {
            v: [t.target for t in v.outgoing if not t.target.is_state]
            for v in self.machine.root.all
            if not v.is_state
        }
        if cycle := _cycle(edges):
            step = "let one of the transitions end in a state"
            message = f"transitions go around through {' and '.join(v.path for v in cycle)}"
            raise self.wrong(cycle[0].line, message, step)

    def _no_endless_completion(self) -> None:
        edges = completions(self.machine, unguarded=True)
        if cycle := _cycle(edges):
            message = f"the completion transitions of {' and '.join(v.path for v in cycle)} never end"
            raise self.wrong(cycle[0].line, message, "give one of them a guard or a trigger")


def completions(machine: Machine, unguarded: bool = False) -> dict[Vertex, list[Vertex]]:
    """Simple state -> the simple states that its completion may lead to at once."""
    edges: dict[Vertex, list[Vertex]] = {state: [] for state in machine.states}
    for state in machine.root.all:
        for transition in state.outgoing:
            if not state.is_state or transition.triggers or (unguarded and transition.guard):
                continue
            sources = [v for v in state.children if v.kind is Kind.FINAL] if state.children else [state]
            for source in sources:
                edges[source] += _entered(transition.target, unguarded)
    return edges


def _entered(target: Vertex, unguarded: bool) -> Iterator[Vertex]:
    """The simple states that a transition to a vertex may end in."""
    pending, seen = [target], set[Vertex]()
    while pending:
        vertex = pending.pop()
        if vertex in seen:
            continue
        seen.add(vertex)
        if vertex.is_leaf:
            yield vertex
        elif vertex.is_state:
            pending += [vertex.initial.target] if vertex.initial is not None else []
        elif not unguarded or len(vertex.outgoing) == 1:  # of several ways none is sure
            pending += [t.target for t in vertex.outgoing]


def longest(edges: dict[Vertex, list[Vertex]]) -> int | None:
    """The number of edges on the longest path; ``None`` where there is a cycle."""
    if _cycle(edges):
        return None
    length: dict[Vertex, int] = {}
    for start in edges:
        stack = [start]
        while stack:
            vertex = stack[-1]
            missing = [n for n in edges[vertex] if n not in length]
            if missing:
                stack += missing
            else:
                length[vertex] = max((length[n] + 1 for n in edges[vertex]), default=0)
                stack.pop()
    return max(length.values(), default=0)


def _cycle(edges: dict[Vertex, list[Vertex]]) -> list[Vertex]:
    """The vertices of a cycle, in order; empty if there is none."""
    done: set[Vertex] = set()
    for start in edges:
        path: list[Vertex] = []
        rests = [iter([start])]
        while rests:
            vertex = next(rests[-1], None)
            if vertex is None:
                rests.pop()
                if path:
                    done.add(path.pop())
            elif vertex in path:
                return path[path.index(vertex) :]
            elif vertex not in done:
                path.append(vertex)
                rests.append(iter(edges.get(vertex, [])))
    return []


def _shown(dtype: ElementType, shape: tuple[int, ...]) -> str:
    return dtype.value + "".join(f"[{n}]" for n in shape)


def timed_depths(machine: Machine) -> set[int]:
    """The depths of states that transitions leave after some time."""
    return {
        t.source.depth
        for t in machine.transitions
        if t.source is not None and any(isinstance(e, After) for e in t.triggers)
    }
