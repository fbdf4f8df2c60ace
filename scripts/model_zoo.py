#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the table of the bundled models into docs/models.md, from the models' own cards."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from zeroflow_ros.model import bundled_models, load_card

PAGE = Path(__file__).parents[1] / "docs/models.md"
RUNS_ON = {"fp32": "any engine", "fp16": "TensorRT", "int8": "CPU"}
_TABLE = re.compile(r"(?<=<!-- by scripts/model_zoo.py -->\n).*?(?=<!-- end -->)", re.DOTALL)


def zoo_table() -> str:
    """Markdown of all bundled models, one row for each file."""
    rows = [_row(name, path) for name, path in sorted(bundled_models().items())]
    head = "| model | version | sweeps | precision | for | MB | commit | SHA-256 of the file |"
    return "\n".join([head, "|---|---|---|---|---|---:|---|---|", *rows]) + "\n"


def with_table(page: str) -> str:
    """The page with the table anew. Raises ValueError where it has no place for one."""
    if not _TABLE.search(page):
        raise ValueError(f"{PAGE} has lost the comments between which the table stands")
    return _TABLE.sub(lambda _: zoo_table(), page)


def _row(name: str, path: Path) -> str:
    card, content = load_card(path), path.read_bytes()
    return (
        f"| `{name}` | {card.version} | {card.history} | {card.precision} "
        f"| {RUNS_ON[card.precision]} | {len(content) / 1e6:.1f} | `{card.git_commit}` "
        f"| `{hashlib.sha256(content).hexdigest()[:16]}` |"
    )


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
    print(PAGE)
