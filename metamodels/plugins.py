"""One visible table of names a plug-in point; third parties extend it by an entry point of the same name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from .diagnostics import AicError, Diagnostic, Severity


class UnknownPlugin(AicError):
    """A name that no table and no entry point knows."""

    exit_code = 2


class PluginClash(AicError):
    """Two packages claim one name."""

    exit_code = 2


@dataclass(frozen=True)
class PluginTable:
    """Names of one plug-in point (``group``) and the "module:Attribute" of each, imported when asked."""

    group: str
    builtin: Mapping[str, str]

    def __iter__(self) -> Iterator[str]:
        """All known names, the shipped ones first and in table order."""
        return iter(self._paths)

    def load(self, name: str) -> Any:
        """Import what ``name`` stands for; raises ``UnknownPlugin`` with the names there are."""
        if (path := self._paths.get(name)) is None:
            known = ", ".join(sorted(self._paths))
            raise UnknownPlugin(_error(f"unknown {self.group} {name!r}", f"use one of: {known}"))
        module, _, attribute = path.partition(":")
        return getattr(import_module(module), attribute)

    @cached_property
    def _paths(self) -> dict[str, str]:
        paths = dict(self.builtin)
        for point in entry_points(group=self.group):
            if paths.setdefault(point.name, point.value) != point.value:
                text = f"{self.group} {point.name!r} is both {paths[point.name]} and {point.value}"
                raise PluginClash(_error(text, "uninstall one of the two packages"))
        return paths


def _error(message: str, next_step: str) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, rule="plugin", message=message, next_step=next_step)
