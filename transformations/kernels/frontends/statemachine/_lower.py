"""From a machine to the statements of one job: one run to completion (docs/reference/statemachines.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._kernel import Signature
from aicompiler.transformations.kernels.frontends.c import Unit
from pycparser import c_ast

from ._checks import completions, longest, timed_depths
from ._code import Snippets
from ._machine import After, Change, Code, Kind, Machine, Signal, Transition, Trigger, Vertex
from ._trees import Trees

_LARGEST = (1 << 31) - 1


class Lowering(Trees):
    """Makes the statements; names with a $ are out of reach of all code in the model."""

    def __init__(self, behaviour: Behaviour, machine: Machine, signature: Signature) -> None:
        super().__init__()
        self.machine = machine
        self.code = Snippets(behaviour, signature)
        self.shapes = {p.name: p.shape for p in signature.parameters}
        self.timed = timed_depths(machine)
        states = [v for v in machine.root.all if v.is_state and v.parent is not None]
        self.innermost = sorted(states, key=lambda v: -v.depth)

    def unit(self) -> Unit:
        """All of one job."""
        machine = self.machine
        before = self.code.statements(machine.before, shared=True)
        statements = [
            *self._kept(restore=True),
            *before,
            self._state_read(),
            self._begin(),
            *self._changes(),
            *self._steps(),
            *self._after(machine.after),
            *self._kept(restore=False),
        ]
        return Unit(self.code.functions, tuple(self.code.declarations), self.block(statements))

    def _after(self, code: Code | None) -> Sequence[c_ast.Node]:
        self.line = code.line if code is not None else self.machine.root.line
        return self.code.statements(code)

    def _kept(self, restore: bool) -> Iterator[c_ast.Node]:
        """Out-ports take their values from the job before, and leave them for the next."""
        for port, line in self.machine.keep:
            self.line = line
            names = (port, f"{self.machine.name}_last_{port}")
            target, source = names if restore else reversed(names)

            def copy(*indices: c_ast.Node, target: str = target, source: str = source) -> c_ast.Node:
                return self.assign(self.element(target, *indices), self.element(source, *indices))

            yield self.copies(self.shapes[port], copy)

    # --- the begin of a job -------------------------------------------------------------------------------

    def _begin(self) -> c_ast.Node:
        """The first job enters the machine; in later ones time has passed."""
        root = self.machine.root
        self.line = root.line
        first = self.binary("==", self._state(), self.number(0))
        later = []
        for depth in sorted(self.timed):
            grown = self.assign(self._time(depth), self.binary("+", self._time(depth), self.number(1)))
            later.append(self.when(self.binary("<", self._time(depth), self.number(_LARGEST)), [grown]))
        return self.when(first, self._begun(root), later)

    def _changes(self) -> Iterator[c_ast.Node]:
        """``rise$N``: the condition holds, and did not in the job before."""
        for change in self.machine.changes:
            self.line = change.condition.line
            held = self.element(f"{self.machine.name}_seen", self.number(change.number))
            yield self.local(f"now${change.number}", ElementType.BOOL, self.code.condition(change.condition))
            now = self.name(f"now${change.number}")
            yield self.local(f"rise${change.number}", ElementType.BOOL, self.all_of(now, self.opposite(held)))
            yield self.assign(held, now)

    # --- transitions --------------------------------------------------------------------------------------

    def _steps(self) -> list[c_ast.Node]:
        """Completion transitions until none is left, one of the others, and completions again."""
        self.line = self.machine.root.line
        completing, triggered = self._choices(triggered=False), self._choices(triggered=True)
        unfired = self.local("fired$", ElementType.BOOL, self.number(0))
        if not completing:
            return [unfired, *triggered] if triggered else []
        bound = self._bound(bool(triggered))
        body = [unfired, *completing]
        before = [self.local("go$", ElementType.BOOL, self.number(1))]
        if triggered:
            before.append(self.local("pending$", ElementType.BOOL, self.number(1)))
            used = self.assign(self.name("pending$"), self.number(0))
            waits = self.all_of(self.opposite(self.name("fired$")), self.name("pending$"))
            body.append(self.when(waits, [used, *triggered]))
        body.append(self.assign(self.name("go$"), self.name("fired$")))
        return [*before, self.repeat("step$", bound, [self.when(self.name("go$"), body)])]

    def _bound(self, triggered: bool) -> int:
        """The most transitions of a job: of completions never more on end than there are states."""
        chain = longest(completions(self.machine))
        most = len(self.machine.states) if chain is None else chain
        return 2 * most + 1 if triggered else most

    def _choices(self, triggered: bool) -> list[c_ast.Node]:
        """What may fire, the transitions of inner states before those of outer ones."""
        found: list[c_ast.Node] = []
        for state in self.innermost:
            tries = [
                self._try(transition, guards, path)
                for transition in state.outgoing
                if bool(transition.triggers) is triggered
                for guards, path in _paths(transition)
            ]
            if tries:
                self.line = state.line
                found.append(self.when(self.all_of(self._unfired(), self._is_in(state, triggered)), tries))
        return found

    def _try(self, transition: Transition, guards: Sequence[Code], path: Sequence[Transition]) -> c_ast.Node:
        source = transition.source
        assert source is not None
        self.line = transition.line
        event = self.any_of([self._event(t, source) for t in transition.triggers])
        test = self.all_of(self._unfired(), event, *(self.code.condition(g) for g in guards))
        fired = self.assign(self.name("fired$"), self.number(1))
        if transition.kind == "internal" and len(path) == 1:
            return self.when(test, [fired, *self.code.statements(transition.effect)])
        return self.when(test, [fired, *self._taken(source, path, transition.kind)])

    def _event(self, trigger: Trigger, source: Vertex) -> c_ast.Node:
        if isinstance(trigger, Signal):
            return self.binary("!=", self.name(trigger.port), self.number(0))
        if isinstance(trigger, Change):
            return self.name(f"rise${trigger.number}")
        assert isinstance(trigger, After)
        return self.binary("==", self._time(source.depth), self.number(trigger.jobs))

    # --- taking a transition ------------------------------------------------------------------------------

    def _taken(self, source: Vertex, path: Sequence[Transition], kind: str) -> list[c_ast.Node]:
        """Exits from inside out, effects, entries from outside in."""
        target = path[-1].target
        scope = _scope(source, target, kind)
        statements = self._exits(source, scope)
        for part in path:
            self.line = part.line
            statements += self.code.statements(part.effect)
        return statements + self._entries(target, scope)

    def _exits(self, source: Vertex, scope: Vertex) -> list[c_ast.Node]:
        found: list[c_ast.Node] = []
        inside = [v for v in source.all if v is not source and v.exit is not None] if source.is_state else []
        for state in sorted(inside, key=lambda v: -v.depth):
            self.line = state.line
            found.append(self.when(self._is_active(state), self.code.statements(state.exit)))
        for state in (source, *source.ancestors):
            if state is scope:
                break
            found += self.code.statements(state.exit)
        return found

    def _entries(self, target: Vertex, scope: Vertex) -> list[c_ast.Node]:
        entered = [v for v in (target, *target.ancestors) if v.is_state]
        found: list[c_ast.Node] = []
        for state in reversed(entered[: entered.index(scope)]):
            found += self._entered(state)
        if target.kind is Kind.CHOICE:
            return found + self._chosen(target)
        return found + (self._begun(target) if target.children else [self._settled(target)])

    def _entered(self, state: Vertex) -> list[c_ast.Node]:
        self.line = state.line
        found = list(self.code.statements(state.entry))
        if state.depth in self.timed:
            found.insert(0, self.assign(self._time(state.depth), self.number(0)))
        return found

    def _begun(self, around: Vertex) -> list[c_ast.Node]:
        """The initial transition of a state, or of the machine."""
        first = around.initial
        assert first is not None
        self.line = first.line
        if first.target.kind is Kind.JUNCTION:
            return self._branches(list(_paths(first)), around)
        return [*self.code.statements(first.effect), *self._entries(first.target, around)]

    def _settled(self, state: Vertex) -> c_ast.Node:
        """The new state, in the attribute for all to see and in the local copy for the tests to come."""
        self.line = state.line
        attribute = self.name(f"{self.machine.name}_state")
        return self.assign(attribute, self.assign(self._state(), self.number(state.first)))

    def _chosen(self, choice: Vertex) -> list[c_ast.Node]:
        """The first way out whose guard holds; the last one has none."""
        ordered = sorted(choice.outgoing, key=lambda t: t.guard is None)
        return self._branches([p for t in ordered for p in _paths(t)], choice)

    def _branches(
        self, ways: Sequence[tuple[Sequence[Code], Sequence[Transition]]], source: Vertex
    ) -> list[c_ast.Node]:
        guards, path = ways[0]
        self.line = path[0].line
        taken = self._way(source, path)
        if not guards:
            return taken
        test = self.all_of(*(self.code.condition(g) for g in guards))
        return [self.when(test, taken, self._branches(ways[1:], source) if len(ways) > 1 else ())]

    def _way(self, source: Vertex, path: Sequence[Transition]) -> list[c_ast.Node]:
        if source.is_state:  # the initial transition: nothing is left
            effects = [n for part in path for n in self.code.statements(part.effect)]
            return effects + self._entries(path[-1].target, source)
        return self._taken(source, path, "external")

    # --- the machine's attributes -------------------------------------------------------------------------

    def _state_read(self) -> c_ast.Node:
        self.line = self.machine.root.line
        return self.local("state$", ElementType.I32, self.name(f"{self.machine.name}_state"))

    def _state(self) -> c_ast.Node:
        return self.name("state$")

    def _time(self, depth: int) -> c_ast.Node:
        return self.element(f"{self.machine.name}_time", self.number(depth))

    def _unfired(self) -> c_ast.Node:
        return self.opposite(self.name("fired$"))

    def _is_in(self, state: Vertex, triggered: bool) -> c_ast.Node:
        """Whether a state is active, or for completions: complete."""
        if triggered or not state.children:
            return self._is_active(state)
        finals = [v for v in state.children if v.kind is Kind.FINAL]
        complete = self.any_of([self._is_active(v) for v in finals])
        assert complete is not None
        return complete

    def _is_active(self, state: Vertex) -> c_ast.Node:
        if state.first == state.last:
            return self.binary("==", self._state(), self.number(state.first))
        low = self.binary(">=", self._state(), self.number(state.first))
        return self.all_of(low, self.binary("<=", self._state(), self.number(state.last)))


def _paths(transition: Transition) -> Iterator[tuple[list[Code], list[Transition]]]:
    """The ways of a transition through junctions: all their guards, and their parts in order."""
    guards = [transition.guard] if transition.guard is not None else []
    if transition.target.kind is not Kind.JUNCTION:
        yield guards, [transition]
        return
    for following in sorted(transition.target.outgoing, key=lambda t: t.otherwise):
        for more, path in _paths(following):
            yield guards + more, [transition, *path]


def _scope(source: Vertex, target: Vertex, kind: str) -> Vertex:
    """The innermost state around both ends; a local transition does not leave its source."""
    above = list(target.ancestors)
    if kind == "local" and source in above:
        return source
    return next(v for v in source.ancestors if v in above)


__all__ = ["Lowering"]
