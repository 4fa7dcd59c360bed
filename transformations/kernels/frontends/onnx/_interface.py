"""What a network takes and gives, for one that no component stands around."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Direction, Parameter

from ._bind import port_name
from ._network import network_of


def interface_of(behaviour: Behaviour, folder: Path | None) -> tuple[Parameter, ...]:
    """The inputs, then the outputs of a network, with their full shapes; errors: as ``parse_onnx``."""
    graph = network_of(behaviour, folder)
    inputs = [(name, type_, Direction.IN) for name, type_ in graph.inputs.items()]
    outputs = [(name, graph.types[name], Direction.OUT) for name in graph.outputs]
    return tuple(Parameter(port_name(n), t.dtype, t.shape, direction) for n, t, direction in inputs + outputs)
