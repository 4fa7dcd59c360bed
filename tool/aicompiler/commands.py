"""What each command does: run the pipeline, write what it made, say the result in data and in words."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aicompiler import pipeline
from aicompiler.errors import as_data, print_diagnostics, printable
from aicompiler.metamodels.diagnostics import AicError, Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.store import NO_STORE
from aicompiler.metamodels.system import Component, OperatingPoint, Unit, UnitKind
from aicompiler.pipeline import Build, Decision, Model, Progress

if TYPE_CHECKING:
    from aicompiler.cache import Cache
    from aicompiler.codegen import GeneratedFile, GeneratedProject
    from aicompiler.codegen.report import RunResult
    from aicompiler.product import Product
    from aicompiler.run import RunOptions
    from aicompiler.transformations.importers import ImportOptions


def check_models(
    models: Sequence[Path],
    sidecar: Path | None = None,
    write_sidecar: bool = False,
    options: ImportOptions | None = None,
) -> dict[str, Any]:
    """Import and validate every model, whatever the others give; the exit code is that of the worst.

    ``write_sidecar`` first writes a side-car to fill in for each, to ``sidecar`` if that is given.
    """
    from aicompiler.sidecar import write_template

    if write_sidecar:
        for path in models:
            print(f"{path}: wrote {write_template(path, sidecar, options)}", file=sys.stderr)
    reports = [_checked(path, sidecar, options) for path in models]
    worst = max(report["exit_code"] for report in reports)
    said = [diagnostic for report in reports if not report["ok"] for diagnostic in report["diagnostics"]]
    return {"ok": worst == 0, "exit_code": worst, "models": reports} | ({"diagnostics": said} if said else {})


def _checked(path: Path, sidecar: Path | None, options: ImportOptions | None) -> dict[str, Any]:
    """What ``check`` says about one model: also a model with errors has its accounts."""
    accounts: dict[str, Any] = {}
    try:
        found = pipeline.examined(path, sidecar=sidecar, options=options)
        accounts = {"accounting": found.draft.accounting.as_data()}
        model = pipeline.lowered(path, found)
    except AicError as error:
        print_diagnostics(error.diagnostics)
        failed = {"model": str(path), "ok": False, "exit_code": error.exit_code}
        return failed | {"diagnostics": as_data(error.diagnostics)} | accounts
    print_diagnostics(model.diagnostics)
    print(f"{path}: {_count(model)}", file=sys.stderr)
    return _model_summary(model) | {"exit_code": 0} | accounts


def partition_model(
    path: Path,
    progress: Progress,
    tables: bool,
    sidecar: Path | None = None,
    options: ImportOptions | None = None,
    objective: str = "",
) -> dict[str, Any]:
    """Decide and check; prints the placements as a table unless JSON is asked for."""
    model = pipeline.read(path, progress, sidecar, options=options)
    decision = pipeline.decide(model, progress, objective)
    if tables:
        print("\n".join(map(printable, _decision_text(model, decision))))
    return _decision_summary(model, decision)


def pareto_model(
    path: Path,
    progress: Progress,
    tables: bool,
    objectives: tuple[str, str],
    points: int,
    sidecar: Path | None = None,
    options: ImportOptions | None = None,
) -> dict[str, Any]:
    """The front of two objectives, every deployment checked, and the placements of the balanced one."""
    from aicompiler.fronts import front_summary, front_text

    model = pipeline.read(path, progress, sidecar, options=options)
    found, decision = pipeline.front(model, objectives, points, progress)
    if tables:
        print("\n".join(map(printable, [*front_text(found), "", *_decision_text(model, decision)])))
    return _decision_summary(model, decision) | front_summary(model.system, found)


@dataclass(frozen=True)
class Order:
    """What is to be built, from what, and where to.

    ``annotation`` says where else the results are written: into a copy of the model, or the model itself.
    """

    model: Path
    out: Path
    templates: Path | None = None
    sidecar: Path | None = None
    importing: ImportOptions | None = None
    cache: Cache | None = None
    annotation: Literal["copy", "in place"] | None = None
    objective: str = ""

    def build(self, progress: Progress) -> Build:
        """Stages 1 to 8; stages that the cache knows are not done again."""
        store = self.cache.of_stages if self.cache else NO_STORE
        return pipeline.build(
            self.model, self.templates, progress, self.sidecar, store, self.importing, self.objective
        )


def build_model(order: Order, progress: Progress) -> dict[str, Any]:
    """Build a model, as a whole from the cache where nothing that is read has changed."""
    from aicompiler.cache import key_of
    from aicompiler.codegen import write_project
    from aicompiler.objectives import objective_of
    from aicompiler.product import build_key, keep, recall
    from aicompiler.transformations.importers import find_sidecar

    _refuse_own_folder(order.out)
    objective_of(order.objective, None)  # a name that is none is told before any work
    sidecar = find_sidecar(order.model, order.sidecar)
    is_kept = order.cache and order.annotation is None  # a model that is written into is no input to keep
    key = build_key(order.model, sidecar, order.templates, order.importing) if is_kept else None
    key = key_of(key, order.objective) if key and order.objective else key
    product = recall(order.cache, key, order.model.parent) if order.cache and key else None
    if product is not None:
        progress("nothing has changed: taking the build from the cache")
        print_diagnostics(write_project(product.project, order.out))
    else:
        made = order.build(progress)
        product = _product(made, pipeline.report(made, progress=progress), None)
        if order.cache and key:
            keep(order.cache, key, made.model.inputs, product)
        _write(order, made, product.project)
    return _hand_over(product, order.out)


def _write(order: Order, made: Build, project: GeneratedProject) -> None:
    """Write the output tree and, where that is asked for, the model with its results."""
    from aicompiler.codegen import write_project

    if order.annotation is None:
        print_diagnostics(write_project(project, order.out))
        return
    from aicompiler.annotating import annotated

    written = annotated(made)
    print_diagnostics(written.diagnostics)
    files = tuple(sorted((*project.files, written.file), key=lambda file: file.path))
    print_diagnostics(write_project(replace(project, files=files), order.out))
    if order.annotation == "in place":
        written.put_in_place()


def build_and_run(
    order: Order, periods: int, progress: Progress, options: RunOptions | None = None
) -> dict[str, Any]:
    """Build a model, compile, test and execute what was generated; the report has the host's figures."""
    from aicompiler.run import run_project

    _refuse_own_folder(order.out)
    made = order.build(progress)
    _write(order, made, pipeline.report(made, progress=progress))
    ran = run_project(order.out, periods, options, progress)
    _replace_files(pipeline.verdicts(made, ran, progress), order.out)
    return _hand_over(_product(made, made.project, ran), order.out)


