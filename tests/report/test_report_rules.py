"""Reports say why there is such a rule: the HTML of those that spoke, SARIF of all."""

from __future__ import annotations

import json
from dataclasses import replace

from aicompiler.codegen.report import BuildRecord, render_report, verdict_sarif
from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.transformations.analysis import describe_checks
from aicompiler.transformations.importers import describe_rules
from lxml import html


def spoken(record: BuildRecord, *rules: str) -> BuildRecord:
    said = tuple(Diagnostic(severity=Severity.NOTE, rule=r, message=f"{i}") for i, r in enumerate(rules))
    return replace(record, diagnostics=said)


def test_sarif_lists_every_rule_with_reason_and_advice(record: BuildRecord) -> None:
    """All rules of the import and all checks, each once, whether they spoke or not."""
    log = json.loads(verdict_sarif(spoken(record, "no-time", "of-a-plug-in")))
    listed = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert len(listed) == len(log["runs"][0]["tool"]["driver"]["rules"])
    assert {rule.name for rule in describe_rules()} <= set(listed)
    assert {name for name, _, _ in describe_checks()} <= set(listed)
    (rule,) = [r for r in describe_rules() if r.name == "no-time"]
    assert listed["no-time"] == {
        "id": "no-time",
        "shortDescription": {"text": rule.because},
        "help": {"text": rule.step},
        "defaultConfiguration": {"level": "error"},
    }
    assert listed["of-a-plug-in"] == {"id": "of-a-plug-in"}


def test_names_of_rules_and_checks_are_apart() -> None:
    """SARIF knows both by name alone, so a name has one meaning."""
    assert {rule.name for rule in describe_rules()}.isdisjoint(name for name, _, _ in describe_checks())


def test_the_report_says_why_the_rules_spoke(record: BuildRecord) -> None:
    """Those that spoke, most often first, with how often and why; an unknown one without a reason."""
    page = html.fromstring(
        render_report(spoken(record, "of-a-plug-in", "no-time", "no-time")).decode("utf-8")
    )
    rows = page.xpath("//table[caption='The rules that spoke']/tbody/tr")
    (rule,) = [r for r in describe_rules() if r.name == "no-time"]
    assert [[cell.text_content() for cell in row] for row in rows] == [
        ["no-time", "2", rule.because],
        ["of-a-plug-in", "1", ""],
    ]
