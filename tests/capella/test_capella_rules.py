"""Small changes of real projects: each has the meaning, or ends in the diagnostic, that is documented."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Severity, UnreadableInput
from aicompiler.metamodels.system import Periodic
from aicompiler.transformations.importers import Account, Imported, ImportOptions
from aicompiler.transformations.importers.capella import Capella
from lxml import etree

Elements = dict[str, etree._Element]
Edited = Callable[..., Path]
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
CORE = "org.polarsys.capella.core.data.capellacore"
MAIN = "IFE/In-Flight Entertainment System.capella"
PERFO = "vp_perfo/PerfoProject.capella"
PVMT = "pcm_pvmt/PVMTTest.capella"
LIBRARY = "pcm_library_project/Library Project.capella"
FRAGMENTED = "fragmented_sysmodel/sysmodel.capella"
# Of the performance project: the actor that carries all functions, a function without a time, a chain.
ACTOR, FUNCTION_1, CHAIN_1 = (
    "8600de3b-dac5-46d6-87e7-b7264b968fa8",
    "1a2c88e2-a7e7-4706-bdb9-11436ea4a4ce",
    "2f20fff2-d094-4828-be92-41f381096b9c",
)
CPU, CABLE = "f547f324-67c5-4b93-bd20-6fa880f68e44", "0fb1fbfb-43a6-4f96-9ec3-2cb83d80c702"


def no_change(_: Elements) -> None:
    """Leave a project as it is."""


@pytest.fixture
def edited(shared: Path, tmp_path: Path) -> Edited:
    """A copy of a project with a change of its model file."""

    def edit(name: str, change: Callable[[Elements], None] = no_change) -> Path:
        source = shared / "models" / "capella" / name
        path = tmp_path / name
        for file in (f for f in source.parent.rglob("*") if f.is_file()):
            target = path.parent / file.relative_to(source.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        tree = etree.parse(str(path))
        change({e.get("id"): e for e in tree.getroot().iter("*") if e.get("id")})
        tree.write(str(path), encoding="UTF-8", xml_declaration=True)
        return path

    return edit


def load(path: Path, root: str = "") -> Imported:
    """An import whose accounts balance."""
    imported = Capella().load(path, ImportOptions(root=root))
    assert imported.accounting.exact
    return imported


def said(imported: Imported, rule: str) -> list[str]:
    """The messages of one rule; each names a line."""
    assert all(d.source is not None and d.source.line for d in imported.diagnostics)
    return [d.message for d in imported.diagnostics if d.rule == rule]


def behaviour(elements: Elements) -> None:
    """Make the actor that carries all functions a behaviour component, and give each of them a time."""
    elements[ACTOR].attrib.pop("actor")
    elements[ACTOR].set("nature", "BEHAVIOR")
    extension(elements[FUNCTION_1], "perfo:TimeConsumption", value="7.5")


def extension(owner: etree._Element, kind: str, **attributes: str) -> None:
    """A viewpoint extension of an element."""
    etree.SubElement(owner, "ownedExtensions", {TYPE: kind, "id": f"ext-{owner.get('id')}", **attributes})


def value(owner: etree._Element, kind: str, name: str, text: str, unit: str = "") -> etree._Element:
    """A property value of an element, with a unit as PVMT writes it."""
    attributes = {TYPE: f"{CORE}:{kind}PropertyValue", "id": f"{owner.get('id')}.{name}", "name": name}
    made = etree.SubElement(owner, "ownedPropertyValues", {**attributes, "value": text})
    if unit:
        value(made, "String", "__UNIT__", unit)
    return made


# --- times ------------------------------------------------------------------------------------------------


def test_times_of_functions_add_up(edited: Edited) -> None:
    """A component without a time of its own has the sum of those of its functions, in ms."""
    imported = load(edited(PERFO, behaviour))
    (component,) = imported.system.components
    (time,) = component.entries[0].times
    assert time.wcet_ns == 137_500_000  # 7.5 + 60 + 20 + 50 ms
    assert imported.accounting.tallies[Account.NFP_VALUES].used == 4
    assert len(said(imported, "unit-assumed")) == 4


def test_a_time_of_its_own_comes_before_those_of_functions(edited: Edited) -> None:
    """Period, deadline and time of a component are its property values, with the units they have."""

    def change(elements: Elements) -> None:
        behaviour(elements)
        value(elements[ACTOR], "Float", "WCET", "1.5", "ms")
        value(elements[ACTOR], "Integer", "Period", "20", "ms")
        value(elements[ACTOR], "String", "Deadline", "15 ms")

    (component,) = load(edited(PERFO, change)).system.components
    (entry,) = component.entries
    assert entry.times[0].wcet_ns == 1_500_000
    assert entry.activation == Periodic(period_ns=20_000_000)
    assert entry.deadline_ns == 15_000_000


def test_a_sum_with_a_gap_is_no_time(edited: Edited) -> None:
    """Where one of its functions has no time, a component has none and the function is named."""

    def change(elements: Elements) -> None:
        elements[ACTOR].attrib.pop("actor")
        elements[ACTOR].set("nature", "BEHAVIOR")

    imported = load(edited(PERFO, change))
    assert imported.system.components[0].entries[0].times == ()
    (message,) = said(imported, "time-incomplete")
    assert "'PhysicalFunction 1' has no time" in message


def test_the_capacity_of_a_chain_is_the_deadline_of_its_flow(edited: Edited) -> None:
    """TimeCapacity counts in ms; a chain within one component is a flow of one entry."""

    def change(elements: Elements) -> None:
        behaviour(elements)
        (capacity,) = elements[CHAIN_1].iterchildren("ownedExtensions")
        capacity.set("value", "200")

    flows = {f.id: f for f in load(edited(PERFO, change)).system.application.flows}
    assert flows[CHAIN_1].deadline_ns == 200_000_000
    assert len(flows[CHAIN_1].entries) == 1


@pytest.mark.parametrize("text", ["-5", "soon", "10 parsec"])
def test_a_time_that_is_none_is_said(text: str, edited: Edited) -> None:
    """A value that is no time is a warning at its element, never a time."""

    def change(elements: Elements) -> None:
        behaviour(elements)
        value(elements[ACTOR], "String", "wcet", text)

    imported = load(edited(PERFO, change))
    assert said(imported, "value-not-understood")
    assert imported.system.components[0].entries[0].times[0].wcet_ns == 137_500_000


# --- property values --------------------------------------------------------------------------------------


def test_the_unit_of_a_domain_holds_for_its_copies(edited: Edited) -> None:
    """An applied value without a unit has that of its definition, and a missing one has its default."""

    def change(elements: Elements) -> None:
        (group,) = (g for g in elements[CPU].iterchildren("ownedPropertyValueGroups"))
        definitions = elements[group.get("appliedPropertyValueGroups")[1:]]
        value(definitions, "Float", "Frequency", "100", "MHz")
        value(definitions, "Integer", "Cores", "6")
        copy = value(group, "Float", "Frequency", "800")
        copy.set("appliedPropertyValues", f"#{definitions.get('id')}.Frequency")

    imported = load(edited(PVMT, change))
    (unit,) = (u for u in imported.system.units if u.name == "CPU")
    assert unit.operating_points[0].frequency_hz == 800_000_000
    assert unit.cores == 6
    assert not any("'CPU'" in message for message in said(imported, "clock-assumed"))


def test_values_out_of_their_scope_do_not_count(edited: Edited) -> None:
    """A group that is meant for cables says nothing of a processor, and is reported there."""

    def change(elements: Elements) -> None:
        (group,) = (g for g in elements[CPU].iterchildren("ownedPropertyValueGroups"))
        group.set("appliedPropertyValueGroups", f"#{CABLE}")
        value(group, "Float", "Frequency", "800", "MHz")

    imported = load(edited(PVMT, change))
    (message,) = said(imported, "out-of-scope")
    assert "PhysicalLink" in message
    assert len(imported.accounting.tallies[Account.APPLICATIONS].reported) == 1
    assert imported.system.units[0].operating_points[0].frequency_hz == 1_000_000_000


def test_a_value_of_no_number_is_reported(edited: Edited) -> None:
    """A float that is a word, and a choice whose literal is gone, are reported with their reason."""

    def change(elements: Elements) -> None:
        value(elements[CPU], "Float", "price", "cheap")
        value(elements[CPU], "Enumeration", "choice", "#gone")

    reported = load(edited(PVMT, change)).accounting.tallies[Account.NFP_VALUES].reported
    assert [left.reason for left in reported] == [
        "'cheap' is no value of float",
        "its literal is not in the project",
    ]


def test_an_unknown_viewpoint_is_reported(edited: Edited) -> None:
    """An extension that nobody here knows is counted as an element, an application and its values."""

    def change(elements: Elements) -> None:
        space = {"odd": "http://example.org/odd"}
        attributes = {TYPE: "odd:Thing", "id": "odd-1", "weight": "5"}
        etree.SubElement(elements[CPU], "ownedExtensions", attributes, nsmap=space)

    tallies = load(edited(PVMT, change)).accounting.tallies
    for account in (Account.ELEMENTS, Account.APPLICATIONS, Account.NFP_VALUES):
        (left,) = (x for x in tallies[account].reported if x.source.xml_id == "odd-1")
        assert "http://example.org/odd" in left.reason


# --- which system -----------------------------------------------------------------------------------------


def second_system(elements: Elements) -> None:
    """A second system with behaviour at the top of the physical layer."""
    (top,) = (e for e in elements.values() if e.get(TYPE, "").endswith("PhysicalComponentPkg"))
    kind = {TYPE: "org.polarsys.capella.core.data.pa:PhysicalComponent"}
    attributes = {**kind, "id": "second", "name": "Second", "nature": "BEHAVIOR"}
    etree.SubElement(top, "ownedPhysicalComponents", attributes)


def test_several_systems_are_an_error_that_lists_them(edited: Edited) -> None:
    """Without --root the candidates are named; with it the one that is asked for is imported."""

    def change(elements: Elements) -> None:
        behaviour(elements)
        second_system(elements)

    path = edited(PERFO, change)
    (message,) = said(load(path), "several-roots")
    assert "PA 2" in message and "Second" in message
    assert [c.name for c in load(path, "Second").system.components] == ["Second"]
    assert [c.name for c in load(path, ACTOR).system.components] == ["PA 2"]
    both = load(path, "Physical Architecture")
    assert [c.name for c in both.system.components] == ["PA 2", "Second"]


def test_a_layer_can_be_asked_for(shared: Path) -> None:
    """The logical layer of a project with a physical one is imported by its name."""
    imported = load(shared / "models" / "capella" / MAIN, "Logical Architecture")
    names = {c.name for c in imported.system.components}
    assert "Cabin Screen" in names and "Passenger" not in names and len(names) == 12
    assert not said(imported, "logical-layer")
    (message,) = said(load(shared / "models" / "capella" / MAIN, "Nowhere"), "unknown-root")
    assert "Nowhere" in message


# --- other files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".aird", ".afm"])
def test_files_of_a_project_lead_to_its_model(suffix: str, shared: Path) -> None:
    """The file that people double-click names the project too."""
    path = shared / "models" / "capella" / PVMT
    assert Capella().handles(path.with_suffix(suffix))
    assert load(path.with_suffix(suffix)) == load(path)


def test_a_project_of_an_old_release_is_read(edited: Edited) -> None:
    """The extension of Capella 1.3 and its namespaces make no difference."""
    path = edited(MAIN)
    text = path.read_text(encoding="utf-8")
    for version in ("7.1.0", "7.0.0"):
        text = text.replace(version, "1.3.0")
    old = path.with_suffix(".melodymodeller")
    old.write_text(text, encoding="utf-8")
    before, after = load(path).system, load(old).system
    assert [f.entries for f in after.application.flows] == [f.entries for f in before.application.flows]
    assert [a.id for a in after.allocations] == [a.id for a in before.allocations]


def test_a_missing_library_is_said_where_it_is_named(edited: Edited, shared: Path) -> None:
    """Beside the project nothing is read; in the folder the library is found and counted as one."""
    path = edited(LIBRARY)
    alone = load(path)
    assert len(said(alone, "missing-library")) == 1
    assert len(alone.accounting.tallies[Account.REFERENCES].reported) == 17
    folder = path.parent / "Library Test"
    folder.mkdir()
    for file in (shared / "models" / "capella" / "pcm_library_test").glob("*.[ac][fa]*"):
        shutil.copyfile(file, folder / file.name)
    together = load(path)
    assert not said(together, "missing-library")
    assert not together.accounting.tallies[Account.REFERENCES].reported
    assert together.accounting.tallies[Account.ELEMENTS].library > 100
    assert together.system == alone.system


def test_a_missing_fragment_is_said_where_it_is_referred_to(edited: Edited) -> None:
    """What the fragment held is reported; the rest is a system."""
    path = edited(FRAGMENTED)
    whole = load(path)
    (path.parent / "fragments" / "SA-Data.capellafragment").unlink()
    rest = load(path)
    lost = rest.accounting.tallies[Account.REFERENCES].reported
    assert len(lost) > len(whole.accounting.tallies[Account.REFERENCES].reported)
    assert any("SA-Data" in left.reason for left in lost)
    assert [c.name for c in rest.system.components] == [c.name for c in whole.system.components]


def test_a_reference_to_nothing_is_said_where_it_is_used(edited: Edited) -> None:
    """A part without its type, and an allocation without its function, are warnings with a line."""

    def change(elements: Elements) -> None:
        behaviour(elements)
        allocation = next(elements[ACTOR].iterchildren("ownedFunctionalAllocation"))
        allocation.set("targetElement", "#nowhere")

    (message,) = said(load(edited(PERFO, change)), "dangling-reference")
    assert "targetElement" in message and "nowhere" in message


def test_an_id_that_is_used_twice_is_an_error(edited: Edited) -> None:
    """Both places are named: nothing can be said to belong to one of them."""

    def change(elements: Elements) -> None:
        elements[FUNCTION_1].set("id", ACTOR)

    (message,) = said(load(edited(PERFO, change)), "duplicate-id")
    assert ACTOR in message


def test_an_element_that_is_wrong_twice_is_reported_once(edited: Edited) -> None:
    """An element of an unknown viewpoint whose id another one has is one item of the accounts."""

    def change(elements: Elements) -> None:
        space = {"odd": "http://example.org/odd"}
        etree.SubElement(elements[ACTOR], "ownedExtensions", {TYPE: "odd:Thing", "id": ACTOR}, nsmap=space)

    imported = load(edited(PERFO, change))
    assert said(imported, "duplicate-id")
    reported = imported.accounting.tallies[Account.ELEMENTS].reported
    assert [left.source.xml_id for left in reported].count(ACTOR) == 1


# --- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<a><b></a>", "not-xml"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a/>', "document-type"),
        (b'<a xmlns="http://example.org/a"/>', "not-capella"),
        (b"<a/>", "not-capella"),
        (b"", "empty-file"),
    ],
)
def test_what_is_no_project_is_refused(content: bytes, rule: str, tmp_path: Path) -> None:
    """Other files end in one located refusal."""
    path = tmp_path / "model.capella"
    path.write_bytes(content)
    with pytest.raises(UnreadableInput) as caught:
        Capella().load(path, ImportOptions())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.rule == rule and diagnostic.severity is Severity.ERROR


def test_nothing_outside_of_the_folder_is_read(edited: Edited, tmp_path: Path) -> None:
    """A path that leaves the folder, and a link that does, are not followed."""
    secret = tmp_path / "secret.capellafragment"
    secret.write_text("<not xml", encoding="utf-8")

    def change(elements: Elements) -> None:
        elements[CPU].set("involved", "x:Y ../secret.capellafragment#1 x:Y link.capellafragment#2")

    path = edited(PVMT, change)
    (path.parent / "link.capellafragment").symlink_to(secret)
    lost = load(path).accounting.tallies[Account.REFERENCES].reported
    assert len(lost) == 2


def test_fragments_that_contain_each_other_end(edited: Edited) -> None:
    """Two files that include each other are a system or an error, never an endless walk."""

    def change(elements: Elements) -> None:
        (top,) = (e for e in elements.values() if e.get(TYPE, "").endswith("PhysicalComponentPkg"))
        etree.SubElement(top, "ownedPhysicalComponents", {"href": "loop.capellafragment#loop"})

    path = edited(PVMT, change)
    tree = etree.parse(str(path)).getroot()
    package = next(e.get("id") for e in tree.iter("*") if e.get(TYPE, "").endswith("PhysicalComponentPkg"))
    space = 'xmlns:pa="http://www.polarsys.org/capella/core/pa/7.0.0"'
    loop = f'<ownedPhysicalComponentPkgs href="{path.name}#{package}"/>'
    text = f'<pa:PhysicalComponent {space} id="loop" name="Loop">{loop}</pa:PhysicalComponent>'
    (path.parent / "loop.capellafragment").write_text(text, encoding="utf-8")
    assert load(path).system.components
