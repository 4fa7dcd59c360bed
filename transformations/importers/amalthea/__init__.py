"""Import of AMALTHEA models (Eclipse APP4MC), ``.amxmi`` 0.9 and newer."""

from ._importer import Amalthea

__all__ = ["Amalthea"]
