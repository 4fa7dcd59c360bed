"""Homes for hand-written code: one stub for each entry that has no behaviour."""

from __future__ import annotations

from aicompiler.codegen import USER, GeneratedFile
from aicompiler.metamodels.system import Entry, UnitKind
from aicompiler.transformations.kernels import Parameter, Signature

from ._render import Renderer
from ._views import declared


def stub(renderer: Renderer, entry: Entry, title: str, signature: Signature) -> GeneratedFile:
    """``user/NAME.c`` with the signature that the model asks for; until it is written it takes its time."""
    parameters = declared(signature)
    return renderer.file(
        f"{USER}{signature.name}.c",
        "stub.c.j2",
        title=title,
        element=entry.id,
        symbol=signature.name,
        prototype=", ".join(p.declaration + _extents(p.parameter) for p in parameters) or "void",
        names=[p.name for p in parameters],
        time_ns=_usual_time(entry),
    )


def _extents(parameter: Parameter) -> str:
    """The shape, as a comment: it belongs to the signature, though C's type of the pointer leaves it out."""
    return f" /* {''.join(f'[{n}]' for n in parameter.shape)} */" if parameter.shape else ""


def _usual_time(entry: Entry) -> int:
    """What the model says it usually takes on a CPU, in ns; 0 where it says nothing."""
    given = [t for t in entry.times if t.unit_kind is UnitKind.CPU]
    return max((t.acet_ns or t.wcet_ns or 0 for t in given), default=0)
