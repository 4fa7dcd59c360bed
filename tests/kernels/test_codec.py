"""A kernel that was stored is the kernel: same text, same meaning, same schedules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import Area, ElementType, Unit, UnitKind
from aicompiler.transformations.kernels import (
    InterpretationError,
    Kernel,
    NamedConstant,
    interpret,
    kernel_key,
    pack_kernel,
    unpack_kernel,
)
from aicompiler.transformations.kernels.passes import default_schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BODIES = sorted(p.name for p in (Path(__file__).parent / "corpus" / "accepted").iterdir())
UNITS = (
    Unit(id="gpu", kind=UnitKind.GPU),
    Unit(id="fpga", kind=UnitKind.FPGA, area=Area(id="a", lut=50_000, ff=100_000, bram=200, dsp=200)),
)


def outcome(kernel: Kernel, inputs: Any) -> dict[str, bytes] | str:
    """What a job leaves, bit by bit, or what the interpreter says against it."""
    try:
        return {name: array.tobytes() for name, array in interpret(kernel, inputs).items()}
    except InterpretationError as error:
        return str(error)


def same(kernel: Kernel) -> Kernel:
    """The kernel from its bytes, after a look at the text."""
    packed = pack_kernel(kernel)
    stored = unpack_kernel(packed)
    assert stored == kernel
    assert kernel == stored
    assert pack_kernel(stored) == packed, "before the module is parsed"
    assert str(stored.module) == str(kernel.module)
    assert pack_kernel(stored) == packed, "and after"
    return stored


@pytest.mark.parametrize("name", BODIES)
def test_a_stored_kernel_is_the_kernel(name: str, corpus: Path, body_of: Any, inputs_for: Any) -> None:
    """Every body of the corpus: equal text, equal results of random jobs, equal schedules for each unit."""
    body = body_of((corpus / "accepted" / name).read_text())
    kernel = body.kernel()
    stored = same(kernel)
    random = np.random.default_rng(7)
    for _ in range(5):
        inputs = inputs_for(kernel.signature, random)
        assert outcome(stored, inputs) == outcome(kernel, inputs)
    for unit in UNITS:
        scheduled = default_schedule(kernel, unit)
        assert pack_kernel(default_schedule(stored, unit)) == pack_kernel(scheduled)
        same(scheduled)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wide=st.floats(), narrow=st.floats(width=32), number=st.integers(-(2**63), 2**63 - 1))
def test_constants_are_exact(wide: float, narrow: float, number: int, body_of: Any) -> None:
    """Any constant, infinities, NaN and negative zero too, has the same bits after storing."""
    body = body_of("// out f64 a, out f32 b, out i64 c\na = A; b = B; c = C;\n")
    values = {"A": (ElementType.F64, wide), "B": (ElementType.F32, narrow), "C": (ElementType.I64, number)}
    constants = tuple(NamedConstant(n, t, v) for n, (t, v) in values.items())
    kernel = replace(body, signature=replace(body.signature, constants=constants)).kernel()
    packed = pack_kernel(kernel)
    assert outcome(unpack_kernel(packed), {}) == outcome(kernel, {})


def test_a_changed_schedule_is_another_kernel(body_of: Any) -> None:
    """The key covers signature, module and schedule."""
    texts = [f"// in i32 x, out i32 y[8]\nfor (int i = 0; i < 8; i++) y[i] = x + {n};\n" for n in (1, 2)]
    kernels = [body_of(text).kernel() for text in texts]
    kernels += [default_schedule(kernels[0], unit) for unit in UNITS]
    kernels += [body_of(texts[0], "other").kernel()]
    assert len({kernel_key(kernel) for kernel in kernels}) == len(kernels)


@pytest.mark.parametrize("head", ["[]", "[1, 2]", '[["Signature", "f", [], []], ["Schedule"]]', "{"])
def test_a_broken_head_is_refused(head: str) -> None:
    """What is no signature and schedule makes no kernel."""
    with pytest.raises(ValueError, match=r".+"):
        unpack_kernel(f"{head}\nbuiltin.module {{}}".encode())
