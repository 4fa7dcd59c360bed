"""Plans, made and checked before shipping: what the system does when a unit fails."""

from ._reduced import shedding, with_components, without_unit
from ._single_failures import plan_single_failures

__all__ = ["plan_single_failures", "shedding", "with_components", "without_unit"]
