"""Each rule of the system speaks of the system that breaks it alone, and not of a sound one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.metamodels.system import (
    ChannelProtocol,
    Component,
    ElementType,
    OnData,
    Periodic,
    Platform,
    Sporadic,
    System,
)
from aicompiler.transformations.importers import load_system, validate
from aicompiler.transformations.importers._validate import IDENTITY, SYSTEM


@pytest.fixture(scope="module")
def system(example: Path) -> System:
    return load_system(example)[0]


def with_components(system: System, *components: Component) -> System:
    """The system with these components in the place of those of the same id."""
    new = {c.id: c for c in components}
    kept = tuple(new.pop(c.id, c) for c in system.components)
    return replace(system, application=replace(system.application, components=(*kept, *new.values())))


def first_entry(system: System, **changes: object) -> System:
    """The system with its first entry changed."""
    component = next(c for c in system.components if isinstance(c.entries[0].activation, Periodic))
    entry = replace(component.entries[0], **changes)  # type: ignore[arg-type]
    return with_components(system, replace(component, entries=(entry, *component.entries[1:])))


def channels(system: System, **changes: object) -> System:
    """The system with its first channel changed."""
    first, *rest = system.application.channels
    changed = (replace(first, **changes), *rest)  # type: ignore[arg-type]
    return replace(system, application=replace(system.application, channels=changed))


def renamed(system: System, name: str) -> System:
    component = next(c for c in system.components if len(c.ports) > 1)
    ports = (replace(component.ports[0], name=name), *component.ports[1:])
    return with_components(system, replace(component, ports=ports))


def retyped(system: System) -> System:
    component = next(c for c in system.components if c.ports)
    ports = tuple(replace(p, element_type=ElementType.F64, shape=(7,)) for p in component.ports)
    return with_components(system, replace(component, ports=ports))


def looped(system: System) -> System:
    """The first channel led back from its reader to its writer."""
    first = system.application.channels[0]
    back = replace(first, id="back", source_port=first.target_port, target_port=first.source_port, initial=())
    queues = [
        replace(c, protocol=ChannelProtocol.QUEUE, initial=()) for c in (*system.application.channels, back)
    ]
    return replace(system, application=replace(system.application, channels=tuple(queues)))


def doubled(system: System) -> System:
    first = system.application.channels[0]
    both = (*system.application.channels, replace(first, id="again"))
    return replace(system, application=replace(system.application, channels=both))


def sampled(system: System) -> System:
    """All channels SAMPLE and all entries waiting for data."""
    entries = {c.id: tuple(replace(e, activation=OnData()) for e in c.entries) for c in system.components}
    waiting = with_components(system, *(replace(c, entries=entries[c.id]) for c in system.components))
    calm = tuple(replace(c, protocol=ChannelProtocol.SAMPLE) for c in system.application.channels)
    return replace(waiting, application=replace(waiting.application, channels=calm))


def unnamed_platform(system: System) -> System:
    return replace(system, platform=replace(system.platform, nodes=(), links=()))


def crowded(system: System) -> System:
    """A connected component with one entry more: nobody says which of them uses the ports."""
    component = next(c for c in system.components if c.ports)
    more = replace(component.entries[0], id=f"{component.id}.more", name="more", behaviours=())
    return with_components(system, replace(component, entries=(*component.entries, more)))


BREAKERS: dict[str, Callable[[System], System]] = {
    "duplicate-id": lambda s: first_entry(s, id=s.components[0].id),
    "number-range": lambda s: first_entry(s, activation=Periodic(period_ns=10**5000)),
    "no-platform": unnamed_platform,
    "no-time": lambda s: first_entry(s, behaviours=(), times=()),
    "bad-deadline": lambda s: first_entry(s, deadline_ns=0),
    "channel-type": retyped,
    "two-writers": doubled,
    "open-input": lambda s: replace(s, application=replace(s.application, channels=())),
    "port-user": crowded,
    "foreign-port": lambda s: first_entry(s, ports=(s.components[-1].ports[0].id,)),
    "no-activation": sampled,
    "bad-period": lambda s: first_entry(s, activation=Sporadic(min_interarrival_ns=0)),
    "queue-cycle": looped,
    "no-name": lambda s: renamed(s, ""),
    "duplicate-name": lambda s: renamed(s, next(c for c in s.components if len(c.ports) > 1).ports[1].name),
}


def test_a_sound_system_breaks_no_rule(system: System) -> None:
    """The example as it is; and every rule with a condition has a case below."""
    assert validate(system) == []
    assert isinstance(system.platform, Platform)
    assert set(BREAKERS) == {rule.name for rule in (*IDENTITY, *SYSTEM)}


@pytest.mark.parametrize("name", BREAKERS)
def test_each_rule_finds_what_breaks_it(name: str, system: System) -> None:
    """With its severity, a message of its own and a next step, at an element."""
    found = [d for d in validate(BREAKERS[name](system)) if d.rule == name]
    (rule,) = (r for r in (*IDENTITY, *SYSTEM) if r.name == name)
    assert found
    for diagnostic in found:
        assert diagnostic.severity is rule.severity
        assert diagnostic.message
        assert diagnostic.next_step
        assert diagnostic.source is not None
