# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Flow of one cloud towards another, without a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.core.conftest import CONSTANT
from tests.core.test_estimator import MakeModel, assert_none, cloud, tilted_scene

from zeroflow_ros import estimator as estimator_module
from zeroflow_ros.errors import CloudError, ModelError
from zeroflow_ros.estimator import PairEstimator, estimate_pair
from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.ground import GroundSplit
from zeroflow_ros.pillars import GridPoints, PillarGrid


def test_pair_says_where_source_points_go(make_model: MakeModel, engine: Any) -> None:
    lift = np.array([0, 0, 1], np.float32)
    source, target = cloud(1) + lift, cloud(2, 200) + lift
    source[7] = np.nan
    flow = estimate_pair(source, target, model=make_model(), raw=True)
    assert flow.valid.sum() == 299
    np.testing.assert_allclose(flow.displacement[0], -CONSTANT, rtol=1e-6)
    np.testing.assert_array_equal(flow.displacement[7], 0)
    assert not np.signbit(flow.displacement[7]).any()
    assert flow.interval_s == 0.1
    # The source is the newest sweep; raw clouds reach the network as they are.
    assert len(engine.inputs[0]["point_pillar"]) == 299
    height = engine.inputs[0]["point_offset"][:, 2] * 2
    np.testing.assert_allclose(height, np.delete(source, 7, 0)[:, 2], atol=1e-6)


def test_pair_is_levelled_unless_raw(make_model: MakeModel, engine: Any) -> None:
    points, level_from_sensor = tilted_scene(np.deg2rad(8))
    flow = estimate_pair(points, points, model=make_model(), interval_s=0.5)
    expected = -level_from_sensor[:3, :3].T @ CONSTANT
    np.testing.assert_allclose(flow.displacement[flow.valid].mean(0), expected, atol=0.01)
    np.testing.assert_allclose(flow.velocity[flow.valid].mean(0), expected / 0.5, atol=0.02)
    ground = np.sort(engine.inputs[0]["point_offset"][:, 2] * 2)[:3000]
    assert np.abs(ground).max() < 0.1


def test_pair_of_points_that_came_as_float64(make_model: MakeModel, engine: Any) -> None:
    points, _ = tilted_scene(np.deg2rad(8))
    expected = estimate_pair(points, points, model=make_model())
    found = estimate_pair(*[points.astype(np.float64)] * 2, model=make_model())  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.displacement, expected.displacement)


def test_pair_refuses_what_it_cannot_answer(make_model: MakeModel, engine: Any) -> None:
    with pytest.raises(CloudError, match=r"\[300, 4\]"):
        estimate_pair(cloud(), np.zeros((300, 4), np.float32), model=make_model())
    with pytest.raises(ModelError, match="no such file"):
        estimate_pair(cloud(), cloud(), model="missing.onnx")


class Adapting:
    """Takes more for ground with every cloud, as Patchwork++ may."""

    def __init__(self) -> None:
        self.clouds = 0

    def split(self, grid: PillarGrid, located: GridPoints) -> GroundSplit:
        self.clouds += 1
        is_ground = np.arange(len(located.rows)) < 10 * self.clouds
        return GroundSplit(located.select(~is_ground), located.rows[is_ground])


def test_no_pair_knows_of_another(
    make_model: MakeModel, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimator_module, "ground_segmenter", lambda handling: Adapting())
    pairs = PairEstimator(make_model(ground="remove"))
    assert pairs.engine is engine
    flows = [pairs.flow(cloud(), cloud(1), interval_s=interval_s) for interval_s in (0.1, 0.2)]
    assert [(flow.speed == 0).sum() for flow in flows] == [10, 10]
    assert [flow.interval_s for flow in flows] == [0.1, 0.2]


@pytest.mark.parametrize("which", [0, 1])
def test_pair_with_an_empty_cloud(make_model: MakeModel, engine: Any, which: int) -> None:
    pair = [cloud(), cloud()]
    pair[which] = pair[which][:0]
    flow = estimate_pair(*pair, model=make_model())
    assert_none(flow, FlowStatus.EMPTY, rows=len(pair[0]))
