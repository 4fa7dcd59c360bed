"""Variants: several bodies of one entry, in any languages, that have to do the same as the first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, SelfCheckFailed, Severity
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Parameter, Signature, interpret, parse

from ._selfcheck import SelfCheck

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

TOLERANCE = {ElementType.F32: 1e-5, ElementType.F64: 1e-13}
"""Of the largest value of an array: variants may add in another order."""


def fits(variant: Behaviour, signature: Signature, folder: Path | None) -> bool:
    """Whether a variant can be lowered at these shapes."""
    try:
        parse(variant, signature, folder=folder)
    except ModelError:
        return False
    return True


def require_agreement(check: SelfCheck, variant: Behaviour, folder: Path | None) -> None:
    """Raise ``SelfCheckFailed`` where ``variant`` leaves other values than the jobs of ``check`` did.

    Integers and truth values agree exactly; floats to the tolerance of the largest value beside them.
    """
    kernel = parse(variant, check.kernel.signature, folder=folder)
    by_name = {p.name: p for p in kernel.signature.parameters}
    for number, (given, expected) in enumerate(check.jobs()):
        found = interpret(kernel, given)
        for name, values in expected.items():
            place = _difference(found[name], values, by_name[name])
            if place is not None:
                raise _disagrees(variant, name, place, number, found[name], values)


def _difference(found: Array, expected: Array, parameter: Parameter) -> tuple[int, ...] | None:
    """The first index at which two arrays differ."""
    import numpy as np

    if parameter.dtype.is_float:
        finite = np.abs(expected[np.isfinite(expected)])
        slack = TOLERANCE[parameter.dtype] * float(finite.max(initial=0.0))
        differs = ~np.isclose(found, expected, rtol=0, atol=slack, equal_nan=True)
    else:
        differs = found.astype(expected.dtype) != expected
    if not differs.any():
        return None
    return tuple(int(i) for i in np.argwhere(differs)[0])


def _disagrees(
    variant: Behaviour, name: str, place: tuple[int, ...], number: int, found: Array, expected: Array
) -> SelfCheckFailed:
    index = "".join(f"[{i}]" for i in place)
    message = (
        f"the variant in {variant.language} leaves {name}{index} = {found[place]} in job {number}, "
        f"the first behaviour {expected[place]}"
    )
    return SelfCheckFailed(
        Diagnostic(
            severity=Severity.ERROR,
            rule="variants-differ",
            message=message,
            next_step="let all behaviours of an operation do the same, or remove the variant",
            source=variant.source,
        )
    )
