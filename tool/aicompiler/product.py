"""What a build hands to its user, as one value that can be kept: files, messages, verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.cache import Cache, key_of
from aicompiler.codegen import GeneratedFile, GeneratedProject
from aicompiler.inputs import Inputs, unchanged

if TYPE_CHECKING:
    from aicompiler.transformations.importers import ImportOptions

STAGE = "build"
INPUTS = "inputs"


@dataclass(frozen=True)
class Product:
    """The output tree of a build, its verdict as data, and what was said about it."""

    project: GeneratedProject
    verdict: dict[str, Any]
    said: tuple[str, ...]


def build_key(
    model: Path, sidecar: Path | None, templates: Path | None, options: ImportOptions | None = None
) -> str | None:
    """The key of a build, from what the command names; ``recall`` and ``keep`` add what the model names.

    ``None`` where something cannot be read.
    """
    overrides = sorted(p for p in templates.rglob("*") if p.is_file()) if templates else []
    try:
        parts = [model.read_bytes(), sidecar.read_bytes() if sidecar else b""]
        parts += [part for p in overrides for part in (p.name.encode(), p.read_bytes())]
    except OSError:
        return None  # the build itself says what cannot be read
    return key_of(model.name, sidecar.name if sidecar else "", repr(options), *parts)


def recall(cache: Cache, key: str, folder: Path) -> Product | None:
    """The build kept under ``key``, if every file that it read from ``folder`` still holds the same."""
    inputs = cache.get(INPUTS, key)
    if inputs is None or not unchanged(json.loads(inputs), folder):
        return None
    packed = cache.get(STAGE, key_of(key, inputs))
    return None if packed is None else unpack(packed)


def keep(cache: Cache, key: str, inputs: Inputs, product: Product) -> None:
    """Keep a build, and which files it read."""
    listed = json.dumps(inputs).encode()
    cache.put(STAGE, key_of(key, listed), pack(product))
    cache.put(INPUTS, key, listed)


def pack(product: Product) -> bytes:
    """A product as bytes: a JSON line that says what follows, then the files' contents."""
    head = {
        "verdict": product.verdict,
        "said": product.said,
        "files": [[f.path, len(f.content), f.executable] for f in product.project.files],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(f.content for f in product.project.files)


def unpack(packed: bytes) -> Product:
    """The product of ``pack``; trace links are not kept, they are in the report already."""
    line, _, body = packed.partition(b"\n")
    head = json.loads(line)
    return Product(GeneratedProject(tuple(_files(head["files"], body))), head["verdict"], tuple(head["said"]))


def _files(index: list[tuple[str, int, bool]], body: bytes) -> Iterator[GeneratedFile]:
    start = 0
    for path, size, executable in index:
        yield GeneratedFile(path, body[start : start + size], executable=executable)
        start += size
