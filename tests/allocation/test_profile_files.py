"""The shipped profile: one table, and everything that is made from it."""

from __future__ import annotations

import importlib.util
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aicompiler.metamodels.system import UnitKind
from aicompiler.transformations.importers import load_system
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "models" / "profile"
XMI = "{http://www.omg.org/spec/XMI/20131001}"


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """The script that writes the profile."""
    spec = importlib.util.spec_from_file_location("make_profile", PROFILE / "make_profile.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_what_the_table_makes(maker: ModuleType) -> None:
    """What is committed is, byte by byte, what the script writes."""
    for name, content in maker.profile_files().items():
        assert (PROFILE / name).read_bytes() == content, f"run python models/profile/make_profile.py ({name})"


def test_the_reference_holds_its_tables(maker: ModuleType) -> None:
    """docs/reference/platform.md documents each stereotype, tag and property value of the table."""
    page = (ROOT / "docs" / "reference" / "platform.md").read_text(encoding="utf-8")
    assert maker.reference() in page


def ecore_classes(root: Any) -> dict[str, dict[str, tuple[str, str]]]:
    """Classes of an Ecore package: their tags with type and upper bound, without references to bases."""
    found = {}
    for eclass in root.iterchildren("eClassifiers"):
        tags = {}
        for feature in eclass.iterchildren("eStructuralFeatures"):
            if not feature.get("name").startswith("base_"):
                type_ = feature.get("eType").rpartition("//")[2]
                tags[feature.get("name")] = (type_, feature.get("upperBound", "1"))
        found[eclass.get("name")] = tags
    return found


def test_it_agrees_with_what_the_importer_reads() -> None:
    """Names, tags and types are those of the package aic of the importer's metamodel: no tag is unread."""
    text = (resources.files("aicompiler.metamodels") / "marte.ecore").read_bytes()
    packages = {p.get("name"): p for p in etree.fromstring(text).iter("eSubpackages")}
    shipped = etree.parse(PROFILE / "aic.profile.ecore").getroot()
    assert shipped.get("nsURI") == packages["aic"].get("nsURI") == "http://aicompiler/profile/1"
    assert ecore_classes(shipped) == ecore_classes(packages["aic"])


def test_each_stereotype_extends_metaclasses() -> None:
    """In the UML profile each stereotype has, for each base, an extension whose ends lead to both."""
    root = etree.parse(PROFILE / "aic.profile.uml").getroot()
    ids = {e.get(f"{XMI}id"): e for e in root.iter() if e.get(f"{XMI}id")}
    assert len(ids) == sum(1 for e in root.iter() if e.get(f"{XMI}id"))
    stereotypes = [e for e in root.iter("packagedElement") if e.get(f"{XMI}type") == "uml:Stereotype"]
    extensions = [e for e in root.iter("packagedElement") if e.get(f"{XMI}type") == "uml:Extension"]
    reached = set()
    for extension in extensions:
        end, base = (ids[i] for i in extension.get("memberEnd").split())
        owner = base.getparent()
        assert end.get("type") == owner.get(f"{XMI}id")
        assert base.get("name") == "base_" + base.find("type").get("href").rpartition("#")[2]
        assert base.get("association") == end.get("association") == extension.get(f"{XMI}id")
        reached.add(owner.get("name"))
    assert reached == {s.get("name") for s in stereotypes}


def test_its_references_resolve() -> None:
    """Each id that an attribute of the UML profile names is defined in it."""
    root = etree.parse(PROFILE / "aic.profile.uml").getroot()
    ids = {e.get(f"{XMI}id") for e in root.iter()}
    for element in root.iter(etree.Element):
        for key in ("association", "memberEnd", "metaclassReference", "annotatedElement", "references"):
            assert set((element.get(key) or "").split()) <= ids


def test_the_definition_inside_is_the_package(maker: ModuleType) -> None:
    """The package that Papyrus applies, inside the UML file, has the features of the other one."""
    inside = etree.parse(PROFILE / "aic.profile.uml").getroot().find("eAnnotations/contents")
    alone = etree.parse(PROFILE / "aic.profile.ecore").getroot()

    def features(package: Any) -> dict[str, list[tuple[str, str]]]:
        return {
            c.get("name"): [(f.get("name"), f.get("upperBound", "1")) for f in c.iter("eStructuralFeatures")]
            for c in package.iterchildren("eClassifiers")
        }

    assert features(inside) == features(alone)
    assert inside.get("nsURI") == alone.get("nsURI")


@pytest.mark.parametrize("name", ["smart_intersection", "traffic_junction"])
def test_the_examples_apply_it(name: str) -> None:
    """The shipped models refer to the shipped profile, to its package and to ids that are there."""
    path = ROOT / "models" / name / f"{name}.uml"
    root = etree.parse(path).getroot()
    hrefs = {e.get("href") for e in root.iter() if "profile/aic" in (e.get("href") or "")}
    pairs = root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation").split()
    hrefs.add(pairs[pairs.index("http://aicompiler/profile/1") + 1])
    profile = etree.parse(PROFILE / "aic.profile.uml").getroot()
    ids = {e.get(f"{XMI}id") for e in profile.iter()}
    assert {h.partition("#")[2] for h in hrefs} == {"_aic", "_aic_ecore"} <= ids
    assert all((path.parent / h.partition("#")[0]).resolve() == PROFILE / "aic.profile.uml" for h in hrefs)
    _, said = load_system(path)
    assert not [d for d in said if "document" in d.rule]


def test_pyecore_instantiates_it() -> None:
    """The Ecore package loads with pyecore, and its classes hold the values of the table's examples."""
    from pyecore.resources import URI, ResourceSet

    resource = ResourceSet().get_resource(URI(str(PROFILE / "aic.profile.ecore")))
    unit = resource.contents[0].getEClassifier("ProcessingUnit")()
    unit.kind = "GPU"
    unit.operatingPoint.append("(frequency=(921,MHz), dynamicPower=(5,W))")
    assert (unit.kind, len(unit.operatingPoint)) == ("GPU", 1)


# --- Capella ----------------------------------------------------------------------------------------------


def test_capellambse_lists_the_domain(maker: ModuleType) -> None:
    """The library loads with capellambse; the domain has the groups and values of the table."""
    import capellambse

    model = capellambse.MelodyModel(str(PROFILE / "aic.aird"))
    (domain,) = model.pvmt.domains
    groups = {g.name: {v.name for v in g.property_values} for g in domain.groups}
    assert domain.name == "AIC"
    assert groups == {name: set(group["value"]) for name, group in maker.table()["group"].items()}
    kinds = next(v for g in domain.groups for v in g.property_values if v.name == "unit_kind")
    assert {literal.name for literal in kinds.type.literals} == {"UNSET", *UnitKind.__members__}
