"""Machines as text and as drawn, and the batches of kernels that the tests of targets use."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "targets")]
