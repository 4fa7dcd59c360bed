"""Numbers, schedules, decisions and plans in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aicompiler.codegen.report import BuildRecord, render_report
from aicompiler.codegen.report._decisions import decisions, schedule_text
from aicompiler.codegen.report._format import line_ranges, quantity, sentence, shorten, visible
from aicompiler.codegen.report._index import Index
from aicompiler.metamodels.plan import (
    Condition,
    Configuration,
    ConfigurationKind,
    ReconfigurationPlan,
    Uncovered,
)
from aicompiler.transformations.kernels import Kernel, Partition, Phase, Pipeline, Schedule, Signature, Unroll
from lxml import html
from xdsl.dialects.builtin import ModuleOp


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "ns", "0"),
        (999, "ns", "999 ns"),
        (33_333_333, "ns", "33.33 ms"),
        (9_999_960, "ns", "10 ms"),
        (-1_500, "uw", "−1.5 mW"),  # noqa: RUF001 - a true minus sign
        (1536, "bytes", "1.5 KiB"),
        (12345, "LUT", "12 345 LUT"),
        (5, "", "5"),
    ],
)
def test_quantities_are_readable(value: int, unit: str, text: str) -> None:
    """Four significant digits in the best unit, with spaces that do not break."""
    assert quantity(value, unit).replace("\u00a0", " ").replace("\u202f", " ") == text


def test_text_helpers() -> None:
    """Invisible characters are spelled out, both ends of long names stay, lines become ranges."""
    assert visible("a\u200bb\n\x07") == "a⟨U+200B⟩b\n⟨U+0007⟩"
    assert visible("größe – 東京") == "größe – 東京"  # noqa: RUF001
    assert shorten("abcdefghijklmno", 9) == "abcde…mno"
    assert line_ranges([3, 1, 2, 9, 9, 12, 13]) == "1-3, 9, 12-13"
    assert sentence("it holds") == "It holds."


def test_schedules_in_words() -> None:
    """Launches, pipelines, unrolled loops and split arrays are grouped; a sequential launch says why."""

    def words(**schedule: object) -> str:
        return schedule_text(Kernel(Signature("k", ()), ModuleOp([]), Schedule(**schedule)))  # type: ignore[arg-type]

    assert words() == "k: plain sequential code"
    assert words(phases=(Phase(0, 1),)) == "k: one work-item, because no loop was proved parallel"
    assert (
        words(phases=(Phase(0, 1, ("L0", "L1")), Phase(1, 2)))
        == "k: 2 launches over L0 by L1, then one work-item"
    )
    assert words(
        pipelines=(Pipeline("L0", 1), Pipeline("L1", 5), Pipeline("L2", 1)),
        unrolls=(Unroll("L3"), Unroll("L4", 2)),
        partitions=(Partition("a", 0), Partition("b", 1, 4)),
    ) == (
        "k: iterations start every cycle in L0, L2; iterations start every 5 cycles in L1; unrolled: L3; "
        "unrolled by 2: L4; split into registers: a; split into 4 banks: b (dimension 1)"
    )


def test_each_decision_says_why(record: BuildRecord) -> None:
    """Cheapest, pinned, only one possible, or cheaper only on a unit that would have to be switched on."""
    reasons = {d.component.label: d.reason.replace("\u00a0", " ") for d in decisions(Index(record))}
    assert reasons == {
        "camera": "The only unit on which it can run.",
        "blur": "Least busy energy of 3 possible units.",
        "edges": "Least busy energy of 2 possible units.",
        "signals": "Least busy energy of the units that are on. It would use 220 µJ less on Small CPU, which "
        "is switched off: its standby power alone takes 3 mJ.",
        "telemetry": "Pinned there by a constraint.",
    }


def test_alternatives_say_what_rules_them_out(record: BuildRecord) -> None:
    """Refused with the reason of the cost stage, forbidden, pinned elsewhere; unknown units stand apart."""
    found = {d.component.label: d for d in decisions(Index(record))}
    remarks = {(c, a.unit.label): a.remark for c, d in found.items() for a in d.alternatives}
    assert remarks["camera", "Embedded GPU"] == "cannot run here: its loop carries a dependence"
    assert remarks["telemetry", "Small CPU"] == "pinned elsewhere by a constraint"
    assert remarks["blur", "Main CPU"] == "possible"
    assert [u.label for u in found["blur"].unknown] == ["Small CPU"]


def test_the_plan_is_shown_condition_by_condition(record: BuildRecord) -> None:
    """A served failure shows what moves and what is given up; an unserved one shows why."""
    assert record.deployment is not None
    moved = tuple(
        replace(p, unit="cpu") if p.component == "c_edges" else p
        for p in record.deployment.placements
        if p.component != "c_blur"
    )
    plan = ReconfigurationPlan(
        system="crossing",
        conditions=(
            Condition(id="gpu-failed", failed_units=("gpu",)),
            Condition(id="cpu-failed", failed_units=("cpu",)),
        ),
        configurations=(
            Configuration(
                id="without-gpu",
                kind=ConfigurationKind.FAIL_SAFE,
                condition="gpu-failed",
                deployment=replace(record.deployment, placements=moved),
                shed=("c_blur",),
            ),
        ),
        uncovered=(Uncovered(condition="cpu-failed", reason="'c_telemetry' is pinned to it"),),
    )
    tree = html.document_fromstring(render_report(replace(record, plan=plan)).decode("utf-8"))
    served, unserved = (
        " ".join(r.text_content().split()) for r in tree.xpath("//section[@id='plan']//tbody/tr")
    )
    for part in ("gpu-failed", "fail safe", "edges to Main CPU", "blur"):
        assert part in served
    for part in ("not covered", "'telemetry' is pinned to it."):
        assert part in unserved
