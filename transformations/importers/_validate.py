"""What every system must hold, whatever it was imported from: small rules with a place and a next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import (
    ChannelProtocol,
    Component,
    Element,
    Entry,
    Flow,
    OnData,
    Periodic,
    Port,
    PortDirection,
    Sporadic,
    System,
)

from ._rules import RuleBook, Violation
from ._sayings import shown

SIDECAR = "fill in what `aicompiler check MODEL --write-sidecar` lists"

IDENTITY = RuleBook()
"""What must hold before anything else is asked: the other rules resolve references and compute."""

SYSTEM = RuleBook()
"""All other rules, in the order in which they speak."""


def validate(system: System) -> list[Diagnostic]:
    """All violations of the rules of ``IDENTITY`` and, where there are none, of ``SYSTEM``."""
    found = [d for rule in IDENTITY for d in rule.violations(system)]
    return found or [d for rule in SYSTEM for d in rule.violations(system)]


def walk(element: Element) -> Iterator[Element]:
    """An element and all below it."""
    yield element
    for field in fields(element):
        value = getattr(element, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Element):
                yield from walk(child)


# --- ids and numbers --------------------------------------------------------------------------------------


@IDENTITY.rule(
    Severity.ERROR,
    because="references and side-cars name elements by id: with two of one id they are ambiguous",
    step="give each element its own id",
)
def duplicate_id(system: System) -> Iterator[Violation]:
    """Every id is used once."""
    seen: dict[str, Element] = {}
    for element in walk(system):
        if (first := seen.setdefault(element.id, element)) is not element:
            yield Violation(element, f"the id '{element.id}' is used twice, first by {first.place}")


_LARGEST = 2**63 - 1


@IDENTITY.rule(
    Severity.ERROR,
    because="times, energies and sizes are kept in 64 bits, here and in generated code",
    step="correct the value or its unit",
)
def number_range(system: System) -> Iterator[Violation]:
    """Every number fits 64 bits: 292 years in ns, 9.2 kJ in fJ."""
    for element in walk(system):
        activation = getattr(element, "activation", None)
        for holder in (element, activation) if is_dataclass(activation) else (element,):
            for field in fields(holder):
                value = getattr(holder, field.name)
                if isinstance(value, int) and abs(value) > _LARGEST:
                    name = f"{field.name} of '{shown(element.name)}'"
                    yield Violation(element, f"{name} is {Decimal(value):.1e}, more than 64 bits hold")


# --- completeness -----------------------------------------------------------------------------------------


@SYSTEM.rule(
    Severity.ERROR,
    because="components run on processing units",
    step=f'draw processing units, or say [platform] use = "jetson_tx2" in the side-car; {SIDECAR}',
)
def no_platform(system: System) -> Iterator[Violation]:
    """A system with components has a unit."""
    if not system.units and system.components:
        yield Violation(system, "the model has no processing unit: nothing can be placed")


@SYSTEM.rule(
    Severity.ERROR,
    because="an entry without behaviour and without time cannot be placed anywhere",
    step=f"state its time in the model, give it a behaviour, or {SIDECAR}",
)
def no_time(system: System) -> Iterator[Violation]:
    """Every entry has a time or a behaviour that one can be estimated from."""
    for component in system.components:
        for entry in component.entries:
            if not entry.behaviours and not entry.times:
                name = f"'{shown(entry.name)}' of '{shown(component.name)}'"
                yield Violation(entry, f"{name} has no time, and no behaviour to estimate one from")


@SYSTEM.rule(
    Severity.ERROR,
    because="a response takes time, so it cannot be due at once or in the past",
    step="give a positive deadline",
)
def bad_deadline(system: System) -> Iterator[Violation]:
    """Deadlines of entries and flows are positive."""
    limited: tuple[tuple[str, Iterable[Entry | Flow]], ...] = (
        ("", system.entries),
        ("flow ", system.application.flows),
    )
    for kind, elements in limited:
        for element in elements:
            if element.deadline_ns is not None and element.deadline_ns < 1:
                message = f"the deadline of {kind}'{shown(element.name)}' is {element.deadline_ns} ns"
                yield Violation(element, message)


# --- channels ---------------------------------------------------------------------------------------------


@SYSTEM.rule(
    Severity.ERROR,
    because="a value is not converted on its way: both ends must mean the same bytes",
    step="give both ends one type and shape",
)
def channel_type(system: System) -> Iterator[Violation]:
    """Both ends of a channel have one element type and shape."""
    for channel in system.application.channels:
        ends = [system.element(Port, p) for p in (channel.source_port, channel.target_port)]
        source, target = (_type(p) for p in ends)
        if source != target:
            message = f"'{shown(ends[0].name)}' is {source} but '{shown(ends[1].name)}' is {target}"
            yield Violation(channel, message)


def _type(port: Port) -> str:
    return port.element_type.value + "".join(f"[{n}]" for n in port.shape)


@SYSTEM.rule(
    Severity.ERROR,
    because="what a port with two writers holds would depend on which of them is faster",
    step="give each channel its own in-port",
)
def two_writers(system: System) -> Iterator[Violation]:
    """One channel at most leads to an in-port."""
    fed: dict[str, str] = {}
    for channel in system.application.channels:
        if fed.setdefault(channel.target_port, channel.id) != channel.id:
            port = system.element(Port, channel.target_port)
            owner = shown(system.component_of(port.id).name)
            yield Violation(channel, f"in-port '{shown(port.name)}' of '{owner}' has two writers")


@SYSTEM.rule(
    Severity.ERROR,
    because="a job reads all its inputs, and this one never has a value",
    step="connect it to an out-port",
)
def open_input(system: System) -> Iterator[Violation]:
    """A channel leads to every in-port."""
    fed = {c.target_port for c in system.application.channels}
    for component in system.components:
        for port in component.ports:
            if port.direction is PortDirection.IN and port.id not in fed:
                place = f"in-port '{shown(port.name)}' of '{shown(component.name)}'"
                yield Violation(port, f"{place} is not connected: it has no values")


def _users(system: System, port: str) -> tuple[Entry, ...]:
    return system.component_of(port).users_of(port)


@SYSTEM.rule(
    Severity.ERROR,
    because="a port hands values over to one entry: with none or several nobody knows whose jobs take them",
    step='say [entry."COMPONENT::ENTRY"] ports = ["NAME", ...] in the side-car',
)
def port_user(system: System) -> Iterator[Violation]:
    """Exactly one entry of its component uses a connected port."""
    connected = {p for c in system.application.channels for p in (c.source_port, c.target_port)}
    for component in system.components:
        for port in component.ports:
            users = component.users_of(port.id)
            if port.id in connected and len(users) != 1:
                names = ", ".join(f"'{shown(e.name)}'" for e in users)
                found = f"{len(users)} of its entries use it ({names})" if users else "none uses it"
                message = (
                    f"'{shown(component.name)}' has {len(component.entries)} entries and the connected port"
                    f" '{shown(port.name)}', but {found}"
                )
                entry = shown(f"{component.name}::{(users or component.entries or (port,))[0].name}")
                step = f'say [entry."{entry}"] ports = ["{shown(port.name)}", ...] in the side-car, as it is'
                yield Violation(port, message, step)


@SYSTEM.rule(
    Severity.ERROR,
    because="values enter and leave a component through its own ports alone",
    step="name ports of the entry's component",
)
def foreign_port(system: System) -> Iterator[Violation]:
    """An entry uses ports of its own component."""
    for component in system.components:
        own = {p.id for p in component.ports}
        for entry in component.entries:
            if foreign := next((p for p in entry.ports if p not in own), None):
                name = f"'{shown(entry.name)}' of '{shown(component.name)}'"
                yield Violation(entry, f"{name} uses the port '{shown(foreign)}', which is not its own")


# --- activation -------------------------------------------------------------------------------------------


@SYSTEM.rule(
    Severity.ERROR,
    because="an entry runs by a clock or by data, and this one has neither",
    step="state its period in the model, connect an in-port, or " + SIDECAR,
)
def no_activation(system: System) -> Iterator[Violation]:
    """An entry that waits for data has a QUEUE that brings some."""
    channels = system.application.channels
    queues = [c for c in channels if c.protocol is ChannelProtocol.QUEUE]
    fed = {e.id for c in queues for e in _users(system, c.target_port)}
    for component in system.components:
        for entry in component.entries:
            if isinstance(entry.activation, OnData) and entry.id not in fed:
                name = f"'{shown(entry.name)}' of '{shown(component.name)}'"
                lack = "it has no period, and no QUEUE leads to it"
                yield Violation(entry, f"{name} is never activated: {lack}")


@SYSTEM.rule(
    Severity.ERROR,
    because="jobs without any time between them cannot be scheduled",
    step="give a positive period",
)
def bad_period(system: System) -> Iterator[Violation]:
    """Periods and least distances are positive."""
    for entry in system.entries:
        if (length := _length(entry.activation)) < 1:
            yield Violation(entry, f"the period of '{shown(entry.name)}' is {length} ns")


def _length(activation: object) -> int:
    if isinstance(activation, Periodic):
        return activation.period_ns
    return activation.min_interarrival_ns if isinstance(activation, Sporadic) else 1


@SYSTEM.rule(
    Severity.ERROR,
    because="a job starts only when its queues hold a value: in a cycle each waits for the other",
    step="make one of the channels SAMPLE",
)
def queue_cycle(system: System) -> Iterator[Violation]:
    """QUEUE channels without initial values form no cycle."""
    readers: dict[str, list[str]] = {}
    queues = [c for c in system.application.channels if c.protocol is ChannelProtocol.QUEUE and not c.initial]
    for channel in queues:
        writers = [e.id for e in _users(system, channel.source_port)]
        for reader in _users(system, channel.target_port):
            readers.setdefault(reader.id, []).extend(writers)
    try:
        TopologicalSorter(readers).prepare()
    except CycleError as error:
        members = [system.component_of(id_) for id_ in error.args[1]]
        path = " -> ".join(f"'{shown(c.name)}'" for c in members)
        message = f"QUEUE channels form a cycle, {path}: none of its jobs could ever start"
        ends = " -> ".join(shown(c.name) for c in members[:2])
        step = f'make one of the channels SAMPLE: [channel."{ends}"] protocol = "sample" in the side-car'
        yield Violation(members[0], message, step)


# --- names ------------------------------------------------------------------------------------------------


@SYSTEM.rule(
    Severity.ERROR,
    because="bodies refer to features by their names, and generated code declares them",
    step="name it",
)
def no_name(system: System) -> Iterator[Violation]:
    """Every feature of a component has a name."""
    for component in system.components:
        for element in _features(component):
            if not element.name:
                yield Violation(element, f"a feature of '{shown(component.name)}' has no name")


@SYSTEM.rule(
    Severity.ERROR,
    because="bodies, references and generated code use names: two equal ones cannot be told apart",
    step="rename one of the two",
)
def duplicate_name(system: System) -> Iterator[Violation]:
    """Features of a component and components of a system have names of their own."""
    for component in system.components:
        for second in _repeated(f for f in _features(component) if f.name):
            message = f"'{shown(component.name)}' has two features called '{shown(second.name)}'"
            yield Violation(second, message, "rename one: bodies refer to them by name")
    for second in _repeated(system.components):
        message = f"two components are called '{shown(second.name)}'"
        yield Violation(second, message, "rename one of the parts")


def _features(component: Component) -> tuple[Element, ...]:
    return (*component.ports, *component.attributes, *component.constants)


def _repeated(elements: Iterable[Element]) -> Iterator[Element]:
    """Elements with a name that an earlier one has."""
    seen: dict[str, Element] = {}
    for element in elements:
        if seen.setdefault(element.name, element) is not element:
            yield element
