"""Networks of the kinds that are used: small ones in every target, ResNet-50 at its own size."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import Direction, Kernel, interpret, pack_kernel, unpack_kernel
from aicompiler.transformations.kernels.passes import default_schedule
from architectures import fully_connected, recurrent, resnet, transformer
from batches import UNITS, batch, compiled, emitted
from networks import Net, kernel_of, onnxruntime_results
from xdsl.dialects import func, memref

SMALL_STAGES = ((2, 4, 8, 1), (1, 4, 12, 2))
NETWORKS = {
    "fnn": fully_connected,
    "rnn": recurrent,
    "cnn": lambda: resnet(16, SMALL_STAGES, 5),
    "transformer": transformer,
}
GPU = {"opencl", "cuda"}
Values = dict[str, Any]


def inputs_of(kernel: Kernel) -> Values:
    """Random inputs; integers are numbers of words."""
    random = np.random.default_rng(11)
    return {
        p.name: random.standard_normal(p.shape).astype(np.float32)
        if p.dtype.is_float
        else random.integers(0, 11, p.shape)
        for p in kernel.signature.parameters
        if p.direction is Direction.IN
    }


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Kernel, Values, Values]]:
    """Model, kernel, inputs and the interpreter's results of each network."""
    folder = tmp_path_factory.mktemp("networks")
    made = {}
    for name, build in NETWORKS.items():
        model = build()
        kernel = kernel_of(model, f"net_{name}", folder)
        made[name] = model, kernel, inputs_of(kernel), interpret(kernel, inputs_of(kernel))
    return made


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_network_computes_what_onnxruntime_computes(name: str, networks: Any) -> None:
    """FNN, RNN, CNN and transformer: the reference runtime's results, to the rounding of sums."""
    model, _, inputs, expected = networks[name]
    for result, value in onnxruntime_results(model, inputs).items():
        np.testing.assert_allclose(expected[result], value, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("target", ["c", "hls", "llvm", "opencl", "cuda"])
def test_a_network_is_the_same_in_every_target(target: str, networks: Any, tmp_path: Path) -> None:
    """Networks with the target's default schedule: the interpreter's results; on GPUs of the quick ones."""
    names = ("fnn", "rnn") if target in GPU else tuple(networks)
    same_results(target, names, networks, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("target", ["opencl", "cuda"])
def test_deep_networks_are_the_same_on_gpus(target: str, networks: Any, tmp_path: Path) -> None:
    """CNN and transformer, which become some thirty kernels each: the interpreter's results."""
    same_results(target, ("cnn", "transformer"), networks, tmp_path)


def same_results(target: str, names: tuple[str, ...], networks: Any, tmp_path: Path) -> None:
    """Compile some networks for a target and compare what they give."""
    kernels = {n: default_schedule(networks[n][1], UNITS[target]) for n in names}
    run = batch(target, list(kernels.values()), tmp_path)
    for name, kernel in kernels.items():
        got = run(kernel, networks[name][2])
        np.testing.assert_allclose(got["y"], networks[name][3]["y"], rtol=5e-6, atol=1e-6, err_msg=name)


def test_equal_operations_share_one_function(networks: Any) -> None:
    """A function is written once for all operations of one kind, attributes and shapes."""
    kernel = networks["cnn"][1]
    functions = Counter(kinds(kernel))
    calls = Counter(op.callee.root_reference.data.split("_")[0] for op in kernel.module.walk() if is_call(op))
    assert calls["conv"] == 1 + 3 * 3 + 2
    assert functions["conv"] == 8  # stem; 4->4, 3x3, 4->8 twice; 8->4 twice; 3x3 by 2; 4->12; 8->12 by 2


def kinds(kernel: Kernel) -> list[str]:
    """What kind of operation each private function is."""
    ops = [op for op in kernel.module.ops if isinstance(op, func.FuncOp) and op.sym_visibility is not None]
    return [op.sym_name.data.split("_")[0] for op in ops]


def is_call(op: Any) -> bool:
    """Whether an operation is a call."""
    return isinstance(op, func.CallOp)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Kernel]:
    """A network whose weights are too large for the module's text."""
    model = fully_connected((64, 300, 20))
    return model, kernel_of(model, "net_large", tmp_path_factory.mktemp("large"))


@pytest.mark.parametrize("target", ["c", "llvm"])
def test_large_weights_come_from_a_file(target: str, large: Any, tmp_path: Path) -> None:
    """On a CPU the values beyond 64 KiB are binary, and nothing changes."""
    model, kernel = large
    assert sum(map(len, kernel.blobs.values())) > 64 * 1024
    inputs = inputs_of(kernel)
    expected = interpret(kernel, inputs)
    np.testing.assert_allclose(expected["y"], onnxruntime_results(model, inputs)["y"], rtol=1e-5, atol=1e-6)
    got = batch(target, [kernel], tmp_path)(kernel, inputs)
    np.testing.assert_allclose(got["y"], expected["y"], rtol=2e-6)


def test_a_kernel_with_large_weights_is_packed_with_them(large: Any) -> None:
    """What a store gives back has the module and every byte of the weights."""
    _, kernel = large
    again = unpack_kernel(pack_kernel(kernel))
    assert again.blobs == kernel.blobs
    assert str(again.module) == str(kernel.module)
    inputs = inputs_of(kernel)
    np.testing.assert_array_equal(interpret(again, inputs)["y"], interpret(kernel, inputs)["y"])


def test_constants_that_are_no_numbers_are_packed_exactly(tmp_path: Path) -> None:
    """Infinities, NaN and denormals in a small table come back from a store as they were."""
    net = Net()
    net.add("Add", ["x", net.constant([np.inf, -np.inf, np.nan, -0.0, 1e-45])], "y")
    kernel = kernel_of(net.model({"x": (5,)}, {"y": (5,)}), "net_special", tmp_path)
    zeros = {"x": np.full(5, -0.0, np.float32)}
    again = interpret(unpack_kernel(pack_kernel(kernel)), zeros)["y"]
    assert np.array_equal(again.view(np.uint32)[[0, 1, 3, 4]], [0x7F800000, 0xFF800000, 0x80000000, 1])
    assert np.isnan(again[2])


def test_memory_is_used_again(networks: Any) -> None:
    """A chain of layers of one shape needs two arrays, however long it is."""
    kernel = networks["cnn"][1]
    arrays = [op for op in kernel.module.walk() if isinstance(op, memref.AllocaOp)]
    calls = [op for op in kernel.module.walk() if is_call(op)]
    assert len(arrays) < len(calls) / 1.5


@pytest.mark.long
def test_resnet50_computes_what_onnxruntime_computes(tmp_path: Path) -> None:
    """The exact shapes with random weights: lowered, emitted and compiled within a minute, to 1e-3."""
    model = resnet()
    start = time.perf_counter()
    kernel = kernel_of(model, "net_resnet50", tmp_path)
    run = compiled("c", [kernel], emitted("c", kernel, tmp_path), tmp_path)
    spent = time.perf_counter() - start
    assert Counter(kinds(kernel))["conv"] == 23  # of 53 convolutions
    inputs = inputs_of(kernel)
    reference = onnxruntime_results(model, inputs)["y"]
    expected = interpret(kernel, inputs)["y"]
    np.testing.assert_allclose(expected, reference, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(run(kernel, inputs)["y"], expected)
    assert spent < 60
