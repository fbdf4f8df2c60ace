# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A procedural lidar world: street scenes, spinning lidars, exact scene flow.

``Simulation(seed).sweeps(3)`` is all it takes; everything else is there to be drawn from.
"""

from .classes import ActorClass
from .scenes import KINDS, Scene, box_scene, draw_scene
from .sensors import SENSORS, Mounting, ScanHead, SensorModel, random_sensor
from .simulator import SimulatedSweep, Simulation

__all__ = [
    "KINDS",
    "SENSORS",
    "ActorClass",
    "Mounting",
    "ScanHead",
    "Scene",
    "SensorModel",
    "SimulatedSweep",
    "Simulation",
    "box_scene",
    "draw_scene",
    "random_sensor",
]
