# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Submission files, read back by the packages that judge them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.geometry import Points, from_roll_pitch_yaw
from zeroflow_training.evaluation.submission import (
    archive_2023,
    archive_2024,
    write_2023,
    write_2024,
)

pytest.importorskip("pyarrow", reason="pip install 'zeroflow_ros[training]'")

LOG, COUNT = "0b86f508-5df9-4a46-bc59-5b9536dbde9f", 200
MOTION = from_roll_pitch_yaw((-1.2, 0.05, 0.01), 0.002, -0.003, 0.04)


@pytest.fixture
def sweep() -> tuple[Points, Points, np.ndarray]:
    """Points, flow (a third of them moves by 0.3 m or more), and a mask of every other one."""
    rng = np.random.default_rng(0)
    points = rng.uniform((-50, -50, -1), (50, 50, 4), (COUNT, 3)).astype(np.float32)
    flow = np.zeros_like(points)
    flow[::3] = rng.uniform(0.3, 1.0, flow[::3].shape)
    return points, flow, np.arange(COUNT) % 2 == 0


def write_masks(path: Path, masks: dict[str, np.ndarray]) -> Path:
    pandas = pytest.importorskip("pandas", reason="pip install 'zeroflow_ros[test]'")
    with zipfile.ZipFile(path, "w") as archive:
        for name, mask in masks.items():
            with archive.open(name, "w") as file:
                pandas.DataFrame({"mask": mask}).to_feather(file)
    return path


def test_2023_is_what_av2_packs_and_judges(
    av2: ModuleType, tmp_path: Path, sweep: tuple[Points, Points, np.ndarray]
) -> None:
    """Against annotations of the very same flow the error is that of float16, and IoU is 1."""
    import pandas
    from av2.evaluation.scene_flow.make_submission_archive import validate

    points, flow, mask = sweep
    folder, name = tmp_path / "flow", f"{LOG}/315966265259836000.feather"
    path = write_2023(folder, (LOG, 315966265259836000), points, flow, MOTION, mask)
    assert path == folder / name
    masks = write_masks(tmp_path / "masks.zip", {name: mask})

    validate(folder, masks)  # raises for whatever it would refuse
    out = archive_2023(folder, masks, tmp_path / "submission.zip")

    total = (points + flow) @ MOTION[:3, :3].T + MOTION[:3, 3] - points
    labels = pandas.DataFrame(dict(zip(av2.constants.FLOW_COLUMNS, total[mask].T, strict=True)))
    labels["category_indices"] = np.arange(mask.sum(), dtype=np.uint8) % 31
    labels["is_dynamic"] = np.linalg.norm(flow[mask], axis=1) >= 0.05
    labels["is_close"] = labels["is_valid"] = True
    (tmp_path / "labels" / LOG).mkdir(parents=True)
    labels.to_feather(tmp_path / "labels" / name)
    frame = av2.evaluate_zip(tmp_path / "labels", out)
    assert frame.Count.sum() == mask.sum()
    numbers = av2.results_to_dict(frame)
    assert numbers["Dynamic IoU"] == 1.0
    assert 0 < numbers["EPE 3-Way Average"] < 2e-3


def test_2024_is_what_bse_reads(
    bse: ModuleType, tmp_path: Path, sweep: tuple[Points, Points, np.ndarray]
) -> None:
    _, flow, valid = sweep
    folder, pairs = tmp_path / "flow", 7
    for index in range(0, pairs, 5):
        write_2024(folder, (LOG, index), flow + index, valid)
    out = archive_2024(folder, {LOG: pairs}, tmp_path / "submission.zip", supervised=False)
    with zipfile.ZipFile(out) as archive:
        names = ["metadata.json", f"{LOG}/0000000000.feather", f"{LOG}/0000000005.feather"]
        assert archive.namelist() == names
        assert json.loads(archive.read("metadata.json")) == {"Is Supervised?": False}
        archive.extractall(tmp_path / "theirs")
    # Without the data set's other files, which its own constructor asks for.
    sequence = object.__new__(bse.datasets.argoverse2.ArgoverseSceneFlowSequence)
    sequence.timestamp_list, sequence.with_classes = list(range(pairs + 1)), False
    sequence._prep_flow(tmp_path / "theirs" / LOG)
    for k, index in enumerate((0, 5)):
        read, is_valid, _ = sequence._load_flow_feather(k, np.zeros(COUNT, np.int8))
        np.testing.assert_array_equal(read, flow + np.float32(index))
        np.testing.assert_array_equal(is_valid, valid)
        assert read.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, f, m: (p, f[:-1], m), "flow has the shape"),
        (lambda p, f, m: (p, f, m[:-1]), "mask has the shape"),
        (lambda p, f, m: (p, np.where(m[:, None], np.nan, f), m), "not finite .* 100 points"),
        (lambda p, f, m: (p, f + 1e5, m), "not finite .* 100 points"),
    ],
)
def test_2023_refuses(
    tmp_path: Path, sweep: tuple[Points, Points, np.ndarray], change, message: str
) -> None:
    points, flow, mask = change(*sweep)
    with pytest.raises(ZeroflowError, match=message):
        write_2023(tmp_path, (LOG, 1), points, flow.astype(np.float32), MOTION, mask)
    assert not list(tmp_path.rglob("*.feather"))


def test_2023_does_not_mind_what_nobody_asks_for(
    tmp_path: Path, sweep: tuple[Points, Points, np.ndarray]
) -> None:
    points, flow, mask = sweep
    points[~mask] = np.nan
    assert write_2023(tmp_path, (LOG, 1), points, flow, MOTION, mask).is_file()


def test_2024_refuses(tmp_path: Path, sweep: tuple[Points, Points, np.ndarray]) -> None:
    _, flow, valid = sweep
    with pytest.raises(ZeroflowError, match="flow has the shape"):
        write_2024(tmp_path, (LOG, 0), flow[1:], valid)
    flow[3, 1] = np.nan
    with pytest.raises(ZeroflowError, match=r"not finite .* 1 points"):
        write_2024(tmp_path, (LOG, 0), flow, valid)
    with pytest.raises(ZeroflowError, match="no log id"):
        write_2024(tmp_path, ("../elsewhere", 0), flow, valid)


def test_archives_say_which_file_is_wrong(
    tmp_path: Path, sweep: tuple[Points, Points, np.ndarray]
) -> None:
    points, flow, mask = sweep
    out = tmp_path / "submission.zip"
    write_2024(tmp_path, (LOG, 0), flow, mask)
    with pytest.raises(ZeroflowError, match=r"0000000005\.feather' is missing"):
        archive_2024(tmp_path, {LOG: 6}, out, supervised=False)
    path = write_2023(tmp_path, (LOG, 7), points, flow, MOTION, mask)
    masks = write_masks(tmp_path / "masks.zip", {f"{LOG}/7.feather": np.ones(COUNT, bool)})
    with pytest.raises(ZeroflowError, match="100 rows, the mask asks for 200"):
        archive_2023(tmp_path, masks, out)
    write_2024(tmp_path, (LOG, 0), flow, mask).rename(path)
    with pytest.raises(ZeroflowError, match=r"has the columns .*is_valid"):
        archive_2023(tmp_path, masks, out)
    path.write_bytes(b"no table")
    with pytest.raises(ZeroflowError, match="no Feather file"):
        archive_2023(tmp_path, masks, out)
    with pytest.raises(ZeroflowError, match="cannot read the masks"):
        archive_2023(tmp_path, path, out)
    assert not out.exists()
