"""The file of a network: found inside the model's folder only, of bounded size, parsed and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from aicompiler.metamodels.journal import noted
from aicompiler.metamodels.system import Behaviour

from ._errors import LONGEST_NAME, Refusals, shown

MOST_BYTES = 512 * 1024 * 1024
"""Largest file that is read."""

EXPORT = "export the network again, and check it with onnx.checker"
PART = re.compile(r"part ([0-9]{1,3}) after splitting at")

ADVICE = "the body is the path of an .onnx file relative to the model file, such as nets/classifier.onnx"


@dataclass(frozen=True)
class _Body:
    """The lines of a body: the path, and of a part its number and the tensors to split at."""

    path: str
    rest: tuple[str, ...]

    @classmethod
    def of(cls, behaviour: Behaviour) -> _Body:
        """The body of ``behaviour``, without empty lines."""
        lines = [line.strip() for line in behaviour.body.splitlines() if line.strip()]
        return cls(lines[0] if lines else "", tuple(lines[1:]))


def part_of(behaviour: Behaviour) -> tuple[int, tuple[str, ...]] | None:
    """The number of the part, from 1, and the tensors that the network is split at; ``None`` for the whole.

    Raises ``BodyError`` where something else follows the path.
    """
    rest = _Body.of(behaviour).rest
    if not rest:
        return None
    match, cuts = PART.fullmatch(rest[0]), rest[1:]
    if match is None or not cuts or not 1 <= int(match[1]) <= len(cuts) + 1:
        advice = "after the path write 'part N after splitting at', and one name of a tensor a line"
        raise refusals_of(behaviour).wrong(f"the body goes on with {shown(rest[0])}", advice)
    return int(match[1]), cuts


def refusals_of(behaviour: Behaviour) -> Refusals:
    """The errors of a behaviour, under the path that its body gives."""
    return Refusals(behaviour, " ".join(_Body.of(behaviour).path.split())[:LONGEST_NAME] or "(empty body)")


def read_bytes(behaviour: Behaviour, folder: Path | None) -> bytes:
    """The content of the file that the body names; raises ``BodyError`` where there is none to be read."""
    no = refusals_of(behaviour)
    text = _Body.of(behaviour).path
    if not text or "\0" in text or len(text) > 1024:
        raise no.wrong("the body is no path of a file", ADVICE)
    if folder is None:
        raise no.wrong("there is no folder to look for the file in", "load the model from a file")
    relative = PurePosixPath(text)
    root = folder.resolve()
    path = _inside(root, relative, no)
    if not path.is_file():
        raise no.wrong(f"there is no such file in {root.name or root}", ADVICE)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise no.wrong(f"the file has {size} bytes", f"networks of up to {MOST_BYTES} bytes are read")
    content = path.read_bytes()
    noted(path, content)
    return content


def _inside(root: Path, relative: PurePosixPath, no: Refusals) -> Path:
    """The file, links followed; raises for one outside of ``root``."""
    outside = "the file lies outside of the model's folder"
    if relative.is_absolute() or ".." in relative.parts or "\\" in str(relative):
        raise no.wrong(outside, f"copy it beside the model: {ADVICE}")
    try:
        path = root.joinpath(*relative.parts).resolve()
    except (OSError, RuntimeError):
        raise no.wrong("the path cannot be followed", ADVICE) from None
    if not path.is_relative_to(root):
        raise no.wrong(outside, f"copy it beside the model: {ADVICE}")
    return path


def parsed(content: bytes, no: Refusals) -> Any:
    """The checked ``ModelProto`` of a file, its weights inside; raises ``BodyError`` for all others."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise no.wrong(
            "this is no ONNX file", "export the network again, for instance with onnx.save"
        ) from None
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            message = f"the values of the tensor {shown(tensor.name)} are in another file"
            raise no.wrong(
                message, "save the network with its weights inside: onnx.save(onnx.load(old), new)"
            )
    return model


def checked(model: Any, no: Refusals) -> None:
    """Hold the whole graph against the ONNX standard; raises ``BodyError`` with what the checker says."""
    import onnx

    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        text = " ".join(str(error).split())
        raise no.wrong(
            f"this is no valid network: {text[:200]}",
            EXPORT,
        ) from None
