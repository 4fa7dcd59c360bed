"""Stage 8: the generated project, from tables and templates, and how it is written."""

from ._generate import generate_project
from ._vectors import SelfCheck, self_check_vectors
from ._write import write_project

__all__ = ["SelfCheck", "generate_project", "self_check_vectors", "write_project"]
