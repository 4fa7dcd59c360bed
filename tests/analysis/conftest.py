"""The folder's own helper modules can be imported by its tests; the correct case is a fixture."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from small_case import Case, small_case


@pytest.fixture(scope="session")
def case() -> Case:
    """A correct system with its costs and deployment; frozen, so shared."""
    return small_case()
