"""What a build hands to its user, as one value that can be kept: files, messages, verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.cache import key_of
from aicompiler.codegen import GeneratedFile, GeneratedProject

if TYPE_CHECKING:
    from aicompiler.transformations.importers import ImportOptions

STAGE = "build"
ONE_FILE_MODELS = frozenset({".uml", ".xmi"})
"""Models whose every byte is in one file; others may read files that a key would not know of."""


@dataclass(frozen=True)
class Product:
    """The output tree of a build, its verdict as data, and what was said about it."""

    project: GeneratedProject
    verdict: dict[str, Any]
    said: tuple[str, ...]


def build_key(
    model: Path, sidecar: Path | None, templates: Path | None, options: ImportOptions | None = None
) -> str | None:
    """The key of a build, from every byte that it reads; ``None`` where those are not known beforehand."""
    if model.suffix not in ONE_FILE_MODELS:
        return None
    overrides = sorted(p for p in templates.rglob("*") if p.is_file()) if templates else []
    try:
        parts = [model.read_bytes(), sidecar.read_bytes() if sidecar else b""]
        if names_files(parts[0]):
            return None
        parts += [part for p in overrides for part in (p.name.encode(), p.read_bytes())]
    except OSError:
        return None  # the build itself says what cannot be read
    return key_of(model.name, sidecar.name if sidecar else "", repr(options), *parts)


def names_files(model: bytes) -> bool:
    """Whether bodies of a model may be names of files, which are read too: those of networks are."""
    return b"onnx" in model.lower()


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
