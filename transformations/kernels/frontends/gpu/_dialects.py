"""The words of OpenCL C 1.2 and CUDA C++ that C does not have, and what becomes of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels.frontends._overloads import (
    OPENCL_TYPES,
    cuda_functions,
    opencl_functions,
)
from aicompiler.transformations.kernels.frontends._rewriting import Spelling
from aicompiler.transformations.kernels.frontends.c import Builtin

# In the C that comes out, ``inline`` marks the kernel and ``register`` what a work-group shares.
KERNEL, SHARED = "inline", "register"

_ATOMICS = "give each work-item an element of its own and add them up after a barrier"
_SHUFFLES = "exchange values through an array that the work-group shares, with a barrier"
_SCALARS = "write the value of each component as a scalar"
_CONSTANTS = {
    "INFINITY": "(1.0f / 0.0f)",
    "FLT_MAX": "3.402823466e+38f",
    "FLT_MIN": "1.175494351e-38f",
    "FLT_EPSILON": "1.1920929e-07f",
    "M_PI": "3.141592653589793",
}
_CXX_REFUSED = {
    "template": ("a template", "write the kernel for one type"),
    "typename": ("a template", "write the kernel for one type"),
    "class": ("a class", "use scalars, arrays and functions"),
    "namespace": ("a namespace", "put the functions at file scope"),
    "auto": ("auto", "name the type"),
    "decltype": ("decltype", "name the type"),
    "new": ("new", "declare arrays of constant extent"),
    "delete": ("delete", "declare arrays of constant extent"),
    "nullptr": ("a null pointer", "pass an array"),
    "asm": ("assembly", "write it in C"),
}


_OPENCL_DROPPED = {
    "global",
    "__global",
    "private",
    "__private",
    "generic",
    "__generic",
    "restrict",
    "__restrict",
    "inline",
    "__inline",
    "__attribute__",
    "register",
}
_CUDA_DROPPED = {
    "__device__",
    "__host__",
    "__forceinline__",
    "__noinline__",
    "__inline__",
    "inline",
    "__restrict__",
    "__restrict",
    "__launch_bounds__",
    "__attribute__",
    "__align__",
    "register",
    "noexcept",
    '"C"',
}
_CUDA_HEADERS = {
    "cuda.h",
    "cuda_runtime.h",
    "cuda_runtime_api.h",
    "device_launch_parameters.h",
    "math_constants.h",
    "cmath",
    "cstdint",
    "float.h",
    "cfloat",
}


@dataclass(frozen=True)
class Dialect:
    """One of the two languages."""

    name: str
    spelling: Spelling
    headers: frozenset[str]
    types: Mapping[str, ElementType]
    functions: Callable[[], dict[str, Builtin]]
    barriers: frozenset[str]
    kernel_word: str
    shared_word: str
    size_type: str  # of what the index functions give
    advice: Mapping[str, tuple[str, str]]  # called name -> (construct, what to write instead)
    advice_by_prefix: tuple[tuple[str, str, str], ...]  # (prefix, construct, what to write instead)


OPENCL = Dialect(
    name="OpenCL C",
    spelling=Spelling(
        dropped=frozenset(_OPENCL_DROPPED),
        replaced={
            "__kernel": KERNEL,
            "kernel": KERNEL,
            "__local": SHARED,
            "local": SHARED,
            "__constant": "const",
            "constant": "const",
            "M_PI_F": "3.14159265f",
            **_CONSTANTS,
        },
        refused={
            "half": ("the type half", "use float"),
            "image1d_t": ("an image", "use an array"),
            "image2d_t": ("an image", "use an array and compute the index"),
            "image3d_t": ("an image", "use an array and compute the index"),
            "sampler_t": ("a sampler", "use an array and clamp the index"),
            "event_t": ("an asynchronous copy", "copy with a loop and a barrier"),
            "pipe": ("a pipe", "use an array, or a queue between components"),
        },
        vectors=re.compile(r"(?:u?(?:char|short|int|long)|float|double)(?:2|3|4|8|16)"),
    ),
    headers=frozenset(),
    types=OPENCL_TYPES,
    functions=opencl_functions,
    barriers=frozenset({"barrier", "work_group_barrier"}),
    kernel_word="__kernel",
    shared_word="__local",
    size_type="size_t",
    advice={
        "mem_fence": ("a memory fence", "use barrier(CLK_LOCAL_MEM_FENCE)"),
        "async_work_group_copy": ("an asynchronous copy", "copy with a loop and a barrier"),
        "vload4": ("a vector load", _SCALARS),
        "vstore4": ("a vector store", _SCALARS),
        "printf": ("printf", "give results out through ports"),
    },
    advice_by_prefix=(
        ("atomic_", "the atomic operation", _ATOMICS),
        ("atom_", "the atomic operation", _ATOMICS),
        ("sub_group_", "the sub-group function", _SHUFFLES),
        ("work_group_", "the work-group function", _SHUFFLES),
        ("as_", "the function", "convert the value; bits cannot be taken as another type"),
    ),
)

CUDA = Dialect(
    name="CUDA C++",
    spelling=Spelling(
        dropped=frozenset(_CUDA_DROPPED),
        replaced={
            "__global__": KERNEL,
            "__shared__": SHARED,
            "__constant__": "const",
            "constexpr": "const",
            "CUDART_PI_F": "3.14159265f",
            **_CONSTANTS,
        },
        refused={
            **_CXX_REFUSED,
            "<<<": (
                "the launch of a kernel",
                "a behaviour is the kernel alone; its index space is given in a comment",
            ),
            "dim3": ("the type dim3", "give the index space in a comment: // aic: global_size = X,Y"),
            "__half": ("the type __half", "use float"),
            "cudaTextureObject_t": ("a texture", "use an array and clamp the index"),
        },
        vectors=re.compile(r"(?:u?(?:char|short|int|long|longlong)|float|double)[1-4]"),
        cxx=True,
    ),
    headers=frozenset(_CUDA_HEADERS),
    types={},
    functions=cuda_functions,
    barriers=frozenset({"__syncthreads"}),
    kernel_word="__global__",
    shared_word="__shared__",
    size_type="unsigned",
    advice={
        "__ldg": ("__ldg", "read the element: array[index]"),
        "__syncwarp": ("a barrier of a warp", "use __syncthreads()"),
        "printf": ("printf", "give results out through ports"),
    },
    advice_by_prefix=(
        ("atomic", "the atomic operation", _ATOMICS),
        ("__shfl", "the warp function", _SHUFFLES),
        ("__ballot", "the warp function", _SHUFFLES),
        ("__any", "the warp function", _SHUFFLES),
        ("__all", "the warp function", _SHUFFLES),
        ("__threadfence", "a memory fence", "use __syncthreads()"),
        ("__syncthreads_", "a barrier that reduces", _SHUFFLES),
    ),
)
