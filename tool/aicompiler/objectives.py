"""What a deployment is to have little of, as the command or the side-car says it."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.system import Source

ENERGY = "energy"
SECTION = "objective"


def objective_of(given: str, sidecar: Path | None) -> str:
    """The names given, else the ``order`` of the side-car's ``[objective]``, else energy, with commas.

    Raises ``UnreadableInput`` for a name that is none, or is said twice.
    """
    if given:
        return ",".join(_known(given.split(","), "--objective", None))
    from aicompiler.transformations.importers import read_sidecar

    said = read_sidecar(sidecar)[0].of(SECTION) if sidecar is not None else iter(())
    order = [s for s in said if s.key == "order"]
    return ",".join(_known(order[-1].value, "order", order[-1].source)) if order else ENERGY


def pair_of(given: str) -> tuple[str, str]:
    """The two names of a front; raises ``UnreadableInput`` for other than two."""
    names = _known(given.split(","), "--pareto", None)
    if len(names) != 2:
        raise _wrong(f"--pareto names {len(names)} objectives", "name two, as in energy,latency", None)
    return names[0], names[1]


def _known(names: list[str] | tuple[str, ...], where: str, source: Source | None) -> list[str]:
    from aicompiler.transformations.partition import OBJECTIVES

    known = [name for name in OBJECTIVES if name != "changes"]  # that one is for plans: it needs a deployment
    found = [name.strip() for name in names]
    for name in found:
        if name not in known:
            shown = name.encode("unicode_escape").decode("ascii")[:80]
            raise _wrong(f"{where} names '{shown}', which is no objective", f"use {', '.join(known)}", source)
    if len(set(found)) != len(found):
        raise _wrong(f"{where} names an objective twice: {', '.join(found)}", "name each once", source)
    return found


def _wrong(message: str, step: str, source: Source | None) -> UnreadableInput:
    return UnreadableInput(
        Diagnostic(severity=Severity.ERROR, rule="objective", message=message, next_step=step, source=source)
    )
