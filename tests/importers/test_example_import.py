"""The shipped example becomes the system it draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.system import Attribute, Behaviour, Component, Port, System
from aicompiler.transformations.importers import load_system
from lxml import etree


def summary(system: System) -> str:
    """A system as text, a line an element; numbers as they are."""
    return "\n".join(_lines(system)) + "\n"


def _lines(system: System) -> Iterator[str]:
    yield f"system {system.id} {system.name!r}"
    for component in system.components:
        yield from _component(component)
    for c in system.application.channels:
        rule = f"{c.protocol.name}({c.capacity}) x{c.consume}"
        yield f"channel {c.id}: {c.source_port} -> {c.target_port} {rule}"
    for flow in system.application.flows:
        yield f"flow {flow.id}: {' -> '.join(flow.entries)} {flow.bound.value} {flow.deadline_ns} ns"
    for node in system.platform.nodes:
        yield f"node {node.id} {node.name!r}"
        for unit in node.units:
            yield f"  unit {unit.id}: {_plain(unit)}"
            yield from (f"    {_plain(p)}" for p in unit.operating_points)
            yield from (f"    {_plain(a)}" for a in (unit.area,) if a is not None)
    yield from (f"link {link.id}: {_plain(link)}" for link in system.platform.links)
    yield from (f"{type(c).__name__} {c.id}: {_plain(c)}" for c in system.constraints)
    yield from (
        f"requirement {r.identifier}: {r.text!r} <- {', '.join(r.satisfied_by)}" for r in system.requirements
    )


def _component(component: Component) -> Iterator[str]:
    yield f"component {component.id} {component.name!r}"
    for entry in component.entries:
        yield f"  entry {entry.id} {entry.name!r}: {entry.activation} deadline {entry.deadline_ns} ns"
        yield from (f"    {b.language} {b.id}: {len(b.body.splitlines())} lines" for b in entry.behaviours)
        yield from (
            f"    on {t.unit_kind.name}: {t.bcet_ns} / {t.acet_ns} / {t.wcet_ns} ns" for t in entry.times
        )
    yield from (f"  port {p.name}: {p.direction.name} {_typed(p)}" for p in component.ports)
    yield from (f"  state {a.name}: {_typed(a)} = {{{', '.join(a.default)}}}" for a in component.attributes)
    yield from (f"  constant {c.name}: {c.element_type.value} = {c.value}" for c in component.constants)


def _typed(element: Port | Attribute) -> str:
    return element.element_type.value + "".join(
        f"[{n}{'=' + name if name else ''}]" for n, name in zip(element.shape, element.extents, strict=True)
    )


def _plain(element: Any) -> str:
    hidden = {"id", "source", "operating_points", "area", "regions"}
    return " ".join(
        f"{k}={getattr(v, 'name', v)}"
        for k, v in vars(element).items()
        if k not in hidden and v is not None and v != ()
    )


def test_the_example_is_imported_completely(example: Path, golden: Any) -> None:
    """Every component, channel, unit, link, constraint and requirement of the drawing is in the system."""
    system, diagnostics = load_system(example)
    assert diagnostics == []
    golden("importers/smart_intersection.txt", summary(system))


def test_importing_twice_gives_equal_systems(example: Path) -> None:
    """Import is a function of the file."""
    assert load_system(example) == load_system(example)


def test_every_element_says_where_it_is_drawn(example: Path) -> None:
    """The line of a component, port and behaviour is the line of its XML element."""
    system, _ = load_system(example)
    lines = example.read_text(encoding="utf-8").splitlines()
    for component in system.components:
        for element in (component, *component.ports, *component.entries, *component.attributes):
            assert element.source is not None
            assert f'"{element.source.xml_id}"' in lines[element.source.line - 1]


def test_a_line_of_a_body_is_found_in_the_file(example: Path) -> None:
    """Line n of a body is n - 1 lines below the line its source names: generated code can be traced back."""
    system, _ = load_system(example)
    lines = example.read_text(encoding="utf-8").splitlines()
    behaviours: list[Behaviour] = [b for e in system.entries for b in e.behaviours]
    assert len(behaviours) == 6
    for behaviour in behaviours:
        assert behaviour.source is not None
        for number, text in enumerate(behaviour.body.splitlines()):
            drawn = lines[behaviour.source.line - 1 + number]
            unescaped = drawn.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
            assert text in unescaped


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("http://www.omg.org/spec/XMI/20131001", "http://schema.omg.org/spec/XMI/2.1"),
        ("http://www.eclipse.org/uml2/5.0.0/UML", "http://www.eclipse.org/uml2/3.0.0/UML"),
        ("http://www.eclipse.org/papyrus/HLAM/1", "http:///schemas/HLAM/_ErhFgPqbEea9CeleVrgfwg/7"),
        ("http://www.eclipse.org/papyrus/SAM/1", "http:///MARTE/MARTE_AnalysisModel/SAM.ecore"),
        ("sysml/1.6/SysML/Requirements", "0.7.0/SysML/Requirements"),
        ("HwComputing:", "Core:"),
    ],
)
def test_namespaces_are_known_by_their_pattern(example: Path, tmp_path: Path, old: str, new: str) -> None:
    """Other versions of XMI, UML, SysML and MARTE, dynamic profiles and other prefixes mean the same."""
    text = example.read_text(encoding="utf-8").replace(old, new)
    if new == "Core:":
        text = text.replace("xmlns:HwComputing=", "xmlns:Core=")
    path = tmp_path / example.name
    path.write_text(text, encoding="utf-8")
    assert summary(load_system(path)[0]) == summary(load_system(example)[0])


def test_the_example_is_canonical_xml(example: Path) -> None:
    """Every id of the example is used once and every local reference leads to one."""
    root = etree.parse(example).getroot()
    ids = [v for n in root.iter() for k, v in n.attrib.items() if k.endswith("}id")]
    assert len(ids) == len(set(ids)) > 200
