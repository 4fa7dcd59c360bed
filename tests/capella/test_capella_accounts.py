"""Every Capella project: imported or refused with places, and nothing of it lost without being counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.transformations.importers import Account, Imported, ImportOptions, examine
from aicompiler.transformations.importers.capella import Capella
from lxml import etree

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
PROJECTS = [
    "IFE/In-Flight Entertainment System",
    "fragmented_sysmodel/sysmodel",
    "pcm_library_project/Library Project",
    "pcm_library_test/Library Test",
    "pcm_pvmt/PVMTTest",
    "pcm_test7_0/Model Test 7.0",
    "vp_mass/MassProject",
    "vp_perfo/PerfoProject",
]
PROSE = {"name", "summary", "description", "review", "ReqIFText", "ReqIFLongName", "label"}
NUMBERED = re.compile(r"(perfo|mass):")


def files(model: Path) -> list[Path]:
    """The files of a project, found apart from the importer."""
    return [model, *sorted(model.parent.glob("fragments/*.capellafragment")), model.with_suffix(".afm")]


def load(shared: Path, name: str) -> tuple[Path, Imported]:
    """The model file of a project, and its import."""
    path = shared / "models" / "capella" / f"{name}.capella"
    return path, Capella().load(path, ImportOptions())


def elements(model: Path) -> list[etree._Element]:
    """All elements of all files of a project."""
    return [e for file in files(model) for e in etree.parse(str(file)).getroot().iter("*")]


def links(model: Path) -> list[str]:
    """All references of a project: words with a number sign in attributes that hold no prose."""
    words = [
        word
        for e in elements(model)
        for key, text in e.items()
        if key not in PROSE and (key != "value" or "Enumeration" in e.get(XSI_TYPE, ""))
        for word in text.split()
    ]
    return [w for w in words if re.fullmatch(r"[^#]*#[\w.-]+", w)]


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_is_accounted_for_to_the_last_element(name: str, shared: Path) -> None:
    """Elements, references, values and applications are as many as a walk of our own counts."""
    model, imported = load(shared, name)
    tallies = imported.accounting.tallies
    assert imported.accounting.exact
    every = elements(model)
    assert tallies[Account.ELEMENTS].total == sum(e.get("id") is not None for e in every)
    assert tallies[Account.REFERENCES].total == len(links(model))
    values = sum(e.get(XSI_TYPE, "").endswith("PropertyValue") for e in every)
    extensions = [e for e in every if e.tag == "ownedExtensions"]
    numbers = sum(len(e.attrib) - 2 for e in extensions if NUMBERED.match(e.get(XSI_TYPE, "")))
    assert tallies[Account.NFP_VALUES].total == values + numbers
    applied = sum(
        e.get(XSI_TYPE, "").endswith("PropertyValueGroup") and "appliedPropertyValueGroups" in e.attrib
        for e in every
    )
    assert tallies[Account.APPLICATIONS].total == applied + len(extensions)


@pytest.mark.parametrize("name", PROJECTS)
def test_what_is_reported_has_a_place_and_a_reason(name: str, shared: Path) -> None:
    """Each reported item leads to an element in a file, and is one that the file holds."""
    model, imported = load(shared, name)
    ids = {e.get("id") for e in elements(model)}
    for tally in imported.accounting.tallies.values():
        for left in tally.reported:
            assert left.reason and left.source.line > 0
            assert (model.parent / left.source.file).is_file()
            assert not left.source.xml_id or left.source.xml_id in ids


def test_nearly_all_values_and_references_are_understood(shared: Path) -> None:
    """At least 98 % of the values parse and 99 % of the references inside of files are resolved."""
    values = read = inner = followed = 0
    for name in PROJECTS:
        model, imported = load(shared, name)
        tally = imported.accounting.tallies[Account.NFP_VALUES]
        values, read = values + tally.total, read + tally.total - len(tally.reported)
        ids = {e.get("id") for e in elements(model)}
        own = [w for w in links(model) if w.startswith("#")]
        inner, followed = inner + len(own), followed + sum(w[1:] in ids for w in own)
        lost = [
            x for x in imported.accounting.tallies[Account.REFERENCES].reported if "has the id" in x.reason
        ]
        assert len(lost) == sum(w[1:] not in ids for w in own)
    assert read >= 0.98 * values > 0
    assert followed >= 0.99 * inner > 0


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_ends_in_located_diagnostics(name: str, shared: Path) -> None:
    """No project is unreadable: what is missing for a build is said at an element."""
    draft = examine(shared / "models" / "capella" / f"{name}.capella")
    assert draft.failed  # none of them gives times and periods
    for diagnostic in draft.diagnostics:
        assert diagnostic.source is not None and diagnostic.source.file and diagnostic.source.line
        assert diagnostic.severity is not Severity.ERROR or diagnostic.next_step
