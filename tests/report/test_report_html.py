"""The report is complete, readable without any network, and does not do what names in a model ask for."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from aicompiler.codegen.report import BuildRecord, render_report
from lxml import html

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202e\x00\ud800" + "long" * 80


def page(record: BuildRecord) -> html.HtmlElement:
    return html.document_fromstring(render_report(record).decode("utf-8"))


def words(element: html.HtmlElement) -> str:
    return re.sub(r"\s+", " ", " ".join(element.itertext()))


def test_everything_in_the_record_is_in_the_report(record: BuildRecord) -> None:
    """Findings, costs, refusals, placements, trace, requirements, diagnostics, inputs, host figures."""
    text = words(page(record))
    assert record.deployment and record.evidence and record.run and record.project
    expected = [f.message for f in record.evidence.findings] + [f.check for f in record.evidence.findings]
    expected += [c.note for c in record.costs.costs] + [c.provenance.value for c in record.costs.costs]
    expected += [r.reason for r in record.costs.refusals] + [r.text for r in record.system.requirements]
    expected += [d.message for d in record.diagnostics] + [d.next_step for d in record.diagnostics]
    expected += [f.sha256 for f in record.inputs] + [f.path for f in record.project.files]
    expected += [d.real for d in record.run.devices] + [o.sha256 for o in record.run.outputs]
    expected += [c.name for c in record.system.components] + [u.name for u in record.system.units]
    expected += [record.command, record.tool_version, record.run.host, *record.assumptions]
    assert [e for e in expected if re.sub(r"\s+", " ", e) not in text] == []


def test_each_cost_row_shows_its_exact_numbers(record: BuildRecord) -> None:
    """Every time and energy of the cost table stands in a ``data`` element, unrounded."""
    values = Counter(d.get("value") for d in page(record).xpath("//table[contains(@class,'costs')]//data"))
    wanted = Counter(
        str(n)
        for c in record.costs.costs
        for n in (c.bcet_ns, c.acet_ns, c.wcet_ns, c.interval_ns, c.energy_fj)
    )
    assert values == wanted


def test_the_trace_leads_from_the_model_to_generated_lines(record: BuildRecord) -> None:
    """A component's row has its place in the model, its unit, and the lines of the file made from it."""
    rows = {
        words(r.xpath("./th//bdi")[0]): words(r)
        for r in page(record).xpath("//table[contains(@class,'trace')]//tr[@id]")
    }
    blur = rows["blur"]
    for part in ("crossing.uml:20", "c_blur", "on Fabric", "kernels/hls/blur.cpp", "2-3"):
        assert part in blur
    assert "src/board/main.c" in rows["camera.step"]


def test_links_resolve_and_ids_are_unique(record: BuildRecord) -> None:
    """No id occurs twice, and each link leads to an id of the page or to a generated file beside it."""
    tree = page(record)
    ids = Counter(tree.xpath("//@id"))
    assert [i for i, n in ids.items() if n > 1] == []
    assert record.project is not None
    files = {f"./{f.path}" for f in record.project.files}
    hrefs = set(tree.xpath("//@href"))
    assert {h for h in hrefs if h.startswith("#") and h[1:] not in ids} == set()
    assert {h for h in hrefs if not h.startswith("#")} <= files
    used = set(tree.xpath("//@aria-labelledby"))
    assert used <= set(ids)


def test_the_report_needs_no_network_and_runs_nothing(record: BuildRecord) -> None:
    """No script, no style attribute, no reference outwards, and a policy that would refuse all of these."""
    text = render_report(record).decode("utf-8")
    tree = html.document_fromstring(text)
    assert tree.xpath("//script | //iframe | //object | //embed | //img | //link | //base | //form") == []
    assert tree.xpath("//@src | //@style | //@srcset") == []
    assert [a for a in tree.xpath("//@*") if a.is_attribute and str(a.attrname).startswith("on")] == []
    style = tree.xpath("//style")[0].text
    assert "@import" not in style
    assert set(re.findall(r"url\([^)]*\)", text)) == {"url(#arrow)", "url(#rest)"}
    assert "http:" not in text
    assert "https:" not in text
    policy = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_hostile_names_are_inert(record: BuildRecord, renamed: Callable[[str], BuildRecord]) -> None:
    """Markup, quotes, template syntax, control and direction characters in any name change no element."""
    plain, hostile = page(renamed("plain")), page(renamed(HOSTILE))

    def shape(tree: html.HtmlElement) -> list[tuple[str, list[str]]]:
        return [(str(e.tag), sorted(e.attrib)) for e in tree.iter() if e.tag not in ("text", "svg", "tspan")]

    assert shape(hostile) == shape(plain)
    assert hostile.xpath("//script | //img") == []
    text = render_report(renamed(HOSTILE)).decode("utf-8")
    assert "\u202e" not in text
    assert "\x00" not in text
    assert "⟨U+202E⟩" in text
    assert "{{7*7}}" in text


@pytest.mark.parametrize("name", ["الكاميرا", "קרוסינג", "交差点", "e\u0301\u200d"])
def test_names_of_any_script_are_isolated(name: str, renamed: Callable[[str], BuildRecord]) -> None:
    """A name that is written from right to left stands in an element of its own direction."""
    tree = page(renamed(name))
    shown = name.replace("\u200d", "⟨U+200D⟩")
    assert tree.xpath("//table[contains(@class,'trace')]//th/span/bdi[contains(., $name)]", name=shown)


def test_links_to_generated_files_stay_relative(
    record: BuildRecord, renamed: Callable[[str], BuildRecord]
) -> None:
    """A file path that looks like a script or a site is a relative link all the same."""
    for path in ("javascript:alert(1)", "//example.org/x", "https://example.org"):
        hrefs = [h for h in page(renamed(path)).xpath("//@href") if not h.startswith("#")]
        assert hrefs
        assert all(h.startswith("./") and ":" not in h for h in hrefs)


def test_the_same_record_gives_the_same_bytes(record: BuildRecord) -> None:
    """Rendering twice gives equal bytes."""
    assert render_report(record) == render_report(replace(record))


def test_a_refused_model_still_has_a_report(record: BuildRecord) -> None:
    """Without deployment, evidence, project and run the report says so in each section."""
    refused = replace(record, deployment=None, evidence=None, project=None, run=None)
    tree = page(refused)
    assert tree.xpath("//div[contains(@class,'verdict')]/h2")[0].text_content().endswith("Refused")
    text = words(tree)
    for sentence in (
        "There is no time table",
        "Nothing was checked",
        "No code was generated",
        "was not executed",
    ):
        assert sentence in text


def test_the_signature_block_is_empty(record: BuildRecord) -> None:
    """Name, role, date and signature are lines to be filled in by hand."""
    block = page(record).xpath("//dl[@class='sign']")[0]
    assert {"Name", "Role", "Date", "Signature"} <= set(block.xpath(".//dt/text()"))
    assert all(not d.text_content().strip() for d in block.xpath(".//dd[@class='line']"))


def test_host_figures_stand_alone(record: BuildRecord) -> None:
    """What was observed on the host appears in its section and in the verdict's reasons only."""
    tree = page(record)
    tree.get_element_by_id("run").drop_tree()
    tree.get_element_by_id("summary").drop_tree()
    text = words(tree)
    assert "AMD EPYC" not in text
    assert "PoCL" not in text
    assert "1.1 ms" not in text
