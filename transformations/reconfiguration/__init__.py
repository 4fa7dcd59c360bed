"""Plans, made and checked before shipping: what the system does when a unit fails."""

from ._single_failures import plan_single_failures, without_unit

__all__ = ["plan_single_failures", "without_unit"]
