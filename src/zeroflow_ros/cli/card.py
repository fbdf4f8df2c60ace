# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow card`: what a model is, from the card in its file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from zeroflow_ros.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zeroflow_ros.model import ModelCard

_EPILOG = """
[bold]Examples[/bold]

  zeroflow card                            [dim]# of the default model[/dim]

  zeroflow card mine_int8.onnx
"""


def card(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="Bundled model's name or an .onnx file; default: the one for CPUs.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a model's card: what it looks at, what it learned from, how far engines may differ.

    The file's weights are checked against it.
    """
    import dataclasses

    from zeroflow_ros.cli.summary import print_json
    from zeroflow_ros.model import find_model, load_card

    path = find_model(model)
    found = load_card(path)
    if as_json:
        print_json({"path": path, **dataclasses.asdict(found)})
    else:
        _show(path, dict(_rows(found)))


def _rows(card: ModelCard) -> Iterator[tuple[str, str]]:
    grid = card.grid
    pillars, points = card.typical
    yield "model", f"{card.name} {card.version}"
    yield "sweeps", f"{card.history}, of {_ages(card)} s before the newest"
    yield (
        "looks at",
        f"|x|, |y| < {grid.range_m} m, {grid.z_min_m} to {grid.z_max_m} m above the ground, in "
        f"pillars of {grid.cell_m} m",
    )
    yield "ground", "seen by the model" if card.ground == "keep" else "taken out before"
    yield "bodies", f"{card.bodies}, certainty {card.certainty}"
    yield "learned from", card.training_data
    yield "precision", card.precision
    yield "engines may differ", f"{card.tolerance_mm:.1f} mm, {card.tolerance_log_odds} log odds"
    yield "tuned for", f"{pillars:,} pillars, {points:,} points"
    yield "made at commit", card.git_commit
    yield "weights, SHA-256", f"{card.graph_sha256} (checked)"
    if card.float_graph_sha256:
        yield "made of the graph", card.float_graph_sha256
    for name, value in sorted(card.metrics.items()):
        yield name.replace("_", " "), f"{value:.2g}"


def _ages(card: ModelCard) -> str:
    return ", ".join(f"{lag * card.interval_s:g}" for lag in card.lags)


def _show(path: Path, rows: dict[str, str]) -> None:
    """Sentences wrapped; path and checksums whole however narrow it is, because they are copied."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    indent = max(map(len, rows)) + 2
    wrapper = textwrap.TextWrapper(
        max(console.width - indent, 20), break_long_words=False, break_on_hyphens=False
    )
    told = {
        "file": [str(path)],
        **{name: wrapper.wrap(value) or [""] for name, value in rows.items()},
    }
    for name, (first, *others) in told.items():
        console.print(Text.assemble((name.ljust(indent), "bold"), first), soft_wrap=True)
        for line in others:
            console.print(Text(" " * indent + line), soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(card)
