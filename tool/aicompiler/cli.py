"""The command line: a thin layer of names and options over the pipeline.

Progress and messages go to stderr, one JSON document to stdout with ``--json``.  Exit codes: 0 done; 2 usage,
unreadable input, or an output that cannot be written; 3 the model has errors; 4 no feasible deployment; 5
generated code failed its self-check; 130 Ctrl-C; 143 SIGTERM; 1 is a defect of ours.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from aicompiler.run import RunOptions
    from aicompiler.transformations.importers import ImportOptions

app = typer.Typer(
    name="aicompiler",
    help="From a SysML/MARTE model to a partitioned, checked, running system on CPU, GPU and FPGA.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

cache_app = typer.Typer(help="The cache of earlier builds.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")

ModelPath = Annotated[Path, typer.Argument(help="The model: a .uml, .capella, .amxmi or .system.xmi file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="The folder to write; all but user/ is replaced.")]
Templates = Annotated[Path | None, typer.Option(help="A folder whose templates override ours by name.")]
Periods = Annotated[int, typer.Option(min=1, help="How many hyperperiods to execute.")]
Sidecar = Annotated[
    Path | None, typer.Option(help="The side-car of the model; by default MODEL.aic.toml beside it.")
]
Root = Annotated[str, typer.Option(help="The system to read: XML id, qualified name or name.")]
Context = Annotated[str, typer.Option(help="The analysis context to take timing from, named likewise.")]
KeepAllocation = Annotated[
    bool, typer.Option("--keep-allocation", help="Leave components where the model puts them.")
]
Goals = Annotated[
    str,
    typer.Option("--objective", help="What is to be small, the first above all: energy, latency, makespan."),
]
Stretch = Annotated[
    float | None,
    typer.Option(min=0.001, help="Host time for each second of model time; by default it is measured."),
]
FreeRun = Annotated[bool, typer.Option("--free-run", help="As fast as the data allow, deadlines not judged.")]
HostFallback = Annotated[
    bool, typer.Option("--host-fallback", help="Let C stand in for a GPU that is absent; the result says so.")
]
NoSelfChecks = Annotated[
    bool, typer.Option("--no-self-checks", help="Do not compare the kernels with the interpreter first.")
]
CpuBackend = Annotated[
    Literal["c", "llvm"], typer.Option(help="What makes the kernels of CPUs: the C compiler, or LLVM.")
]
Cuda = Annotated[bool, typer.Option("--cuda/--no-cuda", help="Run kernels of GPUs through CUDA where it is.")]
Xrt = Annotated[bool, typer.Option("--xrt", help="Run circuits through the Xilinx Runtime where it is.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress messages.")]


@app.command()
def check(
    models: Annotated[list[Path], typer.Argument(help="Model files.")],
    sidecar: Sidecar = None,
    write_sidecar: Annotated[
        bool, typer.Option("--write-sidecar", help="Write a side-car that lists what is missing.")
    ] = False,
    root: Root = "",
    context: Context = "",
    json: AsJson = False,
) -> None:
    """Import and validate: diagnostics with element, line and next step, and what became of all there is."""
    from aicompiler.commands import check_models

    options = _import_options(root, context)
    _finish(lambda: check_models(models, sidecar, write_sidecar, options), json)


@app.command()
def partition(
    model: ModelPath,
    sidecar: Sidecar = None,
    root: Root = "",
    context: Context = "",
    keep_allocation: KeepAllocation = False,
    objective: Goals = "",
    pareto: Annotated[
        str, typer.Option(help="Trade two objectives for each other instead: energy,latency.")
    ] = "",
    points: Annotated[int, typer.Option(min=2, max=64, help="How many deployments --pareto seeks.")] = 8,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Decide only: table of placements, objectives, bounds, checks."""
    from aicompiler.commands import pareto_model, partition_model
    from aicompiler.objectives import pair_of

    options, say = _import_options(root, context, keep_allocation), _progress(quiet)
    if pareto and objective:
        raise typer.BadParameter("--pareto has objectives of its own: leave --objective out")
    if pareto:
        _finish(lambda: pareto_model(model, say, not json, pair_of(pareto), points, sidecar, options), json)
    _finish(lambda: partition_model(model, say, not json, sidecar, options, objective), json)


@app.command()
def build(
    model: ModelPath,
    out: Out,
    templates: Templates = None,
    sidecar: Sidecar = None,
    root: Root = "",
    context: Context = "",
    keep_allocation: KeepAllocation = False,
    objective: Goals = "",
    run_periods: Annotated[int, typer.Option("--run", help="Also run so many hyperperiods.")] = 0,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Write a copy of the model with the results: OUT/annotated/.")
    ] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the results into the model itself as well.")
    ] = False,
    cached: Annotated[bool, typer.Option("--cache/--no-cache", help="Use the cache of builds.")] = True,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Everything: deployment, checks, generated project, report."""
    from aicompiler.cache import Cache, default_folder
    from aicompiler.commands import Order, build_and_run, build_model

    importing = _import_options(root, context, keep_allocation)
    cache = Cache(default_folder()) if cached else None
    where: Literal["copy", "in place"] | None = "in place" if in_place else "copy" if annotate else None
    order = Order(model, out, templates, sidecar, importing, cache, where, objective)
    say = _progress(quiet)
    if run_periods:
        _finish(lambda: build_and_run(order, run_periods, say), json)
    _finish(lambda: build_model(order, say), json)


@app.command()
def run(
    out: Annotated[Path, typer.Argument(help="The folder that build wrote.")],
    periods: Periods = 20,
    stretch: Stretch = None,
    free_run: FreeRun = False,
    host_fallback: HostFallback = False,
    no_self_checks: NoSelfChecks = False,
    cpu_backend: CpuBackend = "c",
    cuda: Cuda = False,
    xrt: Xrt = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compile the generated project, test it and execute it on this host."""
    from aicompiler.commands import run_output

    pace = _Pace(stretch, free_run, host_fallback, no_self_checks)
    options = _run_options(pace, cpu_backend, cuda, xrt)
    _finish(lambda: run_output(out, periods, _progress(quiet), options), json)


