"""A small application, with whatever a test draws beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.transformations.importers import ImportOptions, examine

sys.path.insert(0, str(Path(__file__).resolve().parent))

from drawings import Drawn, write


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Drawn]:
    """Import the application with drawn elements and applied stereotypes; ``board`` keeps its CPU."""

    def build(elements: str = "", stereotypes: str = "", *, board: bool = False, keep: bool = False) -> Drawn:
        path = write(tmp_path / "model.uml", elements, stereotypes, board=board)
        found = examine(path, options=ImportOptions(keep_allocation=keep))
        return found.system, list(found.diagnostics)

    return build
