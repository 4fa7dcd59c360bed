"""What each construct of AMALTHEA means: one small model a rule."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import (
    ChannelProtocol,
    CoLocate,
    Component,
    ExecutionTime,
    FlowBound,
    Forbid,
    Isolate,
    LinkKind,
    OnData,
    Periodic,
    Pin,
    Sporadic,
    System,
    UnitKind,
)
from aicompiler.transformations.importers import Imported, ImportOptions, load_system
from aicompiler.transformations.importers.amalthea import Amalthea

Write = Callable[..., Path]
MHZ = 100


def task(name: str, *runnables: str, stimulus: str = "Every10?type=PeriodicStimulus", items: str = "") -> str:
    calls = "".join(f'<items xsi:type="am:RunnableCall" runnable="{r}?type=Runnable"/>' for r in runnables)
    graph = f"<activityGraph>{calls}{items}</activityGraph>"
    return f'<tasks name="{name}" stimuli="{stimulus}">{graph}</tasks>'


def runnable(name: str, *items: str) -> str:
    return f'<runnables name="{name}"><activityGraph>{"".join(items)}</activityGraph></runnables>'


def ticks(inner: str) -> str:
    return f'<items xsi:type="am:Ticks"><default xsi:type="am:{inner}</items>'


def constant(value: int) -> str:
    return ticks(f'DiscreteValueConstant" value="{value}"/>')


def access(label: str, how: str) -> str:
    return f'<items xsi:type="am:LabelAccess" data="{label}?type=Label" access="{how}"/>'


def label(name: str, size: str = '<size value="16" unit="bit"/>') -> str:
    return f'<labels name="{name}">{size}</labels>'


def load(path: Path) -> Imported:
    imported = Amalthea().load(path, ImportOptions())
    assert imported.accounting.exact
    return imported


def rules(imported: Imported) -> list[str]:
    return [d.rule for d in imported.diagnostics]


def said(imported: Imported, rule: str) -> Diagnostic:
    found = [d for d in imported.diagnostics if d.rule == rule]
    assert found, f"nothing of the rule {rule} was said"
    assert found[0].source is not None
    assert found[0].source.line > 0
    return found[0]


def component(system: System, name: str) -> Component:
    return next(c for c in system.components if c.name == name)


def times(imported: Imported, name: str = "T") -> tuple[ExecutionTime, ...]:
    return component(imported.system, name).entries[0].times


# --- execution times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "cycles"),
    [
        ('DiscreteValueConstant" value="1000"/>', (1000, 1000, 1000)),
        ('DiscreteValueBoundaries" lowerBound="500" upperBound="900"/>', (500, 900, 900)),
        ('DiscreteValueStatistics" lowerBound="500" upperBound="900" average="600.5"/>', (500, 600.5, 900)),
        ('DiscreteValueUniformDistribution" lowerBound="500" upperBound="900"/>', (500, 700, 900)),
        (
            'DiscreteValueWeibullEstimatorsDistribution" lowerBound="72000" upperBound="88000" '
            'average="80000.0" pRemainPromille="0.5"/>',
            (72000, 80000, 88000),
        ),
        (
            'DiscreteValueBetaDistribution" lowerBound="0" upperBound="1000" alpha="1" beta="3"/>',
            (0, 250, 1000),
        ),
        (
            'DiscreteValueGaussDistribution" lowerBound="80" upperBound="130" mean="100" sd="10"/>',
            (80, 100, 130),
        ),
        ('DiscreteValueGaussDistribution" mean="100" sd="10"/>', (70, 100, 130)),
        (
            'DiscreteValueHistogram"><entries lowerBound="10" upperBound="20" occurrences="3"/>'
            '<entries lowerBound="40" upperBound="60"/></default>',
            (10, Fraction(95, 4), 60),
        ),
    ],
)
def test_every_form_of_ticks_gives_best_mean_and_worst(
    given: str, cycles: tuple[float, float, float], write: Write
) -> None:
    """Cycles of the deviation at 100 MHz, 10 ns each; best rounds down, mean and worst round up."""
    software = task("T", "R") + runnable("R", ticks(given))
    (time,) = times(load(write(software)))
    best, mean, worst = (Fraction(c) * 1000 / MHZ for c in cycles)
    assert (time.bcet_ns, time.acet_ns, time.wcet_ns) == (int(best), -int(-mean // 1), int(worst))


def test_a_distribution_without_an_end_is_cut_aloud(write: Write) -> None:
    """Mean plus three standard deviations is an assumption, and said."""
    software = task("T", "R") + runnable("R", ticks('DiscreteValueGaussDistribution" mean="100" sd="10"/>'))
    assert "mean + 3" in said(load(write(software)), "worst-case-assumed").message


def test_a_runnable_called_twice_counts_twice(write: Write) -> None:
    """Calls, also from a runnable, sum up; groups are sequences."""
    group = (
        '<items xsi:type="am:Group"><items xsi:type="am:RunnableCall" runnable="R?type=Runnable"/></items>'
    )
    call = '<items xsi:type="am:RunnableCall" runnable="R?type=Runnable"/>'
    software = task("T", "R", "Outer", items=group)
    software += runnable("R", constant(1000)) + runnable("Outer", call, constant(500))
    (time,) = times(load(write(software)))
    assert time.wcet_ns == (1000 + 1500 + 1000) * 10


def test_a_switch_takes_the_least_and_the_greatest_branch(write: Write) -> None:
    """Best of the best, worst of the worst; probabilities weigh the mean."""
    branches = "".join(
        f'<entries probability="{p}"><items xsi:type="am:RunnableCall" '
        f'runnable="{r}?type=Runnable"/></entries>'
        for p, r in ((0.25, "Slow"), (0.75, "Quick"))
    )
    software = task("T", items=f'<items xsi:type="am:ProbabilitySwitch">{branches}</items>')
    software += runnable("Slow", constant(4000)) + runnable("Quick", constant(1000))
    (time,) = times(load(write(software)))
    assert (time.bcet_ns, time.acet_ns, time.wcet_ns) == (10_000, 17_500, 40_000)


def test_instructions_of_old_files_divide_by_those_a_cycle(write: Write) -> None:
    """ExecutionNeed and RunnableInstructions over IPC 2 at 100 MHz."""
    need = (
        '<items xsi:type="am:ExecutionNeed"><needs key="Instructions">'
        '<value xsi:type="am:DiscreteValueConstant" value="3000"/></needs></items>'
    )
    old = (
        '<items xsi:type="am:RunnableInstructions"><default xsi:type="am:InstructionsDeviation"><deviation>'
        '<lowerBound xsi:type="am:LongObject" value="900"/>'
        '<upperBound xsi:type="am:LongObject" value="1100"/>'
        '<distribution xsi:type="am:WeibullEstimators" pRemainPromille="0.5">'
        '<mean xsi:type="am:LongObject" value="1000"/></distribution></deviation></default></items>'
    )
    (time,) = times(load(write(task("T", "R") + runnable("R", need, old))))
    assert (time.bcet_ns, time.acet_ns, time.wcet_ns) == (19_500, 20_000, 20_500)


TWO_KINDS = """
<definitions xsi:type="am:ProcessingUnitDefinition" name="Cpu" puType="CPU" classifiers="Safe?type=CoreClassifier"/>
<definitions xsi:type="am:ProcessingUnitDefinition" name="Gpu" puType="GPU"/>
<definitions xsi:type="am:ProcessingUnitDefinition" name="FpgaFabric" puType="Accelerator"/>
<structures name="Board" structureType="ECU">
  <structures name="Soc" structureType="SoC">
    <modules xsi:type="am:ProcessingUnit" name="C0" definition="Cpu?type=ProcessingUnitDefinition" frequencyDomain="F?type=FrequencyDomain"><ports name="p"/></modules>
    <modules xsi:type="am:ProcessingUnit" name="C1" definition="Cpu?type=ProcessingUnitDefinition" frequencyDomain="F?type=FrequencyDomain"><ports name="p"/></modules>
    <modules xsi:type="am:ProcessingUnit" name="G" definition="Gpu?type=ProcessingUnitDefinition" frequencyDomain="S?type=FrequencyDomain"><ports name="p"/></modules>
    <modules xsi:type="am:ConnectionHandler" name="Bus" definition="Xbar?type=ConnectionHandlerDefinition" frequencyDomain="S?type=FrequencyDomain"><ports name="a"/><ports name="b"/><ports name="c"/></modules>
    <connections name="x" port1="C0/p?type=HwPort" port2="Bus/a?type=HwPort"/>
    <connections name="y" port1="G/p?type=HwPort" port2="Bus/b?type=HwPort"/>
  </structures>
  <modules xsi:type="am:ProcessingUnit" name="A" definition="FpgaFabric?type=ProcessingUnitDefinition" frequencyDomain="S?type=FrequencyDomain"/>
