# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundled student on scenes whose flow is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from zeroflow_ros import Flow, FlowEstimator
from zeroflow_training.recording import as_sweep
from zeroflow_training.simulation.classes import ActorClass
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.scenes import box_scene
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation


def last_flow(
    heading: float, sensor: str, sweeps: int = 4, deskewed: bool = True
) -> tuple[SimulatedSweep, Flow]:
    """A car-sized box at 5 m/s between two walls, seen from a vehicle that drives at 10 m/s."""
    simulation = Simulation(
        0,
        sensor=find_sensor(sensor),
        scene=box_scene(5.0, 10.0, heading=heading),
        mounting=Mounting(1.8, 0.0, 0.0),
        deskewed=deskewed,
    )
    estimator = FlowEstimator()
    for simulated in simulation.sweeps(sweeps):
        flow = estimator.update(as_sweep(simulated), simulated.pose)
    return simulated, flow


@pytest.mark.parametrize("sensor", ["HDL-64E", "DUAL-32"])
@pytest.mark.parametrize("heading", [0.0, np.pi / 2])
@pytest.mark.parametrize("deskewed", [True, False])
def test_box_at_5_mps_reads_5_mps_and_walls_stand_still(
    heading: float, sensor: str, deskewed: bool
) -> None:
    simulated, flow = last_flow(heading, sensor, deskewed=deskewed)
    box = flow.valid & (simulated.instance_id > 0)
    assert box.sum() > 500
    velocity = np.median(flow.velocity[box], axis=0)
    expected = 5.0 * np.array([np.cos(heading), np.sin(heading), 0.0])
    assert np.linalg.norm(velocity - expected) < 1.0, velocity  # 20 %
    walls = flow.valid & (simulated.class_id == ActorClass.BUILDING)
    assert walls.sum() > 5000
    assert np.median(flow.speed[walls]) < 0.3
    assert (flow.speed[walls] < 0.3).mean() > 0.9
