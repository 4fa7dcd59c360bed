"""What became of everything that the files of a project hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.transformations.importers._accounting import Account, Accounting, Fate, Ledger
from aicompiler.transformations.importers._sayings import shown

from ._flows import FlowBuilder
from ._open import Role
from ._project import XSI_TYPE, Obj, Project, kind_of, links_in
from ._values import PROPERTY_VALUES, BadValue, Values, is_number

_KNOWN = re.compile(
    r"http://www\.polarsys\.org/"
    r"(capella/(core|common|requirements|mass|perfo|price)|kitalpha/(requirements|ad|emde))(/.*)?"
)
_NUMBERED = re.compile(r"http://www\.polarsys\.org/capella/(mass|perfo|price)(/.*)?")
_STRUCTURAL = re.compile(
    r"http://www\.polarsys\.org/(capella/(core|common|requirements)|kitalpha/requirements)(/.*)?"
)


class Accounts:
    """Settles the accounts of one import, after all builders have run."""

    def __init__(self, project: Project, values: Values, flows: FlowBuilder) -> None:
        self.project, self.values, self.flows = project, values, flows
        self.ledger = Ledger()
        libraries = [d.root for d in project.documents if d.role is Role.LIBRARY]
        self._library = {id_ for root in libraries for e in root.iter("*") if (id_ := e.get("id"))}

    def settle(self) -> Accounting:
        """The accounts; what was not understood is also said as a diagnostic."""
        groups = [g for g in self.project.of("PropertyValueGroup") if g.get("appliedPropertyValueGroups")]
        extensions = [e for d in self.project.documents for e in d.root.iter("ownedExtensions")]
        extensions = [e for e in extensions if e.get("id")]
        stated = list(self.project.of(*PROPERTY_VALUES))
        totals = {
            Account.APPLICATIONS: len(groups) + len(extensions),
            Account.NFP_VALUES: len(stated) + sum(len(self._attributes(e)) for e in extensions),
        }
        unknown = dict(self._unknown())
        for group in groups:
            self._group(group)
        for extension in extensions:
            self._extension(extension, unknown.get(extension, ""))
        for one in stated:
            self._value(one)
        totals[Account.ELEMENTS], totals[Account.REFERENCES] = self._references()
        if totals[Account.ELEMENTS] != len(self.project.by_id):
            self.project.find_duplicates()
        self._elements({**unknown, **self.flows.left_out})
        return self.ledger.close(totals)

    def _fate(self, element: Obj) -> Fate:
        id_ = element.get("id", "")
        if id_ in self.project.used:
            return Fate.USED
        return Fate.LIBRARY if id_ in self._library else Fate.BOUND

    def _report(self, account: Account, element: Obj, reason: str) -> None:
        self.ledger.report(
            account, kind_of(element) or str(element.tag), reason, self.project.source(element)
        )

    # --- elements and references --------------------------------------------------------------------------

    def _elements(self, left: dict[Obj, str]) -> None:
        twice = dict.fromkeys(self.project.duplicates, "its id is used twice")
        for element, reason in {**twice, **left}.items():
            self._report(Account.ELEMENTS, element, reason)
        # Of the elements with one id, all but the first are reported; the first stands for it below.
        ids = self.project.by_id.keys() - {e.get("id", "") for e in left if e not in twice}
        used = ids & self.project.used
        library = (ids & self._library) - used
        counts = {Fate.USED: len(used), Fate.LIBRARY: len(library)}
        counts[Fate.BOUND] = len(ids) - len(used) - len(library)
        for fate, count in counts.items():
            self.ledger.enter(Account.ELEMENTS, fate, count)

    def _unknown(self) -> Iterator[tuple[Obj, str]]:
        """The elements of viewpoints that are not known, and the reason that says so."""
        for name, elements in self.project.of_type.items():
            if not _KNOWN.fullmatch(name.namespace or ""):
                reason = f"it belongs to a viewpoint that is not known: {shown(name.namespace)}"
                yield from ((e, reason) for e in elements if e.get("id"))

    def _references(self) -> tuple[int, int]:
        """Enter the fate of each reference, that of the element that holds it.

        How many elements with an id there are, and how many references: the one walk over all files.
        """
        by_id, mine, library = self.project.by_id, self.project.used, self._library
        ids = used = inherited = bound = lost = 0
        for element in self.project.elements():
            found = 0
            for text in element.values():
                if "#" in text:
                    if text[0] == "#" and text[1:] in by_id:
                        found += 1  # nearly all are of this form
                    else:
                        more, missing = self._links(element, text)
                        found, lost = found + more, lost + missing
            id_ = element.get("id")
            ids += id_ is not None
            if id_ in mine:
                used += found
            elif id_ in library:
                inherited += found
            else:
                bound += found
        for fate, count in ((Fate.USED, used), (Fate.LIBRARY, inherited), (Fate.BOUND, bound)):
            self.ledger.enter(Account.REFERENCES, fate, count)
        return ids, used + inherited + bound + lost

    def _links(self, element: Obj, text: str) -> tuple[int, int]:
        """How many references of an attribute lead somewhere, and how many do not."""
        key = next(key for key, value in element.items() if value == text)
        links = list(links_in(element, key, text))
        lost = [link for link in links if link[1] not in self.project.by_id]
        for file, target in lost:
            self._report(Account.REFERENCES, element, self.project.missing(file, target))
        return len(links) - len(lost), len(lost)

    # --- values and applications --------------------------------------------------------------------------

    def _group(self, group: Obj) -> None:
        if reason := self.values.out_of_scope(group):
            self._report(Account.APPLICATIONS, group, reason)
            message = f"the property values '{shown(group.get('name'))}' do not count: {reason}"
            step = "remove them, or widen the scope of their group"
            self.project.say(Severity.WARNING, "out-of-scope", message, step, group)
            return
        inside = [self._fate(v) for v in self.project.children(group, *PROPERTY_VALUES)]
        self.ledger.enter(Account.APPLICATIONS, Fate.USED if Fate.USED in inside else self._fate(group))

    def _extension(self, extension: Obj, unknown: str) -> None:
        if unknown:
            self._report(Account.APPLICATIONS, extension, unknown)
        else:
            self.ledger.enter(Account.APPLICATIONS, self._fate(extension))
        for name in self._attributes(extension):
            text = extension.get(name, "")
            if unknown or not is_number(text):
                reason = unknown or f"'{shown(text[:80])}' is no number"
                self._report(Account.NFP_VALUES, extension, f"{name}: {reason}")
            elif (extension.get("id", ""), name) in self.values.numbers_used:
                self.ledger.enter(Account.NFP_VALUES, Fate.USED)
            else:
                library = extension.get("id") in self._library
                self.ledger.enter(Account.NFP_VALUES, Fate.LIBRARY if library else Fate.BOUND)

    def _attributes(self, extension: Obj) -> list[str]:
        """The attributes of a viewpoint extension that state something."""
        prefix = extension.get(XSI_TYPE, "").rpartition(":")[0]
        if _STRUCTURAL.fullmatch(str(extension.nsmap.get(prefix, ""))):
            return []
        return [key for key, text in extension.items() if key not in ("id", XSI_TYPE) and "#" not in text]

    def _value(self, element: Obj) -> None:
        try:
            self.values.text(element)
        except BadValue as error:
            self._report(Account.NFP_VALUES, element, str(error))
            message = f"the property value '{shown(element.get('name'))}' says nothing: {error}"
            self.project.say(Severity.WARNING, "value-not-understood", message, "set it in Capella", element)
        else:
            self.ledger.enter(Account.NFP_VALUES, self._fate(element))
