# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""GroundSegmenter: which points are ground, for models whose card wants it removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import MissingPackageError
from zeroflow_ros.model import GroundHandling
from zeroflow_ros.pillars import GridPoints, PillarGrid

# Patchwork++ tunes its zones to a roof-top sensor; the levelled cloud is shown to it from there.
VIRTUAL_SENSOR_HEIGHT_M = 1.8
# It does not look nearer than this, where a low lidar's first rings lie. They travel with the
# vehicle, so what is left of them seems to move. There the levelled frame tells: z = 0 is ground.
BLIND_M, NEAR_GROUND_M = 2.7, 0.2


class GroundSplit(NamedTuple):
    """A sweep's located points above the ground, and the rows of the sweep that are ground."""

    above: GridPoints
    ground_rows: npt.NDArray[np.intp]


class GroundSegmenter(Protocol):
    """Tells ground from the rest in the levelled frame."""

    def split(self, grid: PillarGrid, located: GridPoints) -> GroundSplit:
        """`located` in the grid, whose ground is near z = 0."""


class KeptGround:
    """For models that were trained with the ground in sight: nothing is taken out."""

    def split(self, grid: PillarGrid, located: GridPoints) -> GroundSplit:
        """All points stay."""
        return GroundSplit(located, np.empty(0, np.intp))


class PatchworkGround:
    """Patchwork++ (Lee et al. 2022): concentric zones, plane fits, adaptive likelihood.

    Around the sensor, where it is blind, a height of the levelled frame.
    """

    def __init__(self) -> None:
        try:
            import pypatchworkpp
        except ImportError as error:
            raise MissingPackageError("pypatchworkpp", "ground removal", "ground") from error
        parameters = pypatchworkpp.Parameters()
        parameters.verbose = False
        # Reflected-noise removal wants intensities, which not every cloud has.
        parameters.enable_RNR = False
        parameters.sensor_height = VIRTUAL_SENSOR_HEIGHT_M
        parameters.min_range = BLIND_M
        with _silent_stdout():
            self._segmenter = pypatchworkpp.patchworkpp(parameters)

    def split(self, grid: PillarGrid, located: GridPoints) -> GroundSplit:
        """See GroundSegmenter; about 19 ms for 120k points on two cores."""
        seen = grid.points(located.cell, located.offset)
        is_ground = (np.square(seen[:, :2]).sum(1) < BLIND_M**2) & (seen[:, 2] < NEAR_GROUND_M)
        seen[:, 2] -= np.float32(VIRTUAL_SENSOR_HEIGHT_M)
        if len(seen):
            self._segmenter.estimateGround(seen)
            is_ground[np.asarray(self._segmenter.getGroundIndices(), np.intp)] = True
        return GroundSplit(located.select(~is_ground), located.rows[is_ground])


@contextmanager
def _silent_stdout() -> Iterator[None]:
    """Patchwork++ greets on the process's standard output, which may be somebody's JSON."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def ground_segmenter(handling: GroundHandling) -> GroundSegmenter:
    """The segmenter that a model card asks for."""
    return PatchworkGround() if handling == "remove" else KeptGround()
