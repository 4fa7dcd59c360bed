"""Functional chains to flows: every path of a chain, as far as it stays inside the system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Channel, Flow
from aicompiler.transformations.importers._quantities import TIME, down
from aicompiler.transformations.importers._sayings import shown

from ._project import Obj, Project, kind_of
from ._scope import Scope
from ._values import Values

MAX_PATHS = 64
_DEADLINE_NAMES = ("deadline", "latency")
_FUNCTIONS = ("FunctionalChainInvolvementFunction", "FunctionalChainInvolvement")
_LINKS = ("FunctionalChainInvolvementLink",)

Path = tuple[Obj, ...]


@dataclass
class _Graph:
    """The steps of a chain (involvements of functions) and which step follows which."""

    steps: dict[Obj, Obj] = field(default_factory=dict)  # the step's function
    after: dict[Obj, list[Obj]] = field(default_factory=dict)
    held: list[Obj] = field(default_factory=list)  # all elements that say so

    def join(self, first: Obj | None, then: Obj | None) -> None:
        """Record that one step follows another, where both are steps."""
        if first in self.steps and then in self.steps:
            following = self.after.setdefault(first, [])
            if then not in following:
                following.append(then)

    @property
    def first(self) -> list[Obj]:
        """The steps that follow none, in model order."""
        later = {step for steps in self.after.values() for step in steps}
        return [step for step in self.steps if step not in later]

    def paths(self) -> Iterator[Path]:
        """Each longest path that repeats no step; every extension ends, so the next one comes at once."""
        stack: list[Path] = [(step,) for step in reversed(self.first)]
        while stack:
            path = stack.pop()
            onwards = [(*path, step) for step in self.after.get(path[-1], ()) if step not in path]
            if onwards:
                stack.extend(reversed(onwards))
            else:
                yield path


class FlowBuilder:
    """Builds the flows of a layer; ``owners`` are the ids of the components of each function."""

    def __init__(self, project: Project, values: Values, owners: Mapping[Obj, list[str]]) -> None:
        self.project, self.values, self.owners = project, values, owners
        self.joined: set[tuple[str, str]] = set()
        self.left_out: dict[Obj, str] = {}  # chain, and why

    def build(self, scope: Scope, channels: tuple[Channel, ...]) -> tuple[Flow, ...]:
        """The flows of all chains of the layer; a port's id starts with that of its component."""
        for channel in channels:
            source, target = (
                port.removesuffix(f".{channel.id}.{way}")
                for port, way in ((channel.source_port, "out"), (channel.target_port, "in"))
            )
            self.joined.add((source, target))
        chains = [c for c in self.project.of("FunctionalChain") if scope.layer in self.project.above(c)]
        return tuple(flow for chain in chains for flow in self._flows(chain))

    def _flows(self, chain: Obj) -> Iterator[Flow]:
        graph = self._graph(chain)
        paths = list(islice(graph.paths(), MAX_PATHS + 1))
        if len(paths) > MAX_PATHS:
            self._note(chain, f"has more than {MAX_PATHS} paths; the first ones are flows", "split the chain")
        found: dict[tuple[str, ...], None] = {}
        for path in paths[:MAX_PATHS]:
            found.update(dict.fromkeys(self._inside(chain, path)))
        kept = [one for one in found if not any(one != other and _within(one, other) for other in found)]
        if not kept:
            self._leave_out(chain, graph)
            return
        self.project.use(chain, *graph.held, *graph.steps, *graph.steps.values())
        deadline = self.values.quantity(chain, _DEADLINE_NAMES, TIME) or self.values.capacity(chain)
        name, id_ = chain.get("name", ""), chain.get("id", "")
        for number, one in enumerate(kept, 1):
            yield Flow(
                id=id_ if number == 1 else f"{id_}.{number}",
                name=name if len(kept) == 1 else f"{name} ({number})",
                source=self.project.source(chain),
                entries=tuple(f"{box}.step" for box in one),
                deadline_ns=down(deadline) if deadline else None,
            )

    def _leave_out(self, chain: Obj, graph: _Graph) -> None:
        names = ", ".join(f"'{shown(f.get('name'))}'" for f in list(graph.steps.values())[:4])
        if not graph.steps:
            reason = "it involves no function"
        elif not graph.first:
            reason = f"its steps form a cycle without a first one: {names}"
        else:
            reason = f"its functions are allocated to no component of the system: {names}"
        self.left_out[chain] = reason
        step = 'draw it, or state its entries in the side-car: [flow."NAME"] entries = ["A", "B"]'
        self._note(chain, f"is no flow: {reason}", step)

    def _note(self, chain: Obj, message: str, step: str) -> None:
        text = f"the functional chain '{shown(chain.get('name'))}' {message}"
        self.project.say(Severity.NOTE, "flow-left-out", text, step, chain)

    # --- the graph of a chain -----------------------------------------------------------------------------

    def _graph(self, chain: Obj) -> _Graph:
        """The steps of a chain and of the chains that it refers to."""
        graph, chains, waiting = _Graph(), list[Obj](), [chain]
        while waiting:
            one = waiting.pop(0)
            if one not in chains:
                chains.append(one)
                for reference in self.project.children(one, "FunctionalChainReference"):
                    graph.held.append(reference)
                    waiting += self.project.refs(reference, "involved")
        for one in chains:
            for step in self.project.children(one, *_FUNCTIONS):
                function = self.project.ref(step, "involved")
                if function is not None and kind_of(function).endswith(("Function", "Activity")):
                    graph.steps[step] = function
        for one in chains:
            self._links(one, graph)
        return graph

    def _links(self, chain: Obj, graph: _Graph) -> None:
        for link in self.project.children(chain, *_LINKS):
            graph.held.append(link)
            graph.join(self.project.ref(link, "source"), self.project.ref(link, "target"))
        # Until Capella 1.4, an involvement names the next ones: of an exchange, then of a function.
        for step in self.project.children(chain, "FunctionalChainInvolvement"):
            for exchange in self.project.refs(step, "nextFunctionalChainInvolvements"):
                graph.join(step, exchange)
                for then in self.project.refs(exchange, "nextFunctionalChainInvolvements"):
                    graph.join(step, then)

    # --- paths of components ------------------------------------------------------------------------------

    def _inside(self, chain: Obj, path: Path) -> Iterator[tuple[str, ...]]:
        """The stretches of a path inside the system, for each choice among several owners of a function."""
        functions = [self.project.ref(step, "involved") for step in path]
        running: list[tuple[str, ...]] = []
        for function in functions:
            owners = self.owners.get(function, [])
            onwards = [one for before in running for one in self._onwards(before, owners)]
            ended = [one for one in running if not any(on[: len(one)] == one for on in onwards)]
            if ended and owners and not onwards:
                self._broken(chain, function)
            yield from ended
            running = list(dict.fromkeys(onwards or [(owner,) for owner in owners]))[:MAX_PATHS]
        yield from running

    def _onwards(self, before: tuple[str, ...], owners: list[str]) -> Iterator[tuple[str, ...]]:
        for owner in owners:
            if owner == before[-1]:
                yield before
            elif (before[-1], owner) in self.joined:
                yield (*before, owner)

    def _broken(self, chain: Obj, function: Obj) -> None:
        name = shown(function.get("name"))
        message = f"breaks before '{name}': no exchange leads to its component"
        self._note(chain, message, "draw a functional exchange between the two functions")


def _within(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a path is a stretch of another one, which is never faster."""
    return any(other[n : n + len(one)] == one for n in range(len(other) - len(one) + 1))
