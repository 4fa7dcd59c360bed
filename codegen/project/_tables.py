"""From model and decision to the rows of the runtime's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.deployment import Deployment, JobSlot
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    Node,
    Port,
    System,
    Unit,
    UnitKind,
)
from aicompiler.transformations.kernels import (
    Direction,
    Signature,
    c_identifier,
    initial_state,
    literal,
    numpy_type,
    signature_of,
)

from ._initial import BINARY_FROM_BYTES, C_TYPES, initialiser
from ._timing import Rhythm
from ._views import (
    ChannelView,
    EntryView,
    LaneView,
    NodeView,
    ParameterView,
    SlotView,
    StateView,
    UnitView,
    declared,
)

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Tables:
    """Makes the views of one system and one deployment."""

    system: System
    deployment: Deployment
    rhythm: Rhythm

    @cached_property
    def channel_numbers(self) -> Mapping[str, int]:
        """Channel id -> row."""
        return {c.id: i for i, c in enumerate(self.system.application.channels)}

    def kind(self, component: Component) -> UnitKind:
        """The kind of unit that the component was placed on."""
        return self.system.element(Unit, self.deployment.placement(component.id).unit).kind

    def entry(self, component: Component, entry: Entry, signature: Signature) -> EntryView:
        """An entry's connections and times; the caller adds what runs."""
        timing = self.rhythm.timing(entry.id)
        ports = {p.name: p for p in component.ports}
        attributes = {a.name: a.id for a in component.attributes}
        symbol = component_symbol(component)
        return EntryView(
            id=entry.id,
            symbol=signature.name,
            parameters=tuple(
                self._connected(symbol, view, ports[view.name])
                if view.name in ports
                else replace(view, id=attributes[view.name])
                for view in declared(signature)
            ),
            step=signature.name,
            host_code="C",
            period_ns=timing.period_ns,
            release_ns=timing.release_ns,
            deadline_ns=timing.deadline_ns,
            jobs=self.rhythm.line.count(entry.id),
            extra_jobs=self.rhythm.extra_jobs[entry.id],
        )

    def _connected(self, component: str, view: ParameterView, port: Port) -> ParameterView:
        ends = [c for c in self.system.application.channels if port.id in (c.source_port, c.target_port)]
        record = "" if ends or view.parameter.direction is Direction.IN else f"{component}.{view.name}.bin"
        numbers = tuple(self.channel_numbers[c.id] for c in ends)
        return replace(view, id=port.id, channels=numbers, record=record)

    def channels(self) -> tuple[ChannelView, ...]:
        """All channels, in model order."""
        return tuple(self._channel(c) for c in self.system.application.channels)

    def _channel(self, channel: Channel) -> ChannelView:
        port = self.system.element(Port, channel.source_port)
        writer = self.rhythm.timing(self.rhythm.writers[channel.id])
        reader = self.rhythm.timing(self.rhythm.readers[channel.id])
        sample = channel.protocol is ChannelProtocol.SAMPLE
        return ChannelView(
            id=channel.id,
            symbol=c_identifier(channel.id),
            type_tag=f"AIC_{port.element_type.name}",
            c_type=C_TYPES[port.element_type],
            count=prod(port.shape),
            protocol="AIC_SAMPLE" if sample else "AIC_QUEUE",
            slots=self.rhythm.slots(channel),
            capacity=channel.capacity,
            consume=1 if sample else channel.consume,
            writer_deadline_ns=writer.deadline_ns,
            writer_period_ns=writer.period_ns,
            reader_release_ns=reader.release_ns,
            reader_period_ns=reader.period_ns,
            initialiser=initialiser(_first_value(channel, port), port.element_type) if sample else "",
        )

    def node(self, node: Node) -> NodeView:
        """A node's units in use, its components and their time table; the caller adds the components."""
        used = {p.unit for p in self.deployment.placements}
        entries = (e.id for c in self.components_of(node) for e in c.entries)
        numbers = {e: i for i, e in enumerate(entries)}
        units = tuple(
            UnitView(u.id, u.kind, self._lanes(u.id, u.kind, numbers)) for u in node.units if u.id in used
        )
        return NodeView(
            id=node.id,
            symbol=c_identifier(node.name or node.id),
            hyperperiod_ns=self.deployment.hyperperiod_ns,
            units=units,
            components=(),
            system_lanes=sum(len(u.lanes) for u in units),
            title=f"node {node.name or node.id}",
        )

    def _node_of(self, component: Component) -> str:
        return self.system.node_of(self.deployment.placement(component.id).unit).id

    def components_of(self, node: Node) -> tuple[Component, ...]:
        """The components placed on a node's units, in model order."""
        return tuple(c for c in self.system.components if self._node_of(c) == node.id)

    def _lanes(self, unit: str, kind: UnitKind, numbers: Mapping[str, int]) -> tuple[LaneView, ...]:
        lanes: dict[tuple[int, str], list[JobSlot]] = {}
        for slot in self.deployment.jobs:
            if slot.unit == unit:
                circuit = self.system.component_of(slot.entry).id if kind is UnitKind.FPGA else ""
                lanes.setdefault((slot.core if kind is UnitKind.CPU else 0, circuit), []).append(slot)
        return tuple(
            LaneView(core, self._slots(slots, numbers)) for (core, _), slots in sorted(lanes.items())
        )

    def _slots(self, slots: list[JobSlot], numbers: Mapping[str, int]) -> tuple[SlotView, ...]:
        period = self.deployment.hyperperiod_ns
        ordered = sorted(slots, key=lambda s: (s.start_ns % period, s.entry))
        return tuple(
            SlotView(numbers[s.entry], s.entry, s.job, s.start_ns // period, s.start_ns) for s in ordered
        )


def component_symbol(component: Component) -> str:
    """The C name of a component."""
    return c_identifier(component.name or component.id)


def states(
    owner: str, signature: Signature, values: Mapping[str, np.ndarray[Any, Any]], elements: Mapping[str, str]
) -> tuple[tuple[StateView, ...], dict[str, bytes]]:
    """Storage of the STATE parameters with their first values, and the binary files that hold long ones."""
    views: list[StateView] = []
    files: dict[str, bytes] = {}
    for p in signature.parameters:
        if p.direction is not Direction.STATE:
            continue
        value, text, file = values[p.name], "", ""
        if p.bytes >= BINARY_FROM_BYTES and value.any():
            file = f"src/data/{owner}.{p.name}.bin"
            files[file] = value.astype(np_little(p.dtype)).tobytes()
        else:
            text = initialiser(value, p.dtype)
        storage = f"aic_data_{owner}_{p.name}" if file else f"aic_state_{p.name}"
        views.append(
            StateView(p.name, storage, C_TYPES[p.dtype], p.elements, text, file, elements.get(p.name, ""))
        )
    return tuple(views), files


def np_little(dtype: ElementType) -> str:
    """The numpy type of values in binary files."""
    return f"<{numpy_type(dtype)[0]}{dtype.bytes}"


def stored(views: tuple[ParameterView, ...], storage: tuple[StateView, ...]) -> tuple[ParameterView, ...]:
    """STATE parameters that know where they live; others as they are."""
    places = {s.name: s.storage for s in storage}
    return tuple(replace(v, storage=places.get(v.name, "")) for v in views)


def component_states(component: Component, entry: Entry) -> tuple[tuple[StateView, ...], dict[str, bytes]]:
    """Storage of a component's attributes."""
    elements = {a.name: a.id for a in component.attributes}
    signature = signature_of(component, entry)
    return states(component_symbol(component), signature, initial_state(component), elements)


def _first_value(channel: Channel, port: Port) -> np.ndarray[Any, Any]:
    """What a SAMPLE channel holds before the first value: one literal for all elements, or one for each."""
    import numpy as np

    values = [literal(text, port.element_type, channel) for text in channel.initial]
    flat = np.zeros(prod(port.shape), numpy_type(port.element_type))
    if len(values) not in (0, 1, flat.size):
        raise ModelError(
            Diagnostic(
                severity=Severity.ERROR,
                rule="initial-value",
                message=f"channel {channel.id!r} has {len(values)} initial values, its port {flat.size}",
                next_step=f"give none (zeros), one or {flat.size}",
                source=channel.source,
            )
        )
    if values:
        flat[:] = values
    return flat
