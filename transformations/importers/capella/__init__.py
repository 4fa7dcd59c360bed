"""Import of Capella projects through capellambse."""

from ._importer import Capella

__all__ = ["Capella"]
