# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A student small enough for tests and inputs for it; the packages that judge flow elsewhere."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import numpy as np
import pytest

from zeroflow_ros.geometry import Points
from zeroflow_ros.network import network_inputs
from zeroflow_ros.pillars import PillarGrid

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


@pytest.fixture
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


@pytest.fixture(scope="session")
def av2() -> ModuleType:
    """The scene-flow evaluation of av2-api."""
    return pytest.importorskip("av2.evaluation.scene_flow.eval", reason="pip install --no-deps av2")


@pytest.fixture(scope="session")
def bse() -> Iterator[ModuleType]:
    """BucketedSceneFlowEval, which imports open3d and OpenCV for viewers and cameras.

    Both are large and no metric needs them: they are stood in for while it is imported.
    """
    reason = "pip install --no-deps bucketed-scene-flow-eval"
    package = pytest.importorskip("bucketed_scene_flow_eval", reason=reason)
    with pytest.MonkeyPatch.context() as patch:
        for viewer in ("open3d", "cv2"):
            patch.setitem(sys.modules, viewer, MagicMock())
        importlib.import_module("bucketed_scene_flow_eval.datasets.argoverse2")
    yield package
    for name in [name for name in sys.modules if name.startswith(package.__name__)]:
        del sys.modules[name]  # what it holds of the stand-ins is for nobody else
