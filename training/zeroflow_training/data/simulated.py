# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SimulatedSamples: an endless, seeded stream of training samples from the simulated world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.geometry import invert
from zeroflow_training.data.augmentation import forget, thin, turn, window
from zeroflow_training.data.levelled import level_error, levelled_sweeps, pose_errors
from zeroflow_training.data.sample import INTERVAL_S, Marks, TrainingSample, is_dynamic
from zeroflow_training.data.seeds import RUNS, SEEDS_PER_WORKER, WORKERS
from zeroflow_training.data.simulation_config import EVERYBODYS, SimulationConfig
from zeroflow_training.simulation.classes import ActorClass
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation
from zeroflow_training.students.student import Encoder

# Ground is not judged but seen: what lies under a car must not drive away with it. The own vehicle
# moves as ego motion says, and nobody asks; what is mixed has no motion to learn.
_WEIGHT_OF_CLASS = np.ones(256, np.float32)
_WEIGHT_OF_CLASS[[ActorClass.GROUND, ActorClass.OWN_VEHICLE, ActorClass.MIXED]] = 0.5, 0.2, 0.0
CROPS_PER_SCENE = 4
SHUFFLE = 48  # crops that wait to be mixed in


class SimulatedSamples(IterableDataset[Any]):
    """Each scene is drawn from a seed of its own and gives several differently augmented crops.

    Crops pass through a small shuffle buffer, so a batch mixes scenes although a scene is rendered
    once. Worker w draws scene seeds seed * 1e7 + w * 1e6 + 0, 1, 2 ...: reproducible. A run that
    is resumed passes over the first `seen` scenes of each worker. The workers of all processes that
    train together are counted on, from process `rank` 0. `simulation` says who sees the scenes.
    """

    def __init__(
        self,
        encoder: Encoder,
        lags: Sequence[int],
        seed: int = 0,
        rank: int = 0,
        crops_per_scene: int = CROPS_PER_SCENE,
        shuffle: int = SHUFFLE,
        seen: int = 0,
        simulation: SimulationConfig = EVERYBODYS,
    ) -> None:
        require_seeds(seed)
        self.encoder = encoder
        self.lags = tuple(lags)
        self.seed = seed
        self.rank = rank
        self.crops_per_scene = crops_per_scene
        self.shuffle = shuffle
        self.seen = seen
        self.simulation = simulation

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        number = self.rank * worker.num_workers + worker.id if worker else self.rank
        require_seeds(self.seed, number + 1)
        scene_seed = first_scene(self.seed, number) + self.seen
        rng = np.random.default_rng(scene_seed)
        buffer: list[Any] = []
        while True:
            buffer += self._scene(scene_seed, rng)
            scene_seed += 1
            while len(buffer) > self.shuffle:
                yield buffer.pop(rng.integers(len(buffer)))

    def _scene(self, scene_seed: int, rng: np.random.Generator) -> list[Any]:
        sample = simulated_sample(scene_seed, self.lags, rng, self.simulation)
        encoded = []
        for _ in range(self.crops_per_scene):
            piece = window(turn(thin(sample, rng), rng), self.encoder.window_m, rng)
            # A window behind a wall can be empty: it would teach nothing and break the reductions.
            if min(len(points) for points in piece.sweeps) >= 50:
                encoded.append(self.encoder.encode(forget(piece, rng), rng))
        return encoded


def scenes_for(
    samples: int, workers: int, crops_per_scene: int = CROPS_PER_SCENE, shuffle: int = SHUFFLE
) -> int:
    """At most so many has each of `workers` drawn when `samples` have been trained on.

    If no more than half of the crops are empty, that is; hardly any are.
    """
    if samples == 0:
        return 0
    return 2 * (samples // max(workers, 1) + shuffle) // crops_per_scene + 1


def first_scene(seed: int, worker: int = 0) -> int:
    """Seed of the first scene that a worker of a run draws; the others follow."""
    return (seed * WORKERS + worker) * SEEDS_PER_WORKER


def require_seeds(seed: int, workers: int = 1) -> None:
    """Raise ZeroflowError where a run, with the workers of all its processes, lacks own scenes."""
    if not 0 <= seed < RUNS:
        raise ZeroflowError(f"seed {seed}: only 0 to {RUNS - 1} keep clear of the test worlds")
    if workers > WORKERS:
        raise ZeroflowError(
            f"{workers} workers in all: above {WORKERS} they would share scenes; lower --workers"
        )


def simulated_sample(
    scene_seed: int,
    lags: Sequence[int],
    rng: np.random.Generator,
    simulation: SimulationConfig = EVERYBODYS,
) -> TrainingSample:
    """Sweeps of one scene at `lags`, as a vehicle with imperfect odometry would see them."""
    view = simulation.view(scene_seed)
    step = 2 if rng.random() < 0.15 else 1  # of a 20 Hz lidar, the vehicle looks at every second
    drive = Simulation(
        scene_seed,
        sensor=view.sensor,
        sensor_height_m=view.sensor_height_m,
        rate_hz=step / INTERVAL_S,
        interval_s=INTERVAL_S,
        deskewed=bool(rng.random() < 0.7),
        time_reversed=bool(rng.random() < 0.5),
    )
    rendered = [drive.sweep(step * (lags[-1] - lag)) for lag in lags]
    errors = pose_errors(lags, rng)
    if rng.random() < 0.05:
        errors = _stale_errors(drive, lags)
    sample = levelled_sample(rendered, level_error(rng), errors)
    if rng.random() < 0.25:
        return _without_ground(sample, rendered)
    return sample


def levelled_sample(
    rendered: list[SimulatedSweep], level_error: np.ndarray, pose_errors: list[np.ndarray]
) -> TrainingSample:
    """Sweeps (newest first) in the newest one's levelled frame, with the given errors [4, 4]."""
    now, before = rendered[:2]
    level = level_error @ now.sensor_to_level
    sweeps = levelled_sweeps([(s.points, s.pose) for s in rendered], level, pose_errors)
    flow = now.flow @ level[:3, :3].T.astype(np.float32)
    weight, is_ground = _WEIGHT_OF_CLASS[now.class_id], now.class_id == ActorClass.GROUND
    marks = Marks(
        is_dynamic(now.flow) & (weight > 0),
        now.instance_id,
        before.class_id == ActorClass.GROUND,
        is_dynamic(before.flow) & (_WEIGHT_OF_CLASS[before.class_id] > 0),
    )
    return TrainingSample(sweeps, flow, weight, is_ground, marks)


def _stale_errors(simulation: Simulation, lags: Sequence[int]) -> list[np.ndarray]:
    """Odometry that comes too late: each motion is the one of an interval earlier."""
    poses = [
        simulation.pose((lags[-1] - lag) * simulation.interval_s) for lag in range(lags[-1] + 2)
    ]
    errors = []
    for lag in lags[1:]:
        applied = invert(poses[1]) @ poses[lag + 1]
        errors.append(applied @ invert(poses[lag]) @ poses[0])
    return errors


def _without_ground(sample: TrainingSample, rendered: list[SimulatedSweep]) -> TrainingSample:
    return sample.select([sweep.class_id != ActorClass.GROUND for sweep in rendered])
