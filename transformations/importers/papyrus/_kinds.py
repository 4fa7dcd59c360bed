"""What kind of unit a host is: by its stereotype, else by its tags, else by its name, else a CPU."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aicompiler.metamodels.system import UnitKind
from aicompiler.transformations.importers._sayings import shown

from ._resource import EObject
from ._view import UmlModel, is_a

# Words of a name, lower case.  "gpu" and "fpga" are found inside words, too: no other word contains them.
_WORDS = {
    UnitKind.GPU: {"gpu", "gpgpu", "graphics", "cuda"},
    UnitKind.FPGA: {"fpga", "pld", "cpld"},
    UnitKind.NPU: {"npu", "tpu", "dla", "asic"},
    UnitKind.CPU: {"cpu", "mcu", "soc", "processor", "microcontroller", "core", "cores", "ecu", "pc"},
}
_INSIDE = {"gpu": UnitKind.GPU, "fpga": UnitKind.FPGA}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_VECTOR = frozenset({"simd", "simt", "gpu", "cuda", "vliw"})


@dataclass(frozen=True)
class Deduced:
    """A kind, why it was chosen, and the rule of the diagnostic that says so ('' where it needs none)."""

    kind: UnitKind
    reason: str = ""
    rule: str = ""


def kind_in(text: str) -> UnitKind | None:
    """The kind that the words of a text name; accelerators before CPUs, as in "GPU core"."""
    words = {word.lower() for word in _WORD.findall(text)}
    for part, kind in _INSIDE.items():
        if part in text.lower():
            return kind
    return next((kind for kind, known in _WORDS.items() if words & known), None)


def deduce(model: UmlModel, name: str, bearers: tuple[EObject, ...]) -> Deduced:
    """The kind of the unit that ``bearers`` (a part and its type, an instance and its classifier) draw."""
    found = _by_stereotype(model, bearers) or _by_description(model, bearers) or _by_name(name, bearers)
    if found is not None:
        return found
    if _applied(model, bearers, "HwComputingResource", "ProcessingUnit") is not None:
        return Deduced(UnitKind.CPU)
    return Deduced(UnitKind.CPU, "nothing says that it is anything else", "kind-assumed")


def _applied(model: UmlModel, bearers: tuple[EObject, ...], *names: str) -> EObject | None:
    return next((a for b in bearers if (a := model.applied(b, *names)) is not None), None)


def _by_stereotype(model: UmlModel, bearers: tuple[EObject, ...]) -> Deduced | None:
    if _applied(model, bearers, "HwPLD") is not None:
        return Deduced(UnitKind.FPGA)
    if _applied(model, bearers, "HwASIC") is not None:
        return Deduced(UnitKind.NPU, "HwASIC is applied to it", "kind-assumed")
    processor = _applied(model, bearers, "HwProcessor")
    for isa in processor.ownedISAs if processor is not None else ():
        for tag in ("type", "family"):
            text = (model.text(isa, tag) or "") if is_a(isa, "HwISA") else ""
            if {w.lower() for w in _WORD.findall(text)} & _VECTOR:
                return Deduced(UnitKind.GPU, f"the {tag} of its HwISA is {shown(text)}", "kind-assumed")
    return None


def _by_description(model: UmlModel, bearers: tuple[EObject, ...]) -> Deduced | None:
    for bearer in bearers:
        for text in model.texts(model.applied(bearer, "HwResource"), "description"):
            kind = kind_in(text)
            if kind is not None and kind is not UnitKind.CPU:
                return Deduced(kind, f"its description says '{shown(text[:60])}'", "kind-assumed")
    return None


def _by_name(name: str, bearers: tuple[EObject, ...]) -> Deduced | None:
    for text in (name, *(getattr(b, "name", None) or "" for b in bearers)):
        if (kind := kind_in(text)) is not None:
            # A processor that is called one needs no remark; that a "GPU" is none would be one.
            rule = "" if kind is UnitKind.CPU else "kind-from-name"
            return Deduced(kind, f"of the name '{shown(text)}'", rule)
    return None
