"""Target ``llvm``: what the IR promises, and objects that link with C on three architectures."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import UnsupportedOperation
from aicompiler.codegen.targets.llvm import MACHINES, Llvm, jit, lower, optimised, verified
from aicompiler.codegen.targets.llvm._objects import target_machine
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, interpret, parse

CORPUS = sorted(p.stem for p in (Path(__file__).parent / "corpus").glob("*.c"))
ELF_MACHINE = {"x86_64": 62, "aarch64": 183, "riscv64": 243}  # e_machine of the ELF specification
LoadKernel = Callable[..., Kernel]


def kernel_of(body: str, *parameters: Parameter) -> Kernel:
    return parse(Behaviour(id="b", name="b", language="C", body=body), Signature("own_step", parameters))


def array(name: str, dtype: ElementType, direction: Direction, *shape: int) -> Parameter:
    return Parameter(name, dtype, shape, direction)


@pytest.mark.parametrize("name", CORPUS)
def test_ir_keeps_its_promises(name: str, kernels: LoadKernel) -> None:
    """Addresses by GEP alone; no fast-math; locals are allocated once; local functions stay local."""
    text = lower(kernels(name))
    assert not re.search(r"\b(inttoptr|ptrtoint|fast|reassoc|contract|nnan|ninf|nsz|arcp|afn)\b", text)
    for function in re.findall(r"^define .*?^}", text, re.M | re.S):
        first, *rest = re.split(r"^\S+:$", function, flags=re.M)[1:]
        assert "alloca" not in "".join(rest)
        public = f'@"{name}_step"' in function.splitlines()[0]
        assert public != ("define internal" in function.splitlines()[0]), first
    flagged = sum("overflow<nsw>" in line for line in str(kernels(name).module).splitlines())
    assert len(re.findall(r"\bnsw\b", text)) == flagged


def test_array_parameters_are_noalias_and_inputs_readonly(kernels: LoadKernel) -> None:
    """What the kernel ABI says about pointers is written down for the optimiser."""
    head = next(line for line in lower(kernels("blur")).splitlines() if line.startswith("define"))
    image, smooth, _ = re.findall(r"ptr [^,]*", head)
    assert "noalias" in image and "readonly" in image
    assert "noalias" in smooth and "readonly" not in smooth


def test_tables_are_private_constants() -> None:
    """A constant table is no symbol that another kernel could clash with."""
    body = "static const int32_t primes[4] = {2, 3, 5, 7};\n*r = primes[i & 3];"
    kernel = kernel_of(
        body, array("i", ElementType.I32, Direction.IN), array("r", ElementType.I32, Direction.OUT)
    )
    text = lower(kernel)
    assert re.search(r"private unnamed_addr constant \[4 x i32\] \[i32 2, i32 3, i32 5, i32 7\]", text), text
    got = np.zeros((), np.int32)
    jit(kernel)(np.array(6, np.int32), got)
    assert got == 5


def test_optimised_code_uses_vectors() -> None:
    """The O3 pipeline runs, with what it needs to know: a loop over arrays becomes vector code."""
    kernel = kernel_of(
        "for (int i = 0; i < 64; i++) { c[i] = a[i] * b[i]; }",
        array("a", ElementType.F32, Direction.IN, 64),
        array("b", ElementType.F32, Direction.IN, 64),
        array("c", ElementType.F32, Direction.OUT, 64),
    )
    module = optimised(verified(lower(kernel)), target_machine("x86_64"))
    assert re.search(r"<\d+ x float>", str(module))


@pytest.mark.parametrize("machine", list(MACHINES))
def test_objects_are_of_their_machine(machine: str, kernels: LoadKernel) -> None:
    """Each object is a relocatable ELF file of 64 bits with the kernel."""
    files = {f.path: f.content for f in Llvm().emit(kernels("transcendental"), None)}
    content = files[f"kernels/llvm/transcendental_step.{machine}.o"]
    assert content[:5] == b"\x7fELF\x02"
    kind, number = struct.unpack_from("<HH", content, 16)
    assert (kind, number) == (1, ELF_MACHINE[machine])
    assert b"transcendental_step\0" in content


SAME = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from conftest import corpus_kernel
from aicompiler.codegen.targets.llvm import Llvm
for file in Llvm().emit(corpus_kernel("functions"), None):
    print(file.path, hashlib.sha256(file.content).hexdigest())
"""


