"""The front ends for kernels in OpenCL C 1.2 and CUDA C++: a whole kernel function to one MLIR module.

The text is rewritten into C word by word, no line moved, and parsed and lowered by the front end for C; what
is of GPUs alone is done on its syntax trees: the index space becomes loops around the body of the kernel,
and barriers split these loops.
"""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature

from ._dialects import CUDA, OPENCL
from ._lowering import lower_kernel
from ._source import Source, read_source

__all__ = ["CUDA", "OPENCL", "Source", "parse_cuda", "parse_opencl", "read_source"]


def parse_opencl(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a text with one ``__kernel``; raises located errors."""
    return lower_kernel(behaviour, signature, OPENCL)


def parse_cuda(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a text with one ``__global__``; raises located errors."""
    return lower_kernel(behaviour, signature, CUDA)
