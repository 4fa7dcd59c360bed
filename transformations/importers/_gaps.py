"""What a model lacks, as a side-car to fill in: every line names an element and its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aicompiler.metamodels.system import (
    ChannelProtocol,
    Component,
    Element,
    Entry,
    OnData,
    System,
    Unit,
)

from ._library import library_names
from ._load import Draft

_ASKED = re.compile(r"\[variables\] (\w+) =")
_ASSUMED = {"assumed-type", "clock-assumed", "assumed-bandwidth"}


def sidecar_template(draft: Draft, model: str) -> str:
    """A commented side-car for ``model`` that lists exactly what is missing, each with its place.

    Values are examples behind ``#``: nothing counts until it is filled in.  What is missing stands before
    what is assumed.
    """
    system = draft.system
    missing = [*_platform(system), *_variables(draft), *_entries(system)]
    assumed = list(_assumed(draft))
    lines = [
        f"# Side-car of {model}: what the model lacks.  Remove the '#' before a line and fill in its value.",
        "# A name may be a glob ('Perception::*'); of two settings for one feature the later one counts.",
        "# All keys: docs/reference/sidecar.md",
    ]
    if missing:
        lines += ["", "# --- missing: the model cannot be built without", *missing]
    if assumed:
        lines += ["", "# --- assumed: figures that the model does not give", *assumed]
    if not missing and not assumed:
        lines += ["", "# Nothing is missing."]
    return "\n".join(lines) + "\n"


def _platform(system: System) -> Iterator[str]:
    if not system.units:
        yield "[platform]"
        yield f'# use = "{library_names()[0]}"  # one of {", ".join(library_names())}'


def _variables(draft: Draft) -> Iterator[str]:
    """The variables of the model that nothing gives a value, each where it is first used."""
    open_: dict[str, str] = {}
    for diagnostic in draft.diagnostics:
        if diagnostic.rule == "unresolved-variable" and (found := _ASKED.search(diagnostic.next_step)):
            open_.setdefault(found[1], f"{diagnostic.source}".replace("\n", " "))
    if open_:
        yield from ("", "[variables]")
    for name, place in open_.items():
        yield from (
            f"# {place}",
            f'# {name} = "1"  # a number in the unit of its use, or a value with a unit',
        )


def _entries(system: System) -> Iterator[str]:
    fed = {
        entry.id
        for c in system.application.channels
        if c.protocol is ChannelProtocol.QUEUE
        for entry in system.component_of(c.target_port).users_of(c.target_port)
    }
    for component in system.components:
        unused = _unused(system, component)
        gaps = [(e, [*_lacks(e, e.id in fed), *unused]) for e in component.entries]
        alike = len(component.entries) == 1
        for entry, lines in gaps:
            if lines:
                yield ""
                yield f"# {_place(entry)}"
                yield _header(component, None if alike else entry)
                yield from lines


def _lacks(entry: Entry, fed: bool) -> Iterator[str]:
    if isinstance(entry.activation, OnData) and not fed:
        yield '# period = "100 ms"  # or min_interarrival; nothing activates it'
    if not entry.behaviours and not entry.times:
        yield '# wcet.cpu = "1 ms"  # it has no time and no behaviour that one could be estimated from'


def _unused(system: System, component: Component) -> list[str]:
    """The connected ports of which nobody knows which entry uses them."""
    channels = system.application.channels
    connected = {p for c in channels for p in (c.source_port, c.target_port)}
    open_ = [p for p in component.ports if p.id in connected and len(component.users_of(p.id)) != 1]
    names = ", ".join(_quoted(p.name) for p in open_)
    return [f"# ports = [{names}]  # keep those that this entry uses"] if open_ else []


def _header(component: Component, entry: Entry | None) -> str:
    if entry is None:
        return f"[component.{_quoted(component.name)}]"
    return f"[entry.{_quoted(f'{component.name}::{entry.name}')}]"


def _assumed(draft: Draft) -> Iterator[str]:
    wanted = {d.source.xml_id: d.rule for d in draft.diagnostics if d.rule in _ASSUMED and d.source}
    system = draft.system
    for unit in system.units:
        if unit.source is not None and unit.source.xml_id in wanted:
            yield from _unit(unit)
    links = {link.name: link for link in reversed(system.platform.links)}  # a name is one table
    for link in reversed(links.values()):
        if link.source is not None and link.source.xml_id in wanted:
            yield from ("", f"# {_place(link)}", f"[link.{_quoted(link.name)}]", '# bandwidth = "100 MB/s"')
    for component in system.components:
        for port in component.ports:
            if port.source is not None and port.source.xml_id in wanted:
                name = _quoted(f"{component.name}::{port.name}")
                shape = ", ".join(str(n) for n in port.shape)
                yield from ("", f"# {_place(port)}", f"[port.{name}]")
                yield from (f'# type = "{port.element_type.value}"', f"# shape = [{shape}]")


def _unit(unit: Unit) -> Iterator[str]:
    yield from ("", f"# {_place(unit)}", f"[unit.{_quoted(unit.name)}]", '# frequency = "1 GHz"')
    if not unit.static_power_uw:
        yield '# static_power = "1 W"'
    if not any(p.dynamic_power_uw for p in unit.operating_points):
        yield '# dynamic_power = "2 W"'


def _place(element: Element) -> str:
    return element.place.replace("\n", " ")


def _quoted(name: str) -> str:
    """A TOML basic string."""
    signs = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(signs.get(s, s if s.isprintable() else f"\\U{ord(s):08X}") for s in name) + '"'
