"""How to read a model: what the user asks for on the command line, else what the side-car says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._contract import ImportOptions
from ._sidecar import Sidecar


def asked_for(sidecar: Sidecar, options: ImportOptions) -> ImportOptions:
    """``options`` with what they leave open taken from ``[import]`` and ``[variables]`` of the side-car."""
    said: Mapping[str, Any] = {s.key: s.value for s in sidecar.of("import")}
    variables = {s.key: s.value for s in sidecar.of("variables")}
    return ImportOptions(
        root=options.root or said.get("root", ""),
        context=options.context or said.get("context", ""),
        variables=variables | dict(options.variables),
        keep_allocation=options.keep_allocation or said.get("keep_allocation", False),
    )
