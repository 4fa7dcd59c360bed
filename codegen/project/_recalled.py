"""Emitted kernels, from a store where kernel, target, place and what is known of the unit are the same."""

from __future__ import annotations

import json

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.exact import from_data, to_data
from aicompiler.metamodels.store import Store, content_key, recalled
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel, kernel_key

from ._kernels import EmittedKernel, emit

STAGE = "emit"
OF_THE_MODEL = frozenset({"source", "figures"})
"""What a model says of a unit besides the unit: where it stands in the file, where its numbers are from."""


def recalled_emit(
    store: Store, kernel: Kernel, unit: Unit | None, target: str, folder: str = ""
) -> EmittedKernel:
    """``emit``, done once for equal input."""
    return recalled(
        store,
        STAGE,
        lambda: content_key(kernel_key(kernel), to_data(unit, OF_THE_MODEL), target, folder),
        lambda: emit(kernel, unit, target, folder),
        _pack,
        _unpack,
    )


def _pack(emitted: EmittedKernel) -> bytes:
    """All but contents in a line, with each content's size, then the contents."""
    files = emitted.files
    head = {
        "emitted": to_data(emitted, {"files"}),
        "files": [to_data(f, {"content"}) for f in files],
        "sizes": [len(f.content) for f in files],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(f.content for f in files)


def _unpack(packed: bytes) -> EmittedKernel:
    line, _, body = packed.partition(b"\n")
    head = json.loads(line)
    files, start = [], 0
    for data, size in zip(head["files"], head["sizes"], strict=True):
        file = from_data(GeneratedFile, data, {"content": body[start : start + size]})
        files.append(file)
        start += size
    return from_data(EmittedKernel, head["emitted"], {"files": tuple(files)})
