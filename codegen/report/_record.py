"""The record of one build: all that a report, a verdict or a signature may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aicompiler.codegen import GeneratedProject
from aicompiler.metamodels.deployment import CostTable, Deployment, Evidence
from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.plan import ReconfigurationPlan
from aicompiler.metamodels.system import System
from aicompiler.transformations.kernels import Kernel


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file that influenced the build; ``role`` says how (model, side-car, profile, templates...)."""

    path: str
    sha256: str
    role: str = "model"


@dataclass(frozen=True, kw_only=True)
class HostTime:
    """Observed execution times of one entry on the device it really ran on: a host figure, never a cost."""

    entry: str
    device: str
    jobs: int
    best_ns: int
    mean_ns: int
    worst_ns: int


@dataclass(frozen=True, kw_only=True)
class DeviceUse:
    """What really executed the code of ``unit``; ``stands_in`` where that is not the declared device."""

    unit: str
    real: str
    stands_in: bool
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class DeadlineMisses:
    """How many of the ``jobs`` of an entry or flow came late in the run, judged in stretched time."""

    element: str
    missed: int
    jobs: int


@dataclass(frozen=True, kw_only=True)
class OutputDigest:
    """Digest of all values that an out-port or component produced in the run."""

    element: str
    sha256: str
    values: int


@dataclass(frozen=True, kw_only=True)
class SelfCheck:
    """One comparison of generated code with the interpreter's vectors.

    One that was skipped, because what it runs on is absent, neither passed nor failed; ``message`` says why.
    """

    name: str
    passed: bool
    message: str = ""
    element: str = ""
    skipped: bool = False

    @property
    def failed(self) -> bool:
        """Whether the code was executed and does something else."""
        return not self.passed and not self.skipped


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What happened when the generated project ran on a host.

    ``stretch_permille`` is the factor between host time and model time, in thousandths (1000 = real time).
    """

    host: str
    periods: int
    stretch_permille: int = 1000
    times: tuple[HostTime, ...] = ()
    devices: tuple[DeviceUse, ...] = ()
    misses: tuple[DeadlineMisses, ...] = ()
    outputs: tuple[OutputDigest, ...] = ()
    self_checks: tuple[SelfCheck, ...] = ()
    overflows: int = 0


@dataclass(frozen=True, kw_only=True)
class BuildRecord:
    """One build, complete or refused.

    ``kernels`` are the chosen, scheduled kernels by entry id.  ``assumptions`` are sentences that hold only
    because somebody says so.  What was not reached is ``None``: no deployment where none is feasible, no
    project where nothing was generated, no run where nothing was executed.
    """

    system: System
    tool_version: str
    command: str = ""
    inputs: tuple[InputFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    costs: CostTable = field(default_factory=CostTable)
    deployment: Deployment | None = None
    evidence: Evidence | None = None
    kernels: Mapping[str, Kernel] = field(default_factory=dict)
    project: GeneratedProject | None = None
    plan: ReconfigurationPlan | None = None
    run: RunResult | None = None
    assumptions: tuple[str, ...] = ()
