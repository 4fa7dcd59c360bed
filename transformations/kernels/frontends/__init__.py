"""Front ends: from a behaviour in some language to a kernel."""

from __future__ import annotations

from collections.abc import Callable

from aicompiler.metamodels.plugins import PluginTable
from aicompiler.metamodels.store import NO_STORE, Store, content_key, recalled
from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._codec import pack_kernel, unpack_kernel
from aicompiler.transformations.kernels._errors import unsupported
from aicompiler.transformations.kernels._kernel import Kernel, Signature

# language in lower case -> a function (behaviour, signature) -> kernel
FRONTENDS = PluginTable(
    "aicompiler.frontends", {"c": "aicompiler.transformations.kernels.frontends.c:parse_c"}
)

STAGE = "lower"


def parse(behaviour: Behaviour, signature: Signature, store: Store = NO_STORE) -> Kernel:
    """Lower a behaviour to verified MLIR.

    Raises ``UnsupportedConstruct`` for what is outside the subset and for languages without a front end,
    ``ModelError`` for what is wrong; both name the line and what to write instead.
    """
    language = behaviour.language.strip().lower()
    if language not in FRONTENDS:
        known = ", ".join(FRONTENDS)
        raise unsupported(
            behaviour, 1, f"the language {behaviour.language!r}", f"write the body in one of: {known}"
        )
    front_end: Callable[[Behaviour, Signature], Kernel] = FRONTENDS.load(language)
    return recalled(
        store,
        STAGE,
        lambda: content_key(language, behaviour.body, signature),
        lambda: front_end(behaviour, signature),
        pack_kernel,
        unpack_kernel,
    )
