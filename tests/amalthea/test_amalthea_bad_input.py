"""Broken AMALTHEA files: every one ends in located diagnostics and an exit code, never in a traceback."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.cli import app
from aicompiler.metamodels.diagnostics import AicError, ModelError, Severity, UnreadableInput
from aicompiler.transformations.importers import ImportOptions, load_system
from aicompiler.transformations.importers.amalthea import Amalthea
from typer.testing import CliRunner

Write = Callable[..., Path]

GOOD = (
    '<tasks name="T" stimuli="Every10?type=PeriodicStimulus"><activityGraph>'
    '<items xsi:type="am:RunnableCall" runnable="R?type=Runnable"/></activityGraph></tasks>'
    '<runnables name="R"><activityGraph><items xsi:type="am:Ticks">'
    '<default xsi:type="am:DiscreteValueConstant" value="1000"/></items></activityGraph></runnables>'
)
SAMPLES = sorted((Path(__file__).resolve().parents[3] / "shared" / "models" / "amalthea").glob("*.amxmi"))


def refused(path: Path) -> list[str]:
    """The rules of the errors, each with its line."""
    with pytest.raises(AicError) as caught:
        load_system(path)
    errors = [d for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    assert all(d.source is not None and d.source.line > 0 and d.source.file == path.name for d in errors)
    assert all(d.next_step for d in errors)
    return [d.rule for d in errors]


def test_a_good_file_is_accepted(write: Write) -> None:
    """What the broken ones below are made from is whole."""
    assert load_system(write(GOOD))[0].components


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('runnable="R?', 'runnable="Missing?', "dangling-reference"),
        ('runnable="R?type=Runnable"', 'runnable="R"', "dangling-reference"),
        ('stimuli="Every10?', 'stimuli="Gone?', "dangling-reference"),
        ('value="1000"', 'value="many"', "value-not-understood"),
        ('value="1000"', 'value="1e99999999"', "value-not-understood"),
        ('value="1000"', f'value="{"9" * 5000}"', "value-not-understood"),
        ('value="1000"', 'value="-5"', "value-not-understood"),
        ('Constant" value="1000"', 'GaussDistribution" mean="5"', "value-not-understood"),
        (
            'am:DiscreteValueConstant" value="1000"',
            'am:DiscreteValueBoundaries" lowerBound="9" upperBound="3"',
            "value-not-understood",
        ),
        ('<tasks name="T"', '<tasks name="T"/><tasks name="T"', "duplicate-name"),
    ],
)  # fmt: skip
def test_broken_software_is_located(old: str, new: str, rule: str, write: Write) -> None:
    """The error names the rule and the line."""
    assert rule in refused(write(GOOD.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("recurrence", "rule"),
    [
        ('<recurrence value="0" unit="ms"/>', "bad-period"),
        ('<recurrence value="1" unit="ps"/>', "bad-period"),
        ("", "bad-period"),
        ('<recurrence value="-3" unit="ms"/>', "value-not-understood"),
        ('<recurrence value="10" unit="fortnight"/>', "value-not-understood"),
        ('<recurrence value="10"/>', "value-not-understood"),
        ('<recurrence value="99999999999999" unit="s"/>', "value-not-understood"),
    ],
)
def test_a_task_without_a_period_is_located(recurrence: str, rule: str, write: Write) -> None:
    """Nothing, zero, less, too much, or in no unit."""
    stimuli = f'<stimuli xsi:type="am:PeriodicStimulus" name="Every10">{recurrence}</stimuli>'
    assert rule in refused(write(GOOD, stimuli=stimuli))


def test_runnables_that_call_each_other_are_an_error(write: Write) -> None:
    """The circle is named, and not followed."""
    call = '<activityGraph><items xsi:type="am:RunnableCall" runnable="{}?type=Runnable"/></activityGraph>'
    circle = "".join(
        f'<runnables name="{one}">{call.format(other)}</runnables>' for one, other in (("P", "Q"), ("Q", "P"))
    )
    assert "call-cycle" in refused(write(GOOD + circle))


def test_a_long_chain_of_calls_is_followed(write: Write) -> None:
    """3000 runnables, each calling the next one: no recursion over them."""
    call = '<items xsi:type="am:RunnableCall" runnable="N{}?type=Runnable"/>'
    chain = "".join(
        f'<runnables name="N{n}"><activityGraph>{call.format(n + 1)}</activityGraph></runnables>'
        for n in range(3000)
    )
    last = GOOD.replace('runnable="R?', 'runnable="N0?').replace(
        '<runnables name="R"', '<runnables name="N3000"'
    )
    (time,) = load_system(write(last + chain))[0].entries[0].times
    assert time.wcet_ns == 10_000


def test_tasks_that_activate_each_other_are_an_error(write: Write) -> None:
    """A waits for B and B for A: neither ever starts."""
    stimuli = "".join(f'<stimuli xsi:type="am:InterProcessStimulus" name="Go{n}"/>' for n in "AB")
    software = "".join(
        f'<tasks name="{own}" stimuli="Go{own}?type=InterProcessStimulus"><activityGraph>'
        f'<items xsi:type="am:InterProcessTrigger" stimulus="Go{other}?type=InterProcessStimulus"/>'
        '<items xsi:type="am:RunnableCall" runnable="R?type=Runnable"/></activityGraph></tasks>'
        for own, other in (("A", "B"), ("B", "A"))
    )
    runnables = GOOD[GOOD.index("<runnables") :]
    assert "queue-cycle" in refused(write(software + runnables, stimuli=stimuli))


def test_a_chain_that_refers_to_itself_is_no_flow(write: Write) -> None:
    """It is reported and not followed for ever."""
    rest = (
        '<constraintsModel><eventChains name="EC"><items xsi:type="am:EventChainReference" '
        'eventChain="EC?type=EventChain"/></eventChains></constraintsModel>'
    )
    imported = Amalthea().load(write(GOOD, rest=rest), ImportOptions())
    assert "flow-left-out" in {d.rule for d in imported.diagnostics}
    assert imported.accounting.exact


def test_a_feature_of_no_version_is_reported(write: Write) -> None:
    """It is counted with its line; the rest of the model is read."""
    path = write(GOOD, rest='<quantumModel><qubits name="Q"/></quantumModel>')
    tallies = Amalthea().load(path, ImportOptions()).accounting.tallies
    assert [item.what for tally in tallies.values() for item in tally.reported] == [
        "quantumModel",
        "qubits 'Q'",
    ]


def test_an_empty_model_has_nothing_to_execute(write: Write) -> None:
    """An error at the root."""
    assert "no-component" in refused(write())


def test_another_language_is_refused(tmp_path: Path) -> None:
    """XML of another kind under this name is no AMALTHEA."""
    path = tmp_path / "other.amxmi"
    path.write_text('<uml:Model xmlns:uml="http://www.omg.org/uml"/>', encoding="utf-8")
    with pytest.raises(UnreadableInput, match="not an AMALTHEA model"):
        load_system(path)


def test_the_command_line_says_two_or_three(write: Write, tmp_path: Path) -> None:
    """Truncated, hostile: 2; understood and wrong: 3."""
    whole = write(GOOD).read_text(encoding="utf-8")
    cases = {
        "cut": (whole[: len(whole) // 2], 2),
        "empty": ("", 2),
        "entity": ('<!DOCTYPE a [<!ENTITY x "y">]>' + whole, 2),
        "unknown": (whole.replace("0.9.7", "42.0.0"), 3),
        "dangling": (whole.replace('runnable="R?', 'runnable="Z?'), 3),
    }
    for name, (text, code) in cases.items():
        path = tmp_path / f"{name}.amxmi"
        path.write_text(text, encoding="utf-8")
        assert CliRunner().invoke(app, ["check", str(path)]).exit_code == code, name


def mutants(text: str, seed: int, count: int) -> list[str]:
    """Copies with attribute values and lines exchanged, doubled, dropped or replaced."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        lines = text.split("\n")
        for _ in range(rng.randint(1, 4)):
            at = rng.choice([n for n, line in enumerate(lines) if line.endswith("/>")])
            parts = lines[at].split('"')
            if rng.random() < 0.7 and len(parts) > 2:
                parts[rng.randrange(1, len(parts), 2)] = rng.choice(
                    ["", "0", "-1", "1e80", "NaN", "x?type=Task", "am:Group", "ms", "é\\u0000"]
                )
                lines[at] = '"'.join(parts)
            elif rng.random() < 0.5:
                lines.insert(rng.randrange(3, len(lines) - 2), lines[at])
            else:
                del lines[at]
        found.append("\n".join(lines))
    return found


