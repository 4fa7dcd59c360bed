"""Subscripts on flat pointers reach the same elements, however they are written, simply where they can."""

from __future__ import annotations

import random

import numpy as np
import pytest
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, interpret, parse

H, W, D = 6, 7, 5
SHAPES = {"flat": (H * W * D,), "plane": (H, W * D), "volume": (H, W, D)}
FORMS = [
    "(y * 7 + x) * 5 + z",
    "z + 5 * x + 35 * y",
    "y * 35 + (x - 1) * 5 + z",
    "(y - 1) * 35 + x * 5 + z - 1",
    "(6 - 1 - y) * 35 + (6 - x) * 5 + (4 - z)",
    "y * 35 + ((x + 1) % 7) * 5 + z",
    "y * 35 + min(x + 2, 6) * 5 + max(z - 2, 0)",
    "(y * 35 + x * 5 + z + 17) % 210",
    "(x * 6 + y) * 5 + z",
]
GUARDS = [
    "1",
    "x > 0",
    "y > 0 && z > 0",
    "!(x < 1 || y < 1 || z < 1)",
    "x + z > 3 && x + z < 9 && x > 0",
    "at >= 0",
]


def kernel(form: str, guard: str, shape: tuple[int, ...]) -> Kernel:
    """A copy through one subscript, under a guard; ``at`` is the subscript, tested against the array."""
    text = f"""\
// aic: global_size = 5,7,6
__kernel void f(__global const int *image, __global int *out)
{{
    int z = get_global_id(0), x = get_global_id(1), y = get_global_id(2);
    const int at = {form};
    int v = -1;
    if (({guard}) && at >= 0 && at < 210) v = image[{form}];
    out[(y * 7 + x) * 5 + z] = v;
}}
"""
    parameters = (
        Parameter("image", ElementType.I32, shape, Direction.IN),
        Parameter("out", ElementType.I32, shape, Direction.OUT),
    )
    return parse(Behaviour(id="f", name="f", language="OpenCL C", body=text), Signature("f", parameters))


def meant(form: str, guard: str, image: np.ndarray) -> list[int]:
    """The same by Python, whose remainders of these numbers, which are not negative, are C's."""
    test = guard.replace("&&", " and ").replace("||", " or ").replace("!(", "not (")
    result = []
    for y in range(H):
        for x in range(W):
            for z in range(D):
                names = {"x": x, "y": y, "z": z, "min": min, "max": max}
                at = eval(form, {"__builtins__": {}}, names)
                holds = eval(test, {"__builtins__": {}}, {**names, "at": at}) and 0 <= at < H * W * D
                result.append(int(image[at]) if holds else -1)
    return result


@pytest.mark.parametrize("form", FORMS)
def test_every_shape_gives_the_same_elements(form: str) -> None:
    """Guards that say something, or nothing, about the subscript; arrays of one, two and three dimensions."""
    image = np.random.default_rng(1).integers(0, 1000, H * W * D).astype(np.int32)
    for guard in random.Random(form).sample(GUARDS, 3):
        expected = meant(form, guard, image)
        for shape in SHAPES.values():
            got = interpret(kernel(form, guard, shape), {"image": image.reshape(shape)})["out"]
            assert list(got.ravel()) == expected, (guard, shape)


def test_plain_positions_need_no_division() -> None:
    """What guards and the index space make certain is split without a division."""
    for form, guard in ((FORMS[0], "1"), (FORMS[2], "x > 0"), (FORMS[3], "y > 0 && z > 0")):
        assert "arith.divsi" not in str(kernel(form, guard, (H, W, D)).module), form


def test_positions_that_may_leave_a_row_are_divided() -> None:
    """``x - 1`` without a guard may be the end of the row before: no pair of subscripts is certain."""
    assert "arith.divsi" in str(kernel("y * 35 + x * 5 + z - 1", "1", (H, W, D)).module)
