# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mounting: where the sensor sits on the base whose poses an odometry gives."""

from __future__ import annotations

import numpy as np

from zeroflow_ros.geometry import Transform
from zeroflow_ros.ros.sweep_time import Patience
from zeroflow_ros.ros.transforms import Transforms

PATIENCE_S = 2.0
NOBODY = "nobody"


class Mounting:
    """Given by the user, else asked of TF, else the sensor is where the base is, which is said.

    Decided once for two frames: between two sweeps, another mounting would look like motion.
    """

    def __init__(self, given: Transform | None, transforms: Transforms | None) -> None:
        """`given`: base <- sensor [4, 4]. `transforms` where TF can be had.

        `told_by` says who told it; empty while that is not decided, and where frames are the same.
        """
        self._given, self._transforms = given, transforms
        self._patience = Patience(PATIENCE_S)
        self.reset()

    def reset(self) -> None:
        """Decide anew."""
        self._frames = ("", "")
        self._decided: Transform | None = None
        self._patience.reset()
        self.told_by = ""

    def find(self, base: str, sensor: str, sweep_ns: int) -> Transform | None:
        """Base <- sensor [4, 4], or None while TF may still tell; for a sweep at `sweep_ns`."""
        if (base, sensor) != self._frames:
            self.reset()
            self._frames = (base, sensor)
        if self._decided is None:
            self._decided = self._decide(base, sensor, sweep_ns)
        return self._decided

    def _decide(self, base: str, sensor: str, sweep_ns: int) -> Transform | None:
        if self._given is not None:
            self.told_by = "sensor_in_base"
            return self._given
        if base in ("", sensor):
            return np.eye(4)
        if self._transforms is not None:
            found = self._transforms.newest(base, sensor)
            if found is not None:
                self.told_by = "tf"
                return found
            if not self._patience.over(sweep_ns):
                return None
        self.told_by = NOBODY
        return np.eye(4)
