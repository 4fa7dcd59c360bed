"""The report of the shipped example agrees with the checker and the solver on every number they share."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from aicompiler import pipeline
from aicompiler.codegen.report import BuildRecord, render_report, verdict_json
from lxml import html


@pytest.fixture(scope="module")
def built() -> BuildRecord:
    """The example, imported, decided, checked and generated."""
    root = Path(__file__).resolve().parents[2]
    model = pipeline.read(root / "models" / "smart_intersection" / "smart_intersection.uml")
    decision = pipeline.decide(model)
    kernels, project = pipeline.generate(model, decision)
    return BuildRecord(
        system=model.system,
        tool_version="test",
        diagnostics=model.diagnostics,
        costs=decision.costs,
        deployment=decision.deployment,
        evidence=decision.evidence,
        kernels=kernels,
        project=project,
    )


@pytest.fixture(scope="module")
def tree(built: BuildRecord) -> html.HtmlElement:
    """The report, parsed."""
    return html.document_fromstring(render_report(built).decode("utf-8"))


def test_the_energy_table_adds_up_to_the_objective(built: BuildRecord, tree: html.HtmlElement) -> None:
    """The sum over units and links is the energy that the solver reached and the checker recomputed."""
    assert built.deployment is not None
    (objective,) = [o for o in built.deployment.objectives if o.name == "energy"]
    (total,) = tree.xpath("//table[caption='Energy of one hyperperiod']//tr[@class='total']")
    assert [int(v) for v in total.xpath(".//data/@value")][-1] == objective.value


def test_each_component_has_a_decision_with_its_unit(built: BuildRecord, tree: html.HtmlElement) -> None:
    """One article a component, in which exactly the placed unit is chosen."""
    assert built.deployment is not None
    units = {u.id: u.name for u in built.system.units}
    chosen = {
        a.xpath("string(./h3//bdi)"): a.xpath("string(.//tr[@class='chosen']//bdi)")
        for a in tree.xpath("//article[contains(@class,'decision')]")
    }
    expected = {c.name: units[built.deployment.placement(c.id).unit] for c in built.system.components}
    assert chosen == expected


def test_each_flow_has_a_bar_against_its_deadline(built: BuildRecord, tree: html.HtmlElement) -> None:
    """The reaction time of each bounded flow stands beside its deadline."""
    bounded = [f for f in built.system.application.flows if f.deadline_ns is not None]
    assert bounded
    for flow in bounded:
        (article,) = tree.xpath("//article[@class='flow'][h3//bdi=$name]", name=flow.name)
        value, limit = article.xpath(
            ".//p[@class='bar-numbers']/*//data/@value | .//p[@class='bar-numbers']/data/@value"
        )
        assert int(value) <= int(limit) == flow.deadline_ns


def test_each_component_leads_to_generated_lines(built: BuildRecord, tree: html.HtmlElement) -> None:
    """The trace of every component or its entry ends in a line that exists."""
    assert built.project is not None
    lines = {f"./{f.path}": f.content.count(b"\n") + 1 for f in built.project.files}
    for component in built.system.components:
        names = {component.name, *(f"{component.name}.{e.name}" for e in component.entries)}
        rows = [
            r
            for r in tree.xpath("//table[contains(@class,'trace')]//tr[@id]")
            if r.xpath("string(.//bdi)") in names
        ]
        links = [(a.get("href"), a.tail) for r in rows for a in r.xpath("./td[last()]/a")]
        assert links, component.name
        assert all(int(re.findall(r"\d+", tail)[-1]) <= lines[href] for href, tail in links)


def test_every_check_by_name_is_explained(built: BuildRecord, tree: html.HtmlElement) -> None:
    """Each group of findings names its check and the reason for it."""
    assert built.evidence is not None
    groups = tree.xpath("//tr[@class='group']/th")
    assert [g.xpath("string(./code)") for g in groups] == list(
        dict.fromkeys(f.check for f in built.evidence.findings)
    )
    assert all(g.xpath("string(./span)") for g in groups)


def test_messages_name_elements_not_ids(built: BuildRecord, tree: html.HtmlElement) -> None:
    """No quoted XML id is left in a statement of a check."""
    ids = {f"'{e.id}'" for c in built.system.components for e in (c, *c.entries)}
    statements = " ".join(tree.get_element_by_id("checks").itertext())
    assert [i for i in ids if i in statements] == []


def test_estimates_make_it_ready_with_assumptions(built: BuildRecord) -> None:
    """The example has no annotated GPU or FPGA time, so the verdict rests on estimates and says so."""
    document = json.loads(verdict_json(built))
    assert document["verdict"] == "ready with assumptions"
    assert "estimated-costs" in [r["code"] for r in document["reasons"]]
