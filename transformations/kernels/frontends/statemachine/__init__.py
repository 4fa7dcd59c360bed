"""The front end for UML state machines: one job is one step that runs to completion.

The text of a machine, its meaning and the attributes that it needs: docs/reference/statemachines.md.
"""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature
from aicompiler.transformations.kernels.frontends.c import lower, too_deep

from ._checks import check
from ._lower import Lowering
from ._text import read


def parse_machine(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a state machine; raises ``UnsupportedConstruct`` and ``BodyError``, at the line of the text."""
    machine = read(behaviour)
    check(behaviour, machine, signature)
    try:
        unit = Lowering(behaviour, machine, signature).unit()
    except RecursionError:
        raise too_deep(behaviour) from None
    return lower(behaviour, signature, unit)


__all__ = ["parse_machine"]
