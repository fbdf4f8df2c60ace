# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The `zeroflow` command itself: help, version, errors, add-on verbs, speed of the start."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from zeroflow_ros.cli import main as command
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.cli.summary import print_json
from zeroflow_ros.errors import CloudError


def add_on(monkeypatch, register):
    """Pretend that a package with the entry point is installed."""
    entry = SimpleNamespace(name="extra", value="extra.module:register", load=lambda: register)
    real = metadata.entry_points

    def entry_points(*, group):
        return [entry] if group == "zeroflow.commands" else real(group=group)

    monkeypatch.setattr(command.metadata, "entry_points", entry_points)


def raising(error):
    def register(app):
        @app.command("fail")
        def fail() -> None:
            """Fail as told."""
            raise error

    return register


def test_help_lists_the_verbs_and_examples():
    result = CliRunner().invoke(build_app(), ["--help"])
    assert result.exit_code == 0
    for word in ("run", "pair", "build-engine", "Examples", "--version"):
        assert word in result.output


def verbs():
    """All that are installed, those of the training package too."""
    own = {
        *("run", "pair", "picture", "animate", "view", "replay", "build-engine", "card", "doctor"),
    }
    return sorted(own | {entry.name for entry in metadata.entry_points(group="zeroflow.commands")})


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help_with_an_example(verb):
    result = CliRunner().invoke(build_app(), [verb, "-h"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"zeroflow {verb}" in result.output


@pytest.mark.parametrize("verb", sorted({*verbs()} - {"average", "curves"}))
def test_every_verb_speaks_json_but_those_that_say_a_path_and_nothing_else(verb):
    assert "--json" in CliRunner().invoke(build_app(), [verb, "--help"]).output


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_is_in_the_docs(verb):
    text = (Path(__file__).parents[2] / "docs/command_line.md").read_text()
    assert f"`{verb}`" in text


def test_exit_codes_are_told():
    result = CliRunner().invoke(build_app(), ["-h"])
    assert "0 done, 1 an error" in result.output
    assert "--install-completion" in result.output


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("bu", "build-engine"), ("pair --i", "--interval"), ("fit --st", "--steps")],
)
def test_the_tab_key_completes_verbs_and_options(typed, offered):
    words = f"zeroflow {typed}"
    asked = {
        "_ZEROFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = CliRunner().invoke(build_app(), [], env=asked, prog_name="zeroflow")
    assert offered in result.output.split()


def test_json_has_null_for_nan_and_text_for_paths(capsys):
    print_json({"output": Path("a/b"), "nested": {"epe": float("nan"), "all": (1.5, float("inf"))}})
    assert json.loads(capsys.readouterr().out) == {
        "output": "a/b", "nested": {"epe": None, "all": [1.5, None]}
    }  # fmt: skip


def test_version():
    result = CliRunner().invoke(build_app(), ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("zeroflow_ros ")


def test_wrong_usage_exits_2():
    assert CliRunner().invoke(build_app(), ["run", "only_one"]).exit_code == 2
    assert CliRunner().invoke(build_app(), ["fly"]).exit_code == 2


def test_help_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['zeroflow', '--help']\n"
        "from zeroflow_ros.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    code = end.code\n"
        "heavy = ('numpy', 'numba', 'rosbags', 'onnxruntime', 'PIL', 'torch', 'kiss_icp')\n"
        "print(code, [name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stderr.splitlines()[-1] == "0 []"


def test_zeroflow_error_of_any_verb_is_one_line(monkeypatch):
    add_on(monkeypatch, raising(CloudError("cloud 'a.npy' does not exist")))
    result = CliRunner().invoke(build_app(), ["fail"])
    assert result.exit_code == 1
    assert result.stderr == "zeroflow: error: cloud 'a.npy' does not exist\n"
    assert result.stdout == ""


def test_a_missing_package_of_an_extra_is_one_line(monkeypatch):
    add_on(monkeypatch, raising(ModuleNotFoundError("no torch", name="torch.nn")))
    result = CliRunner().invoke(build_app(), ["fail"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "zeroflow fail needs the Python package 'torch'" in line
    assert "pip install 'zeroflow_ros[training]'" in line


def test_ctrl_c_exits_130(monkeypatch):
    add_on(monkeypatch, raising(KeyboardInterrupt()))
    result = CliRunner().invoke(build_app(), ["fail"])
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def test_ctrl_c_in_compiled_code_exits_130(monkeypatch):
    error = SystemError("<function> returned a result with an exception set")
    error.__cause__ = KeyboardInterrupt()
    add_on(monkeypatch, raising(error))
    result = CliRunner().invoke(build_app(), ["fail"])
    assert result.exit_code == 130
    assert result.stderr == "zeroflow: interrupted\n"


def test_a_file_that_cannot_be_written_is_one_line(monkeypatch):
    add_on(monkeypatch, raising(PermissionError(13, "Permission denied", "/runs")))
    result = CliRunner().invoke(build_app(), ["fail"])
    assert result.exit_code == 1
    assert result.stderr == "zeroflow: error: cannot read or write '/runs': Permission denied\n"


def test_a_broken_add_on_does_not_take_the_verbs_along(monkeypatch):
    def broken(app):
        raise ImportError("No module named 'torch'")

    add_on(monkeypatch, broken)
    result = CliRunner().invoke(build_app(), ["run", "--help"])
    assert result.exit_code == 0
    assert result.stderr == ""
    result = CliRunner().invoke(build_app(), ["extra", "--fast", "argument"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "'extra' cannot be loaded from extra.module:register: No module named 'torch'" in line


def test_module_can_be_run():
    result = subprocess.run(
        [sys.executable, "-m", "zeroflow_ros.cli", "--version"], capture_output=True, text=True
    )
    assert result.returncode == 0
    assert result.stdout.startswith("zeroflow_ros")
