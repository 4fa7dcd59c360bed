"""``verdict.sarif`` against the schema of SARIF 2.1.0 and the validator of the format's own SDK.

Both come with the npm package ``@microsoft/sarif-multitool-linux``, which .ci/run installs; elsewhere:
``npm install --prefix .tools @microsoft/sarif-multitool-linux@5.7.0``.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aicompiler.codegen.report import BuildRecord, verdict_sarif

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / ".tools" / "node_modules" / "@microsoft" / "sarif-multitool-linux"


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The folder of the SDK's package."""
    if not PACKAGE.is_dir():
        pytest.skip("npm install --prefix .tools @microsoft/sarif-multitool-linux@5.7.0 was not run")
    return PACKAGE


@pytest.fixture(scope="module")
def schema(sdk: Path) -> Any:
    """A validator of the schema of SARIF 2.1.0."""
    text = (sdk / "sarif-2.1.0.json").read_text(encoding="utf-8-sig")
    return jsonschema.Draft202012Validator(json.loads(text))


def test_the_log_of_a_build_fits_the_schema(schema: Any, record: BuildRecord) -> None:
    """Nothing in the log of a build is outside SARIF 2.1.0."""
    assert [error.message for error in schema.iter_errors(json.loads(verdict_sarif(record)))] == []


@pytest.mark.parametrize(
    ("key", "value"), [("level", "fatal"), ("ruleIndex", "first"), ("message", {}), ("colour", "red")]
)
def test_the_schema_notices_what_is_wrong(schema: Any, record: BuildRecord, key: str, value: Any) -> None:
    """A wrong level, index, message or property is refused: the schema is one that can fail."""
    log = json.loads(verdict_sarif(record))
    log["runs"][0]["results"][0][key] = value
    assert not schema.is_valid(log)


def test_the_sdk_finds_no_error(sdk: Path, record: BuildRecord, tmp_path: Path) -> None:
    """The validator of the SDK, which knows more rules than the schema, reports no error."""
    log, found = tmp_path / "verdict.sarif", tmp_path / "found.sarif"
    log.write_bytes(verdict_sarif(record))
    tool = sdk / "Sarif.Multitool"
    tool.chmod(0o755)
    command = [str(tool), "validate", str(log), "--output", str(found), "--log", "ForceOverwrite"]
    environment = os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(found.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
    assert [r for r in results if r.get("level", "warning") == "error"] == []
