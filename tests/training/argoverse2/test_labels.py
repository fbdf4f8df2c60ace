# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Downloaded labels: both official forms say the same truth, and foreign ones are refused."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import invert
from zeroflow_training.sequences import FlowClass
from zeroflow_training.sources.argoverse2.categories import CATEGORIES, flow_classes
from zeroflow_training.sources.argoverse2.flow_labels import read_flow_labels
from zeroflow_training.sources.argoverse2.ground_height import read_ground_height
from zeroflow_training.sources.argoverse2.log import Log
from zeroflow_training.sources.argoverse2.pseudo_labels import PseudoLabels


@pytest.fixture
def pair(log):
    """Points of sweep 1, and how the vehicle moved to sweep 2."""
    read = Log(log.write())
    return read.sweep(1).sweep.points, invert(read.pose(2)) @ read.pose(1)


def test_without_ego_motion_in_it(log, tmp_path, pair) -> None:
    labels = read_flow_labels(log.write_flow_2024(tmp_path, 1), *pair)
    _, car = log.points(1)
    np.testing.assert_array_equal(labels.valid, np.arange(len(car)) % 10 > 0)
    speed = np.linalg.norm(labels.displacement, axis=1)
    np.testing.assert_allclose(speed[car & labels.valid], 0.5, atol=1e-6)  # 5 m/s
    assert not speed[~car | ~labels.valid].any()
    np.testing.assert_allclose(
        labels.displacement[labels.valid], log.residual(1)[labels.valid], atol=1e-6
    )
    assert labels.class_id is not None
    np.testing.assert_array_equal(labels.class_id == FlowClass.CAR, car)
    np.testing.assert_array_equal(labels.class_id == FlowClass.BACKGROUND, ~car)


def test_with_ego_motion_in_it(log, tmp_path, pair) -> None:
    labels = read_flow_labels(log.write_flow_2023(tmp_path, 1), *pair)
    assert labels.valid.all()
    np.testing.assert_allclose(labels.displacement, log.residual(1), atol=2e-3)  # of float16
    assert labels.class_id is not None
    assert (labels.class_id == FlowClass.CAR).sum() == 200


def test_labels_of_other_points_are_refused(log, tmp_path, pair) -> None:
    points, motion = pair
    path = log.write_flow_2024(tmp_path, 1)
    with pytest.raises(DataError, match=r"labels 8800 points, its sweep has 3700: .* masked"):
        read_flow_labels(path, points[:3700], motion)
    path = log.write_flow_2023(tmp_path, 1)
    with pytest.raises(DataError, match=r"its background moves by 0.80 m, with and without"):
        read_flow_labels(path, points, invert(motion))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flow_tz_m": None}, "no column 'flow_tz_m'"),
        ({"is_valid": None}, "no column 'is_valid'"),
        ({"is_valid": np.ones(9, np.uint8)}, "column 'is_valid' holds uint8, not true or false$"),
        ({"classes_0": np.full(9, 30, np.int8)}, "column 'classes_0' has numbers of no category"),
    ],
)
def test_wrong_columns_are_named(log, change, reason) -> None:
    columns = {f"flow_t{axis}_m": np.zeros(9) for axis in "xyz"}
    columns |= {"is_valid": np.ones(9, bool), "classes_0": np.zeros(9, np.int8), **change}
    path = log.feather("1.feather", **{k: v for k, v in columns.items() if v is not None})
    with pytest.raises(DataError, match=reason):
        read_flow_labels(path, np.zeros((9, 3), np.float32), np.eye(4))


def test_categories_have_the_numbers_of_the_official_packages(bse) -> None:
    names = list(CATEGORIES)
    assert names == sorted(names)
    assert len(names) == 30
    numbers = np.array([-1, *range(30)])
    found = flow_classes(numbers, -1)
    assert found is not None
    assert found[0] == FlowClass.BACKGROUND
    assert found[1 + names.index("REGULAR_VEHICLE")] == FlowClass.CAR == 1
    assert (found == FlowClass.PEDESTRIAN).sum() == 4
    assert (found == FlowClass.WHEELED_VRU).sum() == 6
    assert (found == FlowClass.OTHER_VEHICLES).sum() == 9
    assert (found == FlowClass.UNJUDGED).sum() == 10
    np.testing.assert_array_equal(flow_classes(numbers + 1, 0), found)
    assert flow_classes(np.array([-2]), -1) is None
    loader = bse.datasets.argoverse2.argoverse_scene_flow
    assert [loader.CATEGORY_MAP[k] for k in range(30)] == names


def test_pseudo_labels_are_of_the_points_above_the_ground(log, tmp_path) -> None:
    posed = Log(log.write()).sweep(1)
    points = posed.sweep.points
    ground = read_ground_height(next((log.folder / "map").glob("*.npy")))
    is_ground = ground.is_ground(points, posed.pose)
    labels = PseudoLabels.read(log.write_pseudo_labels(tmp_path, 1, is_ground))
    found = labels.of(points, is_ground)
    assert found is not None
    inside = (np.abs(points) < (51.2, 51.2, 3.0)).all(1)
    np.testing.assert_array_equal(found.valid, inside & ~is_ground)
    _, car = log.points(1)
    np.testing.assert_allclose(found.displacement, log.residual(1), atol=1e-6)
    assert found.valid[car].all()
    # One point more of ground, and all that follow would be counted wrong.
    other = is_ground.copy()
    other[np.flatnonzero(found.valid)[5]] = True
    assert labels.of(points, other) is None
    assert labels.of(points, np.ones(len(points), bool)) is None
    assert labels.of(points, np.zeros(len(points), bool)) is None


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"flow": np.zeros((1, 4, 3), np.float32)}, "holds no 'valid_idxes'"),
        ({"flow": np.zeros((1, 4, 3)), "valid_idxes": np.arange(5)}, "do not belong together"),
        ({"flow": np.zeros((4, 2)), "valid_idxes": np.arange(4)}, "do not belong together"),
        ({"flow": np.zeros((1, 4, 3)), "valid_idxes": np.ones(4)}, "valid_idxes float64"),
    ],
)
def test_damaged_pseudo_labels_are_named(tmp_path, arrays, reason) -> None:
    path = tmp_path / "0000000000_000.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=reason):
        PseudoLabels.read(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"000.npz' cannot be read"):
        PseudoLabels.read(path)
