"""A content-keyed cache on disk: what was made from these bytes by this tool, once, is not made again.

An entry carries the digest of its content; one that does not verify is a miss and is removed.  Writers put a
finished file in its place by one rename, so any number of processes may share the folder.  The oldest entries
go when the cache outgrows its limit.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

LIMIT_BYTES = 512 * 1024 * 1024
SLACK = 64
"""A process may exceed the limit by this part of it before it looks."""
DIGEST = hashlib.sha256
DIGEST_BYTES = DIGEST().digest_size
MAGIC = b"aic-cache-1\n"
RESULTS_DEPEND_ON = (
    "islpy",
    "jinja2",
    "llvmlite",
    "lxml",
    "networkx",
    "numpy",
    "onnx",
    "ortools",
    "pycparser",
    "pyecore",
    "xdsl",
)


@dataclass(frozen=True)
class CacheInfo:
    """What a cache holds: entries and bytes, by stage."""

    folder: str
    limit_bytes: int
    entries: Mapping[str, int]
    bytes: Mapping[str, int]


@dataclass(frozen=True)
class Cache:
    """A folder of entries ``STAGE/KEY``; see ``default_folder``."""

    folder: Path
    limit_bytes: int = LIMIT_BYTES
    unseen: list[int] = field(default_factory=list, repr=False, compare=False)
    """Sizes of what was put since the whole folder was last looked at."""

    def get(self, stage: str, key: str) -> bytes | None:
        """The content stored under ``key``, or ``None`` if there is none that verifies."""
        path = self._path(stage, key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        content = _verified(raw)
        if content is None:
            path.unlink(missing_ok=True)
        else:
            with suppress(OSError):
                os.utime(path)  # the least recently used go first
        return content

    def put(self, stage: str, key: str, content: bytes) -> None:
        """Store ``content``; a cache that cannot be written to is only slower, never an error."""
        path = self._path(stage, key)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + DIGEST(content).digest() + zlib.compress(content, 1))
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)
            self._put(path)

    @property
    def of_stages(self) -> StageCache:
        """The same folder for stages, which do not know what tool they are part of."""
        return StageCache(self)

    def info(self) -> CacheInfo:
        """Entries and bytes by stage."""
        entries: dict[str, int] = {}
        sizes: dict[str, int] = {}
        for path in self._entries():
            stage = path.parent.name
            entries[stage] = entries.get(stage, 0) + 1
            sizes[stage] = sizes.get(stage, 0) + _size(path)
        return CacheInfo(str(self.folder), self.limit_bytes, entries, sizes)

    def clear(self) -> int:
        """Remove every entry; returns how many there were."""
        paths = list(self._entries())
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)

    def _path(self, stage: str, key: str) -> Path:
        return self.folder / stage / key

    def _entries(self) -> Iterator[Path]:
        yield from sorted(p for p in self.folder.glob("*/*") if not p.name.startswith("."))

    def _put(self, newest: Path) -> None:
        """Looking at all entries is worth it at first, and then after so many bytes only."""
        self.unseen.append(_size(newest))
        if len(self.unseen) == 1 or sum(self.unseen) >= self.limit_bytes // SLACK:
            self.unseen[:] = [0]
            self._evict(newest)

    def _evict(self, newest: Path) -> None:
        paths = sorted((p for p in self._entries() if p != newest), key=_used, reverse=True)
        room = self.limit_bytes - _size(newest)
        for path in paths:
            room -= _size(path)
            if room < 0:
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class StageCache:
    """A ``Store`` whose keys hold for the tool as it is installed."""

    cache: Cache

    def get(self, stage: str, key: str) -> bytes | None:
        """The content that this tool put under ``key``."""
        return self.cache.get(stage, key_of(key))

    def put(self, stage: str, key: str, content: bytes) -> None:
        """Keep ``content`` for this tool."""
        self.cache.put(stage, key_of(key), content)


def default_folder() -> Path:
    """``$AIC_CACHE_DIR``, else ``aicompiler`` in the user's cache folder."""
    if chosen := os.environ.get("AIC_CACHE_DIR"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aicompiler"


def key_of(*parts: object) -> str:
    """A key for what the tool, as installed, makes of ``parts`` (bytes, or anything JSON knows)."""
    digest = DIGEST(tool_fingerprint().encode())
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


@cache
def tool_fingerprint() -> str:
    """Digest of our own files, the versions of the packages that results depend on, and what plugs in."""
    digest = DIGEST()
    for name, content in sorted(_own_files(resources.files("aicompiler"), "")):
        digest.update(name.encode() + b"\0" + DIGEST(content).digest())
    for package in RESULTS_DEPEND_ON:
        digest.update(f"{package} {_version(package)}\n".encode())
    for plugged in sorted(_plugged_in()):
        digest.update(f"{plugged}\n".encode())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"  # an optional one


def _plugged_in() -> Iterator[str]:
    for distribution in metadata.distributions():
        for point in distribution.entry_points:
            if point.group.startswith("aicompiler."):
                yield f"{point.group} {point.name} {point.value} {distribution.version}"


def _own_files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__pycache__")):
            continue
        if entry.is_dir():
            yield from _own_files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _verified(raw: bytes) -> bytes | None:
    head = len(MAGIC)
    if not raw.startswith(MAGIC):
        return None
    try:
        content = zlib.decompress(raw[head + DIGEST_BYTES :])
    except zlib.error:
        return None
    return content if DIGEST(content).digest() == raw[head : head + DIGEST_BYTES] else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # another process removed it


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
