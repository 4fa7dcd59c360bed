"""What a side-car says in the place of the model: figures that it replaces, and that it alone gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import (
    Element,
    Entry,
    Link,
    Periodic,
    Sporadic,
    System,
    Unit,
    UnitKind,
)

from ._matching import Names
from ._sayings import Sayings, shown
from ._sidecar import Setting, Sidecar

Named = tuple[tuple[str, Names], ...]  # the sections of a side-car that speak of an element, and its names
Feature = Callable[[Any], Any]  # an element -> the value that its model states; None or 0 if it states none


def _time(kind: UnitKind, feature: str) -> Feature:
    def stated(entry: Entry) -> Any:
        found = (t for t in entry.times if (t.unit_kind, t.unit) == (kind, None))
        return next((getattr(t, feature) for t in found), None)

    return stated


def _period(entry: Entry) -> Any:
    return entry.activation.period_ns if isinstance(entry.activation, Periodic) else None


def _distance(entry: Entry) -> Any:
    return entry.activation.min_interarrival_ns if isinstance(entry.activation, Sporadic) else None


_ENTRY: Mapping[str, Feature] = {
    "period": _period,
    "min_interarrival": _distance,
    "deadline": lambda e: e.deadline_ns,
    **{
        f"{time}.{kind.value.lower()}": _time(kind, f"{time}_ns")
        for kind in UnitKind
        for time in ("wcet", "acet", "bcet")
    },
}
_UNIT: Mapping[str, Feature] = {
    "kind": lambda u: u.kind,
    "cores": lambda u: u.cores if u.cores > 1 else None,
    "frequency": lambda u: u.fastest.frequency_hz if u.operating_points else None,
    "dynamic_power": lambda u: u.fastest.dynamic_power_uw if u.operating_points else None,
    "static_power": lambda u: u.static_power_uw,
    "memory": lambda u: u.memory_bytes,
}
_LINK: Mapping[str, Feature] = {
    "bandwidth": lambda k: k.bandwidth_bytes_per_s,
    "latency": lambda k: k.latency_ns,
    "energy_per_byte": lambda k: k.energy_fj_per_byte,
}
_FLOW: Mapping[str, Feature] = {"deadline": lambda f: f.deadline_ns}
# What an importer says where it put a value itself: then the model states none.
_GUESSED = {
    "kind": ("kind-assumed", "kind-from-name"),
    "frequency": ("clock-assumed",),
    "bandwidth": ("assumed-bandwidth",),
}
_UNITS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("power",), 10**6, "W"),
    (("frequency",), 10**6, "MHz"),
    (("bandwidth",), 10**6, "MB/s"),
    (("memory",), 1, "bytes"),
    (("cores",), 1, "cores"),
    (("energy",), 1, "fJ"),
    (("period", "interarrival", "deadline", "cet", "latency"), 10**6, "ms"),
)


def replaced(said: Sequence[Diagnostic], system: System, sidecar: Sidecar) -> Iterator[Diagnostic]:
    """What a reader of the model would not expect of ``system``, the one that it states, under a side-car.

    A warning for each figure that the model states and the side-car replaces, a note for each unit or link
    with figures that the side-car alone gives.  ``said`` are the diagnostics of the importer.
    """
    guessed = {(d.rule, d.source.xml_id) for d in said if d.source is not None}
    sayings = Sayings()
    for element, named, features in _elements(system):
        place = element.source.xml_id if element.source is not None else ""
        given = [(key, setting) for key, setting in _given(named, sidecar) if key in features]
        alone = []
        for key, setting in given:
            known = not any((rule, place) in guessed for rule in _GUESSED.get(key, ()))
            stated = features[key](element) if known else None
            if not stated:
                alone.append((key, setting))
            elif stated != setting.value:
                _overridden(sayings, element, shown(named[-1][1].all[0]), key, stated, setting)
        if alone and isinstance(element, Unit | Link):
            keys = ", ".join(key for key, _ in alone)
            message = f"figures of '{shown(element.name)}' are not in the model: {keys}"
            message += f" ({_place(alone[0][1])})"
            _say(sayings, Severity.NOTE, "assumed-figure", message, "", element)
    yield from sayings


def _elements(system: System) -> Iterator[tuple[Element, Named, Mapping[str, Feature]]]:
    """What a side-car gives figures to, with the sections and names by which it does."""
    for component in system.components:
        for entry in component.entries:
            named = (("component", Names.of(component)), ("entry", Names.of(entry, component.name)))
            yield entry, named, _ENTRY
    for unit in system.units:
        yield unit, (("unit", Names.of(unit)),), _UNIT
    for link in system.platform.links:
        yield link, (("link", Names.of(link)),), _LINK
    for flow in system.application.flows:
        yield flow, (("flow", Names.of(flow)),), _FLOW


def _given(named: Named, sidecar: Sidecar) -> list[tuple[str, Setting]]:
    """The settings that count for an element, by key: of two the later one."""
    found: dict[str, Setting] = {}
    for section, names in named:
        found |= {s.key: s for s in sidecar.of(section) if names.match(s.pattern)}
    return list(found.items())


def _overridden(
    sayings: Sayings, element: Element, name: str, key: str, stated: Any, setting: Setting
) -> None:
    message = f"the {key} of '{name}' is {_text(key, stated)} in the model,"
    message += f" but {_text(key, setting.value)} in {_place(setting)}, which counts"
    _say(
        sayings,
        Severity.WARNING,
        "figure-overridden",
        message,
        "correct the model, or drop the setting",
        element,
    )


def _say(sayings: Sayings, severity: Severity, rule: str, message: str, step: str, element: Element) -> None:
    sayings.add(
        Diagnostic(severity=severity, rule=rule, message=message, next_step=step, source=element.source)
    )


def _place(setting: Setting) -> str:
    return f"{setting.source.file}:{setting.source.line}"


def _text(key: str, value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    for words, scale, symbol in _UNITS:
        if any(word in key for word in words):
            return f"{value / scale:g} {symbol}"
    return str(value)
