"""The direct reader gives what stock pyecore gives, feature by feature, for our metamodels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels import system, xmi
from aicompiler.metamodels._mapper import metamodel_path
from aicompiler.metamodels._packages import PACKAGES
from aicompiler.metamodels.diagnostics import UnreadableInput
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyecore.ecore import EClass, EEnumLiteral, EObject, EProxy
from pyecore.resources import URI, ResourceSet
from pyecore.resources.xmi import XMIResource

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "models").rglob("*.system.xmi"))
HEAD = '<system:System xmlns:system="http://aicompiler/system/1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def stock(path: Path) -> EObject:
    resources = ResourceSet()
    for package in PACKAGES:
        root = resources.get_resource(URI(str(metamodel_path(package.name)))).contents[0]
        resources.metamodel_registry[package.uri] = root
    return resources.get_resource(URI(str(path))).contents[0]


def described(root: EObject) -> list[Any]:
    """Everything that pyecore's API says about a tree, with places instead of objects."""
    places = {root: "/"} | {x: x.eURIFragment() for x in root.eAllContents()}

    def plain(value: Any) -> Any:
        if isinstance(value, EProxy):
            return value._proxy_path
        if isinstance(value, EEnumLiteral):
            return value.name
        return places[value] if isinstance(value, EObject) else value

    def one(eobject: EObject) -> Any:
        features = sorted(eobject.eClass.eAllStructuralFeatures(), key=lambda f: str(f.name))
        values = {}
        for feature in features:
            value = eobject.eGet(feature)
            values[feature.name] = [plain(v) for v in value] if feature.many else plain(value)
        container = eobject.eContainer()
        return (
            places[eobject],
            eobject.eClass.name,
            values,
            [f.name for f in features if eobject.eIsSet(f)],
            places[container] if container is not None else None,
            eobject.eContainmentFeature().name if container is not None else None,
            sorted(places[x] for x in eobject.eContents),
            sorted((places[o], f.name) for o, f in eobject._inverse_rels),
            eobject.eResource.uri.plain.rpartition("/")[2],
            eobject.eRoot() is root,
        )

    # eAllContents goes by a set of references: its order is none
    return sorted((one(x) for x in places), key=lambda described_one: described_one[0])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_documents_are_loaded_as_stock_loads_them(path: Path) -> None:
    """All shipped native documents: classes, values, what is set, containers, inverse references."""
    assert described(xmi.load_eobject(path)) == described(stock(path))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6).map(str.strip)
NUMBER = st.integers(0, 2**63 - 1)


@st.composite
def systems(draw: st.DrawFn) -> system.System:
    """Systems with every kind of feature: lists of numbers and texts, references, optional containments."""
    count = draw(st.integers(1, 4))
    components, channels = [], []
    for number in range(count):
        source = draw(st.none() | st.builds(system.Source, file=TEXT, xml_id=TEXT, line=NUMBER))
        ports = tuple(
            system.Port(
                id=f"c{number}.{direction.value}",
                name=draw(TEXT),
                direction=direction,
                element_type=draw(st.sampled_from(system.ElementType)),
                shape=tuple(draw(st.lists(NUMBER, max_size=3))),
                extents=tuple(draw(st.lists(TEXT, max_size=2))),
            )
            for direction in system.PortDirection
        )
        activation = draw(
            st.builds(system.Periodic, period_ns=NUMBER, offset_ns=NUMBER)
            | st.builds(system.Sporadic, min_interarrival_ns=NUMBER)
            | st.just(system.OnData())
        )
        entry = system.Entry(
            id=f"c{number}.e", activation=activation, deadline_ns=draw(st.none() | NUMBER), source=source
        )
        components.append(system.Component(id=f"c{number}", entries=(entry,), ports=ports, name=draw(TEXT)))
        channels.append(
            system.Channel(
                id=f"x{number}",
                source_port=f"c{number}.out",
                target_port=f"c{draw(st.integers(0, number))}.in",
                protocol=draw(st.sampled_from(system.ChannelProtocol)),
                initial=tuple(draw(st.lists(TEXT, max_size=2))),
                protocol_assumed=draw(st.booleans()),
            )
        )
    order = draw(st.permutations([f"c{n}.e" for n in range(count)]))
    application = system.Application(
        id="a",
        components=tuple(components),
        channels=tuple(channels),
        flows=(system.Flow(id="f", entries=tuple(order)),),
    )
    unit = system.Unit(id="u", kind=draw(st.sampled_from(system.UnitKind)), area=draw(st.none() | areas()))
    platform = system.Platform(id="p", nodes=(system.Node(id="n", units=(unit,)),))
    pins = tuple(system.Pin(id=f"k{n}", component=f"c{n}", unit="u") for n in range(count))
    return system.System(id="s", application=application, platform=platform, constraints=pins)


