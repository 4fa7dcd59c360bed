"""Every rule that an import can speak by is declared once, with a reason and advice, and is really said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import System
from aicompiler.transformations.importers import describe_rules, load_system
from aicompiler.transformations.importers._rules import Rule, RuleBook, RuleClash, Violation
from aicompiler.transformations.importers._rules_page import page

ROOT = Path(__file__).resolve().parents[2]
IMPORTERS = ROOT / "transformations" / "importers"

# Where rules are said: all importers and what they read files by.
SPEAKERS = [
    *sorted(IMPORTERS.rglob("*.py")),
    ROOT / "metamodels" / "xmi.py",
    ROOT / "metamodels" / "plugins.py",
]
# These modules only refer to rules that others say.
LISTENERS = {IMPORTERS / name for name in ("_settled.py", "_gaps.py", "_rules.py", "_rules_page.py")}
# Hyphenated words of the importers that are no rules.
WORDS = {"side-car", "utf-8"}

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
DECLARE = (
    "declare it in transformations/importers/rules.toml with severity, because and step, then run "
    "python -m aicompiler.transformations.importers._rules_page > docs/reference/rules.md "
    "(or, if it is no rule, add the word to WORDS in tests/rules/test_rules.py)"
)


@cache
def said_in(module: Path) -> tuple[tuple[str, str], ...]:
    """The names of rules in a module, with their place; one that is put together has ``*`` in it."""
    return tuple(_said_in(module))


def _said_in(module: Path) -> Iterator[tuple[str, str]]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        place = f"{module.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEBAB.fullmatch(node.value):
            yield node.value, place
        elif isinstance(node, ast.keyword) and node.arg == "rule" and isinstance(node.value, ast.Constant):
            yield str(node.value.value), place
        elif isinstance(node, ast.JoinedStr):
            parts = [str(v.value) if isinstance(v, ast.Constant) else "*" for v in node.values]
            if KEBAB.fullmatch("".join(parts).replace("*", "x")) and parts[0].endswith("-"):
                yield "".join(parts), place
        elif isinstance(node, ast.FunctionDef) and any(_enters(d) for d in node.decorator_list):
            yield node.name.replace("_", "-"), place


def _enters(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".rule")


def said(modules: list[Path]) -> dict[str, str]:
    return {name: place for m in modules for name, place in said_in(m) if name not in WORDS}


def matches(pattern: str, name: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[a-z-]+"), name) is not None


RULES = {rule.name: rule for rule in describe_rules()}


def test_each_rule_that_is_said_is_declared() -> None:
    """A name in the source of the importers that no declaration knows is told with what to do."""
    unknown = {n: p for n, p in said(SPEAKERS).items() if not any(matches(n, known) for known in RULES)}
    assert not unknown, f"not declared: {unknown}: {DECLARE}"


def test_each_rule_that_is_declared_is_said() -> None:
    """A declaration that nothing says any more is removed."""
    spoken = said([m for m in SPEAKERS if m not in LISTENERS])
    silent = [name for name in RULES if not any(matches(pattern, name) for pattern in spoken)]
    assert not silent, f"nothing says {silent}: remove them from transformations/importers/rules.toml"


def test_a_rule_that_is_planted_is_found(tmp_path: Path) -> None:
    """Literals, keywords, f-strings, choices and decorated functions are seen; other strings are not."""
    module = ROOT / "tests" / "rules" / "planted_rules.txt"
    assert dict.fromkeys(name for name, _ in said_in(module)) == dict.fromkeys(
        ["in-call", "in-choice", "in-tuple", "assumed", "by-*", "by-function"]
    )


def test_rules_have_a_reason_and_advice() -> None:
    """Each says why it exists and what to do, in words, once, and belongs to a group."""
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z][a-z0-9-]*", rule.name)
        for text in (rule.because, rule.step):
            assert len(text) >= len("name it"), rule.name
            assert text[0].islower() or text.startswith(("-", "Capella", "SysML")), rule.name
            assert not text.endswith("."), rule.name
        assert rule.because != rule.step


def test_no_diagnostic_is_graver_than_its_rule() -> None:
    """Whatever golden texts of imports say, they say at most with the severity of the declaration."""
    order = list(Severity)
    pattern = re.compile(r"\b(error|warning|note): .*\[([a-z0-9-]+)\]$", re.MULTILINE)
    texts = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "tests" / "golden").rglob("*.txt"))]
    spoken = {found for text in texts for found in pattern.findall(text) if found[1] in RULES}
    assert len(spoken) > 10
    graver = [
        (severity, name)
        for severity, name in spoken
        if order.index(Severity(severity)) < order.index(RULES[name].severity)
    ]
    assert graver == [], "raise the severity in transformations/importers/rules.toml"


def test_the_page_of_rules_is_that_of_the_source() -> None:
    """docs/reference/rules.md lists every rule as it is declared."""
    text = (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    assert text == page(), (
        "run python -m aicompiler.transformations.importers._rules_page > docs/reference/rules.md"
    )
    assert all(f"| `{name}` |" in text for name in RULES)


# --- registering ------------------------------------------------------------------------------------------


def test_a_second_rule_of_a_name_is_refused() -> None:
    """Whether it is declared or has a condition."""
    book = RuleBook()

    @book.rule(Severity.WARNING, because="a name is needed", step="name it")
    def no_name(system: System) -> Iterator[Violation]:
        yield from ()

    with pytest.raises(RuleClash, match="the rule 'no-name' is in 'system' and again in 'uml'"):
        book.add(Rule("no-name", "uml", Severity.NOTE, "another reason", "other advice"))
    assert [rule.name for rule in book] == ["no-name"]


def test_a_condition_speaks_with_its_rule(example: Path) -> None:
    """A violation has the severity and name of its rule, the place of its element, and advice."""
    system, _ = load_system(example)
    book = RuleBook()

    @book.rule(Severity.NOTE, because="names are shown", step="rename it")
    def long_name(system: System) -> Iterator[Violation]:
        yield Violation(system.components[0], "it is long")
        yield Violation(system.components[1], "it is longer", "shorten it")

    (rule,) = book
    first, second = rule.violations(system)
    assert (first.severity, first.rule, first.source) == (
        Severity.NOTE,
        "long-name",
        system.components[0].source,
    )
    assert (first.next_step, second.next_step) == ("rename it", "shorten it")
    assert list(Rule("x", "uml", Severity.NOTE, "a reason", "advice").violations(system)) == []
