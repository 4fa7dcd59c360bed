"""What is outside the subset is refused with the place, the construct and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import Behaviour, Source
from aicompiler.transformations.kernels import Signature, UnsupportedConstruct, parse
from aicompiler.transformations.kernels._errors import BodyError

CORPUS = Path(__file__).parent / "corpus" / "refused"


def message_for(text: str, body_of: Any) -> str:
    with pytest.raises(BodyError) as caught:
        body_of(text).kernel()
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_every_refusal_says_where_what_and_what_instead(body_of: Any, golden: Any) -> None:
    """Golden messages of all refused bodies; their first line is line 100 of the model's file."""
    files = sorted(CORPUS.glob("*.c"))
    assert len(files) > 40
    lines = [f"{f.stem}\n    {message_for(f.read_text(encoding='utf-8'), body_of)}\n" for f in files]
    golden("kernels/refusals.txt", "".join(lines))


def test_an_unsupported_construct_carries_its_name(body_of: Any) -> None:
    """The exception keeps the construct for callers that count them."""
    with pytest.raises(UnsupportedConstruct) as caught:
        body_of("// out i32 r\n\nx: goto x;\n").kernel()
    assert caught.value.construct == "label"
    assert isinstance(caught.value, ModelError)
    assert caught.value.diagnostics[0].source == Source(
        file="model.uml", qualified_name="Model::step", line=102
    )


def test_lines_count_the_same_with_carriage_returns(body_of: Any) -> None:
    """Bodies from XML arrive with CR LF; the line of an error does not change."""
    text = "// out i32 r\n/* a comment\n over lines */\nr = 1;\ngoto x;\n"
    assert message_for(text, body_of) == message_for(text.replace("\n", "\r\n"), body_of)
    assert "model.uml:104" in message_for(text, body_of)


def test_a_body_without_a_place_still_names_its_line() -> None:
    """A behaviour that does not know its file gives the line in the body and its own name."""
    with pytest.raises(BodyError, match=r"2.*sobel.*goto|sobel.*goto"):
        parse(Behaviour(id="b1", name="sobel", language="C", body="int x;\ngoto y;\n"), Signature("k", ()))


def test_a_language_without_front_end_is_refused() -> None:
    """The message lists the languages there are."""
    with pytest.raises(UnsupportedConstruct, match=r"'Ada' is outside.*one of: c"):
        parse(Behaviour(id="b", language="Ada", body="null;"), Signature("k", ()))
