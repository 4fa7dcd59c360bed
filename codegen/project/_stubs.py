"""Homes for hand-written code: one stub for each entry that has no behaviour."""

from __future__ import annotations

import re

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.system import Entry
from aicompiler.transformations.kernels import Signature

from ._render import Renderer
from ._views import declared

USER = "user/"
_SIGNATURE = re.compile(r"^void ([A-Za-z_][A-Za-z0-9_]*)\(([^;{]*)\);$", re.MULTILINE)


def stub(renderer: Renderer, entry: Entry, title: str, signature: Signature) -> GeneratedFile:
    """``user/NAME.c`` with the signature that the model asks for."""
    parameters = declared(signature)
    return renderer.file(
        f"{USER}{signature.name}.c",
        "stub.c.j2",
        title=title,
        element=entry.id,
        symbol=signature.name,
        prototype=", ".join(p.declaration for p in parameters) or "void",
        names=[p.name for p in parameters],
    )


def signature_in(text: str) -> str | None:
    """The first prototype in a stub, with single spaces: what tells whether the model has moved on."""
    found = _SIGNATURE.search(text)
    return " ".join(found[0].split()) if found else None