</structures>
<definitions xsi:type="am:ConnectionHandlerDefinition" name="Xbar"><readLatency xsi:type="am:DiscreteValueConstant" value="10"/><dataRate value="400" unit="MBPerSecond"/></definitions>
<domains xsi:type="am:FrequencyDomain" name="F"><defaultValue value="1" unit="GHz"/></domains>
<domains xsi:type="am:FrequencyDomain" name="S"><defaultValue value="500" unit="MHz"/></domains>
"""  # noqa: E501

PER_KIND = (
    '<items xsi:type="am:Ticks"><default xsi:type="am:DiscreteValueConstant" value="1000"/>'
    '<extended key="Gpu?type=ProcessingUnitDefinition">'
    '<value xsi:type="am:DiscreteValueConstant" value="50"/></extended></items>'
)


def test_ticks_of_a_kind_of_core_replace_the_default(write: Write) -> None:
    """1000 ticks at 1 GHz and 500 MHz, but 50 on the GPU."""
    imported = load(write(task("T", "R") + runnable("R", PER_KIND), TWO_KINDS))
    assert {t.unit_kind: t.wcet_ns for t in times(imported)} == {
        UnitKind.CPU: 1000,
        UnitKind.GPU: 100,
        UnitKind.FPGA: 2000,
    }


# --- hardware ---------------------------------------------------------------------------------------------


def test_equal_cores_make_one_unit_and_others_stand_alone(write: Write) -> None:
    """Two CPUs of one structure and clock are two cores; GPU and accelerator are units of the same node."""
    imported = load(write(task("T", "R") + runnable("R", PER_KIND), TWO_KINDS))
    (node,) = imported.system.platform.nodes
    assert node.name == "Board"
    assert {(u.kind, u.cores, u.fastest.frequency_hz) for u in node.units} == {
        (UnitKind.CPU, 2, 10**9),
        (UnitKind.GPU, 1, 5 * 10**8),
        (UnitKind.FPGA, 1, 5 * 10**8),
    }
    assert "Accelerator" in said(imported, "kind-assumed").message


def test_a_handler_joins_what_is_connected_to_it(write: Write) -> None:
    """Rate and latency of the crossbar; what nothing reaches shares memory, which is assumed aloud."""
    imported = load(write(task("T", "R") + runnable("R", PER_KIND), TWO_KINDS))
    system = imported.system
    bus, memory = system.platform.links
    kinds = {u.id: u.kind for u in system.units}
    assert [kinds[e] for e in bus.ends] == [UnitKind.CPU, UnitKind.GPU]
    assert (bus.kind, bus.bandwidth_bytes_per_s, bus.latency_ns) == (LinkKind.ON_CHIP, 400_000_000, 20)
    assert len(memory.ends) == 3
    assert "Board" in said(imported, "assumed-bandwidth").message


def test_a_network_between_boards_is_a_link(write: Write) -> None:
    """Connections go through the ports of structures; the interface names the kind."""
    boards = "".join(
        f'<structures name="{b}" structureType="ECU"><ports name="eth" portInterface="Ethernet"/>'
        f'<modules xsi:type="am:ProcessingUnit" name="{b}Core" frequencyDomain="F?type=FrequencyDomain">'
        f'<ports name="p"/></modules>'
        f'<connections name="{b}in" port1="{b}Core/p?type=HwPort" port2="{b}/eth?type=HwPort"/></structures>'
        for b in ("Left", "Right")
    )
    cable = (
        '<connections name="Cable" port1="Left/eth?type=HwPort" port2="Right/eth?type=HwPort">'
        '<dataRate value="100" unit="MbitPerSecond"/></connections>'
    )
    clock = '<domains xsi:type="am:FrequencyDomain" name="F"><defaultValue value="1" unit="GHz"/></domains>'
    hardware = f'<structures name="Car" structureType="System">{boards}{cable}</structures>{clock}'
    imported = load(write(task("T", "R") + runnable("R", constant(1)), hardware))
    assert [n.name for n in imported.system.platform.nodes] == ["Left", "Right"]
    (link,) = imported.system.platform.links
    assert (link.kind, link.bandwidth_bytes_per_s, len(link.ends)) == (LinkKind.NETWORK, 12_500_000, 2)


def test_a_core_without_a_clock_is_assumed_aloud(write: Write) -> None:
    """1 GHz, also for ticks."""
    hardware = '<structures name="B"><modules xsi:type="am:ProcessingUnit" name="Core"/></structures>'
    imported = load(write(task("T", "R") + runnable("R", constant(1000)), hardware))
    assert times(imported)[0].wcet_ns == 1000
    assert "1 GHz" in said(imported, "clock-assumed").message


# --- activation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stimulus", "activation"),
    [
        (
            '"am:PeriodicStimulus" name="S"><offset value="2" unit="ms"/><recurrence value="4" unit="ms"/>'
            '<jitter xsi:type="am:TimeBoundaries"><lowerBound value="0" unit="us"/>'
            '<upperBound value="50" unit="us"/></jitter>',
            Periodic(period_ns=4_000_000, offset_ns=2_000_000, jitter_ns=50_000),
        ),
        (
            '"am:RelativePeriodicStimulus" name="S"><nextOccurrence xsi:type="am:TimeUniformDistribution">'
            '<lowerBound value="3" unit="ms"/><upperBound value="5" unit="ms"/></nextOccurrence>',
            Sporadic(min_interarrival_ns=3_000_000),
        ),
        (
            '"am:PeriodicSyntheticStimulus" name="S"><recurrence value="10" unit="ms"/>'
            '<occurrenceTimes value="1" unit="ms"/><occurrenceTimes value="4" unit="ms"/>',
            Sporadic(min_interarrival_ns=3_000_000),
        ),
        (
            '"am:PeriodicBurstStimulus" name="S"><recurrence value="10" unit="ms"/>'
            '<occurrenceMinDistance value="7" unit="us"/>',
            Sporadic(min_interarrival_ns=7_000),
        ),
        (
            '"am:VariableRateStimulus" name="S"><step value="1" unit="s"/><occurrencesPerStep '
            'xsi:type="am:ContinuousValueBoundaries" lowerBound="10" upperBound="200"/>',
            Sporadic(min_interarrival_ns=5_000_000),
        ),
        (
            '"am:ArrivalCurveStimulus" name="S"><entries numberOfOccurrences="2">'
            '<lowerTimeBorder value="9" unit="ms"/></entries>',
            Sporadic(min_interarrival_ns=9_000_000),
        ),
    ],
)
def test_a_stimulus_becomes_an_activation(stimulus: str, activation: object, write: Write) -> None:
    """Recurring ones are periodic; others are sporadic with the least distance that they allow."""
    software = task("T", "R", stimulus="S?type=" + stimulus[4 : stimulus.index('" name')])
    model = write(software + runnable("R", constant(1)), stimuli=f"<stimuli xsi:type={stimulus}</stimuli>")
    assert component(load(model).system, "T").entries[0].activation == activation


def test_an_interrupt_is_a_component_too(write: Write) -> None:
    """ISRs have stimuli and call graphs as tasks have."""
    software = task("T", "R").replace("tasks", "isrs") + runnable("R", constant(1000))
    imported = load(write(software))
    assert component(imported.system, "T").id == "ISR.T"
    assert times(imported)[0].wcet_ns == 10_000


def test_what_does_not_recur_needs_a_period(write: Write) -> None:
    """A single stimulus leaves the period open, which the side-car can give."""
    single = '<stimuli xsi:type="am:SingleStimulus" name="Once"><occurrence value="1" unit="ms"/></stimuli>'
    software = task("T", "R", stimulus="Once?type=SingleStimulus") + runnable("R", constant(1000))
    path = write(software, stimuli=single)
    assert "does not recur" in said(load(path), "activation-left-out").message
    sidecar = path.with_suffix(".aic.toml")
    sidecar.write_text('[component.T]\nperiod = "5 ms"\n', encoding="utf-8")
    assert load_system(path)[0].entries[0].activation == Periodic(period_ns=5_000_000)


INTER = '<stimuli xsi:type="am:InterProcessStimulus" name="Go">{}</stimuli>'
RAISE = '<items xsi:type="am:InterProcessTrigger" stimulus="Go?type=InterProcessStimulus"/>'
EVERY10 = (
    '<stimuli xsi:type="am:PeriodicStimulus" name="Every10"><recurrence value="10" unit="ms"/></stimuli>'
)


def triggered(write: Write, counter: str = "", data: bool = True) -> Imported:
    software = task("A", "Produce", items=RAISE)
    software += task("B", "Consume", stimulus="Go?type=InterProcessStimulus")
    software += runnable("Produce", constant(10), *([access("L", "write")] if data else []))
    software += runnable("Consume", constant(10), *([access("L", "read")] if data else [])) + label("L")
    return load(write(software, stimuli=EVERY10 + INTER.format(counter)))


def test_data_of_the_task_that_triggers_activate(write: Write) -> None:
    """The reader waits for the label of the task that activates it; all else is sampled."""
    imported = triggered(write)
    assert component(imported.system, "B").entries[0].activation == OnData()
    (channel,) = imported.system.application.channels
    assert (channel.name, channel.protocol, channel.consume) == ("L", ChannelProtocol.QUEUE, 1)


def test_a_trigger_without_data_is_a_byte(write: Write) -> None:
    """A prescaler of 3 waits for three of them; the label is then sampled."""
    (bare,) = triggered(write, data=False).system.application.channels
    assert (bare.name, bare.protocol, bare.consume) == ("Go", ChannelProtocol.QUEUE, 1)
    scaled = triggered(write, counter='<counter prescaler="3"/>').system.application.channels
    assert {c.name: (c.protocol, c.consume) for c in scaled} == {
        "L": (ChannelProtocol.SAMPLE, 1),
        "Go": (ChannelProtocol.QUEUE, 3),
    }


def test_an_event_stimulus_follows_its_event(write: Write) -> None:
    """The end of a task activates another one."""
    software = task("A", "R") + task("B", "R", stimulus="Go?type=EventStimulus") + runnable("R", constant(1))
    stimuli = (
        EVERY10 + '<stimuli xsi:type="am:EventStimulus" name="Go" triggeringEvents="E?type=ProcessEvent"/>'
    )
    event = (
        '<eventModel><events xsi:type="am:ProcessEvent" name="E" eventType="terminate" entity="A?type=Task"/>'
    )
    imported = load(write(software, stimuli=stimuli, rest=event + "</eventModel>"))
    assert component(imported.system, "B").entries[0].activation == OnData()
    (channel,) = imported.system.application.channels
    assert channel.source_port.startswith("Task.A.")


# --- data -------------------------------------------------------------------------------------------------


def test_one_writer_feeds_many_readers(write: Write) -> None:
    """One out-port, a channel and an in-port a reader; sizes in bits round up to bytes."""
    software = task("A", "W") + task("B", "R") + task("C", "R")
    software += runnable("W", constant(1), access("L", "write")) + runnable(
        "R", constant(1), access("L", "read")
    )
    software += label("L", '<size value="17" unit="bit"/>')
    imported = load(write(software))
    assert [c.protocol for c in imported.system.application.channels] == [ChannelProtocol.SAMPLE] * 2
    (out,) = component(imported.system, "A").ports
    assert out.bytes == 3
    assert len({c.target_port for c in imported.system.application.channels}) == 2


def test_several_writers_get_an_in_port_each(write: Write) -> None:
    """Who wins is the reader's choice, and the label is named."""
    software = task("A", "W") + task("B", "W") + task("C", "R")
    software += runnable("W", constant(1), access("L", "write")) + runnable(
        "R", constant(1), access("L", "read")
    )
    imported = load(write(software + label("L")))
    assert [p.name for p in component(imported.system, "C").ports] == ["L_A_in", "L_B_in"]
    assert "'A', 'B'" in said(imported, "several-writers").message


