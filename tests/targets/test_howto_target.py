"""The example of docs/howto/add-a-target.md is real code."""

from __future__ import annotations

import ctypes
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from aicompiler.transformations.kernels.interpreter import interpret

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto"


def example_target() -> Any:
    spec = spec_from_file_location("header_target", HOWTO / "header_target.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CHeader()


def test_page_shows_the_code_that_is_tested() -> None:
    """The page's listing is the file, character by character."""
    code = (HOWTO / "header_target.py").read_text()
    assert f"```python\n{code}```\n" in (HOWTO / "add-a-target.md").read_text()


def test_example_target_computes_the_interpreters_result(kernels: Any, inputs: Any, tmp_path: Path) -> None:
    """A kernel with tables and local functions, emitted as a header, runs and agrees."""
    kernel = kernels("names")
    file = example_target().emit(kernel, None)[0]
    header = tmp_path / Path(file.path).name
    header.write_bytes(file.content)
    caller = f'#include "{header.name}"\nvoid call(const int32_t *a, int32_t *b, int32_t *c);\n'
    caller += f"void call(const int32_t *a, int32_t *b, int32_t *c) {{ {kernel.name}(a, b, c); }}\n"
    (tmp_path / "call.c").write_text(caller)
    library = tmp_path / "call.so"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, tmp_path / "call.c", "-o", library], check=True)
    values = inputs(kernel, 2)
    result, total = np.zeros(6, np.int32), np.zeros((), np.int32)
    call = ctypes.CDLL(str(library)).call
    call(*(ctypes.c_void_p(array.ctypes.data) for array in (values["value"], result, total)))
    expected = interpret(kernel, values)
    assert result.tolist() == expected["result"].tolist()
    assert total == expected["kernel_sum"]


def test_example_target_runs_on_this_host() -> None:
    """It says that it can."""
    assert example_target().unavailable() is None
