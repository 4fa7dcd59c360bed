"""From LLVM IR to machine code: verification, the O3 pipeline, one object a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm


@dataclass(frozen=True)
class Machine:
    """A generic processor of one architecture: nothing that some of its processors lack."""

    triple: str
    features: str = ""
    abi: str = ""


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine("x86_64-unknown-linux-gnu"),
    "aarch64": Machine("aarch64-unknown-linux-gnu"),
    "riscv64": Machine("riscv64-unknown-linux-gnu", "+m,+a,+f,+d,+c", "lp64d"),
}
"""The objects that are made, by the name that CMake gives the processor."""


@cache
def _initialise() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


@cache
def target_machine(name: str) -> Any:
    """LLVM's description of ``MACHINES[name]``; code is position independent."""
    _initialise()
    machine = MACHINES[name]
    target = llvm.Target.from_triple(machine.triple)
    return target.create_target_machine(
        features=machine.features, abiname=machine.abi, opt=3, reloc="pic", codemodel="default"
    )


def verified(text: str) -> str:
    """``text``, parsed and verified by LLVM, whose ``RuntimeError`` is a defect of the lowering."""
    module = llvm.parse_assembly(text)
    module.verify()
    return text


def optimised(text: str, machine: Any) -> Any:
    """The LLVM module of ``text`` after the standard O3 pipeline for a target machine."""
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    module.verify()
    return module


def object_code(text: str, machine: str) -> bytes:
    """The relocatable object of ``text`` for ``MACHINES[machine]``."""
    target = target_machine(machine)
    return bytes(target.emit_object(optimised(text, target)))
