# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kabsch: the rigid motion between matched points, also where many of them are mismatched."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

TRIALS_AT_ONCE = 25


class RigidMotion(NamedTuple):
    """`rotation` [..., 3, 3] about the `centre` [..., 3], which `translation` [..., 3] then moves.

    About the points' own centre and not the sensor, so that the translation is how far they went.
    """

    rotation: F64
    translation: F64
    centre: F64

    def apply(self, points: F64) -> F64:
        """Points [..., N, 3] where they go."""
        moved: F64 = (points - self.centre[..., None, :]) @ np.swapaxes(self.rotation, -1, -2)
        return moved + (self.centre + self.translation)[..., None, :]


def kabsch(source: F64, target: F64) -> RigidMotion:
    """Least squares over matched points [..., N, 3], N > 0 (Kabsch 1976); no reflection."""
    centre, arrived = source.mean(-2), target.mean(-2)
    spread = np.swapaxes(source - centre[..., None, :], -1, -2) @ (target - arrived[..., None, :])
    u, _, vt = np.linalg.svd(spread)
    v = np.swapaxes(vt, -1, -2).copy()
    v[..., 2] *= np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)[..., None]
    return RigidMotion(v @ np.swapaxes(u, -1, -2), arrived - centre, centre)


def robust_kabsch(
    source: F64, target: F64, random: np.random.Generator, trials: int, inlier_m: float
) -> RigidMotion:
    """RANSAC (Fischler and Bolles 1981) over matched points [N, 3], N >= 3.

    Of `trials` motions through three random matches the first with more than half of all matches
    within `inlier_m`, otherwise the one with most; then least squares over those.
    """
    triples = random.integers(len(source), size=(trials, 3))  # one drawn twice just loses
    best = np.zeros(len(source), bool)
    for start in range(0, trials, TRIALS_AT_ONCE):
        rows = triples[start : start + TRIALS_AT_ONCE]
        arrived = kabsch(source[rows], target[rows]).apply(source)
        inlier = np.linalg.norm(arrived - target, axis=-1) < inlier_m
        counts = inlier.sum(1)
        enough = 2 * counts > len(source)
        winner = enough.argmax() if enough.any() else counts.argmax()
        if counts[winner] > best.sum():
            best = inlier[winner]
        if enough.any():
            break
    return kabsch(source[best], target[best]) if best.sum() >= 3 else kabsch(source, target)