def test_objects_are_the_same_bytes_in_every_process() -> None:
    """Neither hash seeds nor the order of kernels change an object."""
    command = [sys.executable, "-c", SAME, str(Path(__file__).parent)]
    runs = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert len(runs.pop().splitlines()) == 1 + len(MACHINES)


def linked(kernel: Kernel, folder: Path) -> Path:
    """The object for this host as a shared library."""
    path = folder / "kernel.o"
    files = {f.path: f.content for f in Llvm().emit(kernel, None)}
    path.write_bytes(files[f"kernels/llvm/{kernel.name}.{platform.machine()}.o"])
    library = folder / "kernel.so"
    subprocess.run(["gcc", "-shared", path, "-o", library, "-lm"], check=True)
    return library


needs_object = pytest.mark.skipif(
    platform.machine() not in MACHINES, reason=f"no object is made for {platform.machine()}"
)


@needs_object
@pytest.mark.parametrize("name", ["blur", "transcendental", "widths", "compare"])
def test_linked_objects_give_the_interpreters_results(
    name: str, kernels: LoadKernel, inputs: Any, call: Any, tmp_path: Path
) -> None:
    """An object in a library made by the C compiler computes what the interpreter computes."""
    kernel = kernels(name)
    values = inputs(kernel, 5)
    expected = interpret(kernel, values)
    got = call(linked(kernel, tmp_path), kernel, values)
    relative = 1e-5 if name == "transcendental" else 0
    for key, value in expected.items():
        np.testing.assert_allclose(got[key], value, rtol=relative)


@needs_object
def test_small_scalars_cross_the_call_of_c(tmp_path: Path) -> None:
    """Bytes, bools and shorts by value arrive as what they are, whatever the caller leaves above them."""
    kernel = kernel_of(
        "*r = a * 65536 + s * 2 + (flag ? 1 : 0) + (int32_t)b;",
        array("a", ElementType.I8, Direction.IN),
        array("b", ElementType.U8, Direction.IN),
        array("s", ElementType.I16, Direction.IN),
        array("flag", ElementType.BOOL, Direction.IN),
        array("r", ElementType.I32, Direction.OUT),
    )
    function = ctypes.CDLL(str(linked(kernel, tmp_path))).own_step
    dirty = 0x5A5A5A00  # as wide integers, so that the upper bits are not those of an extension
    for a, b, s, flag in ((-3, 250, -1000, 1), (127, 0, 32767, 0)):
        got = ctypes.c_int32()
        function(
            *(ctypes.c_uint32(dirty | (v & 0xFF)) for v in (a, b)),
            ctypes.c_uint32(0x5A5A0000 | (s & 0xFFFF)),
            ctypes.c_uint32(dirty | flag),
            ctypes.byref(got),
        )
        assert got.value == a * 65536 + s * 2 + flag + b


def test_an_operation_without_llvm_is_refused() -> None:
    """What the lowering does not know is an error that names it and says what to do."""
    from xdsl.context import Context
    from xdsl.dialects import arith, builtin, func
    from xdsl.parser import Parser

    context = Context()
    for dialect in (arith.Arith, func.Func, builtin.Builtin):
        context.load_dialect(dialect)
    text = """func.func @own_step(%a: i32) {
        %r, %o = arith.addui_extended %a, %a : i32, i1
        func.return
    }"""
    parameter = Parameter("a", ElementType.I32, (), Direction.IN)
    kernel = Kernel(Signature("own_step", (parameter,)), Parser(context, text).parse_module())
    with pytest.raises(
        UnsupportedOperation, match=r"arith.addui_extended cannot be printed as LLVM IR; lower"
    ):
        lower(kernel)


def test_digest_of_an_object_is_no_accident(kernels: LoadKernel) -> None:
    """Other code gives another object: the comparison above can fail."""
    digests = {
        hashlib.sha256(Llvm().emit(kernels("matmul", N=n), None)[1].content).hexdigest() for n in (3, 4)
    }
    assert len(digests) == 2
