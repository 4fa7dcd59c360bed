"""A side-car adds what a model lacks and overrides what it says; the model file stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import ModelError, Severity
from aicompiler.metamodels.system import (
    AveragePower,
    ChannelProtocol,
    Forbid,
    OnData,
    Periodic,
    Pin,
    Separate,
    Sporadic,
    System,
)
from aicompiler.sidecar import CannotWriteSidecar, write_template
from aicompiler.transformations.importers import (
    draft_system,
    find_sidecar,
    load_system,
    sidecar_path,
    sidecar_template,
)

FINE = Path(__file__).resolve().parents[1] / "errors" / "models" / "fine.uml"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The model of two components, source and sink, in a folder of its own."""
    path = tmp_path / "fine.uml"
    path.write_bytes(FINE.read_bytes())
    return path


def load(model: Path, text: str) -> System:
    sidecar_path(model).write_text(text, encoding="utf-8")
    return load_system(model)[0]


def test_the_sidecar_beside_the_model_counts(model: Path) -> None:
    """NAME.aic.toml is found by itself; one that is given takes its place; the model is not touched."""
    before = model.read_bytes()
    assert find_sidecar(model) is None
    assert load(model, '[component.source]\ndeadline = "7 ms"\n').entries[0].deadline_ns == 7_000_000
    other = model.with_name("other.toml")
    other.write_text('[component.source]\ndeadline = "8 ms"\n', encoding="utf-8")
    assert load_system(model, other)[0].entries[0].deadline_ns == 8_000_000
    assert model.read_bytes() == before


def said(model: Path, rule: str, text: str = "") -> list[str]:
    """What is said by a rule about a model with a side-car."""
    sidecar_path(model).write_text(text, encoding="utf-8")
    return [f"{d.severity.value}: {d.message}" for d in load_system(model)[1] if d.rule == rule]


def test_figures_of_the_model_are_not_replaced_in_silence(model: Path) -> None:
    """A stated period that the side-car changes is a warning with both values; said again, it is none."""
    (message,) = said(model, "figure-overridden", '[component.source]\nperiod = "20 ms"\n')
    both = "is 10 ms in the model, but 20 ms in fine.aic.toml:2, which counts"
    assert message == f"warning: the period of 'source::emit' {both}"
    assert not said(model, "figure-overridden", '[component.source]\nperiod = "10 ms"\n')
    twice = '[component."*"]\nperiod = "20 ms"\n[entry."source::emit"]\nperiod = "10 ms"\n'
    assert not said(model, "figure-overridden", twice), "the later setting counts"


def test_figures_that_only_the_side_car_gives_are_counted(model: Path) -> None:
    """Powers that the model does not state are assumptions about it, one note a unit."""
    given = '[unit.cpu0]\nstatic_power = "1 W"\ndynamic_power = "2 W"\n'
    (message,) = said(model, "assumed-figure", given)
    assert message.endswith("are not in the model: static_power, dynamic_power (fine.aic.toml:2)")


def test_a_system_xmi_shares_the_sidecar_of_its_model() -> None:
    """junction.uml and junction.system.xmi have junction.aic.toml."""
    assert sidecar_path(Path("a/junction.system.xmi")) == Path("a/junction.aic.toml")
    assert sidecar_path(Path("a/In Flight.capella")) == Path("a/In Flight.aic.toml")


def test_activations(model: Path) -> None:
    """Periods, least distances and 'on data'; the last of several in the file counts."""
    system = load(model, '[component.source]\nperiod = "20 ms"\noffset = "1 ms"\njitter = "10 us"\n')
    assert system.entries[0].activation == Periodic(
        period_ns=20_000_000, offset_ns=1_000_000, jitter_ns=10_000
    )
    text = '[component."*"]\nperiod = "20 ms"\n[component.sink]\nmin_interarrival = "5 ms"\n'
    source, sink = (e.activation for e in load(model, text).entries)
    assert (source, sink) == (Periodic(period_ns=20_000_000), Sporadic(min_interarrival_ns=5_000_000))
    text = '[component."*"]\nperiod = "20 ms"\n[entry."sink::*"]\nactivation = "on data"\n'
    assert isinstance(load(model, text).entries[1].activation, OnData)


def test_assumed_protocols_follow_the_new_rates(model: Path) -> None:
    """Equal rates give a QUEUE, other rates SAMPLE, unless the side-car names the protocol."""
    both = '[component."*"]\nperiod = "20 ms"\n'
    assert load(model, both).application.channels[0].protocol is ChannelProtocol.QUEUE
    slow = both + '[component.sink]\nperiod = "40 ms"\n'
    assert load(model, slow).application.channels[0].protocol is ChannelProtocol.SAMPLE
    named = both + '[channel."source -> sink"]\nprotocol = "sample"\ncapacity = 5\n'
    channel = load(model, named).application.channels[0]
    assert (channel.protocol, channel.capacity) == (ChannelProtocol.SAMPLE, 5)