# --- references and versions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    ["Fast%20Runnable%2F1?type=Runnable", "Fast+Runnable%2F1?type=Runnable", "Fast Runnable/1?type=Runnable"],
)
def test_references_of_several_words_resolve(reference: str, write: Write) -> None:
    """Blanks and slashes of names, escaped or not."""
    software = task("T", "X").replace("X?type=Runnable", reference)
    imported = load(write(software + runnable("Fast Runnable/1", constant(1000))))
    assert times(imported)[0].wcet_ns == 10_000


def test_references_by_id_resolve(write: Write) -> None:
    """Containment ids as old files have them."""
    software = task("T", "X").replace("X?type=Runnable", "_r1")
    software += runnable("R", constant(1000)).replace("<runnables", '<runnables xmi:id="_r1"')
    imported = load(write(software))
    assert times(imported)[0].wcet_ns == 10_000


@pytest.mark.parametrize(
    ("namespace", "rule"),
    [
        ("http://app4mc.eclipse.org/amalthea/0.9.5", ""),
        ("http://app4mc.eclipse.org/amalthea/1.2.0", ""),
        ("http://app4mc.eclipse.org/amalthea/2.1.0", ""),
        ("http://app4mc.eclipse.org/amalthea/3.3.0", ""),
        ("http://www.amalthea.itea2.org/model/1.3.0/hpc", "old-version"),
        ("http://app4mc.eclipse.org/amalthea/0.8.3", "old-version"),
        ("http://app4mc.eclipse.org/amalthea/17.0.0", "unknown-version"),
    ],
)
def test_versions_are_told_by_the_namespace(namespace: str, rule: str, write: Write) -> None:
    """0.9 to 3.x are read in silence, older ones with a warning, unknown ones not."""
    imported = load(write(task("T", "R") + runnable("R", constant(1)), namespace=namespace))
    assert [r for r in rules(imported) if "version" in r] == ([rule] if rule else [])


