"""Versions, dialects and derived profiles: known by the pattern of a URI, bound to one metamodel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.transformations.importers import Account, ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus
from aicompiler.transformations.importers.papyrus._metamodel import stereotype_class
from aicompiler.transformations.importers.papyrus._opening import open_model

Plant = Callable[..., Path]
UUID = "_ErhFgPqbEea9CeleVrgfwg"


@pytest.mark.parametrize(
    ("namespace", "name", "package"),
    [
        ("http://www.eclipse.org/papyrus/GQAM/1", "GaStep", "GQAM"),
        (f"http:///schemas/GQAM/{UUID}/0", "GaStep", "GQAM"),
        ("http:///MARTE/MARTE_DesignModel/HRM/HwLogical/HwDevice.ecore", "HWSensor", "HwDevice"),
        ("http:///MARTE/MARTE_AnalysisModel/SAM.ecore", "SaStep", "SAM"),
        ("http://www.omg.org/spec/MARTE/1.1", "SaStep", "SAM"),
        ("http://www.eclipse.org/papyrus/SW_Concurrency/1", "SwSchedulableResource", "SW_Concurrency"),
        (
            f"http://CHESS.Predictability/schemas/RTComponentModel/{UUID}/25",
            "CHRtSpecification",
            "RTComponentModel",
        ),
        (f"http://CHESS/schemas/Core/{UUID}/21", "CHESS", "CHESSCore"),
        ("http://com.masdes.dam/profiles/Core/1.0", "DaComponent", "DAM"),
        ("http:///DAM_Profile/DAM_UML_Extensions/System/Core.ecore", "DaService", "DAM"),
        ("http://es.unizar.disco.dice/profiles/DTSM/Storm/1.0", "StormBolt", "DICE"),
        ("http://www.eclipse.org/papyrus/0.7.0/SysML/PortAndFlows", "FlowPort", "PortsAndFlows"),
        ("http://www.eclipse.org/papyrus/sysml/1.4/SysML/Blocks", "Block", "Blocks"),
        ("http://www.eclipse.org/papyrus/sysml/1.6/SysML/PortsAndFlows", "ProxyPort", "PortsAndFlows"),
        ("http:///SysML/PortsFlows.ecore", "InterfaceBlock", "PortsAndFlows"),
        ("http://www.omg.org/spec/SysML/20150709/SysML", "Requirement", "Requirements"),
        ("http://www.magicdraw.com/spec/Customization/180/SysML", "PartProperty", "Cameo"),
        ("http://www.eclipse.org/uml2/5.0.0/UML/Profile/Standard", "Trace", "Standard"),
        ("http://www.eclipse.org/uml2/schemas/Standard/1", "Create", "Standard"),
        ("http://aicompiler/profile/1", "Pin", "aic"),
    ],
)
def test_namespaces_of_profiles(namespace: str, name: str, package: str) -> None:
    """Static, dynamic, generated and derived: each leads to its package."""
    found = stereotype_class(namespace, name)
    assert found is not None
    assert found.ePackage.name == package


@pytest.mark.parametrize(
    ("namespace", "location"),
    [
        (f"http:///schemas/Time/{UUID}/0", "bookkeeping.profile.uml#_x"),
        (f"http:///schemas/scade/{UUID}/0", ""),
        ("http://example.org/GQAM/1", ""),
        ("http://www.eclipse.org/papyrus/arrowhead", ""),
    ],
)
def test_other_profiles_are_not_mistaken(namespace: str, location: str) -> None:
    """A dynamic profile that is said to come from elsewhere is not MARTE, whatever its name."""
    assert stereotype_class(namespace, "Clock", location) is None


def test_a_dynamic_profile_is_confirmed_by_its_location(plant: Plant) -> None:
    """``xsi:schemaLocation`` decides whether a namespace with a generated id is MARTE's."""
    marte, other = f"http:///schemas/Time/{UUID}/0", f"http:///schemas/GRM/{UUID}/0"
    path = plant(
        '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>',
        '<a:ClockType xmi:id="_1" base_Class="_c"/><b:Resource xmi:id="_2" base_Class="_c"/>',
        location=f' xsi:schemaLocation="{marte} MARTE.Time.profile.uml#_a {other} mine.profile.uml#_b"',
        a=marte,
        b=other,
    )
    resource = open_model(path).resource
    assert [s.eClass.name for s in resource.stereotypes] == ["ClockType"]
    foreign = resource.documents[0].applications[1]
    assert (foreign.eClass.name, foreign.stereotype, foreign.base.name) == ("Foreign", "Resource", "C")


