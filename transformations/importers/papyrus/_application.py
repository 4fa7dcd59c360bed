"""The application of a model: the design view, else what the steps of its scenarios say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aicompiler.metamodels.system import (
    Application,
    Channel,
    Component,
    Periodic,
    Sporadic,
)
from aicompiler.transformations.importers._contract import ImportOptions
from aicompiler.transformations.importers._sayings import shown

from ._channels import ChannelBuilder, connections
from ._components import ComponentBuilder
from ._contexts import Contexts, is_error
from ._entries import entry_elements
from ._flows import FlowBuilder
from ._participants import Cast
from ._players import PlayerBuilder
from ._resource import EObject
from ._roots import pick_root
from ._scenarios import Scenario, Step, scenarios
from ._structure import Connection, End, Instance, Structure
from ._timing import Timing
from ._view import UmlModel


@dataclass(frozen=True)
class _Parts:
    """Components, channels and what the steps of scenarios run in them."""

    components: tuple[Component, ...] = ()
    channels: tuple[Channel, ...] = ()


class ApplicationBuilder:
    """Builds the application; ``roots`` are the instances that it was drawn as, once it is built."""

    def __init__(
        self,
        model: UmlModel,
        structure: Structure,
        timing: Timing,
        builder: ComponentBuilder,
        options: ImportOptions,
    ) -> None:
        self.model = model
        self.structure = structure
        self.timing = timing
        self.builder = builder
        self.options = options
        self.contexts = Contexts(model, options)
        self.roots: list[Instance] = []

    def build(self, candidates: Sequence[Instance]) -> Application:
        """The application of the system that is asked for, or of the only one.

        An analysis context that is asked for takes the place of the design.
        """
        told = [s for s in scenarios(self.model) if self._is_scenario(s)]
        if not self.options.context:
            self.roots = self._pick(candidates, self._timed, self._connected)
        leaves = [i for r in self.roots for i in self._timed(r)]
        if leaves or is_error(self.model):
            application = self._of_parts(leaves, told)
        else:
            application = self._of_cast(told) or self._of_drawing(candidates)
        self._say_queueing(application)
        return application

    def _pick(
        self, candidates: Sequence[Instance], *leaves: Callable[[Instance], Sequence[Instance]]
    ) -> list[Instance]:
        """The root that is asked for, or the only one that has such leaves."""
        tests = [lambda root, found=found: bool(found(root)) for found in leaves]
        return pick_root(self.model, self.structure, candidates, tests, self.options.root)

    def _application(
        self, parts: _Parts, flows: FlowBuilder, told: Iterable[Scenario], entry_of: dict[Step, str] | None
    ) -> Application:
        root = self.model.resource.models[0]
        drawn = entry_of is not None
        resolve = flows.of_part if entry_of is None else entry_of.get
        return Application(
            id=f"{self.model.id(root)}.application",
            name="application",
            source=self.model.source(root),
            components=parts.components,
            channels=parts.channels,
            flows=tuple(flows.build(told, resolve, drawn=drawn)),
        )

    def _flows(self, parts: _Parts) -> FlowBuilder:
        return FlowBuilder(self.model, self.timing, parts.components, parts.channels, self.builder.ids)

    # --- the design: parts --------------------------------------------------------------------------------

    def _timed(self, root: Instance) -> list[Instance]:
        """The instances that execute something; what is inside a processing unit is hardware."""
        return [i for i in self._software(root) if i.part is not None and entry_elements(i.type, self.timing)]

    def _software(self, root: Instance) -> Iterable[Instance]:
        if self.structure.unit_stereotype(root) is None:
            yield root
            for child in root.children:
                yield from self._software(child)

    def _of_parts(self, leaves: list[Instance], told: list[Scenario]) -> Application:
        found: list[Connection] = [c for r in self.roots for c in connections(r, leaves, self.builder)]
        self.builder.connected = {end for c in found for end in (c.source, c.target)}
        components = tuple(self.builder.build(i) for i in leaves)
        channels = ChannelBuilder(self.model, components).build(found, self.builder.ids)
        parts = _Parts(components, channels)
        # What a context generated speaks of its own elements: it repeats the design, with results.
        design = [s for s in told if not self.contexts.claimed(s)]
        return self._application(parts, self._flows(parts), design, None)

    def _of_drawing(self, candidates: Sequence[Instance]) -> Application:
        """Parts without times and behaviours that are connected: the side-car has to say what they do."""
        self.roots = self._pick(candidates, self._connected)
        leaves = [i for r in self.roots for i in self._connected(r)]
        for leaf in leaves:
            message = (
                f"'{shown(leaf.name)}' has no behaviour and no time; its connections make it a component"
            )
            self.model.note("drawn-component", message, "say its times in the side-car", leaf.part)
        return self._of_parts(leaves, [])

    def _connected(self, root: Instance) -> list[Instance]:
        leaves = [
            i for i in self._software(root)
            if i.part is not None and not i.children and self.structure.media_stereotype(i) is None
        ]  # fmt: skip
        ends: list[End] = [
            end for c in connections(root, leaves, self.builder) for end in (c.source, c.target)
        ]
        used = {instance for instance, _ in ends}
        return [i for i in leaves if i in used]

    # --- the scenarios: who takes part --------------------------------------------------------------------

    def _is_scenario(self, scenario: Scenario) -> bool:
        """Whether it tells what happens in the system, and not how one operation is implemented."""
        marked = any(
            self.model.applied(b, "GaScenario", "SaEndtoEndFlow") is not None for b in scenario.bearers
        )
        return marked or getattr(scenario.behaviour, "specification", None) is None

    def _of_cast(self, told: list[Scenario]) -> Application | None:
        chosen = self.contexts.scope(told)
        cast = Cast(self.model, self.timing, chosen, everywhere=not self.options.context)
        if not cast.players:
            return None
        players = PlayerBuilder(self.model, self.builder, cast)
        components, channels = players.build()
        steps = {
            step: players.entry_of[task].id
            for scenario in chosen
            for step in scenario.steps
            if (task := cast.task(step)) is not None
        }
        for actor, tasks in cast.started.items():
            self.builder.ids.setdefault(actor, []).extend(players.entry_of[t].id for t in tasks)
        parts = _Parts(components, channels)
        return self._application(parts, self._flows(parts), chosen, steps)

    # --- queueing models ----------------------------------------------------------------------------------

    def _say_queueing(self, application: Application) -> None:
        """Say where jobs arrive by a distribution or from a population: a table needs a least distance."""
        events = list(self.timing.workloads())
        entries = [e for c in application.components for e in c.entries]
        bounded = any(isinstance(e.activation, (Periodic, Sporadic)) for e in entries)
        for event in events:
            if (text := self.timing.queueing.get(event)) is None:
                continue
            kind = "its workload" if bounded else "this is a queueing model: the workload"
            message = f"{kind} of {self.model.label(event.base)} is '{shown(text[:80])}', which has no bound"
            step = f"say period or min_interarrival of {self._first(event, application)} in the side-car"
            self.model.warn("queueing-model", message, step, event)

    def _first(self, event: EObject, application: Application) -> str:
        """The entries that a workload starts, as a side-car calls them."""
        named = {e.id: f'[entry."{c.name}::{e.name}"]' for c in application.components for e in c.entries}
        effect = getattr(event.effect, "base", event.effect)
        started = [named[i] for b in (event.base, effect) for i in self.builder.ids.get(b, ()) if i in named]
        return shown(started[0]).replace('\\"', '"') if started else "what it starts"
