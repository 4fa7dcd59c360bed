"""Vectors for the self-checks: what the interpreter says a kernel does, at shapes that it can afford."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.diagnostics import AicError, Diagnostic, SelfCheckFailed, Severity
from aicompiler.metamodels.store import NO_STORE, Store, content_key, recalled
from aicompiler.metamodels.system import Component, ElementType, Entry, System
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    Parameter,
    Signature,
    behaviour_key,
    initial_state,
    interpret,
    numpy_type,
    pack_kernel,
    parse,
    signature_of,
    unpack_kernel,
)

from ._agreement import fits, require_agreement
from ._selfcheck import SelfCheck
from ._tables import np_little

if TYPE_CHECKING:
    import numpy as np

    Values = dict[str, "np.ndarray[Any, Any]"]

STAGE = "vectors"
JOBS = 3
MAX_ELEMENTS = 100_000
"""Largest kernel, in elements of all parameters, that is interpreted at its own shapes."""

EXTENTS = ((13, 17, 11, 7, 5, 3), (16, 32, 8, 4, 2, 2))
"""Extents for the shape constants, in order: primes leave a remainder in every tile; else powers of two."""

RANGES = (
    (-(2**63), 2**63 - 1),
    (-32768, 32767),
    (0, 255),
    (1, 255),
    (0, 15),
    (1, 15),
    (0, 1),
    (1, 1),
    (0, 0),
)
"""Ranges of random inputs, from wide to narrow: the first that the kernel is defined for is taken."""

DRAWS = 8
"""Tries to draw, from one range, inputs that are not zero throughout, as a single truth value may well be."""

FLOAT_LIMIT = 1000.0
SEED = 20250101


def self_check_vectors(
    system: System, kernels: Mapping[str, Kernel], store: Store = NO_STORE, folder: Path | None = None
) -> tuple[SelfCheck, ...]:
    """Vectors for every entry with a kernel; raises ``SelfCheckFailed`` where the interpreter runs none.

    ``folder`` is the model's, for bodies that name files in it.
    """
    found = ((c, e) for c in system.components for e in c.entries if e.id in kernels)
    return tuple(_recalled(c, e, store, folder) for c, e in found)


def _recalled(component: Component, entry: Entry, store: Store, folder: Path | None) -> SelfCheck:
    """The check of an entry: all that it depends on are the bodies, their signature and the first state."""
    return recalled(
        store,
        STAGE,
        lambda: content_key(
            [behaviour_key(b, folder) for b in entry.behaviours],
            signature_of(component, entry),
            [a.default for a in component.attributes],
        ),
        lambda: _check(component, entry, folder),
        _pack,
        lambda packed: _unpack(packed, component, entry),
    )


def _pack(check: SelfCheck) -> bytes:
    """The range, zeros and kernel's size in a line, the kernel, the vectors; the state is the component's."""
    kernel = pack_kernel(check.kernel)
    return (
        json.dumps([check.low, check.high, check.zero, len(kernel)]).encode() + b"\n" + kernel + check.vectors
    )


def _unpack(packed: bytes, component: Component, entry: Entry) -> SelfCheck:
    head, _, rest = packed.partition(b"\n")
    low, high, zero, size = json.loads(head)
    kernel = unpack_kernel(rest[:size])
    state = _state(component, kernel.signature)
    return SelfCheck(entry.id, kernel, state, rest[size:], low, high, tuple(zero))


def _check(component: Component, entry: Entry, folder: Path | None) -> SelfCheck:
    """The check of the first behaviour; the others, its variants, are held against the same jobs."""
    full = signature_of(component, entry)
    check = _first(component, entry, _reduced(full), folder)
    for variant in entry.behaviours[1:]:
        if fits(variant, check.kernel.signature, folder):
            require_agreement(check, variant, folder)
        else:  # a network, say, has the shapes that it was trained for
            require_agreement(_first(component, entry, [full], folder), variant, folder)
    return check


def _first(
    component: Component, entry: Entry, signatures: Iterable[Signature], folder: Path | None
) -> SelfCheck:
    """The check of the first behaviour at the first of ``signatures`` that it can be run at."""
    reasons: list[str] = []
    for signature in signatures:
        try:
            kernel = parse(entry.behaviours[0], signature, folder=folder)
        except AicError as error:
            reasons.append(str(error))
            continue
        state = _state(component, signature)
        for low, high in RANGES:
            try:
                vectors, zero = _drawn(kernel, state, low, high)
                return SelfCheck(entry.id, kernel, state, vectors, low, high, zero)
            except AicError as error:
                reasons.append(str(error))
    raise SelfCheckFailed(
        Diagnostic(
            severity=Severity.ERROR,
            rule="self-check",
            message=f"the interpreter runs {entry.name!r} on none of the inputs tried: {reasons[-1]}",
            next_step="let the body be defined for every input, zeros at least",
            source=entry.source,
        )
    )


def _reduced(signature: Signature) -> Iterator[Signature]:
    names = signature.shape_constants
    original = {c.name: int(c.value) for c in signature.constants if c.name in names}
    if sum(p.elements for p in signature.parameters) <= MAX_ELEMENTS and not names:
        yield signature
        return
    for extents in EXTENTS:
        cycle = {name: extents[i % len(extents)] for i, name in enumerate(names)}
        yield signature.at(**{name: min(cycle[name], original[name]) for name in names})
    yield signature


def _state(component: Component, signature: Signature) -> Values:
    """The initial state, cropped to the signature's shapes."""
    full = initial_state(component)
    states = (p for p in signature.parameters if p.direction is Direction.STATE)
    return {p.name: full[p.name][tuple(slice(n) for n in p.shape)].copy() for p in states}


