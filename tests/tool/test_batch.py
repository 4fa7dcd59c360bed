"""A batch builds every model it is given, whatever one of them does."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from aicompiler.batch import BatchFailed, Limits, ModelResult, raise_worst, run_batch
from lxml import html

MODELS = Path(__file__).resolve().parent.parent / "errors" / "models"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Good models and bad ones, two of them with one name in two folders."""
    root = tmp_path_factory.mktemp("models")
    (root / "other").mkdir()
    for name in ("fine", "quoted_name", "truncated", "shape_mismatch"):
        shutil.copy(MODELS / f"{name}.uml", root)
    shutil.copy(MODELS / "fine.uml", root / "other" / "fine.uml")
    return sorted(root.rglob("*.uml"))


@pytest.fixture(scope="module")
def done(mixed: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[ModelResult, ...]]:
    out = tmp_path_factory.mktemp("batch") / "out"
    return out, run_batch(mixed, out, 2, Limits(), lambda _: None)


def files(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_bad_models_do_not_stop_the_good_ones(
    mixed: list[Path], done: tuple[Path, tuple[ModelResult, ...]]
) -> None:
    """Every model has its result: built ones a report, refused ones their exit code and messages."""
    out, results = done
    assert [r.model for r in results] == [str(p) for p in mixed]
    codes = {Path(r.model).stem: r.exit_code for r in results}
    assert codes == {"fine": 0, "quoted_name": 0, "shape_mismatch": 3, "truncated": 2}
    for result in results:
        assert (out / result.folder / "report.html").is_file() is (result.exit_code == 0)
        assert result.messages or result.exit_code == 0
    assert len({r.folder for r in results}) == len(results)


def test_the_index_leads_to_every_report(done: tuple[Path, tuple[ModelResult, ...]]) -> None:
    """The index page has a row a model and its links lead to reports that exist."""
    out, results = done
    page = html.fromstring((out / "index.html").read_bytes())
    links = page.xpath("//tbody//a/@href")
    assert len(page.xpath("//tbody/tr")) == len(results)
    assert len(links) == 3
    assert all((out / link).is_file() for link in links)
    assert len(json.loads((out / "index.json").read_text())["models"]) == len(results)


def test_any_number_of_workers_gives_the_same_files(
    mixed: list[Path], done: tuple[Path, tuple[ModelResult, ...]], tmp_path: Path
) -> None:
    """One worker writes the same bytes as two."""
    run_batch(mixed, tmp_path / "out", 1, Limits(), lambda _: None)
    assert files(tmp_path / "out") == files(done[0])


def test_an_unchanged_batch_builds_nothing_again(mixed: list[Path], tmp_path: Path) -> None:
    """A second batch takes over what is there and builds only what changed or is missing."""
    models = [p for p in mixed if p.stem in {"fine", "truncated"}]
    said: list[str] = []
    first = run_batch(models, tmp_path, 2, Limits(), said.append)
    said.clear()
    assert run_batch(models, tmp_path, 2, Limits(), said.append) == first
    assert said == [f"{len(models)} of {len(models)} models are unchanged since the last batch"]
    (tmp_path / first[0].folder / "verdict.json").unlink()
    said.clear()
    assert run_batch(models, tmp_path, 2, Limits(), said.append) == first
    assert len(said) == 2


def test_a_model_that_takes_too_long_is_stopped(mixed: list[Path], tmp_path: Path) -> None:
    """The time limit ends one model with a sentence, and the batch goes on; nothing half-written stays."""
    [result] = run_batch(mixed[:1], tmp_path, 1, Limits(seconds=0.05), lambda _: None)
    assert (result.exit_code, result.verdict) == (124, "timed out")
    assert "raise --time-limit" in result.messages[0]
    assert not (tmp_path / result.folder / "report.html").exists()


def test_a_model_that_needs_too_much_memory_is_stopped(mixed: list[Path], tmp_path: Path) -> None:
    """The memory limit ends one model as a failure with a message, not the batch."""
    limits = Limits(memory_bytes=96 * 1024**2)
    results = run_batch(mixed[:2], tmp_path, 1, limits, lambda _: None)
    assert all(r.exit_code != 0 and r.messages for r in results)


def test_the_worst_result_sets_the_exit_code(done: tuple[Path, tuple[ModelResult, ...]]) -> None:
    """A batch with models in error raises with the highest exit code and names each of them."""
    _, results = done
    with pytest.raises(BatchFailed, match="truncated") as caught:
        raise_worst(results)
    assert caught.value.exit_code == 3
    assert len(caught.value.diagnostics) == 2
    raise_worst([r for r in results if not r.exit_code])
