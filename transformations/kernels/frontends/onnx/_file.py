"""The file of a network: found inside the model's folder only, of bounded size, parsed and checked."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from aicompiler.metamodels.system import Behaviour

from ._errors import LONGEST_NAME, Refusals, shown

MOST_BYTES = 512 * 1024 * 1024
"""Largest file that is read."""

ADVICE = "the body is the path of an .onnx file relative to the model file, such as nets/classifier.onnx"


def refusals_of(behaviour: Behaviour) -> Refusals:
    """The errors of a behaviour, under the path that its body gives."""
    return Refusals(behaviour, behaviour.body.strip()[:LONGEST_NAME] or "(empty body)")


def read_bytes(behaviour: Behaviour, folder: Path | None) -> bytes:
    """The content of the file that the body names; raises ``BodyError`` where there is none to be read."""
    no = refusals_of(behaviour)
    text = behaviour.body.strip()
    if not text or "\n" in text or "\0" in text or len(text) > 1024:
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
    return path.read_bytes()


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
        first = str(error).strip().splitlines() or [""]
        raise no.wrong(
            f"this is no valid network: {first[0][:200]}",
            "export the network again, and check it with onnx.checker",
        ) from None