def zero_inputs(system: System, checks: Iterable[SelfCheck]) -> Iterator[Diagnostic]:
    """A warning for each self-check that could only be made with in-ports that are zero throughout."""
    for check in checks:
        if check.zero:
            entry = system.element(Entry, check.entry)
            yield Diagnostic(
                severity=Severity.WARNING,
                rule="self-check-inputs",
                message=f"the self-check of {entry.name!r} has inputs from {check.low} to {check.high} only, "
                f"with nothing but zeros in {', '.join(check.zero)}: it says little about the kernel",
                next_step="let the body be defined for other inputs too, such as 1 to 15",
                source=entry.source,
            )


def _drawn(kernel: Kernel, state: Values, low: int, high: int) -> tuple[bytes, tuple[str, ...]]:
    """Vectors from a range, and the inputs that are zero throughout where the draws found no others."""
    for draw in range(DRAWS):
        vectors, zero = _record(kernel, state, low, high, SEED + draw)
        if not zero or low == high == 0:
            break
    return vectors, zero


def _record(kernel: Kernel, state: Values, low: int, high: int, seed: int) -> tuple[bytes, tuple[str, ...]]:
    import numpy as np

    random = np.random.Generator(np.random.PCG64(seed))
    chunks: list[bytes] = []
    current = dict(state)
    zero = [p.name for p in kernel.signature.parameters if p.direction is Direction.IN]
    for _ in range(JOBS):
        inputs = current | {
            p.name: _random(random, p, low, high)
            for p in kernel.signature.parameters
            if p.direction is Direction.IN
        }
        zero = [name for name in zero if not inputs[name].any()]
        results = interpret(kernel, inputs)
        chunks += [_bytes(inputs[p.name], p) for p in kernel.signature.parameters if p.name in inputs]
        chunks += [_bytes(results[p.name], p) for p in kernel.signature.parameters if p.name in results]
        current = {name: results[name] for name in current}
    return b"".join(chunks), tuple(zero)


def _random(random: np.random.Generator, parameter: Parameter, low: int, high: int) -> np.ndarray[Any, Any]:
    import numpy as np

    name = numpy_type(parameter.dtype)
    if parameter.dtype.is_float:
        drawn = random.uniform(max(low, -FLOAT_LIMIT), min(high, FLOAT_LIMIT), parameter.shape)
        return np.asarray(drawn).astype(name)
    least, most = _limits(parameter.dtype)
    return np.asarray(random.integers(max(low, least), min(high, most), parameter.shape, name, endpoint=True))


def _limits(dtype: ElementType) -> tuple[int, int]:
    if dtype is ElementType.BOOL:
        return 0, 1
    bits = 8 * dtype.bytes
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dtype.is_signed else (0, 2**bits - 1)


def _bytes(values: np.ndarray[Any, Any], parameter: Parameter) -> bytes:
    return values.astype(np_little(parameter.dtype)).tobytes()
