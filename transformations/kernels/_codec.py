"""Kernels as bytes and back: a line of JSON for signature and schedule, then the module as MLIR text.

The text is parsed when somebody looks at the module: what rests on a kernel is mostly known already where the
kernel itself is, and parsing takes longer than lowering a body.
"""

from __future__ import annotations

import json
import re
import struct
from functools import cached_property
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

from aicompiler.metamodels.exact import from_data, to_data
from aicompiler.metamodels.store import content_key
from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.func import Func
from xdsl.dialects.math import Math
from xdsl.dialects.memref import MemRef
from xdsl.dialects.scf import Scf
from xdsl.parser import Parser

from ._kernel import Kernel, Schedule, Signature

DIALECTS = (Builtin, Func, Scf, Arith, Math, MemRef)

_BITS = re.compile(r"dense<([^<>\"]*0x[^<>\"]*)> : tensor<((?:[0-9]+x)*)(f32|f64)>")

_texts: WeakKeyDictionary[ModuleOp, str] = WeakKeyDictionary()


class StoredKernel(Kernel):
    """A kernel whose module is still text."""

    _text: str

    @cached_property
    def module(self) -> ModuleOp:
        """The module, parsed and verified when first asked for."""
        context = Context()
        for dialect in DIALECTS:
            context.load_dialect(dialect)
        module = Parser(context, self._text).parse_module()
        module.verify()
        _texts[module] = self._text
        return module

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Kernel):
            return NotImplemented
        return (self.signature, self.schedule) == (other.signature, other.schedule)

    def __hash__(self) -> int:
        return hash((self.signature, self.schedule))


def pack_kernel(kernel: Kernel) -> bytes:
    """``kernel`` as bytes; equal for equal kernels."""
    sizes = {symbol: len(content) for symbol, content in kernel.blobs.items()}
    return b"".join([_head(kernel, sizes), *kernel.blobs.values()])


def _head(kernel: Kernel, sizes: dict[str, int]) -> bytes:
    """Everything but the large tables; of these the module knows the digests."""
    parts = [to_data(kernel.signature), to_data(kernel.schedule), *([sizes] if sizes else [])]
    head = json.dumps(parts, separators=(",", ":"))
    return f"{head}\n{module_text(kernel)}".encode()


def unpack_kernel(packed: bytes) -> Kernel:
    """The kernel of ``pack_kernel``; ``ValueError`` where the first line is no signature and schedule."""
    head, _, rest = packed.partition(b"\n")
    signature, schedule, *sizes = json.loads(head)
    large: dict[str, int] = sizes[0] if sizes else {}
    end = len(rest) - sum(large.values())
    text, blobs, start = rest[:end].decode(), {}, end
    for symbol, size in large.items():
        blobs[symbol] = rest[start : start + size]
        start += size
    kernel = object.__new__(StoredKernel)
    known: dict[str, Any] = {
        "signature": from_data(Signature, signature),
        "schedule": from_data(Schedule, schedule),
        "_text": text,
        "blobs": blobs,
    }
    for name, value in known.items():  # frozen, and without the module that the constructor wants
        object.__setattr__(kernel, name, value)
    return kernel


def kernel_key(kernel: Kernel) -> str:
    """A key of all that a kernel is: signature, module, schedule."""
    return content_key(_head(kernel, {symbol: len(content) for symbol, content in kernel.blobs.items()}))


def module_text(kernel: Kernel) -> str:
    """The module as MLIR text, printed once; a kernel that was stored knows it without its module."""
    if isinstance(kernel, StoredKernel) and "module" not in kernel.__dict__:
        return kernel._text
    if kernel.module not in _texts:
        _texts[kernel.module] = _BITS.sub(_as_bytes, str(kernel.module))
    return _texts[kernel.module]


def _as_bytes(found: re.Match[str]) -> str:
    """A table with infinities or NaN as one string of bytes: the parser takes bit patterns for numbers."""
    values, extents, kind = found.groups()
    code, bits = ("<f", "<I") if kind == "f32" else ("<d", "<Q")
    packed = [
        struct.pack(bits, int(v, 16)) if v.startswith("0x") else struct.pack(code, float(v))
        for v in re.findall(r"[^\[\],\s]+", values)
    ]
    count = prod(int(n) for n in extents.split("x")[:-1])
    packed = packed * count if len(packed) == 1 else packed
    return f'dense<"0x{b"".join(packed).hex().upper()}"> : tensor<{extents}{kind}>'
