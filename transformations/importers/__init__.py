"""Model files to ``System``: one importer a kind of file, one side-car and one validation for all."""

from ._gaps import sidecar_template
from ._library import library_names
from ._load import IMPORTERS, Draft, draft_system, find_sidecar, load_system
from ._overrides import apply_sidecar
from ._sidecar import Setting, Sidecar, parse_sidecar, read_sidecar, sidecar_path
from ._validate import validate

__all__ = [
    "IMPORTERS",
    "load_system",
    "Draft",
    "draft_system",
    "Setting",
    "Sidecar",
    "sidecar_path",
    "find_sidecar",
    "read_sidecar",
    "parse_sidecar",
    "apply_sidecar",
    "sidecar_template",
    "library_names",
    "validate",
]
