"""Channels of the C runtime, between real processes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
RUNTIME = HERE.parent.parent / "codegen" / "runtime"
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled scenarios, under the sanitizers."""
    binary = tmp_path_factory.mktemp("channels") / "probe"
    sources = [HERE / "channel_probe.c", RUNTIME / "aic_channel.c", RUNTIME / "aic_region.c"]
    subprocess.run(["gcc", *FLAGS, f"-I{RUNTIME}", *map(str, sources), "-o", str(binary)], check=True)
    return binary


def run(probe: Path, *arguments: object) -> list[str]:
    command = [str(probe), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_queue_delivers_every_value_once_in_order(probe: Path) -> None:
    """The reader's k-th job gets the k-th value, whole."""
    assert run(probe, "queue")[0].split() == [str(i) for i in range(200)]


def test_queue_job_consumes_its_next_values(probe: Path) -> None:
    """With consume 2, job j gets the values 2j and 2j + 1 side by side."""
    assert run(probe, "pairs")[0].split() == [f"{2 * j}+{2 * j + 1}" for j in range(10)]


@pytest.mark.parametrize(("paced", "overflows"), [([], "overflows 0"), (["paced"], "overflows 1")])
def test_full_queue_loses_nothing_and_is_an_event_when_paced(
    probe: Path, paced: list[str], overflows: str
) -> None:
    """A writer that is too fast waits; only a run that keeps to its slots calls it an overflow."""
    values, event = run(probe, "slow-reader", *paced)
    assert values.split() == [str(i) for i in range(20)]
    assert event == overflows


def test_reader_waits_for_a_slow_writer(probe: Path) -> None:
    """An empty queue blocks its reader and is no overflow."""
    values, event = run(probe, "slow-writer")
    assert values.split() == [str(i) for i in range(20)]
    assert event == "overflows 0"


def test_writer_does_not_wait_for_a_reader_that_has_ended(probe: Path) -> None:
    """When the reader has run its last job, a writer with more values still ends."""
    assert run(probe, "early-end")[0].split() == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("pauses", [(0, 0), (1000, 0), (0, 1000)])
@pytest.mark.parametrize(
    ("slots", "deadline", "writer_period", "release", "reader_period"),
    [(6, 10, 10, 0, 10), (6, 7, 10, 3, 25), (6, 30, 10, 0, 4), (6, 5, 10, 200, 20)],
)
def test_sample_is_chosen_by_the_rule_alone(
    probe: Path,
    pauses: tuple[int, int],
    slots: int,
    deadline: int,
    writer_period: int,
    release: int,
    reader_period: int,
) -> None:
    """Job j reads value floor((release_j - deadline) / period), or the initial one, whoever is faster."""
    numbers = [(release + j * reader_period - deadline) // writer_period for j in range(20)]
    expected = [str(n) if n >= 0 else "-7" for n in numbers]
    values, _ = run(probe, "sample", slots, deadline, writer_period, release, reader_period, *pauses)
    assert values.split() == expected


def test_a_dead_writer_ends_its_reader(probe: Path) -> None:
    """Once the run is stopped, a reader that waits in vain returns, and the message is kept."""
    assert run(probe, "dead-writer") == ["writer died"]


def test_ends_have_the_type_of_the_channel(probe: Path) -> None:
    """A port of another element type is refused."""
    run(probe, "type")
