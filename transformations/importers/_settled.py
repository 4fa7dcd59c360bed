"""Which assumptions of an importer a side-car makes void: by stating the value, or replacing the element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import Element, System

from ._matching import Names
from ._overrides import channel_names
from ._sidecar import Sidecar
from ._validate import walk

# Keys of a side-car, and the rules of the diagnostics that they answer.
_SETTLES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("unit", "frequency"): ("clock-assumed",),
    ("unit", "kind"): ("kind-assumed", "kind-from-name"),
    ("unit", "policy"): ("policy-left-open",),
    ("link", "bandwidth"): ("assumed-bandwidth",),
    ("port", "type"): ("assumed-type",),
    ("channel", "type"): ("assumed-type",),
}


def unsettled(
    diagnostics: Sequence[Diagnostic], old: System, new: System, sidecar: Sidecar
) -> Iterator[Diagnostic]:
    """The diagnostics that still hold for the system with its side-car."""
    before, after = _xml_ids(old), _xml_ids(new)
    stated = set(_stated(old, sidecar))
    rules = {rule for rules in _SETTLES.values() for rule in rules}
    for diagnostic in diagnostics:
        place = diagnostic.source.xml_id if diagnostic.source is not None else ""
        gone = place in before and place not in after
        if diagnostic.rule not in rules or not (gone or (diagnostic.rule, place) in stated):
            yield diagnostic


def _stated(system: System, sidecar: Sidecar) -> Iterator[tuple[str, str]]:
    named = _named(system)
    for setting in sidecar.settings:
        rules = _SETTLES.get((setting.section, setting.key), ())
        for element, names in named.get(setting.section, ()):
            if rules and names.match(setting.pattern):
                yield from ((rule, place) for rule in rules for place in _places(system, element))


def _places(system: System, element: Element) -> Iterator[str]:
    ends = [getattr(element, name, None) for name in ("source_port", "target_port")]
    for one in (element, *(system.element(Element, e) for e in ends if e is not None)):
        if one.source is not None:
            yield one.source.xml_id


def _named(system: System) -> Mapping[str, list[tuple[Element, Names]]]:
    return {
        "unit": [(u, Names.of(u)) for u in system.units],
        "link": [(k, Names.of(k)) for k in system.platform.links],
        "port": [(p, Names.of(p, c.name)) for c in system.components for p in c.ports],
        "channel": [(k, channel_names(system, k)) for k in system.application.channels],
    }


def _xml_ids(system: System) -> set[str]:
    return {e.source.xml_id for e in walk(system) if e.source is not None}
