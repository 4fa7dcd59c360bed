"""AES-128 written in the subset computes the vectors of FIPS-197."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from aicompiler.transformations.kernels import interpret


def test_aes_128_computes_the_vectors_of_fips_197(body_of: Any, corpus: Path) -> None:
    """Appendix B and C.1: table, helpers with array arguments, bytes, loops."""
    kernel = body_of((corpus / "aes128.c").read_text(encoding="utf-8")).kernel()
    vectors = [
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "3243f6a8885a308d313198a2e0370734",
            "3925841d02dc09fbdc118597196a0b32",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            "00112233445566778899aabbccddeeff",
            "69c4e0d86a7b0430d8cdb78070b4c55a",
        ),
    ]
    for key, plain, cipher in vectors:
        inputs = {n: np.frombuffer(bytes.fromhex(t), np.uint8) for n, t in (("key", key), ("plain", plain))}
        assert interpret(kernel, inputs)["cipher"].tobytes().hex() == cipher
