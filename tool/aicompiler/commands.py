"""What each command does: run the pipeline, write what it made, say the result in data and in words."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler import pipeline
from aicompiler.errors import as_data, print_diagnostics
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.metamodels.system import Component, OperatingPoint, Unit, UnitKind
from aicompiler.pipeline import Build, Decision, Model, Progress

if TYPE_CHECKING:
    from aicompiler.codegen import GeneratedProject
    from aicompiler.codegen.report import RunResult

REPORTS = frozenset({"report.html", "verdict.json", "verdict.sarif", "verdict.junit.xml"})


def check_models(
    models: Sequence[Path], sidecar: Path | None = None, write_sidecar: bool = False
) -> dict[str, Any]:
    """Import and validate every model; raises the worst failure after all were looked at.

    ``write_sidecar`` first writes a side-car to fill in for each, to ``sidecar`` if that is given.
    """
    from aicompiler.sidecar import write_template

    if write_sidecar:
        for path in models:
            print(f"{path}: wrote {write_template(path, sidecar)}", file=sys.stderr)
    reports = []
    failures: list[AicError] = []
    for path in models:
        try:
            model = pipeline.read(path, sidecar=sidecar)
        except AicError as error:
            failures.append(error)
            reports.append({"model": str(path), "ok": False, "diagnostics": as_data(error.diagnostics)})
            continue
        print_diagnostics(model.diagnostics)
        reports.append(_model_summary(model))
        print(f"{path}: {_count(model)}", file=sys.stderr)
    if failures:
        raise type(max(failures, key=lambda e: e.exit_code))(
            d for failure in failures for d in failure.diagnostics
        )
    return {"ok": True, "models": reports}


def partition_model(
    path: Path, progress: Progress, tables: bool, sidecar: Path | None = None
) -> dict[str, Any]:
    """Decide and check; prints the placements as a table unless JSON is asked for."""
    model = pipeline.read(path, progress, sidecar)
    decision = pipeline.decide(model, progress)
    if tables:
        _print_placements(model, decision)
    return _decision_summary(model, decision)


def build_model(
    path: Path,
    out: Path,
    templates: Path | None,
    run_periods: int,
    progress: Progress,
    sidecar: Path | None = None,
) -> dict[str, Any]:
    """Build a model into ``out``; with ``run_periods`` also compile, test and execute it, for the report."""
    from aicompiler.codegen.project import write_project
    from aicompiler.run import run_project

    made = pipeline.build(path, templates, progress, sidecar)
    print_diagnostics(made.model.diagnostics)
    print_diagnostics(write_project(pipeline.report(made, progress=progress), out))
    ran = None
    if run_periods:
        ran = run_project(out, run_periods, progress=progress)
        _replace_reports(pipeline.report(made, ran, progress), out)
    _print_verdict(made, ran, out)
    return pipeline.verdict(made, ran) | {"ok": True, "out": str(out)}


def _replace_reports(project: GeneratedProject, out: Path) -> None:
    """Put the report and verdicts of a run in the place of those of the build, each at once."""
    for file in project.files:
        if file.path in REPORTS:
            fresh = out / f".{file.path}"
            fresh.write_bytes(file.content)
            fresh.replace(out / file.path)


def run_output(out: Path, periods: int, progress: Progress) -> dict[str, Any]:
    """Compile, test and execute what ``build`` wrote; the figures go to ``out/run.json``."""
    from aicompiler.run import run_project

    ran = run_project(out, periods, progress=progress)
    document = {"ok": True, "out": str(out)} | asdict(ran)
    (out / "run.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(_run_sentence(ran), file=sys.stderr)
    return document


def run_demo(out: Path, periods: int, progress: Progress) -> dict[str, Any]:
    """Build and run the shipped example."""
    from aicompiler.models import example_path

    return build_model(example_path("smart_intersection"), out, None, periods, progress)


def diff_builds(old: Path, new: Path) -> dict[str, Any]:
    """The changes between two builds, one a line on stderr."""
    from aicompiler.compare import compare

    changes = compare(old, new)
    for change in changes:
        print(
            f"{change.kind} {change.subject}: {change.before or 'none'} -> {change.after or 'none'}",
            file=sys.stderr,
        )
    if not changes:
        print("no change", file=sys.stderr)
    return {"ok": True, "changes": [asdict(change) for change in changes]}


def build_batch(
    models: Sequence[Path], out: Path, workers: int, limits: tuple[float, int], progress: Progress
) -> dict[str, Any]:
    """Build every model below ``out``; raises the worst failure after all were built."""
    from aicompiler.batch import Limits, raise_worst, run_batch

    results = run_batch(models, out, workers, Limits(*limits), progress)
    counts = Counter(result.verdict for result in results)
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())), file=sys.stderr)
    print(f"index: {(out / 'index.html').absolute()}", file=sys.stderr)
    raise_worst(results)
    return {"ok": True, "out": str(out), "models": [asdict(result) for result in results]}


def show_cache() -> dict[str, Any]:
    """Where the cache is and what it holds, by stage."""
    from aicompiler.cache import Cache, default_folder

    info = Cache(default_folder()).info()
    print(f"{info.folder}: at most {info.limit_bytes // 1024**2} MiB", file=sys.stderr)
    for stage, count in info.entries.items():
        print(f"  {stage}: {count} entries, {info.bytes[stage] / 1024:.0f} KiB", file=sys.stderr)
    return {"ok": True} | asdict(info)


def clear_cache() -> dict[str, Any]:
    """Remove every entry of the cache."""
    from aicompiler.cache import Cache, default_folder

    removed = Cache(default_folder()).clear()
    print(f"removed {removed} entries", file=sys.stderr)
    return {"ok": True, "removed": removed}


# --- in words -------------------------------------------------------------------------------------------


def _print_placements(model: Model, decision: Decision) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("component", "unit", "clock", "jobs", "worst case", "energy a round", box=None)
    for row in _placements(model, decision):
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    for objective in decision.deployment.objectives:
        gap = "" if objective.gap is None else f", gap {objective.gap:.1%}"
        print(
            f"{objective.name} {objective.value} {objective.unit} ({decision.deployment.status.value}{gap})"
        )
    counts = Counter(finding.verdict.value for finding in decision.evidence.findings)
    print("checks: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))


def _placements(model: Model, decision: Decision) -> list[dict[str, Any]]:
    rows = []
    for placement in decision.deployment.placements:
        component = model.system.element(Component, placement.component)
        unit = model.system.element(Unit, placement.unit)
        point = decision.deployment.setting(unit.id).operating_point
        costs = [c for e in component.entries if (c := decision.costs.get(e.id, unit.id, point))]
        jobs = Counter(slot.entry for slot in decision.deployment.jobs)
        core = f".{placement.core}" if unit.kind is UnitKind.CPU and unit.cores > 1 else ""
        rows.append(
            {
                "component": component.name,
                "unit": f"{unit.name}{core}",
                "clock": model.system.element(OperatingPoint, point).name,
                "jobs": sum(jobs[e.id] for e in component.entries),
                "worst_case": f"{sum(c.wcet_ns for c in costs) / 1e6:.3f} ms",
                "energy": f"{sum(c.energy_fj * jobs[c.entry] for c in costs) / 1e12:.3f} mJ",
            }
        )
    return rows


def _print_verdict(made: Build, ran: RunResult | None, out: Path) -> None:
    _print_placements_to_stderr(made)
    if ran is not None:
        print(_run_sentence(ran), file=sys.stderr)
    print(f"verdict: {pipeline.verdict(made, ran)['verdict']}", file=sys.stderr)
    print(f"report:  {(out / 'report.html').absolute()}", file=sys.stderr)


def _print_placements_to_stderr(made: Build) -> None:
    with redirect_stdout(sys.stderr):
        _print_placements(made.model, made.decision)


def _run_sentence(ran: RunResult) -> str:
    passed = sum(check.passed for check in ran.self_checks)
    stand_ins = sorted({f"{use.unit} by {use.real}" for use in ran.devices if use.stands_in})
    standing_in = f"; stood in for: {', '.join(stand_ins)}" if stand_ins else ""
    missed = sum(m.missed for m in ran.misses)
    return (
        f"run: {passed} of {len(ran.self_checks)} self-checks passed, {ran.periods} hyperperiods executed at "
        f"{ran.stretch_permille / 1000:g} times model time, {missed} deadlines missed{standing_in}"
    )


def _decision_summary(model: Model, decision: Decision) -> dict[str, Any]:
    return {
        "ok": True,
        "status": decision.deployment.status.value,
        "proposer": decision.deployment.proposer,
        "objectives": [asdict(o) | {"gap": o.gap} for o in decision.deployment.objectives],
        "placements": _placements(model, decision),
        "checks": [asdict(f) | {"verdict": f.verdict.value} for f in decision.evidence.findings],
    }


def _model_summary(model: Model) -> dict[str, Any]:
    application, platform = model.system.application, model.system.platform
    return {
        "model": str(model.path),
        "ok": True,
        "components": len(application.components),
        "entries": len(model.system.entries),
        "channels": len(application.channels),
        "flows": len(application.flows),
        "units": len(model.system.units),
        "links": len(platform.links),
        "diagnostics": as_data(model.diagnostics),
    }


def _count(model: Model) -> str:
    summary = _model_summary(model)
    parts = [f"{summary[k]} {k}" for k in ("components", "entries", "channels", "flows", "units")]
    return f"{', '.join(parts)}; {len(model.diagnostics)} remarks"