def _refuse_own_folder(out: Path) -> None:
    """Raise ``UnreadableInput`` where replacing ``out`` would take the current folder from under us."""
    if Path.cwd().is_relative_to(out.resolve()):
        raise UnreadableInput(
            Diagnostic(
                severity=Severity.ERROR,
                rule="output-folder",
                message=f"{out} is or holds the current folder, which a build replaces",
                next_step="name another folder, such as ./out",
            )
        )


def _product(made: Build, project: GeneratedProject, ran: RunResult | None) -> Product:
    from aicompiler.product import Product

    said = [str(diagnostic) for diagnostic in (*made.model.diagnostics, *made.project.diagnostics)]
    said += _decision_text(made.model, made.decision)
    names = {unit.id: unit.name for unit in made.model.system.units}
    said += [_run_sentence(ran, names)] if ran is not None else []
    return Product(project, pipeline.verdict(made, ran), tuple(said))


def _hand_over(product: Product, out: Path) -> dict[str, Any]:
    for line in product.said:
        print(printable(line), file=sys.stderr)
    print(f"verdict: {product.verdict['verdict']}", file=sys.stderr)
    print(f"report:  {(out / 'report.html').absolute()}", file=sys.stderr)
    return product.verdict | {"ok": True, "out": str(out)}


def _replace_files(files: Iterable[GeneratedFile], out: Path) -> None:
    """Put the report and verdicts of a run in the place of those of the build, each at once."""
    from aicompiler.codegen import replace_file

    for file in files:
        replace_file(out / file.path, file.content)


def run_output(
    out: Path, periods: int, progress: Progress, options: RunOptions | None = None
) -> dict[str, Any]:
    """Compile, test and execute what ``build`` wrote; the figures go to ``out/run.json``."""
    from aicompiler.codegen import replace_file
    from aicompiler.run import run_project

    ran = run_project(out, periods, options, progress)
    document = {"ok": True, "out": str(out)} | asdict(ran)
    replace_file(out / "run.json", (json.dumps(document, indent=2) + "\n").encode())
    print(printable(_run_sentence(ran, _unit_names(out))), file=sys.stderr)
    return document


