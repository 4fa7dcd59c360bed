"""Self-checks of the generated project: each kernel in each language, at reduced and at full shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from aicompiler.codegen._files import GeneratedFile
from aicompiler.codegen.targets import tool_files
from aicompiler.metamodels.store import NO_STORE, Store
from aicompiler.metamodels.system import Component, Entry, System, UnitKind
from aicompiler.transformations.kernels import Kernel, Signature, signature_of

from ._kernels import HLS_PREFIX, TARGET_OF, EmittedKernel, a_unit, compiled_files, not_for, scheduled
from ._recalled import recalled_emit
from ._selfcheck import SelfCheck
from ._tables import component_states, states, stored
from ._views import EntryView, StateView, TestView, declared

FOLDER = "tests/"


@dataclass(frozen=True)
class Checks:
    """Makes the self-checks and the files that they need."""

    system: System
    kernels: Mapping[str, Kernel]
    recorded: tuple[SelfCheck, ...]
    store: Store = NO_STORE
    files: list[GeneratedFile] = field(default_factory=list)
    emitted: list[EmittedKernel] = field(default_factory=list)

    def views(self, emitted: Mapping[tuple[str, str], EmittedKernel]) -> Iterator[TestView]:
        """For each recorded kernel: against the interpreter, then against its C code at full shapes."""
        for check in self.recorded:
            component = self.system.component_of(check.entry)
            entry = self.system.element(Entry, check.entry)
            yield self._reduced(component, check)
            full = {target: e for (owner, target), e in emitted.items() if owner == check.entry}
            if len(full) > 1 or _has_object(full["c"]):
                yield self._full(component, entry, check, full)

    def _reduced(self, component: Component, check: SelfCheck) -> TestView:
        signature = check.kernel.signature
        languages = {}
        for kind, target in TARGET_OF.items():
            unit = a_unit(self.system, kind)
            if (unit is not None or target == "c") and not not_for(check.kernel, target):
                fitting = scheduled(check.kernel, unit, self.store)
                languages[target] = recalled_emit(self.store, fitting, unit, target, FOLDER)
        self.emitted.extend(languages.values())
        for kernel in languages.values():
            self.files.extend(kernel.files)
        vectors = f"{FOLDER}vectors/{signature.name}.bin"
        if "hls" in languages:  # with a test bench, which the vectors are for
            fpga = a_unit(self.system, UnitKind.FPGA)
            self.files.extend(tool_files(check.kernel, fpga, vectors, FOLDER))
        self.files.append(GeneratedFile(vectors, check.vectors))
        storage, binaries = states(f"test_{signature.name}", signature, check.state, {})
        self.files.extend(GeneratedFile(path, content) for path, content in binaries.items())
        view = _view(f"reduced_{signature.name}", component, signature, check, languages, storage)
        return replace(view, vectors=vectors, languages=tuple(languages))

    def _full(
        self, component: Component, entry: Entry, check: SelfCheck, languages: Mapping[str, EmittedKernel]
    ) -> TestView:
        signature = signature_of(component, entry)
        storage, _ = component_states(component, entry)
        view = _view(f"full_{signature.name}", component, signature, check, languages, storage)
        reference = languages["c"].source if _has_object(languages["c"]) else ""
        return replace(view, languages=tuple(t for t in languages if t != "c"), reference=reference)


def _has_object(emitted: EmittedKernel) -> bool:
    """Whether the build may take an object in the place of the C file."""
    return any(f.path.endswith(".o") for f in emitted.files)


def _view(
    name: str,
    component: Component,
    signature: Signature,
    check: SelfCheck,
    languages: Mapping[str, EmittedKernel],
    storage: tuple[StateView, ...],
) -> TestView:
    opencl = languages.get("opencl")
    entry = EntryView(
        id=check.entry,
        symbol=signature.name,
        parameters=stored(declared(signature), storage),
        step=signature.name,
        host_code="C",
        launches=opencl.launches if opencl else (),
        temporaries=opencl.temporaries if opencl else (),
        opencl_source=opencl.source if opencl else "",
        cuda_source=opencl.cuda_source if opencl else "",
    )
    compiled = tuple(f for t in ("c", "hls") if t in languages for f in compiled_files(languages[t]))
    shapes = ", ".join(
        f"{c.name} = {c.value}" for c in signature.constants if c.name in signature.shape_constants
    )
    return TestView(
        name=name,
        entry=entry,
        states=storage,
        low=check.low,
        high=check.high,
        sources=compiled,
        languages=(),
        hls=HLS_PREFIX + signature.name if "hls" in languages else "",
        title=component.name or component.id,
        shapes=shapes and f" with {shapes}",
    )
