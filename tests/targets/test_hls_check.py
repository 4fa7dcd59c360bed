"""The check of emitted HLS C++ accepts what the target writes and refuses each alteration of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aicompiler.codegen.hls_check import HlsRefused, check_hls, require_hls
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import UnitKind
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Kernel, parse_entry
from aicompiler.transformations.kernels.passes import default_schedule

CORPUS = sorted(p.stem for p in (Path(__file__).parent / "corpus").glob("*.c"))


def emit(kernel: Kernel, unit: Any = None) -> str:
    return str(TARGETS.load("hls")().emit(kernel, unit)[0].content.decode())


@pytest.fixture(scope="module")
def circuit(
    kernels: Callable[[str], Kernel], schedule: Callable[[str, Kernel], Kernel]
) -> Callable[[str], Kernel]:
    """A kernel of the corpus with the default schedule of an FPGA."""
    return lambda name: schedule("hls", kernels(name))


def rules(text: str, kernel: Kernel | None = None) -> set[str]:
    return {d.rule for d in check_hls(text, "k.cpp", kernel.schedule if kernel else None)}


@pytest.mark.parametrize("name", CORPUS)
def test_default_schedules_are_accepted(name: str, circuit: Callable[[str], Kernel]) -> None:
    """What the passes schedule and the target emits is accepted, with its schedule and without."""
    kernel = circuit(name)
    assert check_hls(emit(kernel), name, kernel.schedule) == ()
    assert check_hls(emit(kernel)) == ()


def test_the_example_is_accepted(example: Path) -> None:
    """All components of the shipped example pass at full size, on the unit that the model declares."""
    system, _ = load_system(example)
    unit = next(u for u in system.units if u.kind is UnitKind.FPGA)
    for component in system.components:
        kernel = default_schedule(parse_entry(component, component.entries[0]), unit)
        require_hls(emit(kernel, unit), kernel.name, kernel.schedule)


MUTANTS = {
    "renamed label": ("L0: for", "L9: for", "hls-label"),
    "label twice": ("load_v_0: for", "L0: for", "hls-label"),
    "no label": ("L1: for", "for", "hls-label"),
    "interval too small": ("PIPELINE II=2", "PIPELINE II=1", "hls-recurrence"),
    "other interval": ("PIPELINE II=2", "PIPELINE II=3", "hls-schedule"),
    "wrong array": ("variable=buf_bins", "variable=buf_binz", "hls-array"),
    "array not on chip": ("variable=buf_bins", "variable=bins", "hls-array"),
    "wrong dimension": ("variable=buf_bins complete dim=1", "variable=buf_bins complete dim=2", "hls-array"),
    "too many banks": ("variable=buf_bins complete", "variable=buf_bins cyclic factor=9", "hls-array"),
    "other factor": ("variable=buf_bins complete", "variable=buf_bins cyclic factor=4", "hls-schedule"),
    "pragma outside any loop": ("    int32_t run = 0;", "#pragma HLS PIPELINE II=1\n", "hls-place"),
    "unknown pragma": ("PIPELINE II=2", "DATAFLOW", "hls-pragma"),
    "unknown port": ("m_axi port=v", "m_axi port=w", "hls-port"),
    "interface in a loop": (
        "#pragma HLS PIPELINE II=2",
        "#pragma HLS INTERFACE s_axilite port=v",
        "hls-place",
    ),
    "not C": ("L0: for (", "L0: for [", "hls-syntax"),
}


@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_mutants_are_refused_with_a_place(mutant: str, circuit: Callable[[str], Kernel]) -> None:
    """Each alteration of an accepted text is refused by its rule, with file and line."""
    old, new, rule = MUTANTS[mutant]
    kernel = circuit("bins")
    text = emit(kernel)
    assert text.count(old) >= 1, text
    found = check_hls(text.replace(old, new, 1), "bins.cpp", kernel.schedule)
    assert rule in {d.rule for d in found}
    assert all(d.source is not None and d.source.file == "bins.cpp" and d.source.line > 0 for d in found)


def test_refusal_names_line_value_and_next_step(circuit: Callable[[str], Kernel]) -> None:
    """The message of a too small interval says where, what and what to do."""
    kernel = circuit("functions")
    text = emit(kernel).replace("PIPELINE II=4", "PIPELINE II=3")
    line = next(n for n, t in enumerate(text.splitlines(), 1) if "II=3" in t)
    with pytest.raises(HlsRefused) as caught:
        require_hls(text, "functions.cpp")
    message = "L0 cannot start every 3 cycles: what an iteration hands on takes longer; raise II"
    assert str(caught.value) == f"functions.cpp:{line}: error: {message} [hls-recurrence]"


@pytest.mark.parametrize("name", ["bins", "blur", "doubles", "functions", "volume"])
def test_one_cycle_less_is_refused(name: str, circuit: Callable[[str], Kernel]) -> None:
    """Where a float sum, a table or a port decides the interval, one cycle less is refused."""
    kernel = circuit(name)
    slow = max(kernel.schedule.pipelines, key=lambda p: 0 if p.interval > 20 else p.interval)
    faster = tuple(replace(p, interval=p.interval - 1) if p is slow else p for p in kernel.schedule.pipelines)
    mutant = replace(kernel, schedule=replace(kernel.schedule, pipelines=faster))
    assert slow.interval > 1
    assert rules(emit(mutant), mutant) & {"hls-recurrence", "hls-ports"}


LOOP = """
extern "C" void k(const int32_t *a, int32_t *b)
{{
#pragma HLS INTERFACE m_axi port=a offset=slave bundle=g depth=64
#pragma HLS INTERFACE m_axi port=b offset=slave bundle=h depth=64
    int32_t t[64];
{partition}
    L0: for (int32_t i = 8; i < 64; ++i) {{
#pragma HLS PIPELINE II={interval}
        {body}
    }}
}}
"""

CASES = [  # body, partition, least interval
    ("t[i] = t[i - 1] + 1;", "", 4),  # load 2, add 1, store 1, one iteration apart
    ("t[i] = t[i - 2] + 1;", "", 2),
    ("t[i] = t[i - 4] + 1;", "", 1),
    ("t[i] = t[i + 1] + 1;", "", 1),  # reads what nobody has written yet
    ("t[2 * i - 64] = t[2 * i - 65] + 1;", "", 1),  # even and odd never meet
    ("t[i] = t[i - 1] + 1;", "#pragma HLS ARRAY_PARTITION variable=t complete dim=1", 2),
    ("b[i] = t[i] + t[i - 1] + t[i - 2] + t[i - 3];", "", 2),
    (
        "b[i] = t[i] + t[i - 1] + t[i - 2] + t[i - 3];",
        "#pragma HLS ARRAY_PARTITION variable=t cyclic factor=2 dim=1",
        1,
    ),
    (
        "b[i] = t[2 * i] + t[2 * i - 2] + t[2 * i - 4];",
        "#pragma HLS ARRAY_PARTITION variable=t cyclic factor=2 dim=1",
        2,  # all in the even bank
    ),
    ("b[i] = a[i] + a[i - 1] + a[i - 2];", "", 3),  # one read a cycle through m_axi
    ("t[a[i]] = t[a[i]] + 1;", "", 4),  # a histogram: anything may meet
    ("if (a[i] > 0) { b[i] = t[i] + t[i - 1]; } else { b[i] = t[i - 2] + t[i - 3]; }", "", 1),
]


@pytest.mark.parametrize(("body", "partition", "least"), CASES)
def test_least_interval_of_known_loops(body: str, partition: str, least: int) -> None:
    """The least accepted interval is the one worked out by hand."""
    verdicts = [
        check_hls(LOOP.format(body=body, partition=partition, interval=interval)) == ()
        for interval in range(1, 6)
    ]
    assert verdicts == [interval >= least for interval in range(1, 6)]
