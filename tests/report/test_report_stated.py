"""What a model says of its own deployment stands beside ours, and only where we have the same figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aicompiler.codegen.report import BuildRecord, render_report
from aicompiler.metamodels.system import Allocation, StatedResult
from lxml import html

MS = 1_000_000


def page_of(record: BuildRecord, **more: Any) -> Any:
    """The report of the record with a richer system, parsed."""
    return html.fromstring(render_report(replace(record, system=replace(record.system, **more))))


def rows(page: Any, section: str) -> list[list[str]]:
    """The text of every cell of a section's table, row by row."""
    found = page.xpath(f"//section[@id='{section}']//tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in found]


def result(subject: str, figure: str, value: int) -> StatedResult:
    """A stated result."""
    return StatedResult(id=f"{subject}.{figure}", subject=subject, figure=figure, value=value)


def test_the_current_deployment_beside_ours(record: BuildRecord) -> None:
    """Each component that the model allocates has a row: there, by what, and here."""
    allocations = (
        Allocation(id="a1", component="c_camera", unit="cpu", by="MARTE Allocate"),
        Allocation(id="a2", component="c_blur", unit="gpu", by="deployment"),
    )
    page = page_of(record, allocations=allocations)
    units = {u.id: u.name for u in record.system.units}
    assert rows(page, "current") == [
        ["camera", units["cpu"], "MARTE Allocate", "the same"],
        ["blur", units["gpu"], "deployment", units["fpga"]],
    ]
    assert page.xpath("//nav//a[@href='#current']")


# By hand from the table: camera runs in [0, 4] and [50, 54] ms, released at 0 and 50; signals in
# [99.8, 100.1], released at 0; edges twice 2 ms on the GPU and four transfers of 25 us on PCIe in 100 ms.
@pytest.mark.parametrize(
    ("subject", "figure", "value", "expected"),
    [
        ("e_camera", "response_ns", 5 * MS, ["5 ms", "4 ms", "1 ms less (20.0 %)"]),
        ("c_camera", "response_ns", 4 * MS, ["4 ms", "4 ms", "none"]),
        ("e_signals", "response_ns", 100 * MS, ["100 ms", "100.1 ms", "100 µs more (0.1 %)"]),
        ("see", "response_ns", 200 * MS, ["200 ms", "201.3 ms", "1.3 ms more (0.7 %)"]),
        ("gpu", "utilisation_permille", 50, ["5 %", "4 %", "1 % less"]),
        ("pcie", "utilisation_permille", 1, ["0.1 %", "0.1 %", "none"]),
        ("e_blur", "energy_fj", 6 * 10**11, ["600 µJ", "600 µJ", "none"]),
    ],
)
def test_stated_results_beside_ours(
    record: BuildRecord, subject: str, figure: str, value: int, expected: list[str]
) -> None:
    """Responses from the table and the flow's check, utilisations from busy time, energies from costs."""
    page = page_of(record, stated_results=(result(subject, figure, value),))
    ((_, name, *numbers),) = rows(page, "stated")
    assert name == figure.rpartition("_")[0]
    assert numbers == expected


def test_what_we_do_not_compute_is_left_out(record: BuildRecord) -> None:
    """No figure of ours, no row: an unknown quantity, an unchecked flow, a record without decision."""
    unknown = (result("e_camera", "jitter_ns", 1), result("tell", "response_ns", 1))
    page = page_of(record, stated_results=unknown)
    assert not page.xpath("//section[@id='stated']")
    assert not page.xpath("//nav//a[@href='#stated']")
    known = (result("e_camera", "response_ns", 1),)
    assert not page_of(replace(record, deployment=None), stated_results=known).xpath("//*[@id='stated']")


def test_a_model_that_says_nothing_has_no_section(record: BuildRecord) -> None:
    """The sections are there only for models that say something."""
    page = page_of(record)
    assert not page.xpath("//section[@id='current' or @id='stated']")
