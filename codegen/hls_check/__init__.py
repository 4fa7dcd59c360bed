"""An independent check of emitted HLS C++: pragmas name live loops and arrays, intervals are possible.

It reads the text back and recomputes dependences and port conflicts from what is written there; it shares no
code with the printer or with the passes that made the schedule.
"""

from __future__ import annotations

from aicompiler.metamodels.diagnostics import AicError
from aicompiler.transformations.kernels import Schedule

from ._check import check_hls


class HlsRefused(AicError):
    """Emitted HLS C++ that its check refuses: a defect of the target or of a schedule."""

    exit_code = 5


def require_hls(text: str, path: str = "", schedule: Schedule | None = None) -> None:
    """Raise ``HlsRefused`` with all that ``check_hls`` finds."""
    if found := check_hls(text, path, schedule):
        raise HlsRefused(found)


__all__ = ["HlsRefused", "check_hls", "require_hls"]