def test_times_round_up_and_deadlines_down(model: Path) -> None:
    """A time that is no whole number of nanoseconds grows, a deadline shrinks."""
    text = '[component.source]\nwcet.cpu = "1.0000005 ms"\nwcet.gpu = "2 us"\ndeadline = "1.0000005 ms"\n'
    entry = load(model, text).entries[0]
    times = {t.unit_kind.value: t.wcet_ns for t in entry.times}
    assert times["CPU"] == 1_000_001
    assert times["GPU"] == 2_000
    assert entry.deadline_ns == 1_000_000


def test_types_of_both_ends_of_a_channel(model: Path) -> None:
    """type and shape of a channel are those of its two ports."""
    system = load(model, '[channel."source -> sink"]\ntype = "f32"\nshape = [2, 3]\n')
    ports = [p for c in system.components for p in c.ports]
    assert {(p.element_type.value, p.shape, p.extents) for p in ports} == {("f32", (2, 3), ("", ""))}


def test_a_platform_of_the_library(model: Path) -> None:
    """use replaces the platform; what it assumes is said, once a unit; pins may name its units."""
    text = '[platform]\nuse = "kria_k26"\n[component.source]\npin = "A53"\ncore = 1\nforbid = "FPGA"\n'
    text += '[separate]\nends = ["source", "sink"]\n[budget]\npower = "12.5 W"\n'
    sidecar_path(model).write_text(text, encoding="utf-8")
    system, diagnostics = load_system(model)
    assert [u.id for u in system.units] == ["kria_k26.a53", "kria_k26.fpga"]
    assert [d.rule for d in diagnostics].count("assumed-figure") == 3
    kinds = (Pin, Forbid, Separate, AveragePower)
    pin, forbid, separate, power = (next(c for c in system.constraints if isinstance(c, k)) for k in kinds)
    assert isinstance(pin, Pin) and isinstance(forbid, Forbid)
    assert (pin.unit, pin.core, forbid.unit) == ("kria_k26.a53", 1, "kria_k26.fpga")
    assert isinstance(separate, Separate) and len(separate.components) == 2
    assert isinstance(power, AveragePower) and power.limit_uw == 12_500_000


def test_units_and_links(model: Path) -> None:
    """Clock and power of a unit of the model may be given."""
    system = load(
        model, '[unit."*"]\nfrequency = "1.2 GHz"\nstatic_power = "1 W"\ndynamic_power = "250 mW"\n'
    )
    unit = system.units[0]
    assert (unit.fastest.frequency_hz, unit.fastest.dynamic_power_uw) == (1_200_000_000, 250_000)
    assert unit.static_power_uw == 1_000_000


def test_a_flow_of_the_sidecar(model: Path) -> None:
    """A flow that the model lacks is drawn by its entries; a component with one entry stands for it."""
    system = load(model, '[flow.through]\nentries = ["source", "sink"]\ndeadline = "90 ms"\n')
    flow = next(f for f in system.application.flows if f.name == "through")
    assert flow.entries == tuple(e.id for e in system.entries)
    assert flow.deadline_ns == 90_000_000


def test_what_the_sidecar_supplies_is_counted_as_assumed(tmp_path: Path) -> None:
    """A period or time that the model lacks is a note at the element and in the summary."""
    model = tmp_path / "never_activated.uml"
    model.write_bytes((FINE.parent / "never_activated.uml").read_bytes())
    with pytest.raises(ModelError, match="--write-sidecar"):
        load_system(model)
    sidecar_path(model).write_text('[component.source]\nperiod = "10 ms"\n', encoding="utf-8")
    _, diagnostics = load_system(model)
    (note,) = [d for d in diagnostics if d.rule == "assumed-period"]
    assert (note.severity, note.source and note.source.file) == (Severity.NOTE, "never_activated.uml")
    assert "assumed-period 1" in next(d.message for d in diagnostics if d.rule == "assumed")


# --- templates --------------------------------------------------------------------------------------------


def test_the_template_lists_exactly_what_is_missing(tmp_path: Path) -> None:
    """It names the elements and places of the errors, changes nothing as written, is never overwritten."""
    model = tmp_path / "never_activated.uml"
    model.write_bytes((FINE.parent / "never_activated.uml").read_bytes())
    path = write_template(model)
    text = path.read_text(encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_system(model)
    missing = [d for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    assert [d.rule for d in missing] == ["no-activation"]
    assert str(missing[0].source) in text
    assert text.count("[component.") == 1
    with pytest.raises(CannotWriteSidecar, match="never overwritten"):
        write_template(model)
    path.write_text(text.replace("# period", "period"), encoding="utf-8")
    load_system(model)


def test_the_template_of_a_complete_model_says_so(model: Path) -> None:
    """Nothing is asked for where nothing is missing."""
    assert "Nothing is missing" in sidecar_template(draft_system(model), model.name)


def test_names_that_are_no_bare_keys_survive_the_template(tmp_path: Path) -> None:
    """Quotes and line ends in names are written as TOML reads them."""
    model = tmp_path / "odd.uml"
    text = (FINE.parent / "never_activated.uml").read_text(encoding="utf-8")
    model.write_text(text.replace('name="source"', 'name="so&quot;ur\\ce&#10;"'), encoding="utf-8")
    path = write_template(model)
    path.write_text(path.read_text(encoding="utf-8").replace("# period", "period"), encoding="utf-8")
    assert load_system(model)[0].components[0].name == 'so"ur\\ce\n'
