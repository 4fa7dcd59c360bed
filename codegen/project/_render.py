"""Templates: strict, overridable by name, and with a trace from lines to model elements."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aicompiler.codegen._files import GeneratedFile, TraceLink
from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined, TemplateError

from ._initial import c_comment, c_string

_MARK = re.compile("\x01([0-9]+)\x01")


class Renderer:
    """Renders templates of ``codegen/templates/``, or those of the same name in the user's folder."""

    def __init__(self, overrides: Path | None = None) -> None:
        if overrides is not None and not overrides.is_dir():
            raise _broken(
                f"{overrides} is no folder of templates", "give the folder that holds NAME.j2 files"
            )
        loaders = [FileSystemLoader(overrides)] if overrides is not None else []
        self._environment = Environment(
            loader=ChoiceLoader([*loaders, PackageLoader("aicompiler.codegen", "templates")]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # C and CMake; text of the model passes through the filters below
        )
        self._environment.filters |= {"c_string": c_string, "comment": c_comment, "cmake": _cmake}

    def file(self, path: str, template: str, **values: Any) -> GeneratedFile:
        """One generated file; ``trace(id)`` in the template links its line to a model element."""
        elements: list[str] = []

        def trace(element: str) -> str:
            elements.append(element)
            return f"\x01{len(elements) - 1}\x01"

        try:
            text = self._environment.get_template(template).render(trace=trace, **values)
        except TemplateError as error:
            raise _broken(
                f"template {template}: {error}", "compare it with the one that it overrides"
            ) from error
        links = tuple(
            TraceLink(elements[int(mark)], number)
            for number, line in enumerate(text.split("\n"), start=1)
            for mark in _MARK.findall(line)
        )
        return GeneratedFile(path, _MARK.sub("", text).encode(), links)


def _cmake(text: str) -> str:
    """``text`` as a quoted argument of CMake."""
    return '"' + re.sub(r'([\\"$;])', r"\\\1", c_comment(text).replace(";", "?")) + '"'


def _broken(message: str, next_step: str) -> UnreadableInput:
    return UnreadableInput(
        Diagnostic(severity=Severity.ERROR, rule="template", message=message, next_step=next_step)
    )
