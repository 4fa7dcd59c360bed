"""What every system must hold, whatever it was imported from: small rules with a place and a next step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from graphlib import CycleError, TopologicalSorter

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import (
    ChannelProtocol,
    Component,
    Element,
    OnData,
    Periodic,
    Port,
    PortDirection,
    Source,
    Sporadic,
    System,
)

SIDECAR = "fill in what `aicompiler check MODEL --write-sidecar` lists"

Rule = Callable[[System], Iterator[Diagnostic]]


def validate(system: System) -> list[Diagnostic]:
    """All violations of the rules below."""
    found = list(_unique_ids(system))
    if found:  # the other rules resolve references by id
        return found
    return [d for rule in _RULES for d in rule(system)]


def _error(rule: str, message: str, next_step: str, element: Element | Source | None) -> Diagnostic:
    source = element.source if isinstance(element, Element) else element
    return Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=next_step, source=source)


def walk(element: Element) -> Iterator[Element]:
    """An element and all below it."""
    yield element
    for field in fields(element):
        value = getattr(element, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Element):
                yield from walk(child)


def _unique_ids(system: System) -> Iterator[Diagnostic]:
    seen: dict[str, Element] = {}
    for element in walk(system):
        if (first := seen.setdefault(element.id, element)) is not element:
            message = f"the id '{element.id}' is used twice, first by {first.place}"
            yield _error("duplicate-id", message, "give each element its own id", element)


def _estimable(system: System) -> Iterator[Diagnostic]:
    """An entry without behaviour and without time cannot be placed anywhere."""
    for entry in system.entries:
        if not entry.behaviours and not entry.times:
            limit = "a deadline" if entry.deadline_ns is not None else "an activation"
            lack = "no time and no behaviour that one could be estimated from"
            message = f"'{_shown(entry.name)}' has {limit} but {lack}"
            step = f"annotate SaStep.execTime, give the operation an OpaqueBehavior, or {SIDECAR}"
            yield _error("no-time", message, step, entry)


def _has_units(system: System) -> Iterator[Diagnostic]:
    if not system.units and system.components:
        message = "the model has no processing unit: nothing can be placed"
        step = (
            'draw a block whose parts are HwProcessor or HwPLD, or say [platform] use = "jetson_tx2" in the '
        )
        yield _error("no-platform", message, step + f"side-car; {SIDECAR}", system)


def _positive(system: System) -> Iterator[Diagnostic]:
    for entry in system.entries:
        if entry.deadline_ns is not None and entry.deadline_ns < 1:
            message = f"the deadline of '{_shown(entry.name)}' is {entry.deadline_ns} ns"
            yield _error("bad-deadline", message, "give a positive deadline", entry)
    for flow in system.application.flows:
        if flow.deadline_ns is not None and flow.deadline_ns < 1:
            message = f"the deadline of flow '{_shown(flow.name)}' is {flow.deadline_ns} ns"
            yield _error("bad-deadline", message, "give a positive deadline", flow)


def _same_type(system: System) -> Iterator[Diagnostic]:
    for channel in system.application.channels:
        ends = [system.element(Port, p) for p in (channel.source_port, channel.target_port)]
        described = [_type(p) for p in ends]
        if described[0] != described[1]:
            message = (
                f"'{_shown(ends[0].name)}' is {described[0]} but '{_shown(ends[1].name)}' is {described[1]}"
            )
            yield _error("channel-type", message, "give both ends one type and shape", channel)


def _type(port: Port) -> str:
    return port.element_type.value + "".join(f"[{n}]" for n in port.shape)


def _single_writer(system: System) -> Iterator[Diagnostic]:
    fed: dict[str, str] = {}
    for channel in system.application.channels:
        first = fed.setdefault(channel.target_port, channel.id)
        if first != channel.id:
            port = system.element(Port, channel.target_port)
            owner = _shown(system.component_of(port.id).name)
            message = f"in-port '{_shown(port.name)}' of '{owner}' has two writers"
            yield _error("two-writers", message, "give each channel its own in-port", channel)


def _connected(system: System) -> Iterator[Diagnostic]:
    fed = {c.target_port for c in system.application.channels}
    for component in system.components:
        for port in component.ports:
            if port.direction is PortDirection.IN and port.id not in fed:
                place = f"in-port '{_shown(port.name)}' of '{_shown(component.name)}'"
                message = f"{place} is not connected: it has no values"
                yield _error("open-input", message, "connect it to an out-port", port)


def _activated(system: System) -> Iterator[Diagnostic]:
    fed = {
        system.component_of(c.target_port).id
        for c in system.application.channels
        if c.protocol is ChannelProtocol.QUEUE
    }
    for component in system.components:
        for entry in component.entries:
            if isinstance(entry.activation, OnData) and component.id not in fed:
                name = _shown(entry.name)
                lack = "it has no period, and no QUEUE leads to it"
                message = f"'{name}' of '{_shown(component.name)}' is never activated: {lack}"
                step = "give it RtFeature with occKind=periodic(period=(50,ms)), connect an in-port, or "
                yield _error("no-activation", message, step + SIDECAR, entry)
            if _length(entry.activation) < 1:
                message = f"the period of '{_shown(entry.name)}' is {_length(entry.activation)} ns"
                yield _error("bad-period", message, "give a positive period", entry)


def _length(activation: object) -> int:
    if isinstance(activation, Periodic):
        return activation.period_ns
    return activation.min_interarrival_ns if isinstance(activation, Sporadic) else 1


def _acyclic(system: System) -> Iterator[Diagnostic]:
    readers: dict[str, list[str]] = {}
    queues = [c for c in system.application.channels if c.protocol is ChannelProtocol.QUEUE and not c.initial]
    for channel in queues:
        reader = system.component_of(channel.target_port).id
        readers.setdefault(reader, []).append(system.component_of(channel.source_port).id)
    try:
        TopologicalSorter(readers).prepare()
    except CycleError as error:
        members = [system.element(Component, id_) for id_ in error.args[1]]
        path = " -> ".join(f"'{_shown(c.name)}'" for c in members)
        message = f"QUEUE channels form a cycle, {path}: none of its jobs could ever start"
        yield _error("queue-cycle", message, "make one of the channels SAMPLE", members[0])


def _distinct_names(system: System) -> Iterator[Diagnostic]:
    for component in system.components:
        yield from _distinct(component)
    named: dict[str, Component] = {}
    for component in system.components:
        if named.setdefault(component.name, component) is not component:
            message = f"two components are called '{_shown(component.name)}'"
            yield _error("duplicate-name", message, "rename one of the parts", component)


def _distinct(component: Component) -> Iterator[Diagnostic]:
    seen: dict[str, Element] = {}
    for element in (*component.ports, *component.attributes, *component.constants):
        if not element.name:
            yield _error(
                "no-name", f"a feature of '{_shown(component.name)}' has no name", "name it", element
            )
        elif seen.setdefault(element.name, element) is not element:
            message = f"'{_shown(component.name)}' has two features called '{_shown(element.name)}'"
            yield _error("duplicate-name", message, "rename one: bodies refer to them by name", element)


def _shown(name: str) -> str:
    return name.encode("unicode_escape").decode("ascii").replace('"', '\\"')


_RULES: tuple[Rule, ...] = (
    _has_units,
    _estimable,
    _positive,
    _same_type,
    _single_writer,
    _connected,
    _activated,
    _acyclic,
    _distinct_names,
)
