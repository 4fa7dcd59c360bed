"""The shipped Capella property values, applied by capellambse to a project and read by our importer."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.system import Periodic, UnitKind
from aicompiler.transformations.importers import examine
from lxml import etree

PROFILE = Path(__file__).resolve().parents[2] / "models" / "profile"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
DATA = "org.polarsys.capella.core.data"


def add(owner: Any, tag: str, type_: str, **attributes: str) -> Any:
    """A child of a Capella element; its id is its name or its place."""
    made = etree.SubElement(owner, tag, attributes)
    made.set(f"{XSI}type", f"{DATA}.{type_}")
    if "id" not in attributes:
        made.set("id", f"id-{len(list(owner.iter()))}-{owner.get('id')}")
    return made


def project(folder: Path, deployed: bool) -> Path:
    """A project with the library's domain: two components that pass a value, on a CPU and an FPGA."""
    for name in ("aic.capella", "aic.aird", "aic.afm"):
        shutil.copyfile(PROFILE / name, folder / name)
    path = folder / "aic.capella"
    tree = etree.parse(path, etree.XMLParser(remove_blank_text=True))
    (layer,) = (
        e for e in tree.iter("ownedArchitectures") if e.get(f"{XSI}type").endswith("PhysicalArchitecture")
    )
    functions = add(layer, "ownedFunctionPkg", "pa:PhysicalFunctionPkg", id="functions")
    root = add(functions, "ownedPhysicalFunctions", "pa:PhysicalFunction", id="root", name="Root")
    package = add(layer, "ownedPhysicalComponentPkg", "pa:PhysicalComponentPkg", id="package")
    top = add(package, "ownedPhysicalComponents", "pa:PhysicalComponent", id="top", name="System")
    for name in ("filter", "CPU", "Fabric"):
        part = add(top, "ownedFeatures", "cs:Part", id=f"part-{name}", name=name, abstractType=f"#{name}")
        nature = "BEHAVIOR" if name == "filter" else "NODE"
        add(top, "ownedPhysicalComponents", "pa:PhysicalComponent", id=name, name=name, nature=nature)
        if name == "CPU" and deployed:
            add(part, "ownedDeploymentLinks", "pa.deployment:PartDeploymentLink", id="deploys",
                deployedElement="#part-filter", location="#part-CPU")  # fmt: skip
    add(root, "ownedFunctions", "pa:PhysicalFunction", id="smooth", name="smooth")
    (component,) = (e for e in top if e.get("id") == "filter")
    add(component, "ownedFunctionalAllocation", "fa:ComponentFunctionalAllocation",
        id="allocation", sourceElement="#filter", targetElement="#smooth")  # fmt: skip
    space = f'xmlns:{DATA}.pa.deployment="http://www.polarsys.org/capella/core/pa/deployment/7.0.0"'
    library = f"<{DATA}.capellamodeller:Library "
    text = etree.tostring(tree, encoding="unicode").replace(library, f"{library}{space} ", 1)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("deployed", [True, False])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_values_of_the_domain_reach_the_system(tmp_path: Path, deployed: bool) -> None:
    """Times on a component, and what a node offers, are read from the groups; unset values are unstated."""
    import capellambse

    path = project(tmp_path, deployed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = capellambse.MelodyModel(str(tmp_path / "aic.aird"))
        given = {
            "filter": ("Timing", {"wcet": 2.5, "period": 20.0}),
            "CPU": ("Unit", {"cores": 4, "frequency": 1200.0, "dynamic_power": 0.5, "memory": 512.0}),
            "Fabric": ("Unit", {"frequency": 150.0, "lut": 53200, "dsp": 220}),
        }
        for name, (group, values) in given.items():
            applied = model.by_uuid(name).pvmt[f"AIC.{group}"]
            for key, value in values.items():
                applied.property_values.by_name(key).value = value
            if name == "Fabric":
                kind = applied.property_values.by_name("unit_kind")
                kind.value = kind.type.literals.by_name("FPGA")
        model.save()
    draft = examine(path)
    (component,) = draft.system.components
    (entry,) = component.entries
    assert entry.activation == Periodic(period_ns=20_000_000)
    assert (entry.deadline_ns, [t.wcet_ns for t in entry.times]) == (None, [2_500_000])
    units = {u.name: u for u in draft.system.units}
    cpu = units["CPU"]
    assert (cpu.kind, cpu.cores, cpu.fastest.frequency_hz) == (UnitKind.CPU, 4, 1_200_000_000)
    assert (cpu.fastest.dynamic_power_uw, cpu.memory_bytes) == (500_000, 512 << 20)
    assert [a.unit for a in draft.system.allocations] == ([cpu.id] if deployed else [])
    if not deployed:  # nodes that carry nothing are left out where others carry something
        fabric = units["Fabric"]
        assert fabric.area is not None
        assert (fabric.kind, fabric.area.lut, fabric.area.dsp) == (UnitKind.FPGA, 53200, 220)
        guessed = [d.source.xml_id for d in draft.diagnostics if d.rule == "kind-assumed" and d.source]
        assert "Fabric" not in guessed