def test_colliding_prefixes_do_not_matter(plant: Plant) -> None:
    """The prefix Core is CHESS's in one file and DAM's in another."""
    for uri, name in (
        (f"http://CHESS/schemas/Core/{UUID}/2", "CHGaResourcePlatform"),
        ("http://com.masdes.dam/profiles/Core/1.0", "DaComponent"),
    ):
        path = plant(
            '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>',
            f'<Core:{name} xmi:id="_1" base_Class="_c"/>',
            Core=uri,
        )
        assert [s.eClass.name for s in open_model(path).resource.stereotypes] == [name]


def test_the_interchange_format_of_the_omg(tmp_path: Path) -> None:
    """MagicDraw's XMI: namespaces of the OMG, references as child elements, extensions of the tool."""
    path = tmp_path / "cameo.xml"
    path.write_text(
        '<?xml version="1.0" encoding="windows-1252"?>\n'
        '<xmi:XMI xmlns:uml="http://www.omg.org/spec/UML/20131001" xmlns:xmi="http://www.omg.org/spec/XMI/20131001"'
        ' xmlns:sysml="http://www.omg.org/spec/SysML/20150709/SysML">\n'
        "<xmi:Documentation><xmi:exporter>MagicDraw</xmi:exporter></xmi:Documentation>\n"
        '<uml:Model xmi:type="uml:Model" xmi:id="_m" name="M">'
        '<xmi:Extension extender="MagicDraw"><modelExtension/></xmi:Extension>'
        '<packagedElement xmi:type="uml:Class" xmi:id="_a" name="A">'
        '<ownedAttribute xmi:type="uml:Property" xmi:id="_p" name="b" aggregation="composite">'
        '<type xmi:idref="_b"/></ownedAttribute></packagedElement>'
        '<packagedElement xmi:type="uml:Class" xmi:id="_b" name="B"/></uml:Model>\n'
        '<sysml:Block xmi:id="_s" base_Class="_a"/>\n'
        '<sysml:Requirement xmi:id="_r" base_NamedElement="_b"><Text>fast</Text></sysml:Requirement>\n'
        "</xmi:XMI>\n",
        encoding="cp1252",
    )
    resource = open_model(path).resource
    assert resource.by_id["_p"].type is resource.by_id["_b"]
    assert [(s.eClass.name, s.base.name) for s in resource.stereotypes] == [
        ("Block", "A"),
        ("Requirement", "B"),
    ]
    accounting = Papyrus().load(path, ImportOptions()).accounting
    assert accounting.exact
    assert accounting.tallies[Account.APPLICATIONS].total == 2


@pytest.mark.parametrize("base", ["base_Class", "base_class", "base_Classifier"])
def test_any_base_is_the_base(plant: Plant, base: str) -> None:
    """Several bases at once, in any spelling, as attribute or as child element."""
    gqam = "http://www.eclipse.org/papyrus/GQAM/1"
    path = plant(
        '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>',
        f'<G:GaExecHost xmi:id="_1" base_NamedElement="_c" {base}="_c"/>'
        f'<G:GaExecHost xmi:id="_2"><{base} xmi:idref="_c"/></G:GaExecHost>'
        f'<G:GaExecHost xmi:id="_3"><{base} href="m.uml#_c"/></G:GaExecHost>',
        G=gqam,
    )
    assert [s.base.name for s in open_model(path).resource.stereotypes] == ["C", "C", "C"]
