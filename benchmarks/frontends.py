"""How long a behaviour of a hundred lines takes from its file to the emitted text.

``python benchmarks/frontends.py [--quick] [--json]``.  Processor time of this process after a first run that
imports what is needed; medians with the least and the greatest.  The keys of the JSON object: ``opencl_ms``,
``alf_ms``, ``c_ms``.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from statistics import median

from aicompiler.kernel import KernelOrder, compile_kernel

ROUNDS = {True: 5, False: 25}
ALF = """let s{n} : Integer = 0;
for (i in 1..16) {{
  if (data[i] > {n}) {{
    s{n} += data[i] * {n} + 1;
  }} else {{
    s{n} -= Max(data[i], i - {n});
  }}
  out[i] = s{n} % 1000 + weights[i] * 2;
}}
total += s{n};
"""


def opencl() -> str:
    """A kernel of a hundred lines over a plane of work-items."""
    lines = [
        "// aic: global_size = 64,64",
        "__kernel void long_one(__global const float *x, __global float *y)",
        "{",
        "    int i = get_global_id(0), j = get_global_id(1);",
        "    float s = x[j * 64 + i];",
        *_steps(),
        "    y[j * 64 + i] = s;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def plain_c() -> str:
    """The same as a function in C."""
    lines = [
        "void long_one(const float x[64][64], float y[64][64]) {",
        "  for (int j = 0; j < 64; j++) {",
        "    for (int i = 0; i < 64; i++) {",
        "    float s = x[j][i];",
        *(line.replace("x[j * 64 + ", "x[j][") for line in _steps()),
        "    y[j][i] = s;",
        "    }",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _steps() -> list[str]:
    found = []
    for k in range(23):
        found += [f"    float t{k} = s * {k}.5f + x[j * 64 + {k}];", f"    if (t{k} > s) {{"]
        found += [f"        s = s + t{k} * 0.25f;", "    }"]
    return found


def orders(folder: Path) -> dict[str, KernelOrder]:
    """What is compiled, each from a file in ``folder``."""
    texts = {
        "long.cl": opencl(),
        "long.c": plain_c(),
        "long.alf": "".join(ALF.format(n=n) for n in range(1, 11)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    ports = ("in i32 data[16]", "in i32 weights[16]", "out i32 out[16]", "state i32 total")
    return {
        "opencl_ms": KernelOrder(folder / "long.cl", "c", shapes=("x=64,64", "y=64,64")),
        "c_ms": KernelOrder(folder / "long.c", "c"),
        "alf_ms": KernelOrder(folder / "long.alf", "c", parameters=ports),
    }


def milliseconds(run: Callable[[], object], rounds: int) -> list[float]:
    """Processor time of each of ``rounds`` runs, in order of length, after one that is not counted."""
    run()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        taken.append((time.process_time() - start) * 1000)
    return sorted(taken)


def compiled(order: KernelOrder) -> None:
    """One behaviour to text, which is thrown away."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        compile_kernel(order, as_json=False)


def main() -> None:
    """Print a table and, if asked, the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    chosen = parser.parse_args()
    result = {}
    with tempfile.TemporaryDirectory() as name:
        for key, order in orders(Path(name)).items():
            taken = milliseconds(lambda order=order: compiled(order), ROUNDS[chosen.quick])  # type: ignore[misc]
            result[key] = round(median(taken), 1)
            print(f"{key:12} {median(taken):7.1f} ({taken[0]:.1f} to {taken[-1]:.1f})")
    if chosen.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
