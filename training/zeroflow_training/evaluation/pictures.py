# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of an evaluation: error over speed, and a sweep's truth, prediction and error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zeroflow_ros.coloring import MAX_SPEED_MPS
from zeroflow_ros.files import written_atomically
from zeroflow_ros.rendering import EXTENT_M, bare_birdseye, require_pillow
from zeroflow_training.evaluation.bucketed import Bucketed
from zeroflow_training.evaluation.pair import INTERVAL_S, EvaluatedPair
from zeroflow_training.evaluation.tally import BUCKET_EDGES_M

if TYPE_CHECKING:
    from PIL.Image import Image

PANEL_PIXELS = 1000
_TITLE_SIZE, _LEGEND_SIZE = 2.2, 1.6  # a panel is a third of the picture


def draw_speeds(groups: Mapping[str, Bucketed], title: str, out: Path) -> None:
    """Write a PNG: normalised error of each group over true speed; 1 is what zero flow gets."""
    from matplotlib.figure import Figure

    low = BUCKET_EDGES_M[:-1]
    middle = (low + np.diff(low, append=low[-1] + low[1]) / 2) / INTERVAL_S
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.axhline(1.0, color="0.5", linewidth=1, linestyle="--")
    for name, bucketed in groups.items():
        if not np.isnan(bucketed.dynamic):
            axes.plot(middle, bucketed.normalised, marker="o", markersize=4, label=name)
    axes.set(xlabel="true speed, m/s (the last: 20 and more)", ylim=(0, None))
    axes.set(ylabel="error / true motion", title=title, xlim=(0, 21))
    axes.grid(alpha=0.3)
    axes.legend()
    with written_atomically(out) as scratch:
        figure.savefig(scratch, format="png", dpi=130)


def draw_pair(
    pair: EvaluatedPair,
    heading: str,
    reference: str = "truth",
    answer: str = "prediction",
    extent_m: float = EXTENT_M,
) -> Image:
    """Bird's-eye pictures beside each other: truth, prediction, prediction minus truth.

    What is not valid is dim; `reference` is what stands in the place of the truth, `answer` whose
    prediction it is; `extent_m` from the middle to each edge. Raises MissingPackageError without
    Pillow.
    """
    require_pillow()
    from zeroflow_ros.legend import Annotator

    nothing, judged = np.zeros_like(pair.points), pair.valid[:, None]
    truth, predicted = (np.where(judged, flow, nothing) for flow in (pair.truth, pair.predicted))
    panels = {reference: truth, answer: predicted, "difference": predicted - truth}
    images = [
        bare_birdseye(
            pair.points,
            (flow / INTERVAL_S).astype(np.float32),
            valid=pair.valid,
            extent_m=extent_m,
            pixels=PANEL_PIXELS,
        )
        for flow in panels.values()
    ]
    for image, title in zip(images, panels, strict=True):
        Annotator(image).vehicle(extent_m)
        Annotator(image, _TITLE_SIZE).title(title)
    # One legend for all three: in each of them it would hide the same corner.
    Annotator(images[0], _LEGEND_SIZE).scale_bar(extent_m)
    Annotator(images[-1], _LEGEND_SIZE).wheel(MAX_SPEED_MPS)
    return _beside(images, heading)


def _beside(images: Sequence[Image], heading: str) -> Image:
    """With a line of text above."""
    from PIL import ImageDraw, ImageFont

    gap, top = PANEL_PIXELS // 100, PANEL_PIXELS // 12
    step = PANEL_PIXELS + gap
    # Cropped beyond its edges to the size of the whole: those parts are black.
    whole = images[0].crop((0, -top, len(images) * step - gap, PANEL_PIXELS))
    for k, image in enumerate(images):
        whole.paste(image, (k * step, top))
    font = ImageFont.load_default(top / 2)
    ImageDraw.Draw(whole).text((gap, top / 2), heading, "white", font, "lm")
    return whole
