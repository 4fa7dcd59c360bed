"""Draw the level crossing as a Capella project: ``level_crossing.capella`` with its ``.aird`` and ``.afm``.

The native model beside it is the source.  capellambse writes the elements; what it starts from is an empty
project of our own.  The same model gives the same files.
Run this file as a script to write the project anew.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

from aicompiler.metamodels import xmi
from aicompiler.metamodels.system import Channel, Component, Flow, Link, Node, Periodic, Pin, Port, System

FOLDER = Path(__file__).resolve().parent
NAME = "level_crossing"
_CORE = "http://www.polarsys.org/capella/core"
_MODELLER = "org.polarsys.capella.core.data.capellamodeller"
_PROJECT = f"""<?xml version="1.0" encoding="UTF-8"?>
<!--Capella_Version_7.0.0-->
<{_MODELLER}:Project xmlns:{_MODELLER}="{_CORE}/modeller/7.0.0"
    id="5c9b7d2e-4f11-4c55-8d0e-1e7e1c0551a6" name="LevelCrossing"/>
"""
_LIST = f"""<?xml version="1.0" encoding="UTF-8"?>
<viewpoint:DAnalysis xmlns:viewpoint="http://www.eclipse.org/sirius/1.1.0" uid="_LevelCrossingAnalysis">
  <semanticResources>{NAME}.afm</semanticResources>
  <semanticResources>{NAME}.capella</semanticResources>
</viewpoint:DAnalysis>
"""
_METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<metadata:Metadata xmlns:metadata="http://www.polarsys.org/kitalpha/ad/metadata/1.0.0" id="_LevelCrossing">
  <viewpointReferences id="_LevelCrossingCore" vpId="org.polarsys.capella.core.viewpoint" version="7.0.0"/>
</metadata:Metadata>
"""
Obj = Any  # a capellambse element


