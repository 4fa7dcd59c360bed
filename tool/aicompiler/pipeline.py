"""The order of the stages, and nothing else: each line takes typed, immutable input and gives the next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.inputs import Inputs, relative
from aicompiler.metamodels.deployment import CostTable, Deployment, Evidence
from aicompiler.metamodels.diagnostics import Diagnostic, Infeasible, Severity
from aicompiler.metamodels.journal import ABSENT, journal
from aicompiler.metamodels.plan import ReconfigurationPlan
from aicompiler.metamodels.store import NO_STORE, Store
from aicompiler.metamodels.system import System, Unit, UnitKind

if TYPE_CHECKING:
    from aicompiler.codegen import GeneratedFile, GeneratedProject
    from aicompiler.codegen.report import BuildRecord, RunResult
    from aicompiler.transformations.importers import Draft, ImportOptions
    from aicompiler.transformations.kernels import Kernel
    from aicompiler.transformations.kernels.passes import Variants
    from aicompiler.transformations.partition import Front

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Examined:
    """A model as imported and validated, and the journal of the files that were read."""

    draft: Draft
    sidecar: Path | None
    files: Mapping[Path, str]


@dataclass(frozen=True)
class Model:
    """A model with its side-car, imported and lowered: entry id -> unscheduled kernel.

    ``store`` is where the stages after look before they work; ``inputs`` are the files that were read, with
    the SHA-256 of what they held then.
    """

    path: Path
    system: System
    diagnostics: tuple[Diagnostic, ...]
    kernels: Mapping[str, Kernel] = field(compare=False)
    sidecar: Path | None = None
    store: Store = field(default=NO_STORE, compare=False)
    inputs: Inputs = ()


@dataclass(frozen=True)
class Decision:
    """A deployment with the scheduled kernels and costs it rests on and what the checks say of it."""

    variants: Variants = field(compare=False)
    costs: CostTable
    deployment: Deployment
    evidence: Evidence


@dataclass(frozen=True)
class Build:
    """Everything a build made, in memory: ``files`` is the whole output tree."""

    model: Model
    decision: Decision
    plan: ReconfigurationPlan
    kernels: Mapping[str, Kernel] = field(compare=False)  # entry id -> kernel scheduled for its unit
    project: GeneratedProject = field(compare=False)


def read(
    path: Path,
    progress: Progress = _silent,
    sidecar: Path | None = None,
    store: Store = NO_STORE,
    options: ImportOptions | None = None,
) -> Model:
    """Stages 1 and 2: import a model with its side-car (else the one beside it), lower its behaviours."""
    return lowered(path, examined(path, progress, sidecar, options), progress, store)


def examined(
    path: Path,
    progress: Progress = _silent,
    sidecar: Path | None = None,
    options: ImportOptions | None = None,
) -> Examined:
    """Stage 1: what a model says and what is wrong with it, errors too."""
    from aicompiler.transformations.importers import examine, find_sidecar

    with _stage(progress, f"importing {path.name}"):
        sidecar = find_sidecar(path, sidecar)
        with journal() as files:
            draft = examine(path, sidecar, options)
        return Examined(draft, sidecar, files)


def lowered(path: Path, found: Examined, progress: Progress = _silent, store: Store = NO_STORE) -> Model:
    """Stage 2: the behaviours as MLIR; raises ``ModelError`` where stage 1 found an error."""
    from aicompiler.transformations.kernels import parse_variants

    system = found.draft.sound().system
    with _stage(progress, "lowering behaviours to MLIR"):
        bodies = ((c, e) for c in system.components for e in c.entries if e.behaviours)
        with journal() as files:
            kernels = {e.id: parse_variants(c, e, store, path.parent)[0] for c, e in bodies}
    inputs = relative({**found.files, **files}, path.parent)
    return Model(path, system, found.draft.diagnostics, kernels, found.sidecar, store, inputs)


def decide(model: Model, progress: Progress = _silent, objective: str = "") -> Decision:
    """Stages 3 to 6: schedule and cost the kernels, partition, check independently.

    ``objective`` names what is to be small, the first above all; else the side-car says it, else energy.
    Raises ``Infeasible`` where the solver finds nothing, and where the checks refuse what it found.
    """
    from aicompiler.objectives import objective_of
    from aicompiler.transformations.partition import PartitionOptions, recalled_partition

    options = PartitionOptions(objective=objective_of(objective, model.sidecar))
    variants, costs = _costed(model, progress)
    with _stage(progress, "partitioning"):
        deployment = recalled_partition(model.store, model.system, costs, options=options)
    with _stage(progress, "checking the deployment"):
        evidence = checked(model.system, costs, deployment)
    return Decision(variants, costs, deployment, evidence)


def front(
    model: Model, objectives: tuple[str, str], points: int, progress: Progress = _silent
) -> tuple[Front, Decision]:
    """Deployments that trade one objective for another, each checked, and the decision for the chosen one."""
    from aicompiler.transformations.partition import pareto

    variants, costs = _costed(model, progress)
    with _stage(progress, f"looking for {points} deployments between least {' and least '.join(objectives)}"):
        found = pareto(model.system, costs, objectives, points)
    with _stage(progress, "checking the deployments"):
        evidence = [checked(model.system, costs, point.deployment) for point in found.points]
    return found, Decision(variants, costs, found.choice, evidence[found.chosen])


def _costed(model: Model, progress: Progress) -> tuple[Variants, CostTable]:
    """Stages 3 and 4: the kernels as each unit would run them, and what that costs."""
    from aicompiler.transformations.costs import estimate_costs
    from aicompiler.transformations.kernels.passes import schedule

    with _stage(progress, "scheduling kernels for each unit"):
        variants = schedule(model.system, model.kernels, model.store)
    with _stage(progress, "estimating costs"):
        return variants, estimate_costs(model.system, variants)


def checked(system: System, costs: CostTable, deployment: Deployment) -> Evidence:
    """Stage 6 alone: the evidence for a deployment; raises ``Infeasible`` where a check refuses it."""
    from aicompiler.transformations.analysis import check

    evidence = check(system, costs, deployment)
    if not evidence.accepted:
        raise Infeasible(
            Diagnostic(
                severity=Severity.ERROR,
                rule=finding.check,
                message=f"the deployment is refused: {finding.message}",
                next_step="relax the limit, or report a defect of the solver if the limit can be met",
            )
            for finding in evidence.failures
        )
    return evidence


def plan(model: Model, decision: Decision, progress: Progress = _silent) -> ReconfigurationPlan:
    """Stage 7: what to do when a unit fails, every configuration checked."""
    from aicompiler.transformations.analysis import check
    from aicompiler.transformations.partition import PartitionOptions, recalled_partition
    from aicompiler.transformations.reconfiguration import plan_single_failures

    least_change = PartitionOptions(objective="changes")
    with _stage(progress, "planning for the failure of each unit"):
        return plan_single_failures(
            model.system,
            decision.deployment,
            decide=lambda system: recalled_partition(
                model.store, system, decision.costs, decision.deployment, least_change
            ),
            check=lambda system, deployment: check(system, decision.costs, deployment),
        )


def generate(
    model: Model, decision: Decision, templates: Path | None = None, progress: Progress = _silent
) -> tuple[Mapping[str, Kernel], GeneratedProject]:
    """Stage 8: the project, with each kernel scheduled for the unit it was placed on.

    Raises ``HlsRefused`` where the independent check does not find a circuit's schedule in its text.
    """
    from aicompiler.codegen.hls_check import require_hls
    from aicompiler.codegen.project import generate_project

    system, deployment, variants = model.system, decision.deployment, decision.variants
    placed = {p.component: p.unit for p in deployment.placements}
    with _stage(progress, "generating code"):
        kernels = variants.placed({e.id: placed[c.id] for c in system.components for e in c.entries})
        folder = model.path.parent
        project = generate_project(system, deployment, kernels, templates, variants=variants, folder=folder)
    with _stage(progress, "checking the circuits"):
        files = {f.path: f.content.decode() for f in project.files if f.path.startswith("kernels/hls/")}
        for entry, kernel in kernels.items():
            unit = system.element(Unit, placed[system.component_of(entry).id])
            if unit.kind is UnitKind.FPGA:
                path = f"kernels/hls/{kernel.name}.cpp"
                require_hls(files[path], path, kernel.schedule)
    return kernels, project


def build(
    path: Path,
    templates: Path | None = None,
    progress: Progress = _silent,
    sidecar: Path | None = None,
    store: Store = NO_STORE,
    options: ImportOptions | None = None,
    objective: str = "",
) -> Build:
    """Stages 1 to 8 of one model; ``store`` may know parts of it from earlier builds."""
    model = read(path, progress, sidecar, store, options)
    decision = decide(model, progress, objective)
    planned = plan(model, decision, progress)
    kernels, project = generate(model, decision, templates, progress)
    return Build(model, decision, planned, kernels, project)


def report(made: Build, ran: RunResult | None = None, progress: Progress = _silent) -> GeneratedProject:
    """Stage 9: the whole output tree, with the report and the verdict; ``ran`` adds what a host measured."""
    from aicompiler.codegen import GeneratedFile, GeneratedProject
    from aicompiler.metamodels.xmi import save

    found = {
        "system.xmi": made.model.system,
        "deployment.xmi": made.decision.deployment,
        "plan.xmi": made.plan,
    }
    documents = [GeneratedFile(name, content) for name, content in save(found).items()]
    added = sorted((*documents, *verdicts(made, ran, progress)), key=lambda file: file.path)
    return GeneratedProject(made.project.files + tuple(added))


def verdicts(
    made: Build, ran: RunResult | None = None, progress: Progress = _silent
) -> tuple[GeneratedFile, ...]:
    """What a person and a pipeline read of a build: all of it that a run on a host changes."""
    from aicompiler.codegen import GeneratedFile
    from aicompiler.codegen.report import render_report, verdict_json, verdict_junit, verdict_sarif

    with _stage(progress, "writing the report"):
        record = _record(made, ran)
        return (
            GeneratedFile("report.html", render_report(record)),
            GeneratedFile("verdict.json", verdict_json(record)),
            GeneratedFile("verdict.junit.xml", verdict_junit(record)),
            GeneratedFile("verdict.sarif", verdict_sarif(record)),
        )


def verdict(made: Build, ran: RunResult | None = None) -> dict[str, Any]:
    """The verdict of a build as data: what ``verdict.json`` holds."""
    from aicompiler.codegen.report import verdict_document

    return verdict_document(_record(made, ran))


def _record(made: Build, ran: RunResult | None) -> BuildRecord:
    from aicompiler import __version__
    from aicompiler.codegen.report import BuildRecord, InputFile

    model, decision = made.model, made.decision
    return BuildRecord(
        system=model.system,
        tool_version=__version__,
        command=f"aicompiler build {shlex.quote(model.path.name)}",
        inputs=tuple(InputFile(path=n, sha256=digest) for n, digest in model.inputs if digest != ABSENT),
        diagnostics=model.diagnostics + made.project.diagnostics,
        costs=decision.costs,
        deployment=decision.deployment,
        evidence=decision.evidence,
        kernels=made.kernels,
        project=made.project,
        plan=made.plan,
        run=ran,
    )


@contextmanager
def _stage(progress: Progress, text: str) -> Iterator[None]:
    progress(text)
    yield
