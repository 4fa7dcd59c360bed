"""From a behaviour to the graph that it names: a whole network, or a part of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aicompiler.metamodels.system import Behaviour

from ._file import parsed, part_of, read_bytes, refusals_of
from ._graph import Graph, read_graph
from ._normal import folded_normalisation
from ._operators import KNOWN
from ._split import cut, model_of


def network_of(behaviour: Behaviour, folder: Path | None) -> Graph:
    """The graph, its normalisations folded; errors as those of ``parse_onnx``."""
    no = refusals_of(behaviour)
    content, part = read_bytes(behaviour, folder), part_of(behaviour)
    graph = folded_normalisation(read_graph(parsed(content, no), KNOWN, no))
    if part is None:
        return graph
    number, tensors = part
    return cut(graph, tensors, no)[number - 1]


def split_model(model: Any, tensors: Sequence[str]) -> list[Any]:
    """See ``split``."""
    no = refusals_of(Behaviour(id="split", language="ONNX", body=model.graph.name or "network"))
    return [model_of(g) for g in cut(folded_normalisation(read_graph(model, KNOWN, no)), tensors, no)]
