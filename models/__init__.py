"""Data that ships: example systems."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

EXAMPLES = {
    "smart_intersection": "smart_intersection/smart_intersection.uml",
    "traffic_junction": "traffic_junction/traffic_junction.uml",
    "level_crossing": "capella_junction/level_crossing.system.xmi",
}


def example_path(name: str) -> Path:
    """Where the shipped example ``name`` (a key of ``EXAMPLES``) is installed."""
    return Path(str(resources.files("aicompiler.models") / EXAMPLES[name]))
