"""The metamodels are what their tables say, and the tables hold what the standards name."""

from __future__ import annotations

from pathlib import Path

import pytest
from aicompiler.metamodels.write_profiles import NAMES, BadTable, ecore_text
from lxml import etree

FOLDER = Path(__file__).resolve().parents[2] / "metamodels"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"

Classes = dict[str, tuple[set[str], list[str]]]


@pytest.mark.parametrize("name", NAMES)
def test_the_ecore_files_are_those_of_the_tables(name: str) -> None:
    """Nobody edits an .ecore by hand, and nobody forgets to write it."""
    table = (FOLDER / f"{name}.table").read_text(encoding="utf-8")
    assert (FOLDER / f"{name}.ecore").read_bytes() == ecore_text(name, table)


@pytest.mark.parametrize("line", ["A < B", "A\n    a-b", "A\n    -> x:B"])
def test_a_line_that_says_nothing_is_refused(line: str) -> None:
    """A class that does not exist or a feature that is none ends in a message with its text."""
    with pytest.raises(BadTable):
        ecore_text("uml", line)


def _classes(path: Path) -> Classes:
    found: Classes = {}
    for node in etree.parse(path).iter("eClassifiers"):
        if node.get(XSI) == "ecore:EClass":
            names = {f.get("name") for f in node.iter("eStructuralFeatures") if _is_written(f)}
            supers = [s.rpartition("/")[2] for s in (node.get("eSuperTypes") or "").split()]
            known = found.setdefault(node.get("name"), (set(), []))
            known[0].update(n for n in names if not n.startswith("base_"))
            known[1].extend(supers)
    return found


def _is_written(feature: etree._Element) -> bool:
    return not {"derived", "transient"} & {k for k, v in feature.attrib.items() if v == "true"}


def _all(classes: Classes, name: str) -> set[str]:
    pending, names, seen = [name], set[str](), set[str]()
    while pending:
        at = pending.pop()
        if at in classes and at not in seen:
            seen.add(at)
            names |= classes[at][0]
            pending += classes[at][1]
    return names


def test_every_metaclass_of_uml_is_bound(shared: Path) -> None:
    """All metaclasses; of their features all but those that only say what an element is in."""
    ours, standard = _classes(FOLDER / "uml.ecore"), _classes(shared / "reference" / "UML.ecore")
    assert standard.keys() <= ours.keys()
    missing = {n for c in standard for n in _all(standard, c) - _all(ours, c)}
    # Each is the other end of a containment, which XMI does not write.
    assert missing == {
        *("activity", "activityScope", "abstraction", "applyingPackage", "associationEnd", "boundElement"),
        *("class", "container", "datatype", "deployment", "enclosingInteraction", "enclosingOperand"),
        *("enumeration", "extension", "implementingClassifier", "importingNamespace", "inStructuredNode"),
        *("includingCase", "interaction", "interface", "location", "owningAssociation", "owningExpression"),
        *("owningInstance", "owningTemplateParameter", "protectedNode", "receivingPackage", "scope"),
        *("signature", "specific", "specificMachine", "state", "stateMachine", "substitutingClassifier"),
        *("superPartition", "template", "templateBinding", "useCase"),
    }


def test_every_stereotype_and_tag_of_marte_is_bound(shared: Path) -> None:
    """All sub-profiles of design and analysis, with all tags that are written."""
    ours, standard = _classes(FOLDER / "marte.ecore"), _classes(shared / "reference" / "MARTE.ecore")
    assert standard.keys() <= ours.keys()
    assert {f"{c}.{n}" for c in standard for n in _all(standard, c) - _all(ours, c)} == set()
