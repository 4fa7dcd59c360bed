"""``aicompiler kernel``: one behaviour by itself, from a file in any language to the text of one target."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.cli import app
from typer.testing import CliRunner, Result

GPU = Path(__file__).resolve().parents[1] / "gpu_frontends" / "corpus"
HLS = Path(__file__).resolve().parents[1] / "hls_frontend" / "corpus"
SAXPY = [f"--shape={name}=100" for name in "xyz"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["kernel", *map(str, arguments)])


@pytest.fixture
def c_file(tmp_path: Path) -> Path:
    path = tmp_path / "scale.c"
    path.write_text(
        "#include <math.h>\n"
        "static const float limit = 2.0f;\n"
        "static float cut(float v) { return fminf(v, limit); }\n"
        "void scale(const float x[8][4], float factor, float *y)\n"
        "{\n"
        "    for (int i = 0; i < 32; i++) y[i] = cut(x[i / 4][i % 4] * factor);\n"
        "}\n"
    )
    return path


@pytest.mark.parametrize(
    ("file", "options", "marks"),
    [
        (GPU / "saxpy.cl", [*SAXPY, "--constant=N=100"], ("saxpy(float a", "< 100")),
        (GPU / "saxpy.cu", [*SAXPY, "--global-size=128"], ("saxpy(float a", "< 128")),
        (
            HLS / "fir.cpp",
            ["--constant=N=256", "--constant=TAPS=8"],
            ("fir(const int16_t *restrict x", "window[8]"),
        ),
    ],
)
def test_languages_go_by_extension(file: Path, options: list[str], marks: tuple[str, ...]) -> None:
    """The language is that of the extension, the signature that of the declaration."""
    result = run(file, "--target=c", *options)
    assert result.exit_code == 0, result.stderr
    for mark in marks:
        assert mark in result.stdout


@pytest.mark.parametrize(
    ("target", "mark"),
    [
        ("c", "for (int32_t i"),
        ("opencl", "get_global_id(0)"),
        ("cuda", "blockIdx.x"),
        ("hls", "#pragma HLS PIPELINE"),
        ("llvm", 'define void @"scale"('),
        ("mlir", "scf.for"),
    ],
)
def test_every_target_prints_its_text(target: str, mark: str, c_file: Path) -> None:
    """Without -o the source goes to stdout, and nothing else."""
    result = run(c_file, "--target", target, "--shape=y=32")
    assert result.exit_code == 0, result.stderr
    assert mark in result.stdout


def test_the_written_c_computes_the_function(c_file: Path, tmp_path: Path) -> None:
    """-o with a folder writes all files; compiled, they give what the function says."""
    result = run(c_file, "--target=c", "--shape=y=32", "-o", tmp_path / "out")
    assert result.exit_code == 0 and sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "scale.c",
        "scale.h",
    ]
    library = tmp_path / "scale.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "out" / "scale.c", "-lm"], check=True
    )
    x, y = np.linspace(-1, 3, 32, dtype=np.float32), np.zeros(32, np.float32)
    pointer = ctypes.c_void_p
    ctypes.CDLL(str(library)).scale(pointer(x.ctypes.data), ctypes.c_float(1.5), pointer(y.ctypes.data))
    np.testing.assert_array_equal(y, np.minimum(x * np.float32(1.5), np.float32(2)))


def test_a_file_name_gets_the_source_alone(c_file: Path, tmp_path: Path) -> None:
    """-o with an extension is the file itself."""
    out = tmp_path / "mine.mlir"
    assert run(c_file, "--target=mlir", "--shape=y=32", "-o", out).exit_code == 0
    assert out.read_text().startswith("builtin.module")


def test_json_describes_the_kernel() -> None:
    """--json: signature, constants, loops with their verdicts, counts, schedule."""
    result = run(GPU / "saxpy.cl", "--target=c", *SAXPY, "--constant=N=100", "--json")
    document = json.loads(result.stdout)
    assert document["ok"] and document["kernel"] == "saxpy" and document["language"] == "OpenCL C"
    assert document["signature"][0] == {"name": "a", "type": "f32", "shape": [], "direction": "in"}
    assert document["signature"][3] == {"name": "z", "type": "f32", "shape": [100], "direction": "out"}
    assert document["constants"] == {"N": 100}
    assert document["loops"] == {"L0": {"parallel": True}}
    assert document["counts"]["phases"][0]["most"]["multiplications"] == 100


def test_states_and_directions(tmp_path: Path) -> None:
    """A pointer to const is read, any other written; --state makes it both."""
    path = tmp_path / "sum.c"
    path.write_text("void sum(const int *x, int *total) { for (int i = 0; i < 4; i++) *total += x[i]; }\n")
    plain = run(path, "--target=c", "--shape=x=4", "--shape=total=1", "--json")
    assert [p["direction"] for p in json.loads(plain.stdout)["signature"]] == ["in", "out"]
    assert "--state total" in plain.stderr
    state = run(path, "--target=c", "--shape=x=4", "--shape=total=1", "--state=total", "--json")
    assert [p["direction"] for p in json.loads(state.stdout)["signature"]] == ["in", "state"]
    assert "--state" not in state.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent.cl", "--target=c"], 2, "absent.cl cannot be read"),
        (["text.xyz", "--target=c"], 2, "no language has this extension"),
        ([GPU / "saxpy.cl", "--target=fortran", *SAXPY, "--constant=N=4"], 2, "use one of: c, cuda"),
        ([GPU / "saxpy.cl", "--target=c", "--shape=x"], 2, "is no NAME=VALUE"),
        ([GPU / "saxpy.cl", "--target=c", "--shape=x=0"], 2, "positive numbers"),
        ([GPU / "saxpy.cl", "--target=c", "--constant=N=many"], 2, "takes a number"),
        ([GPU / "saxpy.cl", "--target=c"], 3, "saxpy.cl:1: error: the size of 'x' is not known"),
        ([GPU / "saxpy.cl", "--target=c", "--shape=q=4"], 3, "has no parameter 'q'"),
        ([GPU / "saxpy.cl", "--target=c", *SAXPY], 3, "saxpy.cl:1: error: an index space of unknown size"),
        ([GPU / "saxpy.c", "--target=c"], 3, "saxpy.c:"),
    ],
)
def test_errors_have_their_exit_code(arguments: list[object], code: int, said: str) -> None:
    """2 for what cannot be read or understood as an option, 3 for what is wrong with the text."""
    result = run(*arguments)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert result.stdout == ""


def test_bodies_without_declaration_take_parameters(tmp_path: Path) -> None:
    """--parameter says what a declaration would."""
    path = tmp_path / "double.c"
    path.write_text("for (int i = 0; i < 4; i++) y[i] = 2 * x[i];\n")
    given = ["--parameter", "in i32 x[4]", "--parameter", "out i32 y[4]"]
    result = run(path, "--target=c", "--function=twice", *given)
    assert result.exit_code == 0, result.stderr
    assert "void twice(const int32_t *restrict x, int32_t *restrict y)" in result.stdout


def test_a_network_declares_itself(tmp_path: Path) -> None:
    """An ONNX file gives its inputs and outputs with their shapes."""
    onnx = pytest.importorskip("onnx", reason="no ONNX found: pip install onnx")
    kind, helper = onnx.TensorProto.FLOAT, onnx.helper
    ends = [helper.make_tensor_value_info(name, kind, [2, 3]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    result = run(tmp_path / "net.onnx", "--target=c", "--json")
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    assert [(p["name"], p["shape"]) for p in document["signature"]] == [("x", [2, 3]), ("y", [2, 3])]


def test_help_loads_nothing_heavy() -> None:
    """``kernel --help`` imports neither the front ends nor the targets."""
    code = (
        "import sys; from typer.testing import CliRunner; from aicompiler.cli import app\n"
        "assert CliRunner().invoke(app, ['kernel', '--help']).exit_code == 0\n"
        "print([m for m in sys.modules if m in ('xdsl', 'islpy', 'pycparser', 'numpy')])"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert got.strip() == "[]"
