"""Which elements a glob of a side-car speaks of: by name, by qualified name or by its last parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from aicompiler.metamodels.system import Element


@dataclass(frozen=True)
class Names:
    """The names of one element; the first is the one that messages suggest."""

    all: tuple[str, ...]

    @classmethod
    def of(cls, element: Element, owner: str = "") -> Names:
        """Its name (behind that of its owner), and its qualified name and the ends of it after a ``::``."""
        qualified = element.source.qualified_name if element.source is not None else ""
        parts = qualified.split("::")
        tails = ["::".join(parts[n:]) for n in range(len(parts)) if parts[n]]
        own = [f"{owner}::{element.name}", element.name] if owner else [element.name]
        return cls(tuple(dict.fromkeys(n for n in (*own, *tails) if n)) or (element.id,))

    def plus(self, name: str) -> Names:
        """These names after another one."""
        return Names((name, *self.all))

    def match(self, pattern: str) -> bool:
        """Whether a glob (``*``, ``?``, ``[…]``; case counts) matches one of the names as a whole."""
        return any(fnmatchcase(name, pattern) for name in self.all)


def suggestion(pattern: str, candidates: Iterable[Names]) -> str:
    """A next step: the names that are close, else some of those there are."""
    every = list(candidates)
    names = list(dict.fromkeys(c.all[0] for c in every))
    close = get_close_matches(pattern, dict.fromkeys(n for c in every for n in c.all), n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    some = ", ".join(repr(n) for n in names[:8]) + (", …" if len(names) > 8 else "")
    return f"there are: {some}" if names else "the model has none"
