# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FrozenWorld: the simulated test set; no training draws its seeds.

Sensors, mountings and deskewing are written down here instead of drawn, so that another mix for
training leaves the test set as it is. Streets still come from `draw_scene`: a change of the
simulation changes them, and with them every number in docs/benchmarks.md. A test compares
fingerprints and so says when that happened; where it was meant, write them anew by

    python -m zeroflow_training.evaluation.frozen_worlds > tests/training/frozen_worlds.json
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.scan_heads import SensorModel
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation

FIRST_SEED, DEVELOPMENT_SEED = 1_000_000_000, 1_000_005_000
SCENES = 20
SENSORS = (
    *("HDL-64E", "VLP-32C", "OS1-128", "DUAL-32", "VLS-128", "VLP-16"),
    *("HDL-32E", "Pandar128"),
)
"""Twenty streets of its own for each; a new sensor goes to the end, so that no other one moves."""
LEFT_OUT = ("HDL-32E", "Pandar128")
"""Those of SENSORS that training never shows, as real or as miscalibrated table: how well a model
does on a lidar it does not know. They get a row of their own."""
MOUNTINGS = (
    Mounting(1.73, 0.0, 0.0),
    Mounting(1.9, 0.5, -0.5),
    Mounting(2.1, -0.8, 0.3),
    Mounting(1.6, 0.2, 0.9),
    Mounting(1.0, -0.3, -0.2),
)
RAW_EVERY = 3  # one world in three comes as measured, not deskewed
DURATION_S = 1.0
NEWEST_S = 0.8  # the sweep whose flow is judged, the same for every model and rate


@dataclass(frozen=True)
class FrozenWorld:
    """A street by its seed, and the lidar that looks at it."""

    seed: int
    sensor: SensorModel
    mounting: Mounting
    deskewed: bool = True
    rate_hz: float = 10.0

    def sweeps(self, span_s: float) -> list[SimulatedSweep]:
        """The sweeps of the last `span_s` seconds, oldest first, and two more before them.

        The last is stamped NEWEST_S. Raises ValueError where the street is too short.
        """
        last = round(NEWEST_S * self.rate_hz)
        first = last - round(span_s * self.rate_hz) - 2
        if first < 0:
            raise ValueError(f"the frozen streets are too short for {span_s:g} s of history")
        simulation = Simulation(
            self.seed,
            sensor=self.sensor,
            mounting=self.mounting,
            rate_hz=self.rate_hz,
            deskewed=self.deskewed,
            duration_s=DURATION_S,
        )
        return [simulation.sweep(k) for k in range(first, last + 1)]


def frozen_worlds(
    sensor: str, count: int = SCENES, first_seed: int = FIRST_SEED
) -> list[FrozenWorld]:
    """The first `count` worlds of one of SENSORS.

    From DEVELOPMENT_SEED on instead they are as many others, to choose by: the frozen ones judge.
    """
    first = first_seed + SENSORS.index(sensor) * SCENES
    model = find_sensor(sensor)
    return [
        FrozenWorld(first + k, model, MOUNTINGS[k % len(MOUNTINGS)], k % RAW_EVERY > 0)
        for k in range(min(count, SCENES))
    ]


def fingerprint(sweep: SimulatedSweep) -> dict[str, float]:
    """Numbers that change with anything about a sweep, but not with a processor's last bit."""
    moving = np.linalg.norm(sweep.flow, axis=1) > 0
    x, y, z = sweep.points.mean(0, dtype=np.float64)
    flow_x, flow_y, flow_z = 1e3 * sweep.flow.mean(0, dtype=np.float64)
    return {
        "points": len(sweep.points),
        "actors": int((sweep.instance_id > 0).sum()),
        "moving": int(moving.sum()),
        **{"x_m": x, "y_m": y, "z_m": z},
        **{"flow_x_mm": flow_x, "flow_y_mm": flow_y, "flow_z_mm": flow_z},
        "class_id": float(sweep.class_id.mean()),
        "sensor_x_m": float(sweep.pose[0, 3]),
    }


def fingerprints(sensors: Sequence[str] = SENSORS) -> dict[str, dict[str, float]]:
    """Of the newest sweep of each sensor's first world."""
    return {name: fingerprint(frozen_worlds(name, 1)[0].sweeps(0.0)[-1]) for name in sensors}


if __name__ == "__main__":
    print(json.dumps(fingerprints(), indent=2))
