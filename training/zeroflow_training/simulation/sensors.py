# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which lidar a simulation uses: one by its name, or one drawn for a sequence."""

from dataclasses import replace
from pathlib import Path

from zeroflow_ros.errors import ZeroflowError

from .beam_tables import SENSORS
from .dice import Dice
from .random_sensors import BIASES_M, STAMPS, random_sensor
from .scan_heads import ScanHead, SensorModel

TRAINING_SHARES = {
    "HDL-64E": 12,
    "DUAL-32": 12,
    "OS1-128": 6,
    "OS1-64": 6,
    "OS0-64": 2,
    "OS0-128": 3,
    "OS2-128": 2,
    "VLS-128": 6,
    "VLP-32C": 5,
    "Pandar64": 4,
    "Pandar40P": 3,
    "XT32": 3,
    "QT64": 1,
    "AT128": 3,
    "Helios-32": 3,
    "Ruby-128": 2,
    "VLP-16": 3,
    "Mid-360": 3,
    "Avia": 1,
    "Horizon": 1,
    "random": 25,
}


def find_sensor(name: str) -> SensorModel:
    """A sensor of the registry by its name, or that of a YAML file (see `OwnLidar`).

    ZeroflowError lists the names, or says what is wrong in the file.
    """
    if name in SENSORS:
        return SENSORS[name]
    if Path(name).suffix in (".yaml", ".yml"):
        from .own_lidar import read_lidar  # pydantic, which not everybody has who simulates

        return read_lidar(Path(name))
    raise ZeroflowError(
        f"no lidar called '{name}'; there are {', '.join(SENSORS)}, and a .yaml file of your own"
    )


def draw_sensor(dice: Dice) -> SensorModel:
    """A sensor for one sequence: a real table, never calibrated quite as printed, or a random
    one.
    """
    name = dice.pick(tuple(TRAINING_SHARES), tuple(TRAINING_SHARES.values()))
    if name == "random":
        return random_sensor(dice)
    return _unit(SENSORS[name], dice, (0.008, 0.03))


def unit_of(model: SensorModel, dice: Dice) -> SensorModel:
    """A sensor for one sequence that is one unit of a given model, with noise about as it says."""
    return _unit(model, dice, (0.4 * model.range_noise_m, 1.5 * model.range_noise_m))


def _unit(model: SensorModel, dice: Dice, noise_m: tuple[float, float]) -> SensorModel:
    return replace(
        model,
        heads=tuple(_miscalibrated(head, dice) for head in model.heads),
        range_noise_m=dice.between(*noise_m),
        range_bias_m=dice.pick(BIASES_M),
        stamp_fraction=dice.pick(STAMPS),
    )


def _miscalibrated(head: ScanHead, dice: Dice) -> ScanHead:
    elevations = tuple(sorted(e + dice.normal(0.0, 0.04) for e in head.elevations_deg))
    return replace(head, elevations_deg=elevations)
