"""Makes the helpers of these tests, and those of the targets' tests, importable."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "targets"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
