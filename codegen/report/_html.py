"""The report: one HTML file that needs nothing else, runs nothing and takes no foreign text as markup."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from aicompiler.metamodels.deployment import Finding, Provenance, Verdict
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import OperatingPoint
from aicompiler.transformations.analysis import describe_checks
from aicompiler.transformations.importers import describe_rules
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from . import _budgets, _decisions, _plans, _stated, _trace
from ._architecture import drawing
from ._format import count, exact, grouped, percent, quantity, sentence, shorten, visible
from ._index import Index, Ref, is_soft
from ._record import BuildRecord
from ._timetable import ZOOMS, time_table
from ._verdict import BuildVerdict, project_digest, verdict_of

_WORDS = {
    BuildVerdict.READY: ("ready", "Ready"),
    BuildVerdict.ASSUMPTIONS: ("assumed", "Ready with assumptions"),
    BuildVerdict.REFUSED: ("fail", "Refused"),
}


def render_report(record: BuildRecord) -> bytes:
    """The report of a build as one UTF-8 HTML document; same record, same bytes."""
    style = (files(__package__) / "templates" / "report.css").read_text(encoding="utf-8")
    index = Index(record)
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    text = (
        environment()
        .get_template("report.html.j2")
        .render(
            # The only markup that is no template: our style sheet, whose digest the page's policy demands.
            style=Markup(style),
            style_digest=digest,
            **_view(index),
        )
    )
    return text.encode("utf-8")


@cache
def environment() -> Environment:
    """The templates, escaping everything and refusing unknown names."""
    made = Environment(
        loader=PackageLoader("aicompiler.codegen.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_spell_out,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        quantity=quantity,
        exact=exact,
        grouped=grouped,
        shorten=shorten,
        sentence=sentence,
        count=count,
    )
    return made


def _spell_out(value: object) -> object:
    """Every expression a template prints passes here."""
    return value if isinstance(value, Markup | int) else visible(str(value))


def _view(index: Index) -> dict[str, Any]:
    record = index.record
    verdict, reasons = verdict_of(record)
    css, word = _WORDS[verdict]
    deployment = record.deployment
    flows, budgets = _budgets.flows(index), _budgets.budgets(index)
    return {
        "record": record,
        "index": index,
        "named": index.named,
        "verdict": {
            "css": css,
            "word": word,
            "reasons": [(r, [index.ref(e) for e in r.elements]) for r in reasons],
        },
        "drawing": drawing(index),
        "legend": [(index.ref(u.id), u) for u in index.system.units],
        "table": time_table(index, deployment) if deployment and deployment.hyperperiod_ns > 0 else None,
        "zooms": ZOOMS,
        "flows": flows,
        "budgets": budgets,
        "tightest": _tightest(flows),
        "entry_bars": _budgets.entry_bars(index),
        "energy": _budgets.energy(index),
        "area": _budgets.area(index),
        "checks": _checks(index),
        "finding_counts": Counter(f.verdict.value for f in index.findings),
        "verdicts": [v.value for v in Verdict],
        "plan_rows": _plans.plan_rows(index, record.plan) if record.plan else (),
        "costs": _costs(index),
        "cost_counts": _cost_counts(index),
        "refusals": [(index.ref(r.entry), index.ref(r.unit), r.reason) for r in record.costs.refusals],
        "decisions": _decisions.decisions(index),
        "current": _stated.current(index),
        "stated": _stated.stated(index),
        "trace": _trace.trace(index),
        "requirements": _trace.requirements(index),
        "rules": _rules(record),
        "diagnostic_counts": [(s.value, sum(d.severity is s for d in record.diagnostics)) for s in Severity],
        "project": _project(record),
        "project_digest": project_digest(record),
        "percent": percent,
    }


def _checks(index: Index) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Findings by check, in their order, each with the reason why it is made ('' if unknown)."""
    because = {name: reason for name, _, reason in describe_checks()}
    grouped_by_check: dict[str, list[dict[str, Any]]] = {}
    for finding in index.findings:
        grouped_by_check.setdefault(finding.check, []).append(_finding(index, finding))
    return [(name, because.get(name, ""), found) for name, found in grouped_by_check.items()]


def _rules(record: BuildRecord) -> list[tuple[str, int, str]]:
    """The rules that spoke, most often first: name, how often, and the rule's reason ('' if unknown)."""
    because = {rule.name: rule.because for rule in describe_rules()}
    counts = Counter(d.rule for d in record.diagnostics)
    return [(name, number, because.get(name, "")) for name, number in counts.most_common()]


def _finding(index: Index, finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "verdict": finding.verdict.value,
        "value": finding.value,
        "limit": finding.limit,
        "unit": finding.unit,
        "message": finding.message,
        "elements": [index.ref(e) for e in finding.elements],
    }


def _tightest(flows: Iterable[_budgets.FlowView]) -> tuple[Ref, _budgets.Bar] | None:
    """The flow that comes closest to (or furthest over) its limit."""
    bars = [(flow.ref, bar) for flow in flows for bar in flow.bars]
    return max(bars, key=lambda pair: pair[1].value / pair[1].limit, default=None)


def _costs(index: Index) -> list[dict[str, Any]]:
    """Every cost row, those the deployment rests on first."""
    rows = []
    for cost in index.record.costs.costs:
        used = (cost.entry, cost.unit, cost.operating_point) in index.used_keys
        point = index.elements.get(cost.operating_point)
        rows.append(
            {
                "cost": cost,
                "entry": index.ref(cost.entry),
                "unit": index.ref(cost.unit),
                "point": quantity(point.frequency_hz, "hz") if isinstance(point, OperatingPoint) else "",
                "used": used,
                "soft": is_soft(cost),
            }
        )
    return sorted(rows, key=lambda r: not r["used"])


def _cost_counts(index: Index) -> list[tuple[str, int, int]]:
    used = Counter(c.provenance for c in index.used_costs)
    known = Counter(c.provenance for c in index.record.costs.costs)
    return [(p.value, used[p], known[p]) for p in Provenance]


def _project(record: BuildRecord) -> list[dict[str, Any]]:
    """The generated files with size and digest, in path order."""
    return [
        {
            "path": file.path,
            "href": _trace.href(file.path),
            "size": len(file.content),
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "traced": len(file.trace),
        }
        for file in sorted(record.project.files if record.project else (), key=lambda f: f.path)
    ]
