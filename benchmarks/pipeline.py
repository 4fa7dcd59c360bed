"""How long the pipeline takes: cold and warm builds, batches on one and two workers, ``--help``.

``python benchmarks/pipeline.py [--quick] [--rounds N] [--json]``.  Ratios compare runs of one
invocation, taken in turns; figures are medians with the least and the greatest beside them.  The keys of
the JSON object:

- ``warm_fraction``: time of a second build of an unchanged model over that of the first (empty cache);
- ``warm_seconds``, ``cold_seconds``: both, whole processes;
- ``batch_speedup``: time of a batch of mixed models with one worker over that with two;
- ``help_seconds``: ``aicompiler --help``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "models" / "smart_intersection" / "smart_intersection.uml"
SMALL = ROOT / "tests" / "errors" / "models"
COMMAND = [sys.executable, "-c", "from aicompiler.cli import main; main()"]


def timed(*arguments: str | Path, cache: Path | None = None) -> float:
    """Seconds of one command as a whole process; its failure ends the benchmark with its messages."""
    environment = os.environ | ({"AIC_CACHE_DIR": str(cache)} if cache else {})
    start = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 2, 3):  # a batch holds models that are refused on purpose
        sys.exit(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stderr}")
    return seconds


def builds(rounds: int, folder: Path) -> tuple[list[float], list[float]]:
    """Cold and warm builds of the example, in turns, each pair on a cache of its own."""
    cold, warm = [], []
    for number in range(rounds):
        cache = folder / f"cache{number}"
        cold.append(timed("build", EXAMPLE, "-o", folder / "out", "-q", cache=cache))
        warm.append(timed("build", EXAMPLE, "-o", folder / "out", "-q", cache=cache))
    return cold, warm


def mixed_models(count: int, folder: Path) -> list[Path]:
    """``count`` models that differ: the example, small ones, and ones that are refused, in turns."""
    sources = [EXAMPLE, SMALL / "fine.uml", SMALL / "quoted_name.uml", SMALL / "shape_mismatch.uml"]
    folder.mkdir()
    models = []
    for number in range(count):
        source = sources[number % len(sources)]
        path = folder / f"model_{number:02d}.uml"
        path.write_bytes(source.read_bytes().replace(b"</xmi:XMI>", f"<!-- {number} --></xmi:XMI>".encode()))
        models.append(path)
    return models


def batches(rounds: int, count: int, folder: Path) -> tuple[list[float], list[float], bool]:
    """Seconds of a batch with one and with two workers, in turns, and whether they wrote the same files."""
    models = mixed_models(count, folder / "models")
    one, two, same = [], [], True
    for number in range(rounds):
        outs = {workers: folder / f"batch{number}_{workers}" for workers in (1, 2)}
        for workers, times in ((1, one), (2, two)):
            times.append(timed("batch", *models, "-o", outs[workers], "--workers", str(workers), "-q"))
        same &= digest(outs[1]) == digest(outs[2])
        for out in outs.values():
            shutil.rmtree(out)
    return one, two, same


def digest(folder: Path) -> str:
    """Digest of all file names and contents below a folder."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(str(path.relative_to(folder)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def spread(values: list[float]) -> str:
    """Median with the least and the greatest value."""
    return f"{median(values):.3f} s ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and models")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--rounds", type=int, help="of builds; of batches at most 3")
    chosen = parser.parse_args()
    rounds, count = (1, 8) if chosen.quick else (5, 40)
    rounds = chosen.rounds or rounds
    helps = [timed("--help") for _ in range(5 if chosen.quick else 11)]
    with tempfile.TemporaryDirectory() as name:
        cold, warm = builds(rounds, Path(name))
        one, two, same = batches(min(rounds, 3), count, Path(name))
    print(f"--help            {spread(helps)}")
    print(f"cold build        {spread(cold)}")
    print(f"warm build        {spread(warm)}")
    print(f"batch, 1 worker   {spread(one)}, {count} models")
    print(f"batch, 2 workers  {spread(two)}, the same files: {'yes' if same else 'NO'}")
    figures = {
        "warm_fraction": round(median(warm) / median(cold), 4),
        "warm_seconds": round(median(warm), 3),
        "cold_seconds": round(median(cold), 3),
        "batch_speedup": round(median(one) / median(two), 3),
        "batch_same_files": same,
        "help_seconds": round(median(helps), 3),
    }
    if chosen.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
