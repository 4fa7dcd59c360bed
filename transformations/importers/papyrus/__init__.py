"""Import of Papyrus models: UML 2, MARTE, SysML."""

from ._importer import Papyrus

__all__ = ["Papyrus"]
