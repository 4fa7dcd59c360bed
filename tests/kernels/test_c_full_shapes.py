"""The example's kernels at full shapes mean what their C means, compiled without optimisation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import initial_state, parse_entry
from aicompiler.transformations.kernels.frontends.c import split_body
from aicompiler.transformations.kernels.passes import default_schedule

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "targets"))

from batches import UNITS, batch

TARGETS = ["c", "llvm", "opencl", "hls"]


@pytest.mark.long
def test_full_shapes_agree_with_the_unscheduled_body(
    example: Path, body_of: Any, inputs_for: Any, reference: Any, tmp_path: Path
) -> None:
    """480 x 640 pixels, two jobs in a row: the same bits from gcc -O0 of the body and from every target."""
    checked = 0
    for component in load_system(example)[0].components:
        (entry,) = component.entries
        if entry.behaviours[0].language != "C":
            continue
        kernel = parse_entry(component, entry, folder=example.parent)
        functions, statements = split_body(entry.behaviours[0])
        body = type(body_of("// \n"))(f"{functions}\n// step\n{statements}", kernel.signature)
        plain = reference(body)
        rng = np.random.default_rng(17)
        inputs = inputs_for(kernel.signature, rng)
        inputs |= {n: v % 1000 for n, v in inputs.items() if v.dtype == np.int32} | initial_state(component)
        for target in TARGETS:
            run = batch(target, [default_schedule(kernel, UNITS[target])], tmp_path)
            values = dict(inputs)
            for _ in range(2):
                want = plain(values)
                assert want is not None
                got = run(default_schedule(kernel, UNITS[target]), values)
                for name, array in want.items():
                    np.testing.assert_array_equal(
                        got[name], array, err_msg=f"{name} of {kernel.name} in {target}"
                    )
                values |= {n: v for n, v in want.items() if n in values}
        checked += 1
    assert checked >= 4
