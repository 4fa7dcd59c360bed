"""What the running system does when a unit fails or the load changes (mirrors ``plan.ecore``)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from ._features import Reference
from .deployment import Deployment
from .system import ComponentRef, ElementRef, FlowRef, LinkRef, OperatingPointRef, SystemRef, UnitRef

ConditionRef = Annotated[str, Reference("Condition", "plan")]
ConfigurationRef = Annotated[str, Reference("Configuration", "plan")]


class Comparison(Enum):
    """How a signal is held against its threshold."""

    ABOVE = "above"
    BELOW = "below"
    EQUAL = "equal"


class ConfigurationKind(Enum):
    """How much of the application a configuration keeps."""

    NORMAL = "normal"
    DEGRADED = "degraded"
    FAIL_SAFE = "fail_safe"


class StepKind(Enum):
    """One action of a transition."""

    STOP = "stop"
    LOAD = "load"
    MOVE_STATE = "move_state"
    SET_OPERATING_POINT = "set_operating_point"
    START = "start"


@dataclass(frozen=True, kw_only=True)
class OperatingPointCap:
    """``unit`` may not run faster than ``operating_point``."""

    unit: UnitRef
    operating_point: OperatingPointRef


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A situation: what has failed, what is capped, which load or power mode holds."""

    id: str
    name: str = ""
    failed_units: tuple[UnitRef, ...] = ()
    failed_links: tuple[LinkRef, ...] = ()
    caps: tuple[OperatingPointCap, ...] = ()
    load_mode: str = ""
    power_mode: str = ""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """Sets ``condition`` when ``signal`` of ``element`` passes ``threshold`` for ``hold_ns``."""

    id: str
    name: str = ""
    signal: str
    element: ElementRef
    comparison: Comparison
    threshold: int
    hold_ns: int = 0
    clear_threshold: int | None = None
    priority: int = 0
    condition: ConditionRef


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """A checked deployment for a condition (none: the normal one); ``shed`` are the components given up."""

    id: str
    name: str = ""
    kind: ConfigurationKind
    condition: ConditionRef | None = None
    deployment: Deployment
    shed: tuple[ComponentRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outage:
    """How long a flow is silent, at worst, during a transition."""

    flow: FlowRef
    worst_ns: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One action of a transition, on one component or unit."""

    kind: StepKind
    component: ComponentRef | None = None
    unit: UnitRef | None = None
    worst_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class Transition:
    """The way from one configuration to another."""

    id: str
    origin: ConfigurationRef
    destination: ConfigurationRef
    steps: tuple[Step, ...] = ()
    outages: tuple[Outage, ...] = ()
    worst_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class Uncovered:
    """A condition that no configuration can serve, and why."""

    condition: ConditionRef
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReconfigurationPlan:
    """Conditions, configurations and the transitions between them."""

    id: str = "plan"
    system: SystemRef
    conditions: tuple[Condition, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    transitions: tuple[Transition, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
