"""The front end for Alf, the OMG's action language for fUML: to the syntax tree that C is lowered from.

Types are checked here, so that what Alf does not allow is reported in its own words; arithmetic, loops and
branches are lowered where C's are.  The subset and its meaning: docs/reference/alf.md.
"""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature
from aicompiler.transformations.kernels.frontends.c import lower, too_deep

from ._statements import Translator


def parse_alf(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower an Alf body; raises ``UnsupportedConstruct`` outside the subset, ``BodyError`` for wrong Alf."""
    translator = Translator(behaviour, signature)
    try:
        unit = translator.unit(behaviour.body.replace("\r\n", "\n").replace("\r", "\n"))
    except RecursionError:
        raise too_deep(behaviour) from None
    return lower(behaviour, signature, unit)


__all__ = ["Translator", "parse_alf"]
