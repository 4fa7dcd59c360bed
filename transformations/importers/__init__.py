"""Model files to ``System``: one importer a kind of file, one validation for all."""

from ._load import IMPORTERS, load_system
from ._validate import validate

__all__ = ["IMPORTERS", "load_system", "validate"]
