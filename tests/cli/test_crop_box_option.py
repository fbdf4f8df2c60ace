# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""--crop-box: what the lidar sees of its own vehicle gets no flow, and stays in the output."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.reader import FLOW_TOPIC
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.offline import run_bag
from zeroflow_ros.pointcloud2 import read_flow


def test_points_of_the_own_vehicle_stay_in_the_output_without_flow(factory):
    rng = np.random.default_rng(0)
    cloud = rng.uniform([-30, -30, -1.8], [30, 30, 2], (4000, 3)).astype(np.float32)
    cloud[:200] *= [0.05, 0.05, 0.1]
    entries = [
        entry._replace(message=factory.cloud(cloud, entry.log_ns)) for entry in factory.sweeps(2)
    ]
    target = factory.folder / "out"
    options = {"ego_motion": "static", "sensor_height": 1.8, "backend": "onnxruntime_cpu"}
    run_bag(factory.write(entries), target, crop_box=(1.6, 1.6, 0.3, -1.6, -1.6, -0.3), **options)
    with BagReader(target) as reader:
        _, second = [read_flow(reader.decode(one)) for one in reader.records([FLOW_TOPIC])]
    inside = (np.abs(cloud) <= np.float32([1.6, 1.6, 0.3])).all(1)
    assert inside[:200].all()
    np.testing.assert_array_equal(second.valid, ~inside)
    assert not second.velocity[inside].any()
    np.testing.assert_array_equal(second.points, cloud)


@pytest.mark.parametrize("box", ["-1,-1,-1,1,1", "a,b,c,d,e,f", "-1 -1 -1 1 1 1", "0,0,0,1,1,nan"])
@pytest.mark.parametrize("verb", ["run", "picture", "animate", "view", "import-bag"])
def test_a_crop_box_that_is_none_is_told_before_anything_is_done(tmp_path, verb, box):
    out = [] if verb == "view" else [str(tmp_path / "out")]
    result = CliRunner().invoke(build_app(), [verb, str(tmp_path), *out, "--crop-box", box])
    assert result.exit_code == 2
    told = " ".join(result.stderr.replace("\u2502", " ").split())  # without rich's frame
    assert f"'{box}' is not two corners of a box: give six numbers in m with commas" in told
    assert "as -2.5,-1.1,-1.9,2.5,1.1,0.3" in told
