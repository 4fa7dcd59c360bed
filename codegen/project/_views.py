"""What templates see: plain data with checked names, made from the model and the decision."""

from __future__ import annotations

from dataclasses import dataclass, field

from aicompiler.metamodels.system import UnitKind
from aicompiler.transformations.kernels import Direction, Parameter, Signature

from ._initial import C_TYPES


@dataclass(frozen=True)
class ParameterView:
    """A kernel's parameter in the runtime's tables."""

    parameter: Parameter
    storage: str = ""  # STATE: the C array that holds the attribute
    channels: tuple[int, ...] = ()
    record: str = ""
    id: str = ""  # of the port or attribute

    @property
    def name(self) -> str:
        """The C name."""
        return self.parameter.name

    @property
    def c_type(self) -> str:
        """The C type of an element."""
        return C_TYPES[self.parameter.dtype]

    @property
    def type_tag(self) -> str:
        """The runtime's name of the element type."""
        return f"AIC_{self.parameter.dtype.name}"

    @property
    def direction(self) -> str:
        """The runtime's name of the direction."""
        return f"AIC_{self.parameter.direction.name}"

    @property
    def count(self) -> int:
        """Elements."""
        return self.parameter.elements

    @property
    def by_value(self) -> bool:
        """Whether the kernel gets the value itself."""
        return not self.parameter.shape and self.parameter.direction is Direction.IN

    @property
    def declaration(self) -> str:
        """How a prototype declares it."""
        if self.by_value:
            return f"{self.c_type} {self.name}"
        const = "const " if self.parameter.direction is Direction.IN else ""
        return f"{const}{self.c_type} *{self.name}"

    def argument(self, index: int) -> str:
        """How a call passes element ``index`` of an array of untyped pointers."""
        if self.by_value:
            return f"*(const {self.c_type} *)arguments[{index}]"
        const = "const " if self.parameter.direction is Direction.IN else ""
        return f"({const}{self.c_type} *)arguments[{index}]"


@dataclass(frozen=True)
class LaunchView:
    """One launch of a kernel on a GPU; arguments are numbers of parameters, then of temporaries."""

    kernel: str
    global_size: tuple[int, ...]
    local_size: tuple[int, ...]
    arguments: tuple[int, ...]


@dataclass(frozen=True)
class EntryView:
    """An entry in the runtime's tables; ``step`` is the C or HLS function that the host calls."""

    id: str
    symbol: str
    parameters: tuple[ParameterView, ...]
    step: str
    host_code: str
    launches: tuple[LaunchView, ...] = ()
    temporaries: tuple[int, ...] = ()  # bytes
    opencl_source: str = ""
    cuda_source: str = ""
    circuit: str = ""
    period_ns: int = 1
    release_ns: int = 0
    deadline_ns: int = 1
    jobs: int = 1
    extra_jobs: int = 0

    @property
    def arguments(self) -> str:
        """The arguments of the call."""
        return ", ".join(p.argument(i) for i, p in enumerate(self.parameters))

    @property
    def prototype(self) -> str:
        """The parameters of the declaration."""
        return ", ".join(p.declaration for p in self.parameters) or "void"


@dataclass(frozen=True)
class StateView:
    """An attribute's storage: text, or the name of a binary file."""

    name: str
    storage: str
    c_type: str
    count: int
    initialiser: str = ""
    file: str = ""
    element: str = ""


@dataclass(frozen=True)
class ComponentView:
    """One component."""

    id: str
    symbol: str
    title: str
    entries: tuple[EntryView, ...]
    states: tuple[StateView, ...]
    sources: tuple[str, ...]  # kernels and hand-written code that its executable needs

    @property
    def path(self) -> str:
        """Its own source file."""
        return f"src/components/{self.symbol}.c"


@dataclass(frozen=True)
class ChannelView:
    """One row of the channel table."""

    id: str
    symbol: str
    type_tag: str
    c_type: str
    count: int
    protocol: str
    slots: int
    capacity: int
    consume: int
    writer_deadline_ns: int
    writer_period_ns: int
    reader_release_ns: int
    reader_period_ns: int
    initialiser: str  # SAMPLE: the value before the first one


@dataclass(frozen=True)
class SlotView:
    """One row of a lane's table."""

    entry: int
    entry_id: str
    job: int
    round: int
    start_ns: int


@dataclass(frozen=True)
class LaneView:
    """A core, a GPU's queue or a circuit."""

    core: int
    slots: tuple[SlotView, ...]
    once: bool = False  # the slots are all jobs of a run


@dataclass(frozen=True)
class UnitView:
    """One process."""

    id: str
    kind: UnitKind
    lanes: tuple[LaneView, ...]


@dataclass(frozen=True)
class NodeView:
    """One executable."""

    id: str
    symbol: str
    hyperperiod_ns: int
    units: tuple[UnitView, ...]
    components: tuple[ComponentView, ...]
    system_lanes: int
    title: str = ""

    @property
    def entries(self) -> tuple[EntryView, ...]:
        """Entries of its components, in the order that lanes number them."""
        return tuple(e for c in self.components for e in c.entries)

    @property
    def sources(self) -> tuple[str, ...]:
        """Source files beside its own."""
        return tuple(dict.fromkeys(s for c in self.components for s in (c.path, *c.sources)))


@dataclass(frozen=True)
class TestView:
    """The self-checks of one kernel at one set of shapes."""

    name: str
    entry: EntryView
    states: tuple[StateView, ...]
    low: int
    high: int
    sources: tuple[str, ...]
    languages: tuple[str, ...]
    vectors: str = ""  # '': against the C code on random inputs
    hls: str = ""
    reference: str = ""  # the C file that an object of the same function is compared with
    title: str = ""
    shapes: str = field(default="")

    __test__ = False  # no test class, whatever its name


def declared(signature: Signature) -> tuple[ParameterView, ...]:
    """A signature's parameters, not connected to anything."""
    return tuple(ParameterView(p) for p in signature.parameters)
