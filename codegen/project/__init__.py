"""Stage 8: the generated project, from tables and templates."""

from ._generate import generate_project
from ._selfcheck import SelfCheck
from ._vectors import self_check_vectors

__all__ = ["SelfCheck", "generate_project", "self_check_vectors"]
