"""From an element of the model to the decision about it to generated lines; from requirement to checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import singledispatch
from urllib.parse import quote

from aicompiler.metamodels.deployment import Finding, Verdict
from aicompiler.metamodels.system import (
    Channel,
    Component,
    Constraint,
    Element,
    Entry,
    Flow,
    Link,
    Requirement,
    System,
    Unit,
)

from ._architecture import channel_bytes, channel_rate, is_off, protocol_name, route_names
from ._format import count, line_ranges, quantity
from ._index import Index, Ref, kind_name


@dataclass(frozen=True)
class Generated:
    """Lines of one generated file; ``href`` is relative to the report."""

    path: str
    href: str
    lines: str


@dataclass(frozen=True)
class TraceRow:
    """One element: where it stands in the model, what was decided, what was generated for it."""

    ref: Ref
    place: str
    xml_id: str
    decision: str
    generated: tuple[Generated, ...]


@dataclass(frozen=True)
class RequirementView:
    """A requirement, what satisfies it and what the checks of that say."""

    ref: Ref
    identifier: str
    text: str
    satisfied_by: tuple[Ref, ...]
    state: str  # pass, assumed, fail, or open
    summary: str


def trace(index: Index) -> tuple[TraceRow, ...]:
    """One row for every listed element, in model order."""
    lines = _generated_lines(index)
    return tuple(
        TraceRow(
            ref=index.ref(element.id),
            place=_place(element),
            xml_id=element.source.xml_id if element.source else "",
            decision=_decision(element, index),
            generated=tuple(
                Generated(path, href(path), line_ranges(numbers))
                for path, numbers in sorted(lines.get(index.anchor(element.id), {}).items())
            ),
        )
        for element in index.listed
    )


def href(path: str) -> str:
    """A link to a file beside the report that can be nothing but a relative path."""
    return "./" + quote(path, safe="/", errors="replace")


def _place(element: Element) -> str:
    source = element.source
    if source is None or not source.file:
        return ""
    return f"{source.file}:{source.line}" if source.line else source.file


def _generated_lines(index: Index) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for file in index.record.project.files if index.record.project else ():
        for link in file.trace:
            found[index.anchor(link.element)][file.path].append(link.line)
    return found


# --- decisions in a phrase --------------------------------------------------------------------------------


@singledispatch
def _decision(element: Element, index: Index) -> str:  # noqa: ARG001 - the other overloads look things up
    return ""


@_decision.register
def _(_element: System, index: Index) -> str:
    deployment = index.record.deployment
    if deployment is None:
        return "no deployment"
    period = quantity(deployment.hyperperiod_ns, "ns")
    return f"{deployment.status.value} deployment, found by {deployment.proposer}, repeats every {period}"


@_decision.register
def _(element: Component, index: Index) -> str:
    placement = index.placements.get(element.id)
    return f"on {index.where(placement)}" if placement else "not placed"


@_decision.register
def _(element: Entry, index: Index) -> str:
    placement = index.placements.get(index.component_id(element.id) or "")
    if placement is None:
        return ""
    cost = index.facts.cost(element.id, placement)
    jobs = f"{count(index.jobs.get(element.id, 0), 'job')} a hyperperiod"
    return f"{jobs}, at most {quantity(cost.wcet_ns, 'ns')} each ({cost.provenance.value})" if cost else jobs


@_decision.register
def _(element: Channel, index: Index) -> str:
    rate = channel_rate(index, element)
    parts = [protocol_name(element), channel_bytes(index, element), f"every {rate}" if rate else ""]
    if links := route_names(index, element):
        parts.append(f"over {links}")
    return ", ".join(p for p in parts if p)


@_decision.register
def _(element: Unit, index: Index) -> str:
    if is_off(index, element.id):
        return "switched off"
    point = index.point(element)
    placed = sum(p.unit == element.id for p in index.placements.values())
    return count(placed, "component") + (f", at {quantity(point.frequency_hz, 'hz')}" if point else "")


@_decision.register
def _(element: Link, index: Index) -> str:
    deployment = index.record.deployment
    number = sum(t.link == element.id for t in deployment.transfers) if deployment else 0
    return f"{count(number, 'transfer')} a hyperperiod"


@_decision.register
def _(element: Constraint, index: Index) -> str:
    # A check that finds nothing to say of a constraint states once that all of its kind hold.
    kind = kind_name(element).replace(" ", "-")
    own = index.findings_of.get(element.id, [])
    return _summary(own or [f for f in index.findings if f.check == kind and not f.elements])


@_decision.register
def _(element: Flow, index: Index) -> str:
    return _summary(index.findings_of.get(element.id, []))


@_decision.register
def _(element: Requirement, index: Index) -> str:
    return _summary(_checks_of(index, element))


# --- requirements -----------------------------------------------------------------------------------------


def requirements(index: Index) -> tuple[RequirementView, ...]:
    """Every requirement of the model; one that no check speaks of stays open."""
    views = []
    for requirement in index.system.requirements:
        findings = _checks_of(index, requirement)
        satisfied_by = tuple(index.ref(e) for e in requirement.satisfied_by)
        state, summary = _state(findings).value if findings else "open", _summary(findings)
        ref = index.ref(requirement.id)
        views.append(
            RequirementView(ref, requirement.identifier, requirement.text, satisfied_by, state, summary)
        )
    return tuple(views)


def _checks_of(index: Index, requirement: Requirement) -> list[Finding]:
    subjects = (requirement.id, *requirement.satisfied_by)
    found = {id(f): f for e in subjects for f in index.findings_below(e)}
    return list(found.values())


def _state(findings: list[Finding]) -> Verdict:
    order = (Verdict.FAIL, Verdict.ASSUMED)
    return next((v for v in order if any(f.verdict is v for f in findings)), Verdict.PASS)


def _summary(findings: list[Finding]) -> str:
    if not findings:
        return "no check speaks of it"
    counts = Counter(f.verdict for f in findings)
    words = {Verdict.PASS: "passed", Verdict.ASSUMED: "assumed", Verdict.FAIL: "failed"}
    return ", ".join(f"{counts[v]} {w}" for v, w in words.items() if counts[v])
