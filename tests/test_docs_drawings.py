# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drawings of the docs are what their script draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
NAMES = {"flow.svg", "flow_conventions.svg"}


def test_drawings_are_drawn_anew_to_the_byte(tmp_path: Path) -> None:
    script = ROOT / "scripts/docs_drawings.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True, capture_output=True)
    assert {path.name for path in tmp_path.iterdir()} == NAMES
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (ROOT / "docs/images" / name).read_bytes()


def test_drawings_bring_their_own_white_and_say_what_they_show() -> None:
    for name in NAMES:
        title, back, *_ = ElementTree.parse(ROOT / "docs/images" / name).getroot()
        assert title.text
        assert back.get("fill") == "#ffffff"
