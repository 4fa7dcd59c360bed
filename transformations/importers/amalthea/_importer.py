"""AMALTHEA to a System: tasks, what they execute and share, hardware, mapping, and what must hold."""

from __future__ import annotations

import re
from pathlib import Path

from aicompiler.metamodels.system import Application, System
from aicompiler.transformations.importers._contract import Imported, ImportOptions
from aicompiler.transformations.importers._reading import read_xml, unreadable
from aicompiler.transformations.importers._sayings import shown
from lxml import etree

from ._accounts import account
from ._chains import ChainBuilder, DeadlineReader
from ._hardware import HardwareBuilder
from ._mapping import MappingBuilder
from ._software import SoftwareBuilder
from ._values import Values
from ._view import AmaltheaModel, tag

_SUFFIX = ".amxmi"
_NAMESPACE = re.compile(r"https?://[\w.]*(?:app4mc\.eclipse\.org|amalthea)[\w./-]*", re.IGNORECASE)
_VERSION = re.compile(r"/(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?(?=/|$)")
_FIRST, _LAST = (0, 9), (3, 999)


class Amalthea:
    """Imports ``.amxmi`` files of AMALTHEA 0.9 to 3.x.

    A file holds one system, its timing stands in it once, and it has no variables: ``root``, ``context`` and
    ``variables`` of the options say nothing about it.
    """

    def handles(self, path: Path) -> bool:
        """By the file's extension."""
        return path.suffix.lower() == _SUFFIX

    def load(self, path: Path, options: ImportOptions) -> Imported:  # noqa: ARG002
        """The system of a file, what was assumed and what was left out.

        Raises ``UnreadableInput`` if the file is no XML or no AMALTHEA model.
        """
        root = read_xml(path)
        namespace = etree.QName(root).namespace or ""
        if tag(root) != "Amalthea" or not _NAMESPACE.fullmatch(namespace):
            message = f"its root is '{shown(tag(root))}' of '{shown(namespace)}', not an AMALTHEA model"
            step = "give the .amxmi file that APP4MC saves"
            raise unreadable(path, "not-amalthea", message, step, root.sourceline)
        model = AmaltheaModel(path.name, root)
        _check_version(model, namespace)
        values = Values(model)
        system = _system(model, values, path.stem)
        accounting = account(model, values)
        return Imported(system, tuple(model.said), accounting)


def _check_version(model: AmaltheaModel, namespace: str) -> None:
    found = _VERSION.search(namespace)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if "itea2" in namespace or version < _FIRST:
        message = f"'{shown(namespace)}' is older than AMALTHEA 0.9: what 0.9 names otherwise is not found"
        step = "open it with APP4MC, which migrates it, and save it"
        model.warn("old-version", message, step, model.root)
    elif version > _LAST:
        message = f"the version of '{shown(namespace)}' is not known; known are 0.9 to 3.x"
        model.error("unknown-version", message, "save the model as a version that is known", model.root)


def _system(model: AmaltheaModel, values: Values, name: str) -> System:
    hardware = HardwareBuilder(model, values)
    platform = hardware.build()
    software = SoftwareBuilder(model, values, hardware)
    due = DeadlineReader(model, values)
    due.read()
    components = software.build(due.processes)
    chains = ChainBuilder(model, values, software, due)
    flows = chains.build()
    mapping = MappingBuilder(model, software, hardware)
    mapping.schedulers()
    mapping.sequences()
    mapping.unheld()
    if not components:
        step = "give it tasks, process prototypes or runnables"
        model.error("no-component", "the model has nothing that is executed", step, model.root)
    source = model.source(model.root)
    application = Application(
        id="application",
        name="application",
        source=source,
        components=components,
        channels=tuple(software.channels),
        flows=flows,
    )
    return System(
        id="system",
        name=name,
        source=source,
        application=application,
        platform=platform,
        constraints=tuple(mapping.constraints()),
        allocations=tuple(mapping.allocations()),
        stated_results=tuple(chains.stated_results()),
    )
