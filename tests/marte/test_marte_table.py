"""docs/reference/marte.md says of every tag what becomes of it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lxml import etree

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "marte.md"
PACKAGES = {"GQAM", "SAM", "PAM", "HLAM", "GRM", "Alloc", "GCM", "RSM", "RTComponentModel"}
FAMILIES = ("Hw", "SW_")  # the sub-packages of HRM and SRM


def tags() -> set[tuple[str, str]]:
    """Every stereotype with a tag of these packages, as the metamodel has them."""
    root = etree.fromstring((files("aicompiler.metamodels") / "marte.ecore").read_bytes())
    found = set()
    for package in root.iter("eSubpackages"):
        if package.get("name") in PACKAGES or package.get("name").startswith(FAMILIES):
            for stereotype in package.findall("eClassifiers"):
                tags = stereotype.findall("eStructuralFeatures")
                found |= {(stereotype.get("name"), tag.get("name")) for tag in tags}
    return found


def rows() -> list[list[str]]:
    """The cells of all rows of the page's tables."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] != "stereotype"]


def test_every_tag_has_a_row() -> None:
    """A tag that the metamodel gains fails here, with the row to fill in."""
    written = {(row[0], row[1]) for row in rows()}
    missing = "\n".join(f"| {s} | {t} |  |" for s, t in sorted(tags() - written))
    assert not missing, f"add to {PAGE.name}:\n{missing}"
    assert written <= tags()
    assert len(written) == len(rows())


def test_every_row_says_what_becomes_of_its_tag() -> None:
    """What is not used is bound, and has a reason."""
    for row in rows():
        assert len(row) == 3
        assert row[2].removeprefix("bound, not needed:").strip()
