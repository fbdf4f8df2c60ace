# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated drives as sequences with exact flow: what `zeroflow import-simulated` does."""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.offline import Progress
from zeroflow_ros.sweep import PosedSweep
from zeroflow_training.data.seeds import RUNS, SEEDS_PER_WORKER, WORKERS
from zeroflow_training.evaluation.classes import BOARD, PointClass, of_simulated
from zeroflow_training.recording import as_sweep
from zeroflow_training.sequences import (
    FlowClass,
    Origin,
    Pairing,
    PairLabels,
    SequenceWriter,
    StoredSweep,
)
from zeroflow_training.simulation.beam_tables import SENSORS
from zeroflow_training.simulation.classes import NO_MOTION
from zeroflow_training.simulation.scan_heads import SensorModel
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation
from zeroflow_training.sources.finished import is_finished
from zeroflow_training.sources.ground import mark_ground, require_patchwork
from zeroflow_training.sources.summary import ImportSummary

LICENCE = "Apache-2.0 (simulated by zeroflow_ros)"
SCENES = SEEDS_PER_WORKER * WORKERS  # that a seed has

# Of a PointClass; the classes of the boards have one number in both.
_FLOW_CLASS = np.full(len(PointClass), FlowClass.BACKGROUND, np.uint8)
_FLOW_CLASS[list(BOARD)] = BOARD
_FLOW_CLASS[PointClass.OTHER] = FlowClass.UNJUDGED


@dataclass(frozen=True)
class SimulationOptions:
    """`sensor` by name or YAML file, `scene` by name, `sensor_height_m`; None: drawn by each
    scene's seed.

    Scene k of `seed`, 0 to 98, has the seed that `zeroflow fit --seed` would draw it by: training
    on both wants two seeds. All keep clear of the frozen test worlds.
    """

    sequences: int
    sweeps: int
    sensor: str | None = None
    scene: str | None = None
    seed: int = 0
    sensor_height_m: float | None = None

    def __post_init__(self) -> None:
        """Raise DataError for what would reach into the test worlds."""
        if not 0 <= self.seed < RUNS:
            raise DataError(
                f"seed {self.seed}: only 0 to {RUNS - 1} keep clear of the frozen test worlds"
            )
        if self.sequences > SCENES:
            raise DataError(f"{self.sequences} sequences: a seed has {SCENES}; use several seeds")

    def scene_seed(self, number: int) -> int:
        """Of scene 0, 1, ..."""
        return self.seed * SCENES + number


def import_simulated(
    data: Path,
    summary: ImportSummary,
    options: SimulationOptions,
    progress: Progress | None = None,
) -> None:
    """Write drives DATA/simulated_SEED with true flow of all neighbouring pairs, both ways.

    One that is there already is passed over. `progress` gets (sweeps done, sweeps in all). Raises
    ZeroflowError for a sensor or a scene that there is not, where the file system refuses, and
    without Patchwork++, which tells the ground as it does of recordings.
    """
    model = find_sensor(options.sensor) if options.sensor else None
    lidar = _described(options, model)
    for number in range(options.sequences):
        seed = options.scene_seed(number)
        folder = data / f"simulated_{seed:09d}"
        provenance = (
            f"simulated scene of seed {seed} ({options.scene or 'any'}, {lidar}), "
            f"{options.sweeps} sweeps, ground by Patchwork++"
        )
        if is_finished(folder, provenance):
            summary.skip(folder)
            continue
        require_patchwork()
        simulation = Simulation(
            seed,
            sensor=model,
            scene_kind=options.scene,
            sensor_height_m=options.sensor_height_m,
            duration_s=0.1 * options.sweeps,
        )
        origin = Origin(simulation.sensor.name, provenance, "simulated, exact", LICENCE)
        with SequenceWriter(folder, origin) as writer:
            for k in range(options.sweeps):
                add_sweep(writer, simulation, k, last=options.sweeps - 1)
                if progress is not None:
                    progress(number * options.sweeps + k + 1, options.sequences * options.sweeps)
            mark_ground(writer, simulation.mounting.sensor_to_base())
        summary.add(folder)
        summary.labels["truth"] += 2 * (options.sweeps - 1)


def _described(options: SimulationOptions, model: SensorModel | None) -> str:
    """Lidar and height, so that a file that was changed is not taken for what it was."""
    named = options.sensor or "any"
    if model is not None and named not in SENSORS:
        named = f"{model.name} {zlib.crc32(repr(model).encode()):08x}"
    at = "" if options.sensor_height_m is None else f" at {options.sensor_height_m:g} m"
    return f"{named} lidar{at}"


def add_sweep(writer: SequenceWriter, simulation: Simulation, k: int, last: int) -> None:
    """Sweep k of a simulation with its true flow towards the one before and the one after it.

    Nothing is called ground yet.
    """
    sweep = simulation.sweep(k)
    nowhere = np.zeros(len(sweep.points), bool)
    writer.add(StoredSweep(PosedSweep(as_sweep(sweep), sweep.pose), nowhere))
    writer.set_level(sweep.sensor_to_level)
    if k > 0:
        writer.add_truth(Pairing(k, k - 1), true_flow(sweep))
    if k < last:
        writer.add_truth(Pairing(k, k + 1), true_flow(_towards_next(simulation).sweep(k)))


def true_flow(sweep: SimulatedSweep) -> PairLabels:
    """From where its points are to where they were, an interval before.

    Of a sweep whose interval is negative: to where they will be.
    """
    valid = ~np.isin(sweep.class_id, NO_MOTION)
    displacement = np.where(valid[:, None], 0 - sweep.flow, np.float32(0))
    return PairLabels(displacement, valid, flow_classes(sweep.class_id), sweep.instance_id)


def flow_classes(class_id: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """FlowClass uint8 [N] of `class_id` uint8 [N] (ActorClass)."""
    return _FLOW_CLASS[of_simulated(class_id)]


def _towards_next(simulation: Simulation) -> Simulation:
    """The same points of the same world; their flow, from when the interval after them ends."""
    twin = copy.copy(simulation)
    twin.interval_s = -simulation.interval_s
    return twin
