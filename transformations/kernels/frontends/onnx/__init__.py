"""The front end for ONNX: a network in a file beside the model, to one verified MLIR module.

The body of the behaviour is the file's path; lines after it may name a part of the network.  Each operation
becomes loops in a private function, one for all operations of the same kind, attributes and shapes; the
kernel's function calls them in order.  Constants of up to 64 KiB altogether are tables of the module; of
larger networks the values are ``Kernel.blobs``, and the module has their digests.  Results are rounded to
their type after every operation, in the order of the loops.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Parameter, Signature
from aicompiler.transformations.kernels.frontends._contract import FileFrontEnd

from ._file import read_bytes, refusals_of

__all__ = ["ONNX", "Onnx", "interface_of", "parse_onnx", "split", "unavailable"]


class Onnx(FileFrontEnd):
    """Reads networks."""

    def parse(self, behaviour: Behaviour, signature: Signature, folder: Path | None) -> Kernel:
        """As ``parse_onnx``."""
        return parse_onnx(behaviour, signature, folder)

    def digest(self, behaviour: Behaviour, folder: Path | None) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(read_bytes(behaviour, folder)).hexdigest()


ONNX = Onnx()


def unavailable() -> str | None:
    """What reading networks needs, if it is not there."""
    return None if find_spec("onnx") else "no ONNX found: pip install onnx"


def interface_of(behaviour: Behaviour, folder: Path | None) -> tuple[Parameter, ...]:
    """The inputs and outputs of a network as parameters of a kernel; errors are those of ``parse_onnx``."""
    if (reason := unavailable()) is not None:
        raise refusals_of(behaviour).wrong("networks cannot be read", reason)
    from ._interface import interface_of as read

    return read(behaviour, folder)


def split(model: Any, tensors: Sequence[str]) -> list[Any]:
    """An ONNX model cut at ``tensors`` into models that follow each other, one more than there are tensors.

    BatchNormalization is folded into convolutions first, so the result of such a convolution is no tensor to
    split at.  Raises ``BodyError`` for tensors that no node makes and for parts that would be empty.
    """
    from ._network import split_model

    return split_model(model, tensors)


def parse_onnx(behaviour: Behaviour, signature: Signature, folder: Path | None) -> Kernel:
    """Lower a network.

    Raises ``UnsupportedConstruct`` for operators, types and shapes outside the subset, ``BodyError`` for
    files that cannot be read or are no networks, and for tensors that the ports do not fit.
    """
    no = refusals_of(behaviour)
    if (reason := unavailable()) is not None:
        raise no.wrong("networks cannot be read", reason)
    from ._bind import bind, leave
    from ._network import network_of
    from ._operators import lower
    from ._program import Program

    graph = network_of(behaviour, folder)
    program = Program(graph, signature, no)
    bind(program)
    lower(program, graph)
    leave(program)
    module = program.module()
    module.verify()
    return Kernel(signature, module, blobs=program.blobs)