@pytest.mark.skipif(not SAMPLES, reason="the folder ../shared with outside models is absent")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda p: p.stem)
def test_mutants_end_in_diagnostics(sample: Path, tmp_path: Path) -> None:
    """Whatever is exchanged or lost: a system or located errors, and exact accounts."""
    text = sample.read_text(encoding="utf-8")
    path = tmp_path / "mutant.amxmi"
    for mutant in mutants(text, seed=7, count=8):
        path.write_text(mutant, encoding="utf-8")
        try:
            assert Amalthea().load(path, ImportOptions()).accounting.exact
            load_system(path)
        except UnreadableInput as error:
            assert error.diagnostics[0].source is not None
        except ModelError as error:
            assert all(d.source is not None and d.source.line > 0 for d in error.diagnostics)


def test_what_grows_by_doubling_is_bounded(write: Write) -> None:
    """Chains that refer to two others each, and separations of many groups, end at once."""
    chains = "".join(
        f'<eventChains name="E{n}">'
        + f'<items xsi:type="am:EventChainReference" eventChain="E{n + 1}?type=EventChain"/>' * 2
        + "</eventChains>"
        for n in range(40)
    )
    groups = '<groups xsi:type="am:ProcessEntityGroup" processes="T?type=Task"/>' * 2000
    separation = f'<affinityConstraints xsi:type="am:ProcessSeparationConstraint" name="S">{groups}'
    rest = f'<constraintsModel>{chains}<eventChains name="E40"/>{separation}</affinityConstraints>'
    imported = Amalthea().load(write(GOOD, rest=rest + "</constraintsModel>"), ImportOptions())
    assert {"flow-left-out", "constraint-left-out"} <= {d.rule for d in imported.diagnostics}
    assert imported.accounting.exact
