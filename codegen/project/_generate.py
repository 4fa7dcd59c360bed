"""Stage 8: the whole project in memory, a pure function of the model and the decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from aicompiler.codegen import USER, GeneratedFile, GeneratedProject
from aicompiler.codegen.targets import link_configuration, top_name
from aicompiler.metamodels.deployment import Deployment
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Component, Element, Entry, System, Unit, UnitKind
from aicompiler.transformations.kernels import Kernel, c_identifier, signature_of
from aicompiler.transformations.kernels.passes import Variants

from ._checks import Checks
from ._kernels import (
    HLS_PREFIX,
    TARGET_OF,
    EmittedKernel,
    a_unit,
    compiled_files,
    not_for,
    scheduled,
    traced,
)
from ._recalled import recalled_emit
from ._reference import PERIODS, reference_node
from ._render import Renderer
from ._selfcheck import SelfCheck
from ._stubs import stub
from ._tables import Tables, component_states, component_symbol, stored
from ._timing import rhythm
from ._vectors import self_check_vectors, zero_inputs
from ._views import ComponentView, EntryView, NodeView, TestView

OPTIONAL = "aic_cuda.c"
"""Part of the runtime only with an option of the build."""

HOST_CODE = {"c": "C", "hls": "HLS C++ compiled for this host", "user": "hand-written C"}


def generate_project(
    system: System,
    deployment: Deployment,
    kernels: Mapping[str, Kernel],
    templates: Path | None = None,
    vectors: tuple[SelfCheck, ...] | None = None,
    variants: Variants | None = None,
    folder: Path | None = None,
) -> GeneratedProject:
    """The CMake project that runs ``system`` as ``deployment`` says.

    ``kernels`` maps entry ids to kernels with the schedule of the unit they are placed on; other targets, for
    self-checks, take theirs from ``variants``, by default scheduled anew.  An entry without a kernel gets a
    stub in ``user/``.  ``templates`` is a folder whose files replace templates of the same name.  ``vectors``
    are the self-checks' expectations, by default those of ``self_check_vectors``; ``folder`` is the model's.

    Raises ``ModelError`` if the deployment is not one of this system, ``UnreadableInput`` for a broken
    template, ``SelfCheckFailed`` for a kernel that the interpreter refuses on every input.
    """
    _refuse_equal_names(system)
    tables = Tables(system, deployment, rhythm(system, deployment))
    variants = variants or Variants()
    store = variants.store
    recorded = self_check_vectors(system, kernels, store, folder) if vectors is None else vectors
    checks = Checks(system, kernels, recorded, variants.store)
    project = _Project(tables, kernels, variants, Renderer(templates), checks)
    made = tuple(sorted(project.files(), key=lambda f: f.path))
    return GeneratedProject(made, tuple(zero_inputs(system, recorded)))


def _refuse_equal_names(system: System) -> None:
    """Components, entries and nodes become files and functions of their name."""
    seen: dict[tuple[str, str], Element] = {}
    names = [(x, c_identifier(x.name or x.id)) for x in (*system.components, *system.platform.nodes)]
    names += [(e, signature_of(c, e).name) for c in system.components for e in c.entries]
    for element, name in names:
        kind = type(element).__name__.lower()
        other = seen.setdefault((kind, name), element)
        if other is not element:
            called = name if kind == "entry" else element.name
            plural = "entries" if kind == "entry" else f"{kind}s"
            raise ModelError(
                Diagnostic(
                    severity=Severity.ERROR,
                    rule="equal-names",
                    message=f"two {plural} are called {called!r}: {other.id!r} and {element.id!r}",
                    next_step="rename one of them",
                    source=element.source,
                )
            )


@dataclass(frozen=True)
class _Project:
    """Collects the files of one project; a path is written once."""

    tables: Tables
    kernels: Mapping[str, Kernel]
    variants: Variants
    renderer: Renderer
    checks: Checks
    made: dict[str, GeneratedFile] = field(default_factory=dict)

    def files(self) -> Iterator[GeneratedFile]:
        """Everything."""
        for component in self.system.components:
            self._component(component)
        self._shared()
        for node in self.nodes:
            self._render(f"src/nodes/{node.symbol}.c", "node.c.j2", node=node)
        self._circuits()
        checks = tuple(self.checks.views(self.emitted))
        for file in self.checks.files:
            self.made[file.path] = file
        for check in checks:
            self._render(f"tests/{check.name}.c", "selfcheck.c.j2", check=check)
        self._build_file(checks, self._runtime(), self._reference() if checks else None)
        self._render("README.md", "README.md.j2", title=self.system.name or self.system.id, nodes=self.nodes)
        yield from self.made.values()

    @property
    def system(self) -> System:
        """The system that runs."""
        return self.tables.system

    @cached_property
    def emitted(self) -> Mapping[tuple[str, str], EmittedKernel]:
        """(entry id, target) -> kernel, for every target that has a unit on the platform; C always."""
        result = {}
        for entry_id, kernel in self.kernels.items():
            placed = self.tables.deployment.placement(self.system.component_of(entry_id).id).unit
            own = self.system.element(Unit, placed)
            for kind, target in TARGET_OF.items():
                unit = own if own.kind is kind else a_unit(self.system, kind)
                if unit is None and kind is not UnitKind.CPU:
                    continue
                if not_for(kernel, target) and own.kind is not kind:
                    continue
                known = self.variants.get(entry_id, unit.id) if unit is not None else None
                fitting = (
                    kernel if own.kind is kind else known or scheduled(kernel, unit, self.variants.store)
                )
                result[entry_id, target] = recalled_emit(self.variants.store, fitting, unit, target)
        return result

    @cached_property
    def components(self) -> Mapping[str, ComponentView]:
        """Component id -> view."""
        return {c.id: self._component_view(c) for c in self.system.components}

    @cached_property
    def nodes(self) -> tuple[NodeView, ...]:
        """The nodes that have something placed on them."""
        views = [
            replace(
                self.tables.node(node),
                components=tuple(self.components[c.id] for c in self.tables.components_of(node)),
            )
            for node in self.system.platform.nodes
            if self.tables.components_of(node)
        ]
        lanes = sum(v.system_lanes for v in views)
        return tuple(replace(v, system_lanes=lanes) for v in views)

    # --- components ---------------------------------------------------------------------------------------

    def _component_view(self, component: Component) -> ComponentView:
        entries, sources = [], []
        storage, binaries = component_states(component, component.entries[0])
        for path, content in binaries.items():
            self.made[path] = GeneratedFile(path, content)
        for entry in component.entries:
            view, used = self._entry_view(component, entry)
            entries.append(replace(view, parameters=stored(view.parameters, storage)))
            sources += used
        title = component.name or component.id
        symbol = component_symbol(component)
        return ComponentView(component.id, symbol, title, tuple(entries), storage, tuple(sources))

    def _entry_view(self, component: Component, entry: Entry) -> tuple[EntryView, list[str]]:
        """An entry and the sources it needs, for the kind of unit it is placed on."""
        signature = signature_of(component, entry)
        view = self.tables.entry(component, entry, signature)
        if entry.id not in self.kernels:
            alone = len(component.entries) == 1
            title = component.name if alone else f"{component.name}.{entry.name}"
            file = stub(self.renderer, entry, title, signature)
            self.made[file.path] = file
            return replace(view, host_code=HOST_CODE["user"]), [file.path]
        target = TARGET_OF[self.tables.kind(component)]
        used = self.emitted[entry.id, target]
        if target == "hls":
            circuit = top_name(self.kernels[entry.id])
            view = replace(view, step=HLS_PREFIX + view.step, circuit=circuit, host_code=HOST_CODE["hls"])
            return view, [used.source]
        if target == "opencl":
            view = replace(
                view,
                launches=used.launches,
                temporaries=used.temporaries,
                opencl_source=used.source,
                cuda_source=used.cuda_source,
            )
        return view, list(compiled_files(self.emitted[entry.id, "c"]))

    def _component(self, component: Component) -> None:
        view = self.components[component.id]
        self._render(view.path, "component.c.j2", component=view)

    # --- the rest -------------------------------------------------------------------------------------------

    def _shared(self) -> None:
        for (entry, _), emitted in self.emitted.items():
            for file in emitted.files:
                self.made[file.path] = file if file.trace else traced(file, entry)
        channels = self.tables.channels()
        entries = [e for c in self.components.values() for e in c.entries]
        self._render("src/components.h", "components.h.j2", channels=channels, entries=entries)
        self._render("src/channels.c", "channels.c.j2", channels=channels)
        stubs = sorted(p.removeprefix(USER).removesuffix(".c") for p in self.made if p.startswith(USER))
        self._render("user/README.md", "user_README.md.j2", stubs=stubs)

    def _circuits(self) -> None:
        """How the circuits of each FPGA are linked into one file of circuits."""
        fpgas = [u for u in self.system.units if u.kind is UnitKind.FPGA]
        for unit in fpgas:
            placed = [
                self.kernels[entry.id]
                for component in self.system.components
                for entry in component.entries
                if entry.id in self.kernels and self.tables.deployment.placement(component.id).unit == unit.id
            ]
            name = "link" if len(fpgas) == 1 else f"link_{c_identifier(unit.name or unit.id)}"
            if placed:
                path = f"kernels/hls/{name}.cfg"
                self.made[path] = GeneratedFile(path, link_configuration(placed, unit).encode())

    def _reference(self) -> NodeView:
        """The whole-system self-check: components as they are, all kernels in C."""
        components = tuple(
            replace(c, sources=tuple(s for e in c.entries for s in self._host_sources(e)))
            for c in self.components.values()
        )
        node = reference_node(self.tables.rhythm, components)
        outputs = sorted(p.record for e in node.entries for p in e.parameters if p.record)
        self._render("tests/reference.c", "node.c.j2", node=node)
        self._render("tests/system.c", "system.c.j2", outputs=outputs)
        return node

    def _host_sources(self, entry: EntryView) -> tuple[str, ...]:
        """The C code of an entry."""
        emitted = self.emitted.get((entry.id, "c"))
        return compiled_files(emitted) if emitted else (f"{USER}{entry.symbol}.c",)

    def _runtime(self) -> list[str]:
        """The runtime's sources, copied; the C files among them."""
        folder = files("aicompiler.codegen") / "runtime"
        names = sorted(f.name for f in folder.iterdir() if f.name.endswith((".c", ".cpp", ".h")))
        for name in names:
            self.made[f"runtime/{name}"] = GeneratedFile(f"runtime/{name}", (folder / name).read_bytes())
        return [f"runtime/{name}" for name in names if name.endswith(".c") and name != OPTIONAL]

    def _build_file(
        self, checks: tuple[TestView, ...], runtime: list[str], reference: NodeView | None
    ) -> None:
        compiled = {s for c in self.components.values() for s in c.sources}
        compiled |= {s for check in checks for s in check.sources}
        hls = sorted(s for s in compiled if s.endswith(".cpp"))
        embeds = {
            c.path: [s for e in c.entries if e.launches for s in (e.opencl_source, e.cuda_source)]
            + [s.file for s in c.states if s.file]
            for c in self.components.values()
        }
        for check in checks:
            e = check.entry
            wanted = [e.opencl_source, e.cuda_source] if e.launches else []
            embeds[f"tests/{check.name}.c"] = wanted + [s.file for s in check.states if s.file]
        tables = {e.data for e in (*self.emitted.values(), *self.checks.emitted) if e.data}
        embeds |= {source: [binary] for source, binary in sorted(tables)}
        self._render(
            "CMakeLists.txt",
            "CMakeLists.txt.j2",
            project=c_identifier(self.system.name or self.system.id),
            has_cxx=bool(hls),
            runtime=runtime,
            # What a deployed program starts with: self-checks compile theirs when they run on a GPU.
            cuda=sorted({e.cuda_source for c in self.components.values() for e in c.entries if e.launches}),
            renamed=[(p, p.rpartition("/")[2].removesuffix(".cpp")) for p in hls],
            embeds=[(path, wanted) for path, wanted in embeds.items() if wanted],
            nodes=self.nodes,
            checks=checks,
            reference=reference,
            reference_periods=PERIODS,
        )

    def _render(self, path: str, template: str, **values: object) -> None:
        self.made[path] = self.renderer.file(path, template, **values)
