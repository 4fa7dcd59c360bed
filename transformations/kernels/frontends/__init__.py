"""Front ends: from a behaviour in some language to a kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aicompiler.metamodels.plugins import PluginTable
from aicompiler.metamodels.store import NO_STORE, Store, content_key, recalled
from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._codec import pack_kernel, unpack_kernel
from aicompiler.transformations.kernels._errors import unsupported
from aicompiler.transformations.kernels._kernel import Kernel, Signature

from ._contract import FileFrontEnd

# language in lower case -> a function (behaviour, signature) -> kernel, or a FileFrontEnd
FRONTENDS = PluginTable(
    "aicompiler.frontends",
    {
        "c": "aicompiler.transformations.kernels.frontends.c:C",
        "alf": "aicompiler.transformations.kernels.frontends.alf:parse_alf",
        "opencl": "aicompiler.transformations.kernels.frontends.gpu:parse_opencl",
        "opencl c": "aicompiler.transformations.kernels.frontends.gpu:parse_opencl",
        "cuda": "aicompiler.transformations.kernels.frontends.gpu:parse_cuda",
        "cuda c++": "aicompiler.transformations.kernels.frontends.gpu:parse_cuda",
        "hls": "aicompiler.transformations.kernels.frontends.hls:parse_hls",
        "hls c++": "aicompiler.transformations.kernels.frontends.hls:parse_hls",
        "onnx": "aicompiler.transformations.kernels.frontends.onnx:ONNX",
        "statemachine": "aicompiler.transformations.kernels.frontends.statemachine:parse_machine",
    },
)

STAGE = "lower"


def parse(
    behaviour: Behaviour, signature: Signature, store: Store = NO_STORE, folder: Path | None = None
) -> Kernel:
    """Lower a behaviour to verified MLIR; ``folder`` is the model's, for bodies that name files in it.

    Raises ``UnsupportedConstruct`` for what is outside the subset and for languages without a front end,
    ``ModelError`` for what is wrong; both name the line and what to write instead.
    """
    front_end = _front_end(behaviour)
    return recalled(
        store,
        STAGE,
        lambda: content_key(behaviour_key(behaviour, folder), signature),
        lambda: _parse(front_end, behaviour, signature, folder),
        pack_kernel,
        unpack_kernel,
    )


def behaviour_key(behaviour: Behaviour, folder: Path | None = None) -> str:
    """A key of all that a behaviour is: language, body and the content of the files that the body names."""
    front_end = _front_end(behaviour)
    digest = front_end.digest(behaviour, folder) if isinstance(front_end, FileFrontEnd) else ""
    return content_key(_language(behaviour), behaviour.body, digest)


def _parse(front_end: Any, behaviour: Behaviour, signature: Signature, folder: Path | None) -> Kernel:
    if isinstance(front_end, FileFrontEnd):
        return front_end.parse(behaviour, signature, folder)
    lower: Callable[[Behaviour, Signature], Kernel] = front_end
    return lower(behaviour, signature)


def _front_end(behaviour: Behaviour) -> Any:
    """What reads a behaviour's language; raises ``UnsupportedConstruct`` where nothing does."""
    language = _language(behaviour)
    if language not in FRONTENDS:
        known = ", ".join(FRONTENDS)
        raise unsupported(
            behaviour, 1, f"the language {behaviour.language!r}", f"write the body in one of: {known}"
        )
    return FRONTENDS.load(language)


def _language(behaviour: Behaviour) -> str:
    return behaviour.language.strip().lower()
