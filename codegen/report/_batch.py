"""The index page of a batch: one row a model, with the way to its report."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ._html import environment

_TONES = {"ready": "ready", "ready with assumptions": "assumed"}


def render_index(rows: Sequence[Mapping[str, Any]]) -> str:
    """One offline HTML page for the results of a batch (``ModelResult`` as data); same rows, same text."""
    style = (files(__package__) / "templates" / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    counts = Counter(row["verdict"] for row in rows)
    return (
        environment()
        .get_template("batch.html.j2")
        .render(
            style=Markup(style),
            style_digest=digest,
            counts=sorted(counts.items()),
            rows=[
                {
                    **row,
                    "tone": _TONES.get(row["verdict"], "fail"),
                    "report": f"{quote(row['folder'])}/report.html",
                }
                for row in rows
            ],
        )
    )
