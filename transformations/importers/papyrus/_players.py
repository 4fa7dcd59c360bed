"""Players to components with ports, and their calls to channels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    Port,
    PortDirection,
)

from ._components import ComponentBuilder
from ._entries import Drawn
from ._participants import Call, Cast, Player, Task
from ._resource import EObject
from ._scenarios import several
from ._structure import Instance
from ._types import Shape, element_type, shape_of
from ._view import UmlModel, is_a


class PlayerBuilder:
    """Builds what a cast becomes; ``entry_of`` says which entry each task became."""

    def __init__(self, model: UmlModel, builder: ComponentBuilder, cast: Cast) -> None:
        self.model = model
        self.builder = builder
        self.cast = cast
        self.entry_of: dict[Task, Entry] = {}
        self._taken: set[str] = set()
        self._ports_of: dict[Task, list[str]] = {}

    def build(self) -> tuple[tuple[Component, ...], tuple[Channel, ...]]:
        """Components in file order, and a channel a call."""
        ports: dict[Player, list[Port]] = {player: [] for player in self.cast.players}
        channels = [self._channel(call, ports) for call in self.cast.calls]
        return tuple(self._component(p, ports[p]) for p in self.cast.players), tuple(channels)

    def _component(self, player: Player, ports: Iterable[Port]) -> Component:
        element = player.element
        id_, name = self.model.id(element), self._name(element)
        self.builder.ids.setdefault(element, []).append(id_)
        entries = []
        for task in player.tasks:
            drawn = Drawn(task.name, task.drawn, task.triggers)
            entry = self.builder.entries.build(id_, task.element, None, drawn)
            if len(player.tasks) > 1:
                entry = replace(entry, ports=tuple(self._ports_of.get(task, ())))
            self.entry_of[task] = entry
            entries.append(entry)
        component = Component(
            id=id_,
            name=name,
            source=self.model.source(element),
            entries=tuple(entries),
            ports=tuple(ports),
        )
        if not is_a(element, "Classifier"):
            return component
        constants, attributes = self.builder.state(Instance(id_, name, element, element))
        return replace(component, constants=constants, attributes=attributes)

    def _name(self, element: EObject) -> str:
        represented = getattr(element, "represents", None)
        name = getattr(element, "name", None) or getattr(represented, "name", None)  # a comment has none
        return name or self.model.id(element)

    # --- channels -----------------------------------------------------------------------------------------

    def _channel(self, call: Call, ports: dict[Player, list[Port]]) -> Channel:
        type_, shape = self._type(call)
        base = _free(self.model.id(call.element), self._taken)
        self._taken.add(base)
        ends = []
        for player, task, direction in (
            (call.sender, call.origin, PortDirection.OUT),
            (call.receiver, call.task, PortDirection.IN),
        ):
            port = Port(
                id=f"{base}.{direction.value}",
                name=_free(_identifier(call.name), {p.name for p in ports[player]}),
                source=self.model.source(call.element),
                direction=direction,
                element_type=type_,
                shape=shape.extents,
                extents=shape.names,
            )
            ports[player].append(port)
            ends.append(port)
            if task is not None:
                self._ports_of.setdefault(task, []).append(port.id)
        self.builder.ids.setdefault(call.element, []).append(base)
        return Channel(
            id=base,
            name=call.name,
            source=self.model.source(call.element),
            source_port=ends[0].id,
            target_port=ends[1].id,
            protocol=ChannelProtocol.SAMPLE,
            protocol_assumed=True,
        )

    def _type(self, call: Call) -> tuple[ElementType, Shape]:
        """What the only parameter that a call carries has; else as for every call without a number."""
        operation = call.task.element if is_a(call.task.element, "Operation") else None
        carried = [
            p for p in several(operation, "ownedParameter") if (p.direction or "in") in ("in", "inout")
        ]
        type_ = element_type(carried[0]) if len(carried) == 1 else None
        shape = shape_of(self.model, carried[0], {}) if type_ is not None else None
        if type_ is None or shape is None:
            return self.builder.assumed_type(call.element)
        return type_, shape


def _identifier(name: str) -> str:
    """A name that bodies can use for a port."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "call"
    return plain if not plain[0].isdigit() else f"_{plain}"


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
