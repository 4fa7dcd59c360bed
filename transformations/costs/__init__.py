"""Costs: what every entry takes on every unit, and where each number comes from."""

from __future__ import annotations

from ._figures import software_counts
from ._profile import Measurement, Profile
from ._software import SoftwareEstimate
from ._table import estimate_costs

__all__ = ["Measurement", "Profile", "SoftwareEstimate", "estimate_costs", "software_counts"]
