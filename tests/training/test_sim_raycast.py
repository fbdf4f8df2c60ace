# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The compiled ray caster against plain NumPy that tests every ray with every primitive."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.simulation import Mounting, Nod, ScanHead, SensorModel, Simulation
from zeroflow_training.simulation.noise import gauss, noise_state, uniform
from zeroflow_training.simulation.raycast import (
    ON_GROUND,
    Rays,
    body_pose,
    leaf_depth,
    limb_offset,
    trace,
)
from zeroflow_training.simulation.shapes import FAR, NEAREST
from zeroflow_training.simulation.terrain import ground_height
from zeroflow_training.simulation.world import POLYTOPE, PRIMITIVE_DTYPE, World

F64 = npt.NDArray[np.float64]
HEAD = ScanHead(tuple(float(e) for e in np.linspace(-20.0, 10.0, 16)), columns=180)
SECTOR = replace(HEAD, columns=240, sector_deg=120.0)
NODDING = replace(HEAD, columns=720, elevations_deg=(-4.0, 0.0, 4.0), nod=Nod(-30.0, 45.0, 7.3))
SENSOR = SensorModel("coarse", (HEAD,))
STAMP = 0.2


def reference_depth(rays: Rays, world: World, waves: F64, index: int) -> F64:
    """Depth [A, B] of one primitive, FAR where it is missed."""
    part = world.primitives[index]
    body = world.bodies[part["body"]]
    directions = rays.across[:, None] + rays.tangents[None, :, None] * rays.up[:, None]
    poses = np.array([body_pose(body, waves, time) for time in rays.clock])
    limbs = np.array([limb_offset(part, distance) for distance in poses[:, 4]])
    cos, sin = np.cos(poses[:, 3]), np.sin(poses[:, 3])
    to_body = np.zeros((len(cos), 3, 3))
    to_body[:, 0, 0], to_body[:, 0, 1], to_body[:, 1, 0], to_body[:, 1, 1] = cos, sin, -sin, cos
    to_body[:, 2, 2] = 1.0
    origins = np.einsum("aij,aj->ai", to_body, rays.origin - poses[:, :3])[:, None]
    origins = origins - limbs[:, None, None] * np.array([1.0, 0.0, 0.0])
    directions = np.einsum("aij,abj->abi", to_body, directions)
    with np.errstate(divide="ignore", invalid="ignore"):
        if part["shape"] == POLYTOPE:
            planes = world.planes[part["first_plane"] :][: part["planes"]]
            slope = directions @ planes[:, :3].T
            crossing = (planes[:, 3] - origins @ planes[:, :3].T) / slope
            near = np.where(slope < -1e-12, crossing, -FAR).max(-1)
            far = np.where(slope > 1e-12, crossing, FAR).min(-1)
        else:
            radii = np.array([part["ex"], part["ey"], part["ez"]])
            centre = np.array([part["cx"], part["cy"], part["cz"]])
            o, d = (origins - centre) / radii, directions / radii
            a, b, c = (d * d).sum(-1), (o * d).sum(-1), (o * o).sum(-1) - 1.0
            near, far = (-b - np.sqrt(b * b - a * c)) / a, np.full(d.shape[:2], FAR)
    return np.where((near > NEAREST) & (near < far), near, FAR)


@pytest.mark.parametrize("seed", range(12))
def test_depth_image_agrees_with_numpy(seed: int) -> None:
    compare_with_numpy(Simulation(seed, sensor=SENSOR, time_reversed=seed % 2 == 1), least=40)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("head", [SECTOR, NODDING, replace(NODDING, sector_deg=70.0)])
def test_it_does_for_any_pattern_and_tilt(seed: int, head: ScanHead) -> None:
    mounting = Mounting(1.9, 12.0 - 4.0 * seed, 3.0 * seed - 7.0, 60.0 * seed)
    simulation = Simulation(seed, sensor=replace(SENSOR, heads=(head,)), mounting=mounting)
    compare_with_numpy(simulation, least=3)


def compare_with_numpy(simulation: Simulation, least: int) -> None:
    head, world, waves = simulation.sensor.heads[0], simulation.scene.world, simulation._waves
    _, position = simulation._sensor_poses(np.array([STAMP]), np.zeros(3))
    rays = simulation._rays(head, STAMP, simulation._azimuth(2, head), 2)
    # What lets light through, by chance or in places, has no reference.
    parts = world.primitives
    solid = (parts["opacity"] == 1.0) & (parts["pitch"] == 0.0) & (parts["tier"] == 0.0)
    order = simulation._nearest_first(STAMP, position[0])
    depth, hit = trace(
        rays,
        world.bodies,
        world.primitives,
        order[solid[order]],
        world.planes,
        waves,
        simulation.scene.ego.motion.top_speed + simulation.dynamics.fastest_m_s,
        noise_state(1),
    )
    expected = np.full(depth.shape, FAR)
    for index in np.nonzero(solid)[0]:
        expected = np.minimum(expected, reference_depth(rays, world, waves, int(index)))
    expected = np.minimum(expected, rays.limits)
    on_ground = hit == ON_GROUND
    seen = expected < 90.0
    assert seen.sum() > least
    np.testing.assert_allclose(depth[seen & ~on_ground], expected[seen & ~on_ground], atol=1e-6)
    assert (depth[on_ground] <= expected[on_ground]).all()

    directions = rays.across[:, None] + rays.tangents[None, :, None] * rays.up[:, None]
    ground = (rays.origin[:, None] + depth[..., None] * directions)[on_ground]
    height = np.array([ground_height(waves, x, y) for x, y, _ in ground])
    assert np.abs(ground[:, 2] - height).max() < 0.006


def test_noise_is_standard_and_reproducible() -> None:
    state = noise_state(7)
    normal = np.array([gauss(state) for _ in range(20_000)])
    even = np.array([uniform(state) for _ in range(20_000)])
    assert abs(normal.mean()) < 0.03
    assert abs(normal.std() - 1.0) < 0.03
    assert abs(even.mean() - 0.5) < 0.01
    assert 0.0 < even.min() < even.max() < 1.0
    assert uniform(noise_state(7)) == uniform(noise_state(7)) != uniform(noise_state(8))


def test_leaves_mostly_stay_where_they_were() -> None:
    part = np.zeros(1, dtype=PRIMITIVE_DTYPE)
    part["opacity"], part["ex"], part["ez"], part["cz"] = 2.0, 1.5, 1.2, 3.0
    rng = np.random.default_rng(0)
    places = rng.uniform(-1.5, 1.5, (5000, 3))

    def depths(seed: int) -> F64:
        state = noise_state(seed)
        return np.array([leaf_depth(part[0], tuple(place), state) for place in places])

    first, second = depths(1), depths(2)
    assert 0.4 < (first == second).mean() < 1.0
    for found in (first, second):
        # Beer's law, however the leaves are drawn: mean 1 / density.
        assert found.mean() == pytest.approx(0.5, rel=0.1)
        assert np.median(found) == pytest.approx(0.5 * np.log(2.0), rel=0.1)
