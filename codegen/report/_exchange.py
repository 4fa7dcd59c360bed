"""The verdict in the formats that pipelines read: SARIF 2.1.0 and JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from aicompiler.metamodels.deployment import Finding, Verdict
from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Source
from aicompiler.transformations.analysis import describe_checks
from aicompiler.transformations.importers import describe_rules
from lxml import etree

from ._format import visible
from ._index import Index
from ._record import BuildRecord

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Verdict.FAIL: "error", Verdict.ASSUMED: "warning", Verdict.PASS: "none"}


# --- SARIF ------------------------------------------------------------------------------------------------


def verdict_sarif(record: BuildRecord) -> bytes:
    """Diagnostics and findings as a SARIF 2.1.0 log; passed checks are results of kind ``pass``."""
    index = Index(record)
    results = [
        *(_diagnostic_result(d) for d in record.diagnostics),
        *(_finding_result(index, f) for f in index.findings),
    ]
    rules = _rules()
    told = {rule["id"] for rule in rules}
    rules += [{"id": name} for name in dict.fromkeys(r["ruleId"] for r in results) if name not in told]
    driver = {"name": "aicompiler", "version": record.tool_version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _rules() -> list[dict[str, Any]]:
    """Whatever may speak, whether it did or not: the rules of the import and the checks of a deployment."""
    found = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.because},
            "help": {"text": rule.step},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in describe_rules()
    ]
    names = {rule["id"] for rule in found}
    checks = ({"id": n, "shortDescription": {"text": why}} for n, _, why in describe_checks())
    return [*found, *(check for check in checks if check["id"] not in names)]


def _diagnostic_result(diagnostic: Diagnostic) -> dict[str, Any]:
    text = diagnostic.message + (f"; {diagnostic.next_step}" if diagnostic.next_step else "")
    result = {"ruleId": diagnostic.rule, "level": diagnostic.severity.value, "message": {"text": text}}
    return {**result, **_locations([diagnostic.source])}


def _finding_result(index: Index, finding: Finding) -> dict[str, Any]:
    kind = "pass" if finding.verdict is Verdict.PASS else "fail"
    result = {"ruleId": finding.check, "kind": kind, "level": _LEVELS[finding.verdict]}
    message = {"text": index.named(finding.message)}
    sources = [index.elements[e].source for e in finding.elements if e in index.elements]
    return {**result, "message": message, **_locations(sources)}


def _locations(sources: list[Source | None]) -> dict[str, Any]:
    places = [_location(s) for s in sources if s is not None and s.file]
    return {"locations": places} if places else {}


def _location(source: Source) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(source.file, errors="replace")}}
    if source.line > 0:
        physical["region"] = {"startLine": source.line}
    logical = [{"fullyQualifiedName": source.qualified_name}] if source.qualified_name else []
    return {"physicalLocation": physical, **({"logicalLocations": logical} if logical else {})}


# --- JUnit ------------------------------------------------------------------------------------------------


def verdict_junit(record: BuildRecord) -> bytes:
    """Import, checks and self-checks as JUnit test suites: one case a diagnostic, finding or comparison.

    A failed check is a failure; an assumed one passes and says so in its output.
    """
    index = Index(record)
    suites = etree.Element("testsuites", name="aicompiler")
    _suite(suites, "import", list(_import_cases(record)))
    _suite(suites, "checks", [_check_case(index, f) for f in index.findings])
    _suite(suites, "self-checks", list(_self_check_cases(record)))
    for counter in ("tests", "failures", "skipped"):
        suites.set(counter, str(sum(int(suite.get(counter)) for suite in suites)))
    text: bytes = etree.tostring(suites, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return text


def _suite(parent: etree._Element, name: str, cases: list[etree._Element]) -> None:
    failures = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "skipped": str(skipped)}
    suite = etree.SubElement(parent, "testsuite", name=name, **counts)
    suite.extend(cases)


def _import_cases(record: BuildRecord) -> Iterator[etree._Element]:
    for diagnostic in record.diagnostics:
        failed = diagnostic.severity is Severity.ERROR
        yield _case("import", diagnostic.rule, str(diagnostic), failed)
    if record.deployment is None:
        yield _case("import", "deployment", "there is no deployment that satisfies the model", True)


def _check_case(index: Index, finding: Finding) -> etree._Element:
    about = ", ".join(index.label(e) for e in finding.elements)
    name = f"{finding.check}: {about}" if about else finding.check
    note = "assumed: " if finding.verdict is Verdict.ASSUMED else ""
    return _case("checks", name, note + index.named(finding.message), finding.verdict is Verdict.FAIL)


def _self_check_cases(record: BuildRecord) -> Iterator[etree._Element]:
    for check in record.run.self_checks if record.run else ():
        case = _case("self-checks", check.name, check.message or "equal to the interpreter", check.failed)
        if check.skipped:
            etree.SubElement(case, "skipped", message=visible(check.message))
        yield case


def _case(suite: str, name: str, text: str, failed: bool) -> etree._Element:
    case = etree.Element("testcase", classname=f"aicompiler.{suite}", name=visible(name))
    if failed:
        etree.SubElement(case, "failure", message=visible(text))
    else:
        etree.SubElement(case, "system-out").text = visible(text)
    return case
