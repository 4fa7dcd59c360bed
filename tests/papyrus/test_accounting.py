"""Everything in a file has one fate, and what is not understood is located with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.transformations.importers import Account, Accounting, Imported, ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus
from lxml import etree

Plant = Callable[..., Path]

GQAM = "http://www.eclipse.org/papyrus/GQAM/1"
MODELS = [
    *("papyrus-marte/artist_petstore_u2j", "papyrus-marte/chess_grides_modelSchedulability"),
    *("papyrus-marte/designer_ClientServerTimer", "papyrus-marte/dice_dpim_sequence"),
    *("papyrus-marte/dice_dtsm_storm", "papyrus-marte/seaa_train-ticket"),
    *("papyrus-sysml/arrowhead5", "papyrus-sysml/arrowhead_smartcity"),
    *("papyrus-sysml/cameo_CameoToCapella", "papyrus-sysml/sysml4modelica_two_tanks"),
]
OTHER_PROFILES = ("arrowhead", "SysML4Modelica")
NO_ELEMENT = ("it is applied to no element", "its element is not in the file")


def imported(path: Path) -> Imported:
    """What the importer makes of a file."""
    return Papyrus().load(path, ImportOptions())


@pytest.fixture(scope="module")
def accounts(shared: Path) -> dict[str, Accounting]:
    """The accounts of every outside UML model."""
    return {name: imported(shared / "models" / f"{name}.uml").accounting for name in MODELS}


def test_every_uml_model_there_is_stands_in_the_list(shared: Path) -> None:
    """No outside model is left out of the accounts."""
    found = {p.relative_to(shared / "models").with_suffix("") for p in (shared / "models").rglob("*.uml")}
    assert {str(p) for p in found} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_the_accounts_of_real_models_are_exact(name: str, accounts: dict[str, Accounting]) -> None:
    """Every item that the XML holds was used, bound, part of a library, or reported; none twice."""
    assert set(accounts[name].tallies) == set(Account)
    for account, tally in accounts[name].tallies.items():
        assert tally.exact, account


@pytest.mark.parametrize("name", MODELS)
def test_totals_are_what_a_plain_reading_of_the_xml_finds(
    name: str, shared: Path, accounts: dict[str, Accounting]
) -> None:
    """Elements are ids below a UML root, applications what stands beside it: no metamodel is needed."""
    root = etree.parse(shared / "models" / f"{name}.uml").getroot()
    uml = [n for n in root if etree.QName(n).localname == "Model" and "uml2" in etree.QName(n).namespace]
    ids = [k for n in uml for e in n.iter() for k in e.attrib if k.endswith("}id")]
    assert accounts[name].tallies[Account.ELEMENTS].total == len(ids)
    assert accounts[name].tallies[Account.APPLICATIONS].total == len(root) - len(uml)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_reported_is_located(name: str, accounts: dict[str, Accounting]) -> None:
    """Each reported item has a file, a line and a reason."""
    for tally in accounts[name].tallies.values():
        for left in tally.reported:
            assert left.source.file == f"{Path(name).name}.uml"
            assert left.source.line > 1
            assert left.reason


def test_how_much_of_real_models_is_understood(accounts: dict[str, Accounting]) -> None:
    """98 % of quantities, 95 % of MARTE and SysML applications that have an element, 99 % of references."""
    reported: Counter[Account] = Counter()
    total: Counter[Account] = Counter()
    orphans = other = outside = 0
    for name, accounting in accounts.items():
        for account, tally in accounting.tallies.items():
            total[account] += tally.total - tally.library
            reported[account] += len(tally.reported)
        applications = accounting.tallies[Account.APPLICATIONS].reported
        orphans += sum(left.reason in NO_ELEMENT for left in applications)
        other += sum(any(p in left.reason for p in OTHER_PROFILES) for left in applications)
        references = accounting.tallies[Account.REFERENCES].reported
        outside += sum("another document" in left.reason for left in references)
        # What an unknown profile's tags refer to is no reference of UML, MARTE or SysML.
        unknown = sum(left.reason.startswith("the feature") for left in references)
        assert not unknown or "arrowhead" in name
        outside += unknown
    values = 1 - reported[Account.NFP_VALUES] / total[Account.NFP_VALUES]
    known = total[Account.APPLICATIONS] - other
    applied = 1 - (reported[Account.APPLICATIONS] - other) / known
    inside = total[Account.REFERENCES] - outside
    resolved = 1 - (reported[Account.REFERENCES] - outside) / inside
    print(f"{total[Account.NFP_VALUES]} values {values:.2%}, {known} applications {applied:.2%}")
    print(f"({orphans} without an element), {inside} references inside {resolved:.2%}")
    assert total[Account.NFP_VALUES] > 150
    assert values >= 0.98
    assert applied >= 0.95
    assert resolved >= 0.99
    assert all(not a.tallies[Account.ELEMENTS].reported for a in accounts.values())


def test_inlined_libraries_are_no_statements_of_the_user(accounts: dict[str, Accounting]) -> None:
    """The MARTE library that seaa_train-ticket carries along (44 units, 18 types) is counted apart."""
    tallies = accounts["papyrus-marte/seaa_train-ticket"].tallies
    assert tallies[Account.APPLICATIONS].library == 103
    assert tallies[Account.ELEMENTS].library > 1000


def test_what_the_system_rests_on_is_used(example: Path) -> None:
    """In the shipped example nearly every tag value is used; nothing is left over."""
    accounting = imported(example).accounting
    assert accounting.exact
    assert all(not tally.reported for tally in accounting.tallies.values())
    values = accounting.tallies[Account.NFP_VALUES]
    assert values.used >= values.total - 1
    applications = accounting.tallies[Account.APPLICATIONS]
    assert applications.used > applications.bound


def test_a_model_with_errors_is_accounted_for(plant: Plant) -> None:
    """A model that gives no system still says what became of what it holds."""
    path = plant('<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>')
    result = imported(path)
    assert any(d.severity is Severity.ERROR for d in result.diagnostics)
    assert result.accounting.tallies[Account.ELEMENTS].total == 2
    assert result.accounting.exact


def test_each_fate_is_told_apart(plant: Plant) -> None:
    """Orphans, unknown profiles, unknown stereotypes, bad values, dangling ids: each with its reason."""
    path = plant(
        '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C">\n'
        '<ownedOperation xmi:id="_o" name="run" method="_gone"/></packagedElement>',
        '<GQAM:GaStep xmi:id="_1" base_Operation="_o">\n<execTime>(value=1</execTime></GQAM:GaStep>\n'
        '<GQAM:GaStep xmi:id="_2"/>\n<GQAM:GaStep xmi:id="_3" base_Operation="_lost"/>\n'
        '<GQAM:GaUnheard xmi:id="_4" base_Operation="_o"/>\n<x:Y xmi:id="_5" base_Class="_c" z="_o"/>',
        GQAM=GQAM,
        x="http://example.org/x/1",
    )
    tallies = imported(path).accounting.tallies
    assert [left.reason for left in tallies[Account.APPLICATIONS].reported] == [
        "it is applied to no element",
        "its element is not in the file",
        "its profile has no stereotype 'GaUnheard'",
        "the profile http://example.org/x/1 is not known",
    ]
    assert [left.source.xml_id for left in tallies[Account.APPLICATIONS].reported] == ["_2", "_3", "_4", "_5"]
    assert [(x.what, x.source.line) for x in tallies[Account.REFERENCES].reported] == [
        ("method _gone", 5),
        ("base _lost", 10),
        ("z _o", 12),
    ]
    (value,) = tallies[Account.NFP_VALUES].reported
    assert (value.what, value.source.line) == ("execTime of GaStep: (value=1", 8)
    assert all(tally.exact for tally in tallies.values())


def test_nothing_gets_lost_in_odd_places(plant: Plant) -> None:
    """Extensions of tools, unknown features and metaclasses, children of texts: counted and reported."""
    path = plant(
        '<xmi:Extension extender="T"><t xmi:id="_t" href="x#y"/></xmi:Extension>\n'
        '<packagedElement xmi:type="uml:Gadget" xmi:id="_g" name="G" uses="_c _nothing"/>\n'
        '<gadget xmi:type="uml:Class" xmi:id="_c" name="C"><ownedAttribute xmi:id="_a" name="a"/></gadget>\n'
        '<bare><deep xmi:id="_d"/></bare>\n'
        '<ownedComment xmi:id="_k"><body>text<b xmi:id="_b"/></body></ownedComment>'
    )
    tallies = imported(path).accounting.tallies
    assert tallies[Account.ELEMENTS].total == 8
    assert [left.source.xml_id for left in tallies[Account.ELEMENTS].reported] == [
        "_g",
        "_c",
        "_t",
        "_d",
        "_b",
    ]
    assert tallies[Account.REFERENCES].total == 2
    assert all(tally.exact for tally in tallies.values())
