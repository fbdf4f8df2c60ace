# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Documents: no dead link, no stale table, and the site builds without a warning."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from zeroflow_ros.cli.main import build_app

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "models/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"(?:\]\(|src=\")([^)\"\s]+)[)\"]")
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LISTING = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
COLUMNS = 100  # of a listing on the site; what is longer is cut


def anchors(document: str) -> set[str]:
    """What GitHub lets one link to in a document."""
    text = re.sub(r"^ *```.*?^ *```", "", document, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    path = ROOT / name
    dead = []
    for link in LINK.findall(CODE.sub("", path.read_text())):
        if re.match("[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = path.parent / target if target else path
        # Of the API's page the anchors are made when the site is built.
        alive = file.is_file() and (not anchor or anchor in anchors(file.read_text()))
        if not alive:
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_listings_fit_on_the_page(name: str) -> None:
    """What one types or copies; what programs print (`text`) may be longer."""
    listings = LISTING.findall((ROOT / name).read_text())
    lines = [line for kind, code in listings if kind != "text" for line in code.splitlines()]
    assert [line for line in lines if len(line) > COLUMNS] == []


def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="pip install 'zeroflow_ros[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr
    api = (tmp_path / "python.html").read_text()
    assert "zeroflow_ros.FlowEstimator.update" in api
    assert "What moves, and how fast" in (tmp_path / "index.html").read_text()


def test_every_page_is_in_the_sites_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text()
    pages = [name.removeprefix("docs/") for name in DOCUMENTS if name.startswith("docs/")]
    assert [page for page in pages if f"- {page}\n" not in menu] == []


def test_table_of_the_models_is_that_of_their_cards() -> None:
    pytest.importorskip("onnxruntime")
    zoo = runpy.run_path(str(SCRIPTS / "model_zoo.py"))
    page = (ROOT / "docs/models.md").read_text()
    assert zoo["with_table"](page) == page, "run: python scripts/model_zoo.py"


def test_every_verb_is_in_the_table_of_the_command_line() -> None:
    commands: dict[str, Any] = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]
    page = (ROOT / "docs/command_line.md").read_text()
    rows = re.findall(r"^\| (`.*`) \|.*\| (yes|no) \|$", page, re.MULTILINE)
    told = {verb: json for verbs, json in rows for verb in re.findall("`([^`]+)`", verbs)}
    takes_json = {
        name: "yes" if any("--json" in each.opts for each in command.params) else "no"
        for name, command in commands.items()
    }
    assert told == takes_json


def test_reference_of_commands_has_all_options_and_defaults() -> None:
    reference = runpy.run_path(str(SCRIPTS / "command_reference.py"))["command_reference"]()
    run = reference[reference.index("\n## run\n") : reference.index("\n## simulate\n")]
    assert "\nzeroflow run [OPTIONS] IN_BAG OUT_BAG\n" in run
    assert "| <code>--backend &lt;auto&#124;tensorrt&#124;onnxruntime_cuda&#124;" in run
    assert "[default: auto]" in run
    assert "\nzeroflow run drive/ drive_with_flow/\n" in run
    assert "\nzeroflow card [OPTIONS] [MODEL]\n" in reference
    assert "[bold]" not in reference
