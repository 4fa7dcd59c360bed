"""Write docs/reference/rules.md: ``python -m aicompiler.transformations.importers._rules_page > FILE``."""

from __future__ import annotations

from collections.abc import Iterator

from ._rulebook import describe_rules
from ._rules import Rule

_GROUPS = {
    "system": "The system, whatever it was imported from",
    "files": "Files",
    "sidecar": "Side-cars",
    "model": "Models of several kinds",
    "uml": "UML, SysML and MARTE",
    "capella": "Capella",
    "amalthea": "AMALTHEA",
}

_HEAD = """\
# Rules

What `check` and `build` may say about a model and its side-car. Every diagnostic ends with the name of its
rule in square brackets. An *error* stops the build, a *warning* counts in the verdict, a *note* only informs;
the severity here is the gravest that a rule is said with. SARIF and the report give the same reasons.

This page is generated:
`python -m aicompiler.transformations.importers._rules_page > docs/reference/rules.md`.
"""


def page() -> str:
    """The page in Markdown; a group without a heading of its own comes last, under its name."""
    rules = describe_rules()
    groups = [*_GROUPS, *sorted({r.group for r in rules} - set(_GROUPS))]
    parts = [_HEAD]
    for group in groups:
        found = sorted((r for r in rules if r.group == group), key=lambda r: r.name)
        if found:
            parts.append("\n".join(_section(_GROUPS.get(group, group), found)))
    return "\n".join(parts)


def _section(title: str, rules: list[Rule]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| rule | severity | why | what to do |"
    yield "|---|---|---|---|"
    for rule in rules:
        cells = (f"`{rule.name}`", rule.severity.value, rule.because, rule.step)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


if __name__ == "__main__":
    print(page(), end="")
