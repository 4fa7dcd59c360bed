"""What became of everything a model file holds: nothing is lost without being counted and located."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aicompiler.metamodels.system import Source


class Account(Enum):
    """What is counted: the value is the key in ``check --json``."""

    ELEMENTS = "elements"
    APPLICATIONS = "applications"
    REFERENCES = "references"
    NFP_VALUES = "nfp_values"


class Fate(Enum):
    """What became of one item.

    ``USED``: the system holds it.  ``BOUND``: understood, but the system does not need it.  ``LIBRARY``: part
    of an inlined MARTE, SysML or UML library, no statement of the user.  ``REPORTED``: not understood.
    """

    USED = "used"
    BOUND = "bound"
    LIBRARY = "library"
    REPORTED = "reported"


@dataclass(frozen=True)
class Left:
    """One item that was not understood: what it is, why, and where."""

    what: str
    reason: str
    source: Source


@dataclass(frozen=True)
class Tally:
    """One account.  ``total`` is counted in the file, apart from the fates, so that both can be compared."""

    total: int = 0
    used: int = 0
    bound: int = 0
    library: int = 0
    reported: tuple[Left, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every item of the file has exactly one fate."""
        return self.total == self.used + self.bound + self.library + len(self.reported)


@dataclass(frozen=True)
class Accounting:
    """The accounts of one import; an importer that counts nothing gives none."""

    tallies: Mapping[Account, Tally] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether every account balances."""
        return all(tally.exact for tally in self.tallies.values())

    def as_data(self) -> dict[str, Any]:
        """The ``accounting`` of ``check --json``; ``items`` locates each reported one."""
        return {account.value: _as_data(tally) for account, tally in self.tallies.items()}


class Ledger:
    """Collects the fate of each item while a file is imported; a later entry for an item replaces none."""

    def __init__(self) -> None:
        self._fates: dict[Account, list[Fate]] = {account: [] for account in Account}
        self._left: dict[Account, list[Left]] = {account: [] for account in Account}

    def enter(self, account: Account, fate: Fate, count: int = 1) -> None:
        """Record the fate of ``count`` items that were understood, or belong to a library."""
        if fate is Fate.REPORTED:
            raise ValueError("a reported item has a place and a reason: use Ledger.report")
        self._fates[account].extend([fate] * count)

    def report(self, account: Account, what: str, reason: str, source: Source) -> None:
        """Record an item that was not understood."""
        self._left[account].append(Left(what, reason, source))

    def close(self, totals: Mapping[Account, int]) -> Accounting:
        """The accounts, beside how many items the file was counted to hold."""
        return Accounting({account: self._tally(account, total) for account, total in totals.items()})

    def _tally(self, account: Account, total: int) -> Tally:
        fates = self._fates[account]
        return Tally(
            total=total,
            used=fates.count(Fate.USED),
            bound=fates.count(Fate.BOUND),
            library=fates.count(Fate.LIBRARY),
            reported=tuple(self._left[account]),
        )


def _as_data(tally: Tally) -> dict[str, Any]:
    return {
        "total": tally.total,
        "used": tally.used,
        "bound": tally.bound,
        "library": tally.library,
        "reported": len(tally.reported),
        "items": list(_items(tally.reported)),
    }


def _items(left: Iterable[Left]) -> Iterable[dict[str, Any]]:
    for item in left:
        place = {"file": item.source.file, "line": item.source.line, "xml_id": item.source.xml_id}
        yield {"what": item.what, "reason": item.reason, **place}
