"""What four projects mean, by name and XML id, held against the models by hand and by queries of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from aicompiler.metamodels.system import Element, System, Unit
from aicompiler.transformations.importers import ImportOptions
from aicompiler.transformations.importers.capella import Capella
from lxml import etree

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
MODELS = {
    "ife": "IFE/In-Flight Entertainment System.capella",
    "pvmt": "pcm_pvmt/PVMTTest.capella",
    "perfo": "vp_perfo/PerfoProject.capella",
    "fragmented": "fragmented_sysmodel/sysmodel.capella",
}
Golden = Callable[[str, str], None]


def summary(system: System) -> Iterator[str]:
    """Components, times, channels, flows, allocations, units and links, each with the id it rests on."""
    for component in system.components:
        entry = component.entries[0]
        times = ", ".join(f"{t.wcet_ns} ns" for t in entry.times) or "no time"
        yield f"component {component.name} part {_id(component)} of {_id(entry)}: {times}, {entry.activation}"
    for channel in system.application.channels:
        ends = [system.component_of(p).name for p in (channel.source_port, channel.target_port)]
        yield f"channel {channel.name} [{_id(channel)}]: {ends[0]} -> {ends[1]}"
    for flow in system.application.flows:
        names = " -> ".join(system.component_of(e).name for e in flow.entries)
        yield f"flow {flow.name} [{_id(flow)}]: {names}, deadline {flow.deadline_ns}"
    for allocation in system.allocations:
        pair = [system.component_of(allocation.component).name, system.element(Unit, allocation.unit).name]
        yield f"allocation {' on '.join(pair)} by {allocation.by} [{_id(allocation)}]"
    for node in system.platform.nodes:
        yield f"node {node.name} [{_id(node)}]: " + ", ".join(
            f"{u.kind.name} {u.name} [{_id(u)}]" for u in node.units
        )
    for link in system.platform.links:
        ends = [system.element(Unit, e).name for e in link.ends]
        yield f"link {link.name} [{_id(link)}]: {', '.join(ends)}"


def _id(element: Element) -> str:
    assert element.source is not None
    return element.source.xml_id


@pytest.mark.parametrize("name", MODELS)
def test_a_project_means_what_it_draws(name: str, shared: Path, golden: Golden) -> None:
    """The summary of the system, read against the model."""
    system = Capella().load(shared / "models" / "capella" / MODELS[name], ImportOptions()).system
    golden(f"capella/{name}.txt", "\n".join(summary(system)) + "\n")


class Drawn:
    """Queries on the physical layer of a project, apart from the importer."""

    def __init__(self, model: Path) -> None:
        roots = [etree.parse(str(f)).getroot() for f in (model, *model.parent.glob("fragments/*fragment"))]
        self.all = [e for r in roots for e in r.iter("*") if e.get(XSI_TYPE)]
        self.by_id = {e.get("id"): e for e in self.all}

    def of(self, kind: str) -> list[etree._Element]:
        """All elements of a class in the physical layer."""
        return [e for e in self.all if self.kind(e) == kind and self.physical(e)]

    def kind(self, element: etree._Element) -> str:
        """The class of an element without its package."""
        return str(element.get(XSI_TYPE, "")).rpartition(":")[2]

    def physical(self, element: etree._Element) -> bool:
        """Whether the element is in the physical layer."""
        return any(self.kind(a) == "PhysicalArchitecture" for a in element.iterancestors())

    def leaves(self) -> list[str]:
        """Ids of behaviour components that own no part of one; templates are among them."""
        behaviour = {e.get("id") for e in self.of("PhysicalComponent") if e.get("nature") == "BEHAVIOR"}
        holders = {
            part.getparent().get("id")
            for part in self.of("Part")
            if part.get("abstractType", "").rpartition("#")[2] in behaviour
        }
        return sorted(behaviour - holders)

    def parent_id(self, element: etree._Element) -> str:
        """The id of what contains an element."""
        return str(element.getparent().get("id"))

    def crosses(self, exchange: etree._Element, leaves: set[str]) -> bool:
        """Whether a functional exchange leads from one leaf to another one."""
        ends = [self.by_id[exchange.get(end).rpartition("#")[2]] for end in ("source", "target")]
        first, then = (self.owners({e.get("id"), self.parent_id(e)}) & leaves for e in ends)
        return bool(first and then) and len(first | then) > 1

    def owners(self, functions: set[str]) -> set[str]:
        """Ids of the components that functions are allocated to."""
        return {
            a.get("sourceElement")[1:]
            for a in self.of("ComponentFunctionalAllocation")
            if a.get("targetElement")[1:] in functions
        }


@pytest.mark.parametrize("name", ["ife", "fragmented"])
def test_counts_agree_with_queries_on_the_file(name: str, shared: Path) -> None:
    """Components, allocations and chains are as many as XML queries of our own find."""
    model = shared / "models" / "capella" / MODELS[name]
    system, drawn = Capella().load(model, ImportOptions()).system, Drawn(model)
    templates = {
        link.get("target", "").rpartition("#")[2]
        for link in drawn.all
        if drawn.kind(link) == "CatalogElementLink" and link.getparent().get("kind", "REC") == "REC"
    }
    leaves = [i for i in drawn.leaves() if i not in templates]
    parts = [p.get("id") for p in drawn.of("Part") if p.get("abstractType", "")[1:] in leaves]
    assert sorted(parts) == sorted(c.id for c in system.components)
    deployed = {e.get("deployedElement")[1:] for e in drawn.of("PartDeploymentLink")}
    assert {a.component for a in system.allocations} == deployed & set(parts)
    between = {e.get("id") for e in drawn.of("FunctionalExchange") if drawn.crosses(e, set(leaves))}
    carrying = {drawn.parent_id(a) for a in drawn.of("ComponentExchangeFunctionalExchangeAllocation")}
    bare = {e.get("id") for e in drawn.of("ComponentExchange")} - carrying
    drawn_channels = {c.source.xml_id for c in system.application.channels if c.source}
    assert drawn_channels - bare == between
    chains = {c.get("id"): c for c in drawn.of("FunctionalChain")}
    inside = {i for i, c in chains.items() if drawn.owners(functions(drawn, c)) & set(leaves)}
    assert {f.source.xml_id for f in system.application.flows if f.source} == inside


def functions(drawn: Drawn, chain: etree._Element) -> set[str]:
    """Ids of the functions that a chain, or a chain that it refers to, involves."""
    found: set[str] = set()
    for child in chain:
        target = child.get("involved", "")[1:]
        if drawn.kind(child) == "FunctionalChainInvolvementFunction":
            found.add(target)
        elif drawn.kind(child) == "FunctionalChainReference":
            found |= functions(drawn, drawn.by_id[target])
    return found


def test_steps_of_a_flow_are_joined_by_exchanges(shared: Path) -> None:
    """Of each two consecutive components of a flow, the first writes a channel that the second reads."""
    system = Capella().load(shared / "models" / "capella" / MODELS["ife"], ImportOptions()).system
    wired = {
        (system.component_of(c.source_port).id, system.component_of(c.target_port).id)
        for c in system.application.channels
    }
    for flow in system.application.flows:
        owners = [system.component_of(e).id for e in flow.entries]
        assert set(pairwise(owners)) <= wired
