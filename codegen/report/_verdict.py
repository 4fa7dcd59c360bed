"""The verdict: ready, ready with assumptions, or refused; with every reason, for people and for scripts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from aicompiler.metamodels.deployment import Cost, CostKind, Deployment, Finding, Provenance, Verdict
from aicompiler.metamodels.diagnostics import Diagnostic, Severity

from ._format import count
from ._index import Index, is_soft
from ._record import BuildRecord, RunResult

FORMAT = "aicompiler.verdict"
FORMAT_VERSION = "1.1"


class BuildVerdict(Enum):
    """What a reviewer is asked to sign."""

    READY = "ready"
    ASSUMPTIONS = "ready with assumptions"
    REFUSED = "refused"


class Effect(Enum):
    """What a reason does to the verdict."""

    REFUSES = "refuses"
    ASSUMES = "assumes"


@dataclass(frozen=True)
class Reason:
    """One reason: ``code`` is a stable kebab-case name, ``elements`` are ids of the model."""

    code: str
    effect: Effect
    message: str
    elements: tuple[str, ...] = ()


ASSUMED_RULES = "assumed-"
"""How the rules begin by which importers say what they assumed for an element."""

OVERRIDDEN = "figure-overridden"
"""The rule by which importers say that a side-car replaces a figure of the model."""


def verdict_of(record: BuildRecord) -> tuple[BuildVerdict, tuple[Reason, ...]]:
    """The verdict of a build and all reasons for it, refusals first.

    Refused: an error in the model, no deployment, no check or a failed one, a failed self-check.  With
    assumptions: a time or energy that is estimated, assumed or only observed, a check that rests on one, a
    part of the model that was not understood, a device that something else stood in for, late jobs on the
    host.  Otherwise ready.
    """
    reasons = (*_refusals(record), *_assumptions(record))
    if any(r.effect is Effect.REFUSES for r in reasons):
        return BuildVerdict.REFUSED, reasons
    return (BuildVerdict.ASSUMPTIONS if reasons else BuildVerdict.READY), reasons


def _refusals(record: BuildRecord) -> Iterator[Reason]:
    for diagnostic in record.diagnostics:
        if diagnostic.severity is Severity.ERROR:
            yield Reason(diagnostic.rule, Effect.REFUSES, str(diagnostic))
    if record.deployment is None:
        yield Reason("no-deployment", Effect.REFUSES, "There is no deployment that satisfies the model.")
    elif record.evidence is None or not record.evidence.findings:
        yield Reason("not-checked", Effect.REFUSES, "The deployment was not checked.")
    for finding in record.evidence.failures if record.evidence else ():
        yield Reason(finding.check, Effect.REFUSES, f"Check failed: {finding.message}", finding.elements)
    for check in record.run.self_checks if record.run else ():
        if check.failed:
            message = f"Self-check {check.name} failed: {check.message}".rstrip(": ")
            yield Reason("self-check", Effect.REFUSES, message, (check.element,) if check.element else ())


def _assumptions(record: BuildRecord) -> Iterator[Reason]:
    index = Index(record)
    yield from _soft_numbers(index.used_costs)
    # The checker tells each soft number by itself; the reasons above count them.
    soft = {c.entry for c in index.used_costs if is_soft(c)}
    findings = record.evidence.findings if record.evidence else ()
    for finding in findings:
        if finding.verdict is Verdict.ASSUMED and not soft.intersection(finding.elements):
            yield Reason(finding.check, Effect.ASSUMES, finding.message, finding.elements)
    yield from _overridden(record)
    warned = (d for d in record.diagnostics if d.severity is Severity.WARNING)
    if warnings := sum(d.rule != OVERRIDDEN for d in warned):
        text = f"{count(warnings, 'warning')} about the model: what they name is assumed not to matter."
        yield Reason("model-warnings", Effect.ASSUMES, text)
    yield from _filled_in(record)
    for sentence in record.assumptions:
        yield Reason("assumption", Effect.ASSUMES, sentence)
    if record.run:
        yield from _host_reasons(record, record.run)


def _overridden(record: BuildRecord) -> Iterator[Reason]:
    """What the model states and something else was taken for: the verdict is not one on the model."""
    if replaced := sum(d.rule == OVERRIDDEN for d in record.diagnostics):
        text = f"The side-car replaces {count(replaced, 'figure')} that the model states."
        yield Reason("figures-overridden", Effect.ASSUMES, text)


def _filled_in(record: BuildRecord) -> Iterator[Reason]:
    """What the model left open and was assumed at import, and what has no behaviour to generate."""
    rules = Counter(d.rule for d in record.diagnostics if d.rule.startswith(ASSUMED_RULES))
    if rules:
        parts = (count(number, rule.removeprefix(ASSUMED_RULES)) for rule, number in sorted(rules.items()))
        text = f"The model leaves open what was assumed: {', '.join(parts)}."
        yield Reason("model-assumptions", Effect.ASSUMES, text)
    if stubs := tuple(e.id for e in record.system.entries if not e.behaviours):
        text = f"{count(len(stubs), 'entry', 'entries')} without a behaviour: hand-written stubs stand in."
        yield Reason("stubs", Effect.ASSUMES, text, stubs)


def _soft_numbers(used: tuple[Cost, ...]) -> Iterator[Reason]:
    groups = (
        ("estimated-costs", "estimated", [c for c in used if c.provenance is Provenance.ESTIMATED]),
        ("assumed-costs", "assumed", [c for c in used if c.provenance is Provenance.ASSUMED]),
        (
            "observed-times",
            "only observed, no bounds",
            [c for c in used if c.kind is CostKind.OBSERVED and not _is_guess(c)],
        ),
    )
    for code, how, rows in groups:
        if rows:
            text = f"The times and energies of {count(len(rows), 'entry', 'entries')} are {how}."
            yield Reason(code, Effect.ASSUMES, text, tuple(c.entry for c in rows))


def _is_guess(cost: Cost) -> bool:
    return cost.provenance in (Provenance.ESTIMATED, Provenance.ASSUMED)


def _host_reasons(record: BuildRecord, run: RunResult) -> Iterator[Reason]:
    index = Index(record)
    if skipped := [c for c in run.self_checks if c.skipped]:
        why = "; ".join(dict.fromkeys(c.message for c in skipped if c.message))
        text = f"{count(len(skipped), 'self-check')} could not be run{f': {why}' if why else ''}."
        elements = dict.fromkeys(c.element for c in skipped if c.element)
        yield Reason("self-check-skipped", Effect.ASSUMES, text, tuple(elements))
    for use in run.devices:
        if use.stands_in:
            text = f"{use.real} stood in for {index.label(use.unit)} when the code was executed."
            yield Reason("stand-in", Effect.ASSUMES, text, (use.unit,))
    for miss in run.misses:
        if miss.missed:
            text = f"On the host {miss.missed} of {miss.jobs} jobs of {index.label(miss.element)} were late."
            yield Reason("late-on-host", Effect.ASSUMES, text, (miss.element,))
    if run.overflows:
        text = f"On the host {count(run.overflows, 'value')} found a channel full."
        yield Reason("overflow-on-host", Effect.ASSUMES, text)


# --- the document -----------------------------------------------------------------------------------------


def verdict_json(record: BuildRecord) -> bytes:
    """``verdict_document`` as ASCII JSON: same record, same bytes."""
    return (json.dumps(verdict_document(record), indent=1, ensure_ascii=True) + "\n").encode("ascii")


def verdict_document(record: BuildRecord) -> dict[str, Any]:
    """The verdict and what it rests on, as ``verdict.schema.json`` describes it."""
    verdict, reasons = verdict_of(record)
    index = Index(record)
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "verdict": verdict.value,
        "reasons": [_reason(r) for r in reasons],
        "tool": {"name": "aicompiler", "version": record.tool_version},
        "inputs": [{"path": f.path, "role": f.role, "sha256": f.sha256} for f in record.inputs],
        "system": {"id": record.system.id, "name": record.system.name},
        "deployment": _deployment(record.deployment, index) if record.deployment else None,
        "checks": _checks(index.findings) if record.evidence else None,
        "provenance": _provenance(index),
        "diagnostics": _diagnostics(record.diagnostics),
        "generated": _generated(record),
        "host_run": _host_run(record.run) if record.run else None,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    fields = {"code": reason.code, "effect": reason.effect.value, "message": reason.message}
    return {**fields, "elements": list(reason.elements)}


def _deployment(deployment: Deployment, index: Index) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "status": deployment.status.value,
        "proposer": deployment.proposer,
        "hyperperiod_ns": deployment.hyperperiod_ns,
        "objectives": [
            {"name": o.name, "value": o.value, "bound": o.bound, "gap": o.gap, "unit": o.unit}
            for o in deployment.objectives
        ],
        "placements": [
            {
                "component": p.component,
                "component_name": index.label(p.component),
                "unit": p.unit,
                "unit_name": index.label(p.unit),
                "unit_kind": index.units[p.unit].kind.value if p.unit in index.units else "",
                "core": p.core,
                "replica": p.replica,
            }
            for p in deployment.placements
        ],
        "units": [
            {"unit": s.unit, "operating_point": s.operating_point, "off": s.off} for s in deployment.settings
        ],
        "jobs": len(deployment.jobs),
        "transfers": len(deployment.transfers),
    }


def _checks(findings: tuple[Finding, ...]) -> dict[str, Any]:
    counts = Counter(f.verdict for f in findings)
    return {
        **{v.value: counts[v] for v in Verdict},
        "findings": [
            {
                "check": f.check,
                "verdict": f.verdict.value,
                "message": f.message,
                "value": f.value,
                "limit": f.limit,
                "unit": f.unit,
                "elements": list(f.elements),
            }
            for f in findings
        ],
    }


def _provenance(index: Index) -> dict[str, Any]:
    used = Counter(c.provenance for c in index.used_costs)
    known = Counter(c.provenance for c in index.record.costs.costs)
    return {
        "used": {p.value: used[p] for p in Provenance},
        "known": {p.value: known[p] for p in Provenance},
        "used_observed": sum(c.kind is CostKind.OBSERVED for c in index.used_costs),
        "refusals": len(index.record.costs.refusals),
    }


def _diagnostics(diagnostics: tuple[Diagnostic, ...]) -> dict[str, Any]:
    counts = Counter(d.severity for d in diagnostics)
    items = []
    for item in diagnostics:
        place = item.source
        where = {"file": place.file, "line": place.line, "xml_id": place.xml_id} if place else None
        text = {"message": item.message, "next_step": item.next_step}
        items.append({"severity": item.severity.value, "rule": item.rule, **text, "place": where})
    return {**{s.value: counts[s] for s in Severity}, "items": items}


def _generated(record: BuildRecord) -> dict[str, Any] | None:
    if record.project is None:
        return None
    return {"files": len(record.project.files), "sha256": project_digest(record)}


def project_digest(record: BuildRecord) -> str:
    """SHA-256 over path, length and bytes of every generated file, in path order; '' without a project."""
    if record.project is None:
        return ""
    digest = hashlib.sha256()
    for file in sorted(record.project.files, key=lambda f: f.path):
        digest.update(f"{file.path}\0{len(file.content)}\0".encode("utf-8", "surrogatepass"))
        digest.update(file.content)
    return digest.hexdigest()


def _host_run(run: RunResult) -> dict[str, Any]:
    return {
        "host": run.host,
        "periods": run.periods,
        "stretch_permille": run.stretch_permille,
        "devices": [
            {"unit": d.unit, "real": d.real, "stands_in": d.stands_in, "note": d.note} for d in run.devices
        ],
        "times": [
            {
                "entry": t.entry,
                "device": t.device,
                "jobs": t.jobs,
                "best_ns": t.best_ns,
                "mean_ns": t.mean_ns,
                "worst_ns": t.worst_ns,
            }
            for t in run.times
        ],
        "misses": [{"element": m.element, "missed": m.missed, "jobs": m.jobs} for m in run.misses],
        "overflows": run.overflows,
        "outputs": [{"element": o.element, "sha256": o.sha256, "values": o.values} for o in run.outputs],
        "self_checks": [
            {
                "name": c.name,
                "passed": c.passed,
                "skipped": c.skipped,
                "message": c.message,
                "element": c.element,
            }
            for c in run.self_checks
        ],
    }
