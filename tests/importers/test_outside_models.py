"""Models of other people: whatever is in them, there is a system or there are located diagnostics."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.transformations.importers import Draft, examine
from aicompiler.transformations.importers._validate import walk

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"
MODELS = sorted(p for s in ("uml", "capella", "amxmi") for p in SHARED.rglob(f"*.{s}"))
PIECES = sorted(SHARED.rglob("*fragment"))[:2]
TAGS = re.compile(r"\b(SaStep|GaStep|RtFeature|HwProcessor|HwPLD|FlowPort|OpaqueBehavior)\b")

every_model = pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
pytestmark = pytest.mark.skipif(not MODELS, reason="the folder ../shared with outside models is absent")


@cache
def draft(path: Path) -> Draft:
    """What becomes of a model."""
    return examine(path)


@every_model
def test_real_models_end_in_located_diagnostics(path: Path) -> None:
    """No traceback: what is said names a file of the model, a line and, if it is wrong, what to do."""
    found = draft(path)
    for diagnostic in found.diagnostics:
        assert diagnostic.message
        assert diagnostic.source is not None
        assert path.name == diagnostic.source.file or list(path.parent.rglob(diagnostic.source.file))
        assert diagnostic.source.line > 0
        assert diagnostic.next_step or diagnostic.severity is Severity.NOTE
    assert found.accounting.exact


@every_model
def test_elements_of_real_models_have_ids_of_their_own(path: Path) -> None:
    """What one element of a model becomes several times over can be told apart."""
    ids = Counter(e.id for e in walk(draft(path).system))
    assert not [id_ for id_, count in ids.items() if count > 1]


@every_model
def test_advice_speaks_the_language_of_the_model(path: Path) -> None:
    """Nobody is told to apply a stereotype of UML to a model of Capella or AMALTHEA."""
    said = [f"{d.message}; {d.next_step}" for d in draft(path).diagnostics]
    assert path.suffix == ".uml" or not [text for text in said if TAGS.search(text)]


@pytest.mark.parametrize("path", PIECES, ids=lambda p: p.name)
def test_a_fragment_leads_to_its_project(path: Path) -> None:
    """A piece of a Capella project, of its model or its diagrams, is that project."""
    (whole,) = path.parent.parent.glob("*.capella")
    assert draft(path).system == draft(whole).system
