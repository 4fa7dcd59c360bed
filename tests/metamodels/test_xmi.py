"""The metamodels as Ecore and as dataclasses say the same; XMI loses nothing."""

from __future__ import annotations

import typing
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels import deployment, plan, system, write_ecore, xmi
from aicompiler.metamodels._features import Kind, Reference, features_of
from aicompiler.metamodels._mapper import metamodel_path, references_of
from aicompiler.metamodels._packages import ABSTRACT, PACKAGES, MetamodelPackage
from aicompiler.metamodels.diagnostics import UnreadableInput
from hypothesis import given, settings
from hypothesis import strategies as st
from pyecore.ecore import EAttribute, EClass, EEnum, EReference
from pyecore.resources import URI, ResourceSet

PYTHON_TYPES = {"ELong": int, "ELongObject": int, "EString": str, "EBoolean": bool, "EDouble": float}


def load_ecore(package: MetamodelPackage) -> Any:
    return ResourceSet().get_resource(URI(str(metamodel_path(package.name)))).contents[0]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_ecore_and_dataclasses_have_the_same_classes(package: MetamodelPackage) -> None:
    """Every class and enumeration exists on both sides, with the same literals and abstractness."""
    root = load_ecore(package)
    classes = {c.name: c for c in root.eClassifiers if isinstance(c, EClass)}
    enums = {e.name: e for e in root.eClassifiers if isinstance(e, EEnum)}
    assert list(classes) == [c.__name__ for c in package.classes]
    assert {c for c in package.classes if classes[c.__name__].abstract} == ABSTRACT & set(package.classes)
    assert {n: [x.name for x in e.eLiterals] for n, e in enums.items()} == {
        e.__name__: [x.value for x in e] for e in package.enums
    }


@pytest.mark.parametrize("cls", [c for p in PACKAGES for c in p.classes], ids=lambda c: c.__name__)
def test_ecore_and_dataclasses_agree_feature_by_feature(cls: type) -> None:
    """Name, order, kind, type, multiplicity and default of every feature are the same on both sides."""
    package = next(p for p in PACKAGES if cls in p.classes)
    eclass = load_ecore(package).getEClassifier(cls.__name__)
    efeatures = {f.name: f for f in eclass.eAllStructuralFeatures()}
    assert set(efeatures) == {f.name for f in features_of(cls)}
    for feature in features_of(cls):
        other = efeatures[feature.name]
        assert other.many is feature.many
        assert isinstance(other, EAttribute) is (feature.kind is Kind.ATTRIBUTE)
        if isinstance(other, EReference):
            assert bool(other.containment) is (feature.kind is Kind.CONTAINMENT)
        assert type_name(other) == expected_type(feature.type)
        if feature.kind is Kind.ATTRIBUTE and not feature.many:
            assert default_of(other) == plain(feature.default)


def type_name(efeature: Any) -> str:
    name = str(efeature.eType.name)
    return PYTHON_TYPES[name].__name__ if name in PYTHON_TYPES else name


def expected_type(hint: Any) -> str:
    return hint.target if isinstance(hint, Reference) else str(hint.__name__)


def default_of(efeature: Any) -> Any:
    text = efeature.defaultValueLiteral
    return None if text is None else str(text)


def plain(value: Any) -> Any:
    if value in (None, ""):
        return None
    return str(value.value) if isinstance(value, Enum) else str(value).lower()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_shipped_ecore_is_the_written_one(package: MetamodelPackage) -> None:
    """The committed .ecore is what ``write_ecore`` writes today."""
    assert metamodel_path(package.name).read_bytes() == write_ecore.ecore_text(package)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8).map(str.strip)
NUMBER = st.integers(-(2**63), 2**63 - 1)


def values(cls: type, targets: dict[str, list[str]], depth: int = 0) -> st.SearchStrategy[Any]:
    """Any legal instance of a dataclass whose references point at ``targets``."""
    concrete = [c for p in PACKAGES for c in p.classes if issubclass(c, cls) and c not in ABSTRACT]
    return st.one_of([_instances(c, targets, depth) for c in concrete])


def _instances(cls: type, targets: dict[str, list[str]], depth: int) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(cls)
    arguments = {}
    for feature in features_of(cls):
        one = _value(feature, targets, depth)
        if feature.many:
            arguments[feature.name] = st.lists(one, max_size=2, unique=feature.kind is Kind.REFERENCE).map(
                tuple
            )
        elif feature.optional:
            arguments[feature.name] = st.none() | one
        else:
            arguments[feature.name] = one
    assert set(arguments) == set(hints) & set(arguments)
    return st.builds(cls, **arguments)


def _value(feature: Any, targets: dict[str, list[str]], depth: int) -> st.SearchStrategy[Any]:
    if feature.name == "id":
        return st.uuids().map(lambda u: f"_{u.hex}")
    if feature.kind is Kind.REFERENCE:
        return st.sampled_from(targets[feature.type.target])
    if feature.kind is Kind.CONTAINMENT:
        return values(feature.type, targets, depth + 1)
    if issubclass(feature.type, Enum):
        return st.sampled_from(feature.type)
    return {int: NUMBER, str: TEXT, bool: st.booleans()}[feature.type]


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_xmi_round_trip_loses_nothing(data: st.DataObject) -> None:
    """Saving any deployment and plan beside their system and loading them gives equal dataclasses."""
    round_trip(data)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_many_xmi_round_trips_lose_nothing(data: st.DataObject) -> None:
    """The same, three hundred times."""
    round_trip(data)