@app.command()
def demo(
    out: Out = Path("aic-demo"),
    periods: Periods = 2,
    stretch: Stretch = None,
    free_run: FreeRun = False,
    host_fallback: HostFallback = False,
    no_self_checks: NoSelfChecks = False,
    example: Annotated[str, typer.Option(help="Which of the examples in models/.")] = "traffic_junction",
    cuda: Cuda = True,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Build the shipped example for all targets, compare each with the interpreter, run the system."""
    from aicompiler.commands import demo_backend, run_demo

    pace = _Pace(stretch, free_run, host_fallback, no_self_checks)
    options = _run_options(pace, demo_backend(), cuda)
    _finish(lambda: run_demo(example, out, periods, _progress(quiet), options), json)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A folder that build wrote.")],
    new: Annotated[Path, typer.Argument(help="A folder that a later build wrote.")],
    json: AsJson = False,
) -> None:
    """What changed between two deployments: placements, clocks, objectives."""
    from aicompiler.commands import diff_builds

    _finish(lambda: diff_builds(old, new), json)


@app.command()
def batch(
    models: Annotated[list[Path], typer.Argument(help="Model files.")],
    out: Out,
    workers: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 2,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds a model may take.")] = 600.0,
    memory_limit: Annotated[int, typer.Option(min=256, help="MiB of address space a model may take.")] = 8192,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Build many models, each in a process of its own, with an index page."""
    from aicompiler.commands import build_batch

    limits = (time_limit, memory_limit * 1024**2)
    _finish(lambda: build_batch(models, out, workers, limits, _progress(quiet)), json)


@app.command()
def kernel(
    file: Annotated[Path, typer.Argument(help="One function: .c, .cl, .cu, .cpp, .alf or .onnx.")],
    target: Annotated[str, typer.Option(help="c, opencl, cuda, hls, llvm, or mlir for what all start from.")],
    function: Annotated[str, typer.Option(help="Which function, where the file has several.")] = "",
    language: Annotated[str, typer.Option(help="The language, where the extension does not tell.")] = "",
    shape: Annotated[list[str] | None, typer.Option(help="Extents behind a pointer: x=64,64.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="A pointer whose values live on: its name.")] = None,
    constant: Annotated[list[str] | None, typer.Option(help="The fixed value of a scalar: n=64.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="For bodies without a declaration: 'in f32 x[64]'.")
    ] = None,
    global_size: Annotated[str, typer.Option(help="Work-items of a GPU kernel: 64,48.")] = "",
    local_size: Annotated[str, typer.Option(help="Work-items of a group: 8,8.")] = "",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A file, or a folder for all files.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Compile one behaviour by itself, to stdout or -o; --json gives signature, loops and counts."""
    from aicompiler.kernel import KernelOrder, compile_kernel

    sizes = {n: t for n, t in (("global_size", global_size), ("local_size", local_size)) if t}
    lists = (shape or (), state or (), constant or (), parameter or ())
    order = KernelOrder(file, target, language, function, *lists, sizes, out)
    _finish(lambda: compile_kernel(order, json), json)


@cache_app.command("info")
def cache_info(json: AsJson = False) -> None:
    """Where the cache lies and what it holds."""
    from aicompiler.commands import show_cache

    _finish(show_cache, json)


@cache_app.command("clear")
def cache_clear(json: AsJson = False) -> None:
    """Remove every entry."""
    from aicompiler.commands import clear_cache

    _finish(clear_cache, json)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from aicompiler import __version__

        print(f"aicompiler {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the ``aicompiler`` script."""
    try:
        app()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # all is decided: what is left is the end of Python
            signal.signal(number, signal.SIG_IGN)


class _Pace(NamedTuple):
    stretch: float | None
    free_run: bool
    host_fallback: bool
    no_self_checks: bool


def _run_options(pace: _Pace, cpu_backend: str, cuda: bool, xrt: bool = False) -> RunOptions:
    from aicompiler.run import RunOptions

    if pace.free_run and pace.stretch is not None:
        raise typer.BadParameter("--free-run has no pace to stretch: leave one of the two out")
    return RunOptions(
        stretch=pace.stretch,
        free_run=pace.free_run,
        host_fallback=pace.host_fallback,
        self_checks=not pace.no_self_checks,
        cpu_backend=cpu_backend,
        cuda=cuda,
        xrt=xrt,
    )


def _import_options(root: str, context: str, keep_allocation: bool = False) -> ImportOptions:
    from aicompiler.transformations.importers import ImportOptions

    return ImportOptions(root=root, context=context, keep_allocation=keep_allocation)


def _finish(command: Callable[[], Any], as_json: bool) -> None:
    from aicompiler.errors import run_command

    raise typer.Exit(run_command(command, as_json))


def _progress(quiet: bool) -> Callable[[str], None]:
    def say(text: str) -> None:
        print(f"  {text} …", file=sys.stderr, flush=True)

    return (lambda _: None) if quiet else say
