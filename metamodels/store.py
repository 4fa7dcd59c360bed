"""Where stages keep what they made, so that equal input need not be worked on twice.

A stage is a pure function and stays one: it asks a ``Store`` for the content under a key that is made of
everything its result depends on, and puts the content there if it had to be made.  Keys are made of contents
only; a store that outlives the process adds what tool makes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from .exact import to_data

T = TypeVar("T")


class Store(Protocol):
    """Content by stage and key; what ``get`` returns is what was ``put``, or nothing."""

    def get(self, stage: str, key: str) -> bytes | None:
        """The content put under ``key``, if it is still known."""

    def put(self, stage: str, key: str, content: bytes) -> None:
        """Keep ``content``."""


class NullStore:
    """Knows nothing and keeps nothing."""

    def get(self, stage: str, key: str) -> None:
        """Nothing."""

    def put(self, stage: str, key: str, content: bytes) -> None:
        """Keep nothing."""


NO_STORE = NullStore()


def content_key(*parts: Any) -> str:
    """One key for equal ``parts`` only: bytes, what JSON knows, dataclass trees."""
    digest = hashlib.sha256()
    for part in parts:
        raw = isinstance(part, bytes)
        content = part if raw else json.dumps(part, separators=(",", ":"), default=to_data).encode()
        digest.update((b"b" if raw else b"j") + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def recalled(
    store: Store,
    stage: str,
    key: Callable[[], str],
    make: Callable[[], T],
    pack: Callable[[T], bytes],
    unpack: Callable[[bytes], T],
) -> T:
    """What ``make`` gives, from ``store`` where it is known under ``key``; errors are raised, never kept."""
    if store is NO_STORE:
        return make()
    name = key()
    known = store.get(stage, name)
    if known is not None:
        return unpack(known)
    made = make()
    store.put(stage, name, pack(made))
    return made