def run_demo(
    example: str, out: Path, periods: int, progress: Progress, options: RunOptions
) -> dict[str, Any]:
    """Build and run a shipped example, and say of each target what was made and what it was compared with."""
    from aicompiler.cache import Cache, default_folder
    from aicompiler.models import example_path

    order = Order(example_path(example), out, cache=Cache(default_folder()))
    result = build_and_run(order, periods, progress, options)
    print("\n".join(_targets_text(result["host_run"]["self_checks"])), file=sys.stderr)
    return result


def demo_backend() -> str:
    """LLVM where it is installed, so that the demo runs all there is."""
    return "llvm" if find_spec("llvmlite") else "c"


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


def _decision_text(model: Model, decision: Decision) -> list[str]:
    """Placements as a table, then how good they are and what the checks say."""
    rows = [[str(value) for value in row.values()] for row in _placements(model, decision)]
    titles = ["component", "unit", "clock", "jobs", "worst case", "energy a round"]
    if today := {row["component"]: row["unit"] for row in _current(model)}:
        titles.append("in the model")
        rows = [[*row, today.get(row[0], "")] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in [titles, *rows]
    ]
    for objective in decision.deployment.objectives:
        gap = "" if objective.gap is None else f", gap {objective.gap:.1%}"
        status = decision.deployment.status.value
        lines.append(f"{objective.name} {objective.value} {objective.unit} ({status}{gap})")
    counts = Counter(finding.verdict.value for finding in decision.evidence.findings)
    return [*lines, "checks: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))]


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


def _current(model: Model) -> list[dict[str, str]]:
    """Where the model puts its components today, and what in it says so."""
    return [
        {
            "component": model.system.element(Component, a.component).name,
            "unit": model.system.element(Unit, a.unit).name,
            "by": a.by,
        }
        for a in model.system.allocations
    ]


def _unit_names(out: Path) -> dict[str, str]:
    """The names of the units of the build in ``out``, by id."""
    from aicompiler.metamodels.xmi import load

    model = out / "system.xmi"
    return {unit.id: unit.name for unit in load(model).units} if model.is_file() else {}


def _run_sentence(ran: RunResult, names: Mapping[str, str]) -> str:
    passed = sum(check.passed for check in ran.self_checks)
    skipped = sum(check.skipped for check in ran.self_checks)
    also_skipped = f" ({skipped} skipped)" if skipped else ""
    stand_ins = sorted(
        {f"{names.get(use.unit, use.unit)} by {use.real}" for use in ran.devices if use.stands_in}
    )
    standing_in = f"; stood in for: {', '.join(stand_ins)}" if stand_ins else ""
    missed = sum(m.missed for m in ran.misses)
    return (
        f"run: {passed} of {len(ran.self_checks)} self-checks passed{also_skipped}, "
        f"{ran.periods} hyperperiods executed at "
        f"{ran.stretch_permille / 1000:g} times model time, {missed} deadlines missed{standing_in}"
    )


_TARGETS = {
    "c": "C",
    "llvm": "LLVM",
    "opencl": "OpenCL",
    "cuda": "CUDA",
    "hls": "HLS C++",
    "system": "system",
}


def _targets_text(checks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What became of the self-checks of each target, a line each."""
    for target, title in _TARGETS.items():
        own = [c for c in checks if c["name"].rpartition(".")[2] == target]
        passed = sum(c["passed"] for c in own)
        skipped = [c for c in own if c["skipped"]]
        reason = skipped[0]["message"].removeprefix("skipped: ") if skipped else ""
        why = f"; {len(skipped)} skipped: {reason}" if skipped else ""
        yield (
            f"{title:8} {passed} of {len(own)} self-checks passed{why}" if own else f"{title:8} not asked for"
        )


def _decision_summary(model: Model, decision: Decision) -> dict[str, Any]:
    return {
        "ok": True,
        "status": decision.deployment.status.value,
        "proposer": decision.deployment.proposer,
        "objectives": [asdict(o) | {"gap": o.gap} for o in decision.deployment.objectives],
        "placements": _placements(model, decision),
        "current": _current(model),
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
