"""An independent check of emitted HLS C++: pragmas name live loops and arrays, intervals are possible.

It reads the text back and recomputes dependences and port conflicts from what is written there; it shares no
code with the printer or with the passes that made the schedule.
"""

from __future__ import annotations

from aicompiler.metamodels.diagnostics import AicError

from ._check import check_hls


class HlsRefused(AicError):
    """Emitted HLS C++ that its check refuses: a defect of the target or of a schedule."""

    exit_code = 5


__all__ = ["HlsRefused", "check_hls"]
