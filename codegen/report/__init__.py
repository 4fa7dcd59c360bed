"""Reports of a build: one HTML file for the reviewer, a JSON verdict, SARIF and JUnit for pipelines."""

from ._batch import render_index
from ._exchange import verdict_junit, verdict_sarif
from ._html import render_report
from ._record import (
    BuildRecord,
    DeadlineMisses,
    DeviceUse,
    HostTime,
    InputFile,
    OutputDigest,
    RunResult,
    SelfCheck,
)
from ._verdict import BuildVerdict, Effect, Reason, verdict_document, verdict_json, verdict_of

__all__ = [
    "BuildRecord",
    "BuildVerdict",
    "DeadlineMisses",
    "DeviceUse",
    "Effect",
    "HostTime",
    "InputFile",
    "OutputDigest",
    "Reason",
    "RunResult",
    "SelfCheck",
    "render_index",
    "render_report",
    "verdict_document",
    "verdict_json",
    "verdict_junit",
    "verdict_of",
    "verdict_sarif",
]
