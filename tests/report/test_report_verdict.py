"""The verdict follows from the record, and its JSON, SARIF and JUnit forms are what pipelines expect."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from aicompiler.codegen.report import (
    BuildRecord,
    BuildVerdict,
    DeadlineMisses,
    DeviceUse,
    RunResult,
    SelfCheck,
    render_report,
    verdict_document,
    verdict_json,
    verdict_junit,
    verdict_of,
    verdict_sarif,
)
from aicompiler.metamodels.deployment import CostKind, Evidence, Finding, Provenance, Verdict
from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from lxml import etree, html

SCHEMA = json.loads((files("aicompiler.codegen.report") / "verdict.schema.json").read_text(encoding="utf-8"))
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
HOST = RunResult(host="a host", periods=3)


def violations(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
    """What is wrong with a value, by the keywords of JSON Schema 2020-12 that the published schema uses."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    found = [] if _has_type(value, schema.get("type", [])) else [f"{path}: not {schema['type']}"]
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        found.append(f"{path}: {value!r} is not allowed")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{path}: {value!r} does not match")
    if isinstance(value, int | float) and value < schema.get("minimum", value):
        found.append(f"{path}: {value} is too small")
    if isinstance(value, dict):
        known = schema["properties"]
        found += [f"{path}: {k} is missing" for k in schema["required"] if k not in value]
        found += [f"{path}: {k} is not described" for k in value if k not in known]
        found += [v for k in value if k in known for v in violations(value[k], known[k], f"{path}.{k}")]
    if isinstance(value, list):
        found += [
            v for n, item in enumerate(value) for v in violations(item, schema["items"], f"{path}[{n}]")
        ]
    return found


def _has_type(value: object, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, int | float) and not isinstance(value, bool):
        return not names or "number" in names or ("integer" in names and isinstance(value, int))
    return not names or any(isinstance(value, TYPES.get(n, ())) for n in names)


def test_the_verdict_json_is_golden(record: BuildRecord, golden: Callable[[str, str], None]) -> None:
    """The document of the hand-made record is as reviewed."""
    golden("report/verdict.json", verdict_json(record).decode("ascii"))


def test_every_verdict_keeps_the_published_schema(
    record: BuildRecord, ready: BuildRecord, renamed: Callable[[str], BuildRecord]
) -> None:
    """Complete, ready, refused and hostile records all give documents that the schema describes fully."""
    refused = replace(record, deployment=None, evidence=None, project=None, run=None)
    for each in (record, ready, refused, renamed("\ud800\u202e\"'<\x00")):
        document = json.loads(verdict_json(each))
        assert violations(document, SCHEMA) == []
    assert violations({**verdict_document(record), "verdict": "fine", "checks": 3}, SCHEMA) != []


