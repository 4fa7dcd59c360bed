"""A small application, two instances that pass values, and what tests read off its imports."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import System

SMALL = Path(__file__).resolve().parents[1] / "errors" / "models" / "fine.uml"
_NAMESPACES = {
    "aic": "http://aicompiler/profile/1",
    "Alloc": "http://www.eclipse.org/papyrus/Alloc/1",
    "Allocations": "http://www.eclipse.org/papyrus/sysml/1.6/SysML/Allocations",
    "GQAM": "http://www.eclipse.org/papyrus/GQAM/1",
    "GRM": "http://www.eclipse.org/papyrus/GRM/1",
    "HwCommunication": "http://www.eclipse.org/papyrus/HwCommunication/1",
    "HardwareBaseline": "http://CHESS.Predictability.DeploymentConfiguration/schemas/HardwareBaseline/_x/1",
    "RTComponentModel": "http://CHESS.Predictability/schemas/RTComponentModel/_x/1",
}
_BOARD = ('    <packagedElement xmi:type="uml:Class" xmi:id="_cpu"', "  </uml:Model>")

Drawn = tuple[System, list[Diagnostic]]


def write(path: Path, elements: str, stereotypes: str, *, board: bool = False) -> Path:
    """Write the model that ``draw`` imports."""
    text = SMALL.read_text(encoding="utf-8")
    if not board:
        start, end = text.index(_BOARD[0]), text.index(_BOARD[1])
        text = text[:start] + text[end:]
        text = "\n".join(line for line in text.splitlines() if "HwProcessor" not in line)
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    text = text.replace("<xmi:XMI ", f"<xmi:XMI {spaces} ", 1)
    text = text.replace("</uml:Model>", f"{elements}</uml:Model>", 1)
    path.write_text(text.replace("</xmi:XMI>", f"{stereotypes}</xmi:XMI>", 1), encoding="utf-8")
    return path


def units_of(system: System) -> dict[str, list[str]]:
    """The units of each node, by name, with their kinds."""
    return {n.name: [f"{u.name} {u.kind.value}" for u in n.units] for n in system.platform.nodes}


def placed(system: System) -> dict[str, tuple[str, str]]:
    """Where each component is today: unit and relation, by name."""
    names = {u.id: u.name for u in system.units} | {c.id: c.name for c in system.components}
    return {names[a.component]: (names[a.unit], a.by) for a in system.allocations}


def rules(diagnostics: list[Diagnostic], *wanted: str) -> list[tuple[str, str]]:
    """The diagnostics of these rules, as (rule, the XML id they point at)."""
    return [(d.rule, d.source.xml_id if d.source else "") for d in diagnostics if d.rule in wanted]
