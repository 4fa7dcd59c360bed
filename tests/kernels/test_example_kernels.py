"""Every behaviour of the shipped example is in the subset, at full and at reduced shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import Component
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import initial_state, interpret, parse, parse_entry, signature_of

REDUCED = {"H": 13, "W": 17}
NAMES = ["camera", "blur", "sobel", "blobs", "controller", "telemetry"]


@pytest.fixture(scope="module")
def components(request: pytest.FixtureRequest) -> dict[str, Component]:
    """The example's components by name."""
    path: Path = request.getfixturevalue("example")
    return {c.name: c for c in load_system(path)[0].components}


@pytest.mark.parametrize("name", NAMES)
def test_reduced_kernels_run(name: str, components: dict[str, Component], inputs_for: Any) -> None:
    """Lowered at 480 x 640, run at 13 x 17 for some jobs: no undefined behaviour, state carried on."""
    component = components[name]
    (entry,) = component.entries
    full = parse_entry(component, entry)
    signature = full.signature.at(**{n: REDUCED[n] for n in full.signature.shape_constants})
    kernel = parse(entry.behaviours[0], signature)
    rng = np.random.default_rng(5)
    state = initial_state(component)
    for _ in range(3):
        inputs = inputs_for(signature, rng)
        inputs |= {n: v % 1000 for n, v in inputs.items() if v.dtype == np.int32} | state
        outputs = interpret(kernel, inputs)
        state = {n: outputs[n] for n in state}
    assert set(outputs) == {p.name for p in signature.parameters if p.direction.value != "in"}
    assert signature_of(component, entry) == full.signature
