"""Bodies in comments: the textual representations in Alf that operations and behaviours carry."""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour

from ._resource import EObject
from ._view import UmlModel, is_a

_LANGUAGE = "alf"


def textual_bodies(model: UmlModel) -> dict[EObject, list[EObject]]:
    """Element -> the comments with its text in Alf, by what they annotate, else by what owns them."""
    found: dict[EObject, list[EObject]] = {}
    for application in model.applications("TextualRepresentation"):
        comment = application.base
        if not is_a(comment, "Comment") or not (comment.body or "").strip():
            continue
        if (model.text(application, "language") or "").lower() != _LANGUAGE:
            continue
        for element in list(comment.annotatedElement) or [comment.eContainer()]:
            found.setdefault(element, []).append(comment)
    return found


def textual_behaviour(model: UmlModel, owner: str, element: EObject, comment: EObject) -> Behaviour:
    """What a comment says of the behaviour of ``element``."""
    lines = model.resource.text_lines.get((comment, "body"), [])
    return Behaviour(
        id=f"{owner}.{model.id(comment)}",
        name=element.name or "",
        source=model.source(comment, lines[0] if lines else None),
        language="Alf",
        body=comment.body.replace("\r\n", "\n").replace("\r", "\n"),
    )