def areas() -> st.SearchStrategy[system.Area]:
    return st.builds(system.Area, id=st.just("area"), lut=NUMBER)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(systems())
def test_any_system_is_loaded_as_stock_loads_it(tmp_path: Path, whole: system.System) -> None:
    """Whatever is saved, both readers agree on it, and the dataclasses come back."""
    path = tmp_path / "any.system.xmi"
    path.write_bytes(xmi.save({path.name: whole})[path.name])
    loaded = xmi.load_eobject(path)
    assert described(loaded) == described(stock(path))
    assert xmi.load(path) == whole


def test_loaded_objects_can_be_edited_and_saved(tmp_path: Path) -> None:
    """Setting, removing and deleting what was read works as with stock pyecore, and so does saving."""
    path = ROOT / "models" / "platforms" / "jetson_tx2.system.xmi"
    texts = []
    for root in (xmi.load_eobject(path), stock(path)):
        root.name = "edited"
        unit = root.platform.nodes[0].units[0]
        unit.cores = 7
        with pytest.raises(TypeError):
            unit.cores = "seven"
        unit.operating_points.remove(unit.operating_points[0])
        root.platform.nodes[0].units[1].delete()
        resource = XMIResource(URI(str(tmp_path / "saved.xmi")))
        resource.append(root)
        resource.save()
        texts.append((tmp_path / "saved.xmi").read_bytes())
    assert texts[0] == texts[1]


def test_the_metamodels_have_what_the_reader_relies_on() -> None:
    """No derived feature, no opposite, containments are ordered sets: the reader relies on it."""
    for package in PACKAGES:
        root = ResourceSet().get_resource(URI(str(metamodel_path(package.name)))).contents[0]
        for eclass in root.eClassifiers:
            for feature in eclass.eStructuralFeatures if isinstance(eclass, EClass) else ():
                assert not feature.derived
                if feature.is_reference:
                    assert feature.eOpposite is None
                    assert feature.ordered and feature.unique


@pytest.mark.parametrize(
    ("inside", "line", "message"),
    [
        ("<nothing/>", 2, "System has no nothing"),
        ('<application id="a" colour="red"/>', 2, "Application has no colour"),
        ('<application id="a"/><application id="b"/>', 2, "System has application twice"),
        ('<application xsi:type="system:Nothing" id="a"/>', 2, "type 'Nothing' is no class"),
        ('<application xsi:type="system:Unit" id="a"/>', 2, "Unit is no Application"),
        ('<application xsi:type="x:Unit" id="a"/>', 2, "prefix 'x' of xsi:type is not declared"),
        ('<constraints xsi:type="system:Constraint" id="a"/>', 2, "Constraint is abstract"),
        ('<constraints id="a"/>', 2, "Constraint is abstract"),
        ('<allocations id="a" component="none" unit="none"/>', 0, "none"),
        ('<allocations id="a" component="s" unit="s"/>', 0, "component refers to a System"),
        ('<allocations id="a"><component id="s"/></allocations>', 2, "component is a reference"),
        ('<platform id="p"><nodes id="n"><units id="u" cores="many"/></nodes></platform>', 2, "many"),
        ("&bang;", 2, "undefined entity"),
        ("<application", 3, "not well-formed"),
    ],
)
def test_misfits_are_located(inside: str, line: int, message: str, tmp_path: Path) -> None:
    """What does not fit the metamodel is named, with its line where one element is wrong."""
    path = tmp_path / "bad.system.xmi"
    path.write_text(f'{HEAD} id="s">\n{inside}\n</system:System>', encoding="utf-8")
    with pytest.raises(UnreadableInput, match=message) as caught:
        xmi.load(path)
    assert [d.source.line for d in caught.value.diagnostics if d.source] == [line]