# --- mapping, constraints, flows --------------------------------------------------------------------------


def two_tasks() -> str:
    return task("A", "R") + task("B", "R") + runnable("R", constant(1))


def test_a_scheduler_that_owns_one_unit_allocates(write: Write) -> None:
    """Where an allocation names no core, those of its scheduler count; its algorithm is replaced."""
    os = (
        '<osModel><operatingSystems name="Os"><taskSchedulers name="S"><schedulingAlgorithm '
        'xsi:type="am:FixedPriorityPreemptive"/></taskSchedulers></operatingSystems></osModel>'
    )
    mapping = (
        '<mappingModel><schedulerAllocation scheduler="S?type=TaskScheduler" '
        'responsibility="Core?type=ProcessingUnit"/>'
        '<taskAllocation task="A?type=Task" scheduler="S?type=TaskScheduler"/></mappingModel>'
    )
    imported = load(write(two_tasks(), rest=os + mapping))
    (allocation,) = imported.system.allocations
    assert (allocation.component, allocation.by) == ("Task.A", "TaskAllocation")
    assert allocation.unit == imported.system.units[0].id
    assert "FixedPriorityPreemptive" in said(imported, "policy-replaced").message
    assert not imported.system.constraints


def affinity(kind: str, inner: str) -> str:
    constraint = f'<affinityConstraints xsi:type="am:{kind}" name="K">{inner}</affinityConstraints>'
    return f"<constraintsModel>{constraint}</constraintsModel>"


