# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Does an engine say what the model says? Its answers to the model's reference sample tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zeroflow_ros.engines import Engine, Tensors
from zeroflow_ros.errors import EngineError
from zeroflow_ros.model import ModelCard
from zeroflow_ros.reference_sample import ReferenceSample


@dataclass(frozen=True)
class Difference:
    """Of two sets of answers to the same sweeps: displacement in millimetres, and the logarithm of
    the odds that a point moves (None where a network does not say). NaN where an answer is.
    """

    max_mm: float
    mean_mm: float
    max_log_odds: float | None

    @staticmethod
    def between(found: Tensors, wanted: Tensors) -> Difference:
        """Of answers by name; those in `wanted`, of at least one point."""
        apart = {
            name: np.abs(np.asarray(found[name], np.float64) - np.asarray(answer, np.float64))
            for name, answer in wanted.items()
        }
        moved = 1e3 * apart["displacement"]
        odds = float(apart["moving"].max()) if "moving" in apart else None
        return Difference(float(moved.max()), float(moved.mean()), odds)

    def __str__(self) -> str:
        odds = "" if self.max_log_odds is None else f", log odds {self.max_log_odds:.3f}"
        return f"at most {self.max_mm:.2f} mm ({self.mean_mm:.3f} mm in the mean{odds})"


def check_engine(engine: Engine, card: ModelCard, sample: ReferenceSample) -> Difference:
    """How far an engine is from the FP32 graph on the sample that came with the model.

    Raises EngineError for a difference above the card's tolerance, or NaN.
    """
    difference = Difference.between(engine.infer(sample.inputs(card.pillars)), sample.answers)
    odds = difference.max_log_odds
    agrees = difference.max_mm <= card.tolerance_mm and (
        odds is None or odds <= card.tolerance_log_odds
    )
    if not agrees:  # NaN neither
        raise EngineError(
            f"{engine.description} does not say what model {card.name} says: it differs from FP32 "
            f"by {difference} on the model's sample, where {card.tolerance_mm:.1f} mm and log odds "
            f"of {card.tolerance_log_odds:.1f} are tolerated"
        )
    return difference
