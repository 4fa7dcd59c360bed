"""A real browser shows the report: nothing is refused by its own policy, nothing overflows the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.codegen.report import BuildRecord, render_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: apt-get install chromium")


def browse(folder: Path, record: BuildRecord, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Open the report from ``folder``."""
    (folder / "report.html").write_bytes(render_report(record))
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", *arguments]
    page = (folder / "report.html").as_uri()
    return subprocess.run([*command, page], capture_output=True, text=True, timeout=120, check=True)


def test_the_browser_refuses_nothing_and_runs_nothing(
    tmp_path: Path, renamed: Callable[[str], BuildRecord]
) -> None:
    """With hostile names the style sheet is applied, no console message appears, and no script ran."""
    attack = '<script>document.title="owned"</script><img src=x onerror=\'document.title="owned"\'>'
    result = browse(tmp_path, renamed(attack), "--dump-dom")
    assert "Content Security Policy" not in result.stderr
    assert "CONSOLE" not in result.stderr
    title = re.search(r"<title>(.*?)</title>", result.stdout)
    assert title
    assert title[1] != "owned"


@pytest.mark.parametrize("width", [1400, 480])
def test_a_screenshot_is_taken(width: int, tmp_path: Path, record: BuildRecord) -> None:
    """Wide and narrow windows are painted, and more than blank."""
    shot = tmp_path / "shot.png"
    browse(tmp_path, record, f"--screenshot={shot}", f"--window-size={width},2000")
    assert shot.read_bytes().startswith(b"\x89PNG")
    assert shot.stat().st_size > 60_000


def test_it_prints(tmp_path: Path, record: BuildRecord) -> None:
    """Printing gives a PDF of several pages."""
    pdf = tmp_path / "report.pdf"
    browse(tmp_path, record, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) >= 3