def write(folder: Path) -> list[Path]:
    """Write the project into ``folder``; the paths of its files."""
    import capellambse
    from capellambse.helpers import deterministic_ids

    texts = {".capella": _PROJECT, ".aird": _LIST, ".afm": _METADATA}
    paths = [folder / f"{NAME}{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings(), deterministic_ids():
        warnings.simplefilter("ignore")
        model = capellambse.MelodyModel(str(folder / f"{NAME}.aird"))
        Drawing(xmi.load(FOLDER / f"{NAME}.system.xmi")).draw(model.project)
        model.save()
    return paths


class Drawing:
    """The physical layer of one system."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.functions: dict[str, Obj] = {}  # by id of the component
        self.parts: dict[str, Obj] = {}  # by id of the component or unit
        self.exchanges: dict[tuple[str, str], Obj] = {}  # by ids of both components

    def draw(self, project: Obj) -> None:
        """Add architecture, functions, components, exchanges, chains and hardware to an empty project."""
        from capellambse.model import NewObject

        engineering = project.model_roots.create("SystemEngineering", name=self.system.name)
        layer = engineering.architectures.create("PhysicalArchitecture", name="Physical Architecture")
        layer.function_pkg = NewObject("PhysicalFunctionPkg", name="Physical Functions")
        layer.component_pkg = NewObject("PhysicalComponentPkg", name="Structure")
        self.root = layer.function_pkg.functions.create("PhysicalFunction", name="Root Physical Function")
        # capellambse makes components of what is created among the functions of a function, so they sit in
        # a package of the root function.
        self.package = self.root.packages.create("PhysicalFunctionPkg", name="Functions of the crossing")
        self.top = layer.component_pkg.components.create("PhysicalComponent", name=self.system.name)
        for component in self.system.components:
            self._component(component)
        for channel in self.system.application.channels:
            self._exchange(channel)
        for flow in self.system.application.flows:
            self._chain(flow)
        for node in self.system.platform.nodes:
            self._node(node)
        for link in self.system.platform.links:
            self._link(link)
        for pin in (c for c in self.system.constraints if isinstance(c, Pin)):
            part = self.parts[pin.unit]
            part.deployment_links.create(
                "PartDeploymentLink", deployed_element=self.parts[pin.component], location=part
            )

    # --- application --------------------------------------------------------------------------------------

    def _component(self, component: Component) -> None:
        (entry,) = component.entries
        function = self.package.functions.create("PhysicalFunction", name=f"run {component.name}")
        made = self._boxed(self.top, component.id, component.name, "BEHAVIOR")
        made.functional_allocations.create(source=made, target=function)
        self.functions[component.id] = function
        if isinstance(entry.activation, Periodic):
            _value(made, "period", entry.activation.period_ns, "ns")
        if entry.deadline_ns is not None:
            _value(made, "deadline", entry.deadline_ns, "ns")
        for time in entry.times:
            _value(function, "wcet", time.wcet_ns or 0, "ns")
        _value(made, "criticality", component.criticality)

    def _boxed(self, owner: Obj, id_: str, name: str, nature: str) -> Obj:
        """A component with its part, which capellambse makes."""
        made = owner.owned_components.create("PhysicalComponent", name=name, nature=nature)
        (self.parts[id_],) = (f for f in owner.owned_features if getattr(f, "type", None) == made)
        return made

    def _exchange(self, channel: Channel) -> None:
        source, target = (self.system.component_of(p).id for p in (channel.source_port, channel.target_port))
        ends = (
            self.functions[source].outputs.create("FunctionOutputPort", name=channel.name),
            self.functions[target].inputs.create("FunctionInputPort", name=channel.name),
        )
        made = self.root.exchanges.create(
            "FunctionalExchange", name=channel.name, source=ends[0], target=ends[1]
        )
        port = self.system.element(Port, channel.source_port)
        _word(made, "protocol", channel.protocol.value)
        _word(made, "element_type", port.element_type.value)
        _word(made, "shape", " ".join(str(n) for n in port.shape))
        self.exchanges.setdefault((source, target), made)

    def _chain(self, flow: Flow) -> None:
        chain = self.root.functional_chains.create("FunctionalChain", name=flow.name)
        path = [self.system.component_of(e).id for e in flow.entries]
        steps = [
            chain.involvements.create("FunctionalChainInvolvementFunction", involved=self.functions[one])
            for one in path
        ]
        for (first, then), (source, target) in zip(pairwise(path), pairwise(steps), strict=True):
            kind = "FunctionalChainInvolvementLink"
            exchange = self.exchanges[first, then]
            chain.involvements.create(kind, involved=exchange, source=source, target=target)
        if flow.deadline_ns is not None:
            _value(chain, "deadline", flow.deadline_ns, "ns")

    # --- platform -----------------------------------------------------------------------------------------

    def _node(self, node: Node) -> None:
        board = self._boxed(self.top, node.id, node.name, "NODE")
        for unit in node.units:
            made = self._boxed(board, unit.id, unit.name, "NODE")
            _value(made, "cores", unit.cores)
            _value(made, "frequency", unit.fastest.frequency_hz, "Hz")
            _value(made, "dynamic_power", unit.fastest.dynamic_power_uw, "uW")
            _value(made, "static_power", unit.static_power_uw, "uW")
            _value(made, "memory", unit.memory_bytes or 0, "byte")
            _word(made, "unit_kind", unit.kind.value)

    def _link(self, link: Link) -> None:
        units = [self.parts[end].type for end in link.ends]
        ports = [u.owned_features.create("PhysicalPort", name=link.name) for u in units]
        made = self.top.physical_links.create("PhysicalLink", name=link.name, ends=ports)
        _value(made, "bandwidth", link.bandwidth_bytes_per_s, "B/s")
        _value(made, "latency", link.latency_ns, "ns")


def _value(owner: Obj, name: str, number: int, unit: str = "") -> None:
    made = owner.property_values.create("IntegerPropertyValue", name=name, value=number)
    if unit:
        _word(made, "__UNIT__", unit)


def _word(owner: Obj, name: str, text: str) -> None:
    owner.property_values.create("StringPropertyValue", name=name, value=text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for made in write(Path(scratch)):
            (FOLDER / made.name).write_bytes(made.read_bytes())
            print(FOLDER / made.name, file=sys.stderr)
