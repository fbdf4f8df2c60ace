# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow pair`: two cloud files in, rows of flow out."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from zeroflow_ros.cli.main import build_app
from zeroflow_ros.cloud_pair import flow_between_files
from zeroflow_ros.errors import CloudError, ZeroflowError
from zeroflow_ros.flow import Flow, FlowStatus


def fake_estimate(source, target, *, model=None, raw=False, interval_s=0.1):
    """The mean moves; rows with NaN are not valid."""
    valid = np.isfinite(source).all(axis=1)
    shift = np.nanmean(target, axis=0) - np.nanmean(source, axis=0)
    flow = np.where(valid[:, None], shift, 0).astype(np.float32)
    return Flow(flow, valid, interval_s, FlowStatus.ESTIMATED, {})


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    source = rng.uniform(-20, 20, (200, 4)).astype(np.float32)
    np.save(tmp_path / "a.npy", source)
    (tmp_path / "b.bin").write_bytes((source + np.float32([0.3, 0, 0, 0])).tobytes())
    return tmp_path / "a.npy", tmp_path / "b.bin", tmp_path / "flow.npz"


@pytest.fixture
def asked(monkeypatch):
    """The command with a fake estimator; holds the arguments it was asked with."""
    seen = SimpleNamespace()

    def estimate(source, target, **options):
        seen.options = options
        return fake_estimate(source, target, **options)

    module = SimpleNamespace(estimate_pair=estimate)
    monkeypatch.setitem(sys.modules, "zeroflow_ros.estimator", module)
    return seen


def test_rows_belong_to_the_source(files):
    source, target, output = files
    points = np.load(source)
    points[7, 1] = np.nan
    np.save(source, points)
    summary = flow_between_files(source, target, output, estimate=fake_estimate)
    with np.load(output) as written:
        assert sorted(written.files) == ["flow", "valid"]
        flow, valid = written["flow"], written["valid"]
    assert (flow.shape, flow.dtype, valid.dtype) == ((200, 3), np.float32, bool)
    assert np.flatnonzero(~valid).tolist() == [7]
    assert not flow[7].any()
    assert (summary.points, summary.valid_points, summary.moving_points) == (200, 199, 199)


def test_moving_is_counted_in_metres_per_second(files):
    slow = flow_between_files(*files, interval_s=1.0, estimate=fake_estimate)
    assert slow.moving_points == 0  # 0.3 m in 1 s
    assert slow.valid_points == 200


def test_command(files, asked):
    source, target, output = files
    arguments = ["pair", str(source), str(target), "-o", str(output)]
    result = CliRunner().invoke(build_app(), [*arguments, "--raw", "--interval", "0.2"])
    assert result.exit_code == 0, result.output
    assert asked.options == {"model": None, "raw": True, "interval_s": 0.2}
    assert result.stdout.splitlines() == [
        "200 points, 200 with flow, 200 moving (above 0.5 m/s)",
        str(output),
    ]
    np.testing.assert_allclose(np.load(output)["flow"][:, 0], 0.3, atol=1e-5)


def test_command_speaks_json(files, asked):
    source, target, output = files
    result = CliRunner().invoke(
        build_app(), ["pair", str(source), str(target), "-o", str(output), "--json"]
    )
    told = json.loads(result.stdout)
    assert (told["points"], told["valid_points"], told["output"]) == (200, 200, str(output))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.npy", None, "does not exist"),
        ("cut.bin", b"1234567", "7 bytes are not a whole number"),
        ("cloud.xyz", b"1 2 3", "unknown extension"),
    ],
)
def test_a_bad_cloud_is_one_line(files, asked, name, content, message):
    source, _, output = files
    bad = source.parent / name
    if content is not None:
        bad.write_bytes(content)
    result = CliRunner().invoke(build_app(), ["pair", str(source), str(bad), "-o", str(output)])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert str(bad) in line
    assert message in line
    assert not output.exists()


def test_output_must_not_be_an_input(files):
    source, target, _ = files
    npz = source.with_suffix(".npz")
    np.savez(npz, points=np.load(source))
    before = npz.read_bytes()
    same = npz.parent / "." / "elsewhere" / ".." / npz.name
    (npz.parent / "elsewhere").mkdir()
    for pair in ((npz, target), (target, npz)):
        with pytest.raises(CloudError, match="would overwrite an input"):
            flow_between_files(*pair, same, estimate=fake_estimate)
    assert npz.read_bytes() == before


def test_output_must_be_npz(files):
    with pytest.raises(CloudError, match=r"must end in \.npz"):
        flow_between_files(files[0], files[1], files[2].with_suffix(".npy"), estimate=fake_estimate)


def test_bundled_model(files):
    """The real pipeline, once: a flow for every row of the source, two clouds of two sizes."""
    source, target, output = files
    np.save(source, np.load(source)[:150])
    arguments = ["pair", str(source), str(target), "-o", str(output), "--raw"]
    result = CliRunner().invoke(build_app(), arguments)
    assert result.exit_code == 0, result.output
    with np.load(output) as written:
        assert written["flow"].shape == (150, 3)
        assert np.isfinite(written["flow"]).all()
        assert not written["flow"][~written["valid"]].any()


def test_a_failure_leaves_nothing(files):
    def failing(*_, **__):
        raise ZeroflowError("no")

    before = sorted(files[0].parent.iterdir())
    with pytest.raises(ZeroflowError):
        flow_between_files(*files, estimate=failing)
    assert sorted(files[0].parent.iterdir()) == before


def test_output_that_cannot_be_written_is_told(files):
    source, target, _ = files
    with pytest.raises(ZeroflowError, match=r"cannot write '.*flow\.npz'"):
        flow_between_files(source, target, source / "flow.npz", estimate=fake_estimate)
