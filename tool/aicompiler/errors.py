"""From exceptions to what a user sees: diagnostics on stderr, one JSON document on stdout, an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from aicompiler.metamodels.diagnostics import AicError, Diagnostic

DEFECT = 1
INTERRUPTED = 130


def run_command(command: Callable[[], Any], as_json: bool) -> int:
    """Run ``command`` and print its result as JSON if asked; returns the exit code.

    A failure that the user can act on prints its diagnostics; anything else is a defect of ours and keeps its
    traceback.
    """
    try:
        result = command()
    except AicError as error:
        print_diagnostics(error.diagnostics)
        if as_json:
            print_json({"ok": False, "exit_code": error.exit_code, "diagnostics": as_data(error.diagnostics)})
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    if as_json:
        print_json(result)
    return 0


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """One line a diagnostic, on stderr."""
    for diagnostic in diagnostics:
        print(diagnostic, file=sys.stderr)


def as_data(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics as JSON data, with plain severities."""
    return [asdict(d) | {"severity": d.severity.value} for d in diagnostics]


def print_json(document: Any) -> None:
    """The one document that a command puts on stdout."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")