def test_the_schema_agrees_with_a_real_validator(record: BuildRecord) -> None:
    """jsonschema accepts the schema and the document."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(verdict_json(record)))


def test_bounds_from_annotations_and_passed_checks_are_ready(ready: BuildRecord) -> None:
    """Nothing assumed, nothing failed: ready, without a reason."""
    assert verdict_of(ready) == (BuildVerdict.READY, ())


def _costs(record: BuildRecord, **changes: Any) -> BuildRecord:
    return replace(
        record, costs=replace(record.costs, costs=tuple(replace(c, **changes) for c in record.costs.costs))
    )


ASSUMPTIONS: dict[str, Callable[[BuildRecord], BuildRecord]] = {
    "estimated-costs": lambda r: _costs(r, provenance=Provenance.ESTIMATED),
    "assumed-costs": lambda r: _costs(r, provenance=Provenance.ASSUMED),
    "observed-times": lambda r: _costs(r, kind=CostKind.OBSERVED),
    "assumption": lambda r: replace(r, assumptions=("The supervisor does not fail.",)),
    "model-warnings": lambda r: replace(
        r, diagnostics=(Diagnostic(severity=Severity.WARNING, rule="x", message="not understood"),)
    ),
    "figures-overridden": lambda r: replace(
        r,
        diagnostics=(Diagnostic(severity=Severity.WARNING, rule="figure-overridden", message="10, not 20"),),
    ),
    "memory": lambda r: replace(
        r, evidence=Evidence(findings=(Finding(check="memory", verdict=Verdict.ASSUMED, message="it fits"),))
    ),
    "stand-in": lambda r: replace(
        r, run=replace(HOST, devices=(DeviceUse(unit="gpu", real="PoCL", stands_in=True),))
    ),
    "late-on-host": lambda r: replace(
        r, run=replace(HOST, misses=(DeadlineMisses(element="see", missed=1, jobs=9),))
    ),
    "overflow-on-host": lambda r: replace(r, run=replace(HOST, overflows=1)),
}


@pytest.mark.parametrize("code", ASSUMPTIONS)
def test_each_assumption_is_named(code: str, ready: BuildRecord) -> None:
    """One thing that is not certain makes the verdict 'ready with assumptions', with that reason alone."""
    verdict, reasons = verdict_of(ASSUMPTIONS[code](ready))
    assert verdict is BuildVerdict.ASSUMPTIONS
    assert [r.code for r in reasons] == [code]


REFUSALS: dict[str, Callable[[BuildRecord], BuildRecord]] = {
    "no-deployment": lambda r: replace(r, deployment=None, evidence=None),
    "not-checked": lambda r: replace(r, evidence=None),
    "no-overlap": lambda r: replace(
        r,
        evidence=Evidence(findings=(Finding(check="no-overlap", verdict=Verdict.FAIL, message="two jobs"),)),
    ),
    "bad-model": lambda r: replace(
        r, diagnostics=(Diagnostic(severity=Severity.ERROR, rule="bad-model", message="wrong"),)
    ),
    "self-check": lambda r: replace(
        r, run=replace(HOST, self_checks=(SelfCheck(name="blur", passed=False),))
    ),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_each_refusal_is_named(code: str, ready: BuildRecord) -> None:
    """An error, a missing or failed check, a failed self-check: refused, with that reason."""
    verdict, reasons = verdict_of(REFUSALS[code](ready))
    assert verdict is BuildVerdict.REFUSED
    assert code in [r.code for r in reasons]


def test_unused_numbers_do_not_count(ready: BuildRecord) -> None:
    """An estimate for a unit that the component is not on assumes nothing."""
    soft = tuple(
        replace(c, provenance=Provenance.ESTIMATED) if (c.entry, c.unit) == ("e_blur", "cpu") else c
        for c in ready.costs.costs
    )
    assert verdict_of(replace(ready, costs=replace(ready.costs, costs=soft)))[0] is BuildVerdict.READY


def test_sarif_has_the_required_structure(record: BuildRecord) -> None:
    """Version, driver, rules for all results, and a region for each located diagnostic."""
    log = json.loads(verdict_sarif(record))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = {r["id"] for r in run["tool"]["driver"]["rules"]}
    assert record.evidence is not None
    assert len(run["results"]) == len(record.diagnostics) + len(record.evidence.findings)
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["message"]["text"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result.get("kind", "fail") == "fail" or result["level"] == "none"
    (located,) = [r for r in run["results"] if r["ruleId"] == "unknown-stereotype"]
    assert located["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "crossing.uml"},
        "region": {"startLine": 20},
    }


def test_junit_counts_what_failed(record: BuildRecord, renamed: Callable[[str], BuildRecord]) -> None:
    """A failed check and a failed self-check are failures; the counters agree with the cases."""
    assert record.evidence is not None
    failed = Finding(check="deadline", verdict=Verdict.FAIL, message="late", elements=("e_blur",))
    broken = replace(
        record,
        evidence=Evidence(findings=(*record.evidence.findings, failed)),
        run=replace(HOST, self_checks=(SelfCheck(name="blur", passed=False, message="3 != 4"),)),
    )
    root = etree.fromstring(verdict_junit(broken))
    assert [c.get("name") for c in root.xpath("//testcase[failure]")] == ["deadline: blur.step", "blur"]
    assert root.get("failures") == "2"
    assert int(root.get("tests")) == len(root.findall("testsuite/testcase"))
    assert etree.fromstring(verdict_junit(renamed("\x00\ud800<a>&"))).tag == "testsuites"


def test_what_the_model_leaves_open_is_an_assumption(ready: BuildRecord) -> None:
    """Periods and types that the importer assumed are counted by kind and keep the verdict from 'ready'."""
    notes = tuple(
        Diagnostic(severity=Severity.NOTE, rule=rule, message="assumed")
        for rule in ("assumed-period", "assumed-type", "assumed-type")
    )
    verdict, reasons = verdict_of(replace(ready, diagnostics=notes))
    assert verdict is BuildVerdict.ASSUMPTIONS
    assert "The model leaves open what was assumed: 1 period, 2 types." in [r.message for r in reasons]


def test_entries_without_a_behaviour_are_an_assumption(ready: BuildRecord) -> None:
    """Where hand-written stubs stand in for behaviours the verdict counts them and names the entries."""
    [first, *rest] = ready.system.components
    bare = replace(first, entries=tuple(replace(e, behaviours=()) for e in first.entries))
    application = replace(ready.system.application, components=(bare, *rest))
    verdict, reasons = verdict_of(replace(ready, system=replace(ready.system, application=application)))
    assert verdict is BuildVerdict.ASSUMPTIONS
    assert [r.elements for r in reasons if r.code == "stubs"] == [tuple(e.id for e in bare.entries)]


def test_a_skipped_self_check_is_neither_passed_nor_failed(ready: BuildRecord) -> None:
    """It leaves an assumption with its reason, and JSON, JUnit and the report show it as skipped."""
    check = SelfCheck(name="blur.cuda", passed=False, skipped=True, message="no device", element="c_blur")
    record = replace(ready, run=replace(HOST, self_checks=(check, SelfCheck(name="blur.c", passed=True))))
    verdict, (reason,) = verdict_of(record)
    assert verdict is BuildVerdict.ASSUMPTIONS
    assert (reason.code, reason.elements) == ("self-check-skipped", ("c_blur",))
    assert reason.message == "1 self-check could not be run: no device."
    checks = verdict_document(record)["host_run"]["self_checks"]
    assert [(c["passed"], c["skipped"]) for c in checks] == [(False, True), (True, False)]
    suites = etree.fromstring(verdict_junit(record))
    [skipped] = suites.findall(".//skipped")
    assert skipped.get("message") == "no device"
    assert (suites.get("failures"), suites.get("skipped")) == ("0", "1")
    cells = html.fromstring(render_report(record)).xpath("//section[@id='run']//td/span/text()")
    assert any(text.strip() == "skipped" for text in cells)
