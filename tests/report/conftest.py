"""A build record made by hand: small, complete, and with one of everything a report can show."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.codegen import GeneratedFile, GeneratedProject, TraceLink
from aicompiler.codegen.report import (
    BuildRecord,
    DeadlineMisses,
    DeviceUse,
    HostTime,
    InputFile,
    OutputDigest,
    RunResult,
    SelfCheck,
)
from aicompiler.metamodels.deployment import (
    CostKind,
    CostTable,
    Evidence,
    Objective,
    Provenance,
    Verdict,
)
from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import (
    Node,
    Source,
)

sys.path.insert(0, str(Path(__file__).resolve().parent))

from crossing_case import (
    CHANNELS,
    COMPONENTS,
    CONSTRAINTS,
    COSTS,
    DEPLOYMENT,
    EVIDENCE,
    LINKS,
    SYSTEM,
    UNITS,
    source_of,
)

PROJECT = GeneratedProject(
    files=(
        GeneratedFile("CMakeLists.txt", b"project(crossing)\n"),
        GeneratedFile("kernels/hls/blur.cpp", b"// blur\nvoid blur() {\n}\n",
                      trace=(TraceLink("c_blur", 2), TraceLink("c_blur", 3), TraceLink("blur.smooth", 2))),
        GeneratedFile("src/board/main.c", b"int main(void) {\n return 0;\n}\n",
                      trace=(TraceLink("e_camera", 1), TraceLink(CHANNELS[0].id, 2))),
    )
)  # fmt: skip
RUN = RunResult(
    host="AMD EPYC, 2 cores",
    periods=200,
    stretch_permille=4000,
    times=(HostTime(entry="e_blur", device="C simulation", jobs=400, best_ns=900_000, mean_ns=1_100_000,
                    worst_ns=3_000_000),),
    devices=(
        DeviceUse(unit="cpu", real="AMD EPYC", stands_in=True, note="the declared device is a Cortex-A72"),
        DeviceUse(unit="gpu", real="PoCL 3.0", stands_in=True),
        DeviceUse(unit="fpga", real="C simulation", stands_in=True),
    ),
    misses=(DeadlineMisses(element="see", missed=0, jobs=200),),
    outputs=(OutputDigest(element="telemetry.status", sha256="ab" * 32, values=800),),
    self_checks=(
        SelfCheck(name="blur-hls", passed=True, element="c_blur"),
        SelfCheck(name="edges-opencl", passed=True),
    ),
)  # fmt: skip
RECORD = BuildRecord(
    system=SYSTEM,
    tool_version="0.1.0",
    command="aicompiler build crossing.uml -o OUT",
    inputs=(
        InputFile(path="crossing.uml", sha256="12" * 32),
        InputFile(path="crossing.aic.toml", sha256="34" * 32, role="side-car"),
    ),
    diagnostics=(
        Diagnostic(severity=Severity.WARNING, rule="unknown-stereotype", source=source_of("c_blur", 20),
                   message="stereotype «Fancy» is not understood", next_step="remove it"),
        Diagnostic(severity=Severity.NOTE, rule="default-deadline", message="no deadline, so the period"),
    ),
    costs=COSTS,
    deployment=DEPLOYMENT,
    evidence=EVIDENCE,
    project=PROJECT,
    run=RUN,
    assumptions=("The unit that supervises is assumed not to fail.",),
)  # fmt: skip


@pytest.fixture
def record() -> BuildRecord:
    """The complete record."""
    return RECORD


@pytest.fixture
def ready() -> BuildRecord:
    """The record with nothing left to assume: annotated bounds, every check passed, not executed."""
    costs = tuple(replace(c, provenance=Provenance.ANNOTATED, kind=CostKind.BOUND) for c in COSTS.costs)
    passed = tuple(f for f in EVIDENCE.findings if f.verdict is Verdict.PASS)
    table, evidence = replace(COSTS, costs=costs), Evidence(findings=passed)
    return replace(RECORD, costs=table, evidence=evidence, diagnostics=(), run=None, assumptions=())


@pytest.fixture
def renamed() -> Callable[[str], BuildRecord]:
    """The record with one text in every place where a model, a solver or a host puts a name or sentence."""

    def rename(text: str) -> BuildRecord:
        components = tuple(
            replace(
                c,
                name=text,
                entries=tuple(replace(e, name=text) for e in c.entries),
                ports=tuple(replace(p, name=text) for p in c.ports),
                source=Source(file=text, xml_id=text, qualified_name=text, line=1),
            )
            for c in COMPONENTS
        )
        units = tuple(replace(u, name=text) for u in UNITS)
        platform = replace(
            SYSTEM.platform,
            nodes=(Node(id="board", name=text, units=units),),
            links=tuple(replace(link, name=text) for link in LINKS),
        )
        flows = tuple(replace(f, name=text) for f in SYSTEM.application.flows)
        system = replace(
            SYSTEM,
            name=text,
            application=replace(SYSTEM.application, components=components, flows=flows),
            platform=platform,
            constraints=tuple(replace(c, name=text) for c in CONSTRAINTS),
            requirements=tuple(
                replace(r, name=text, text=text, identifier=text) for r in SYSTEM.requirements
            ),
        )
        return replace(
            RECORD,
            system=system,
            command=text,
            inputs=(InputFile(path=text, sha256="12" * 32, role=text),),
            diagnostics=(
                Diagnostic(
                    severity=Severity.WARNING,
                    rule=text,
                    message=text,
                    next_step=text,
                    source=Source(file=text, qualified_name=text),
                ),
            ),
            costs=CostTable(
                costs=tuple(replace(c, note=text) for c in COSTS.costs),
                refusals=tuple(replace(r, reason=text) for r in COSTS.refusals),
            ),
            deployment=replace(
                DEPLOYMENT, proposer=text, objectives=(Objective(name=text, value=3, unit=text),)
            ),
            evidence=Evidence(
                findings=tuple(replace(f, message=text, check=text) for f in EVIDENCE.findings)
            ),
            project=GeneratedProject(files=(GeneratedFile(text, b"", trace=(TraceLink("c_blur", 1),)),)),
            run=replace(
                RUN,
                host=text,
                devices=(DeviceUse(unit="gpu", real=text, stands_in=True, note=text),),
                self_checks=(SelfCheck(name=text, passed=True, message=text),),
            ),
            assumptions=(text,),
        )

    return rename  # fmt: skip