def round_trip(data: st.DataObject) -> None:
    whole = small_system()
    targets = identifiers(whole)
    decided = data.draw(values(deployment.Placement, targets).map(lambda p: wrap(whole, placements=(p,))))
    costs = data.draw(values(deployment.Cost, targets))
    slots = data.draw(st.lists(values(deployment.JobSlot, targets), max_size=3).map(tuple))
    decided = wrap(whole, placements=decided.placements, jobs=slots)
    condition = data.draw(values(plan.Condition, targets))
    table = deployment.CostTable(costs=(costs,))
    planned = plan.ReconfigurationPlan(system=whole.id, conditions=(condition,))
    documents = {"system.xmi": whole, "deployment.xmi": decided, "plan.xmi": planned, "costs.xmi": table}
    files = xmi.save(documents)
    assert files == xmi.save(documents)
    for name, value in documents.items():
        assert reload(files, name) == value


def reload(files: dict[str, bytes], name: str) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(files[name])
        return xmi.load(path)


def wrap(whole: system.System, **parts: Any) -> deployment.Deployment:
    return deployment.Deployment(
        system=whole.id, hyperperiod_ns=10, status=deployment.SolveStatus.OPTIMAL, **parts
    )


def identifiers(whole: system.System) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"Element": list(whole._index)}
    for identifier, element in whole._index.items():
        for cls in type(element).__mro__:
            found.setdefault(cls.__name__, []).append(identifier)
    return found


def small_system() -> system.System:
    """One of everything that deployments and plans can refer to."""
    port = system.Port(
        id="p1", direction=system.PortDirection.OUT, element_type=system.ElementType.U8, shape=(4, 4)
    )
    sink = system.Port(
        id="p2", direction=system.PortDirection.IN, element_type=system.ElementType.U8, shape=(4, 4)
    )
    body = system.Behaviour(id="b1", language="C", body="if (a < b && c > \"d\")\n\tx = 'y';\r\n")
    entry = system.Entry(id="e1", activation=system.Periodic(period_ns=10), behaviours=(body,))
    first = system.Component(id="c1", name='a"; system("', entries=(entry,), ports=(port, sink))
    channel = system.Channel(
        id="ch1",
        source_port="p1",
        target_port="p2",
        protocol=system.ChannelProtocol.SAMPLE,
        initial=("1", "1", ""),
    )
    flow = system.Flow(id="f1", entries=("e1",), deadline_ns=5)
    application = system.Application(
        id="a1", components=(first,), channels=(channel,), flows=(flow,), modes=(system.Mode(id="m1"),)
    )
    point = system.OperatingPoint(id="op1", frequency_hz=10**9)
    region = system.Region(id="r1", area=system.Area(id="ar1", lut=3))
    unit = system.Unit(id="u1", kind=system.UnitKind.FPGA, operating_points=(point,), regions=(region,))
    link = system.Link(
        id="l1", kind=system.LinkKind.BUS, ends=("u1",), bandwidth_bytes_per_s=1, source=system.Source(line=3)
    )
    platform = system.Platform(id="pl", nodes=(system.Node(id="n1", units=(unit,)),), links=(link,))
    rules = (system.Pin(id="k1", component="c1", unit="u1"),)
    return system.System(id="s1", application=application, platform=platform, constraints=rules)


def test_stock_pyecore_loads_all_three_documents(tmp_path: Path) -> None:
    """Given the files of OUT alone, stock pyecore loads and navigates them across documents."""
    whole = small_system()
    decided = wrap(whole, placements=(deployment.Placement(component="c1", unit="u1"),))
    normal = plan.Configuration(id="n", kind=plan.ConfigurationKind.NORMAL, deployment=decided)
    planned = plan.ReconfigurationPlan(system=whole.id, configurations=(normal,))
    for name, content in xmi.save(
        {"system.xmi": whole, "deployment.xmi": decided, "plan.xmi": planned}
    ).items():
        (tmp_path / name).write_bytes(content)
    for name in ("system.xmi", "deployment.xmi", "plan.xmi"):
        resources = ResourceSet()
        for metamodel in sorted(tmp_path.glob("*.ecore")):
            package = resources.get_resource(URI(str(metamodel))).contents[0]
            resources.metamodel_registry[package.nsURI] = package
        root = resources.get_resource(URI(str(tmp_path / name))).contents[0]
        if name == "deployment.xmi":
            assert root.placements[0].unit.kind.name == "FPGA"
            assert root.system.application.components[0].name == 'a"; system("'
        if name == "plan.xmi":
            assert root.configurations[0].deployment.placements[0].component.id == "c1"


def test_references_are_found() -> None:
    """Every reference of a tree is listed with the class it must point at."""
    pairs = {(r.target, i) for r, i in references_of(small_system())}
    assert {("Port", "p1"), ("Entry", "e1"), ("Unit", "u1"), ("Component", "c1")} <= pairs


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not well-formed XML"),
        (b"<a", "is not well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "declares a document type"),
        (b"<a/>", "is no instance of our metamodels"),
        (b'<s:System xmlns:s="http://aicompiler/system/1" id="x"/>', "has no application, which is required"),
    ],
)
def test_bad_documents_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """What is no document of ours gives a located sentence, never a traceback of a library."""
    path = tmp_path / "x.system.xmi"
    path.write_bytes(content)
    with pytest.raises(UnreadableInput, match=message):
        xmi.load(path)
