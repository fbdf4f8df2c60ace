# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A procedural lidar world: street scenes, spinning lidars, exact scene flow.

``Simulation(seed).sweeps(3)`` is all it takes; everything else is there to be drawn from.
"""

from .beam_tables import SENSORS
from .classes import ActorClass
from .dynamics import BodyDynamics, Sway
from .mounting import Mounting
from .own_vehicle import OwnVehicle
from .random_sensors import random_sensor
from .scan_heads import Nod, ScanHead, SensorModel
from .scenes import KINDS, Scene, box_scene, draw_scene
from .simulator import SimulatedSweep, Simulation

__all__ = [
    "KINDS",
    "SENSORS",
    "ActorClass",
    "BodyDynamics",
    "Mounting",
    "Nod",
    "OwnVehicle",
    "ScanHead",
    "Scene",
    "SensorModel",
    "SimulatedSweep",
    "Simulation",
    "Sway",
    "box_scene",
    "draw_scene",
    "random_sensor",
]
