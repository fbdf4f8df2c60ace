# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged bags: what is there is read, what is lost is said, and nothing else ever happens."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zeroflow_ros.bags import BagReader
from zeroflow_ros.errors import BagError

COUNT = 40
SUFFIX = {"mcap": ".mcap", "sqlite3": ".db3"}


def write(factory, storage, name="recording"):
    """A bag of several chunks (MCAP) or many pages (sqlite3)."""
    sweeps = factory.sweeps(COUNT, points=4000)
    compression = "storage" if storage == "mcap" else "none"
    folder = factory.write(sweeps, name, storage=storage, compression=compression)
    (file,) = (f for f in folder.iterdir() if f.suffix == SUFFIX[storage])
    return folder, file


def read(path: Path) -> tuple[list[np.ndarray], str | None]:
    with BagReader(path) as reader:
        points = [sweep.points.copy() for _, sweep in reader.sweeps(on_bad=lambda _: None)]
        return points, reader.damage


def check_prefix(points: list[np.ndarray]) -> None:
    for k, sweep in enumerate(points):
        whole = np.random.default_rng(k).uniform(-40, 40, (4000, 4)).astype(np.float32)
        np.testing.assert_array_equal(sweep, whole[:, :3])


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("kept", [0.5, 0.9, 0.9999])
@pytest.mark.parametrize("bare", [False, True])
def test_sweeps_before_the_cut_are_read(factory, storage, kept, bare):
    folder, file = write(factory, storage)
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    points, damage = read(file if bare else folder)
    check_prefix(points)
    assert 0.6 * kept * COUNT <= len(points) <= COUNT
    assert file.name in damage
    assert "ros2 bag reindex" in damage
    assert ("mcap recover" if storage == "mcap" else ".recover") in damage


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_odd_characters_in_the_name_do_not_matter(factory, tmp_path, storage):
    _, file = write(factory, storage)
    odd = tmp_path / f"50% of #1, why?{file.suffix}"
    odd.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    points, _ = read(odd)
    check_prefix(points)
    assert len(points) > 0.3 * COUNT


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_broken_bytes_in_the_middle_end_the_reading(factory, storage):
    folder, file = write(factory, storage)
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200_000] = bytes(200_000)
    file.write_bytes(data)
    points, damage = read(folder)
    if storage == "mcap":  # sqlite keeps no checksums: zeros inside of a blob are not noticed
        check_prefix(points)
        assert 5 <= len(points) < COUNT
        assert file.name in damage


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_missing_metadata_is_noted_and_the_bag_read(factory, storage):
    folder, _ = write(factory, storage)
    (folder / "metadata.yaml").unlink()
    with BagReader(folder) as reader:
        assert len(list(reader.sweeps())) == COUNT
        assert reader.damage is None
        assert f"ros2 bag reindex {folder}" in reader.note


@pytest.mark.parametrize("text", ["", "{", "rosbag2_bagfile_information: 3", "a: [1, 2"])
def test_broken_metadata_is_noted_and_the_bag_read(factory, text):
    folder, _ = write(factory, "mcap")
    (folder / "metadata.yaml").write_text(text)
    with BagReader(folder) as reader:
        assert len(list(reader.sweeps())) == COUNT
        assert "metadata.yaml" in reader.note


def test_last_file_of_a_split_bag_cut_off(factory):
    folder, file = write(factory, "mcap")
    second = folder / "recording_1.mcap"
    shutil.copy(file, second)
    file.rename(folder / "recording_0.mcap")
    second.write_bytes(second.read_bytes()[: second.stat().st_size // 2])
    points, damage = read(folder)
    assert COUNT < len(points) < 2 * COUNT
    assert "recording_1.mcap" in damage


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone", None, "does not exist"),
        ("notes.txt", b"hello", "not a bag: give a rosbag2 folder, an .mcap or a .db3 file"),
        ("old.bag", b"#ROSBAG V2.0\n", "ROS 1 bag; convert it first: rosbags-convert"),
        ("empty.mcap", b"", "damaged or not a bag.*mcap recover empty.mcap"),
        ("empty.db3", b"", r"damaged or not a bag.*empty.db3 \.recover"),
        ("text.mcap", b"hello " * 100, "damaged or not a bag"),
        ("text.db3", b"hello " * 100, "damaged or not a bag"),
        ("magic.mcap", b"\x89MCAP0\r\n", "damaged or not a bag"),
    ],
)
def test_what_is_not_a_bag(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BagError, match=message) as error:
        BagReader(path)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_folder_that_is_not_a_bag(tmp_path):
    with pytest.raises(BagError, match=r"no metadata\.yaml and no \.mcap or \.db3"):
        BagReader(tmp_path)


def test_metadata_without_its_storage_file(factory):
    folder, file = write(factory, "mcap")
    file.unlink()
    with pytest.raises(BagError, match=r"cannot be read.*missing"):
        BagReader(folder)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@example(cut=0.75, flips=[(0.0916, 32)])  # a field of builtin_interfaces/Time has another name
@example(cut=1.0, flips=[(1.0, 0), (0.015625, 48)])  # one of the cloud has, and no summary tells
@given(cut=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255))))
def test_no_damage_raises_anything_but_a_bag_error(factory, storage, cut, flips):
    name = f"fuzz_{storage}"
    folder = factory.folder / name
    original = factory.folder / f"{name}.original"
    if not original.exists():
        factory.write(factory.sweeps(5) + factory.drive(5), name, storage=storage)
        (file,) = (f for f in folder.iterdir() if f.suffix == SUFFIX[storage])
        shutil.copy(file, original)
    (file,) = (f for f in folder.iterdir() if f.suffix == SUFFIX[storage])
    data = bytearray(original.read_bytes())
    for where, value in flips:
        data[int(where * (len(data) - 1))] = value
    file.write_bytes(data[: int(cut * len(data))])
    with suppress(BagError), BagReader(folder) as reader:
        for _ in reader.sweeps(reader.find_cloud_topic(), on_bad=lambda _: None):
            pass
        reader.find_odometry_topic()
        assert reader.damage is None or file.name in reader.damage


def interrupt(*_, **__):
    """What compiled code makes of Ctrl-C."""
    raise SystemError("returned a result with an exception set") from KeyboardInterrupt()


@pytest.mark.parametrize(
    "reached",
    [
        "zeroflow_ros.bags.storage.RosbagsSource.__init__",
        "rosbags.typesys.store.Typestore.register",
        "rosbags.typesys.store.Typestore.deserialize_cdr",
    ],
)
def test_ctrl_c_is_no_damage(factory, monkeypatch, reached):
    folder, _ = write(factory, "mcap")
    monkeypatch.setattr(reached, interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(folder)


def test_ctrl_c_between_messages_is_no_damage(factory, monkeypatch):
    folder, _ = write(factory, "mcap")
    monkeypatch.setattr("rosbags.rosbag2.Reader.messages", lambda *_, **__: map(interrupt, [0]))
    with pytest.raises(KeyboardInterrupt):
        read(folder)


def test_ctrl_c_while_salvaging_is_no_damage(factory, monkeypatch):
    folder, file = write(factory, "mcap")
    file.write_bytes(file.read_bytes()[:-1000])
    assert read(folder)[1] is not None
    monkeypatch.setattr("zeroflow_ros.bags.salvage._flat_records", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(folder)
