# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A student small enough for tests and inputs for it; the packages that judge flow elsewhere."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import numpy as np
import pytest

from zeroflow_ros.geometry import Points, from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.network import network_inputs
from zeroflow_ros.pillars import PillarGrid
from zeroflow_ros.sweep import PosedSweep, Sweep

if TYPE_CHECKING:
    from torch import Tensor

    from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

SIZE = 32
GRID = PillarGrid(range_m=6.4, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)


@pytest.fixture(scope="session")
def tiny_config() -> RealTimeStudentConfig:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    from zeroflow_training.students.real_time import RealTimeStudentConfig

    return RealTimeStudentConfig(
        size=SIZE,
        pillar_channels=4,
        sweep_channels=8,
        widths=(8, 8, 8),
        matching_channels=(4, 4),
        matching_radius=1,
        head_channels=8,
    )


@pytest.fixture(scope="session")
def make_student() -> Callable[[RealTimeStudentConfig], RealTimeStudent]:
    """A student whose head is random instead of zero, so that its output says something."""
    import torch

    from zeroflow_training.students.real_time import RealTimeStudent

    def make_student(config: RealTimeStudentConfig) -> RealTimeStudent:
        torch.manual_seed(0)
        student = RealTimeStudent(config)
        torch.nn.init.normal_(student.displacement.weight, 0.0, 0.3)
        torch.nn.init.normal_(student.moving.weight, 0.0, 0.3)
        for module in student.modules():
            if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                torch.nn.init.normal_(module.running_mean, 0.0, 0.1)
                torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
        return student.eval()

    return make_student


@pytest.fixture(scope="session")
def make_inputs() -> Callable[..., tuple[Tensor, ...]]:
    """Network inputs of random sweeps with `counts` points, newest first."""
    import torch

    def make_inputs(seed: int, *counts: int) -> tuple[Tensor, ...]:
        rng = np.random.default_rng(seed)
        low, high = [-6.4, -6.4, -0.2], [6.4, 6.4, 3]
        sweeps: list[Points] = [
            rng.uniform(low, high, (count, 3)).astype(np.float32) for count in counts
        ]
        inputs = network_inputs(GRID, [GRID.locate(points) for points in sweeps])
        return tuple(torch.from_numpy(array) for array in inputs.values())

    return make_inputs


STILL, MOVING, GROUND = 400, 300, 200  # points of the drive below, in this order
SPEED_MPS = np.array([4.0, -2.0, 0.0])
STAMPS_MS = (0, 100, 200, 300, 400)


@pytest.fixture(scope="session")
def write_drive() -> Callable[..., Path]:
    """A drive on disk whose sweeps all see the same physical points, row by row.

    A tilted sensor on a turning vehicle; still points, a box that moves, ground; the first row is
    NaN. Labelled by `teachers` between neighbours, both ways.
    """
    pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")
    from zeroflow_training import sequences

    rng = np.random.default_rng(3)
    start = np.concatenate(
        [
            rng.uniform([-6, -6, 0.3], [6, 6, 2.5], (STILL, 3)),
            rng.uniform([-1, 1, 0.3], [1, 2, 1.5], (MOVING, 3)),
            rng.uniform([-6, -6, 0], [6, 6, 0], (GROUND, 3)),
        ]
    )
    kind = np.repeat([0, 1, 2], [STILL, MOVING, GROUND])
    to_level = from_roll_pitch_yaw([0, 0, 1.7], 0.02, 0.03, 0)

    def world(ms: int) -> np.ndarray:
        return start + (kind == 1)[:, None] * SPEED_MPS * ms * 1e-3

    def pose(ms: int) -> np.ndarray:
        return from_roll_pitch_yaw([3e-3 * ms, 0, 0], 0, 0, 2e-4 * ms) @ to_level

    def write_drive(
        folder: Path,
        stamps_ms: Sequence[int] = STAMPS_MS,
        teachers: Sequence[str] = ("rigid",),
        directions: Sequence[int] = (1, -1),
    ) -> Path:
        origin = sequences.Origin("any", "made up", "exact", "Apache-2.0")
        with sequences.SequenceWriter(folder, origin) as writer:
            writer.set_level(to_level)
            for ms in stamps_ms:
                points = transform_points(invert(pose(ms)), world(ms).astype(np.float32))
                points[0] = np.nan
                posed = PosedSweep(Sweep(points, ms * 1_000_000, "lidar"), pose(ms))
                writer.add(sequences.StoredSweep(posed, kind == 2))
        sequence = sequences.Sequence(folder)
        for pairing in (p for step in directions for p in sequence.neighbours(step)):
            before, after = (stamps_ms[k] for k in pairing)
            moved = (world(after) - world(before)) @ pose(before)[:3, :3]
            labels = sequences.PairLabels(
                moved.astype(np.float32), kind != 2, instance_id=(kind == 1).astype(np.int32)
            )
            for teacher in teachers:
                labels.write(sequence.label_file(teacher, pairing))
        return folder

    return write_drive


@pytest.fixture(scope="session")
def av2() -> ModuleType:
    """The scene-flow evaluation of av2-api."""
    return pytest.importorskip("av2.evaluation.scene_flow.eval", reason="pip install --no-deps av2")


@contextmanager
def stood_in(*large: str) -> Iterator[None]:
    """While packages are imported that name `large` ones for viewers and cameras only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in large:
            patch.setitem(sys.modules, name, MagicMock())
        yield


def forget(package: str) -> None:
    """As if it had never been imported: what it holds of stand-ins is for nobody else."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def av2_readers(av2: ModuleType) -> Iterator[SimpleNamespace]:
    """What av2-api reads a log with: `sweep`, `map_api` and `io`."""
    with stood_in("cv2", "cv2.typing"):
        names = {"sweep": "structures.sweep", "map_api": "map.map_api", "io": "utils.io"}
        modules = {key: importlib.import_module(f"av2.{name}") for key, name in names.items()}
    yield SimpleNamespace(**modules)
    forget("av2")


@pytest.fixture(scope="session")
def bse() -> Iterator[ModuleType]:
    """BucketedSceneFlowEval, with its reader of Argoverse 2."""
    reason = "pip install --no-deps bucketed-scene-flow-eval"
    package = pytest.importorskip("bucketed_scene_flow_eval", reason=reason)
    with stood_in("open3d", "cv2"):
        importlib.import_module("bucketed_scene_flow_eval.datasets.argoverse2")
    yield package
    forget(package.__name__)
