"""Costs: what every entry takes on every unit, and where each number comes from."""

from __future__ import annotations

from ._profile import Measurement, Profile
from ._table import estimate_costs

__all__ = ["Measurement", "Profile", "estimate_costs"]
