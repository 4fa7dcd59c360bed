"""Models of other people: whatever is in them, there is a system or there are located diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import AicError, Severity
from aicompiler.transformations.importers import load_system

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"
FILES = sorted(SHARED.glob("papyrus*/*.uml"))


@pytest.mark.skipif(not FILES, reason="the folder ../shared with outside models is absent")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_real_models_end_in_located_diagnostics(path: Path) -> None:
    """No traceback: an error names a file and a line."""
    try:
        _, diagnostics = load_system(path)
    except AicError as error:
        assert any(d.severity is Severity.ERROR for d in error.diagnostics)
        diagnostics = list(error.diagnostics)
    for diagnostic in diagnostics:
        assert diagnostic.source is not None
        assert diagnostic.source.file == path.name
        assert diagnostic.source.line > 0
        assert diagnostic.message
