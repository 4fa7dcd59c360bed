"""One body changed: only what rests on it is made again, and what comes out is what a fresh build makes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aicompiler import pipeline
from aicompiler.cache import Cache
from aicompiler.commands import Order, build_model
from aicompiler.metamodels.store import NO_STORE, Store
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels import (
    Direction,
    Parameter,
    Signature,
    interpret,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "models" / "smart_intersection" / "smart_intersection.uml"
SMALL = ROOT / "tests" / "errors" / "models" / "fine.uml"
STAGES = {"lower", "schedule", "figures", "partition", "vectors", "emit"}

VALUE = ("(phase == 5 ? 2 : 1)", "(phase == 5 ? 2 : 3)")
COMMENT = ("/* phase: 0 all red,", "/* phase: 0 dark red,")
WORK = ("frames = frames + 1u;", "frames = frames + 1u + (frames &gt;&gt; 31);")


@dataclass
class Recording:
    """A store in memory that counts misses by stage."""

    entries: dict[tuple[str, str], bytes] = field(default_factory=dict)
    misses: Counter[str] = field(default_factory=Counter)

    def get(self, stage: str, key: str) -> bytes | None:
        """What was put, counted if there is nothing."""
        known = self.entries.get((stage, key))
        self.misses[stage] += known is None
        return known

    def put(self, stage: str, key: str, content: bytes) -> None:
        """Keep; whoever makes an entry again makes the same."""
        assert self.entries.get((stage, key), content) == content, "one key, one content"
        self.entries[stage, key] = content

    def again(self) -> Recording:
        """The same entries, nothing counted."""
        return Recording(dict(self.entries))


def built(model: Path, store: Store) -> dict[str, bytes]:
    """The files of a build, reports and all."""
    made = pipeline.build(model, store=store)
    return {file.path: file.content for file in pipeline.report(made).files}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example as it is, and with one body edited in one of three ways."""
    text = EXAMPLE.read_text()
    models = {}
    edits = {"as it is": ("", ""), "value": VALUE, "comment": COMMENT, "work": WORK}
    for name, (old, new) in edits.items():
        assert not old or text.count(old) == 1
        models[name] = tmp_path_factory.mktemp("models") / EXAMPLE.name
        models[name].write_text(text.replace(old, new) if old else text)
    return models


@pytest.fixture(scope="module")
def filled(edited: dict[str, Path]) -> tuple[Recording, dict[str, bytes]]:
    """A store that has seen the example once, and the files of that build."""
    store = Recording()
    return store, built(edited["as it is"], store)


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The paths whose contents differ."""
    return sorted(p for p in one.keys() | other.keys() if one.get(p) != other.get(p))


def test_a_warm_build_is_a_cold_one(
    edited: dict[str, Path], filled: tuple[Recording, dict[str, bytes]]
) -> None:
    """Without a store, with an empty one and with a full one: the same files; the full one misses nothing."""
    store, cold = filled
    assert differences(built(edited["as it is"], NO_STORE), cold) == []
    again = store.again()
    assert differences(built(edited["as it is"], again), cold) == []
    assert not +again.misses
    assert {stage for stage, _ in store.entries} == STAGES


def test_a_changed_body_misses_its_own_entries_only(
    edited: dict[str, Path], filled: tuple[Recording, dict[str, bytes]]
) -> None:
    """A number changed in one body of six: its kernels, figures and files; nobody is placed anew."""
    store = filled[0].again()
    files = built(edited["value"], store)
    assert store.misses["lower"] == store.misses["vectors"] == 1
    assert store.misses["partition"] == 0, "what takes as long as before runs where it ran"
    assert store.misses["schedule"] == 2, "for the GPU and the FPGA"
    assert 6 * store.misses["emit"] == filled[0].misses["emit"]
    assert 0 < store.misses["figures"] <= 4, "as a program on each kind of unit, as a circuit"
    fresh = {place: store.entries[place] for place in store.entries.keys() - filled[0].entries.keys()}
    assert len(fresh) == store.misses.total()
    assert all(b"controller_control" in made for (stage, _), made in fresh.items() if stage != "figures")
    assert differences(files, built(edited["value"], NO_STORE)) == []
    kernels = [p for p in differences(files, filled[1]) if p.startswith("kernels/")]
    assert kernels
    assert all("control" in path for path in kernels)


def test_a_changed_comment_is_lowered_and_no_more(
    edited: dict[str, Path], filled: tuple[Recording, dict[str, bytes]]
) -> None:
    """The body is another, the kernel is the one that was."""
    store = filled[0].again()
    built(edited["comment"], store)
    assert +store.misses == Counter(lower=1, vectors=1)


def test_changed_costs_are_decided_anew(
    edited: dict[str, Path], filled: tuple[Recording, dict[str, bytes]]
) -> None:
    """More work in one body: everything is placed again, but no other kernel is lowered or scheduled."""
    store = filled[0].again()
    decision = pipeline.decide(pipeline.read(edited["work"], store=store))
    assert store.misses["partition"] == 1
    assert store.misses["lower"] == 1
    assert store.misses["schedule"] == 2, "for the GPU and the FPGA"
    fresh = pipeline.decide(pipeline.read(edited["work"]))
    assert (decision.costs, decision.deployment) == (fresh.costs, fresh.deployment)


def test_a_corrupted_entry_is_a_miss(tmp_path: Path) -> None:
    """Whatever byte of the cache's files is wrong, the build is the same."""
    cache = Cache(tmp_path / "cache")
    first = build_model(Order(SMALL, tmp_path / "out", cache=cache), lambda _: None)
    paths = [p for p in cache.folder.glob("*/*") if p.is_file()]
    assert {p.parent.name for p in paths} == STAGES - {"schedule"} | {"build", "inputs"}
    for number, path in enumerate(paths):
        raw = bytearray(path.read_bytes())
        raw[number * 31 % len(raw)] ^= 0x10
        path.write_bytes(raw)
    assert build_model(Order(SMALL, tmp_path / "out", cache=cache), lambda _: None) == first
    assert all(cache.get(p.parent.name, p.name) is not None for p in paths), "made and kept again"


def test_stage_keys_hold_for_one_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the tool does not see what this one kept."""
    store = Cache(tmp_path).of_stages
    store.put("lower", "k", b"content")
    assert store.get("lower", "k") == b"content"
    monkeypatch.setattr("aicompiler.cache.tool_fingerprint", lambda: "another")
    assert store.get("lower", "k") is None


SHARED = Recording()


@settings(max_examples=40, deadline=None)
@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.sampled_from(["+", "-", "*", "^"]))
def test_two_bodies_never_share_an_entry(number: int, value: int, operator: str) -> None:
    """Whatever the store has seen before, a body gets the kernel that it says."""
    signature = Signature(
        "step",
        (
            Parameter("x", ElementType.I32, (), Direction.IN),
            Parameter("y", ElementType.I32, (), Direction.OUT),
        ),
    )
    behaviour = Behaviour(id="b", language="C", body=f"y = x {operator} ({number});")
    kernel = parse(behaviour, signature, SHARED)
    expected = {"+": value + number, "-": value - number, "*": value * number, "^": value ^ number}[operator]
    assert interpret(kernel, {"x": value})["y"] == expected
