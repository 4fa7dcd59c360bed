"""From exceptions to what a user sees: diagnostics on stderr, one JSON document on stdout, an exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from types import FrameType
from typing import Any, NoReturn

from aicompiler.metamodels.diagnostics import AicError, Diagnostic

DEFECT = 1


class Terminated(BaseException):
    """SIGTERM arrived: everything under way is undone, as for Ctrl-C."""


_SIGNALS: dict[type[BaseException], int] = {KeyboardInterrupt: signal.SIGINT, Terminated: signal.SIGTERM}


def heed_signals() -> None:
    """From now on SIGTERM raises ``Terminated``, and no signal is lost.

    Python ignores what is raised while it runs a finaliser or a callback of the collector, a Ctrl-C too; then
    the signal is sent again, a moment later.
    """

    def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    def ignored(what: sys.UnraisableHookArgs) -> None:
        for kind, number in _SIGNALS.items():
            if issubclass(what.exc_type, kind):
                threading.Timer(0.01, signal.raise_signal, [number]).start()
                return
        sys.__unraisablehook__(what)

    signal.signal(signal.SIGTERM, terminate)
    sys.unraisablehook = ignored


def run_command(command: Callable[[], Any], as_json: bool) -> int:
    """Run ``command`` and print its result as JSON if asked; gives the exit code (its own if it has one).

    A failure that the user can act on prints its diagnostics; anything else is a defect of ours and keeps its
    traceback.
    """
    try:
        heed_signals()
        result = command()
    except BrokenPipeError:
        return _unread()
    except AicError as error:
        print_diagnostics(error.diagnostics)
        if as_json:
            print_json({"ok": False, "exit_code": error.exit_code, "diagnostics": as_data(error.diagnostics)})
        return error.exit_code
    except BaseException as error:
        if (number := _stopped_by(error)) is None:
            raise
        how = "interrupted" if number == signal.SIGINT else "terminated"
        print(f"{how}; what the output folder holds is whole", file=sys.stderr)
        return 128 + number
    return _finished(result, as_json)


def _finished(result: Any, as_json: bool) -> int:
    try:
        if as_json:
            print_json(result)
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread()
    return int(result.get("exit_code", 0)) if isinstance(result, dict) else 0


def _unread() -> int:
    """What a shell gives a program whose reader closed the pipe; nothing more can be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _stopped_by(error: BaseException | None) -> int | None:
    """The signal that stopped us: a module in C turns what its import raises into another error."""
    while error is not None:
        for kind, number in _SIGNALS.items():
            if isinstance(error, kind):
                return number
        error = error.__cause__ or error.__context__
    return None


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """One line a diagnostic, on stderr."""
    for diagnostic in diagnostics:
        print(printable(str(diagnostic)), file=sys.stderr)


def printable(text: str) -> str:
    """One line for a terminal: control and direction characters of foreign names are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def as_data(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics as JSON data, with plain severities."""
    return [asdict(d) | {"severity": d.severity.value} for d in diagnostics]


def print_json(document: Any) -> None:
    """The one document that a command puts on stdout."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")
