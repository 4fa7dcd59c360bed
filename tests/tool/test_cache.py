"""The cache returns what was put in, or nothing: never something else."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from aicompiler.cache import Cache, default_folder, key_of
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_what_was_put_is_got(store: Cache) -> None:
    """An entry comes back as it was; another key or stage is a miss."""
    store.put("build", "k", b"content")
    assert store.get("build", "k") == b"content"
    assert store.get("build", "other") is None
    assert store.get("kernel", "k") is None


@pytest.mark.parametrize("place", [0, 15, 40, -1])
def test_a_damaged_entry_is_a_miss(store: Cache, place: int) -> None:
    """One flipped byte anywhere makes the entry a miss and removes it."""
    store.put("build", "k", b"content" * 20)
    path = store.folder / "build" / "k"
    raw = bytearray(path.read_bytes())
    raw[place] ^= 0x40
    path.write_bytes(raw)
    assert store.get("build", "k") is None
    assert not path.exists()


def test_a_truncated_entry_is_a_miss(store: Cache) -> None:
    """A file that a full disk cut short is a miss."""
    store.put("build", "k", b"content" * 20)
    path = store.folder / "build" / "k"
    path.write_bytes(path.read_bytes()[:50])
    assert store.get("build", "k") is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A file in the place of the folder makes the cache useless, not the build."""
    (tmp_path / "cache").write_bytes(b"")
    store = Cache(tmp_path / "cache")
    store.put("build", "k", b"content")
    assert store.get("build", "k") is None


def test_the_least_recently_used_goes_first(store: Cache) -> None:
    """Above the limit the entry that was not used for longest is removed."""
    content = os.urandom(10_000)
    small = Cache(store.folder, limit_bytes=25_000)
    for age, key in ((300, "old"), (200, "used")):
        small.put("build", key, content)
        path = small.folder / "build" / key
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    assert small.get("build", "old") == content
    small.put("build", "new", content)
    assert small.get("build", "used") is None
    assert small.get("build", "old") == content
    assert small.get("build", "new") == content


def test_info_and_clear_count_entries(store: Cache) -> None:
    """``info`` counts by stage; ``clear`` leaves nothing."""
    store.put("build", "a", b"1")
    store.put("kernel", "b", b"2")
    store.put("kernel", "c", b"3")
    assert store.info().entries == {"build": 1, "kernel": 2}
    assert store.clear() == 3
    assert store.info().entries == {}


def _write_many(folder: Path, worker: int) -> None:
    store = Cache(folder, limit_bytes=200_000)
    for number in range(100):
        key = f"k{number % 7}"
        store.put("build", key, key.encode() * 5_000)
        found = store.get("build", f"k{(number + worker) % 7}")
        assert found is None or found == f"k{(number + worker) % 7}".encode() * 5_000


def test_concurrent_writers_never_mix(tmp_path: Path) -> None:
    """Processes that write and read the same keys see whole entries or none."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_many, args=(tmp_path, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert not list(tmp_path.rglob(".*"))


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_keys_tell_inputs_apart(first: list[bytes], second: list[bytes]) -> None:
    """Two lists of inputs have one key exactly if they are equal, however they are cut."""
    assert (key_of(*first) == key_of(*second)) is (first == second)


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``AIC_CACHE_DIR`` goes before ``XDG_CACHE_HOME``."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("AIC_CACHE_DIR", raising=False)
    assert default_folder() == tmp_path / "aicompiler"
    monkeypatch.setenv("AIC_CACHE_DIR", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
