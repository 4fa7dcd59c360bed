"""What Alf does not allow, and what is outside the subset, is told with place, name and advice."""

from __future__ import annotations

from typing import Any

import pytest
from aicompiler.transformations.kernels import UnsupportedConstruct
from aicompiler.transformations.kernels._errors import BodyError
from bodies import CORPUS, Body, read_body, signature_of

FILES = sorted((CORPUS / "refused").glob("*.alf"))


def message_for(body: Body) -> str:
    with pytest.raises(BodyError) as caught:
        body.kernel()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.source is not None and diagnostic.source.line >= 100
    assert diagnostic.next_step, diagnostic.message
    return str(caught.value)


def test_every_refusal_says_where_what_and_what_instead(golden: Any) -> None:
    """Golden messages of all refused bodies; their first line is line 100 of the model's file."""
    assert len(FILES) > 40
    lines = [f"{f.stem}\n    {message_for(read_body(f))}\n" for f in FILES]
    golden("alf/refusals.txt", "".join(lines))


def test_constructs_outside_the_subset_carry_their_name() -> None:
    """The exception keeps the construct, and says that it speaks of Alf."""
    with pytest.raises(UnsupportedConstruct, match="break is outside the Alf subset") as caught:
        Body("break;", signature_of("// out i32 r", "k")).kernel()
    assert caught.value.construct == "break"


def test_lines_count_the_same_with_carriage_returns() -> None:
    """Bodies from XML arrive with CR LF; the line of an error does not change."""
    text = "// a\n/* b\n c */\nr = 1;\nr = y;\n"
    signature = signature_of("// out i32 r", "k")
    unix, dos = (message_for(Body(t, signature)) for t in (text, text.replace("\n", "\r\n")))
    assert unix == dos
    assert "model.uml:104" in unix


@pytest.mark.parametrize(
    "text",
    ["r = " + "(" * 3000 + "1" + ")" * 3000 + ";", "{" * 3000 + "}" * 3000, "r = " + "- " * 5000 + "1;"],
)
def test_deep_nesting_is_refused_not_fatal(text: str) -> None:
    """A body that is nested beyond all sense gets a message."""
    with pytest.raises(BodyError, match="nested"):
        Body(text, signature_of("// out i32 r", "k")).kernel()


@pytest.mark.parametrize("cut", range(0, 240, 7))
def test_cut_bodies_are_told(cut: int) -> None:
    """Any beginning of a body is lowered or refused with a message, never with a traceback."""
    path = CORPUS / "accepted" / "cases.alf"
    body = read_body(path)
    try:
        Body(body.text[: 60 + cut], body.signature).kernel()
    except BodyError as error:
        assert error.diagnostics[0].source is not None
