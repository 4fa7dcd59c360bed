"""Back-annotation: what was decided and proved goes into the model that it was decided for."""

from ._annotate import Annotated, annotate
from ._results import Result, results_of

__all__ = ["annotate", "Annotated", "Result", "results_of"]
