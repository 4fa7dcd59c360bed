"""From components to kernels: the parameters of a body, its constants and the first value of its state."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.store import NO_STORE, Store
from aicompiler.metamodels.system import (
    Attribute,
    Component,
    Constant,
    Element,
    ElementType,
    Entry,
    Port,
    PortDirection,
)

from ._kernel import Direction, Kernel, NamedConstant, Parameter, Signature
from ._names import is_c_identifier, kernel_name
from ._numbers import f32, range_of

if TYPE_CHECKING:
    import numpy as np

_SUFFIX = re.compile(r"(?<=[0-9a-fA-F])[uUlL]+\Z")


def signature_of(component: Component, entry: Entry) -> Signature:
    """Parameters of every body of ``entry``: its ports in model order, then the component's attributes.

    Raises ``ModelError`` for names that are no C identifiers, or used twice, and for unreadable constants.
    """
    ports = tuple(_port(p) for p in component.ports_of(entry))
    state = tuple(_parameter(a, Direction.STATE) for a in component.attributes)
    constants = tuple(
        NamedConstant(_checked(c), c.element_type, literal(c.value, c.element_type, c))
        for c in component.constants
    )
    _no_name_twice(component)
    return Signature(kernel_name(component.name, entry.name), ports + state, constants)


def parse_entry(
    component: Component, entry: Entry, store: Store = NO_STORE, folder: Path | None = None
) -> Kernel:
    """Lower the reference behaviour of ``entry``; raises ``ModelError`` if it has none or it is wrong.

    ``folder`` is the model's, for bodies that name files in it.
    """
    from .frontends import parse

    if not entry.behaviours:
        raise _error(
            entry, f"entry {entry.name!r} has no behaviour", "give it an opaque behaviour with a body"
        )
    return parse(entry.behaviours[0], signature_of(component, entry), store, folder)


def parse_variants(
    component: Component, entry: Entry, store: Store = NO_STORE, folder: Path | None = None
) -> tuple[Kernel, ...]:
    """Lower every behaviour of ``entry``, the reference first; raises what ``parse_entry`` does."""
    from .frontends import parse

    reference = parse_entry(component, entry, store, folder)
    others = (parse(b, reference.signature, store, folder) for b in entry.behaviours[1:])
    return (reference, *others)


def initial_state(component: Component) -> dict[str, np.ndarray[Any, Any]]:
    """The state before the first job: each attribute's defaults; none are zeros, a single one fills an array.

    Raises ``ModelError`` where the number of defaults does not fit the shape or one is not of the type.
    """
    import numpy as np

    state = {}
    for a in component.attributes:
        values = [literal(text, a.element_type, a) for text in a.default]
        size = int(np.prod(a.shape, dtype=np.int64))
        if len(values) not in (0, 1, size):
            raise _error(
                a, f"attribute {a.name!r} has {len(values)} defaults for {size} values", f"give 1 or {size}"
            )
        flat = np.zeros(size, numpy_type(a.element_type))
        if values:
            flat[:] = values
        state[a.name] = flat.reshape(a.shape)
    return state


def numpy_type(dtype: ElementType) -> str:
    """Name of the numpy type that holds values of ``dtype``; a bool is a byte, as in C."""
    if dtype is ElementType.BOOL:
        return "uint8"
    kind = "float" if dtype.is_float else "int" if dtype.is_signed else "uint"
    return f"{kind}{8 * dtype.bytes}"


def literal(text: str, dtype: ElementType, owner: Element) -> int | float:
    """The value of a C literal as ``dtype``; raises ``ModelError`` if it is none or does not fit."""
    cleaned = text.strip()
    try:
        if dtype.is_float:
            value = float.fromhex(cleaned) if "0x" in cleaned.lower() else float(cleaned.rstrip("fF"))
            return f32(value) if dtype is ElementType.F32 else value
        if cleaned in ("true", "false"):
            number = int(cleaned == "true")
        elif re.fullmatch(r"-?0[0-7]+", cleaned := _SUFFIX.sub("", cleaned)):
            number = int(cleaned, 8)
        else:
            number = int(cleaned[:40], 0)
    except ValueError:
        message = f"{owner.name!r} has the value {text!r}, which is no {dtype.value} literal"
        raise _error(owner, message, "write a C literal such as 3, -1, 0x10, 0.5") from None
    low, high = range_of(dtype)
    if not low <= number <= high:
        raise _error(owner, f"{owner.name!r} has the value {text}, outside {low}..{high}", "use a wider type")
    return number


def _port(port: Port) -> Parameter:
    return _parameter(port, Direction.IN if port.direction is PortDirection.IN else Direction.OUT)


def _parameter(element: Port | Attribute, direction: Direction) -> Parameter:
    if len(element.shape) > 4 or any(n < 1 for n in element.shape):
        message = f"{element.name!r} has the shape {list(element.shape)}"
        raise _error(element, message, "use at most four dimensions, each of at least 1")
    return Parameter(_checked(element), element.element_type, element.shape, direction, element.extents)


def _checked(element: Port | Attribute | Constant) -> str:
    if not is_c_identifier(element.name):
        message = f"the name {element.name[:80]!r} cannot be used in a C body"
        raise _error(
            element, message, "rename it to a C identifier that is no keyword and is not reserved (aic_)"
        )
    return element.name


def _no_name_twice(component: Component) -> None:
    seen: set[str] = set()
    for element in (*component.ports, *component.attributes, *component.constants):
        if element.name in seen:
            message = f"{component.name!r} has two features called {element.name!r}"
            raise _error(element, message, "rename one: a body knows them by name only")
        seen.add(element.name)


def _error(element: Element, message: str, next_step: str) -> ModelError:
    return ModelError(
        Diagnostic(
            severity=Severity.ERROR,
            rule="binding",
            message=message,
            next_step=next_step,
            source=element.source,
        )
    )
