"""Model files to ``System``: one importer a kind of file, one side-car and one validation for all."""

from ._accounting import Account, Accounting, Fate, Ledger, Left, Tally
from ._contract import Imported, Importer, ImportOptions
from ._gaps import sidecar_template
from ._library import library_names
from ._load import IMPORTERS, Draft, draft_system, examine, find_sidecar, load_system
from ._overrides import apply_sidecar
from ._rulebook import describe_rules
from ._rules import Rule
from ._sidecar import Setting, Sidecar, parse_sidecar, read_sidecar, sidecar_path
from ._validate import validate

__all__ = [
    "IMPORTERS",
    "Importer",
    "ImportOptions",
    "Imported",
    "Account",
    "Fate",
    "Ledger",
    "Left",
    "Tally",
    "Accounting",
    "load_system",
    "examine",
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
    "Rule",
    "describe_rules",
]