def group(tag: str, tasks: str) -> str:
    return f'<{tag} xsi:type="am:ProcessEntityGroup" processes="{tasks}"/>'


def test_pairing_keeps_tasks_together_and_at_their_target(write: Write) -> None:
    """A unit for both, and a pin for each where the target is one unit."""
    inner = group("group", "A?type=Task B?type=Task")
    inner += '<target xsi:type="am:TargetCore" cores="C1?type=ProcessingUnit"/>'
    rest = affinity("ProcessPairingConstraint", inner)
    constraints = load(write(two_tasks(), TWO_KINDS, rest=rest)).system.constraints
    assert [type(c) for c in constraints] == [CoLocate, Pin, Pin]
    pins = [c for c in constraints if isinstance(c, Pin)]
    assert {(p.component, p.core) for p in pins} == {("Task.A", 1), ("Task.B", 1)}


def test_separation_keeps_tasks_off_one_core(write: Write) -> None:
    """Members of different groups share no core."""
    inner = group("groups", "A?type=Task") + group("groups", "B?type=Task")
    rest = affinity("ProcessSeparationConstraint", inner)
    (constraint,) = load(write(two_tasks(), TWO_KINDS, rest=rest)).system.constraints
    assert isinstance(constraint, Isolate)
    assert constraint.components == ("Task.A", "Task.B")


