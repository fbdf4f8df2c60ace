# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow doctor`: one screen, JSON, and the exit code."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from zeroflow_ros import doctor
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.doctor import Finding, Level

FINE = Finding(Level.ok, "3.12.3, /usr/bin/python3", "", "Python")
NOTE = Finding(Level.note, "not installed", "pip install 'zeroflow_ros[odometry]'", "KISS-ICP")
BROKEN = Finding(Level.broken, "cannot be loaded", "pip install onnxruntime", "ONNX Runtime")


def run(monkeypatch: pytest.MonkeyPatch, found: list[Finding], *options: str) -> Result:
    monkeypatch.setattr(doctor, "examine", lambda: found)
    return CliRunner().invoke(build_app(), ["doctor", *options], env={"COLUMNS": "100"})


def test_notes_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, [FINE, NOTE])
    assert result.exit_code == 0
    assert run(monkeypatch, [FINE]).stdout.splitlines()[-1] == "all that is needed works"
    assert run(monkeypatch, [NOTE] * 2).stdout.endswith("works; 2 notes, see above\n")
    python, icp, cure, last = result.stdout.splitlines()
    assert python.split() == ["ok", "Python", "3.12.3,", "/usr/bin/python3"]
    assert icp.split() == ["note", "KISS-ICP", "not", "installed"]
    assert cure.strip() == "pip install 'zeroflow_ros[odometry]'"  # brackets are no style
    assert last == "all that is needed works; 1 note, see above"


def test_a_cure_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    command = f"export FASTRTPS_DEFAULT_PROFILES_FILE=/{'very/' * 30}long.xml"
    result = run(monkeypatch, [NOTE._replace(cure=command)])
    assert command in [line.strip() for line in result.stdout.splitlines()]


def test_what_is_broken_and_needed_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, [FINE, NOTE, BROKEN])
    assert result.exit_code == 1
    assert "broken  ONNX Runtime" in result.stdout
    assert result.stdout.splitlines()[-1] == "broken: 1, see above"


@pytest.mark.parametrize("found", [[FINE, NOTE], [BROKEN]])
def test_json(monkeypatch: pytest.MonkeyPatch, found: list[Finding]) -> None:
    result = run(monkeypatch, found, "--json")
    told = json.loads(result.stdout)
    assert told["works"] is (BROKEN not in found)
    assert result.exit_code == int(not told["works"])
    assert [Finding(**each) for each in told["findings"]] == found


def test_it_says_something_here() -> None:
    result = CliRunner().invoke(build_app(), ["doctor", "--json"])
    subjects = {each["subject"] for each in json.loads(result.stdout)["findings"]}
    assert {"Python", "bundled models", "ROS", "socket buffers"} <= subjects