def test_required_classifiers_forbid_other_units(write: Write) -> None:
    """A task that requires a safe core may not run on the GPU or the FPGA."""
    rest = (
        '<commonElements><coreClassifiers name="Safe"/></commonElements><propertyConstraintsModel>'
        '<allocationConstraints xsi:type="am:ProcessAllocationConstraint" process="A?type=Task">'
        '<coreClassification condition="requires" grouping="allOfThem" '
        'classifiers="Safe?type=CoreClassifier"/>'
        "</allocationConstraints></propertyConstraintsModel>"
    )
    system = load(write(two_tasks(), TWO_KINDS, rest=rest)).system
    forbidden = {c.unit for c in system.constraints if isinstance(c, Forbid)}
    assert forbidden == {u.id for u in system.units if u.kind is not UnitKind.CPU}


CHAIN = """
<eventModel>
  <events xsi:type="am:ProcessEvent" name="Start" eventType="activate" entity="A?type=Task"/>
  <events xsi:type="am:RunnableEvent" name="End" eventType="terminate" entity="R?type=Runnable"/>
</eventModel>
<constraintsModel>
  <eventChains name="EC" stimulus="Start?type=ProcessEvent" response="End?type=RunnableEvent"/>
  <timingConstraints xsi:type="am:EventChainLatencyConstraint" name="L" type="Age" scope="EC?type=EventChain">
    <maximum value="30" unit="ms"/></timingConstraints>
</constraintsModel>
"""


def test_an_event_chain_is_a_flow_with_its_latency(write: Write) -> None:
    """From the task of its stimulus to the task that calls the runnable of its response."""
    software = task("A", "W") + task("B", "R") + label("L")
    software += runnable("W", constant(1), access("L", "write"))
    software += runnable("R", constant(1), access("L", "read"))
    (flow,) = load(write(software, rest=CHAIN)).system.application.flows
    assert flow.entries == ("Task.A.step", "Task.B.step")
    assert (flow.deadline_ns, flow.bound) == (30_000_000, FlowBound.DATA_AGE)


def test_a_chain_that_no_data_follow_is_reported(write: Write) -> None:
    """Without a shared label there is no flow, and the chain is among what was left."""
    software = task("A", "W") + task("B", "R") + runnable("W", constant(1)) + runnable("R", constant(1))
    imported = load(write(software, rest=CHAIN))
    assert not imported.system.application.flows
    assert "EC" in said(imported, "flow-left-out").message
